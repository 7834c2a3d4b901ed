"""Opening a file, and what goes wrong in it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from ..errors import FileFormatError, InputError, XL2Error
from .limits import Unpacked

if TYPE_CHECKING:
    from pathlib import Path


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
