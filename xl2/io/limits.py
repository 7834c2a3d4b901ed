"""Limits on what a file can declare or unpack to, checked before memory is allocated."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, InputError

# Bytes that any file may unpack to, however small it is.
UNPACKED = 2**26
# A larger file may unpack to this multiple of its size. Numbers compress to a tenth or a
# twentieth; data that compress to a thousandth are mostly one number repeated, or an attack.
RATIO = 100


def max_size(stored: int) -> int:
    """Return how many bytes may be made of `stored` bytes of a file."""
    return max(UNPACKED, RATIO * stored)


def check_declared(path: Path, what: str, declared: int, stored: int, instead: str) -> None:
    """Raise `FileFormatError` if `declared` bytes are too many for `stored` bytes of a file.

    `instead` completes the message: what to do if the file is right.
    """
    if declared > max_size(stored):
        raise FileFormatError(
            f"{path} declares {declared} bytes for {what} but stores only {stored}. More than "
            f"{RATIO} times as many are refused, because such a file could fill the memory. If "
            f"the file is legitimate, {instead}"
        )


def text_array(texts: list[str], path: Path) -> Any:
    """Return labels as an array of text, unless it would be far larger than the file."""
    import numpy as np

    longest = max(map(len, texts), default=0)
    if 4 * longest * len(texts) > max_size(path.stat().st_size):
        raise InputError(
            f"{path}: one of {len(texts)} labels has {longest} characters, and an array of text "
            "takes that much memory for each label. Shorten it, or choose another target."
        )
    return np.array(texts, dtype=np.str_)


class Unpacked(io.RawIOBase):
    """The unpacked contents of a compressed stream; reading past the limit is an error."""

    def __init__(self, stream: Any, path: Path):
        self._stream, self._path = stream, path
        self._stored, self._read = path.stat().st_size, 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; return the number of bytes."""
        part = self._stream.read(len(buffer))
        buffer[: len(part)] = part
        self._read += len(part)
        check_declared(
            self._path, "its unpacked contents", self._read, self._stored, "unpack it first."
        )
        return len(part)

    def close(self) -> None:
        """Close both streams."""
        self._stream.close()
        super().close()
