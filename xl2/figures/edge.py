"""The upper and the lower edge of axes of scores: arrows, words, and names of lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .placing import Room
from .spread import spread
from .style import GREY, ink, size_in_points

MARGIN = 0.05  # of the scores, above and below them
MARK = 11.0  # points that an arrow or a cross takes
GAP = 3.0  # points between texts and the edge
BREAK = 4.0  # more at the lower edge, where the sign of the broken axis is
ROWS = 2  # of words, at most; then there is one text for all
SEVERAL = 2  # lambdas side by side, more of which have one text for all their scores


class Edge:
    """What is written at both edges of the axes, which the limits leave room for.

    `limits` are those of the scores that are shown. If `upper` is true, bad scores are above, as
    those of a loss: there are the arrows, and the names at the other edge.
    """

    def __init__(self, ax: Any, limits: tuple[float, float], *, upper: bool):
        self.ax, self.limits, self.upper = ax, limits, upper
        self.margin = MARGIN * (limits[1] - limits[0]) or 0.05 * abs(limits[0]) or 0.5
        self.marks: dict[int, Any] = {}
        self.words: list[Any] = []
        self._whys: dict[int, tuple[float, str]] = {}
        self._lines = list[Any]()
        self._named = 0.0  # points that the names take

    def holds(self, score: float) -> bool:
        """Return whether a score is among those shown."""
        return self.limits[0] - self.margin <= score <= self.limits[1] + self.margin

    def mark(self, index: int, x: float, marker: str | None, why: str) -> None:
        """Draw a marker at the edge, "" for an arrow and None for none, and remember the words.

        The marker has the name of the validation score for which it stands.
        """
        self._whys[index] = (x, why)
        if marker is None:
            return
        arrow = marker or ("^" if self.upper else "v")
        look: dict[str, Any] = {
            "marker": arrow,
            "color": ink(self.ax) if marker else GREY,
            "linestyle": "none",
        }
        look |= {"markersize": 6, "zorder": 4, "label": "_nolegend_", "gid": f"validation-{index}"}
        (self.marks[index],) = self.ax.plot(x, 0.5, transform=self.ax.get_xaxis_transform(), **look)

    def name(self, lines: dict[str, tuple[Any, str]]) -> dict[str, Any]:
        """Write the names of vertical lines at the edge of good scores; return them.

        The lines will end at the texts.
        """
        texts = {key: self._text(text, ink(self.ax)) for key, (_, text) in lines.items()}
        self._lines = [line for line, _ in lines.values()]
        rows = self._in_rows(
            [(float(line.get_xdata()[0]), texts[key]) for key, (line, _) in lines.items()]
        )
        self._named = self._put(rows, not self.upper, 0.0)
        return texts

    def set_limits(self, *, keep: bool) -> None:
        """Write the words, and set limits that leave room for all; `keep` them for later curves."""
        rows = self._in_rows(self._grouped())
        if len(rows) > ROWS:
            for _, text in (one for row in rows for one in row):
                text.remove()
            rows = [[self._counted()]]
        self.words = [text for row in rows for _, text in row]
        first = MARK if self.marks else 0.0
        taken = self._put(rows, self.upper, first) if rows else first
        below, above = (self._named, taken) if self.upper else (taken, self._named)
        _, height = size_in_points(self.ax)
        free = max(height - below - above, 0.3 * height)
        low, high = self.limits[0] - self.margin, self.limits[1] + self.margin
        point = (high - low) / free
        # With `auto=None` matplotlib still adapts the limits to what is drawn later.
        auto = False if keep else None
        self.ax.set_ylim(low - below * point, high + above * point, auto=auto)
        from .ticks import TicksWithin

        self.ax.yaxis.set_major_locator(TicksWithin(low, high))
        self._taken = (below, above)
        for line in self._lines:
            line.set_ydata([below / height, 1.0 - above / height])
        for mark in self.marks.values():
            at = (height - MARK / 2 if self.upper else MARK / 2) / height
            mark.set_ydata([at])

    def clip(self, artists: Iterable[Any]) -> None:
        """Let curves end where the words begin."""
        from matplotlib.patches import Rectangle

        _, height = size_in_points(self.ax)
        below, above = (part / height for part in self._taken)
        if self.upper:
            below = 0.0
        else:
            above = 0.0
        for artist in artists:
            shown = Rectangle((0, below), 1, 1 - below - above, transform=self.ax.transAxes)
            artist.set_clip_path(shown)

    def room(self) -> Room:
        """Return the part of the axes that is free of these texts, in pixels."""
        box, scale = self.ax.get_window_extent(), self.ax.figure.dpi / 72
        below, above = (scale * part for part in self._taken)
        side = GAP * scale
        return Room(box.x0 + side, box.y0 + below, box.x1 - side, box.y1 - above - side)

    def _text(self, text: str, colour: str) -> Any:
        look = {"fontsize": "small", "ha": "center", "color": colour}
        return self.ax.text(0.5, 0.5, text, transform=self.ax.transAxes, **look)

    def _grouped(self) -> list[tuple[float, Any]]:
        """Return a text for each group of lambdas side by side, and where its middle should be."""
        groups: list[list[int]] = []
        for index in sorted(self._whys):
            why = self._whys[index][1]
            before = groups[-1][-1] if groups else None
            joined = before == index - 1 and _kind(why) == _kind(self._whys[index - 1][1])
            if joined:
                groups[-1].append(index)
            else:
                groups.append([index])
        parts = list[list[int]]()
        for group in groups:
            scores = _kind(self._whys[group[0]][1]) == "score"
            parts += [[k] for k in group] if scores and len(group) <= SEVERAL else [group]
        found = []
        for group in parts:
            pixels = [self.ax.transData.transform((self._whys[k][0], 1.0))[0] for k in group]
            middle = self.ax.transData.inverted().transform((sum(pixels) / len(pixels), 0.0))[0]
            first, last = self._whys[group[0]][1], self._whys[group[-1]][1]
            text = first if first == last else f"{first}\nto {last}"
            found.append((float(middle), self._text(text, ink(self.ax))))
        return found

    def _counted(self) -> tuple[float, Any]:
        """Return one text that says how many lambdas are marked for which reason."""
        counts: dict[str, int] = {}
        for _, why in self._whys.values():
            reason = why if _kind(why) != "score" else "worse"
            counts[reason.replace("\n", " ")] = counts.get(reason.replace("\n", " "), 0) + 1
        text = self._text(
            "\n".join(f"{count} {why}" for why, count in counts.items()), ink(self.ax)
        )
        left, right = self.ax.get_window_extent().intervalx
        return float(self.ax.transData.inverted().transform(((left + right) / 2, 0.0))[0]), text

    def _in_rows(self, texts: list[tuple[float, Any]]) -> list[list[tuple[float, Any]]]:
        """Divide texts among as few rows as they fit into."""
        room = self.ax.get_window_extent().width
        total = sum(_width(text) for _, text in texts)
        count = -int(-total // room)
        return [texts[row::count] for row in range(min(count, len(texts)))]

    def _put(self, rows: list[list[tuple[float, Any]]], upper: bool, first: float) -> float:
        """Put rows of texts at an edge, `first` points away; return the points that are taken."""
        box, scale = self.ax.get_window_extent(), self.ax.figure.dpi / 72
        away = first + GAP + (0.0 if upper or first else BREAK)
        for row in rows:
            wanted = [float(self.ax.transData.transform((x, 1.0))[0]) for x, _ in row]
            widths = [_width(text) for _, text in row]
            for (_, text), middle in zip(
                row, spread(wanted, widths, box.x0 + 1, box.x1 - 1), strict=True
            ):
                y = (box.height - away * scale if upper else away * scale) / box.height
                text.set(position=((middle - box.x0) / box.width, y))
                text.set_va("top" if upper else "bottom")
            away += max(text.get_window_extent().height for _, text in row) / scale + GAP
        return away


def _kind(why: str) -> str:
    """Return the reason, which is the same for all texts that are scores."""
    return why if why[:1].isalpha() else "score"


def _width(text: Any) -> float:
    """Return the width of a text with a little space beside it, in pixels."""
    return float(text.get_window_extent().width + 6 * text.figure.dpi / 72)
