"""Scores, differences, intervals and lambdas as text."""

from __future__ import annotations

import textwrap

WIDTH = 80


def wrapped(paragraph: str) -> str:
    """Wrap a paragraph at 80 columns, without separating a number from its %."""
    return textwrap.fill(paragraph.replace(" %", "\N{NO-BREAK SPACE}%"), WIDTH).replace(
        "\N{NO-BREAK SPACE}", " "
    )


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


def _number(value: float, digits: int) -> str:
    if abs(value) >= 1e5:
        return f"{value:.2e}"
    return f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0: no -0.00
