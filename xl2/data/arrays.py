"""Files of named arrays: NumPy archives, read without unpickling, and HDF5 files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, InputError, listed
from ..io.opening import check_declared, needed, reading, text_array
from .dataset import Dataset
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
    arrays = (read_npz if kind == "npz" else read_h5)(path)
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


def read_npz(path: Path) -> dict[str, Any]:
    """Return the arrays of an archive as {name: array}; None if not in `ACCEPTED`."""
    import zipfile

    import numpy as np

    if not zipfile.is_zipfile(path):
        raise FileFormatError(
            f"{path} is not a NumPy .npz archive, or is truncated. Save it with numpy.savez."
        )
    arrays: dict[str, Any] = {}
    with (
        reading(path, "a NumPy .npz archive"),
        path.open("rb") as stream,  # np.load does not close its own file after an error
        np.load(stream, allow_pickle=False) as archive,
    ):
        for key in archive.files:
            arrays[key] = None
            if key in ACCEPTED:
                check_member(archive.zip, key, path)
                arrays[key] = archive[key]
    return arrays


def check_member(archive: Any, key: str, path: Path) -> None:
    """Check the header of an array in a `zipfile.ZipFile` before its values are read."""
    import zipfile

    # numpy.load looks for the name first, and then for the name with the suffix.
    names = archive.namelist()
    member = archive.getinfo(key if key in names else f"{key}.npy")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # The other methods can unpack any number of bytes in one call.
        raise FileFormatError(
            f"{path} has {key!r} compressed by method {member.compress_type}, which NumPy does not "
            "write. Save it with numpy.savez_compressed."
        )
    stored = min(member.compress_size, path.stat().st_size)
    check_declared(path, repr(key), member.file_size, stored, "save it with numpy.savez.")
    with archive.open(member) as stream:
        shape, dtype = read_header(stream, key, path)
        begins = stream.tell()
    if dtype.hasobject:
        raise FileFormatError(
            f"{path} holds Python objects under {key!r}. They are not unpickled, because that can "
            "run code. Save an array of numbers or text."
        )
    size = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or not dtype.itemsize or begins + size != member.file_size:
        raise FileFormatError(
            f"{path} declares {key!r} as {shape} of {dtype}, which is {size} bytes, but has "
            f"{member.file_size - begins}. Save it again with numpy.savez."
        )


def read_header(stream: Any, key: str, path: Path) -> tuple[tuple[int, ...], Any]:
    """Return the declared shape and dtype of an array."""
    from numpy.lib import format as npy

    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        reader = readers[npy.read_magic(stream)]
    except (ValueError, KeyError) as error:
        raise FileFormatError(
            f"{path} has no NumPy array under {key!r}. Save it with numpy.savez."
        ) from error
    shape, _, dtype = reader(stream)
    return shape, dtype


def read_h5(path: Path) -> dict[str, Any]:
    """Return the datasets at the root of a file as {name: array}; None if not in `ACCEPTED`."""
    with reading(path, "an HDF5 file"), open_h5(path) as file:
        found = datasets_of(file, path)
        return {key: x if x is None else read_dataset(x, path) for key, x in found.items()}


def open_h5(path: Path) -> Any:
    """Open a file with h5py."""
    return needed("h5py", f"Reading {path}", "data").File(path, "r")


def datasets_of(file: Any, path: Path) -> dict[str, Any]:
    """Return {name: h5py.Dataset} of the root of a file; None if not in `ACCEPTED`.

    Raises `InputError` for a group, and `FileFormatError` for values in another file: the author
    of a file must not choose which of the reader's files is read.
    """
    import h5py

    found: dict[str, Any] = {}
    for key in file:
        found[key] = None
        if key not in ACCEPTED:
            continue
        dataset = file[key]
        if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
            raise InputError(f"{path} has no array under {key!r}. Save one row per sample there.")
        if dataset.file.filename != file.filename or dataset.external or dataset.is_virtual:
            raise FileFormatError(
                f"{path} stores the values of {key!r} in another file, and links to other files "
                "are not followed. Copy the data into this file."
            )
        found[key] = dataset
    return found


def read_dataset(dataset: Any, path: Path) -> Any:
    """Return a whole dataset as a NumPy array, text as str."""
    import h5py
    import numpy as np

    size = math.prod(dataset.shape) * dataset.dtype.itemsize
    stored = min(int(dataset.id.get_storage_size()), path.stat().st_size)
    check_declared(path, repr(dataset.name), size, stored, "save it without compression.")
    if h5py.check_string_dtype(dataset.dtype) is None:
        return np.asarray(dataset[()])
    texts = np.asarray(dataset.asstr()[()], dtype=object)
    return text_array(texts.ravel().tolist(), path).reshape(texts.shape)
