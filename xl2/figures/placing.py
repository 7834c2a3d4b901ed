"""Labels beside curves, where they cover the least, and at the ends of lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from .spread import spread
from .style import GREY

TRIED = 40  # positions along a curve
OFFSET = 5.0  # points between a curve and its label
LEADER = 12.0  # points of a line that leads to the label of an end
STEP = 2.0  # pixels between the samples of a curve, to see what a label would cover


def settle(ax: Any) -> None:
    """Run the layout of the figure of `ax`, so that sizes are those of the drawing."""
    figure = ax.figure.figure  # of a subfigure the whole one
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)


class Obstacles:
    """Points, in pixels, that labels should not cover, and what covering one costs."""

    def __init__(self) -> None:
        self.points: list[Any] = []
        self.costs: list[Any] = []

    def add(self, points: Any, cost: float) -> None:
        """Add points (n, 2)."""
        import numpy as np

        self.points.append(points)
        self.costs.append(np.full(len(points), cost))

    def add_curve(self, ax: Any, x: Any, y: Any, cost: float) -> None:
        """Add a curve in the units of the axes; the cost is that of a pixel of its length."""
        import numpy as np

        box, pixels = ax.get_window_extent(), _pixels(ax, x, y)
        for (x0, y0), (x1, y1) in pairwise(pixels):
            if not np.isfinite([x0, y0, x1, y1]).all():
                continue
            # A steep line that leaves the axes is sampled inside.
            steps = np.linspace(0.0, 1.0, min(4000, 2 + int(np.hypot(x1 - x0, y1 - y0) / STEP)))
            points = np.column_stack([x0 + steps * (x1 - x0), y0 + steps * (y1 - y0)])
            inside = (box.y0 <= points[:, 1]) & (points[:, 1] <= box.y1)
            self.add(points[inside], cost * STEP)

    def add_marker(self, ax: Any, point: Any) -> None:
        """Add the marker of a line of one point."""
        import numpy as np

        (pixels,) = _pixels(ax, *point.get_data())
        half = point.get_markersize() / 2 * ax.figure.dpi / 72
        if np.isfinite(pixels).all():
            around = np.stack(np.meshgrid([-half, 0, half], [-half, 0, half]), axis=-1)
            self.add(pixels + around.reshape(-1, 2), 3.0)

    def add_box(self, box: Any) -> None:
        """Add a text that is written already."""
        import numpy as np

        grid = np.meshgrid(np.linspace(box.x0, box.x1, 30), np.linspace(box.y0, box.y1, 8))
        self.add(np.stack([axis.ravel() for axis in grid], axis=1), 1e3)

    def cost(self, left: float, bottom: float, wide: float, high: float, around: float) -> float:
        """Return what a label in a box would cover, with some pixels around it."""
        import numpy as np

        if not self.points:
            return 0.0
        points, costs = np.concatenate(self.points), np.concatenate(self.costs)
        inside = (left - around < points[:, 0]) & (points[:, 0] < left + wide + around)
        inside &= (bottom - around < points[:, 1]) & (points[:, 1] < bottom + high + around)
        return float(costs[inside].sum())


class Room(NamedTuple):
    """The part of the axes for labels, in pixels."""

    x0: float
    y0: float
    x1: float
    y1: float


def label_curve(
    ax: Any,
    x: Any,
    guides: Sequence[Any],
    text: str,
    obstacles: Obstacles,
    room: Room,
    *,
    rival: Any = None,
    **look: Any,
) -> Any:
    """Write a text beside a curve where it covers the least, and return it.

    `guides` are the heights of the curve, and of others that belong to it, such as the edges of
    its band. The text is above, below, or beside a point of one of them. Of places that are
    equally good, the first guide's leftmost is taken. It is not as close to `rival`, another curve,
    so that nobody takes it for the name of that. The text becomes an obstacle. Without a point
    inside `room` there is no text, and None is returned.
    """
    where = {"transform": None, "va": "bottom", "ha": "left", "fontsize": "small"}
    written = ax.text(0.5, 0.5, text, **where, **look)
    size, scale = written.get_window_extent(), ax.figure.dpi / 72
    rivals = Obstacles()
    if rival is not None:
        rivals.add_curve(ax, x, rival, 2.0)
    found = []
    for guide, y in enumerate(guides):
        for left, bottom, cost in _places(_walk(ax, x, y), size, OFFSET * scale, room, guide):
            box = (left, bottom, size.width, size.height)
            cost += obstacles.cost(*box, around=2 * scale)
            cost += rivals.cost(*box, around=1.6 * OFFSET * scale)
            found.append((cost, left, bottom))
    if not found:
        written.remove()
        return None
    _, left, bottom = min(found, key=lambda place: place[0])
    # In the units of the axes, so that it stays beside the curve if the figure changes its size.
    written.set_transform(ax.transAxes)
    written.set_position(ax.transAxes.inverted().transform((left, bottom)))
    obstacles.add_box(written.get_window_extent())
    return written


def _places(
    points: Any, size: Any, offset: float, room: Room, guide: int
) -> Iterator[tuple[float, float, float]]:
    """Yield the left and the bottom of texts beside points, and what this place costs."""
    wide, high = size.width, size.height
    for x, y in points:
        if not (room.x0 <= x <= room.x1 and room.y0 <= y <= room.y1):
            continue
        middle = min(max(x - wide / 2, room.x0), room.x1 - wide)
        moved = 0.05 * abs(middle + wide / 2 - x)
        for left, bottom, worse in (
            (middle, y + offset, moved),
            (middle, y - offset - high, moved),
            (x + offset, y - high / 2, 1.0),
            (x - offset - wide, y - high / 2, 1.0),
        ):
            inside = room.x0 <= left and left + wide <= room.x1
            if inside and room.y0 <= bottom and bottom + high <= room.y1:
                yield left, bottom, worse + 2.0 * guide


def label_ends(
    ax: Any, ends: Sequence[tuple[float, float]], texts: Sequence[str], looks: Sequence[Any]
) -> list[Any]:
    """Write texts at the right edge of the axes where lines end, moved apart; return them.

    `ends` are (x, y) in the units of the axes. The x axis is made longer, so that the texts are
    right of all lines, and a thin line leads to each.
    """
    if not ends:
        return []
    box, scale = ax.get_window_extent(), ax.figure.dpi / 72
    where = {"transform": ax.transAxes, "va": "center_baseline", "ha": "left", "fontsize": "small"}
    written = [
        ax.text(0.5, 0.5, text, **where, **look) for text, look in zip(texts, looks, strict=True)
    ]
    sizes = [text.get_window_extent() for text in written]
    taken = max(size.width for size in sizes) + (LEADER + OFFSET) * scale
    left, right = ax.get_xlim()
    ax.set_xlim(left, left + (right - left) / (1.0 - min(0.6, taken / box.width)))
    heights = [1.05 * size.height for size in sizes]
    pixels = ax.transData.transform(ends)
    wanted = [min(max(y, box.y0), box.y1) for _, y in pixels]
    centres = spread(wanted, heights, box.y0 + 2 * scale, box.y1 - 2 * scale)
    start = max(box.x1 - taken + LEADER * scale, box.x0)
    thin = {"transform": ax.transAxes, "linewidth": 0.6, "color": GREY, "zorder": 1}
    for text, (x, _), y, centre in zip(written, pixels, wanted, centres, strict=True):
        text.set_position(((start - box.x0) / box.width, (centre - box.y0) / box.height))
        xs, ys = (x + 2 * scale, start - 2 * scale), (y, centre)
        ax.plot(
            [(each - box.x0) / box.width for each in xs],
            [(each - box.y0) / box.height for each in ys],
            label="_nolegend_",
            **thin,
        )
    return written


def _pixels(ax: Any, x: Any, y: Any) -> Any:
    import numpy as np

    return ax.transData.transform(np.column_stack([x, y]).astype("float64"))


def _walk(ax: Any, x: Any, y: Any) -> Any:
    """Return points along a curve in pixels, without its parts that are not finite."""
    import numpy as np

    pixels = _pixels(ax, x, y)
    if len(pixels) > 1:
        where, steps = np.linspace(0, len(pixels) - 1, TRIED), np.arange(len(pixels))
        pixels = np.column_stack([np.interp(where, steps, pixels[:, k]) for k in (0, 1)])
    return pixels[np.isfinite(pixels).all(axis=1)]
