"""Colours, curve styles, new axes, and the size of text."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from ..io.opening import needed

# The colour-blind-safe palette of Okabe and Ito. Its yellow is too faint for lines on white.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
WHITE, GREY, LIGHT = "#ffffff", "#767676", "#b8b8b8"  # the page, text, and bars behind curves
# Text of these hues: the palette's own are too faint for small letters on white.
DARK_GREEN, DARK_VERMILLION = "#007053", "#AD4C00"
READABLE = {BLUE: BLUE, VERMILLION: DARK_VERMILLION, GREEN: DARK_GREEN}
# All colours of all figures; a page that embeds them may replace each.
COLOURS = {
    "black": BLACK,
    "white": WHITE,
    "grey": GREY,
    "light": LIGHT,
    "blue": BLUE,
    "vermillion": VERMILLION,
    "dark-vermillion": DARK_VERMILLION,
    "green": GREEN,
    "dark-green": DARK_GREEN,
    "purple": PURPLE,
    "orange": ORANGE,
    "sky": SKY,
}
MEMBERS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)

TRAINING = {"color": BLUE, "linestyle": "--", "marker": "s"}
VALIDATION = {"color": VERMILLION, "linestyle": "-", "marker": "o"}
PENALTY = {"color": GREEN, "linestyle": ":", "marker": "^"}

DIGIT = 0.64  # width of a digit in units of the font size, about


def new_figure(figsize: tuple[float, float] | None = None) -> Any:
    """Return a new figure with constrained layout."""
    pyplot = needed("matplotlib.pyplot", "A figure", "plot")
    return pyplot.figure(figsize=figsize, layout="constrained")


def one_axes(ax: Any, figsize: tuple[float, float] | None = None) -> Any:
    """Return the axes given, or those of a new figure."""
    return new_figure(figsize).subplots() if ax is None else ax


def two_axes(axes: Any, sharey: bool = False) -> Any:
    """Return the two axes given, or those of a new figure."""
    import numpy as np

    if axes is None:
        return new_figure((8.0, 3.8)).subplots(1, 2, sharey=sharey)
    axes = np.asarray(axes).ravel()
    if len(axes) != 2:
        raise InputError(f"axes must be two, left and right. Received: {len(axes)}.")
    return axes


def ink(ax: Any) -> str:
    """Return black, or white on dark axes such as those of a dark style sheet."""
    from matplotlib.colors import to_rgba

    red, green, blue, opacity = to_rgba(ax.get_facecolor())
    brightness = 0.299 * red + 0.587 * green + 0.114 * blue
    return WHITE if opacity * (1.0 - brightness) > 0.5 else BLACK


def size_in_points(ax: Any) -> tuple[float, float]:
    """Return the width and the height of axes in points, the unit of font sizes."""
    box, dpi = ax.get_window_extent(), ax.figure.dpi
    return box.width * 72 / dpi, box.height * 72 / dpi


def shorten(text: str, most: int) -> str:
    """Replace the middle of a long text by "…": names that start alike often end in a number."""
    if len(text) <= most:
        return text
    return text[: most // 2] + "…" + text[most // 2 + 1 - most :]
