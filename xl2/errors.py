"""The errors xl2 raises about what it was given, all of them `XL2Error`."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Sequence
from types import FrameType
from typing import Any


class XL2Error(Exception):
    """Base of every error that a user can mend; the command line exits with 2 on it."""


class InputError(XL2Error, ValueError):
    """An argument or a data set that xl2 cannot work with."""


class BackendError(XL2Error, RuntimeError):
    """An array library or a device that is unknown or does not work here.

    Attributes
    ----------
    reason : str
        Why, in one line, without the name of the backend.
    """

    def __init__(self, message: str, reason: str | None = None):
        super().__init__(message)
        self.reason = reason or message


class OutOfMemoryError(XL2Error, MemoryError):
    """The smallest part of a computation needs more memory than the device has left."""


class FileFormatError(XL2Error, ValueError):
    """A file that is not what it says it is."""


class DivergenceError(XL2Error, ArithmeticError):
    """The training loss or a parameter left the finite numbers.

    The network keeps its last finite parameters.

    Attributes
    ----------
    epoch, step : int
        Where it happened, both counted from 1; `step` counts inside the epoch. A stack
        only fails when all its members have, and has no step: None.
    loss : float
        The loss of that step's mini-batch; NaN for a stack.
    history : History or None
        The epochs that were completed before; None for a path, which has many.
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


def unknown(kind: str, received: object, available: Iterable[str]) -> str:
    """Say which names exist and which one came.

    Parameters
    ----------
    kind : str
        What the name stands for, in the singular: "activation".
    received : object
        What the caller gave.
    available : iterable of str
        The names that would have worked.

    Returns
    -------
    str
        A sentence for an error message.
    """
    several = f"{kind}es" if kind.endswith("s") else f"{kind}s"
    return f"Available {several} are {', '.join(available)}. Received: {kind}={received!r}."


def listed(names: Iterable[object]) -> str:
    """Return names for an error message, the first twelve of them if there are many."""
    shown = [repr(name) for name in names]
    more = f" and {len(shown) - 12} more" if len(shown) > 12 else ""
    return ", ".join(shown[:12]) + more


def counted(count: int, thing: str) -> str:
    """Return a count with its noun."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def column_label(names: Sequence[str], position: int) -> str:
    """Return what an error message calls a column: its name, else its number from 1."""
    return repr(names[position]) if names else str(position + 1)


def warn_caller(text: str) -> None:
    """Warn at the line that called xl2, wherever in it the trouble is."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and _own(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, UserWarning, stacklevel=level)


def _own(frame: FrameType) -> bool:
    # Contexts are left by way of contextlib.
    return str(frame.f_globals.get("__name__")).partition(".")[0] in (__package__, "contextlib")
