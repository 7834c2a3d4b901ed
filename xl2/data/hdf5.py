"""HDF5 files, read with h5py."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, InputError
from ..io.limits import check_declared, text_array
from ..io.opening import needed, reading


def read_h5(path: Path, accepted: Collection[str]) -> dict[str, Any]:
    """Return the datasets at the root of a file as {name: array}; None if not in `accepted`."""
    with reading(path, "an HDF5 file"), open_h5(path) as file:
        found = datasets_of(file, path, accepted)
        return {key: x if x is None else read_dataset(x, path) for key, x in found.items()}


def open_h5(path: Path) -> Any:
    """Open a file with h5py."""
    return needed("h5py", f"Reading {path}", "data").File(path, "r")


def datasets_of(file: Any, path: Path, accepted: Collection[str]) -> dict[str, Any]:
    """Return {name: h5py.Dataset} of the root of a file; None if not in `accepted`.

    Raises `InputError` for a group, and `FileFormatError` for values in another file: the author
    of a file must not choose which of the reader's files is read.
    """
    import h5py

    found: dict[str, Any] = {}
    for key in file:
        found[key] = None
        if key not in accepted:
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
