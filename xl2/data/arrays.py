"""Files of named arrays: NumPy archives and HDF5 files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import FileFormatError, InputError
from .dataset import Dataset
from .messages import listed
from .opening import needs, reading
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
    arrays = read_npz(path) if kind == "npz" else read_h5(path)
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


def read_npz(path: Path) -> dict[str, Any]:
    """Read the arrays of a NumPy archive, and unpickle nothing.

    Returns
    -------
    dict
        For every key of the file its array, or None for a key not in `ACCEPTED`.

    Raises
    ------
    FileFormatError
        If the file is no archive, is damaged, or has an array of Python objects.
    """
    import zipfile

    import numpy as np

    if not zipfile.is_zipfile(path):
        raise FileFormatError(
            f"{path} is not a NumPy .npz archive, or is cut short. Save it with numpy.savez."
        )
    arrays: dict[str, Any] = {}
    with (
        reading(path, "a NumPy .npz archive"),
        path.open("rb") as stream,  # np.load leaves a file that it opens open on an error
        np.load(stream, allow_pickle=False) as archive,
    ):
        for key in archive.files:
            arrays[key] = None
            if key not in ACCEPTED:
                continue
            try:
                arrays[key] = archive[key]
            except ValueError as error:
                if "pickle" not in str(error):
                    raise
                raise FileFormatError(
                    f"{path} holds Python objects under {key!r}, and nothing is unpickled, since "
                    "that can run code. Save an array of numbers or of text."
                ) from error
            if not isinstance(arrays[key], np.ndarray):
                raise FileFormatError(
                    f"{path} holds no NumPy array under {key!r}. Save it with numpy.savez."
                )
    return arrays


def read_h5(path: Path) -> dict[str, Any]:
    """Read the datasets at the root of an HDF5 file through h5py.

    Returns
    -------
    dict
        As that of `read_npz`.

    Raises
    ------
    InputError
        If h5py is not installed, or a key in `ACCEPTED` is a group.
    FileFormatError
        If the file is no HDF5 file or is damaged.
    """
    try:
        import h5py
    except ImportError as error:
        raise needs("h5py", path) from error

    arrays: dict[str, Any] = {}
    with reading(path, "an HDF5 file"), h5py.File(path, "r") as file:
        for key in file:
            arrays[key] = None
            if key not in ACCEPTED:
                continue
            dataset = file[key]
            if not isinstance(dataset, h5py.Dataset):
                raise InputError(f"{path} has a group at {key!r}. Expected a dataset of numbers.")
            arrays[key] = read_dataset(dataset)
    return arrays


def read_dataset(dataset: Any) -> Any:
    """Read a dataset of h5py whole; text as text."""
    import h5py
    import numpy as np

    if h5py.check_string_dtype(dataset.dtype) is None:
        return np.asarray(dataset[()])
    return np.asarray(dataset.asstr()[()]).astype(np.str_)
