"""Standard output that cannot be written: one line, and no traceback at the exit either."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import Any

import typer

# What writing to a full disk, a broken device or a closed file raises.
FAILURES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


def concerns_output(error: OSError) -> bool:
    """Tell whether an error is that of standard output: those of other files have a name."""
    return error.filename is None and error.errno in FAILURES


def finish_output() -> None:
    """Write what standard output still holds, which the interpreter would do at its exit."""
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:
        _drop(sys.stderr)
    if sys.stdout is not None:
        sys.stdout.flush()


def abandon_output(error: OSError) -> int:
    """Say that standard output cannot be written, drop what it holds, and return the exit code."""
    _drop(sys.stdout)
    if isinstance(error, BrokenPipeError):
        return 1  # the reader wanted no more, such as `head`
    show_error(f"Standard output cannot be written: {error.strerror}.")
    return 2


def show_error(text: str) -> None:
    """Print an error."""
    tell(f"Error: {text}")


def tell(text: str) -> None:
    """Print a line on standard error; if it is full, the answer on standard output still counts."""
    try:
        typer.echo(text, err=True)
    except OSError:
        _drop(sys.stderr)


def _drop(stream: Any) -> None:
    """Let a stream lead nowhere: what it holds would fail again at the interpreter's exit."""
    with contextlib.suppress(OSError, ValueError):  # a stand-in for a file has no number
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
