"""Samples in chunks: blocks of rows that are processed at once, on the cores there are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from .api import Array
from .backend import Backend
from .memory import Halving
from .rows import HostRows
from .workers import side_by_side

Range = tuple[int, int]  # the first row of a chunk, and the row after its last


def chunks(x: Any, size: int) -> Iterator[tuple[int, Array]]:
    """Yield chunks of at most `size` rows, each after the index of its first row."""
    for start, stop in chunk_ranges(x, size):
        yield start, rows_between(x, start, stop)


def chunk_ranges(x: Any, size: int) -> list[Range]:
    """Return the range of each chunk of at most `size` rows."""
    size = min(size, x.rows_at_once) if isinstance(x, HostRows) else size
    rows = x.shape[0]
    return [(start, min(start + size, rows)) for start in range(0, rows, size)]


def rows_between(x: Any, start: int, stop: int) -> Array:
    """Return consecutive rows on the backend."""
    return x.between(start, stop) if isinstance(x, HostRows) else x[start:stop, ...]


def in_chunks(backend: Backend, x: Array, send: Callable[[Array], Array]) -> Array:
    """Return the results of a function of samples, computed chunk by chunk and joined.

    `x` is an array or `HostRows` (n, inputs). `send` maps rows (m, inputs) to (..., m, outputs);
    several threads may call it. The backend's `CHUNK` is the size of a chunk; chunks that its
    memory cannot hold are halved. `send` gets the rows of a chunk one after another in memory, so
    the results do not depend on the order of `x`.
    """
    library, found = backend.library, dict[Range, list[Array]]()
    halving = Halving(
        backend,
        lambda chunk: chunk[1] - chunk[0],
        _halves,
        f"the outputs of {min(library.CHUNK, x.shape[0])} rows at once",
        lambda _: "not even for one row. Use a smaller network, or free some memory.",
    )

    def sent(chunk: Range) -> Array:
        part = rows_between(x, *chunk)
        return send(library.in_rows(backend.xp, part, part.dtype))

    def work(device: None, share: list[Range], wanted: Callable[[], bool]) -> None:
        with backend.scope():  # each thread needs its own
            results = halving.each(sent, share)
            found[share[0]] = list(results)

    # A few samples are not worth a thread, and a file is read from start to end.
    ranges = chunk_ranges(x, library.CHUNK)
    several = len(ranges) > 1 and not isinstance(x, HostRows)
    workers = library.workers() if several else 1
    side_by_side(library, workers, work, _shares(ranges, workers), [None])
    outputs = [output for first in sorted(found) for output in found[first]]
    return outputs[0] if len(outputs) == 1 else backend.xp.concat(outputs, axis=-2)


def _shares(ranges: list[Range], workers: int) -> list[list[Range]]:
    """Divide chunks among workers, up to 16 at a time."""
    most = len(ranges) if workers == 1 else min(16, math.ceil(len(ranges) / workers))
    return [ranges[i : i + most] for i in range(0, len(ranges), most)]


def _halves(chunk: Range) -> list[Range]:
    """Return both halves of a chunk; nothing for a single row."""
    start, stop = chunk
    middle = (start + stop) // 2
    return [(start, middle), (middle, stop)] if middle > start else []
