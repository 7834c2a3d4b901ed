"""A confusion matrix, shaded and with its counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sklearn import metrics

from ..errors import InputError
from .style import BLUE, DIGIT, GREY, WHITE, ink, one_axes, shorten, size_in_points

DARK = 0.35  # share from which on the text of a cell is white
MOST_COUNTED = 20  # classes; with more, the cells are too small for counts


class ConfusionMatrixDisplay(metrics.ConfusionMatrixDisplay):  # type: ignore[misc]
    """A confusion matrix, shaded by the share of each true class.

    It is scikit-learn's display, with its ``from_estimator`` and ``from_predictions``, but a cell
    has the colour of its share of the row: a rare class looks like a frequent one. The opacity is
    the root of the share, so that a single mistake can be seen. The texts are counts, whose size
    fits the cells. Long names are shortened, and turned if they would overlap.

    Parameters
    ----------
    confusion_matrix : array_like, shape (classes, classes)
        Numbers of samples: a row for each true class, a column for each predicted one.
    display_labels : sequence, length classes, optional
        Names of the classes; by default their indices.

    Attributes
    ----------
    im_ : matplotlib.collections.QuadMesh
        The cells. Its array has the shares.
    text_ : numpy.ndarray of matplotlib.text.Text, shape (classes, classes), or None
        The counts; None if there are more than 20 classes.
    ax_, figure_ : matplotlib.axes.Axes, matplotlib.figure.Figure

    See Also
    --------
    sklearn.metrics.ConfusionMatrixDisplay : Shaded by the counts.

    Examples
    --------
    >>> from xl2.figures import ConfusionMatrixDisplay
    >>> display = ConfusionMatrixDisplay.from_predictions(["a", "b", "b"], ["a", "b", "a"])
    >>> display.im_.get_array().tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        cmap: Any = None,
        xticks_rotation: str | float = "auto",
        **options: Any,
    ) -> ConfusionMatrixDisplay:
        """Draw the confusion matrix of an estimator's predictions.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier.
        X, y : array_like
            Samples and their labels, such as those held out.
        cmap, xticks_rotation
            See `plot`.
        **options
            As scikit-learn's display takes them: ``labels``, ``display_labels``, ``ax`` and others.

        Returns
        -------
        ConfusionMatrixDisplay
        """
        look = {"cmap": cmap, "xticks_rotation": xticks_rotation, "colorbar": "auto"}
        return super().from_estimator(estimator, X, y, **{**look, **options})  # type: ignore[no-any-return]

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        cmap: Any = None,
        xticks_rotation: str | float = "auto",
        **options: Any,
    ) -> ConfusionMatrixDisplay:
        """Draw the confusion matrix of predictions.

        Parameters
        ----------
        y_true, y_pred : array_like, shape (n,)
            Labels, and those that are predicted.
        cmap, xticks_rotation
            See `plot`.
        **options
            As scikit-learn's display takes them: ``labels``, ``display_labels``, ``ax`` and others.

        Returns
        -------
        ConfusionMatrixDisplay
        """
        look = {"cmap": cmap, "xticks_rotation": xticks_rotation, "colorbar": "auto"}
        return super().from_predictions(y_true, y_pred, **{**look, **options})  # type: ignore[no-any-return]

    def plot(
        self,
        *,
        include_values: bool = True,
        cmap: Any = None,
        xticks_rotation: str | float = "auto",
        values_format: str | None = None,
        ax: Any = None,
        colorbar: bool | str = "auto",
        im_kw: dict[str, Any] | None = None,
        text_kw: dict[str, Any] | None = None,
    ) -> ConfusionMatrixDisplay:
        """Draw the matrix.

        Parameters
        ----------
        include_values : bool, default True
            Whether cells have their counts, with up to 20 classes.
        cmap : str or matplotlib.colors.Colormap, optional
            By default from transparent to blue.
        xticks_rotation : "auto", "horizontal", "vertical" or float, default "auto"
            By default names that would overlap are turned.
        values_format : str, optional
            Of the counts.
        ax : matplotlib.axes.Axes, optional
            By default of a new figure.
        colorbar : bool or "auto", default "auto"
            Whether there is a bar that explains the colours. By default only if the cells have no
            counts.
        im_kw, text_kw : dict, optional
            For ``Axes.pcolormesh`` and ``Axes.text``.

        Returns
        -------
        ConfusionMatrixDisplay
        """
        import numpy as np

        counts, labels = _checked(self.confusion_matrix, self.display_labels)
        classes = len(counts)
        counted = include_values and classes <= MOST_COUNTED
        if colorbar == "auto":
            colorbar = not counted
        side = max(4.8, 0.36 * min(classes, MOST_COUNTED))
        ax = one_axes(ax, figsize=(1.25 * side if colorbar else side, side))
        self.ax_, self.figure_ = ax, ax.figure
        from matplotlib.colors import PowerNorm

        totals = counts.sum(axis=1, keepdims=True)
        shares = counts / np.where(totals > 0, totals, 1)  # without samples all are 0
        edges = np.arange(classes + 1) - 0.5
        look = {"cmap": cmap or _colours(), "norm": PowerNorm(0.5, 0.0, 1.0), "gid": "cells"}
        self.im_ = ax.pcolormesh(edges, edges, shares, **{**look, **(im_kw or {})})
        ax.set(aspect="equal", ylim=(classes - 0.5, -0.5))
        if colorbar:
            self.figure_.colorbar(self.im_, ax=ax, label="share of the true class")
        self.text_ = None
        if counted:
            self.text_ = _write_counts(ax, counts, shares, values_format, text_kw or {})
        _label_classes(ax, labels, xticks_rotation)
        ax.set_xlabel("predicted class")
        ax.set_ylabel("true class" if colorbar else "true class (shade: share of the row)")
        return self


