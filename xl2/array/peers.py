"""Peers: the processes, or the devices of one program, that train one network together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .api import Array
from .backend import Backend


class Peers:
    """What a step and the training loop ask of the processes; the answers here are of one alone.

    A library's ``peers`` returns a subclass, which can be hashed. Either each process passes its
    own part of a mini-batch, one of `parts`, and the library sums. Or every process passes whole
    mini-batches, and the library divides them among devices: then `parts` is 1.
    """

    rank = 0  # of this process; the first one writes files and shows progress
    count = 1  # processes
    parts = 1

    def share(self, rows: int) -> tuple[int, int]:
        """Return the first of some rows that this process computes, and the one after the last."""
        if self.parts == 1:
            return 0, rows
        return rows * self.rank // self.parts, rows * (self.rank + 1) // self.parts

    def all_sum(self, arrays: Iterable[Array]) -> list[Array]:
        """Return the sums over all parts of arrays, which are consumed, in their order."""
        return list(arrays)

    def gather(self, value: Any) -> list[Any]:
        """Return what every process passed, by rank: numbers, text, and lists of them."""
        return [value]

    def place(self, backend: Backend) -> Backend:
        """Return the backend that training computes on."""
        return backend

    def home(self, backend: Backend) -> Backend:
        """Return the backend of the trained network, which was on `backend` before."""
        return self.place(backend)
