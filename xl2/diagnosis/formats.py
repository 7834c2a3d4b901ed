"""Scores, differences, intervals and lambdas as text, and values as JSON has them."""

from __future__ import annotations

import math
import textwrap
from typing import Any

WIDTH = 80
HARD = "\N{NO-BREAK SPACE}"


def wrapped(paragraph: str) -> str:
    """Wrap a paragraph at 80 columns, without separating a number from its % and its error."""
    tied = paragraph.replace(" %", f"{HARD}%").replace(" ± ", f"{HARD}±{HARD}")
    return textwrap.fill(tied, WIDTH).replace(HARD, " ")


def capitalised(text: str) -> str:
    """Return `text` with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def format_score(value: float, name: str) -> str:
    """Format a score: an accuracy in percent, R2 as a number."""
    return f"{_number(100.0 * value, 2)} %" if name == "accuracy" else _number(value, 4)


def format_difference(value: float, name: str) -> str:
    """Format a difference of scores: of accuracies in percentage points."""
    if name == "accuracy":
        return f"{_number(100.0 * value, 2)} points"
    return f"{value:.1e}" if 0.0 < abs(value) < 1e-3 else _number(value, 4)


def format_interval(interval: tuple[float, float], name: str) -> str:
    """Format the interval of a difference of scores."""
    low, high = (format_difference(limit, name) for limit in interval)
    return f"{low.removesuffix(' points')} to {high}"


def format_confidence(confidence: float) -> str:
    """Format a confidence level in percent."""
    return f"{100.0 * confidence:.6g} %"


def format_lambda(lam: float) -> str:
    """Name a lambda: "lambda 0.1", or "no penalty" for 0."""
    return "no penalty" if lam == 0.0 else f"lambda {lam:.4g}"


def format_baseline(lam: float) -> str:
    """Name the lambda that a penalty is compared with: 0 or the smallest."""
    return "no penalty" if lam == 0.0 else f"the smallest lambda ({lam:.4g})"


def plain(value: Any) -> Any:
    """Return nested values as JSON has them; a number that is not finite is None."""
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(one) for one in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if callable(value):
        return getattr(value, "__name__", repr(value))
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: float, digits: int) -> str:
    if abs(value) >= 1e5:
        return f"{value:.2e}"
    return f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0: no -0.00
