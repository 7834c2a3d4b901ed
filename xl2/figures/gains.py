"""What each action would gain: a point and an interval for each."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from .style import BLUE, GREY, VERMILLION, ink, one_axes

WIDEST = 24  # characters in a line of an action's name


class GainsDisplay:
    """What each action would gain, with its 90 % interval, the largest gain on top.

    The line at 0 is the model as it is. A point is filled if its whole interval is a gain, or a
    loss; an empty one is a tie: the action may gain or lose. Diamonds are extrapolated, circles
    were tried. The penalty is compared with no penalty, since the model has it already.

    Parameters
    ----------
    actions : sequence of Action
        ``diagnosis.actions``.
    score_name : {"accuracy", "R2"}, default "accuracy"
        That of the diagnosis. An accuracy is drawn in points.

    Attributes
    ----------
    actions, score_name
        As passed; the actions as a list, the largest gain first.
    ax_, figure_ : matplotlib.axes.Axes, matplotlib.figure.Figure
    points_, intervals_ : list of matplotlib.lines.Line2D
        One for each action, from the top.
    values_ : list of matplotlib.text.Text
        The gains in numbers, on the right.

    See Also
    --------
    VerdictDisplay : What limits the model.
    LearningCurveDisplay : What more samples would do.

    Examples
    --------
    >>> import xl2
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> options = {"lambdas": [0.0, 1.0], "epochs": 30, "progress": False}
    >>> path = xl2.regularization_path(X, y, experiments=["curve", "wider"], budget=100, **options)
    >>> diagnosis = xl2.diagnose(path)
    >>> display = xl2.figures.GainsDisplay.from_diagnosis(diagnosis)
    >>> len(display.points_) == len(diagnosis.actions)
    True
    """

    def __init__(self, actions: Sequence[Any], *, score_name: str = "accuracy"):
        if not actions:
            raise InputError(
                "The diagnosis has no actions. Pass that of a path which was trained with "
                "experiments=True, and whose networks know more than chance."
            )
        self.actions = sorted(actions, key=lambda action: -action.gain)
        self.score_name = score_name

    @classmethod
    def from_diagnosis(cls, diagnosis: Any, *, ax: Any = None) -> GainsDisplay:
        """Draw the actions of a diagnosis.

        Parameters
        ----------
        diagnosis : Diagnosis
            Of a path that was trained with ``experiments=True``.
        ax : matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        GainsDisplay
        """
        return cls(diagnosis.actions, score_name=diagnosis.score_name).plot(ax)

    def plot(self, ax: Any = None) -> GainsDisplay:
        """Draw the gains.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        GainsDisplay
        """
        count = len(self.actions)
        ax = one_axes(ax, (6.4, 1.1 + 0.38 * count))
        self.ax_, self.figure_ = ax, ax.figure
        factor, digits = (100.0, 2) if self.score_name == "accuracy" else (1.0, 3)
        self.points_, self.intervals_, self.values_ = list[Any](), list[Any](), list[Any]()
        ax.axvline(0.0, color=ink(ax), linewidth=1.0, zorder=1, gid="zero")
        beside = {"transform": ax.get_yaxis_transform(), "va": "center", "fontsize": "small"}
        for row, action in enumerate(self.actions):
            colour = BLUE if action.is_certain else VERMILLION if action.loses else GREY
            ends = [factor * limit for limit in action.interval]
            bar = {"color": colour, "linewidth": 2.0, "marker": "|", "markersize": 8}
            self.intervals_ += ax.plot(ends, [row, row], gid=f"interval-{row}", **bar)
            tie = colour == GREY
            look = {"color": colour, "markerfacecolor": ax.get_facecolor() if tie else colour}
            look |= {"marker": "D" if action.basis == "extrapolated" else "o"}
            look |= {"markersize": 7, "markeredgewidth": 1.6, "gid": f"gain-{row}"}
            self.points_ += ax.plot(factor * action.gain, row, **look)
            remark = " tie" if tie else " loses" if action.loses else ""
            gain = f"{round(factor * action.gain, digits) + 0.0:+.{digits}f}"
            gain = gain.replace("-", "\N{MINUS SIGN}")
            self.values_.append(ax.text(1.02, row, gain + remark, **beside))
        names = ["\n".join(textwrap.wrap(_name(action), WIDEST)) for action in self.actions]
        ax.set_yticks(range(count), names, parse_math=False, fontsize="small")
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(count - 0.4, -0.6)
        unit = "points of accuracy" if self.score_name == "accuracy" else self.score_name
        ax.set_xlabel(f"gain in {unit}\n90 % interval; empty: a tie")
        return self


def _name(action: Any) -> str:
    """Return what to do; of the penalty, that the model has it."""
    return f"{action.what} (in use)" if action.kind == "penalty" else str(action.what)
