"""How often predictions of each probability are right: a reliability diagram."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from .legends import add_legend
from .style import BLACK, TRAINING, VALIDATION, two_axes


def plot_reliability(path: Any, axes: Any = None) -> Any:
    """Draw how often the out-of-fold predictions of a path's best lambda are right.

    Parameters
    ----------
    path : RegularizationPath
        Of classes or labels, as `xl2.regularization_path` returns it.
    axes : sequence of two matplotlib.axes.Axes, optional
        By default of a new figure.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (2,)
        The share of right answers against the predicted probability, in bins, and the share of
        the samples in each bin; both also at the temperatures that other samples find.
    """
    found = path.calibration_
    if found is None:
        raise InputError("A regression has no probabilities, so there is no reliability to draw.")
    axes = two_axes(axes)
    diagonal = {"slope": 1.0, "color": BLACK, "linestyle": (0, (4, 2)), "linewidth": 1}
    axes[0].axline((0.0, 0.0), label="as often as predicted", **diagonal)
    for bins, look, label in (
        (found.reliability, TRAINING, "as trained"),
        (found.calibrated_reliability, VALIDATION, f"temperature {found.temperature:.2f}"),
    ):
        shape = {"markersize": 5, "linewidth": 1.5, **look}
        axes[0].plot(bins.predicted, bins.observed, label=label, **shape)
        share = 100.0 * bins.counts / bins.counts.sum()
        axes[1].plot(bins.predicted, share, label=label, **shape)
    for ax in axes:
        ax.set_xlim(-0.03, 1.03)
        ax.set_xlabel("predicted probability")
    axes[0].set_ylim(-0.03, 1.03)
    axes[0].set_ylabel("share that is right")
    axes[1].set_ylim(0.0, None)
    axes[1].set_ylabel("samples in the bin (%)")
    add_legend(axes[0])
    return axes
