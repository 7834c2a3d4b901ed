"""Loss and score of a data set that goes by in pieces."""

from __future__ import annotations

from typing import Any

from . import tasks
from .arrays import Array
from .backend import Backend
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
    weight : array, shape (n, 1) or (G, n, 1), optional
        How much each sample counts; by default all the same.
    """

    def __init__(self, network: Network, loss: Loss, y: Array, weight: Array | None = None):
        self._network, self._loss = network, loss
        self._around: Array | None = None
        if network.task == "regression":
            beside = None if weight is None else beside_members(weight)
            self._around = tasks.spread(beside_members(y), beside)
        self._total: Any = 0
        self._sums: tuple[Array, Array] | None = None

    def add(self, logits: Array, y: Array, weight: Array | None = None) -> None:
        """Add logits (..., n, outputs) of samples and their targets, (n, outputs) or as those."""
        xp = self._network.backend.xp
        loss = self._loss.value(logits, y)
        if weight is not None:
            loss = loss * weight[..., 0]
        loss = xp.sum(loss, axis=-1)
        # Of several classes the most probable is the one of the largest logit.
        several = self._network.task == "classes"
        outputs = logits if several else self._network.activate(logits)
        hits = tasks.hits(self._network.task, outputs, y, weight)
        self._total += y.shape[-2] if weight is None else xp.sum(weight, axis=(-2, -1))
        if self._sums is not None:
            loss, hits = self._sums[0] + loss, self._sums[1] + hits
        self._sums = (loss, hits)

    def read(self) -> dict[str, Any]:
        """Return the mean loss and the score: floats, or arrays shaped like the stack."""
        if self._sums is None:
            raise RuntimeError("nothing was measured")
        network, host = self._network, self._network.backend.to_numpy
        around = None if self._around is None else host(self._around)
        total = self._total if isinstance(self._total, int) else host(self._total)
        loss, hits = host(self._sums[0]) / total, host(self._sums[1])
        score = tasks.score(network.task, hits, total, around)
        if not network.stack:
            loss, score = float(loss), float(score)
        return {"loss": loss, "score": score}


class Objective:
    """Adds up what steps descend on, where they report that; see `Step.objective`.

    Parameters
    ----------
    backend : Backend
    rows : int
        Samples of an epoch.
    """

    def __init__(self, backend: Backend, rows: int):
        self._backend, self._rows = backend, rows
        self._total: Any = 0.0

    def add(self, reports: Array) -> None:
        """Add the reports of some steps, (..., steps, 1)."""
        self._total = self._total + self._backend.xp.sum(reports, axis=(-2, -1))

    def read(self) -> dict[str, Any]:
        """Return the mean over the mini-batches, each counted by its samples."""
        mean = self._backend.to_numpy(self._total) / self._rows
        return {"loss": mean if mean.ndim else float(mean)}
