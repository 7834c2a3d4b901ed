"""The order of the samples in each epoch, drawn on the host from a seed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .batches import cut, window


class Orders:
    """An endless iterator over orders: the training rows, shuffled anew for each epoch.

    Parameters
    ----------
    rows : numpy.ndarray of int, shape (n,) or (G, n); or None
        The training rows; None for all.
    rngs : list of numpy.random.Generator
        One, or one for each of `G` groups.
    permutation : callable
        What `drawing` returns.
    """

    def __init__(self, rows: Any, rngs: list[Any], permutation: Callable[[Any, int], Any]):
        self.rngs, self._rows, self._permutation = rngs, rows, permutation

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        """Return the order of the next epoch, (n,) or (G, n)."""
        import numpy as np

        rows = self._rows
        drawn = np.stack([self._permutation(rng, group) for group, rng in enumerate(self.rngs)])
        if rows is None or rows.ndim == 1:
            return drawn[0] if rows is None else rows[drawn[0]]
        return np.take_along_axis(rows, drawn, axis=-1)


def orders_of(
    x: Any, rows: Any, count: int, seeds: Sequence[int] | None, batch_size: int
) -> Iterator[Any] | None:
    """Return the training rows of each epoch in their order; None for all as they are stored.

    Parameters
    ----------
    x : array or HostRows
    rows : numpy.ndarray of int, shape (n,) or (G, n); or None
        The training rows; None for all.
    count : int
        How many they are.
    seeds : sequence of int, or None
        One, or one for each group; None for no shuffling.
    batch_size : int
    """
    import numpy as np

    if seeds is None:
        return None if rows is None else itertools.repeat(rows)
    if rows is not None and getattr(x, "edges", None) is not None:
        # The rows of a block are then contiguous.
        rows = np.sort(rows, axis=-1)
    rngs = [np.random.default_rng(seed) for seed in seeds]
    return Orders(rows, rngs, drawing(x, rows, count, batch_size))


def drawing(x: Any, rows: Any, count: int, batch_size: int) -> Callable[[Any, int], Any]:
    """Return the function that draws an epoch's order, from a generator and a group's index.

    It returns positions (n,) in `rows`. Rows with random access are permuted. Of rows that are
    read in blocks, the blocks are shuffled, and then the rows that are on the backend together;
    if all rows are, they are permuted too.
    """
    import numpy as np

    edges = getattr(x, "edges", None)
    groups = 1 if rows is None or rows.ndim == 1 else len(rows)
    if edges is None or count <= window(x, batch_size, groups):
        return lambda rng, group: rng.permutation(count)
    length = window(x, batch_size, groups)
    # Where the blocks begin among the rows chosen.
    starts = [edges]
    if rows is not None:
        starts = [np.unique(np.searchsorted(own, edges)) for own in np.atleast_2d(rows)]

    def draw(rng: Any, group: int) -> Any:
        own = starts[group]
        blocks = (np.arange(own[i], own[i + 1]) for i in rng.permutation(len(own) - 1))
        order = np.concatenate(list(blocks))
        for start, stop in cut(count, length):
            rng.shuffle(order[start:stop])
        return order

    return draw
