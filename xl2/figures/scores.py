"""The scores of a regularisation path against lambda."""

from __future__ import annotations

import math
from typing import Any

from ..nn.score_names import ShownScore, shown_score
from .lambda_axis import draw_lambda_axis
from .legends import add_legend
from .style import BLACK, GREEN, PURPLE, TRAINING, VALIDATION, VERMILLION, one_axes


def plot_path(path: Any, ax: Any = None) -> Any:
    """Draw the scores of a regularisation path against lambda.

    The axis is logarithmic, with lambda 0 left of a break.

    Parameters
    ----------
    path : RegularizationPath
        As `xl2.regularization_path` returns it.
    ax : matplotlib.axes.Axes, optional
        By default of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With the mean training and validation scores, one standard error around the
        latter, the score of each fold if there are several, that of the null model if it is
        among them, the best lambda and that of the one-standard-error rule, and a cross for
        each lambda that diverged. A loss or an error is drawn as such: smaller is better.
    """
    ax = one_axes(ax)
    x = draw_lambda_axis(ax, [float(lam) for lam in path.lambdas_])
    shown = shown_score(path.score_name_)
    sign = math.copysign(1.0, shown.factor)
    _draw_means(ax, path, x, sign)
    _mark_choices(ax, path, x)
    _draw_folds(ax, path, x, sign)
    _draw_null_model(ax, sign * path.null_score_)
    _mark_diverged(ax, path, x)
    ax.set_xlabel("lambda (L2 penalty)")
    _label_scores(ax, shown)
    add_legend(ax)
    return ax


def _draw_means(ax: Any, path: Any, x: Any, sign: float) -> None:
    """Draw the two means, and one standard error to each side of the validation mean."""
    import numpy as np

    means, errors = sign * path.validation_means_, path.standard_errors_
    look = {"markersize": 5, "linewidth": 1.8}
    ax.plot(x, sign * path.train_means_, label="training", **TRAINING, **look)
    label = "validation ± one SE" if np.isfinite(errors).any() else "validation"
    ax.plot(x, means, label=label, **VALIDATION, **look)
    low, high = means - errors, means + errors
    ax.fill_between(x, low, high, color=VERMILLION, alpha=0.18, linewidth=0)
    # A lambda between two that diverged has a bar, because a band needs neighbours.
    ax.vlines(x, low, high, color=VERMILLION, alpha=0.6, linewidth=1.5, zorder=2)


def _mark_choices(ax: Any, path: Any, x: Any) -> None:
    best, simple = path.best_index_, path.index_1se_
    name = "best and one-SE" if best == simple else "best"
    label = f"{name}: {path.best_lambda_:g}"
    ax.axvline(x[best], color=GREEN, linestyle="-.", zorder=1, label=label)
    if best != simple:
        dotted = {"color": PURPLE, "linestyle": (0, (1, 1)), "linewidth": 2, "zorder": 1}
        ax.axvline(x[simple], label=f"one-SE: {path.lambda_1se_:g}", **dotted)


def _draw_folds(ax: Any, path: Any, x: Any, sign: float) -> None:
    if path.n_folds_ > 1:
        labels = ["single folds"] + ["_nolegend_"] * (path.n_folds_ - 1)
        faint = {"color": VERMILLION, "linewidth": 0.7, "alpha": 0.35, "zorder": 1.5}
        scores = sign * path.validation_scores_
        ax.plot(x, scores, marker=".", markersize=3, label=labels, **faint)


def _draw_null_model(ax: Any, score: float) -> None:
    """Draw a level line, unless it is far from the curves: they would become flat."""
    low, high = ax.get_ylim()
    if low <= score <= high:
        dashed = {"color": BLACK, "linestyle": (0, (4, 2)), "linewidth": 1, "zorder": 1}
        ax.axhline(score, label="null model", **dashed)


def _mark_diverged(ax: Any, path: Any, x: Any) -> None:
    import numpy as np

    lost = x[np.isnan(path.validation_means_)]
    if len(lost):
        cross = {"color": BLACK, "marker": "x", "linestyle": "none", "clip_on": False}
        at_the_bottom = np.full(len(lost), 0.03)
        ax.plot(lost, at_the_bottom, label="diverged", transform=ax.get_xaxis_transform(), **cross)


def _label_scores(ax: Any, shown: ShownScore) -> None:
    """Label the axis of the scores, with an accuracy in percent."""
    from matplotlib.ticker import PercentFormatter

    if shown.unit:
        ax.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=""))
    ax.set_ylabel(f"{shown.name} ({shown.unit})" if shown.unit else shown.title)
