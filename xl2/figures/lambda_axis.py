"""A logarithmic axis of lambda with a position for 0, and labels that do not overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .style import DIGIT, ink, size_in_points

LABELS = 12  # up to this many lambdas, each has a label


def draw_lambda_axis(ax: Any, lams: Sequence[float]) -> Any:
    """Make the x axis of `ax` one of lambda; return the position of each, an array (lambdas,).

    `lams` are in ascending order. The position of 0, if it is the first, is left of a break.
    """
    import numpy as np

    positive = np.log10([lam for lam in lams if lam > 0])
    first, last = (positive[0], positive[-1]) if len(positive) else (0.0, 0.0)
    apart = max(0.5, 0.16 * (last - first))
    zero = first - apart if len(positive) else first
    logs = np.asarray([math.log10(lam) if lam > 0 else zero for lam in lams])
    margin = max(0.02, 0.05 * (logs[-1] - logs[0]))
    ax.set_xscale("log")
    ax.set_xlim(10 ** (logs[0] - margin), 10 ** (logs[-1] + margin))
    _label_lambdas(ax, lams, logs)
    if lams[0] == 0 and len(positive):
        _break_axis(ax, 10 ** (zero + 0.5 * apart))
    return np.asarray([lam if lam > 0 else 10**zero for lam in lams])


def three_digits(lam: float) -> str:
    """Format a lambda: 0.03, 1000, 1e-05."""
    # `:.3g` alone would write 1000 as 1e+03.
    return f"{float(f'{lam:.3g}'):g}"


def _label_lambdas(ax: Any, lams: Sequence[float], logs: Any) -> None:
    """Give each lambda a tick, and labels to those with enough space."""
    from matplotlib.ticker import NullFormatter

    known = dict(zip(logs, lams, strict=True))
    width, _ = size_in_points(ax)
    left, right = (math.log10(limit) for limit in ax.get_xlim())
    size = ax.xaxis.get_major_ticks(1)[0].label1.get_size()
    labels, end = {}, -math.inf
    for log in _worth_a_label(lams, logs):
        text = three_digits(known.get(log, 10**log))
        # One more digit separates two labels.
        half, middle = DIGIT / 2 * size * (len(text) + 1), (log - left) / (right - left) * width
        if middle - half >= end:
            labels[log], end = text, middle + half
    ax.set_xticks([10**log for log in labels], list(labels.values()))
    ax.set_xticks([10**log for log in known if log not in labels], minor=True)
    ax.xaxis.set_minor_formatter(NullFormatter())


def _worth_a_label(lams: Sequence[float], logs: Any) -> list[float]:
    """Return the logarithms of a few lambdas, else of 0 and the decades, or of every nth."""
    every, zeros = list(logs), int(lams[0] == 0)
    if len(lams) <= LABELS:
        return every
    exponents = range(math.ceil(logs[zeros]), math.floor(logs[-1]) + 1)
    decades = [float(exponent) for exponent in exponents[:: math.ceil(len(exponents) / 6)]]
    if len(decades) > 2:
        return every[:zeros] + decades
    return every[:: math.ceil(len(lams) / LABELS)]


def _break_axis(ax: Any, x: float) -> None:
    """Draw the sign of a break across the lower edge of the axes."""
    from matplotlib.transforms import ScaledTranslation

    transform = ax.get_xaxis_transform()
    stroke = {"clip_on": False, "linestyle": "none", "zorder": 5}
    # A gap in the colour of the background, and two strokes at its ends.
    gap = {"marker": "s", "markersize": 6, "color": ax.get_facecolor()}
    ax.plot(x, 0, transform=transform, **gap, **stroke)
    slanted = {"marker": [(-0.5, -1), (0.5, 1)], "markersize": 11, "color": ink(ax)}
    for side in (-3, 3):
        shift = ScaledTranslation(side / 72, 0, ax.figure.dpi_scale_trans)
        ax.plot(x, 0, transform=transform + shift, **slanted, **stroke)
