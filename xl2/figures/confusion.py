"""A confusion matrix, shaded and with its counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from .style import BLACK, DIGIT, one_axes, shorten, size_in_points

TEXTS = 20  # so many classes leave room for a count in each cell


def plot_confusion(matrix: Any, labels: Sequence[Any], ax: Any = None) -> Any:
    """Draw a confusion matrix, shaded by the share of each true class.

    Parameters
    ----------
    matrix : array_like, shape (classes, classes)
        How many samples of the class of the row were taken for that of the column.
    labels : sequence, length classes
        Names of the classes; long ones are shortened.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With the counts as text, up to 20 classes.

    Raises
    ------
    InputError
        If the matrix is not square, `labels` are not as many as its rows, or
        matplotlib is not installed.
    """
    import numpy as np

    counts = np.asarray(matrix)
    classes = len(counts) if counts.ndim else 0
    if not classes or counts.shape != (classes, classes) or len(labels) != classes:
        raise InputError(
            "A confusion matrix is square and has a label for each row. Received: shape "
            f"{counts.shape} and {len(labels)} labels."
        )
    side = max(4.8, 0.36 * min(classes, TEXTS))
    ax = one_axes(ax, figsize=(1.25 * side, side))
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.where(totals > 0, totals, 1)  # a class without samples is all white
    drawn = ax.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, interpolation="nearest")
    ax.figure.colorbar(drawn, ax=ax, label="share of the true class")
    if classes <= TEXTS:
        _write_counts(ax, counts, shares)
    _name_classes(ax, labels)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    return ax


def _name_classes(ax: Any, labels: Sequence[Any]) -> None:
    """Name each class, or some where they are many, and turn names that have no room."""
    classes = len(labels)
    every = math.ceil(classes / 30)
    names = [shorten(str(label), 12) for label in labels][::every]
    size = "medium" if classes <= 12 else "x-small"
    # A class of "$10-$20" is no formula.
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
    # The labels may yet take a quarter of the cell.
    size = max(3.0, min(11.0, 0.75 * cell / (DIGIT * widest), 0.6 * cell))
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            colour = "white" if shares[i, j] > 0.5 else BLACK if counts[i, j] else "#777777"
            ax.text(j, i, text, ha="center", va="center", fontsize=size, color=colour)
