"""The order of the samples in each epoch, drawn on the host from a seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from .batching import Batching, window


class Orders:
    """An endless iterator over orders: the training rows, shuffled for each epoch.

    `x` is an array or `HostRows`; `rows` are the `count` training rows, (n,) or (G, n), None for
    all. There is one seed, or one for each of `G` groups.

    Rows with random access are permuted. Of rows that are read in blocks, the blocks are
    shuffled, and then the rows that a single network has on the backend together; if all rows
    are, they are permuted too.
    """

    def __init__(self, x: Any, rows: Any, count: int, seeds: Sequence[int], batching: Batching):
        import numpy as np

        self.rngs = [np.random.default_rng(seed) for seed in seeds]
        self._rows, self._count = rows, count
        # For each group, where the blocks begin among its rows; None if all rows are permuted.
        self.starts: list[Any] | None = None
        edges = getattr(x, "edges", None)
        if edges is None or count <= window(x, batching.size):
            return
        # Not those of `OnHost`, in which a group has less beside others: the order of a group
        # depends on its rows and its seed alone.
        self._windows = list(batching.cut(count, partial(window, x)))
        self.starts = [edges]
        if rows is not None:
            # The rows of a block are then contiguous.
            self._rows = np.sort(rows, axis=-1)
            each = np.atleast_2d(self._rows)
            self.starts = [np.unique(np.searchsorted(own, edges)) for own in each]

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        """Return the order of the next epoch, (n,) or (G, n)."""
        import numpy as np

        rows = self._rows
        drawn = np.stack([self._draw(rng, group) for group, rng in enumerate(self.rngs)])
        if rows is None or rows.ndim == 1:
            return drawn[0] if rows is None else rows[drawn[0]]
        return np.take_along_axis(rows, drawn, axis=-1)

    def _draw(self, rng: Any, group: int) -> Any:
        """Return a group's order as indices of its rows."""
        import numpy as np

        if self.starts is None:
            return rng.permutation(self._count)
        starts = self.starts[group]
        blocks = [np.arange(starts[i], starts[i + 1]) for i in rng.permutation(len(starts) - 1)]
        order = np.concatenate(blocks)
        for start, stop, _ in self._windows:
            rng.shuffle(order[start:stop])
        return order
