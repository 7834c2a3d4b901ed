"""The verdict in one picture: the target, the scores, and bias and gap between them."""

from __future__ import annotations

import math
from typing import Any

from ..nn.score_names import shown_score
from .score_axis import label_scores
from .style import BLUE, GREY, ORANGE, SKY, VERMILLION, ink, one_axes

ROWS = ("target", "bias", "training", "gap", "test")


class VerdictDisplay:
    """Bias and gap as the distances between the target, the training and the test score.

    A row each, from the top: the target, the bias, which is the way from the training score to
    it, the training score, the gap, which is the way from the test score to that, and the test
    score with its interval. A bar that is empty is a negative bias or gap. The numbers are on the
    right, so that a bias of 0 can be read too.

    Parameters
    ----------
    target_score, train_score, test_score : float
        Scores; larger is better, so a loss has its sign changed.
    test_interval : (float, float), optional
        Of the test score.
    score_name : str, default "accuracy"
        "accuracy", "R2", or a scorer of scikit-learn. An accuracy is drawn in percent, and a loss
        without its changed sign.
    confidence : float, default 0.95
        Of the interval.
    tested : str, default "test"
        What the test score is called: "validation" if it is that of a path's folds.

    Attributes
    ----------
    target_score, train_score, test_score, test_interval, score_name, confidence, tested
        As passed.
    bias, gap : float
        ``target_score - train_score`` and ``train_score - test_score``.
    ax_, figure_ : matplotlib.axes.Axes, matplotlib.figure.Figure
    points_ : dict of str to matplotlib.lines.Line2D
        Of "target", "training" and "test".
    spans_ : dict of str to matplotlib.patches.Rectangle
        Of "bias" and "gap".
    interval_ : matplotlib.lines.Line2D or None
    values_ : dict of str to matplotlib.text.Text
        The numbers on the right.

    See Also
    --------
    GainsDisplay : What each action would gain.
    xl2.diagnose : Where the numbers come from.

    Examples
    --------
    >>> from xl2.figures import VerdictDisplay
    >>> display = VerdictDisplay(1.0, 0.99, 0.97, (0.95, 0.98)).plot()
    >>> [round(float(span.get_width()), 3) for span in display.spans_.values()]
    [0.01, 0.02]
    """

    def __init__(
        self,
        target_score: float,
        train_score: float,
        test_score: float,
        test_interval: tuple[float, float] | None = None,
        *,
        score_name: str = "accuracy",
        confidence: float = 0.95,
        tested: str = "test",
    ):
        self.target_score, self.train_score = target_score, train_score
        self.test_score, self.test_interval = test_score, test_interval
        self.score_name, self.confidence, self.tested = score_name, confidence, tested
        self.bias, self.gap = target_score - train_score, train_score - test_score

    @classmethod
    def from_diagnosis(cls, diagnosis: Any, *, ax: Any = None) -> VerdictDisplay:
        """Draw the scores, the bias and the gap of a diagnosis.

        Parameters
        ----------
        diagnosis : Diagnosis
            As `xl2.diagnose` returns it.
        ax : matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        VerdictDisplay
        """
        return cls(
            diagnosis.target_score,
            diagnosis.train_score,
            diagnosis.test_score,
            diagnosis.test_interval,
            score_name=diagnosis.score_name,
            confidence=diagnosis.confidence,
            tested="validation" if diagnosis.of_folds else "test",
        ).plot(ax)

    def plot(self, ax: Any = None) -> VerdictDisplay:
        """Draw the five rows.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        VerdictDisplay
        """
        ax = one_axes(ax, (6.4, 2.8))
        self.ax_, self.figure_ = ax, ax.figure
        shown = shown_score(self.score_name)
        sign = math.copysign(1.0, shown.factor)
        at = {
            "target": sign * self.target_score,
            "training": sign * self.train_score,
            "test": sign * self.test_score,
        }
        self._draw_spans(at)
        self._draw_points(at, sign)
        _frame(ax, [*at.values(), *(sign * limit for limit in self.test_interval or ())])
        label_scores(ax.xaxis, shown)
        if self.interval_ is not None:
            interval = f"line: {100.0 * self.confidence:.4g} % interval"
            ax.set_xlabel(f"{ax.get_xlabel()}\n{interval}")
        self._write_values(shown)
        return self

    def _draw_spans(self, at: dict[str, float]) -> None:
        """Draw the bars of bias and gap, and lines that lead to their ends."""
        self.spans_ = {}
        for name, value, colour, start, end in (
            ("bias", self.bias, ORANGE, "training", "target"),
            ("gap", self.gap, SKY, "test", "training"),
        ):
            row = ROWS.index(name)
            look: dict[str, Any] = {"height": 0.56, "edgecolor": colour, "linewidth": 1.8}
            look |= {"facecolor": colour if value > 0.0 else "none", "zorder": 2, "gid": name}
            left, right = sorted((at[start], at[end]))
            (self.spans_[name],) = self.ax_.barh(row, right - left, left=left, **look)
        for name, x in at.items():
            row = ROWS.index(name)
            ends = [max(row - 1, 0), min(row + 1, len(ROWS) - 1)]
            self.ax_.plot([x, x], ends, color=GREY, linewidth=0.8, linestyle=":", zorder=1)

    def _draw_points(self, at: dict[str, float], sign: float) -> None:
        looks = {
            "target": {"color": ink(self.ax_), "marker": "D"},
            "training": {"color": BLUE, "marker": "s"},
            "test": {"color": VERMILLION, "marker": "o"},
        }
        self.interval_ = None
        if self.test_interval is not None:
            x = [sign * limit for limit in self.test_interval]
            look: dict[str, Any] = {
                "color": VERMILLION,
                "linewidth": 2.0,
                "marker": "|",
                "markersize": 9,
            }
            row = ROWS.index("test")
            (self.interval_,) = self.ax_.plot(x, [row, row], gid="test-interval", **look)
        self.points_ = {}
        for name, own in looks.items():
            point = self.ax_.plot(at[name], ROWS.index(name), gid=name, markersize=7, **own)
            (self.points_[name],) = point

    def _write_values(self, shown: Any) -> None:
        """Name the rows on the left, and write their numbers on the right."""
        unit = f" {shown.unit}" if shown.unit else ""
        points = " points" if shown.unit else ""
        # A loss changes its sign, and so do its differences.
        differences = shown._replace(factor=abs(shown.factor))
        texts = {
            "target": shown.cell(self.target_score) + unit,
            "bias": differences.cell(self.bias) + points,
            "training": shown.cell(self.train_score) + unit,
            "gap": differences.cell(self.gap) + points,
            "test": shown.cell(self.test_score) + unit,
        }
        names = [self.tested if name == "test" else name for name in ROWS]
        self.ax_.set_yticks(range(len(ROWS)), names)
        self.ax_.tick_params(axis="y", length=0)
        self.ax_.set_ylim(len(ROWS) - 0.5, -0.5)
        where: dict[str, Any] = {
            "transform": self.ax_.get_yaxis_transform(),
            "va": "center",
            "fontsize": "small",
        }
        self.values_ = {
            name: self.ax_.text(1.02, row, texts[name].replace("-", "\N{MINUS SIGN}"), **where)
            for row, name in enumerate(ROWS)
        }


def _frame(ax: Any, values: list[float]) -> None:
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 0.05
    ax.set_xlim(low - margin, high + margin)
