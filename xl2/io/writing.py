"""Files written whole or not at all, even if the process or the machine stops meanwhile."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from pathlib import Path

from ..errors import InputError


def as_path(path: str | Path) -> Path:
    """Return a path that the system takes.

    Raises
    ------
    InputError
        If it is none, or too long.
    """
    try:
        target = Path(path)
        target.exists()
        os.fsencode(target)
    except (TypeError, ValueError, OSError) as error:
        raise InputError(f"{_short(path)} cannot be used as a path: {_reason(error)}.") from None
    if "\0" in str(target):
        raise InputError(f"{_short(path)} cannot be used as a path: it has a null character.")
    return target


def _short(path: object) -> str:
    text = repr(path)
    return text if len(text) < 60 else f"{text[:56]}...{text[-1]}"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def check_writable(path: str | Path) -> None:
    """Raise before any work is done if a file could not be written at its end.

    Raises
    ------
    InputError
        If the folder is missing or closed, or the path is a folder.
    """
    target = as_path(path)
    if target.is_dir():
        raise InputError(f"{str(path)!r} is a folder; give the name of a file in it.")
    if not target.absolute().parent.is_dir():
        raise InputError(f"The folder of {str(path)!r} does not exist; make it first.")
    if not os.access(target.absolute().parent, os.W_OK):
        raise InputError(f"The folder of {str(path)!r} cannot be written to.")


def write_whole(path: str | Path, *parts: bytes | memoryview) -> None:
    """Write a file whole or leave what was there, even if the machine fails meanwhile.

    Parameters
    ----------
    path : path-like
        Replaced if it exists.
    *parts : bytes
        Its content.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    check_writable(path)
    target = Path(path).absolute()
    before, after = _temporary(target)
    temporary = target.with_name(f"{before}{secrets.token_hex(4)}{after}")
    try:
        with temporary.open("xb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        _sync(target.parent)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be written: {error.strerror}.") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def sweep(path: str | Path) -> None:
    """Remove what a process that was killed while it wrote a file has left beside it."""
    target = Path(path).absolute()
    before, after = _temporary(target)
    left = re.compile(rf"{re.escape(before)}[0-9a-f]{{8}}{re.escape(after)}")
    with contextlib.suppress(OSError):
        for file in target.parent.iterdir():
            if left.fullmatch(file.name):
                file.unlink()


def _temporary(target: Path) -> tuple[str, str]:
    """Return how the names of a file's temporary ones begin and end."""
    name = target.name
    while len(os.fsencode(name)) > 200:  # a name has 255 bytes
        name = name[:-1]
    return f".{name}.", ".tmp"


def _sync(folder: Path) -> None:
    """Write a folder's entries to the disk; only then is a file in it safe under its name."""
    if os.name == "nt":
        return  # has no such thing
    try:
        opened = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return  # who may write to a folder may not read it
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot
            raise
    finally:
        os.close(opened)
