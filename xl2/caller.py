"""Warnings at the line that called xl2."""

from __future__ import annotations

import sys
import warnings
from types import FrameType


def warn_caller(text: str) -> None:
    """Warn at the line that called xl2, wherever in it the trouble is."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and _own(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, UserWarning, stacklevel=level)


def _own(frame: FrameType) -> bool:
    # Contexts are left by way of contextlib.
    return str(frame.f_globals.get("__name__")).partition(".")[0] in (__package__, "contextlib")
