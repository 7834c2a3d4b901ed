"""Weights and samples as images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from .style import new_figure, shorten


def image_shape(inputs: int) -> tuple[int, ...] | None:
    """Guess the shape of a flattened image from its number of values.

    It is (side, side) for a square, such as (8, 8) for 64, and (side, side, 3) for three times a
    square, such as (64, 64, 3) for 12288; otherwise None.
    """
    for colours in ((), (3,)):
        side = math.isqrt(max(inputs, 0) // math.prod(colours))
        shape = (side, side, *colours)
        if side and math.prod(shape) == inputs:
            return shape
    return None


def plot_weights(
    model: Any,
    shape: Sequence[int] | None = None,
    *,
    columns: int = 8,
    limit: int = 32,
    axes: Any = None,
) -> Any:
    """Draw the weights of the first layer as images, one for each hidden unit.

    All have the same scale, from minus to plus the largest absolute weight. Zero is white,
    or grey in colour images.

    Parameters
    ----------
    model : Model or Network
        Not a stack.
    shape : sequence of int, optional
        Of one sample: (height, width), or (height, width, 3) for colours. By default
        that of `image_shape`.
    columns, limit : int, default 8 and 32
        Images in a row of a new figure, and the number of units drawn, at most.
    axes : array of matplotlib.axes.Axes, optional
        One for each unit; by default in a new figure.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (units,)
    """
    import numpy as np

    network = getattr(model, "network", model)
    weight = network.backend.to_numpy(network.parameters[0].weight).astype("float64")
    if weight.ndim > 2:
        raise InputError("A stack cannot be drawn. Pass one of its members: network.member(k).")
    if limit < 1:
        raise InputError(f"limit must be 1 or more. Received: limit={limit}.")
    inputs, units = weight.shape
    images = weight.T[:limit].reshape(-1, *_shape_of(inputs, shape))
    size = float(np.max(np.abs(images), initial=0.0, where=np.isfinite(images))) or 1.0
    coloured, new = images.ndim == 4, axes is None
    if coloured:
        images = np.clip(np.nan_to_num(0.5 + images / (2 * size)), 0.0, 1.0)
    axes = _axes_for(images, columns, axes, beside=0.0 if coloured else 0.9)
    for k, (ax, image) in enumerate(zip(axes, images, strict=True)):
        drawn = _show(ax, image, str(k), cmap="RdBu_r", vmin=-size, vmax=size)
    if new and not coloured:
        axes[0].figure.colorbar(drawn, ax=list(axes), label="weight", shrink=0.8, aspect=30)
    if new and units > len(images):
        axes[0].figure.supxlabel(f"the first {len(images)} of {units} units", fontsize="small")
    return axes


def plot_images(images: Any, titles: Sequence[Any], axes: Any = None, columns: int = 8) -> Any:
    """Draw samples as grey or colour images, each with a title.

    Parameters
    ----------
    images : array_like, shape (n, height, width) or (n, height, width, 3)
        In any range; the smallest of all values is black, the largest white.
    titles : sequence, length n
        Long lines are shortened.
    axes : array of matplotlib.axes.Axes, optional
        One for each image; by default in a new figure.
    columns : int, default 8
        Images in a row of a new figure.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (n,)
    """
    import numpy as np

    values = np.asarray(images, dtype="float64")
    if values.ndim not in (3, 4) or values.shape[3:] not in ((), (3,)) or not values.size:
        raise InputError(
            "images must have shape (n, height, width), or (n, height, width, 3) for colours, "
            f"with n at least 1. Received: shape {values.shape}."
        )
    if len(titles) != len(values):
        raise InputError(f"{len(values)} images need as many titles. Received: {len(titles)}.")
    known = np.isfinite(values)
    low, high = (values[known].min(), values[known].max()) if known.any() else (0.0, 0.0)
    shades = (np.where(known, values, low) - low) / (high - low or 1.0)
    texts = [[shorten(line, 13) for line in str(title).split("\n")] for title in titles]
    axes = _axes_for(shades, columns, axes, lines=max(map(len, texts)))
    for ax, image, text in zip(axes, shades, texts, strict=True):
        _show(ax, image, "\n".join(text), cmap="gray", vmin=0.0, vmax=1.0)
    return axes


def _shape_of(inputs: int, shape: Sequence[int] | None) -> tuple[int, ...]:
    """Return the shape of one sample as an image: the one given if it fits, or a guess."""
    if shape is not None:
        given = tuple(shape)
        fits = len(given) in (2, 3) and given[2:] in ((), (3,)) and min(given) > 0
        if not fits or math.prod(given) != inputs:
            raise InputError(
                f"shape must be (height, width) or (height, width, 3), {inputs} inputs in all. "
                f"Received: shape={given}."
            )
        return given
    guess = image_shape(inputs)
    if guess is None:
        height = next(h for h in range(math.isqrt(inputs), 0, -1) if inputs % h == 0)
        raise InputError(
            f"{inputs} inputs do not form a square image. Pass the height and width, such as "
            f"shape=({height}, {inputs // height}), or (height, width, 3) for colours."
        )
    return guess


def _axes_for(images: Any, columns: int, axes: Any, lines: int = 1, beside: float = 0.0) -> Any:
    """Return axes for images: the first of those given, or new ones in rows of `columns`.

    A new figure has space for titles of `lines` lines, and for `beside` inches beside the axes.
    """
    import numpy as np

    count, height, width = images.shape[:3]
    if axes is not None:
        axes = np.asarray(axes).ravel()
        if len(axes) < count:
            raise InputError(f"{count} images need as many axes. Received: {len(axes)}.")
        return axes[:count]
    columns = max(1, min(columns, count))
    rows = math.ceil(count / columns)
    cell = max(1.0, min(1.4, 8.0 / columns))
    tall = cell * min(3.0, height / width) + 0.04 + 0.18 * lines
    size = (columns * cell + beside, max(rows * tall, 1.6 if beside else 0.0) + 0.1)
    axes = new_figure(size).subplots(rows, columns, squeeze=False).ravel()
    for surplus in axes[count:]:
        surplus.remove()
    return axes[:count]


def _show(ax: Any, image: Any, title: str, **scale: Any) -> Any:
    drawn = ax.imshow(image, interpolation="nearest", **scale)
    # Thirteen digits of 7.5 points are as wide as an inch, the least width of new axes.
    ax.set_title(title, fontsize=7.5, pad=3)
    ax.set_xticks([])
    ax.set_yticks([])
    return drawn
