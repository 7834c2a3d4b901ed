"""Open files, limit what they can unpack to, and turn parser errors into `FileFormatError`."""

from __future__ import annotations

import importlib
import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import FileFormatError, InputError, XL2Error


def check_file(path: Path, instead: str) -> None:
    """Raise `InputError` unless a path is a regular file that can be read.

    A pipe can block and a device can be endless. `instead` completes the message: what to do.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{path} is a folder, a pipe or a device, not a file. {instead}")
        with path.open("rb"):
            pass
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"There is no file {str(path)!r}. {instead}") from None
    except XL2Error:
        raise
    except (OSError, ValueError) as error:  # ValueError: an impossible name
        raise InputError(f"{str(path)!r} cannot be opened: {error}. {instead}") from error


def open_bytes(path: Path) -> BinaryIO:
    """Open a file in binary mode, unpacked if its name ends in ``.gz``."""
    if path.suffix.lower() != ".gz":
        return path.open("rb")
    import gzip

    return io.BufferedReader(Unpacked(gzip.open(path, "rb"), path), 2**16)


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn exceptions of a parser into `FileFormatError`, except xl2's own.

    Parsers raise nearly any exception on a damaged file (KeyError, struct.error, zlib.error,
    RuntimeError), and do not document which.
    """
    try:
        yield
    except XL2Error:
        raise
    except MemoryError as error:
        message = f"{path} declares more data than fits into memory: {error}"
        raise FileFormatError(message) from error
    except Exception as error:
        raise FileFormatError(
            f"{path} cannot be read as {kind}: {error}. "
            "Check that the file is complete and that its name has the right suffix."
        ) from error


def needed(module: str, what: str, extra: str) -> Any:
    """Import a module of an optional library, which `what` needs and an extra of xl2 installs."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"{what} needs {module.partition('.')[0]}, which is not installed: run pip install "
            f'"xl2[{extra}]".'
        ) from error


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
