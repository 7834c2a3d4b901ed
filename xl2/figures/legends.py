"""Legends that cover no curve."""

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
    """Add a legend that covers no curve of `ax`; `handles` are by default all that are labelled.

    If the figure has a layout engine, the legend goes outside, beside the axes or below them.
    Otherwise it would be cut off there, so the y axis is extended and the legend put inside,
    at the top or the bottom. Draw all curves first, because that changes the limits.
    """
    options: dict[str, Any] = {"fontsize": "small", "title": title, "title_fontsize": "small"}
    if handles is not None:
        options["handles"] = handles
    if ax.figure.get_layout_engine() is None:
        _put_inside(ax, top, options)
    elif beside:
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, **options)
    else:
        _put_below(ax, options)


def _put_below(ax: Any, options: dict[str, Any]) -> None:
    from matplotlib.transforms import ScaledTranslation

    # Below the label of the axis, whose distance is in points whatever the figure's size.
    below = ax.transAxes + ScaledTranslation(0, -34 / 72, ax.figure.dpi_scale_trans)
    where = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "bbox_transform": below}
    # The layout will make the axes a little wider.
    _narrow(ax, 3, 1.2, frameon=False, **where, **options)


def _put_inside(ax: Any, top: bool, options: dict[str, Any]) -> None:
    edge = 0.07  # leaves space for the crosses of diverged lambdas
    tight = {"borderaxespad": 0.3, "labelspacing": 0.3, "columnspacing": 1.0}
    if size_in_points(ax)[0] < 288:
        tight.update(handlelength=1.5, handletextpad=0.4)
        options["fontsize"] = "x-small"
    loc, anchor = ("upper center", (0.5, 1.0)) if top else ("lower center", (0.5, edge))
    legend = _narrow(ax, 2, 1.0, loc=loc, bbox_to_anchor=anchor, **tight, **options)
    taken = legend.get_window_extent().height / ax.get_window_extent().height
    taken = min(taken + (0.02 if top else edge), 0.7)
    low, high = ax.get_ylim()
    longer = (high - low) / (1 - taken)
    # With `auto=None` matplotlib still adapts the limits to what is drawn later.
    ax.set_ylim(*((low, low + longer) if top else (high - longer, high)), auto=None)


def _narrow(ax: Any, columns: int, widest: float, **options: Any) -> Any:
    """Add a legend of at most `columns` columns and `widest` times the width of the axes."""
    for ncols in range(columns, 0, -1):
        legend = ax.legend(ncols=ncols, **options)
        if legend.get_window_extent().width <= widest * ax.get_window_extent().width:
            break
    return legend
