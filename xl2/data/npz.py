"""NumPy archives."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..errors import FileFormatError
from ..io.limits import check_declared
from ..io.opening import reading


def read_npz(path: Path, accepted: Collection[str]) -> dict[str, Any]:
    """Read the arrays of a NumPy archive, and unpickle nothing.

    Parameters
    ----------
    path : Path
    accepted : collection of str
        The names of the arrays to read.

    Returns
    -------
    dict
        For every key of the file its array, or None for a key not in `accepted`.

    Raises
    ------
    FileFormatError
        If the file is no archive, is damaged, has an array of Python objects, or declares
        more than it can hold.
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
            if key not in accepted:
                continue
            check_member(archive.zip, key, path)
            arrays[key] = archive[key]
    return arrays


def check_member(archive: Any, key: str, path: Path) -> None:
    """Compare what an array declares with its part of the archive, and read no value of it.

    Parameters
    ----------
    archive : zipfile.ZipFile
    key : str
        The array's name; its file in the archive may end in ``.npy`` or not.
    path : Path
        The archive.

    Raises
    ------
    FileFormatError
        If it is no array of numbers or text, or has more or fewer bytes than it declares.
    """
    import zipfile

    # As numpy.load looks for it: by the name, and then with the suffix.
    names = archive.namelist()
    member = archive.getinfo(key if key in names else f"{key}.npy")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # The others unpack to any size at one call.
        raise FileFormatError(
            f"{path} has {key!r} packed by method {member.compress_type}, which numpy does not "
            "write. Save it with numpy.savez_compressed."
        )
    stored = min(member.compress_size, path.stat().st_size)
    check_declared(path, repr(key), member.file_size, stored, "save it with numpy.savez.")
    with archive.open(member) as stream:
        shape, dtype = read_header(stream, key, path)
        begins = stream.tell()
    if dtype.hasobject:
        raise FileFormatError(
            f"{path} holds Python objects under {key!r}, and nothing is unpickled, since that can "
            "run code. Save an array of numbers or of text."
        )
    size = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or not dtype.itemsize or begins + size != member.file_size:
        raise FileFormatError(
            f"{path} declares {key!r} as {shape} of {dtype}, which is {size} bytes, and has "
            f"{member.file_size - begins} for it. Save it again with numpy.savez."
        )


def read_header(stream: Any, key: str, path: Path) -> tuple[tuple[int, ...], Any]:
    """Return the shape and the dtype that an array declares.

    Raises
    ------
    FileFormatError
        If it is no array.
    """
    from numpy.lib import format as npy

    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        reader = readers[npy.read_magic(stream)]
    except (ValueError, KeyError) as error:
        raise FileFormatError(
            f"{path} holds no NumPy array under {key!r}. Save it with numpy.savez."
        ) from error
    shape, _, dtype = reader(stream)
    return shape, dtype
