"""Atomic writes: a file is written completely or left as it was, even after a crash."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from pathlib import Path

from ..errors import InputError


def as_path(path: str | Path) -> Path:
    """Return a `Path`, or raise `InputError` if the system does not accept it."""
    try:
        target = Path(path)
        target.exists()
        os.fsencode(target)
        if "\0" in str(target):
            raise ValueError("it has a null character")
    except (TypeError, ValueError, OSError) as error:
        text, reason = repr(path), getattr(error, "strerror", None) or error
        short = text if len(text) < 60 else f"{text[:56]}...{text[-1]}"
        raise InputError(f"{short} cannot be used as a path: {reason}.") from None
    return target


def check_writable(path: str | Path, option: str = "") -> None:
    """Raise `InputError` if a file cannot be written: called before long computations.

    `option` is the one that names the file, if there is one, for the message.
    """
    target = as_path(path)
    instead = f" {option} chooses where it is written." if option else ""
    if target.is_dir():
        raise InputError(f"{str(path)!r} is a folder. Pass the name of a file in it.{instead}")
    if not target.absolute().parent.is_dir():
        raise InputError(f"The folder of {str(path)!r} does not exist. Create it first.{instead}")
    if not os.access(target.absolute().parent, os.W_OK):
        raise InputError(
            f"The folder of {str(path)!r} cannot be written to. Choose another, or change its "
            f"permissions.{instead}"
        )


def write_whole(path: str | Path, *parts: bytes | memoryview) -> None:
    """Write a file atomically: into a temporary file that then replaces `path`."""
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
    """Remove the temporary files of a process that was killed while it wrote `path`."""
    target = Path(path).absolute()
    before, after = _temporary(target)
    left = re.compile(rf"{re.escape(before)}[0-9a-f]{{8}}{re.escape(after)}")
    with contextlib.suppress(OSError):
        for file in target.parent.iterdir():
            if left.fullmatch(file.name):
                file.unlink()


def _temporary(target: Path) -> tuple[str, str]:
    """Return the beginning and the end of the names of a file's temporary files."""
    name = target.name
    while len(os.fsencode(name)) > 200:  # file names are limited to 255 bytes
        name = name[:-1]
    return f".{name}.", ".tmp"


def _sync(folder: Path) -> None:
    """Write a folder's entries to the disk: only then does a new name survive a crash."""
    if os.name == "nt":
        return  # folders cannot be synced
    try:
        opened = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return  # a folder can be writable but not readable
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some file systems cannot
            raise
    finally:
        os.close(opened)
