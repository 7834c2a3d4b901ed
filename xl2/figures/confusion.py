"""A confusion matrix, shaded and with its counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from .style import BLACK, DIGIT, one_axes, shorten, size_in_points

MOST_COUNTED = 20  # classes; with more, the cells are too small for counts


def plot_confusion(matrix: Any, labels: Sequence[Any], ax: Any = None) -> Any:
    """Draw a confusion matrix, shaded by the share of each true class, and return its axes.

    Parameters
    ----------
    matrix : array_like, shape (classes, classes)
        Numbers of samples: a row for each true class, a column for each predicted one. Up to
        20 classes they are drawn as text.
    labels : sequence, length classes
        Names of the classes; long ones are shortened.
    ax : matplotlib.axes.Axes, optional
        By default of a new figure.
    """
    import numpy as np

    counts = np.asarray(matrix)
    classes = len(counts) if counts.ndim else 0
    if not classes or counts.shape != (classes, classes) or len(labels) != classes:
        raise InputError(
            "A confusion matrix must be square, with one label for each row. Received: shape "
            f"{counts.shape} and {len(labels)} labels."
        )
    side = max(4.8, 0.36 * min(classes, MOST_COUNTED))
    ax = one_axes(ax, figsize=(1.25 * side, side))
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.where(totals > 0, totals, 1)  # a class without samples is all white
    drawn = ax.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, interpolation="nearest")
    ax.figure.colorbar(drawn, ax=ax, label="share of the true class")
    if classes <= MOST_COUNTED:
        _write_counts(ax, counts, shares)
    _label_classes(ax, labels)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    return ax


def _label_classes(ax: Any, labels: Sequence[Any]) -> None:
    """Label each class, or some of many; turn labels that would overlap."""
    classes = len(labels)
    every = math.ceil(classes / 30)
    names = [shorten(str(label), 12) for label in labels][::every]
    size = "medium" if classes <= 12 else "x-small"
    # A class "$10-$20" is not a formula.
    plain: dict[str, Any] = {"fontsize": size, "parse_math": False}
    turned: dict[str, Any] = {}
    if max(map(len, names)) * len(names) > 40:
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        if len(names) > 12:
            turned.update(rotation=90, va="center")
    ax.set_xticks(range(0, classes, every), names, **plain, **turned)
    ax.set_yticks(range(0, classes, every), names, **plain)


def _write_counts(ax: Any, counts: Any, shares: Any) -> None:
    import numpy as np

    whole = bool(np.all(counts == np.round(counts)))
    texts = [[f"{int(n)}" if whole else f"{n:.2f}" for n in row] for row in counts.tolist()]
    widest = max(len(text) for row in texts for text in row)
    cell = min(size_in_points(ax)) / len(texts)
    # The labels may later take a quarter of the cell.
    size = max(3.0, min(11.0, 0.75 * cell / (DIGIT * widest), 0.6 * cell))
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            colour = "white" if shares[i, j] > 0.5 else BLACK if counts[i, j] else "#777777"
            ax.text(j, i, text, ha="center", va="center", fontsize=size, color=colour)
