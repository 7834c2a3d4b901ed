"""The pictures of a report: PNG in text, drawn for a wide page and for a narrow one."""

from __future__ import annotations

import base64
import importlib
import io
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from ..errors import InputError
from ..path.result import Path

SHARPNESS = 192  # pixels an inch, two for each of a page's
SMALLEST = 8  # pixels of an image's side; a table may well have 4, 9 or 25 columns
ACROSS = (6, 3)  # images in a row, on a wide page and on a narrow one
PANELS = 6  # outputs of a regression that are drawn

Draw = Callable[[Any, bool], None]  # into a figure, and whether that is the narrow one
Size = tuple[float, float]  # of a figure, in inches


class Drawing(NamedTuple):
    """A figure as a page takes it.

    Attributes
    ----------
    data : str
        The address of an image that is itself the image.
    width, height : int
        In pixels of a page.
    """

    data: str
    width: int
    height: int


class Picture(NamedTuple):
    """A figure in the layout of a wide page, and in that of a narrow one."""

    wide: Drawing
    narrow: Drawing


def needed(module: str) -> Any:
    """Return a module of the optional libraries that a report takes.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"A report needs {module.partition('.')[0]}, which is not installed: "
            f'pip install "xl2[plot]".'
        ) from error


def _picture(draw: Draw, wide: Size, narrow: Size) -> Picture:
    return Picture(_drawn(draw, wide, False), _drawn(draw, narrow, True))


def _drawn(draw: Draw, size: Size, narrow: bool) -> Drawing:
    import numpy as np

    with needed("matplotlib.style").context("default"):
        # Not by pyplot, which would keep the figure, and may look for a screen.
        figure = needed("matplotlib.figure").Figure(size, SHARPNESS, layout="constrained")
        canvas = needed("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
        draw(figure, narrow)
        canvas.draw()
    image = needed("PIL.Image").fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    # A palette makes a drawing a third of its size. Photographs have more colours.
    if image.getcolors(4096) is not None:
        image = image.quantize(256)
    file = io.BytesIO()
    image.save(file, "png", optimize=True)
    data = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
    width, height = (round(96 * inches) for inches in size)
    return Drawing(data, width, height)


def picture_path(path: Path) -> Picture:
    """Draw the scores of a path against lambda."""
    from ..figures import plot_path

    return _picture(
        lambda figure, narrow: plot_path(path, figure.subplots()), (8.0, 4.6), (4.2, 4.6)
    )


def picture_curves(path: Path) -> Picture:
    """Draw the losses of a path against the epoch."""
    return _picture(partial(_draw_curves, path), (8.0, 3.8), (4.2, 6.4))


def _draw_curves(path: Path, figure: Any, narrow: bool) -> None:
    from ..figures import plot_curves

    axes = plot_curves(path, figure.subplots(2, 1) if narrow else figure.subplots(1, 2))
    # The two are there to be compared.
    limits = [limit for ax in axes for limit in ax.get_ylim()]
    for ax in axes:
        ax.set_ylim(min(limits), max(limits))
    if narrow:
        _move_below(axes[1].get_legend())


def _move_below(legend: Any) -> None:
    """Put the legend of axes, which it would make narrow, below all of the figure."""
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


def picture_confusion(matrix: Any, names: Sequence[str]) -> Picture:
    """Draw a confusion matrix.

    Parameters
    ----------
    matrix : numpy.ndarray of int, shape (classes, classes)
    names : sequence of str
        Of the classes; see `can_draw`.
    """
    side = max(4.4, 0.36 * len(names))
    draw = partial(_draw_confusion, matrix, names)
    return _picture(draw, (1.25 * side, side), (side, 0.84 * side))


def _draw_confusion(matrix: Any, names: Sequence[str], figure: Any, narrow: bool) -> None:
    from ..figures import plot_confusion

    ax = plot_confusion(matrix, names, figure.subplots())
    labels = ax.get_xticklabels()
    # The columns are narrower than the figure by itself would have them.
    if narrow and sum(len(label.get_text()) for label in labels) > 20:
        for label in labels:
            label.set(rotation=90, ha="center", va="top", rotation_mode="default")


def can_draw(names: Sequence[str]) -> bool:
    """Tell whether a picture can show names: the font has their glyphs, and none is a formula."""
    fonts = needed("matplotlib.font_manager")
    with needed("matplotlib.style").context("default"):
        known = fonts.get_font(fonts.findfont(fonts.FontProperties())).get_charmap()
    return all(name.count("$") < 2 and all(ord(c) in known for c in name) for name in names)


def as_images(X: Any) -> Any:
    """Return samples (n, features) as images (n, height, width[, 3]), or None if they are none."""
    from ..figures import image_shape

    shape = image_shape(X.shape[1])
    if shape is None or min(shape[:2]) < SMALLEST:
        return None
    return X.reshape(-1, *shape)


def picture_images(images: Any, pairs: Sequence[tuple[str, str]]) -> Picture:
    """Draw images of samples under their true class and the one predicted.

    Parameters
    ----------
    images : numpy.ndarray, shape (n, height, width) or (n, height, width, 3)
    pairs : sequence of (str, str), length n
        The names of the two; see `can_draw`.
    """
    # A line has room for 13 characters.
    apart = " → " if max(len(true) + len(found) for true, found in pairs) <= 10 else "\n→ "
    titles = [f"{true}{apart}{found}" for true, found in pairs]
    tall = 1.3 * min(3.0, images.shape[1] / images.shape[2]) + (0.24 if apart == " → " else 0.42)
    wide, narrow = (
        (1.3 * columns, tall * rows + 0.1)
        for rows, columns in (_grid(len(titles), across) for across in ACROSS)
    )
    return _picture(partial(_draw_images, images, titles), wide, narrow)


def _draw_images(images: Any, titles: Sequence[str], figure: Any, narrow: bool) -> None:
    from ..figures import plot_images

    for ax in plot_images(images, titles, _axes(figure, len(titles), ACROSS[narrow])):
        ax.title.set_size(9)


def _grid(count: int, across: int) -> tuple[int, int]:
    """Return the rows and the columns of a grid that is no wider than it has to be."""
    return math.ceil(count / across), min(count, across)


def _axes(figure: Any, count: int, across: int) -> Any:
    axes = figure.subplots(*_grid(count, across), squeeze=False).ravel()
    for surplus in axes[count:]:
        surplus.remove()
    return axes[:count]


def picture_values(values: Any, true: Any) -> Picture:
    """Draw the predictions of a regression against the true values.

    Parameters
    ----------
    values, true : numpy.ndarray, shape (n, outputs)
        The first six outputs have axes each.
    """
    count = min(true.shape[1], PANELS)
    sizes = [(5.2, 5.2), (4.2, 4.2)]
    if count > 1:
        sizes = []
        for across, side in ((3, 2.7), (2, 2.1)):
            rows, columns = _grid(count, across)
            sizes.append((side * columns, side * rows))
    return _picture(partial(_draw_values, values, true), *sizes)


def _draw_values(values: Any, true: Any, figure: Any, narrow: bool) -> None:
    from ..figures.style import BLACK, BLUE

    count = min(true.shape[1], PANELS)
    # Many points hide one another, unless they let some of what is behind them through.
    look = {"s": 16, "color": BLUE, "linewidths": 0, "alpha": max(0.15, min(0.7, 200 / len(true)))}
    for k, ax in enumerate(_axes(figure, count, 2 if narrow else 3)):
        ax.scatter(true[:, k], values[:, k], **look)
        ax.axline((true[0, k], true[0, k]), slope=1.0, color=BLACK, linestyle="--", linewidth=1)
        ax.set_xlabel("true")
        ax.set_ylabel("predicted")
        if count > 1:
            ax.set_title(f"output {k}", fontsize="medium")
