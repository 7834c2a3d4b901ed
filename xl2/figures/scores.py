"""The scores of a regularisation path against lambda."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..nn.score_names import ShownScore, shown_score
from .edge import Edge
from .lambda_axis import draw_lambda_axis, three_digits
from .path_labels import label_path
from .placing import settle
from .score_axis import label_scores
from .style import (
    GREEN,
    PURPLE,
    TRAINING,
    VALIDATION,
    VERMILLION,
    ink,
    one_axes,
)
from .useful import LEAST, that_learn, why_not


class RegularizationPathDisplay:
    """The scores of a regularisation path against lambda.

    The axis is logarithmic, with lambda 0 left of a break. A loss or an error is drawn as such:
    smaller is better. A level line is the null model, if it is among the curves.

    If lambdas that learn nothing would take more than half of the score's axis, it is cut to those
    that learn: whose score has nine tenths of the best one's lead over the null model, or is at
    most ten standard errors below the best. The others are arrows at the edge, with their score or
    the reason. A lambda that diverged is a cross.

    Parameters
    ----------
    lambdas : sequence of float
        In ascending order.
    train_means, validation_means, standard_errors : array_like, shape (n_lambdas,)
        Mean scores, and the standard errors of the validation; larger scores are better.
    validation_scores : array_like, shape (n_lambdas, n_folds), optional
        Those of the folds.
    best_index, index_1se : int
        Indices of the chosen lambda and of that of the one-standard-error rule.
    null_score : float, default NaN
        That of the null model.
    one_class : array_like of bool, shape (n_lambdas,), optional
        Whether the networks predict one class only.
    score_name : str, default "accuracy"
        As in scikit-learn. An accuracy is drawn in percent.

    Attributes
    ----------
    lambdas, train_means, validation_means, standard_errors, validation_scores, best_index, \
