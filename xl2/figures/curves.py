"""The losses of a regularisation path against the epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .history import MOST_MARKED, epoch_axis, frame, known
from .lambda_axis import LABELS, three_digits
from .legends import add_legend
from .style import two_axes

KINDS = {"loss": "training", "validation_loss": "validation"}


class LossCurvesDisplay:
    """The loss of each lambda of a path against the epoch.

    On the left is the training loss, on the right the validation loss, means over folds and
    seeds. A line ends when the first of its members diverges. The best lambda has a thick line.

    Parameters
    ----------
    lambdas : sequence of float
        In ascending order.
    train_losses, validation_losses : array_like, shape (epochs, n_lambdas)
        NaN from the epoch on in which a lambda diverged.
    best_index : int
        That of the best lambda.

    Attributes
    ----------
    lambdas, train_losses, validation_losses, best_index
        As passed, the losses as NumPy arrays.
    axes_, figure_ : numpy.ndarray of two matplotlib.axes.Axes, matplotlib.figure.Figure
    train_lines_, validation_lines_ : list of matplotlib.lines.Line2D
        One for each lambda.

    See Also
    --------
    RegularizationPathDisplay : The scores after the last epoch, against lambda.
    HistoryDisplay : The curves of a single fit.

    Examples
    --------
    >>> import xl2
    >>> path = xl2.regularization_path(X, y)  # doctest: +SKIP
    >>> xl2.figures.LossCurvesDisplay.from_path(path)  # doctest: +SKIP
    """

    def __init__(
        self,
        lambdas: Sequence[float],
        train_losses: Any,
        validation_losses: Any,
        *,
        best_index: int,
    ):
        self.lambdas, self.best_index = lambdas, best_index
        self.train_losses, self.validation_losses = known(train_losses), known(validation_losses)

    @classmethod
    def from_path(cls, path: Any, *, ax: Any = None) -> LossCurvesDisplay:
        """Draw the losses of a path.

        Parameters
        ----------
        path : RegularizationPath
            As `xl2.regularization_path` returns it.
        ax : sequence of two matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        LossCurvesDisplay
        """
        losses = [known(path.curves_[kind]).mean(axis=(2, 3)) for kind in KINDS]
        return cls(path.lambdas_, *losses, best_index=path.best_index_).plot(ax)

    def plot(self, ax: Any = None) -> LossCurvesDisplay:
        """Draw both panels.

        Parameters
        ----------
        ax : sequence of two matplotlib.axes.Axes, optional
            By default of a new figure, in which they share the axis of the losses.

        Returns
        -------
        LossCurvesDisplay
        """
        import numpy as np

        shared = ax is None
        self.axes_ = axes = two_axes(ax, sharey=shared)
        self.figure_ = axes[0].figure
        losses, drawn = [self.train_losses, self.validation_losses], list[Any]()
        for one, kind, curves in zip(axes, KINDS.values(), losses, strict=True):
            drawn.append(self._draw_lambdas(one, kind, curves))
            epoch_axis(one)
            frame(one, losses if shared else [curves])
            one.set_ylabel(f"{kind} loss")
        self.train_lines_, self.validation_lines_ = drawn
        count = len(self.lambdas)
        every = np.linspace(0, count - 1, min(count, LABELS)).round().astype(int)
        named = [self.validation_lines_[i] for i in sorted({*every, self.best_index})]
        add_legend(axes[1], named, title="lambda", beside=True, top=True)
        return self

    def _draw_lambdas(self, ax: Any, kind: str, curves: Any) -> list[Any]:
        """Draw and return a line for each lambda, darker for smaller ones."""
        import numpy as np
        from matplotlib import colormaps

        epochs = np.arange(1, len(curves) + 1)
        marker = "." if len(epochs) <= MOST_MARKED else None
        # The upper end of the map is a yellow that cannot be read on white.
        colours = colormaps["viridis"](np.linspace(0.0, 0.85, len(self.lambdas)))
        lines = list[Any]()
        for i, (lam, colour) in enumerate(zip(self.lambdas, colours, strict=True)):
            best = i == self.best_index
            look: dict[str, Any] = {"linewidth": 3.0, "zorder": 3} if best else {"linewidth": 1.2}
            look |= {"label": three_digits(lam) + (" (best)" if best else "")}
            look |= {"color": colour, "marker": marker, "gid": f"{kind}-{i}"}
            lines += ax.plot(epochs, curves[:, i], **look)
        return lines
