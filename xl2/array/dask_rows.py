"""Samples in the partitions of Dask: a few partitions at a time are computed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial, reduce
from itertools import pairwise
from threading import Lock
from typing import Any

from ..errors import InputError
from . import rows
from .rows import LazyRows

# Bytes of the partitions that stay in memory, those used last. Two partitions may be larger.
KEPT_BYTES = 2**27
ADDED = 8  # results of partitions that are added up at once


def is_dask(X: object) -> bool:
    """Tell whether something is an array, data frame or series of Dask, without importing it."""
    library = type(X).__module__.partition(".")[0]
    return library in ("dask", "dask_expr") and hasattr(type(X), "ndim")


def computed(y: Any) -> Any:
    """Return a Dask collection in memory, and anything else unchanged."""
    return y.compute() if is_dask(y) else y


class DaskRows(LazyRows):
    """Rows (n, columns) in partitions that are computed when rows of them are asked for.

    `parts` are `dask.delayed` arrays (m, columns), and `lengths` their numbers of rows. They are
    computed where Dask is told to: by the client of a cluster if there is one.
    """

    gathers = True

    def __init__(
        self,
        parts: Sequence[Any],
        lengths: Sequence[int],
        columns: int,
        dtype: Any,
        features: tuple[str, ...] = (),
    ):
        import numpy as np

        full = [k for k, length in enumerate(lengths) if length]
        self.parts = [parts[k] for k in full]
        self.edges = np.cumsum([0, *(int(lengths[k]) for k in full)])
        super().__init__((int(self.edges[-1]), columns), dtype, features)
        self._kept = Kept()
        _leave_the_pool()

    def _between(self, start: int, stop: int) -> Any:
        import numpy as np

        return self._numbered(np.arange(start, stop))

    def _numbered(self, rows: Any) -> Any:
        """Return rows by index; each partition is computed once, whatever their order."""
        import numpy as np

        found = np.empty((len(rows), self.shape[1]), dtype=self.dtype)
        own = np.searchsorted(self.edges, rows, side="right") - 1
        targets = np.argsort(own, kind="stable")
        wanted, starts = np.unique(own[targets], return_index=True)
        places = dict(zip(wanted.tolist(), np.split(targets, starts[1:]), strict=True))
        for k, part in self._computed(wanted.tolist()):
            found[places[k]] = part[rows[places[k]] - self.edges[k]]
        return found

    def _computed(self, wanted: list[int]) -> Iterator[tuple[int, Any]]:
        """Yield partitions by their numbers; those that are in memory first."""
        import dask

        width = max(1, self.shape[1] * self.dtype.itemsize)
        absent, size = list[list[int]](), 0
        for k in wanted:
            part = self._kept.get(k)
            if part is not None:
                yield k, part
                continue
            own = int(self.edges[k + 1] - self.edges[k]) * width
            if not absent or size + own > rows.CHUNK_BYTES:
                absent.append([])
                size = 0
            absent[-1].append(k)
            size += own
        for together in absent:
            found = dask.compute(*(self.parts[k] for k in together))
            for k, part in zip(together, found, strict=True):
                self._kept.add(k, self._checked(part, k))
                yield k, part

    def _checked(self, part: Any, k: int) -> Any:
        """Return a computed partition; refuse one that is not as it was announced."""
        length, first = int(self.edges[k + 1] - self.edges[k]), int(self.edges[k]) + 1
        shape = tuple(getattr(part, "shape", ()))
        if shape != (length, self.shape[1]):
            raise InputError(
                f"The partition of X from row {first} on has shape {shape}. "
                f"Expected {(length, self.shape[1])}, as its chunks say or as it was counted: "
                f"its function gives something else each time, or the chunks are wrong."
            )
        check_kind(part.dtype, self.dtype, f"The partition of X from row {first} on")
        return part

    def map(self, function: Callable[..., Any], *rows: Any, add: Any = None) -> Any:
        """Return what a function gives for each partition, where Dask computes it.

        It is called as ``function(partition, *own)``, with the partition's part of each of
        `rows`, NumPy arrays (n, ...) or None. Only the results travel; with `add`, a function of
        two results, only their sum.
        """
        import dask

        call = dask.delayed(function, pure=False)
        found = [
            call(part, *(None if one is None else one[start:stop] for one in rows))
            for part, (start, stop) in zip(self.parts, pairwise(self.edges.tolist()), strict=True)
        ]
        return list(dask.compute(*found)) if add is None else added(found, add)


class Kept:
    """The partitions used last, as many as `KEPT_BYTES` hold, and two at least."""

    def __init__(self) -> None:
        self._parts: dict[int, Any] = {}
        self._lock = Lock()  # stacks of a path read in several threads

    def get(self, k: int) -> Any:
        """Return a partition, or None."""
        with self._lock:
            part = self._parts.pop(k, None)
            if part is not None:
                self._parts[k] = part
            return part

    def add(self, k: int, part: Any) -> None:
        """Keep a partition, and forget those that were not used for longest."""
        with self._lock:
            self._parts[k] = part
            size = sum(one.nbytes for one in self._parts.values())
            while size > KEPT_BYTES and len(self._parts) > 2:
                size -= self._parts.pop(next(iter(self._parts))).nbytes

    def __reduce__(self) -> tuple[Any, ...]:
        return Kept, ()  # a pickle has the graph, not the samples


def check_kind(found: Any, announced: Any, where: str) -> None:
    """Refuse numbers that would lose more than digits in the dtype that was announced."""
    import numpy as np

    if not np.can_cast(found, announced, "same_kind"):
        raise InputError(
            f"{where} has the dtype {found}, but {announced} was announced, which does not hold "
            f"its numbers. Correct the dtype or the meta with which X was made."
        )


def added(found: Sequence[Any], add: Callable[[Any, Any], Any]) -> Any:
    """Return the sum of `dask.delayed` results in their order, where Dask computes them.

    A few are added up at once, so that the others need not be in memory together.
    """
    import dask

    together = dask.delayed(partial(reduce, add))
    while len(found) > 1:
        found = [together(found[k : k + ADDED]) for k in range(0, len(found), ADDED)]
    return found[0].compute()


def lengths_of(parts: Sequence[Any]) -> list[int]:
    """Return how many rows partitions have, counted where Dask computes them."""
    import dask

    return [int(length) for length in dask.compute(*map(dask.delayed(len), parts))]


def rows_of_array(X: Any, what: str = "X") -> DaskRows:
    """Return a Dask array (n, columns) as rows; each of its chunks of rows is a partition.

    Chunks along the columns are joined. Rows of chunks of unknown sizes are counted, once.
    """
    import math

    import numpy as np

    masked = isinstance(X._meta, np.ma.MaskedArray)
    if masked or not isinstance(X._meta, np.ndarray):
        kind = f"{type(X._meta).__module__.partition('.')[0]}'s {type(X._meta).__name__}"
        way = f"{what}.map_blocks(lambda block: block.todense())"
        raise InputError(
            f"{what} is a Dask array of {kind}. Expected NumPy arrays in its chunks: convert them, "
            f"such as by {f'dask.array.ma.filled({what}, 0)' if masked else way}."
        )
    if math.isnan(X.shape[1]):
        raise InputError(
            f"{what} has an unknown number of columns. Call {what}.compute_chunk_sizes() first."
        )
    if len(X.chunks[1]) > 1:
        X = X.rechunk({1: -1})
    parts = X.to_delayed()[:, 0].tolist()
    lengths = X.chunks[0]
    if any(map(math.isnan, lengths)):
        lengths = lengths_of(parts)
    return DaskRows(parts, lengths, X.shape[1], X.dtype)


def _leave_the_pool() -> None:
    """Inside a task of a Dask worker, give its thread free: it is going to wait for other tasks.

    Threads that the task starts wait too, and could not free it.
    """
    import sys

    if "distributed" not in sys.modules:
        return
    from distributed import get_client, get_worker, secede

    try:
        get_worker()
    except ValueError:
        return
    get_client()  # known to all threads of the worker from now on
    with contextlib.suppress(Exception):  # it has left before
        secede()
