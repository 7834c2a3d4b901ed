"""Legends that hide nothing, whether or not the figure arranges itself."""

from __future__ import annotations

from typing import Any

from .style import size_in_points


def add_legend(
    ax: Any,
    handles: Any = None,
    *,
    title: str | None = None,
    beside: bool = False,
    top: bool = False,
) -> None:
    """Put the legend where it hides nothing.

    That is outside the axes, `beside` or below them, if the figure arranges itself. A
    figure that does not would cut it off; there the axis is made longer, at the `top` or
    the bottom, and the legend stands in that room.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With all its curves, because the limits of the axis may change.
    handles : list of matplotlib.artist.Artist, optional
        What it explains; by default whatever in `ax` has a label.
    title : str, optional
        What stands above it.
    beside, top : bool, default False
        Where it stands.
    """
    options: dict[str, Any] = {"fontsize": "small", "title": title, "title_fontsize": "small"}
    if handles is not None:
        options["handles"] = handles
    if ax.figure.get_layout_engine() is None:
        _make_room_inside(ax, top, options)
    elif beside:
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, **options)
    else:
        _put_below(ax, options)


def _put_below(ax: Any, options: dict[str, Any]) -> None:
    from matplotlib.transforms import ScaledTranslation

    # Below the label of the axis, whose distance is in points whatever the figure's size.
    below = ax.transAxes + ScaledTranslation(0, -34 / 72, ax.figure.dpi_scale_trans)
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "bbox_transform": below}
    # The arrangement has yet to make the axes a little wider.
    _narrow(ax, 3, 1.2, frameon=False, **place, **options)


def _make_room_inside(ax: Any, top: bool, options: dict[str, Any]) -> None:
    edge = 0.07  # the crosses of what diverged stand below it
    tight = {"borderaxespad": 0.3, "labelspacing": 0.3, "columnspacing": 1.0}
    if size_in_points(ax)[0] < 288:
        tight.update(handlelength=1.5, handletextpad=0.4)
        options["fontsize"] = "x-small"
    place = {"loc": "upper center" if top else "lower center"}
    anchor = (0.5, 1.0) if top else (0.5, edge)
    legend = _narrow(ax, 2, 1.0, bbox_to_anchor=anchor, **place, **tight, **options)
    taken = legend.get_window_extent().height / ax.get_window_extent().height
    taken = min(taken + (0.02 if top else edge), 0.7)
    low, high = ax.get_ylim()
    longer = (high - low) / (1 - taken)
    # `auto=None` leaves it to matplotlib to find other limits for what is added later.
    ax.set_ylim(*((low, low + longer) if top else (high - longer, high)), auto=None)


def _narrow(ax: Any, columns: int, widest: float, **options: Any) -> Any:
    """Make a legend of so many columns, or fewer if it is wider than `widest` times the axes."""
    for ncols in range(columns, 0, -1):
        legend = ax.legend(ncols=ncols, **options)
        if legend.get_window_extent().width <= widest * ax.get_window_extent().width:
            break
    return legend
