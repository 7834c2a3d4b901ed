"""How often predictions of each probability are right: a reliability diagram."""

from __future__ import annotations

import math
from typing import Any

from ..errors import InputError
from .legends import add_legend
from .style import TRAINING, VALIDATION, ink, two_axes

SMALLEST, LARGEST = 2.5, 13.0  # points of a marker: of an empty bin, and of one with all samples


class ReliabilityDisplay:
    """How often the out-of-fold predictions of a path's best lambda are right.

    On the left is the share of right answers against the predicted probability, in bins: the
    larger a marker, the more samples has its bin. On the right is the share of the samples in each
    bin. Both are also drawn at the temperatures that other samples find.

    Parameters
    ----------
    calibration : xl2.path.calibration.Calibration
        ``path.calibration_``.

    Attributes
    ----------
    calibration
        As passed.
    axes_, figure_ : numpy.ndarray of two matplotlib.axes.Axes, matplotlib.figure.Figure
    lines_ : list of two matplotlib.lines.Line2D
        The shares of right answers, as trained and at the temperature.
    points_ : list of two lists of matplotlib.lines.Line2D
        Their markers, one for each bin.
    shares_ : list of two matplotlib.lines.Line2D
        The shares of the samples.
    diagonal_ : matplotlib.lines.AxLine
        Where a share is as large as predicted.

    See Also
    --------
    sklearn.calibration.CalibrationDisplay : Of two classes and one estimator.

    Examples
    --------
    >>> import xl2
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> path = xl2.regularization_path(X, y, lambdas=[0.0, 1.0], epochs=30, progress=False)
    >>> display = xl2.figures.ReliabilityDisplay.from_path(path)
    >>> display.axes_[0].get_ylabel()
    'share that is right'
    """

    def __init__(self, calibration: Any):
        if calibration is None:
            raise InputError(
                "A regression has no probabilities, so there is no reliability to draw."
            )
        self.calibration = calibration

    @classmethod
    def from_path(cls, path: Any, *, ax: Any = None) -> ReliabilityDisplay:
        """Draw the reliability of a path's best lambda.

        Parameters
        ----------
        path : RegularizationPath
            Of classes or labels, as `xl2.regularization_path` returns it.
        ax : sequence of two matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        ReliabilityDisplay
        """
        return cls(path.calibration_).plot(ax)

    def plot(self, ax: Any = None) -> ReliabilityDisplay:
        """Draw both panels.

        Parameters
        ----------
        ax : sequence of two matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        ReliabilityDisplay
        """
        found = self.calibration
        self.axes_ = left, right = two_axes(ax)
        self.figure_ = left.figure
        self.lines_, self.points_, self.shares_ = list[Any](), list[Any](), list[Any]()
        diagonal = {"slope": 1.0, "color": ink(left), "linestyle": (0, (4, 2)), "linewidth": 1}
        self.diagonal_ = left.axline(
            (0.0, 0.0), label="as often as predicted", gid="diagonal", **diagonal
        )
        for series, bins, look, label in (
            ("trained", found.reliability, TRAINING, "as trained"),
            (
                "calibrated",
                found.calibrated_reliability,
                VALIDATION,
                f"temperature {found.temperature:.2f}",
            ),
        ):
            share = 100.0 * bins.counts / bins.counts.sum()
            shape = {"markersize": 5, "linewidth": 1.5, "label": label, **look}
            self.shares_ += right.plot(bins.predicted, share, gid=f"{series}-share", **shape)
            faint = {**shape, "marker": None, "linewidth": 1.0, "alpha": 0.6}
            self.lines_ += left.plot(bins.predicted, bins.observed, gid=series, **faint)
            points = list[Any]()
            for i, at in enumerate(zip(bins.predicted, bins.observed, share, strict=True)):
                size = max(SMALLEST, LARGEST * math.sqrt(at[2] / 100.0))
                own = {"markersize": size, "marker": look["marker"], "color": look["color"]}
                points += left.plot(*at[:2], linestyle="none", gid=f"{series}-{i}", **own)
            self.points_.append(points)
        for one in self.axes_:
            one.set_xlim(-0.05, 1.05)
            one.set_xlabel("predicted probability")
        left.set_ylim(-0.05, 1.05)
        left.set_ylabel("share that is right")
        right.set_ylim(0.0, None)
        right.set_ylabel("samples in the bin (%)")
        add_legend(left, [*self.shares_, self.diagonal_])
        return self
