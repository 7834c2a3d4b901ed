"""What an epoch goes through: samples in memory, on the host or its disk, or in a stream.

Each kind of feed yields the epoch in blocks of mini-batches, which a backend trains on in one
call. The training loop does not know which kind it has.
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
    """Consecutive mini-batches; the last of an epoch, or of a stream's pair, may be short.

    Attributes
    ----------
    samples : Samples
        That contain the block's.
    start, stop : int
        Its first row and the one after its last, in `order`.
    order : array of int, shape (n,), or for a stack of groups (G, n); or None
        Rows of `samples`; None for all in the order of the data.
    """

    samples: Samples
    start: int
    stop: int
    order: Array | None


class InMemory:
    """Samples that are arrays of the backend.

    Parameters
    ----------
    backend : Backend
    samples : Samples
        Checked, but for a NaN or an infinity in `x`.
    y, weight : array, shape (n, ...) or (G, n, ...); weight may be None
        Targets and weights of the training rows.
    orders : iterator of numpy.ndarray, shape (n,) or (G, n); or None
        The training rows of each epoch in their order; None for all in the order of the data.

    Attributes
    ----------
    rows, available : int
        Samples of an epoch, and of the data.
    repeats, seekable : bool
        Whether an epoch can be gone through twice, and resumed in the middle.
    """

    repeats = seekable = True

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
        self.rows: int = y.shape[-2]
        self.available: int = samples.x.shape[-2]

    def begin(self) -> Any:
        """Return the order of a new epoch, as `blocks` takes it."""
        return None if self.orders is None else self.to_order(next(self.orders))

    def to_order(self, order: Any) -> Any:
        """Return an order on the host as `blocks` takes it."""
        return self._backend.from_numpy(order)

    def host_order(self, order: Any) -> Any:
        """Return an epoch's order as a NumPy array."""
        return self._backend.to_numpy(order)

    def blocks(self, order: Any, length: int, done: int = 0) -> Iterator[Block]:
        """Yield the epoch after `done` rows in blocks of `length` rows.

        Blocks end where they would from the epoch's start; the first may be shorter. `length`
        is a multiple of the batch size.
        """
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
        """Raise if a sample is not finite.

        Such a sample makes the gradient of every first weight that it is multiplied with a NaN
        or an infinity, whatever the activations. So this is called only after a divergence.
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
        groups: int,
    ):
        super().__init__(backend, samples, y, weight, orders)
        self._window = window(samples.x, batch_size, groups)

    def to_order(self, order: Any) -> Any:
        """Return the order unchanged: it stays on the host with the rows."""
        return order

    def host_order(self, order: Any) -> Any:
        """Return the order unchanged."""
        return order

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
        x, known = self._samples.x, self._samples[1:]
        if order is None:
            part = (None if a is None else a[start:stop, :] for a in known)
            return Samples(x.between(start, stop), *part), None
        chosen = order[..., start:stop]
        flat = chosen.reshape(-1)
        rows, take = self._backend.from_numpy(flat), Operations.of(self._backend.library).take_rows
        part = (None if a is None else take(a, rows) for a in known)
        return Samples(x.take(flat), *part), self._own_order(chosen.shape)

    def _own_order(self, shape: tuple[int, ...]) -> Array | None:
        """Return where each group's rows are in a window: after those of the group before."""
        import numpy as np

        if len(shape) == 1:
            return None
        return self._backend.from_numpy(np.arange(shape[0] * shape[1]).reshape(shape))


class Streamed:
    """Samples that arrive in pairs (X, y); an epoch is one pass over the iterable.

    Attributes
    ----------
    rows : int
        Samples of the epoch so far.
    """

    y = weight = orders = None
    seekable = False

    def __init__(self, network: Network, pairs: Pairs, batch_size: int):
        self._network, self._pairs, self._batch_size = network, pairs, batch_size
        self.repeats = pairs.repeats
        self.rows, self._total, self._epochs = 0, 0, 0

    def begin(self) -> None:
        """Return no order: the iterable decides."""

    def blocks(self, order: Any, length: int, done: int = 0) -> Iterator[Block]:
        """Yield an epoch in blocks, those of one pair after another, always from its start.

        Raises
        ------
        InputError
            If a pair cannot be used, or there is none.
        """
        self.rows, self._total = 0, 0
        for number, pair in enumerate(self._pairs, 1):
            samples = self.checked(*pair, number)
            own = feed_of(self._network, samples, *samples[1:], None, self._batch_size)
            self.rows += own.rows
            self._total = self._total + own.total()
            yield from own.blocks(None, length)
        if not self.rows:
            raise InputError(
                f"The batches were used up in epoch {self._epochs}: this {self._pairs.kind} can "
                f"be iterated once. Give something that can be iterated again, such as a list "
                f"or an object with __iter__, or epochs={self._epochs}."
            )
        self._epochs += 1

    def total(self) -> Any:
        """Return the number of the epoch's samples, or their weight."""
        return self._total

    def check(self) -> None:
        """Do nothing: every pair was checked when it arrived."""

    def checked(self, X: Any, y: Any, weight: Any, number: int) -> Samples:
        """Return a pair as the network takes it; errors name its number."""
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
        return OnHost(network.backend, samples, y, weight, orders, batch_size, network.groups)
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
