"""Exact medians of columns in Dask, without sorting or collecting them.

Some values of a column, from its whole range, are its edges. A pass over the partitions counts the
values at each edge and between two. Then the median is an edge, or one of the few values between
two, which another pass collects. If those are too many, some of them become the edges.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from ..array.dask_rows import DaskRows

EDGES = 255  # of a column, at most
ALL_EDGES = 2**17  # of all columns: each part of the samples counts at them in each partition
COLLECTED = 2**23  # values of all columns that are in memory at once

Edges = list[Any]  # of each column, in ascending order, each once


def edges_in(rows: Any, numbers: Sequence[int]) -> Edges:
    """Return edges for the present values of some columns of samples (n, columns) in memory."""
    return [_thinned(values, len(numbers)) for values in _columns(rows, numbers)]


def joined_edges(one: Edges, other: Edges) -> Edges:
    """Return edges for two parts of the samples by those of each."""
    import numpy as np

    pairs = zip(one, other, strict=True)
    return [_thinned(np.concatenate(pair), len(one)) for pair in pairs]


def counted_values(rows: Any, parts: Any, numbers: Sequence[int], edges: Edges) -> Any:
    """Return how many values are at each place, (parts, columns, places).

    The first place is below the first edge, the next one is that edge, and so on. `parts`
    (n, parts) tells how often each part has each row.
    """
    import numpy as np

    places = 2 * max(map(len, edges), default=0) + 1
    found = np.zeros((parts.shape[1], len(numbers), places), dtype=np.int64)
    for c, column in enumerate(_columns(rows, numbers)):
        at = np.searchsorted(edges[c], column) + np.searchsorted(edges[c], column, "right")
        there = ~np.isnan(column)
        for p, own in enumerate(parts.T):
            found[p, c] = np.bincount(np.repeat(at[there], own[there]), minlength=places)
    return found


def medians_by(x: DaskRows, numbers: Sequence[int], parts: Any, edges: Edges, counts: Any) -> Any:
    """Return the medians of the present values, (parts, columns), by the `counted_values` of `x`.

    The median of no value is 0.
    """
    import numpy as np

    present, upto = counts.sum(axis=-1), counts.cumsum(axis=-1)
    # Two numbers are in the middle of an even number of them: (parts, columns, 2).
    ranks = np.stack([np.maximum(present - 1, 0) // 2, present // 2], axis=-1)
    places = (upto[:, :, None, :] <= ranks[..., None]).sum(axis=-1)
    middle, gaps = np.zeros(ranks.shape), dict[Gap, list[tuple[int, int, int]]]()
    for p, c, side in np.argwhere(np.broadcast_to((present > 0)[..., None], ranks.shape)).tolist():
        place = int(places[p, c, side])
        if place % 2:
            middle[p, c, side] = edges[c][place // 2]
        else:
            gaps.setdefault(Gap.at(numbers[c], place, edges[c]), []).append((p, c, side))
    medians = _halfway(middle)
    # Of all samples in the gap; one part may have few of them.
    most = [
        max(counts[:, c, places[p, c, side]].max() for p, c, side in own) for own in gaps.values()
    ]
    if sum(most) > COLLECTED:
        columns = sorted({c for own in gaps.values() for _, c, _ in own})
        # The medians that are known stay edges.
        known = [middle[:, c][places[:, c] % 2 == 1] for c in columns]
        names = [numbers[c] for c in columns]
        finer = _finer_edges(x, names, known, list(gaps))
        found = x.map(partial(counted_values, numbers=names, edges=finer), parts, add=np.add)
        medians[:, columns] = medians_by(x, names, parts, finer, found)
        return medians
    collected = x.map(partial(_collected, gaps=list(gaps)), parts, add=_together) if gaps else []
    for own, (values, times) in zip(gaps.values(), collected, strict=True):
        for p, c, side in own:
            below = upto[p, c, places[p, c, side]] - counts[p, c, places[p, c, side]]
            in_order = np.sort(np.repeat(values, times[:, p]))
            middle[p, c, side] = in_order[ranks[p, c, side] - below]
    return _halfway(middle)


def _finer_edges(
    x: DaskRows, numbers: Sequence[int], known: Sequence[Any], gaps: Sequence[Gap]
) -> Edges:
    """Return edges that are values in the gaps of each column, and those that are known."""
    import numpy as np

    found = x.map(partial(_edges_between, gaps=gaps), add=joined_edges)
    inside = [
        [own for gap, own in zip(gaps, found, strict=True) if gap.column == k] for k in numbers
    ]
    return [np.unique(np.concatenate([*new, old])) for new, old in zip(inside, known, strict=True)]


class Gap(NamedTuple):
    """The values of a column strictly between two edges."""

    column: int
    low: float
    high: float

    @classmethod
    def at(cls, column: int, place: int, edges: Any) -> Gap:
        """Return the gap at an even place."""
        ends = -math.inf, *edges.tolist(), math.inf
        return cls(column, ends[place // 2], ends[place // 2 + 1])

    def inside(self, rows: Any) -> tuple[Any, Any]:
        """Return which samples (n, columns) have a value in the gap, and these values."""
        import numpy as np

        # Not by `numpy.take`, which copies all columns of a frame's partition for that.
        column = np.asarray(rows)[:, self.column].astype("float64")
        here = (column > self.low) & (column < self.high)
        return here, column[here]


def _edges_between(rows: Any, gaps: Sequence[Gap]) -> Edges:
    return [_thinned(gap.inside(rows)[1], len(gaps)) for gap in gaps]


def _collected(rows: Any, parts: Any, gaps: Sequence[Gap]) -> list[tuple[Any, Any]]:
    """Return the values in each gap, and how often each part has them."""
    found = [gap.inside(rows) for gap in gaps]
    return [(values, parts[here]) for here, values in found]


def _together(one: list[Any], other: list[Any]) -> list[tuple[Any, Any]]:
    import numpy as np

    return [
        (np.concatenate([a, b]), np.concatenate([of_a, of_b]))
        for (a, of_a), (b, of_b) in zip(one, other, strict=True)
    ]


def _halfway(middle: Any) -> Any:
    """Return the mean of two numbers; half of each, as their sum may overflow."""
    return middle[..., 0] / 2.0 + middle[..., 1] / 2.0


def _thinned(values: Any, count: int) -> Any:
    """Return the edges of one of `count` columns or gaps: present values, evenly from all."""
    import numpy as np

    values, most = np.sort(values[~np.isnan(values)]), max(3, min(EDGES, ALL_EDGES // count))
    if len(values) > most:
        values = values[np.linspace(0, len(values) - 1, most).astype(int)]
    return np.unique(values)


def _columns(rows: Any, numbers: Sequence[int]) -> Any:
    """Return columns in float64, one after another, (columns, n)."""
    import numpy as np

    return np.take(np.asarray(rows), numbers, axis=1).T.astype("float64", order="C")
