"""Where HDF5 keeps texts of any length, looked through before libhdf5 does.

libhdf5 walks such a heap from object to object by their sizes, and for ever where a damaged file
has free space of no size: it would stand on the spot.
"""

from __future__ import annotations

import mmap
from pathlib import Path

from ..errors import FileFormatError

# How a global heap begins: its signature, version 1, and three bytes that are 0.
# "HDF5 File Format Specification", version 3, III.E.
SIGNATURE = b"GCOL\x01\x00\x00\x00"


def check_heaps(path: Path, length: int) -> None:
    """Refuse an HDF5 file with a heap that would be walked for ever.

    Parameters
    ----------
    path : Path
    length : int
        The bytes of a size in the file, which its superblock says.

    Raises
    ------
    FileFormatError
        If free space has no size, or reaches beyond its heap; or if heaps lie within heaps.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        # An object has a head at least, and lies in one heap: more steps are a trap.
        steps_left = len(data) // (8 + length)
        start = data.find(SIGNATURE)
        while start >= 0:
            steps_left -= (steps := _steps(data, start, length)) or 0
            if steps is None or steps_left < 0:
                raise FileFormatError(
                    f"{path} is damaged where texts of any length lie: the heap at byte {start} "
                    "has sizes that cannot be. Copy the file again."
                )
            start = data.find(SIGNATURE, start + 1)


def _steps(data: mmap.mmap, start: int, length: int) -> int | None:
    """Count the steps of a walk from object to object of a heap; None if it has no end."""
    # An object: its index, how many refer to it, four bytes of nothing, its size, its bytes.
    head = 8 + length
    place = start + head
    end = min(start + _number(data, start + len(SIGNATURE), length), len(data))
    steps = 0
    while place + head <= end:
        size = _number(data, place + 8, length)
        if _number(data, place, 2) == 0:  # free space, whose size includes its head
            if size == 0 or place + size > end:
                return None
            place += size
        else:
            place += head + (size + 7) // 8 * 8
        steps += 1
    return steps


def _number(data: mmap.mmap, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "little")
