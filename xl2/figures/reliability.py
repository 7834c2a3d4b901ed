"""How often predictions of each probability are right: a reliability diagram."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from .legends import add_legend
from .style import BLACK, TRAINING, VALIDATION, two_axes


class ReliabilityDisplay:
    """How often the out-of-fold predictions of a path's best lambda are right.

    On the left is the share of right answers against the predicted probability, in bins, and on
    the right the share of the samples in each bin; both also at the temperatures that other
    samples find.

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
    shares_ : list of two matplotlib.lines.Line2D
        The shares of the samples.

    See Also
    --------
    sklearn.calibration.CalibrationDisplay : Of two classes and one estimator.

    Examples
    --------
    >>> import xl2
    >>> path = xl2.regularization_path(X, y)  # doctest: +SKIP
    >>> xl2.figures.ReliabilityDisplay.from_path(path)  # doctest: +SKIP
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
        self.lines_, self.shares_ = list[Any](), list[Any]()
        diagonal = {"slope": 1.0, "color": BLACK, "linestyle": (0, (4, 2)), "linewidth": 1}
        left.axline((0.0, 0.0), label="as often as predicted", gid="diagonal", **diagonal)
        for series, bins, look, label in (
            ("trained", found.reliability, TRAINING, "as trained"),
            (
                "calibrated",
                found.calibrated_reliability,
                VALIDATION,
                f"temperature {found.temperature:.2f}",
            ),
        ):
            shape = {"markersize": 5, "linewidth": 1.5, "label": label, **look}
            self.lines_ += left.plot(bins.predicted, bins.observed, gid=series, **shape)
            share = 100.0 * bins.counts / bins.counts.sum()
            self.shares_ += right.plot(bins.predicted, share, gid=f"{series}-share", **shape)
        for one in self.axes_:
            one.set_xlim(-0.03, 1.03)
            one.set_xlabel("predicted probability")
        left.set_ylim(-0.03, 1.03)
        left.set_ylabel("share that is right")
        right.set_ylim(0.0, None)
        right.set_ylabel("samples in the bin (%)")
        add_legend(left)
        return self
