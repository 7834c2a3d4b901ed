"""Opening a file, and what goes wrong in it."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from ..errors import FileFormatError, InputError, XL2Error
from .limits import Unpacked

if TYPE_CHECKING:
    from pathlib import Path


def check_file(path: Path, instead: str) -> None:
    """Refuse what is no file to read: a pipe may never say anything, a device may never end.

    Parameters
    ----------
    path : Path
    instead : str
        What to do.

    Raises
    ------
    InputError
        If there is nothing of this name, or it is no regular file, or may not be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{path} is a folder, a pipe or a device, and no file. {instead}")
        with path.open("rb"):
            pass
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"There is no file {str(path)!r}. {instead}") from None
    except XL2Error:
        raise
    # A ValueError is a name that no file can have.
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)!r} cannot be opened: {error}. {instead}") from error


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for its bytes, unpacked if its name ends in ``.gz``."""
    if path.suffix.lower() != ".gz":
        return path.open("rb")
    import gzip

    return io.BufferedReader(Unpacked(gzip.open(path, "rb"), path), 2**16)


@contextmanager
def reading(path: Path, kind: str, but: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn whatever a parser raises on a damaged file into `FileFormatError`.

    Errors of xl2, and those named by `but`, pass as they are.

    The parsers of damaged files raise nearly anything (KeyError, struct.error,
    zlib.error, RuntimeError), and their lists are not documented.
    """
    try:
        yield
    except XL2Error:
        raise
    except MemoryError as error:
        message = f"{path} declares more data than there is memory for: {error}"
        raise FileFormatError(message) from error
    except Exception as error:
        if isinstance(error, but):
            raise
        raise FileFormatError(
            f"{path} cannot be read as {kind}: {error}. "
            "Check that the file is complete and that its name has the right suffix."
        ) from error


def needs(library: str, path: Path) -> InputError:
    """Return the error for a format whose library is not installed."""
    return InputError(
        f'Reading {path} needs {library}, which is not installed: pip install "xl2[data]".'
    )
