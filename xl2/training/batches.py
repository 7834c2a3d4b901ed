"""The samples of an epoch: in memory, on the host or its disk, or in a stream.

Each kind of feed yields the epoch in blocks of mini-batches, which a backend trains on in one
call. The training loop does not know the kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from ..array.api import Array
from ..array.backend import Backend
from ..array.operations import Operations
from ..array.peers import Peers
from ..array.rows import HostRows
from ..errors import InputError, option
from ..nn.inputs import check_finite
from ..nn.network import Network
from ..nn.step import Samples, Whole
from ..nn.streams import Pairs
from ..nn.tasks import smoothed
from .batching import Batching, cut, whole, window
from .together import one_fate


class Block(NamedTuple):
    """Consecutive mini-batches of one size; a short last one is possible if they are not even."""

    samples: Samples  # that contain those of the block
    start: int  # the index in `order` of the first row
    stop: int  # the index after the last row
    size: int  # samples of a mini-batch
    order: Array | None  # rows of `samples`, (n,) or for groups (G, n); None for all in order
    whole: Whole | None = None  # the mini-batches, if these are this process's parts of them


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
        batching: Batching,
    ):
        self._backend, self._samples, self.orders = backend, samples, orders
        self.batching = batching
        self.y, self.weight = y, weight
        self.rows: int = y.shape[-2]  # samples of an epoch
        self.available: int = samples.x.shape[-2]

    def begin(self) -> Any:
        """Return the order of a new epoch."""
        return None if self.orders is None else next(self.orders)

    def blocks(self, order: Any, length: int, done: int = 0) -> Iterator[Block]:
        """Yield the epoch after `done` rows in blocks of about `length` rows.

        Blocks end where they would from the epoch's start; the first may be shorter.
        """
        order = None if order is None else self._backend.from_numpy(order)
        for start, stop, size in self.batching.cut(self.rows, partial(whole, length)):
            if stop > done:
                yield Block(self._samples, max(start, done), stop, size, order)

    def steps(self, done: int) -> int:
        """Return how many mini-batches the first `done` rows of an epoch are."""
        return self.batching.steps(self.rows, done)

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
        batching: Batching,
    ):
        super().__init__(backend, samples, y, weight, orders, batching)
        self._window = partial(window, samples.x, groups=y.shape[0] if y.ndim == 3 else 1)

    def blocks(self, order: Any, length: int, done: int = 0) -> Iterator[Block]:
        """Yield the epoch after `done` rows, the blocks of one window after another."""
        for start, stop, size in self.batching.cut(self.rows, self._window):
            if stop <= done:
                continue
            samples, own = self._load(order, start, stop)
            for first, last in cut(stop - start, whole(length, size)):
                if start + last > done:
                    yield Block(samples, max(first, done - start), last, size, own)

    def check(self) -> None:
        """Do nothing: rows are checked when they are read."""

    def _load(self, order: Any, start: int, stop: int) -> tuple[Samples, Array | None]:
        """Return the samples of a window, and the order in which groups take them."""
        if order is None:
            part = (None if a is None else a[start:stop, :] for a in self._samples[1:])
            return Samples(self._samples.x.between(start, stop), *part), None
        return self._gather(order[..., start:stop])

    def _gather(self, chosen: Any) -> tuple[Samples, Array | None]:
        """Return samples by their indices (n,) or (G, n), and the order in which groups take them.

        The rows of each group follow those of the group before.
        """
        import numpy as np

        x, backend, flat = self._samples.x, self._backend, chosen.reshape(-1)
        rows, take = backend.from_numpy(flat), Operations.of(backend.library).take_rows
        known = (None if a is None else take(a, rows) for a in self._samples[1:])
        own = None
        if chosen.ndim == 2:
            own = backend.from_numpy(np.arange(chosen.size).reshape(chosen.shape))
        return Samples(x.take(flat) if isinstance(x, HostRows) else take(x, rows), *known), own


class Divided(OnHost):
    """The part of each mini-batch that this process computes; its peers have the others.

    Of samples on the host it reads only its own. They may also be arrays of the backend.
    """

    def __init__(self, *arguments: Any):
        *feed, self._peers = arguments
        super().__init__(*feed)

    def blocks(self, order: Any, length: int, done: int = 0) -> Iterator[Block]:
        """Yield the parts of the epoch's mini-batches after `done` rows."""
        stored = isinstance(self._samples.x, HostRows)
        pieces = self.batching.cut(self.rows, self._window if stored else partial(whole, length))
        for begin, end, size in pieces:
            # The parts of a short last mini-batch have another size.
            middle = begin + (end - begin) // size * size
            for start, stop, each in ((begin, middle, size), (middle, end, end - middle)):
                if max(start, done) < stop:
                    yield from self._parts(order, max(start, done), stop, each, length)

    def check(self) -> None:
        """Raise `InputError` if a sample in memory is not finite."""
        if not isinstance(self._samples.x, HostRows):
            InMemory.check(self)

    def _parts(self, order: Any, start: int, stop: int, size: int, length: int) -> Iterator[Block]:
        """Yield the parts of mini-batches of one size, in blocks of about `length` whole rows."""
        import numpy as np

        rows = np.arange(start, stop)
        low, high = self._peers.share(size)
        own = rows.reshape(-1, size)[:, low:high].reshape(-1)
        rows, own = (rows, own) if order is None else (order[..., rows], order[..., own])
        # Only its own process notices a row that cannot be read.
        with one_fate(self._peers if isinstance(self._samples.x, HostRows) else None):
            samples, places = self._gather(own)
        take, weight = Operations.of(self._backend.library).take_rows, self._samples.weight
        if weight is not None:
            weight = take(weight, self._backend.from_numpy(rows))
        for first, last in cut(stop - start, whole(length, size)):
            part = None if weight is None else weight[..., first:last, :]
            steps, each = (last - first) // size, high - low
            begin = first // size * each
            found = Whole(size, part, low, steps)
            yield Block(samples, begin, begin + steps * each, each, places, found)


