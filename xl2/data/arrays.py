"""Files of named arrays (NumPy archives and HDF5 files): which are X and y."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError, listed
from .dataset import Dataset
from .hdf5 import read_h5
from .npz import read_npz
from .shapes import orient

# The names that X can have, each with the names that y can have beside it.
KEYS = {
    "x": ("y", "Y", "labels", "target"),
    "X": ("y", "Y", "labels", "target"),
    "x_train": ("y_train",),
    "X_train": ("y_train", "Y_train"),
}
TEST_KEYS = {"x_test": ("y_test",), "X_test": ("y_test", "Y_test")}
ACCEPTED = frozenset(
    key for pairs in (KEYS, TEST_KEYS) for x, ys in pairs.items() for key in (x, *ys)
)


def load_arrays(path: Path, kind: str, features_first: bool, require_target: bool) -> Dataset:
    """Read a data set from a file of format "npz" or "h5"."""
    arrays = (read_npz if kind == "npz" else read_h5)(path, ACCEPTED)
    X, y = orient(*training_pair(arrays, path, require_target), features_first, path)
    X_test, y_test = find_pair(arrays, TEST_KEYS, path, require_target)
    if X_test is not None:
        X_test, y_test = orient(X_test, y_test, features_first, path)
    return Dataset(X, y, X_test=X_test, y_test=y_test, name=str(path))


def training_pair(arrays: Mapping[str, Any], path: Path, require_target: bool) -> tuple[Any, Any]:
    """Return X and y of the training part; y is None if absent and not required."""
    X, y = find_pair(arrays, KEYS, path, require_target)
    if X is None:
        has = f"the keys {listed(arrays)}" if arrays else "no arrays"
        raise InputError(
            f"{path} has {has}. Expected x (or X) and y (or labels, target), or x_train and "
            "y_train. Save the arrays under these names."
        )
    return X, y


def find_pair(
    arrays: Mapping[str, Any],
    pairs: Mapping[str, tuple[str, ...]],
    path: Path,
    require_target: bool,
) -> tuple[Any, Any]:
    """Return X and y by their names in `pairs`, each None if absent."""
    found = [key for key in pairs if key in arrays]
    if not found:
        return None, None
    beside = [key for key in pairs[found[0]] if key in arrays]
    for keys in (found, beside):
        if len(keys) > 1:
            raise InputError(
                f"{path} has {listed(keys)}. Expected only one of them. Rename or remove the rest."
            )
    if not beside and require_target:
        raise InputError(
            f"{path} has {found[0]!r} but no labels: its keys are {listed(arrays)}. Expected one "
            f"of {listed(pairs[found[0]])}. Save the labels under that name."
        )
    return arrays[found[0]], arrays[beside[0]] if beside else None
