"""Loss and score of a data set, added up on the device chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..array.api import Array, namespace
from ..array.backend import Backend
from ..array.peers import Peers
from . import tasks
from .losses import Loss
from .step import beside_members


class Measure:
    """Sums of losses and scores on the device, read in one transfer.

    `activate` maps logits to outputs. `y` (n, outputs), for groups (G, n, outputs), holds all
    targets that will be added, with weights (n, 1) or (G, n, 1); it is None for a stream, whose
    targets are known one batch at a time.
    """

    def __init__(
        self,
        backend: Backend,
        task: str,
        activate: Callable[[Array], Array],
        loss: Loss,
        y: Array | None,
        weight: Array | None = None,
    ):
        self._backend, self._task = backend, task
        self._spread: Array | None = None
        self._running_spread: RunningSpread | None = None
        compiled = backend.library.compiled
        self._sums = compiled(sums_of, task, activate, loss)
        if task == "regression" and y is None:
            self._running_spread = RunningSpread()
        elif task == "regression":
            self._spread = compiled(_spread)(y, weight)
        self.total: Any = 0  # number of samples added so far, or their weight
        self.sums: tuple[Array, Array] | None = None  # of the losses, and of `tasks.score_sum`

    def add(
        self,
        logits: Array,
        y: Array,
        weight: Array | None = None,
        rows: int | None = None,
        peers: Peers | None = None,
    ) -> None:
        """Add samples by their logits (..., n, outputs) and targets, (n, outputs) or the same.

        With `peers` they are a part of `rows` samples, and all parts are added.
        """
        sums = self._sums(logits, y, weight)
        if peers is not None:
            sums = (*peers.all_sum(one for one in sums if one is not None), None)
        loss, score_sum, total, *_ = sums
        if weight is None:
            total = y.shape[-2] if rows is None else rows
        self.total += total
        if self.sums is not None:
            loss, score_sum = self.sums[0] + loss, self.sums[1] + score_sum
        self.sums = (loss, score_sum)
        if self._running_spread is not None:
            self._running_spread.add(y, weight)

    def add_parts(self, peers: Peers, rows: int) -> None:
        """Add what the peers have measured: parts of `rows` samples, without weights."""
        loss, score_sum = peers.all_sum(self.sums or ())
        self.sums, self.total = (loss, score_sum), rows

    def parts(self) -> list[Array]:
        """Return the sums on the device, which `result` takes once they are on the host."""
        if self.sums is None:
            raise RuntimeError("Add samples before reading their loss and score.")
        spread = self._spread if self._running_spread is None else self._running_spread.value
        total = None if isinstance(self.total, int) else self.total
        return [*self.sums, *(part for part in (total, spread) if part is not None)]

    def result(self, parts: list[Any]) -> dict[str, Any]:
        """Return mean loss and score, floats or arrays shaped like the stack, from host arrays."""
        loss, score_sum, *others = parts
        total = self.total if isinstance(self.total, int) else others.pop(0)
        spread, loss = others[0] if others else None, loss / total
        score = tasks.score(self._task, score_sum, total, spread)
        if loss.ndim == 0:
            loss, score = float(loss), float(score)
        return {"loss": loss, "score": score}

    def read(self) -> dict[str, Any]:
        """Return mean loss and score, by one transfer."""
        return self.result(self._backend.read(self.parts()))


def _spread(y: Array, weight: Array | None) -> Array:
    return tasks.spread(beside_members(y), beside_members(weight))


def sums_of(
    task: str,
    activate: Callable[[Array], Array],
    loss: Loss,
    logits: Array,
    y: Array,
    weight: Array | None,
) -> tuple[Array, Array, Any]:
    """Return the sums of the losses, of `tasks.score_sum`, and of the weights if there are any."""
    xp = namespace(logits)
    losses = loss.value(logits, y)
    if weight is not None:
        losses = losses * weight[..., 0]
    # The most probable class has the largest logit, so classes need no softmax.
    outputs = logits if task == "classes" else activate(logits)
    score_sum = tasks.score_sum(task, outputs, y, weight)
    total = None if weight is None else xp.sum(weight, axis=(-2, -1))
    return xp.sum(losses, axis=-1), score_sum, total


class RunningSpread:
    """Squared distance of targets from their mean, updated batch by batch.

    Sums of squares would cancel if the mean is large beside the spread. Two sets are merged by
    the distance of their means instead [1]_.

    References
    ----------
    .. [1] T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating formulae and a pairwise
       algorithm for computing sample variances", 1979.
    """

    def __init__(self) -> None:
        self._merged: Any = None  # count, mean, squared distance, minimum and maximum

    def add(self, y: Array, weight: Array | None = None) -> None:
        """Add targets (n, outputs) with weights (n, 1)."""
        xp = namespace(y)
        low, high = xp.min(y, axis=-2), xp.max(y, axis=-2)
        if weight is None:
            count, mean, squared = y.shape[-2], xp.mean(y, axis=-2), tasks.spread(y)
        else:
            count = xp.sum(weight, axis=-2)
            mean = xp.sum(weight * y, axis=-2) / _nonzero(count)
            squared = xp.sum(weight * (y - mean) ** 2, axis=-2)
        if self._merged is not None:
            before, old_mean, old_squared, old_low, old_high = self._merged
            distance, share = mean - old_mean, count / _nonzero(before + count)
            squared = old_squared + squared + before * share * distance**2
            count, mean = before + count, old_mean + share * distance
            low, high = xp.minimum(old_low, low), xp.maximum(old_high, high)
        self._merged = count, mean, squared, low, high

    @property
    def value(self) -> Array:
        """The result of `tasks.spread` for all targets, (outputs,)."""
        _, _, spread, low, high = self._merged
        xp = namespace(spread)
        return xp.where(low == high, xp.zeros_like(spread), spread)


def _nonzero(count: Any) -> Any:
    """Return a weight to divide by, with 1 instead of 0."""
    if isinstance(count, int):
        return count
    xp = namespace(count)
    return xp.where(count > 0.0, count, xp.ones_like(count))


class Objective:
    """The mean of the objectives that steps report; see `Step.objective`."""

    def __init__(self, backend: Backend, rows: int):
        self._backend, self._rows = backend, rows  # rows: samples of an epoch
        self._total: Any = 0.0

    def add(self, reports: Array) -> None:
        """Add the reports of some steps, (..., steps, 1)."""
        self._total = self._total + self._backend.xp.sum(reports, axis=(-2, -1))

    def parts(self) -> list[Array]:
        """Return the sum on the device, which `result` takes once it is on the host."""
        return [self._total]

    def result(self, parts: list[Any]) -> dict[str, Any]:
        """Return the mean over the mini-batches, weighted by their numbers of samples."""
        mean = parts[0] / self._rows
        return {"loss": mean if mean.ndim else float(mean)}

    def read(self) -> dict[str, Any]:
        """Return the mean, by one transfer."""
        return self.result(self._backend.read(self.parts()))
