"""Training data: checked, encoded and on its backend once, at the public boundary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..array.api import Array
from ..array.backend import Backend
from ..array.operations import Operations
from ..array.rows import HostRows
from ..errors import InputError
from ..nn import tasks
from ..nn.network import Network
from ..nn.step import Samples
from ..nn.streams import Pairs


@dataclass(frozen=True)
class TrainingData:
    """The samples that a network is trained on, checked once and for all."""

    samples: Samples  # `x` may also be `HostRows`, or the `Pairs` of a stream, without `y`
    task: str  # what the targets are; see `xl2.nn.tasks`
    rows: Any = None  # the training samples, as indices (n,) or (G, n); None for all

    @classmethod
    def read(
        cls, network: Network, X: Any, y: Any, sample_weight: Any = None, rows: Any = None
    ) -> TrainingData:
        """Check the samples of `fit`, and set the network's task by its targets.

        X is not searched for a NaN or an infinity: one would leave no parameter finite, and
        is searched for then; see `train_epoch`.
        """
        x = network.check_samples(X, finite=False)
        y, count = _choose_task(network, y), x.shape[0]
        samples = Samples(
            x, network.check_targets(y, count), network.check_weights(sample_weight, count)
        )
        return cls(samples, network.task, _check_rows(rows, count, network.stack))

    @classmethod
    def stream(cls, network: Network, pairs: Pairs, sample_weight: Any, rows: Any) -> TrainingData:
        """Take pairs that are checked as they arrive; set the network's task by the first."""
        if len(network.stack) == 2:
            raise InputError(
                "A stack of groups cannot be trained on an iterable of batches, because each group "
                "has its own samples. Pass arrays, or an array on disk."
            )
        if sample_weight is not None or rows is not None:
            name = "rows" if sample_weight is None else "sample_weight"
            raise InputError(
                f"{name} cannot be used with an iterable of batches, whose samples have no index. "
                f"Let it yield the training samples only, as (X, y) or (X, y, sample_weight)."
            )
        _choose_task(network, pairs.first[1])
        return cls(Samples(pairs, None), network.task)

    def select(self, rows: Any) -> TrainingData:
        """Return the same samples with other training rows, as indices."""
        return replace(self, rows=rows)

    def of_rows(self, backend: Backend) -> tuple[Array | None, Array | None]:
        """Return targets and weights of the training rows, (n, ...) or (G, n, ...)."""
        y, weight = self.samples[1:]
        if self.rows is None:
            return y, weight
        take = Operations.of(backend.library).take_rows
        with backend.scope():
            index = backend.from_numpy(self.rows)
            return take(y, index), None if weight is None else take(weight, index)

    def to(self, backend: Backend, dtype: str) -> TrainingData:
        """Return a copy on another device of the same library; `HostRows` stay on the host."""
        x, *known = self.samples
        with backend.scope():
            moved = x.to(backend) if isinstance(x, HostRows) else backend.asarray(x, dtype)
            others = (None if a is None else backend.asarray(a, dtype) for a in known)
            return replace(self, samples=Samples(moved, *others))


class HeldOut(NamedTuple):
    """Checked validation samples, to evaluate after each epoch."""

    group: int | None  # the group of the stack to evaluate; None for the whole network
    x: Any  # (n, inputs), an array or `HostRows`
    y: Array  # (n, outputs)


def read_held_out(network: Network, validation: Any) -> list[HeldOut]:
    """Check the `validation` of `fit`; samples that groups share are converted once."""
    if validation is None:
        return []
    by_group = isinstance(validation, list) and len(network.stack) == 2
    pairs = validation if by_group else [validation]
    paired = all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs)
    if not paired or len(pairs) != (network.groups if by_group else 1):
        several = f", or a list of {network.groups}, one for each group" if by_group else ""
        received = f"a list of {len(pairs)}" if by_group else type(validation).__name__
        raise InputError(f"validation must be a pair (X, y){several}. Received: {received}.")
    known: dict[tuple[int, int], tuple[Array, Array]] = {}
    found = []
    for group, (X, y) in enumerate(pairs):
        if (id(X), id(y)) not in known:
            x = network.check_samples(X, "validation X")
            known[id(X), id(y)] = x, network.check_targets(y, x.shape[0], "validation y")
        found.append(HeldOut(group if by_group else None, *known[id(X), id(y)]))
    return found


def _choose_task(network: Network, y: Any) -> Array:
    """Set a network's task by the targets that it learns; return them on its backend."""
    with network.backend.scope():
        given = network.backend.asarray(y, network.dtype, "y", rows=True)
        network.task = tasks.task_of(network.activations[-1], network.sizes[-1], given)
    return given


def _check_rows(rows: Any, available: int, stack: tuple[int, ...]) -> Any:
    """Return training rows (n,), or (G, n) for a stack of groups, as indices; None for all."""
    import numpy as np

    groups = stack[:-1] if len(stack) == 2 else ()
    if rows is None:
        return np.broadcast_to(np.arange(available), (*groups, available)) if groups else None
    chosen = np.asarray(rows)
    shaped = chosen.shape[:-1] == groups and chosen.ndim > 0 and chosen.size > 0
    if not shaped or chosen.dtype.kind not in "iu":
        wanted = f"({groups[0]}, n), one row of them for each group" if groups else "(n,)"
        raise InputError(
            f"rows must be indices of samples, whole numbers of shape {wanted}. "
            f"Received: {chosen.dtype} of shape {chosen.shape}."
        )
    if chosen.min() < 0 or chosen.max() >= available:
        raise InputError(
            f"rows must be indices of the {available} samples, from 0 to {available - 1}. "
            f"Received: {chosen.min()} to {chosen.max()}."
        )
    return chosen
