"""What shuffling a column costs: a bar for each column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from .legends import add_legend
from .style import BLUE, ink, one_axes, shorten

LONGEST = 24  # characters of a name


class ImportanceDisplay:
    """By how much a score falls when a column is shuffled, the most important column on top.

    A bar is filled for each column whose importance can be told from chance, and empty for the
    others. Lines show one standard error over the folds to both sides, or on test samples one
    standard deviation over the shuffles.

    Parameters
    ----------
    importance : Importance
        That of a diagnosis: ``xl2.diagnose(...).importance``.
    score_name : {"accuracy", "R2"}, default "accuracy"
        That of the diagnosis. An accuracy is drawn in points.

    Attributes
    ----------
    importance, score_name
        As passed.
    ax_, figure_ : matplotlib.axes.Axes, matplotlib.figure.Figure
    bars_ : list of matplotlib.patches.Rectangle
        One for each column that is drawn, from the top.
    errors_ : matplotlib.container.ErrorbarContainer

    See Also
    --------
    PartialDependenceDisplay : How predictions depend on one column.

    Examples
    --------
    >>> import xl2
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> options = {"lambdas": [0.0, 1.0], "epochs": 30, "progress": False}
    >>> path = xl2.regularization_path(X, y, experiments=["importance"], budget=100, **options)
    >>> display = xl2.figures.ImportanceDisplay.from_diagnosis(xl2.diagnose(path), limit=3)
    >>> len(display.bars_)
    3
    """

    def __init__(self, importance: Any, *, score_name: str = "accuracy"):
        if importance is None:
            raise InputError(
                "The diagnosis has no importance of columns. Pass that of xl2.diagnose(..., "
                "importance=True)."
            )
        self.importance = importance
        self.score_name = score_name

    @classmethod
    def from_diagnosis(
        cls,
        diagnosis: Any,
        *,
        ax: Any = None,
        limit: int = 15,
        names: Sequence[str] | None = None,
    ) -> ImportanceDisplay:
        """Draw the importance of a diagnosis.

        Parameters
        ----------
        diagnosis : Diagnosis
            Of ``xl2.diagnose(..., importance=True)``, or of a path with experiments.
        ax, limit, names
            See `plot`.

        Returns
        -------
        ImportanceDisplay
        """
        display = cls(diagnosis.importance, score_name=diagnosis.score_name)
        return display.plot(ax, limit=limit, names=names)

    def plot(
        self, ax: Any = None, *, limit: int = 15, names: Sequence[str] | None = None
    ) -> ImportanceDisplay:
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            By default of a new figure.
        limit : int, default 15
            Columns that are drawn, at most.
        names : sequence of str, optional
            For the columns that are drawn, instead of their own names.

        Returns
        -------
        ImportanceDisplay
        """
        shown = self.importance.columns[:limit]
        if not shown:
            raise InputError(f"limit must be 1 or more. Received: limit={limit}.")
        ax = one_axes(ax, (6.4, 1.2 + 0.3 * len(shown)))
        self.ax_, self.figure_ = ax, ax.figure
        factor = 100.0 if self.score_name == "accuracy" else 1.0
        self.bars_ = _draw_bars(ax, shown, factor)
        self.errors_ = ax.errorbar(
            [factor * one.loss for one in shown],
            range(len(shown)),
            xerr=[factor * one.error for one in shown],
            label="± one SE" if self.importance.folds > 1 else "± one SD",
            color=ink(ax),
            linestyle="none",
            capsize=3,
            elinewidth=1.2,
        )
        ax.axvline(0.0, color=ink(ax), linewidth=0.8)
        texts = [shorten(one.name, LONGEST) for one in shown] if names is None else list(names)
        ax.set_yticks(range(len(shown)), texts, parse_math=False)
        ax.set_ylim(len(shown) - 0.4, -0.6)
        unit = "points of accuracy" if self.score_name == "accuracy" else self.score_name
        ax.set_xlabel(f"{unit} lost")
        add_legend(ax)
        return self


def _draw_bars(ax: Any, shown: Sequence[Any], factor: float) -> list[Any]:
    """Draw and return a bar for each column, filled if it matters."""
    look = {"height": 0.7, "edgecolor": BLUE, "linewidth": 1.2}
    bars: dict[int, Any] = {}
    for label, matters, colour in (
        ("beyond chance", True, BLUE),
        ("may be chance", False, "none"),
    ):
        own = [k for k, one in enumerate(shown) if one.matters == matters]
        if own:
            losses = [factor * shown[k].loss for k in own]
            drawn = ax.barh(own, losses, color=colour, label=label, **look)
            bars.update(zip(own, drawn, strict=True))
    for k, bar in bars.items():
        bar.set_gid(f"importance-{k}")
    return [bars[k] for k in range(len(shown))]
