"""Samples that are sent through a network a few at a time, on the cores there are."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..array.api import Array
from ..array.backend import Backend
from ..array.memory import Halving
from ..array.rows import HostRows
from ..array.workers import side_by_side
from .inputs import between, ranges

Piece = tuple[int, int]  # the first row, and the one behind the last


def in_pieces(backend: Backend, x: Array, send: Callable[[Array], Array]) -> Array:
    """Return what a function makes of samples.

    Parameters
    ----------
    backend : Backend
        Whose `CHUNK` says how many rows at once; fewer where its memory does not hold them.
    x : array or HostRows, shape (n, inputs)
    send : callable
        From rows (m, inputs) to an array (..., m, outputs); it may be called by several threads.

    Returns
    -------
    array, shape (..., n, outputs)

    Raises
    ------
    OutOfMemoryError
        If the memory does not hold what becomes of a single row.
    """
    library, found = backend.library, dict[Piece, list[Array]]()
    halving = Halving(
        backend,
        lambda piece: piece[1] - piece[0],
        _halves,
        f"the outputs of {min(library.CHUNK, x.shape[0])} rows at once",
        lambda _: "nor for any part of them. Take a smaller network, or free some memory.",
    )

    def work(place: None, pieces: list[Piece], wanted: Callable[[], bool]) -> None:
        with backend.scope():  # a thread has its own
            found[pieces[0]] = list(halving.each(lambda piece: send(between(x, *piece)), pieces))

    # A few samples are not worth a thread, and a file is read from one end to the other.
    pieces = ranges(x, library.CHUNK)
    several = len(pieces) > 1 and not isinstance(x, HostRows)
    workers = library.workers() if several else 1
    side_by_side(library, workers, work, _shares(pieces, workers), [None])
    outputs = [output for first in sorted(found) for output in found[first]]
    return outputs[0] if len(outputs) == 1 else backend.xp.concat(outputs, axis=-2)


def _shares(pieces: list[Piece], workers: int) -> list[list[Piece]]:
    """Divide pieces among workers, up to 16 at a time."""
    most = len(pieces) if workers == 1 else min(16, math.ceil(len(pieces) / workers))
    return [pieces[i : i + most] for i in range(0, len(pieces), most)]


def _halves(piece: Piece) -> list[Piece]:
    """Return both halves of a piece; nothing of a single row."""
    start, stop = piece
    middle = (start + stop) // 2
    return [(start, middle), (middle, stop)] if middle > start else []
