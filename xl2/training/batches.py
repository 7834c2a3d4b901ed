"""What an epoch goes through: samples in memory, on the host or its disk, or in a stream.

Each kind hands out pieces of an epoch, with which a backend takes whole runs of steps. The
training loop does not know which kind it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..array.api import Array
from ..array.operations import Operations
from ..array.rows import HostRows
from ..errors import InputError
from ..nn.inputs import check_finite
from ..nn.network import Network
from ..nn.step import Samples
from ..nn.streams import Pairs

# Rows trained on between two looks at the outputs: a backend may compile a run of
# this length, and the outputs kept meanwhile stay small beside the data.
RUN = 8192


class Piece(NamedTuple):
    """A run of whole mini-batches; the last of an epoch, or of a stream's pair, may be short.

    Attributes
    ----------
    samples : Samples
        The run's, and perhaps others.
    start, stop : int
        The first row of the run and the one behind its last, in `order`.
    order : array of int, shape (n,), or for a stack in groups (G, n); or None
        Rows of `samples`; None for all as they lie.
    """

    samples: Samples
    start: int
    stop: int
    order: Array | None


class InMemory:
    """Samples that are arrays of the backend, all of them.

    Parameters
    ----------
    network : Network
    samples : Samples
        Checked, but for a NaN or an infinity in `x`.
    seen : Samples
        The targets and weights of those that an epoch goes through, (n, ...) or
        (G, n, ...); without `x`.
    orders : iterator of numpy.ndarray, shape (n,) or (G, n); or None
        The samples of each epoch in its order; None for all as they lie.

    Attributes
    ----------
    rows, available : int
        Samples of an epoch, and all there are.
    repeats, seekable : bool
        The same epoch can be gone through again, and gone on with in its midst.
    """

    repeats = seekable = True

    def __init__(
        self, network: Network, samples: Samples, seen: Samples, orders: Iterator[Any] | None
    ):
        self._network, self._samples, self.orders = network, samples, orders
        self.y, self.weight = seen.y, seen.weight
        self.rows: int = seen.y.shape[-2]
        self.available: int = samples.x.shape[-2]

    def begin(self) -> Any:
        """Return what an epoch goes by; the same makes the same epoch again."""
        return None if self.orders is None else self.going_by(next(self.orders))

    def going_by(self, order: Any) -> Any:
        """Return what an epoch of an order on the host goes by."""
        return self._moved(order)

    def order_of(self, begun: Any) -> Any:
        """Return the order, on the host, that an epoch goes by."""
        return self._network.backend.to_numpy(begun)

    def pieces(self, order: Any, length: int, done: int = 0) -> Iterator[Piece]:
        """Yield what is not done of an epoch, in pieces of `length` rows.

        They end where they would with nothing done, and the first may be shorter: what is
        done need not have been cut as here. `length` is a multiple of the batch size.
        """
        for start, stop in cut(self.rows, length):
            if stop > done:
                yield Piece(self._samples, max(start, done), stop, order)

    def total(self) -> Any:
        """Return the number of an epoch's samples, or their weight."""
        if self.weight is None:
            return self.rows
        total = self._network.backend.xp.sum(self.weight, axis=(-2, -1))
        return total if total.ndim == 0 else total[:, None]

    def check(self) -> None:
        """Raise if a sample is not finite, where that was not looked for before.

        A NaN or an infinity in a sample makes the gradient of every first weight it is
        multiplied with a NaN or an infinity, whatever the activations: nobody has to look
        for one while all goes well.
        """
        check_finite(self._samples.x, "X")

    def _moved(self, rows: Any) -> Array:
        backend = self._network.backend
        return backend.library.from_host(backend.xp, rows, backend.device)


