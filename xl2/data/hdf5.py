"""HDF5 files, through h5py."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, InputError
from ..io.limits import check_declared, most_from, text_array
from ..io.opening import needs, reading
from .hdf5_chunks import check_chunks
from .hdf5_heaps import check_heaps

# Unpacked chunks that libhdf5 keeps, by how many; it counts their bytes as those they declare.
SLOTS = 4


def read_h5(path: Path, accepted: Collection[str]) -> dict[str, Any]:
    """Read the datasets at the root of an HDF5 file.

    Parameters
    ----------
    path : Path
    accepted : collection of str
        The names of the datasets to read.

    Returns
    -------
    dict
        For every key of the file its array, or None for a key not in `accepted`.

    Raises
    ------
    InputError
        If h5py is not installed, or a key in `accepted` is a group.
    FileFormatError
        If the file is no HDF5 file, is damaged, declares more than it can hold, or leads to
        other files.
    """
    h5py = library(path)
    with reading(path, "an HDF5 file"), h5py.File(path, "r", rdcc_nslots=SLOTS) as file:
        found = datasets_of(file, path, accepted)
        return {key: x if x is None else read_dataset(x, path) for key, x in found.items()}


def library(path: Path) -> Any:
    """Return h5py; raise `InputError` where it is not installed."""
    try:
        import h5py
    except ImportError as error:
        raise needs("h5py", path) from error
    return h5py


def datasets_of(file: Any, path: Path, accepted: Collection[str]) -> dict[str, Any]:
    """Return for every key of a file its dataset, or None for a key not in `accepted`.

    Raises
    ------
    InputError
        If one is a group.
    FileFormatError
        If one lies in another file, since whoever sends a file would choose which of the
        reader's files is read; or if one would take all memory or all time.
    """
    import h5py

    found: dict[str, Any] = {}
    for key in file:
        found[key] = None
        if key not in accepted:
            continue
        if isinstance(file.get(key, getlink=True), h5py.ExternalLink):
            raise elsewhere(path, key)
        dataset = file[key]
        if not isinstance(dataset, h5py.Dataset):
            raise InputError(f"{path} has no dataset at {key!r}. Expected one of numbers.")
        if dataset.shape is None:
            raise InputError(f"{path} has nothing in {key!r}. Expected one row a sample.")
        # A soft link may go through an external one.
        if dataset.file.filename != file.filename or dataset.external or dataset.is_virtual:
            raise elsewhere(path, key)
        check_chunks(dataset, path)
        if dataset.dtype.hasobject:  # texts of any length
            check_heaps(path, file.id.get_create_plist().get_sizes()[1])
        found[key] = dataset
    return found


def elsewhere(path: Path, key: str) -> FileFormatError:
    """Return the error for a dataset whose values are in another file."""
    return FileFormatError(
        f"{path} has {key!r} in another file, and one file is read. Copy the data into it."
    )


def stored(dataset: Any, path: Path) -> int:
    """Return the bytes of a file that a dataset has."""
    return min(int(dataset.id.get_storage_size()), path.stat().st_size)


def read_dataset(dataset: Any, path: Path) -> Any:
    """Read a dataset of h5py whole; text as text.

    Raises
    ------
    FileFormatError
        If it declares more than the file can hold.
    """
    import h5py
    import numpy as np

    size = math.prod(dataset.shape) * dataset.dtype.itemsize
    check_declared(
        path, repr(dataset.name), size, stored(dataset, path), "write it unpacked, in one piece."
    )
    kind = h5py.check_string_dtype(dataset.dtype)
    if kind is None:
        return np.asarray(dataset[()])
    texts = dataset.asstr()
    if dataset.ndim == 0 or kind.length is not None:
        return np.asarray(texts[()]).astype(np.str_)
    return text_array(read_texts(texts, dataset, path), path).reshape(dataset.shape)


def read_texts(texts: Any, dataset: Any, path: Path) -> list[str]:
    """Read texts of any length a few at a time: all may be one long text of the file."""
    most = most_from(path.stat().st_size)
    # No text is longer than the file is.
    rows = max(1, most // max(1, path.stat().st_size * math.prod(dataset.shape[1:])))
    found: list[str] = []
    size = 0
    for start in range(0, dataset.shape[0], rows):
        part = texts[start : start + rows].ravel().tolist()
        size += sum(map(len, part))
        check_declared(path, repr(dataset.name), size, path.stat().st_size, "shorten the texts.")
        found += part
    return found
