"""What changes from epoch to epoch: the history of a fit, and the losses of a path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import InputError
from .lambda_axis import LABELS, three_digits
from .legends import add_legend
from .style import BLACK, MEMBERS, PENALTY, TRAINING, VALIDATION, two_axes

# What a history and the curves of a path call them, how they look, and their names here.
LOOKS = {
    "loss": (TRAINING, "training"),
    "score": (TRAINING, "training"),
    "validation_loss": (VALIDATION, "validation"),
    "validation_score": (VALIDATION, "validation"),
    "penalty": (PENALTY, "penalty"),
}

POINTS = 20  # so many epochs have room for a marker each


def plot_history(history: Any, axes: Any = None) -> Any:
    """Draw the loss and the score of a fit against the epoch.

    Parameters
    ----------
    history : History
        As `xl2.fit` returns it; that of a stack has a thin line for each member.
    axes : sequence of two matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (2,)
        The loss, with the penalty if there is one, and the score.

    Raises
    ------
    InputError
        If the history has no epoch, `axes` are not two, or matplotlib is not installed.
    """
    import numpy as np

    if not len(history):
        raise InputError("The history has no epoch to draw. Fit the network first.")
    axes = two_axes(axes)
    kinds = ["loss", "validation_loss"]
    if np.any(_by_epoch(history.penalty) > 0):
        kinds.append("penalty")
    members = _members_of(history)
    for ax, names in zip(axes, (kinds, ["score", "validation_score"]), strict=True):
        drawn = {name: _by_epoch(values) for name in names if (values := getattr(history, name))}
        for name, curves in drawn.items():
            _draw_members(ax, name, curves)
        _epoch_axis(ax)
        ax.set_ylabel(names[0] if len(members) == 1 else f"{names[0]} of {len(members)} members")
        _frame(ax, list(drawn.values()))
        if not 1 < len(members) <= len(MEMBERS):
            add_legend(ax, top=ax is axes[0])
        elif ax is axes[0]:
            add_legend(ax, _dashes_of(drawn), top=True)
        else:
            add_legend(ax, _colours_of(members), title="member")
    return axes


def plot_curves(path: Any, axes: Any = None) -> Any:
    """Draw the loss of each lambda of a path against the epoch.

    Parameters
    ----------
    path : Path
        As `xl2.regularization_path` returns it.
    axes : sequence of two matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (2,)
        The training and the validation loss, means over folds and seeds. A line ends
        where the first of its members diverges; that of the best lambda is thick.

    Raises
    ------
    InputError
        If `axes` are not two, or matplotlib is not installed.
    """
    import numpy as np

    shared = axes is None
    axes = two_axes(axes, sharey=shared)
    kinds = ("loss", "validation_loss")
    losses = [_known(path.curves_[kind]).mean(axis=(2, 3)) for kind in kinds]
    for ax, kind, curves in zip(axes, kinds, losses, strict=True):
        lines = _draw_lambdas(ax, path, curves)
        _epoch_axis(ax)
        _frame(ax, losses if shared else [curves])
        ax.set_ylabel(f"{LOOKS[kind][1]} loss")
    count = len(lines)
    every = np.linspace(0, count - 1, min(count, LABELS)).round().astype(int)
    named = [lines[i] for i in sorted({*every, path.best_index_})]
    add_legend(axes[1], named, title="lambda", beside=True, top=True)
    return axes


def _draw_lambdas(ax: Any, path: Any, curves: Any) -> list[Any]:
    """Draw a line a lambda, the darker the smaller it is; return them."""
    import numpy as np
    from matplotlib import colormaps

    epochs = np.arange(1, len(curves) + 1)
    marker = "." if len(epochs) <= POINTS else None
    # The upper end of the map is a yellow that cannot be read on white.
    colours = colormaps["viridis"](np.linspace(0.0, 0.85, len(path.lambdas_)))
    lines = []
    for i, (lam, colour) in enumerate(zip(path.lambdas_, colours, strict=True)):
        best = i == path.best_index_
        look = {"linewidth": 3.0, "zorder": 3} if best else {"linewidth": 1.2}
        label = three_digits(lam) + (" (best)" if best else "")
        lines += ax.plot(epochs, curves[:, i], color=colour, marker=marker, label=label, **look)
    return lines


def _draw_members(ax: Any, name: str, curves: Any) -> None:
    """Draw a line a member; a few members have a colour each."""
    import numpy as np

    epochs, members = np.arange(1, len(curves) + 1), curves.shape[1]
    look: dict[str, Any] = {**LOOKS[name][0], "markersize": 4, "linewidth": 1.6}
    if members > 1:
        look.update(linewidth=0.8, alpha=0.8, markersize=2.5)
    if len(epochs) > POINTS:
        look["marker"] = None
    for k in range(members):
        if 1 < members <= len(MEMBERS):
            look["color"] = MEMBERS[k]
        ax.plot(epochs, curves[:, k], label=LOOKS[name][1] if k == 0 else None, **look)


def _members_of(history: Any) -> list[str]:
    """Return what `Network.member` calls each member: "2", or "0, 2" in groups."""
    import numpy as np

    return [", ".join(map(str, k)) for k in np.ndindex(np.shape(history.loss[0]))]


def _known(values: Any) -> Any:
    """Return numbers as an array, what is not finite as NaN."""
    import numpy as np

    numbers = np.asarray(values, dtype="float64")
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _by_epoch(values: Any) -> Any:
    """Return the values of a history as (epochs, members)."""
    return _known(values).reshape(len(values), -1)


def _dashes_of(names: Iterable[str]) -> list[Any]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=BLACK, linestyle=look["linestyle"], label=label)
        for look, label in (LOOKS[name] for name in names)
    ]


def _colours_of(members: Sequence[str]) -> list[Any]:
    from matplotlib.lines import Line2D

    pairs = zip(members, MEMBERS, strict=False)
    return [Line2D([], [], color=colour, label=member) for member, colour in pairs]


def _epoch_axis(ax: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    whole = {"integer": True, "min_n_ticks": 1, "steps": [1, 2, 5, 10]}
    ax.xaxis.set_major_locator(MaxNLocator("auto", **whole))
    ax.set_xlabel("epoch")


def _frame(ax: Any, groups: Sequence[Any]) -> None:
    """Fit the axis to the curves that last to the end, if others leave it on the way up.

    `groups` are arrays (epochs, curves); a curve that ends in NaN has diverged, and what
    it was before would make a flat line of all others.
    """
    import numpy as np

    curves = np.concatenate(groups, axis=1)
    lasting = curves[:, np.isfinite(curves[-1])]
    if lasting.size and lasting.shape != curves.shape:
        low, high = np.nanmin(lasting), np.nanmax(lasting)
        room = 0.05 * (high - low) or 0.5
        ax.set_ylim(low - room, high + room)
