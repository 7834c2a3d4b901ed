"""Loss and score of a data set that goes by in pieces."""

from __future__ import annotations

from typing import Any

from . import tasks
from .arrays import Array
from .losses import Loss
from .network import Network


class Measure:
    """Adds up the loss and the score over pieces of a data set, on the device."""

    def __init__(self, network: Network, loss: Loss, y: Array):
        self._network, self._loss = network, loss
        self._around = tasks.spread(y) if network.task == "regression" else None
        self._rows, self._total, self._hits = 0, None, None

    def add(self, logits: Array, y: Array) -> None:
        """Add the outputs (..., n, o) of some samples, whose targets are (n, o)."""
        xp = self._network.backend.xp
        total = xp.sum(self._loss.value(logits, y), axis=-1)
        found = tasks.hits(self._network.task, self._network.activate(logits), y)
        self._rows += y.shape[0]
        self._total = total if self._total is None else self._total + total
        self._hits = found if self._hits is None else self._hits + found

    def read(self) -> tuple[Any, Any]:
        """Return the mean loss and the score, on the host."""
        number = self._network.number
        result = tasks.score(self._network.task, self._hits, self._rows, self._around)
        return number(self._total / self._rows), number(result)
