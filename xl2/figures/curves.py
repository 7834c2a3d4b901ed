"""The losses of a regularisation path against the epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .history import MOST_MARKED, epoch_axis, known
from .lambda_axis import LABELS, three_digits
from .placing import label_ends, settle
from .style import (
    BLUE,
    DARK_GREEN,
    DARK_VERMILLION,
    GREEN,
    GREY,
    VERMILLION,
    size_in_points,
    two_axes,
)
from .useful import LEAST

KINDS = {"loss": "training", "validation_loss": "validation"}
LINE = 12.0  # points of height that a label takes
FAINTEST = 0.5  # opacity of the lambda that is farthest from the best


class LossCurvesDisplay:
    """The loss of each lambda of a path against the epoch.

    On the left is the training loss, on the right the validation loss, means over folds and
    seeds, on logarithmic axes if no loss is 0 or less. At its end each line has its lambda. The
    best has a thick red line, smaller ones are blue and dashed, larger ones green with dots and
    dashes, and the fainter, the farther they are from the best. Those that predict one class only
    are grey and dotted. A line ends when the first of its members diverges.

    Parameters
    ----------
    lambdas : sequence of float
        In ascending order.
    train_losses, validation_losses : array_like, shape (epochs, n_lambdas)
        NaN from the epoch on in which a lambda diverged.
    best_index : int
        That of the best lambda.
    one_class : array_like of bool, shape (n_lambdas,), optional
        Whether the networks predict one class only.

    Attributes
    ----------
    lambdas, train_losses, validation_losses, best_index, one_class
        As passed, the losses as NumPy arrays.
    axes_, figure_ : numpy.ndarray of two matplotlib.axes.Axes, matplotlib.figure.Figure
    train_lines_, validation_lines_ : list of matplotlib.lines.Line2D
        One for each lambda.
    train_labels_, validation_labels_ : list of matplotlib.text.Text
        Lambdas at the ends of lines: of each, or of some of many.

    See Also
    --------
    RegularizationPathDisplay : The scores after the last epoch, against lambda.
    HistoryDisplay : The curves of a single fit.

    Examples
    --------
    >>> import xl2
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> path = xl2.regularization_path(X, y, lambdas=[0.0, 1.0], epochs=30, progress=False)
    >>> display = xl2.figures.LossCurvesDisplay.from_path(path, relative=True)
    >>> len(display.validation_lines_)
    2
    """

    def __init__(
        self,
        lambdas: Sequence[float],
        train_losses: Any,
        validation_losses: Any,
        *,
        best_index: int,
        one_class: Any = None,
    ):
        import numpy as np

        self.lambdas, self.best_index = lambdas, best_index
        self.train_losses, self.validation_losses = known(train_losses), known(validation_losses)
        self.one_class = (
            np.zeros(len(lambdas), bool) if one_class is None else np.asarray(one_class)
        )

    @classmethod
    def from_path(cls, path: Any, *, ax: Any = None, relative: bool = False) -> LossCurvesDisplay:
        """Draw the losses of a path.

        Parameters
        ----------
        path : RegularizationPath
            As `xl2.regularization_path` returns it.
        ax : sequence of two matplotlib.axes.Axes, optional
            By default of a new figure.
        relative : bool, default False
            See `plot`.

        Returns
        -------
        LossCurvesDisplay
        """
        losses = [known(path.curves_[kind]).mean(axis=(2, 3)) for kind in KINDS]
        dead = path.one_class_ & ~path.one_class_.all()
        display = cls(path.lambdas_, *losses, best_index=path.best_index_, one_class=dead)
        return display.plot(ax, relative=relative)

    def plot(self, ax: Any = None, *, relative: bool = False) -> LossCurvesDisplay:
        """Draw both panels.

        Parameters
        ----------
        ax : sequence of two matplotlib.axes.Axes, optional
            By default of a new figure. Both get the same scale, to compare the two losses.
        relative : bool, default False
            Whether each loss is divided by that of the best lambda after the same epoch, which
            separates curves that lie on one another. If a loss is 0 or less, that of the best is
            subtracted.

        Returns
        -------
        LossCurvesDisplay
        """
        import numpy as np

        self.axes_ = axes = two_axes(ax, sharey=True)
        self.figure_ = axes[0].figure
        losses = [self.train_losses, self.validation_losses]
        positive = bool(min(np.nanmin(each, initial=np.inf) for each in losses) > 0.0)
        if relative:
            best = [each[:, [self.best_index]] for each in losses]
            change = np.divide if positive else np.subtract
            losses = [change(each, one) for each, one in zip(losses, best, strict=True)]
        lines = list[list[Any]]()
        for one, kind, curves in zip(axes, KINDS.values(), losses, strict=True):
            lines.append(self._draw_lambdas(one, kind, curves))
            epoch_axis(one, len(curves))
            one.set_ylabel(self._title(kind, relative, positive))
            self._frame(one, losses, positive)
        settle(axes[0])
        self.train_labels_, self.validation_labels_ = (
            self._label(one, curves) for one, curves in zip(axes, losses, strict=True)
        )
        self.train_lines_, self.validation_lines_ = lines
        return self

    def _title(self, kind: str, relative: bool, positive: bool) -> str:
        if not relative:
            return f"{kind} loss"
        sign = "/" if positive else "\N{MINUS SIGN}"
        return f"{kind} loss {sign} that of lambda {three_digits(self.lambdas[self.best_index])}"

    def _draw_lambdas(self, ax: Any, kind: str, curves: Any) -> list[Any]:
        """Draw and return a line for each lambda."""
        import numpy as np

        epochs = np.arange(1, len(curves) + 1)
        marker = "." if len(epochs) <= MOST_MARKED else None
        lines = list[Any]()
        for i, lam in enumerate(self.lambdas):
            best = " (best)" if i == self.best_index else ""
            look = {"label": three_digits(lam) + best, "marker": marker, "gid": f"{kind}-{i}"}
            lines += ax.plot(epochs, curves[:, i], **look, **self._look(i))
        return lines

    def _look(self, i: int) -> dict[str, Any]:
        """Return the style of the line of a lambda."""
        if i == self.best_index:
            return {"color": VERMILLION, "linestyle": "-", "linewidth": 3.0, "zorder": 1.8}
        if self.one_class[i]:
            return {"color": GREY, "linestyle": ":", "linewidth": 1.3}
        smaller = i < self.best_index
        most = self.best_index if smaller else len(self.lambdas) - 1 - self.best_index
        part = (abs(i - self.best_index) - 1) / max(most - 1, 1)
        look = (
            {"color": BLUE, "linestyle": "--"} if smaller else {"color": GREEN, "linestyle": "-."}
        )
        return {**look, "linewidth": 1.3, "alpha": 1.0 - part * (1.0 - FAINTEST)}

    def _frame(self, ax: Any, groups: Sequence[Any], positive: bool) -> None:
        """Fit the y axis to the curves that last, so that these are not flattened.

        Those that predict one class only are not fitted to either, if they took half of the axis.
        """
        import numpy as np

        values = np.stack(groups, axis=2)
        values = np.log(values) if positive else values
        lasting = np.isfinite(values[-1]).all(axis=1)
        found = [_range(values[:, chosen]) for chosen in (lasting & ~self.one_class, lasting)]
        (low, high), (lowest, highest) = found
        if not high - low < LEAST * (highest - lowest):
            low, high = lowest, highest
        margin = 0.05 * (high - low) or 0.05
        if positive:
            from .ticks import set_log_ticks

            ax.set_yscale("log")
            ax.set_ylim(math.exp(low - margin), math.exp(high + margin))
            set_log_ticks(ax.yaxis)
        else:
            ax.set_ylim(low - margin, high + margin)

    def _label(self, ax: Any, curves: Any) -> list[Any]:
        """Write lambdas at the ends of lines: of each, or of some of many and of the best."""
        import numpy as np

        count = len(self.lambdas)
        most = max(1, min(LABELS, int(size_in_points(ax)[1] / LINE) - 1))
        every = np.linspace(0, count - 1, min(count, most)).round().astype(int)
        ends, texts, looks = list[tuple[float, float]](), list[str](), list[Any]()
        for i in sorted({*every.tolist(), self.best_index}):
            finite = np.flatnonzero(np.isfinite(curves[:, i]))
            if not len(finite):
                continue
            ends.append((float(finite[-1] + 1), float(curves[finite[-1], i])))
            best, dead = i == self.best_index, bool(self.one_class[i])
            text = three_digits(self.lambdas[i])
            lost = finite[-1] + 1 < len(curves)
            remark = " diverged" if lost else " one class" if dead else ""
            texts.append(text + (" best" if best else remark))
            colour = DARK_VERMILLION if best else BLUE if i < self.best_index else DARK_GREEN
            bold = {"fontweight": "bold"} if best else {}
            looks.append({"color": GREY if dead else colour, **bold})
        return label_ends(ax, ends, texts, looks)


def _range(values: Any) -> tuple[float, float]:
    import numpy as np

    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if known.size else (-1.0, 0.0)