index_1se, null_score, one_class, score_name
        As passed, as NumPy arrays.
    ax_, figure_ : matplotlib.axes.Axes, matplotlib.figure.Figure
    train_line_, validation_line_ : matplotlib.lines.Line2D
    band_ : matplotlib.collections.FillBetweenPolyCollection
        One standard error to each side of the validation score.
    error_bars_ : matplotlib.collections.LineCollection
        The same as lines.
    train_points_, validation_points_ : list of matplotlib.lines.Line2D
        A marker for each lambda; those outside the axis are not visible.
    fold_lines_ : list of matplotlib.lines.Line2D
        One for each fold, if there are several.
    best_line_, simple_line_ : matplotlib.lines.Line2D
        At both choices; `simple_line_` is None if they are the same.
    null_line_ : matplotlib.lines.Line2D or None
        None if the null model is far from the curves.
    edge_marks_ : dict of int to matplotlib.lines.Line2D
        The arrows and crosses, by the index of their lambda.
    labels_ : dict of str to matplotlib.text.Text
        Those of "training", "validation", "null", "best" and "one-se", as far as there is room.
    words_ : list of matplotlib.text.Text
        The words at the arrows and crosses.

    See Also
    --------
    RegularizationPath.plot : The short way.
    LossCurvesDisplay : How the losses came about.

    Examples
    --------
    >>> import xl2
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> path = xl2.regularization_path(X, y, lambdas=[0.0, 1.0], epochs=30, progress=False)
    >>> display = xl2.figures.RegularizationPathDisplay.from_path(path)
    >>> len(display.validation_points_)
    2
    """

    def __init__(
        self,
        lambdas: Sequence[float],
        train_means: Any,
        validation_means: Any,
        standard_errors: Any,
        validation_scores: Any = None,
        *,
        best_index: int,
        index_1se: int,
        null_score: float = math.nan,
        one_class: Any = None,
        score_name: str = "accuracy",
    ):
        import numpy as np

        self.lambdas = np.asarray(lambdas, dtype="float64")
        self.train_means, self.validation_means = (
            np.asarray(train_means),
            np.asarray(validation_means),
        )
        self.standard_errors = np.asarray(standard_errors)
        scores = self.validation_means[:, None] if validation_scores is None else validation_scores
        self.validation_scores = np.asarray(scores)
        self.best_index, self.index_1se = best_index, index_1se
        self.null_score, self.score_name = null_score, score_name
        self.one_class = (
            np.zeros(len(lambdas), bool) if one_class is None else np.asarray(one_class)
        )

    @classmethod
    def from_path(cls, path: Any, *, ax: Any = None) -> RegularizationPathDisplay:
        """Draw the scores of a path.

        Parameters
        ----------
        path : RegularizationPath
            As `xl2.regularization_path` returns it.
        ax : matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        RegularizationPathDisplay
        """
        return cls(
            path.lambdas_,
            path.train_means_,
            path.validation_means_,
            path.standard_errors_,
            path.validation_scores_,
            best_index=path.best_index_,
            index_1se=path.index_1se_,
            null_score=path.null_score_,
            one_class=path.one_class_,
            score_name=path.score_name_,
        ).plot(ax)

    def plot(self, ax: Any = None) -> RegularizationPathDisplay:
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        RegularizationPathDisplay
        """
        ax = one_axes(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self.labels_ = dict[str, Any]()
        shown = shown_score(self.score_name)
        sign = math.copysign(1.0, shown.factor)
        ax.set_xlabel("lambda (L2 penalty)")
        label_scores(ax.yaxis, shown)
        limits, cut = self._range(sign)
        ax.set_ylim(*limits, auto=None)
        settle(ax)  # what follows depends on the size of the axes
        x = draw_lambda_axis(ax, self.lambdas.tolist())
        self._draw_means(x, sign)
        self._draw_folds(x, sign)
        self._draw_choices(x)
        self._draw_null_model(sign * self.null_score, limits)
        edge = Edge(ax, limits, upper=sign < 0.0)
        self._mark_edge(x, sign, edge, shown)
        names = self._name_choices(edge)
        edge.set_limits(keep=cut)
        if cut:
            points = (*self.train_points_, *self.validation_points_)
            curves = (self.train_line_, self.validation_line_, self.band_, self.error_bars_)
            edge.clip((*curves, *points, *self.fold_lines_))
        self.edge_marks_, self.words_ = edge.marks, edge.words
        self.labels_ |= names
        self.labels_ |= label_path(self, x, sign, edge.room())
        return self

    def _range(self, sign: float) -> tuple[tuple[float, float], bool]:
        """Return the scores that the axis must show, and whether others are left out."""
        import numpy as np

        learn = that_learn(
            self.validation_means, self.standard_errors, self.null_score, self.one_class
        )
        found = []
        for chosen in (learn, np.isfinite(self.validation_means)):
            means, errors = self.validation_means[chosen], self.standard_errors[chosen]
            spread = np.where(np.isfinite(errors), errors, 0.0)
            parts = [means - spread, means + spread, self.train_means[chosen]]
            values = np.concatenate([*parts, self.validation_scores[chosen].ravel()])
            values = sign * values[np.isfinite(values)]
            found.append((float(values.min()), float(values.max())) if len(values) else (0.0, 1.0))
        (low, high), (lowest, highest) = found
        cut = high - low < LEAST * (highest - lowest)
        return found[0 if cut else 1], cut

    def _draw_means(self, x: Any, sign: float) -> None:
        """Draw the two means, and one standard error to each side of the validation mean."""
        ax, means, errors = self.ax_, sign * self.validation_means, self.standard_errors
        self.train_line_, self.train_points_ = _curve(
            ax, x, sign * self.train_means, "training", TRAINING
        )
        self.validation_line_, self.validation_points_ = _curve(
            ax, x, means, "validation", VALIDATION
        )
        low, high = means - errors, means + errors
        look = {"color": VERMILLION, "alpha": 0.18, "linewidth": 0, "gid": "band"}
        self.band_ = ax.fill_between(x, low, high, **look)
        # A lambda between two that diverged has a bar, because a band needs neighbours.
        look = {"color": VERMILLION, "alpha": 0.6, "linewidth": 1.5, "zorder": 2, "gid": "errors"}
        self.error_bars_ = ax.vlines(x, low, high, **look)

    def _draw_choices(self, x: Any) -> None:
        best, simple = self.best_index, self.index_1se
        look = {"color": GREEN, "linestyle": "-.", "zorder": 1}
        self.best_line_ = self.ax_.axvline(x[best], label="best", gid="best", **look)
        self.simple_line_ = None
        if best != simple:
            look = {"color": PURPLE, "linestyle": (0, (1, 1)), "linewidth": 2, "zorder": 1}
            self.simple_line_ = self.ax_.axvline(x[simple], label="one-SE", gid="one-se", **look)

    def _name_choices(self, edge: Edge) -> dict[str, Any]:
        """Name the chosen lambdas at the edge where scores are good."""
        best, both = self.best_index, self.simple_line_ is None
        name = "best and one-SE" if both and len(self.lambdas) > 1 else "best"
        lines: dict[str, tuple[Any, str]] = {}
        lines["best"] = (self.best_line_, f"{name}: {three_digits(self.lambdas[best])}")
        if self.simple_line_ is not None:
            text = f"one-SE: {three_digits(self.lambdas[self.index_1se])}"
            lines["one-se"] = (self.simple_line_, text)
        return edge.name(lines)

    def _draw_folds(self, x: Any, sign: float) -> None:
        self.fold_lines_ = list[Any]()
        if self.validation_scores.shape[1] > 1:
            faint = {"color": VERMILLION, "linewidth": 0.7, "alpha": 0.35, "zorder": 1.5}
            faint |= {"marker": ".", "markersize": 3, "label": "_nolegend_"}
            for k, scores in enumerate(sign * self.validation_scores.T):
                self.fold_lines_ += self.ax_.plot(x, scores, gid=f"fold-{k}", **faint)

    def _draw_null_model(self, score: float, limits: tuple[float, float]) -> None:
        """Draw a level line, unless it is far from the curves: they would become flat."""
        self.null_line_ = None
        margin = 0.05 * (limits[1] - limits[0])
        if limits[0] - margin <= score <= limits[1] + margin:
            dashed = {"color": ink(self.ax_), "linestyle": (0, (4, 2)), "linewidth": 1, "zorder": 1}
            self.null_line_ = self.ax_.axhline(score, label="null model", gid="null", **dashed)

    def _mark_edge(self, x: Any, sign: float, edge: Edge, shown: ShownScore) -> None:
        """Mark the lambdas whose scores are not shown, and say why."""
        for i, score in enumerate(self.validation_means.tolist()):
            one_class = bool(self.one_class[i]) and not self.one_class.all()
            why = why_not(score, float(self.standard_errors[i]), self.null_score, one_class)
            if why == "diverged":
                edge.mark(i, x[i], "x", why)
            elif not edge.holds(sign * score):
                edge.mark(i, x[i], "", why or _short(score, shown))
            elif one_class:
                edge.mark(i, x[i], None, why)
        for i in edge.marks:
            self.validation_points_[i].set(visible=False, gid=None)
            self.train_points_[i].set_visible(edge.holds(sign * float(self.train_means[i])))


def _short(score: float, shown: ShownScore) -> str:
    value = shown.factor * score
    return f"{value:.1f}" if shown.unit else f"{value:.3g}"


def _curve(ax: Any, x: Any, y: Any, series: str, style: dict[str, Any]) -> tuple[Any, list[Any]]:
    """Draw a line, and a marker of its own for each point, which a page can find."""
    colour, dash, marker = style["color"], style["linestyle"], style["marker"]
    (line,) = ax.plot(x, y, color=colour, linestyle=dash, linewidth=1.8, label=series, gid=series)
    look = {"color": colour, "marker": marker, "linestyle": "none", "markersize": 5}
    points = list[Any]()
    for i, at in enumerate(zip(x, y, strict=True)):
        points += ax.plot(*at, label="_nolegend_", gid=f"{series}-{i}", **look)
    return line, points
