"""The score against the number of training samples: a learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from .placing import Obstacles, Room, label_curve, settle
from .style import DARK_VERMILLION, VALIDATION, ink, one_axes


class LearningCurveDisplay:
    """The validation score against the number of training samples.

    Points are measured, with one standard error to both sides. A dashed curve goes on to twice
    the samples, where the interval holds 90 % of what may come out.

    Parameters
    ----------
    rows, scores, errors : sequence of float
        Training samples, the score that was measured with them, and its standard error.
    predicted : (rows, scores), optional
        The curve from the last point on, as it is extrapolated.
    interval : (low, high), optional
        Of the last score that is predicted.
    score_name : str, default "accuracy"
        An accuracy is drawn in percent.

    Attributes
    ----------
    rows, scores, errors, predicted, interval, score_name
        As passed.
    ax_, figure_ : matplotlib.axes.Axes, matplotlib.figure.Figure
    points_ : matplotlib.container.ErrorbarContainer
    curve_ : matplotlib.lines.Line2D or None
        As predicted.
    last_ : matplotlib.container.ErrorbarContainer or None
        The interval.
    labels_ : dict of str to matplotlib.text.Text
        Of "measured", "extrapolated" and "interval", as far as there is room.

    See Also
    --------
    GainsDisplay : What each action would gain, more samples among them.
    sklearn.model_selection.LearningCurveDisplay : Of any estimator, measured only.

    Examples
    --------
    >>> import xl2
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> options = {"lambdas": [0.0, 1.0], "epochs": 30, "progress": False}
    >>> path = xl2.regularization_path(X, y, experiments=["curve"], budget=100, **options)
    >>> display = xl2.figures.LearningCurveDisplay.from_path(path)
    >>> display.points_.lines[0].get_xdata().tolist() == list(display.rows)
    True
    """

    def __init__(
        self,
        rows: Sequence[float],
        scores: Sequence[float],
        errors: Sequence[float],
        predicted: tuple[Sequence[float], Sequence[float]] | None = None,
        interval: tuple[float, float] | None = None,
        *,
        score_name: str = "accuracy",
    ):
        self.rows, self.scores, self.errors = rows, scores, errors
        self.predicted, self.interval = predicted, interval
        self.score_name = score_name

    @classmethod
    def from_path(cls, path: Any, *, ax: Any = None) -> LearningCurveDisplay:
        """Draw the learning curve of a path's best lambda.

        Parameters
        ----------
        path : RegularizationPath
            With ``experiments=True``, which train on parts of the samples.
        ax : matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        LearningCurveDisplay
        """
        curve = path.learning_curve_
        if curve is None:
            raise InputError(
                "The path has no learning curve: too few parts of the samples were trained on. "
                "Pass experiments=True to xl2.regularization_path."
            )
        score_name = "R2" if path.task_ == "regression" else "accuracy"
        return cls(*curve, score_name=score_name).plot(ax)

    def plot(self, ax: Any = None) -> LearningCurveDisplay:
        """Draw the learning curve.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        LearningCurveDisplay
        """
        ax = one_axes(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self.curve_ = self.last_ = None
        bars = {"capsize": 3, "linewidth": 1.8, "elinewidth": 1.2, "markersize": 5, **VALIDATION}
        self.points_ = ax.errorbar(self.rows, self.scores, self.errors, label="measured", **bars)
        self.points_.lines[0].set_gid("measured")
        if self.predicted is not None:
            dashed = {"color": ink(ax), "linestyle": (0, (4, 2)), "linewidth": 1.2}
            (self.curve_,) = ax.plot(*self.predicted, label="extrapolated", **dashed)
        if self.predicted is not None and self.interval is not None:
            x, y = self.predicted[0][-1], self.predicted[1][-1]
            around = [[y - self.interval[0]], [self.interval[1] - y]]
            look = {"color": ink(ax), "marker": "D", "linestyle": "none", "elinewidth": 1.2}
            look |= {"capsize": 3, "markersize": 5, "label": "90 % interval"}
            self.last_ = ax.errorbar([x], [y], around, **look)
            self.last_.lines[0].set_gid("twice")
        ax.set_xlim(0, None)
        ax.set_xlabel("training samples")
        if self.score_name == "accuracy":
            from matplotlib.ticker import PercentFormatter

            ax.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=""))
        unit = " (%)" if self.score_name == "accuracy" else ""
        ax.set_ylabel(f"validation {self.score_name}{unit}")
        settle(ax)
        self.labels_ = self._label()
        return self

    def _label(self) -> dict[str, Any]:
        """Name the points, the curve and the interval beside them."""
        import numpy as np

        ax, taken = self.ax_, Obstacles()
        rows, scores, errors = (np.asarray(each) for each in (self.rows, self.scores, self.errors))
        box = ax.get_window_extent()
        room, named = Room(box.x0 + 3, box.y0 + 3, box.x1 - 3, box.y1 - 3), list[Any]()
        taken.add_curve(ax, rows, scores, 3.0)
        for row, score, error in zip(rows, scores, errors, strict=True):
            taken.add_curve(ax, [row, row], [score - error, score + error], 3.0)
        colour = {"color": DARK_VERMILLION}
        guides = [scores, scores + errors, scores - errors]
        named.append(("measured", rows, guides, "measured ± one SE", colour))
        if self.predicted is not None:
            taken.add_curve(ax, *self.predicted, 3.0)
            # Not at its ends, which are those of the points and of the interval.
            ahead = [np.asarray(each)[_middle(each)] for each in self.predicted]
            named.append(("extrapolated", ahead[0], [ahead[1]], "extrapolated", {}))
        if self.predicted is not None and self.interval is not None:
            twice = [self.predicted[0][-1]] * 2
            taken.add_curve(ax, twice, self.interval, 3.0)
            named.append(("interval", twice, [self.interval], "90 % interval", {}))
        texts = {
            name: label_curve(ax, x, guides, text, taken, room, **look)
            for name, x, guides, text, look in named
        }
        return {name: text for name, text in texts.items() if text is not None}


def _middle(values: Sequence[float]) -> slice:
    count = len(values)
    return slice(count // 4, max(count * 3 // 4, count // 4 + 1))
