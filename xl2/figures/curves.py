"""Losses and scores against the epoch: of a fit, and of a regularisation path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InputError
from .lambda_axis import LABELS, three_digits
from .legends import add_legend
from .style import BLACK, MEMBERS, PENALTY, TRAINING, VALIDATION, two_axes

# Style and label of each attribute of a history, or key of a path's curves.
LOOKS = {
    "loss": (TRAINING, "training"),
    "score": (TRAINING, "training"),
    "validation_loss": (VALIDATION, "validation"),
    "validation_score": (VALIDATION, "validation"),
    "penalty": (PENALTY, "penalty"),
}

MOST_MARKED = 20  # epochs; with more, the curves have no markers


def plot_history(history: Any, axes: Any = None) -> Any:
    """Draw the loss and the score of a fit against the epoch.

    Parameters
    ----------
    history : History
        As `xl2.fit` returns it. A stack has a thin line for each member.
    axes : sequence of two matplotlib.axes.Axes, optional
        By default of a new figure.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (2,)
        The loss, with the penalty if there is one, and the score.
    """
    import numpy as np

    if not len(history):
        raise InputError("The history has no epoch. Fit the network first.")
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
            dashes = {LOOKS[name][1]: LOOKS[name][0]["linestyle"] for name in drawn}
            styles = {label: {"color": BLACK, "linestyle": dash} for label, dash in dashes.items()}
            add_legend(ax, _handles(styles), top=True)
        else:
            styles = {
                name: {"color": colour} for name, colour in zip(members, MEMBERS, strict=False)
            }
            add_legend(ax, _handles(styles), title="member")
    return axes


def plot_curves(path: Any, axes: Any = None) -> Any:
    """Draw the loss of each lambda of a path against the epoch.

    Parameters
    ----------
    path : RegularizationPath
        As `xl2.regularization_path` returns it.
    axes : sequence of two matplotlib.axes.Axes, optional
        By default of a new figure.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (2,)
        The training and the validation loss, means over folds and seeds. A line ends
        when the first of its members diverges. The best lambda has a thick line.
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
    """Draw and return a line for each lambda, darker for smaller ones."""
    import numpy as np
    from matplotlib import colormaps

    epochs = np.arange(1, len(curves) + 1)
    marker = "." if len(epochs) <= MOST_MARKED else None
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
    """Draw a line for each member; a few members have different colours."""
    import numpy as np

    epochs, members = np.arange(1, len(curves) + 1), curves.shape[1]
    look: dict[str, Any] = {**LOOKS[name][0], "markersize": 4, "linewidth": 1.6}
    if members > 1:
        look.update(linewidth=0.8, alpha=0.8, markersize=2.5)
    if len(epochs) > MOST_MARKED:
        look["marker"] = None
    for k in range(members):
        if 1 < members <= len(MEMBERS):
            look["color"] = MEMBERS[k]
        ax.plot(epochs, curves[:, k], label=LOOKS[name][1] if k == 0 else None, **look)


def _members_of(history: Any) -> list[str]:
    """Return the arguments of `Network.member` for each member: "2", or "0, 2" in groups."""
    import numpy as np

    return [", ".join(map(str, k)) for k in np.ndindex(np.shape(history.loss[0]))]


def _known(values: Any) -> Any:
    """Return an array in which all that is not finite is NaN."""
    import numpy as np

    numbers = np.asarray(values, dtype="float64")
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _by_epoch(values: Any) -> Any:
    """Return the values of a history as (epochs, members)."""
    return _known(values).reshape(len(values), -1)


def _handles(styles: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """Return a line of each style for a legend, by its label."""
    from matplotlib.lines import Line2D

    return [Line2D([], [], label=label, **style) for label, style in styles.items()]


def _epoch_axis(ax: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    whole = {"integer": True, "min_n_ticks": 1, "steps": [1, 2, 5, 10]}
    ax.xaxis.set_major_locator(MaxNLocator("auto", **whole))
    ax.set_xlabel("epoch")


def _frame(ax: Any, groups: Sequence[Any]) -> None:
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