class Streamed:
    """Samples that arrive in pairs (X, y); an epoch is one pass over the iterable."""

    y = weight = orders = None
    seekable = False

    def __init__(
        self, network: Network, pairs: Pairs, batching: Batching, label_smoothing: float = 0.0
    ):
        self._network, self._pairs, self.batching = network, pairs, batching
        self._label_smoothing = label_smoothing
        self.repeats = pairs.repeats
        self.rows, self._total, self._epochs = 0, 0, 0  # rows: of the epoch so far

    def begin(self) -> None:
        """Return no order: the iterable decides."""

    def blocks(self, order: Any, length: int, done: int = 0) -> Iterator[Block]:
        """Yield an epoch in blocks, those of one pair after another, always from its start."""
        self.rows, self._total = 0, 0
        for number, pair in enumerate(self._pairs, 1):
            samples = self.checked(*pair, number)
            given = (*samples[1:], None, self.batching, None, self._label_smoothing)
            own = feed_of(self._network, samples, *given)
            self.rows += own.rows
            self._total = self._total + own.total()
            yield from own.blocks(None, length)
        if not self.rows:
            raise InputError(
                f"The batches were exhausted after epoch {self._epochs}: this {self._pairs.kind} "
                f"can be iterated only once. Pass something that can be iterated again, such as a "
                f"list, or {option('epochs', self._epochs)}."
            )
        self._epochs += 1

    def steps(self, done: int) -> int:
        """Return 0: an epoch always begins at its start."""
        return 0

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
    batching: Batching,
    peers: Peers | None = None,
    label_smoothing: float = 0.0,
) -> Feed:
    """Return the feed for samples; see `InMemory`. The targets are smoothed here."""
    if isinstance(samples.x, Pairs):
        return Streamed(network, samples.x, batching, label_smoothing)
    if label_smoothing:
        smooth = partial(smoothed, network.task, part=label_smoothing)
        with network.backend.scope():
            samples, y = samples._replace(y=smooth(samples.y)), smooth(y)
    if peers is not None and peers.parts > 1:
        return Divided(network.backend, samples, y, weight, orders, batching, peers)
    if isinstance(samples.x, HostRows):
        return OnHost(network.backend, samples, y, weight, orders, batching)
    return InMemory(network.backend, samples, y, weight, orders, batching)
