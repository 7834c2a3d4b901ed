"""Open files, and turn parser errors into `FileFormatError`."""

from __future__ import annotations

import importlib
import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import FileFormatError, InputError, XL2Error
from .limits import Unpacked


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
