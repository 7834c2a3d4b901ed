"""The losses and scores of a fit against the epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InputError
from .legends import add_legend
from .placing import label_ends, settle
from .style import MEMBERS, PENALTY, READABLE, TRAINING, VALIDATION, ink, two_axes

# Style and label of each attribute of a history, or key of a path's curves.
LOOKS = {
    "loss": (TRAINING, "training"),
    "score": (TRAINING, "training"),
    "validation_loss": (VALIDATION, "validation"),
    "validation_score": (VALIDATION, "validation"),
    "penalty": (PENALTY, "penalty"),
}

DECADE = 10.0  # between losses that are drawn on a logarithmic axis
MOST_MARKED = 20  # epochs; with more, the curves have no markers


class HistoryDisplay:
    """The loss and the score of a fit against the epoch.

    The axis of the loss is logarithmic if the losses, of which none is 0 or less, span a decade.

    Parameters
    ----------
    history : History
        As `xl2.fit` returns it. A stack has a thin line for each member.

    Attributes
    ----------
    history
        As passed.
    axes_ : numpy.ndarray of two matplotlib.axes.Axes
        The loss, with the penalty if there is one, and the score.
    figure_ : matplotlib.figure.Figure
    lines_ : dict of str to list of matplotlib.lines.Line2D
        A line for each member, by the names of `History`: "loss", "validation_loss", "penalty",
        "score" and "validation_score".
    labels_ : list of matplotlib.text.Text
        At the ends of the lines of a single network. A stack has legends.

    See Also
    --------
    LossCurvesDisplay : The losses of all lambdas of a path.
    History.plot : The short way.

    Examples
    --------
    >>> import numpy as np, xl2
    >>> network = xl2.Network([4, 3, 1])
    >>> history = xl2.fit(network, np.eye(4), [0, 1, 0, 1], epochs=3)
    >>> display = xl2.figures.HistoryDisplay.from_history(history)
    >>> display.lines_["loss"][0].get_xdata().tolist()
    [1, 2, 3]
    """

    def __init__(self, history: Any):
        if not len(history):
            raise InputError("The history has no epoch. Fit the network first.")
        self.history = history

    @classmethod
    def from_history(cls, history: Any, *, ax: Any = None) -> HistoryDisplay:
        """Draw a history.

        Parameters
        ----------
        history : History
            As `xl2.fit` returns it.
        ax : sequence of two matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        HistoryDisplay
        """
        return cls(history).plot(ax)

    def plot(self, ax: Any = None) -> HistoryDisplay:
        """Draw both panels.

        Parameters
        ----------
        ax : sequence of two matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        HistoryDisplay
        """
        import numpy as np

        history, axes = self.history, two_axes(ax)
        self.axes_, self.figure_ = axes, axes[0].figure
        self.lines_, self.labels_ = dict[str, list[Any]](), list[Any]()
        kinds = ["loss", "validation_loss"]
        if np.any(_by_epoch(history.penalty) > 0):
            kinds.append("penalty")
        members = _members_of(history)
        for one, names in zip(axes, (kinds, ["score", "validation_score"]), strict=True):
            drawn = {name: _by_epoch(found) for name in names if (found := getattr(history, name))}
            for name, curves in drawn.items():
                self.lines_[name] = _draw_members(one, name, curves)
            epoch_axis(one, len(history))
            several = "" if len(members) == 1 else f" of {len(members)} members"
            one.set_ylabel(f"{names[0]}{several}")
            frame(one, list(drawn.values()))
            if one is axes[0]:
                _set_log(one, drawn)
        settle(axes[0])
        for one, names in zip(axes, (kinds, ["score", "validation_score"]), strict=True):
            found = [name for name in names if name in self.lines_]
            if len(members) == 1:
                self.labels_ += _label(one, [self.lines_[name][0] for name in found])
            else:
                _add_legend(one, one is axes[0], found, members)
        return self


def _label(ax: Any, lines: Sequence[Any]) -> list[Any]:
    """Name the lines at their ends."""
    import numpy as np

    ends, looks = list[tuple[float, float]](), list[dict[str, str]]()
    known_lines = [line for line in lines if np.isfinite(line.get_ydata()).any()]
    for line in known_lines:
        last = np.flatnonzero(np.isfinite(line.get_ydata()))[-1]
        ends.append((float(line.get_xdata()[last]), float(line.get_ydata()[last])))
        looks.append({"color": READABLE[line.get_color()]})
    return label_ends(ax, ends, [line.get_label() for line in known_lines], looks)


def _set_log(ax: Any, drawn: Mapping[str, Any]) -> None:
    """Make the y axis logarithmic if the losses in view are positive and span a decade.

    A penalty is in view as far as it is not smaller than a tenth of all losses.
    """
    import numpy as np

    losses = np.concatenate([found.ravel() for name, found in drawn.items() if name != "penalty"])
    losses = losses[np.isfinite(losses)]
    seen = losses[(ax.get_ylim()[0] <= losses) & (losses <= ax.get_ylim()[1])]
    if not seen.size or losses.min() <= 0.0 or seen.max() < DECADE * seen.min():
        return
    from .ticks import set_log_ticks

    low, high = float(seen.min()), float(seen.max())
    penalties = drawn.get("penalty", np.array([]))
    penalties = penalties[penalties > low / DECADE]
    low, high = min([low, *penalties]), max([high, *penalties])
    ax.set_yscale("log")
    margin = (high / low) ** 0.05
    ax.set_ylim(low / margin, high * margin)
    set_log_ticks(ax.yaxis)


def _add_legend(ax: Any, left: bool, drawn: Sequence[str], members: Sequence[str]) -> None:
    """Explain the lines; of a few members the dashes on the left, and the colours on the right."""
    if len(members) > len(MEMBERS):
        add_legend(ax, top=left)
    elif left:
        dashes = {LOOKS[name][1]: LOOKS[name][0]["linestyle"] for name in drawn}
        styles = {label: {"color": ink(ax), "linestyle": dash} for label, dash in dashes.items()}
        add_legend(ax, _handles(styles), top=True)
    else:
        colours = zip(members, MEMBERS, strict=False)
        add_legend(ax, _handles({name: {"color": one} for name, one in colours}), title="member")


def _draw_members(ax: Any, name: str, curves: Any) -> list[Any]:
    """Draw and return a line for each member; a few members have different colours."""
    import numpy as np

    epochs, members = np.arange(1, len(curves) + 1), curves.shape[1]
    look: dict[str, Any] = {**LOOKS[name][0], "markersize": 4, "linewidth": 1.6}
    if members > 1:
        look.update(linewidth=0.8, alpha=0.8, markersize=2.5)
    if len(epochs) > MOST_MARKED:
        look["marker"] = None
    lines = list[Any]()
    for k in range(members):
        if 1 < members <= len(MEMBERS):
            look["color"] = MEMBERS[k]
        look["label"] = LOOKS[name][1] if k == 0 else None
        lines += ax.plot(epochs, curves[:, k], gid=f"{name}-{k}", **look)
    return lines


def _members_of(history: Any) -> list[str]:
    """Return the arguments of `Network.member` for each member: "2", or "0, 2" in groups."""
    import numpy as np

    return [", ".join(map(str, k)) for k in np.ndindex(np.shape(history.loss[0]))]


def known(values: Any) -> Any:
    """Return an array in which all that is not finite is NaN."""
    import numpy as np

    numbers = np.asarray(values, dtype="float64")
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _by_epoch(values: Any) -> Any:
    """Return the values of a history as (epochs, members)."""
    return known(values).reshape(len(values), -1)


def _handles(styles: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """Return a line of each style for a legend, by its label."""
    from matplotlib.lines import Line2D

    return [Line2D([], [], label=label, **style) for label, style in styles.items()]


def epoch_axis(ax: Any, epochs: int) -> None:
    """Label the axis of epochs, with whole numbers only."""
    from .ticks import TicksWithin

    margin = max(0.02 * epochs, 0.1)
    ax.set_xlim(1 - margin, epochs + margin)
    whole = {"integer": True, "min_n_ticks": 1, "steps": [1, 2, 5, 10]}
    ax.xaxis.set_major_locator(TicksWithin(0, epochs, **whole))
    ax.set_xlabel("epoch")


def frame(ax: Any, groups: Sequence[Any]) -> None:
    """Fit the y axis to the curves that do not diverge, so that these are not flattened.

    `groups` are arrays (epochs, curves). A curve that ends in NaN has diverged.
    """
    import numpy as np

    curves = np.concatenate(groups, axis=1)
    lasting = curves[:, np.isfinite(curves[-1])]
    if lasting.size and lasting.shape != curves.shape:
        low, high = np.nanmin(lasting), np.nanmax(lasting)
        margin = 0.05 * (high - low) or 0.5
        ax.set_ylim(low - margin, high + margin)