def _checked(matrix: Any, labels: Sequence[Any] | None) -> tuple[Any, Sequence[Any]]:
    import numpy as np

    counts = np.asarray(matrix)
    classes = len(counts) if counts.ndim else 0
    names = range(classes) if labels is None else labels
    if not classes or counts.shape != (classes, classes) or len(names) != classes:
        raise InputError(
            "A confusion matrix must be square, with one label for each row. Received: shape "
            f"{counts.shape} and {len(names)} labels."
        )
    return counts, names


def _colours() -> Any:
    """Return a map from transparent to opaque blue, for a page of any colour."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgba

    ends = [to_rgba(BLUE, opacity) for opacity in (0.0, 1.0)]
    return LinearSegmentedColormap.from_list("shares", ends)


def _label_classes(ax: Any, labels: Sequence[Any], rotation: str | float) -> None:
    """Label each class, or some of many; turn labels that would overlap."""
    classes = len(labels)
    every = math.ceil(classes / 30)
    names = [shorten(str(label), 12) for label in labels][::every]
    size = "medium" if classes <= 12 else "x-small"
    # A class "$10-$20" is not a formula.
    plain: dict[str, Any] = {"fontsize": size, "parse_math": False}
    turned: dict[str, Any] = {}
    if rotation != "auto":
        turned["rotation"] = rotation
    elif max(map(len, names)) * len(names) > 40:
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        if len(names) > 12:
            turned.update(rotation=90, va="center")
    ax.set_xticks(range(0, classes, every), names, **plain, **turned)
    ax.set_yticks(range(0, classes, every), names, **plain)


def _write_counts(
    ax: Any, counts: Any, shares: Any, values_format: str | None, options: dict[str, Any]
) -> Any:
    """Write each count into its cell, and return the texts (classes, classes)."""
    import numpy as np

    whole = bool(np.all(counts == np.round(counts)))
    form = values_format or ("d" if whole else ".2f")
    rows = (counts.astype(int) if form == "d" else counts).tolist()
    texts = [[format(n, form) for n in row] for row in rows]
    widest = max(len(text) for row in texts for text in row)
    cell = min(size_in_points(ax)) / len(texts)
    # The labels may later take a quarter of the cell.
    size = max(3.0, min(11.0, 0.75 * cell / (DIGIT * widest), 0.6 * cell))
    written = np.empty(counts.shape, dtype=object)
    for (i, j), share in np.ndenumerate(shares):
        colour = WHITE if share > DARK else ink(ax) if counts[i, j] else GREY
        look = {"ha": "center", "va": "center", "fontsize": size, "color": colour, **options}
        look.setdefault("gid", f"cell-{i}-{j}")
        written[i, j] = ax.text(j, i, texts[i][j], **look)
    return written
