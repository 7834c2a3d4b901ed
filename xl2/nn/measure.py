"""Loss and score of a data set that goes by in pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..array.api import Array, namespace
from ..array.backend import Backend
from . import tasks
from .losses import Loss
from .step import beside_members


class Measure:
    """Adds up the loss and the score on the device, and reads them once.

    Parameters
    ----------
    backend : Backend
    task : str
        See `xl2.nn.tasks`.
    activate : callable
        The output activation, from logits to outputs.
    loss : Loss
    y : array (n, outputs), in a stack of groups also (G, n, outputs); or None
        All targets that will be added. None for a stream, which has them one batch at a time.
    weight : array (n, 1) or (G, n, 1), optional
        Sample weights; by default all equal.
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
        self._backend, self._task, self._activate, self._loss = backend, task, activate, loss
        self._around: Array | None = None
        self._spread: Spread | None = None
        if task == "regression" and y is None:
            self._spread = Spread()
        elif task == "regression":
            beside = None if weight is None else beside_members(weight)
            self._around = tasks.spread(beside_members(y), beside)
        self.total: Any = 0  # samples added so far, or their weight
        self.sums: tuple[Array, Array] | None = None  # of the losses, and of `tasks.hits`

    def add(self, logits: Array, y: Array, weight: Array | None = None) -> None:
        """Add logits (..., n, outputs) of samples and their targets, (n, outputs) or as those."""
        xp = self._backend.xp
        loss = self._loss.value(logits, y)
        if weight is not None:
            loss = loss * weight[..., 0]
        loss = xp.sum(loss, axis=-1)
        # Of several classes the most probable is the one of the largest logit.
        several = self._task == "classes"
        outputs = logits if several else self._activate(logits)
        hits = tasks.hits(self._task, outputs, y, weight)
        self.total += y.shape[-2] if weight is None else xp.sum(weight, axis=(-2, -1))
        if self.sums is not None:
            loss, hits = self.sums[0] + loss, self.sums[1] + hits
        self.sums = (loss, hits)
        if self._spread is not None:
            self._spread.add(y, weight)

    def parts(self) -> list[Array]:
        """Return what was added up, on the device: what `result` takes."""
        if self.sums is None:
            raise RuntimeError("nothing was measured")
        around = self._around if self._spread is None else self._spread.value
        total = None if isinstance(self.total, int) else self.total
        return [*self.sums, *(part for part in (total, around) if part is not None)]

    def result(self, parts: list[Any]) -> dict[str, Any]:
        """Return the mean loss and the score: floats, or arrays shaped like the stack.

        Parameters
        ----------
        parts : list of numpy.ndarray
            Those of `parts`, as they arrived on the host.
        """
        loss, hits, *others = parts
        total = self.total if isinstance(self.total, int) else others.pop(0)
        around, loss = others[0] if others else None, loss / total
        score = tasks.score(self._task, hits, total, around)
        if loss.ndim == 0:
            loss, score = float(loss), float(score)
        return {"loss": loss, "score": score}

    def read(self) -> dict[str, Any]:
        """Return what `result` does, by one transfer."""
        return self.result(self._backend.read(self.parts()))


class Spread:
    """The squared distance of targets from their mean, merged piece by piece.

    Sums of squares would cancel where the mean is large beside the spread. Two pieces are
    merged by the distance of their means instead [1]_.

    References
    ----------
    .. [1] T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating formulae and a pairwise
       algorithm for computing sample variances", 1979.
    """

    def __init__(self) -> None:
        self._merged: tuple[Any, Array, Array] | None = None
        self._ends: tuple[Array, Array] | None = None

    def add(self, y: Array, weight: Array | None = None) -> None:
        """Add targets (n, outputs), of some weight (n, 1)."""
        xp = namespace(y)
        ends = xp.min(y, axis=-2), xp.max(y, axis=-2)
        if weight is None:
            part = y.shape[-2], xp.mean(y, axis=-2), tasks.spread(y)
        else:
            count = xp.sum(weight, axis=-2)
            mean = xp.sum(weight * y, axis=-2) / _at_least_something(count)
            part = count, mean, xp.sum(weight * (y - mean) ** 2, axis=-2)
        if self._merged is None or self._ends is None:
            self._merged, self._ends = part, ends
            return
        self._merged = self._both(self._merged, part)
        low, high = self._ends
        self._ends = xp.minimum(low, ends[0]), xp.maximum(high, ends[1])

    @property
    def value(self) -> Array:
        """What `tasks.spread` says of all targets, (outputs,): exactly 0 where they are equal."""
        assert self._merged is not None
        assert self._ends is not None
        xp, around = namespace(self._merged[2]), self._merged[2]
        return xp.where(self._ends[0] == self._ends[1], xp.zeros_like(around), around)

    @staticmethod
    def _both(one: tuple[Any, Array, Array], other: tuple[Any, Array, Array]) -> Any:
        """Merge the counts, means and spreads of two sets."""
        count = one[0] + other[0]
        apart, share = other[1] - one[1], other[0] / _at_least_something(count)
        return count, one[1] + share * apart, one[2] + other[2] + one[0] * share * apart**2


def _at_least_something(count: Any) -> Any:
    """Return a weight to divide by: 1 where no sample counts, for which no NaN is to come."""
    if isinstance(count, int):
        return count
    xp = namespace(count)
    return xp.where(count > 0.0, count, xp.ones_like(count))


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

    def parts(self) -> list[Array]:
        """Return what was added up, on the device: what `result` takes."""
        return [self._total]

    def result(self, parts: list[Any]) -> dict[str, Any]:
        """Return the mean over the mini-batches, each counted by its samples."""
        mean = parts[0] / self._rows
        return {"loss": mean if mean.ndim else float(mean)}

    def read(self) -> dict[str, Any]:
        """Return what `result` does, by one transfer."""
        return self.result(self._backend.read(self.parts()))
