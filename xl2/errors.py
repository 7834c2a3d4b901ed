"""The errors that a user can fix, all of them `XL2Error`, and words for their messages.

An option has another name for each kind of user: ``task=`` in Python is ``--task`` on the command
line, ``epochs=`` is ``max_iter=`` of an estimator. `option` returns the present one.
"""

from __future__ import annotations

import contextlib
import shlex
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from types import FrameType
from typing import Any, NamedTuple


class XL2Error(Exception):
    """Base of every error that a user can fix; the command line prints it and exits with 2."""


class InputError(XL2Error, ValueError):
    """An argument or a data set that xl2 cannot use."""


class BackendError(XL2Error, RuntimeError):
    """An array library or a device that is unknown or does not work.

    Attributes
    ----------
    reason : str
        Why, in one line, without the name of the backend.
    """

    def __init__(self, message: str, reason: str | None = None):
        super().__init__(message)
        self.reason = reason or message


class ClusterError(XL2Error, RuntimeError):
    """A cluster that does not answer, or whose workers cannot do what they are asked."""


class OutOfMemoryError(XL2Error, MemoryError):
    """The smallest part of a computation needs more memory than the device has free."""


class PeerError(XL2Error, RuntimeError):
    """Another process of a distributed fit failed, ended, or was given something else."""


class FileFormatError(XL2Error, ValueError):
    """A file that is damaged or is not in the format that its name or header declares."""


class DivergenceError(XL2Error, ArithmeticError):
    """The training loss or a parameter became infinite or NaN.

    The network keeps its last finite parameters.

    Attributes
    ----------
    epoch, step : int
        Where training diverged, both counted from 1; `step` counts within the epoch. A stack
        raises only when all its members have diverged, and its `step` is None.
    loss : float
        The loss of that step's mini-batch; NaN for a stack.
    history : History or None
        The completed epochs; None for a path, which has many.
    """

    def __init__(
        self,
        message: str,
        *,
        epoch: int,
        step: int | None,
        loss: float,
        history: Any,
    ):
        super().__init__(message)
        self.epoch = epoch
        self.step = step
        self.loss = loss
        self.history = history


class Face(NamedTuple):
    """Where a user sets options: what arguments of xl2's functions are called there."""

    names: Mapping[str, str]
    command_line: bool = False


_NAME_ONLY = object()
_face: ContextVar[Face | None] = ContextVar("xl2_face", default=None)  # None: Python's functions


@contextlib.contextmanager
def facing(face: Face) -> Iterator[None]:
    """Let the messages of a block name the options of a face."""
    before = _face.set(face)
    try:
        yield
    finally:
        _face.reset(before)


def current_face() -> Face | None:
    """Return how messages name options now, for another machine."""
    return _face.get()


def on_command_line() -> bool:
    """Tell whether a command of `xl2` is running."""
    face = _face.get()
    return face is not None and face.command_line


def offers(name: str) -> bool:
    """Tell whether the user can set an argument, here by its name in Python."""
    face = _face.get()
    return face is None or name in face.names


def option(name: str, value: Any = _NAME_ONLY) -> str:
    """Return how the user sets an argument: ``task='auto'`` in Python, or ``--task auto``.

    Without a value return its name only: ``task`` or ``--task``.
    """
    face = _face.get()
    found = name if face is None else face.names.get(name, name)
    if not on_command_line():
        return found if value is _NAME_ONLY else f"{found}={value!r}"
    if not found.startswith("--"):
        found = found.replace("_", " ")  # the command lacks it; words at least
    if value is _NAME_ONLY or value is True:
        return found
    if value is False:
        return found if found.startswith("--no-") else found.replace("--", "--no-", 1)
    several = isinstance(value, Sequence) and not isinstance(value, str)
    return f"{found} {shlex.quote(','.join(map(str, value)) if several else str(value))}"


def unknown(kind: str, received: object, available: Iterable[str]) -> str:
    """Return a message about an unknown name, with the known ones; `kind` as in "activation"."""
    several = f"{kind}es" if kind.endswith("s") else f"{kind}s"
    return f"Unknown {kind} {received!r}. Available {several} are {', '.join(available)}."


def listed(names: Iterable[object]) -> str:
    """Return the first twelve names, and how many more there are."""
    shown = [repr(name) for name in names]
    more = f" and {len(shown) - 12} more" if len(shown) > 12 else ""
    return ", ".join(shown[:12]) + more


def counted(count: int, thing: str) -> str:
    """Return a count with its noun in the singular or plural."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def printable(text: str) -> str:
    """Escape what a terminal would interpret: names can come from a stranger's file."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def column_label(names: Sequence[str], position: int) -> str:
    """Return a column's name for a message, or its number from 1 if columns have no names."""
    return repr(names[position]) if names else str(position + 1)


# Packages whose frames can be between a function of xl2 and the line of the user that led to it.
# contextlib's are between a `with` block of xl2 and its caller.
_BETWEEN = {__package__, "contextlib", "sklearn", "joblib", "typer", "click"}
_BETWEEN |= {"concurrent", "threading"}
_caller: ContextVar[FrameType | None] = ContextVar("xl2_caller", default=None)  # of a thread


Kept = list[tuple[str, type[Warning]]]

_kept: ContextVar[Kept | None] = ContextVar("xl2_warnings", default=None)


@contextlib.contextmanager
def keeping_warnings() -> Iterator[Kept]:
    """Keep the warnings of a block, in a list of arguments of `warn_caller`, to be given later."""
    kept = Kept()
    before = _kept.set(kept)
    try:
        yield kept
    finally:
        _kept.reset(before)


def warn_caller(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn, and blame the line of the user that led to the warning.

    It is the nearest outside xl2, and outside what calls xl2 for the user, such as a pipeline.
    """
    if (kept := _kept.get()) is not None:
        kept.append((text, category))
        return
    frame = calling_frame()
    warnings.warn_explicit(
        text,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        frame.f_globals.get("__name__"),
        frame.f_globals.setdefault("__warningregistry__", {}),
    )


def calling_frame() -> FrameType:
    """Return the frame of the user that led here; in a thread of xl2 the one that led to it."""
    frame = sys._getframe()
    while _is_between(frame):
        if frame.f_back is None:
            return _caller.get() or frame
        frame = frame.f_back
    return frame


def blame_in_threads(frame: FrameType) -> None:
    """Blame a frame for warnings in threads that run in the present context."""
    _caller.set(frame)


def _is_between(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__")).partition(".")[0]
    return name in _BETWEEN or name.startswith("xl2_")  # those are backends
