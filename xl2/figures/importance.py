"""What shuffling a column costs: a bar for each column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from .legends import add_legend
from .style import BLACK, BLUE, one_axes, shorten

LONGEST = 24  # characters of a name


def plot_importance(
    importance: Any,
    ax: Any = None,
    *,
    score_name: str = "accuracy",
    limit: int = 15,
    names: Sequence[str] | None = None,
) -> Any:
    """Draw by how much a score falls when a column is shuffled, the most important column on top.

    Parameters
    ----------
    importance : Importance
        That of a diagnosis: ``xl2.diagnose(...).importance``.
    ax : matplotlib.axes.Axes, optional
        By default of a new figure.
    score_name : {"accuracy", "R2"}, default "accuracy"
        That of the diagnosis. An accuracy is drawn in points.
    limit : int, default 15
        Columns that are drawn, at most.
    names : sequence of str, optional
        For the columns that are drawn, instead of their own names.

    Returns
    -------
    matplotlib.axes.Axes
        With a filled bar for each column whose importance can be told from chance, and an empty
        one for the others. Lines show one standard error over the folds to both sides, or on test
        samples one standard deviation over the shuffles.
    """
    if importance is None:
        raise InputError(
            "The diagnosis has no importance of columns. Pass that of xl2.diagnose(..., "
            "importance=True)."
        )
    shown = importance.columns[:limit]
    if not shown:
        raise InputError(f"limit must be 1 or more. Received: limit={limit}.")
    ax = one_axes(ax, (6.4, 1.2 + 0.3 * len(shown)))
    factor = 100.0 if score_name == "accuracy" else 1.0
    bars = {"height": 0.7, "edgecolor": BLUE, "linewidth": 1.2}
    kinds = (("beyond chance", True, BLUE), ("may be chance", False, "none"))
    for label, matters, colour in kinds:
        own = [k for k, one in enumerate(shown) if one.matters == matters]
        if own:
            losses = [factor * shown[k].loss for k in own]
            ax.barh(own, losses, color=colour, label=label, **bars)
    ax.errorbar(
        [factor * one.loss for one in shown],
        range(len(shown)),
        xerr=[factor * one.error for one in shown],
        label="± one SE" if importance.folds > 1 else "± one SD",
        color=BLACK,
        linestyle="none",
        capsize=3,
        elinewidth=1.2,
    )
    ax.axvline(0.0, color=BLACK, linewidth=0.8)
    texts = [shorten(one.name, LONGEST) for one in shown] if names is None else list(names)
    ax.set_yticks(range(len(shown)), texts, parse_math=False)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    unit = "points of accuracy" if score_name == "accuracy" else score_name
    ax.set_xlabel(f"{unit} lost")
    add_legend(ax)
    return ax
