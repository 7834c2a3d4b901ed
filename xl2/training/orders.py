"""Which samples each epoch learns from, and in which order: drawn on the host, from a seed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral
from typing import Any, cast

from ..errors import InputError
from ..nn.network import Network
from .batches import cut, window


class Orders:
    """The rows of each epoch in an order drawn anew: an iterator without an end.

    Parameters
    ----------
    rows : numpy.ndarray of int, shape (n,) or (G, n); or None
        Those to draw from; None for all.
    rngs : list of numpy.random.Generator
        One, or one for each of `G` groups.
    permutation : callable
        What `drawing` returned.
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
    x: Any, rows: Any, count: int, seeds: list[int] | None, batch_size: int
) -> Iterator[Any] | None:
    """Return the rows of each epoch in their order; None for all as they lie.

    Parameters
    ----------
    x : array or HostRows
    rows : numpy.ndarray of int, shape (n,) or (G, n); or None
        Those to learn from; None for all.
    count : int
        How many they are.
    seeds : list of int, or None
        One, or one a group; None for no shuffling.
    batch_size : int
    """
    import numpy as np

    if seeds is None:
        return None if rows is None else itertools.repeat(rows)
    if rows is not None and getattr(x, "edges", None) is not None:
        # Whoever reads in blocks finds the rows of one beside each other.
        rows = np.sort(rows, axis=-1)
    rngs = [np.random.default_rng(seed) for seed in seeds]
    return Orders(rows, rngs, drawing(x, rows, count, batch_size))


def drawing(x: Any, rows: Any, count: int, batch_size: int) -> Callable[[Any, int], Any]:
    """Return what draws an epoch's order of `count` samples, from a generator and a group.

    Rows that are had in any order are drawn as such. Of those that are read in blocks the
    blocks are shuffled, then the rows that are on the backend together; all at once where
    that are all there are.

    Parameters
    ----------
    x : array or HostRows
    rows : numpy.ndarray of int, shape (n,) or (G, n); or None
        Those to draw from, sorted; None for all.
    count : int
    batch_size : int

    Returns
    -------
    callable
        From a `numpy.random.Generator` and the number of a group to an array (n,) of
        positions in `rows`.
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


def check_rows(network: Network, rows: Any, available: int) -> Any:
    """Return the rows that each group, or the whole network, learns from; None for all."""
    import numpy as np

    groups = network.stack[:-1] if len(network.stack) == 2 else ()
    if rows is None:
        return np.broadcast_to(np.arange(available), (*groups, available)) if groups else None
    chosen = np.asarray(rows)
    shaped = chosen.shape[:-1] == groups and chosen.ndim > 0 and chosen.size > 0
    if not shaped or chosen.dtype.kind not in "iu":
        wanted = f"({groups[0]}, n), one row of them for each group" if groups else "(n,)"
        raise InputError(
            f"rows are the numbers of samples, whole numbers of shape {wanted}. "
            f"Received: {chosen.dtype} of shape {chosen.shape}."
        )
    if chosen.min() < 0 or chosen.max() >= available:
        raise InputError(
            f"rows are numbers of the {available} samples, 0 to {available - 1}. "
            f"Received: {chosen.min()} to {chosen.max()}."
        )
    return chosen


def check_seeds(network: Network, seed: int | Sequence[int]) -> list[int]:
    """Return one seed for a network, or one for each group of a stack in groups."""
    groups = network.stack[0] if len(network.stack) == 2 else 1
    seeds = [seed] * groups if isinstance(seed, Integral) else list(cast(Sequence[int], seed))
    if len(seeds) != groups:
        raise InputError(
            f"seed is one number, or one for each of {groups} groups. "
            f"Received: {len(seeds)}, {seeds!r}."
        )
    return cast(list[int], seeds)