class OnHost(InMemory):
    """Samples in `HostRows`, of which a window at a time is moved to the backend.

    Parameters
    ----------
    network, samples, seen, orders
        As for `InMemory`.
    batch_size : int
    """

    def __init__(
        self,
        network: Network,
        samples: Samples,
        seen: Samples,
        orders: Iterator[Any] | None,
        batch_size: int,
    ):
        super().__init__(network, samples, seen, orders)
        groups = network.stack[0] if len(network.stack) == 2 else 1
        self._window = window(samples.x, batch_size, groups)

    def going_by(self, order: Any) -> Any:
        """Return the order as it is: it stays on the host with the rows."""
        return order

    def order_of(self, begun: Any) -> Any:
        """Return the order, which is on the host."""
        return begun

    def pieces(self, order: Any, length: int, done: int = 0) -> Iterator[Piece]:
        """Yield what is not done of an epoch, the pieces of a window one after another."""
        for start, stop in cut(self.rows, self._window):
            if stop <= done:
                continue
            known, own = self._loaded(order, start, stop)
            for first, last in cut(stop - start, length):
                if start + last > done:
                    yield Piece(known, max(first, done - start), last, own)

    def check(self) -> None:
        """Do nothing: what is read is checked."""

    def _loaded(self, order: Any, start: int, stop: int) -> tuple[Samples, Array | None]:
        """Return the samples of a window, and the order in which groups take them."""
        x, known = self._samples.x, self._samples[1:]
        if order is None:
            part = (None if a is None else a[start:stop, :] for a in known)
            return Samples(x.between(start, stop), *part), None
        chosen = order[..., start:stop]
        flat = chosen.reshape(-1)
        rows, take = self._moved(flat), Operations.of(self._network.backend.library).take_rows
        part = (None if a is None else take(a, rows) for a in known)
        return Samples(x.take(flat), *part), self._own(chosen.shape)

    def _own(self, shape: tuple[int, ...]) -> Array | None:
        """Return where each group's rows are in a window: behind those of the one before."""
        import numpy as np

        if len(shape) == 1:
            return None
        return self._moved(np.arange(shape[0] * shape[1]).reshape(shape))


class Streamed:
    """Samples that come by in pairs, an epoch being all there are.

    Parameters
    ----------
    network : Network
    pairs : Pairs
    batch_size : int

    Attributes
    ----------
    rows : int
        Samples of the epoch so far.
    seekable : bool
        An epoch can be gone on with in its midst: not so.
    """

    y = weight = orders = None
    seekable = False

    def __init__(self, network: Network, pairs: Pairs, batch_size: int):
        self._network, self._pairs, self._batch_size = network, pairs, batch_size
        self.repeats = pairs.repeats
        self.rows, self._total, self._epochs = 0, 0, 0

    def begin(self) -> None:
        """Return nothing: what comes is up to the iterable."""

    def pieces(self, order: Any, length: int, done: int = 0) -> Iterator[Piece]:
        """Yield an epoch in pieces, each pair's for itself; nobody can begin in its midst.

        Raises
        ------
        InputError
            If a pair cannot be used, or there is none.
        """
        self.rows, self._total = 0, 0
        for number, pair in enumerate(self._pairs, 1):
            known = self.checked(*pair, number)
            part = feed(self._network, known, known, None, self._batch_size)
            self.rows += part.rows
            self._total = self._total + part.total()
            yield from part.pieces(None, length)
        if not self.rows:
            raise InputError(
                f"The batches were used up in epoch {self._epochs}: this {self._pairs.kind} can "
                f"be gone through once. Give something that can be iterated again, such as a "
                f"list or an object whose __iter__ begins anew, or epochs={self._epochs}."
            )
        self._epochs += 1

    def total(self) -> Any:
        """Return the number of the epoch's samples, or their weight."""
        return self._total

    def check(self) -> None:
        """Do nothing: every pair was checked as it came."""

    def checked(self, X: Any, y: Any, weight: Any, number: int) -> Samples:
        """Return a pair as a network takes it; `number` is what an error calls it."""
        network = self._network
        x = network.check_samples(X, f"X of batch {number}")
        known = network.check_targets(y, x.shape[0], f"y of batch {number}")
        return Samples(x, known, network.check_weights(weight, x.shape[0]))


Feed = InMemory | Streamed


def feed(
    network: Network,
    samples: Samples,
    seen: Samples,
    orders: Iterator[Any] | None,
    batch_size: int,
) -> Feed:
    """Return what an epoch goes through, by what the samples are.

    Parameters
    ----------
    network, samples, seen, orders
        As for `InMemory`; `x` of the samples may be `HostRows`, or `Pairs` without the rest.
    batch_size : int
    """
    if isinstance(samples.x, Pairs):
        return Streamed(network, samples.x, batch_size)
    if isinstance(samples.x, HostRows):
        return OnHost(network, samples, seen, orders, batch_size)
    return InMemory(network, samples, seen, orders)


def window(x: HostRows, batch_size: int, groups: int = 1) -> int:
    """Return how many rows of each group are on the backend at once: whole mini-batches.

    It is whole runs where it can be, which are then those of samples in memory.
    """
    run = max(1, RUN // batch_size) * batch_size
    most = x.rows_at_once // groups
    unit = run if most >= run else batch_size
    return max(1, most // unit) * unit


def cut(rows: int, length: int) -> Iterator[tuple[int, int]]:
    """Yield the start and the stop of each piece of some length."""
    for start in range(0, rows, length):
        yield start, min(start + length, rows)
