"""What a file may declare, compared with what it has before memory is taken for it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..errors import FileFormatError, InputError

if TYPE_CHECKING:
    from gzip import GzipFile

    from numpy.typing import NDArray

# Bytes that any file may unpack to, however small it is.
UNPACKED = 2**26
# A larger one may unpack to as many times its length. Numbers pack to a tenth or a twentieth;
# what packs to a thousandth is mostly one number over and over, or meant to fill the memory.
RATIO = 100


def most_from(stored: int) -> int:
    """Return the bytes that may be made of `stored` bytes of a file."""
    return max(UNPACKED, RATIO * stored)


def check_declared(path: Path, what: str, declared: int, stored: int, instead: str) -> None:
    """Refuse what a file declares if its bytes are too few to make it of.

    Parameters
    ----------
    path : Path
        The file, for the error message.
    what : str
        What is declared: an array's name, for example.
    declared : int
        Its bytes in memory.
    stored : int
        Its bytes in the file.
    instead : str
        What to do if the file is right.

    Raises
    ------
    FileFormatError
        If they are more than `most_from` allows.
    """
    if declared > most_from(stored):
        raise FileFormatError(
            f"{path} declares {declared} bytes for {what} and has {stored} to make them of. More "
            f"than {RATIO} times as many are refused, since a small file could fill the memory. "
            f"If that is what it holds, {instead}"
        )


def text_array(texts: list[str], path: Path) -> NDArray[Any]:
    """Return labels of a file as an array of text, each as wide as the longest.

    Raises
    ------
    InputError
        If one label is so long that the array would be far larger than the file.
    """
    import numpy as np

    longest = max(map(len, texts), default=0)
    if 4 * longest * len(texts) > most_from(path.stat().st_size):
        raise InputError(
            f"{path}: one of {len(texts)} labels has {longest} characters, and an array of text "
            "takes as many for each of them. Shorten it, or choose another target."
        )
    return np.array(texts, dtype=np.str_)


class Unpacked(io.RawIOBase):
    """What a stream unpacks to, up to the most that a file of its length may.

    Parameters
    ----------
    stream : binary file
        It is closed with this one.
    path : Path
        The packed file.
    """

    def __init__(self, stream: IO[bytes] | GzipFile, path: Path):
        self._stream, self._path = stream, path
        self._stored, self._read = path.stat().st_size, 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; return how many bytes.

        Raises
        ------
        FileFormatError
            Beyond that most.
        """
        part = self._stream.read(len(buffer))
        buffer[: len(part)] = part
        self._read += len(part)
        check_declared(
            self._path, "its contents, unpacked,", self._read, self._stored, "unpack it first."
        )
        return len(part)

    def close(self) -> None:
        """Close both."""
        self._stream.close()
        super().close()
