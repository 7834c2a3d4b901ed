"""The samples of an epoch: in memory, on the host or its disk, or in a stream.

Each kind of feed yields the epoch in blocks of mini-batches, which a backend trains on in one
call. The training loop does not know the kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..array.api import Array
from ..array.backend import Backend
from ..array.operations import Operations
from ..array.rows import HostRows
from ..errors import InputError
from ..nn.inputs import check_finite
from ..nn.network import Network
from ..nn.step import Samples
from ..nn.streams import Pairs

# Rows of a block. A backend may compile the steps of a block as one program, and the outputs
# stored meanwhile stay small beside the data.
BLOCK = 8192


class Block(NamedTuple):
    """Consecutive mini-batches; the last of an epoch, or of a stream's pair, may be short."""

    samples: Samples  # that contain those of the block
    start: int  # the index in `order` of the first row
    stop: int  # the index after the last row
    order: Array | None  # rows of `samples`, (n,) or for groups (G, n); None for all in order


class InMemory:
    """Samples that are arrays of the backend. They are checked, except for a NaN in `x`.

    `y` and `weight` are those of the training rows, (n, ...) or (G, n, ...). `orders` yields the
    training rows of each epoch in their order, as NumPy arrays; None means all as they are
    stored.
    """

    repeats = seekable = True  # an epoch can be iterated twice, and resumed in the middle

    def __init__(
        self,
        backend: Backend,
        samples: Samples,
        y: Array,
        weight: Array | None,
        orders: Iterator[Any] | None,
    ):
        self._backend, self._samples, self.orders = backend, samples, orders
        self.y, self.weight = y, weight
        self.rows: int = y.shape[-2]  # samples of an epoch
        self.available: int = samples.x.shape[-2]

    def begin(self) -> Any:
        """Return the order of a new epoch."""
        return None if self.orders is None else next(self.orders)

    def blocks(self, order: Any, length: int, done: int = 0) -> Iterator[Block]:
        """Yield the epoch after `done` rows in blocks of `length` rows.

        Blocks end where they would from the epoch's start; the first may be shorter. `length`
        is a multiple of the batch size.
        """
        order = None if order is None else self._backend.from_numpy(order)
        for start, stop in cut(self.rows, length):
            if stop > done:
                yield Block(self._samples, max(start, done), stop, order)

    def total(self) -> Any:
        """Return the number of an epoch's samples, or their weight."""
        if self.weight is None:
            return self.rows
        total = self._backend.xp.sum(self.weight, axis=(-2, -1))
        return total if total.ndim == 0 else total[:, None]

    def check(self) -> None:
        """Raise `InputError` if a sample is not finite; called only after a divergence.

        Such a sample makes the gradient of every first weight that it is multiplied with a NaN
        or an infinity, whatever the activations.
        """
        check_finite(self._samples.x, "X")


class OnHost(InMemory):
    """Samples in `HostRows`, of which one window at a time is moved to the backend."""

    def __init__(
        self,
        backend: Backend,
        samples: Samples,
        y: Array,
        weight: Array | None,
        orders: Iterator[Any] | None,
        batch_size: int,
    ):
        super().__init__(backend, samples, y, weight, orders)
        self._window = window(samples.x, batch_size, y.shape[0] if y.ndim == 3 else 1)

    def blocks(self, order: Any, length: int, done: int = 0) -> Iterator[Block]:
        """Yield the epoch after `done` rows, the blocks of one window after another."""
        for start, stop in cut(self.rows, self._window):
            if stop <= done:
                continue
            samples, own = self._load(order, start, stop)
            for first, last in cut(stop - start, length):
                if start + last > done:
                    yield Block(samples, max(first, done - start), last, own)

    def check(self) -> None:
        """Do nothing: rows are checked when they are read."""

    def _load(self, order: Any, start: int, stop: int) -> tuple[Samples, Array | None]:
        """Return the samples of a window, and the order in which groups take them."""
        import numpy as np

        x, known, backend = self._samples.x, self._samples[1:], self._backend
        if order is None:
            part = (None if a is None else a[start:stop, :] for a in known)
            return Samples(x.between(start, stop), *part), None
        chosen = order[..., start:stop]
        flat = chosen.reshape(-1)
        rows, take = backend.from_numpy(flat), Operations.of(backend.library).take_rows
        part = (None if a is None else take(a, rows) for a in known)
        own = None
        if chosen.ndim == 2:  # the rows of each group follow those of the group before
            own = backend.from_numpy(np.arange(chosen.size).reshape(chosen.shape))
        return Samples(x.take(flat), *part), own


class Streamed:
    """Samples that arrive in pairs (X, y); an epoch is one pass over the iterable."""

    y = weight = orders = None
    seekable = False

    def __init__(self, network: Network, pairs: Pairs, batch_size: int):
        self._network, self._pairs, self._batch_size = network, pairs, batch_size
        self.repeats = pairs.repeats
        self.rows, self._total, self._epochs = 0, 0, 0  # rows: of the epoch so far

    def begin(self) -> None:
        """Return no order: the iterable decides."""

    def blocks(self, order: Any, length: int, done: int = 0) -> Iterator[Block]:
        """Yield an epoch in blocks, those of one pair after another, always from its start."""
        self.rows, self._total = 0, 0
        for number, pair in enumerate(self._pairs, 1):
            samples = self.checked(*pair, number)
            own = feed_of(self._network, samples, *samples[1:], None, self._batch_size)
            self.rows += own.rows
            self._total = self._total + own.total()
            yield from own.blocks(None, length)
        if not self.rows:
            raise InputError(
                f"The batches were exhausted after epoch {self._epochs}: this {self._pairs.kind} "
                f"can be iterated only once. Pass something that can be iterated again, such as a "
                f"list, or epochs={self._epochs}."
            )
        self._epochs += 1

    def total(self) -> Any:
        """Return the number of the epoch's samples, or their weight."""
        return self._total

    def check(self) -> None:
        """Do nothing: every pair was checked when it arrived."""

    def checked(self, X: Any, y: Any, weight: Any, number: int) -> Samples:
        """Return the samples of a pair; errors name its number."""
        x = self._network.check_samples(X, f"X of batch {number}")
        known = self._network.check_targets(y, x.shape[0], f"y of batch {number}")
        return Samples(x, known, self._network.check_weights(weight, x.shape[0]))


Feed = InMemory | Streamed


def feed_of(
    network: Network,
    samples: Samples,
    y: Any,
    weight: Any,
    orders: Iterator[Any] | None,
    batch_size: int,
) -> Feed:
    """Return the feed for samples; see `InMemory`."""
    if isinstance(samples.x, Pairs):
        return Streamed(network, samples.x, batch_size)
    if isinstance(samples.x, HostRows):
        return OnHost(network.backend, samples, y, weight, orders, batch_size)
    return InMemory(network.backend, samples, y, weight, orders)


def window(x: HostRows, batch_size: int, groups: int = 1) -> int:
    """Return how many rows of each group are on the backend at once: whole mini-batches.

    Where possible they are whole blocks, the same as those of samples in memory.
    """
    block = max(1, BLOCK // batch_size) * batch_size
    most = x.rows_at_once // groups
    unit = block if most >= block else batch_size
    return max(1, most // unit) * unit


def cut(rows: int, length: int) -> Iterator[tuple[int, int]]:
    """Yield the start and the stop of consecutive blocks."""
    for start in range(0, rows, length):
        yield start, min(start + length, rows)
