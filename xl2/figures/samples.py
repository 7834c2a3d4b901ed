"""The score against the number of training samples: a learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .legends import add_legend
from .style import BLACK, VALIDATION, one_axes


def plot_learning_curve(
    rows: Sequence[float],
    scores: Sequence[float],
    errors: Sequence[float],
    predicted: tuple[Sequence[float], Sequence[float]] | None = None,
    interval: tuple[float, float] | None = None,
    ax: Any = None,
    *,
    score_name: str = "accuracy",
) -> Any:
    """Draw the validation score against the number of training samples.

    Parameters
    ----------
    rows, scores, errors : sequence of float
        Training samples, the score that was measured with them, and its standard error.
    predicted : (rows, scores), optional
        The curve from the last point on, as it is extrapolated.
    interval : (low, high), optional
        Of the last score that is predicted.
    ax : matplotlib.axes.Axes, optional
        By default of a new figure.
    score_name : str, default "accuracy"
        An accuracy is drawn in percent.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = one_axes(ax)
    bars = {"capsize": 3, "linewidth": 1.8, "elinewidth": 1.2, "markersize": 5}
    ax.errorbar(rows, scores, errors, label="measured ± one SE", **VALIDATION, **bars)
    if predicted is not None:
        dashed = {"color": BLACK, "linestyle": (0, (4, 2)), "linewidth": 1.2}
        ax.plot(*predicted, label="extrapolated", **dashed)
    if predicted is not None and interval is not None:
        x, y = predicted[0][-1], predicted[1][-1]
        below_and_above = [[y - interval[0]], [interval[1] - y]]
        look = {"color": BLACK, "marker": "D", "linestyle": "none", "capsize": 3, "markersize": 5}
        look["elinewidth"] = 1.2
        ax.errorbar([x], [y], below_and_above, label="90 % interval", **look)
    ax.set_xlim(0, None)
    ax.set_xlabel("training samples")
    if score_name == "accuracy":
        from matplotlib.ticker import PercentFormatter

        ax.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=""))
    ax.set_ylabel(f"validation {score_name}{' (%)' if score_name == 'accuracy' else ''}")
    add_legend(ax)
    return ax
