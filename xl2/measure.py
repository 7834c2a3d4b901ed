"""Loss and score of a data set that goes by in pieces."""

from __future__ import annotations

from typing import Any

from . import tasks
from .arrays import Array
from .losses import Loss
from .network import Network
from .step import beside_members


class Measure:
    """Adds up the loss and the score on the device, and reads them once.

    Parameters
    ----------
    network : Network
        Whose outputs they are, or those of a part of its stack.
    loss : Loss
        What to add up.
    y : array, shape (n, outputs); for a stack in groups also (G, n, outputs)
        All the targets to come.
    """

    def __init__(self, network: Network, loss: Loss, y: Array):
        self._network, self._loss = network, loss
        self._around = tasks.spread(beside_members(y)) if network.task == "regression" else None
        self._rows = 0
        self._sums: tuple[Array, Array] | None = None

    def add(self, logits: Array, y: Array) -> None:
        """Add logits (..., n, outputs) of samples and their targets, (n, outputs) or as those."""
        xp = self._network.backend.xp
        loss = xp.sum(self._loss.value(logits, y), axis=-1)
        hits = tasks.hits(self._network.task, self._network.activate(logits), y)
        self._rows += y.shape[-2]
        if self._sums is not None:
            loss, hits = self._sums[0] + loss, self._sums[1] + hits
        self._sums = (loss, hits)

    def read(self) -> tuple[Any, Any]:
        """Return the mean loss and the score: floats, or arrays shaped like the stack."""
        if self._sums is None:
            raise RuntimeError("nothing was measured")
        network, host = self._network, self._network.backend.to_numpy
        around = None if self._around is None else host(self._around)
        loss, hits = host(self._sums[0]) / self._rows, host(self._sums[1])
        score = tasks.score(network.task, hits, self._rows, around)
        return (loss, score) if network.stack else (float(loss), float(score))
