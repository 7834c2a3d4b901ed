"""NumPy archives (.npz), read without unpickling."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..errors import FileFormatError
from ..io.limits import check_declared
from ..io.opening import reading


def read_npz(path: Path, accepted: Collection[str]) -> dict[str, Any]:
    """Return the arrays of an archive as {name: array}; None if not in `accepted`."""
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
            if key in accepted:
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
