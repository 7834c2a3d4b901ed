"""The pictures of a report, as embedded PNG: a wide layout of each, and a narrow one."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from ..diagnosis.importance import Importance
from ..diagnosis.learning_curve import LearningCurve
from ..diagnosis.what_matters import LISTED
from ..figures.dependence import Dependence
from ..io import opening
from ..path.result import RegularizationPath

RESOLUTION = 192  # pixels per inch, two for each CSS pixel
SMALLEST = 8  # pixels of an image's side; a table may well have 4, 9 or 25 columns
ACROSS = (6, 3)  # images in a row of the wide and of the narrow layout
PANELS = 6  # outputs of a regression that are drawn

needed = partial(opening.needed, what="A report", extra="plot")

Draw = Callable[[Any, bool], None]  # into a figure, and whether it is the narrow one
Size = tuple[float, float]  # of a figure, in inches


class Drawing(NamedTuple):
    """A figure as a data URL, and its size in CSS pixels."""

    data: str
    width: int
    height: int


class Picture(NamedTuple):
    """A figure in a wide and in a narrow layout."""

    wide: Drawing
    narrow: Drawing


def _picture(draw: Draw, wide: Size, narrow: Size) -> Picture:
    return Picture(_drawn(draw, wide, False), _drawn(draw, narrow, True))


def _drawn(draw: Draw, size: Size, narrow: bool) -> Drawing:
    import numpy as np

    with needed("matplotlib.style").context("default"):
        # Without pyplot, which would keep the figure and may need a display.
        figure = needed("matplotlib.figure").Figure(size, RESOLUTION, layout="constrained")
        canvas = needed("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
        draw(figure, narrow)
        canvas.draw()
    image = needed("PIL.Image").fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    # A palette reduces a drawing to a third of its size. Photographs have more colours.
    if image.getcolors(4096) is not None:
        image = image.quantize(256)
    file = io.BytesIO()
    image.save(file, "png", optimize=True)
    data = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
    width, height = (round(96 * inches) for inches in size)
    return Drawing(data, width, height)


def picture_path(path: RegularizationPath) -> Picture:
    """Draw the scores of a path against lambda."""
    from ..figures import RegularizationPathDisplay

    def draw(figure: Any, narrow: bool) -> None:
        RegularizationPathDisplay.from_path(path, ax=figure.subplots())

    return _picture(draw, (8.0, 4.6), (4.2, 4.6))


def picture_learning_curve(curve: LearningCurve, score_name: str) -> Picture:
    """Draw the score against the number of training samples."""
    from ..figures import LearningCurveDisplay

    def draw(figure: Any, narrow: bool) -> None:
        LearningCurveDisplay(*curve, score_name=score_name).plot(figure.subplots())

    return _picture(draw, (8.0, 3.8), (4.2, 3.8))


def picture_importance(importance: Importance, score_name: str) -> Picture:
    """Draw what shuffling each of the most important columns costs."""
    from ..figures import ImportanceDisplay

    shown = importance.columns[:LISTED]
    drawable = can_draw([one.name for one in shown])
    names = None if drawable else [f"column {one.column + 1}" for one in shown]
    tall = 1.4 + 0.28 * len(shown)

    def draw(figure: Any, narrow: bool) -> None:
        ax = figure.subplots()
        display = ImportanceDisplay(importance, score_name=score_name)
        display.plot(ax, limit=LISTED, names=names)
        if narrow:
            _move_below(ax.get_legend())

    return _picture(draw, (8.0, tall), (4.2, tall))


def picture_dependences(found: Sequence[Dependence]) -> Picture:
    """Draw how predictions depend on a few columns."""
    from ..figures import PartialDependenceDisplay
    from ..figures.dependence import leave_room

    count = len(found)
    # One scale, to compare the columns.
    means = [float(mean) for one in found for k in one.drawn() for mean in one.means[k]]
    edge = 0.04 * (max(means) - min(means))

    def draw(figure: Any, narrow: bool) -> None:
        for ax, one in zip(_axes(figure, count, 1 if narrow else count), found, strict=True):
            PartialDependenceDisplay(one).plot(ax)
            leave_room(ax, min(means) - edge, max(means) + edge)

    return _picture(draw, (max(5.0, 3.0 * count), 3.6), (4.2, 3.4 * count))


def picture_curves(path: RegularizationPath) -> Picture:
    """Draw the losses of a path against the epoch."""
    from ..figures import LossCurvesDisplay

    def draw(figure: Any, narrow: bool) -> None:
        axes = figure.subplots(2, 1) if narrow else figure.subplots(1, 2)
        LossCurvesDisplay.from_path(path, ax=axes)
        # One scale, to compare the two.
        limits = [limit for ax in axes for limit in ax.get_ylim()]
        for ax in axes:
            ax.set_ylim(min(limits), max(limits))
        if narrow:
            _move_below(axes[1].get_legend())

    return _picture(draw, (8.0, 3.8), (4.2, 6.4))


def _move_below(legend: Any) -> None:
    """Move the legend from beside the axes, which it would make narrow, below the figure."""
    legend.figure.legend(
        legend.legend_handles,
        [text.get_text() for text in legend.get_texts()],
        title=legend.get_title().get_text(),
        loc="outside lower center",
        ncols=4,
        fontsize="small",
        title_fontsize="small",
        frameon=False,
    )
    legend.remove()


def picture_reliability(path: RegularizationPath) -> Picture:
    """Draw how often predictions of each probability are right."""
    from ..figures import ReliabilityDisplay

    def draw(figure: Any, narrow: bool) -> None:
        axes = figure.subplots(2, 1) if narrow else figure.subplots(1, 2)
        ReliabilityDisplay.from_path(path, ax=axes)

    return _picture(draw, (8.0, 4.0), (4.2, 7.0))


def picture_confusion(matrix: Any, names: Sequence[str]) -> Picture:
    """Draw a confusion matrix of classes with drawable names; see `can_draw`."""
    from ..figures import ConfusionMatrixDisplay

    def draw(figure: Any, narrow: bool) -> None:
        display = ConfusionMatrixDisplay(matrix, display_labels=names).plot(ax=figure.subplots())
        labels = display.ax_.get_xticklabels()
        # The columns of this figure are narrower than the display assumes.
        if narrow and sum(len(label.get_text()) for label in labels) > 20:
            for label in labels:
                label.set(rotation=90, ha="center", va="top", rotation_mode="default")

    side = max(4.4, 0.36 * len(names))
    return _picture(draw, (1.25 * side, side), (side, 0.84 * side))


def can_draw(names: Sequence[str]) -> bool:
    """Tell whether the font has the glyphs of all names, and none of them is a formula."""
    fonts = needed("matplotlib.font_manager")
    with needed("matplotlib.style").context("default"):
        known = fonts.get_font(fonts.findfont(fonts.FontProperties())).get_charmap()
    return all(name.count("$") < 2 and all(ord(c) in known for c in name) for name in names)


def as_images(X: Any) -> Any:
    """Return samples (n, features) as images (n, height, width[, 3]); None if they are none."""
    from ..figures import image_shape

    shape = image_shape(X.shape[1])
    if shape is None or min(shape[:2]) < SMALLEST:
        return None
    return X.reshape(-1, *shape)


def picture_images(images: Any, pairs: Sequence[tuple[str, str]]) -> Picture:
    """Draw images (n, height, width[, 3]) titled by their true class and the predicted one."""
    from ..figures import plot_images

    # A line holds 13 characters.
    arrow = " → " if max(len(true) + len(found) for true, found in pairs) <= 10 else "\n→ "
    titles = [f"{true}{arrow}{found}" for true, found in pairs]
    tall = 1.3 * min(3.0, images.shape[1] / images.shape[2]) + (0.24 if arrow == " → " else 0.42)
    wide, narrow = (
        (1.3 * columns, tall * rows + 0.1)
        for rows, columns in (_grid(len(titles), across) for across in ACROSS)
    )

    def draw(figure: Any, narrow: bool) -> None:
        for ax in plot_images(images, titles, _axes(figure, len(titles), ACROSS[narrow])):
            ax.title.set_size(9)

    return _picture(draw, wide, narrow)


def _grid(count: int, across: int) -> tuple[int, int]:
    """Return the rows and the columns of a grid with at most `across` columns."""
    return math.ceil(count / across), min(count, across)


def _axes(figure: Any, count: int, across: int) -> Any:
    axes = figure.subplots(*_grid(count, across), squeeze=False).ravel()
    for surplus in axes[count:]:
        surplus.remove()
    return axes[:count]


def picture_values(predicted: Any, true: Any) -> Picture:
    """Draw a regression's predictions against the true values (n, outputs), up to six outputs."""
    from ..figures.style import BLACK, BLUE

    count = min(true.shape[1], PANELS)
    sizes = [(5.2, 5.2), (4.2, 4.2)]
    if count > 1:
        grids = ((*_grid(count, across), side) for across, side in ((3, 2.7), (2, 2.1)))
        sizes = [(side * columns, side * rows) for rows, columns, side in grids]
    # Many points would hide one another if they were opaque.
    look = {"s": 16, "color": BLUE, "linewidths": 0, "alpha": max(0.15, min(0.7, 200 / len(true)))}
    line = {"slope": 1.0, "color": BLACK, "linestyle": "--", "linewidth": 1}

    def draw(figure: Any, narrow: bool) -> None:
        for k, ax in enumerate(_axes(figure, count, 2 if narrow else 3)):
            ax.scatter(true[:, k], predicted[:, k], **look)
            ax.axline((true[0, k], true[0, k]), **line)
            ax.set_xlabel("true")
            ax.set_ylabel("predicted")
            if count > 1:
                ax.set_title(f"output {k + 1}", fontsize="medium")

    return _picture(draw, *sizes)
