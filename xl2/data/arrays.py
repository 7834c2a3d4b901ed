"""Files of named arrays: NumPy archives and HDF5 files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import InputError, listed
from .dataset import Dataset
from .hdf5 import read_h5
from .npz import read_npz
from .shapes import orient

if TYPE_CHECKING:
    from pathlib import Path

# Each name of X goes with the names of y that can stand beside it.
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
    """Return the data set that the named arrays of a file make.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        Its format, "npz" or "h5".
    features_first : bool
        Whether X is (features, samples).
    require_target : bool
        Whether an X without its y is an error.

    Raises
    ------
    InputError
        If there is no X or more than one, no y, or if their shapes do not fit.
    FileFormatError
        If the file is damaged.
    """
    arrays = (read_npz if kind == "npz" else read_h5)(path, ACCEPTED)
    X, y = find_pair(arrays, KEYS, path, require_target)
    if X is None:
        raise InputError(
            f"{path} has the keys {listed(arrays) or 'of nothing'}. Expected x (or X) and y (or "
            "labels, target), or x_train and y_train. Save the arrays under these names."
        )
    X_test, y_test = find_pair(arrays, TEST_KEYS, path, require_target)
    X, y = orient(X, y, features_first, path)
    if X_test is not None:
        X_test, y_test = orient(X_test, y_test, features_first, path)
    return Dataset(X, y, X_test=X_test, y_test=y_test, name=str(path))


def find_pair(
    arrays: Mapping[str, Any],
    pairs: Mapping[str, tuple[str, ...]],
    path: Path,
    require_target: bool,
) -> tuple[Any, Any]:
    """Return X and the y beside it, each None where the file has none."""
    found = [key for key in pairs if key in arrays]
    if not found:
        return None, None
    beside = [key for key in pairs[found[0]] if key in arrays]
    for keys in (found, beside):
        if len(keys) > 1:
            raise InputError(
                f"{path} has {listed(keys)}, and one of them is expected. Rename or drop the rest."
            )
    if not beside and require_target:
        raise InputError(
            f"{path} has {found[0]!r} and no labels beside it: its keys are {listed(arrays)}. "
            f"Expected one of {listed(pairs[found[0]])}. Save the labels under that name."
        )
    return arrays[found[0]], arrays[beside[0]] if beside else None
