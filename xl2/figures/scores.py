"""The scores of a regularisation path against lambda."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..nn.score_names import shown_score
from .lambda_axis import draw_lambda_axis
from .legends import add_legend
from .score_axis import label_scores
from .style import BLACK, GREEN, PURPLE, TRAINING, VALIDATION, VERMILLION, one_axes


class RegularizationPathDisplay:
    """The scores of a regularisation path against lambda.

    The axis is logarithmic, with lambda 0 left of a break. A loss or an error is drawn as such:
    smaller is better.

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
    fold_lines_ : list of matplotlib.lines.Line2D
        One for each fold, if there are several.
    best_line_, simple_line_ : matplotlib.lines.Line2D
        At both choices; `simple_line_` is None if they are the same.
    null_line_ : matplotlib.lines.Line2D or None
        None if the null model is far from the curves.

    See Also
    --------
    RegularizationPath.plot : The short way.
    LossCurvesDisplay : How the losses came about.

    Examples
    --------
    >>> import xl2
    >>> path = xl2.regularization_path(X, y)  # doctest: +SKIP
    >>> xl2.figures.RegularizationPathDisplay.from_path(path)  # doctest: +SKIP
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
        x = draw_lambda_axis(ax, self.lambdas.tolist())
        shown = shown_score(self.score_name)
        sign = math.copysign(1.0, shown.factor)
        self._draw_means(x, sign)
        self._mark_choices(x)
        self._draw_folds(x, sign)
        self._draw_null_model(sign * self.null_score)
        self._mark_diverged(x)
        ax.set_xlabel("lambda (L2 penalty)")
        label_scores(ax.yaxis, shown)
        add_legend(ax)
        return self

    def _draw_means(self, x: Any, sign: float) -> None:
        """Draw the two means, and one standard error to each side of the validation mean."""
        import numpy as np

        ax, means, errors = self.ax_, sign * self.validation_means, self.standard_errors
        look = {"markersize": 5, "linewidth": 1.8}
        (self.train_line_,) = ax.plot(
            x, sign * self.train_means, label="training", gid="training", **TRAINING, **look
        )
        label = "validation ± one SE" if np.isfinite(errors).any() else "validation"
        (self.validation_line_,) = ax.plot(
            x, means, label=label, gid="validation", **VALIDATION, **look
        )
        low, high = means - errors, means + errors
        self.band_ = ax.fill_between(x, low, high, color=VERMILLION, alpha=0.18, linewidth=0)
        # A lambda between two that diverged has a bar, because a band needs neighbours.
        ax.vlines(x, low, high, color=VERMILLION, alpha=0.6, linewidth=1.5, zorder=2)

    def _mark_choices(self, x: Any) -> None:
        best, simple = self.best_index, self.index_1se
        name = "best and one-SE" if best == simple else "best"
        label = f"{name}: {self.lambdas[best]:g}"
        look = {"color": GREEN, "linestyle": "-.", "zorder": 1}
        self.best_line_ = self.ax_.axvline(x[best], label=label, gid="best", **look)
        self.simple_line_ = None
        if best != simple:
            label = f"one-SE: {self.lambdas[simple]:g}"
            look = {"color": PURPLE, "linestyle": (0, (1, 1)), "linewidth": 2, "zorder": 1}
            self.simple_line_ = self.ax_.axvline(x[simple], label=label, gid="one-se", **look)

    def _draw_folds(self, x: Any, sign: float) -> None:
        self.fold_lines_ = list[Any]()
        folds = self.validation_scores.shape[1]
        if folds > 1:
            labels = ["single folds"] + ["_nolegend_"] * (folds - 1)
            faint = {"color": VERMILLION, "linewidth": 0.7, "alpha": 0.35, "zorder": 1.5}
            scores = sign * self.validation_scores
            self.fold_lines_ = self.ax_.plot(
                x, scores, marker=".", markersize=3, label=labels, **faint
            )

    def _draw_null_model(self, score: float) -> None:
        """Draw a level line, unless it is far from the curves: they would become flat."""
        self.null_line_ = None
        low, high = self.ax_.get_ylim()
        if low <= score <= high:
            dashed = {"color": BLACK, "linestyle": (0, (4, 2)), "linewidth": 1, "zorder": 1}
            self.null_line_ = self.ax_.axhline(score, label="null model", gid="null", **dashed)

    def _mark_diverged(self, x: Any) -> None:
        import numpy as np

        lost = x[np.isnan(self.validation_means)]
        if len(lost):
            cross = {"color": BLACK, "marker": "x", "linestyle": "none", "clip_on": False}
            cross |= {"transform": self.ax_.get_xaxis_transform(), "label": "diverged"}
            self.ax_.plot(lost, np.full(len(lost), 0.03), **cross)
