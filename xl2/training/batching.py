"""How the samples of an epoch are cut into mini-batches, and these into blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..array.rows import HostRows

# Rows of a block. A backend may compile the steps of a block as one program, and the outputs
# stored meanwhile stay small beside the data.
BLOCK = 8192


class Part(NamedTuple):
    """Consecutive rows of an epoch, whole mini-batches of one size."""

    start: int
    stop: int
    size: int  # samples of a mini-batch


@dataclass(frozen=True)
class Batching:
    """The mini-batches of an epoch: as few as hold at most `size` samples each.

    Their sizes differ by one at most, the larger ones first. If not `even`, all have `size`
    samples but the last one, which has the rest.
    """

    size: int
    even: bool = True

    def parts(self, rows: int) -> list[Part]:
        """Return the parts of an epoch; if not `even`, one that may end with a short batch."""
        if not self.even:
            return [Part(0, rows, min(self.size, rows))]
        size, larger = divmod(rows, math.ceil(rows / self.size))
        middle = larger * (size + 1)
        parts = Part(0, middle, size + 1), Part(middle, rows, size)
        return [part for part in parts if part.start < part.stop]

    def cut(self, rows: int, length: Callable[[int], int]) -> Iterator[Part]:
        """Yield the parts cut into pieces of whole mini-batches.

        `length` maps the size of a mini-batch to the rows of a piece, a multiple of it.
        """
        for first, last, size in self.parts(rows):
            for start, stop in cut(last - first, length(size)):
                yield Part(first + start, first + stop, size)

    def steps(self, rows: int, done: int) -> int:
        """Return how many mini-batches the first `done` of an epoch's rows are."""
        parts = self.parts(rows)
        return sum(
            math.ceil((min(done, p.stop) - p.start) / p.size) for p in parts if p.start < done
        )

    def ends_at(self, rows: int, done: int) -> bool:
        """Return whether a mini-batch ends after `done` of an epoch's rows."""
        for start, stop, size in self.parts(rows):
            if start < done <= stop:
                return done == stop or (done - start) % size == 0
        return False


def whole(length: int, size: int) -> int:
    """Return the largest multiple of `size` up to `length`, or `size` if that is more."""
    return max(1, length // size) * size


def window(x: HostRows, size: int, groups: int = 1) -> int:
    """Return how many rows of each group are on the backend at once: whole mini-batches.

    Where possible they are whole blocks, the same as those of samples in memory.
    """
    block, most = whole(BLOCK, size), x.rows_at_once // groups
    return whole(most, block if most >= block else size)


def cut(rows: int, length: int) -> Iterator[tuple[int, int]]:
    """Yield the start and the stop of consecutive pieces."""
    for start in range(0, rows, length):
        yield start, min(start + length, rows)
