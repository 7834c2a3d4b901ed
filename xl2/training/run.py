"""The training loop, the only one there is."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..array.api import Array, is_true
from ..array.operations import choose
from ..array.stacks import group_of, sizes_of_members, take_members
from ..nn.measure import Measure, Objective
from ..nn.network import Network
from ..nn.penalties import squares
from ..nn.step import Batches, Carry, Constants, Samples, Step, copy_carry, map_layers, run_batches
from . import divergence
from .batches import RUN as RUN
from .batches import feed
from .history import History
from .progress import show_progress

Callback = Callable[[Network, History], Any]


class Keep(NamedTuple):
    """What a callback returns for a stack to go on with some of its members only.

    The network then consists of these, and the later values of its history too.

    Attributes
    ----------
    places : sequence of int
        Which of the K members, or of the M of every group.
    """

    places: Sequence[int]


class HeldOut(NamedTuple):
    """Checked samples to measure on after each epoch.

    Attributes
    ----------
    group : int or None
        The group of the stack they are for; None for all of the network.
    x : array, shape (n, inputs)
    y : array, shape (n, outputs)
    """

    group: int | None
    x: Array
    y: Array


@dataclass
class Epoch:
    """An epoch under way, between two runs of mini-batches.

    Attributes
    ----------
    order : array of int, or None
        What the feed goes by.
    before : Carry
        From before the epoch.
    measure : Measure or Objective
        Of its steps so far.
    done : int
        Rows that it has gone through.
    seconds : float
        That it has taken.
    """

    order: Any
    before: Carry
    measure: Measure | Objective
    done: int = 0
    seconds: float = 0.0


class Saver:
    """What keeps a run: this one nothing, for a fit without a checkpoint."""

    def guard(self, run: Run) -> AbstractContextManager[Any]:
        """Return the context in which a run is trained."""
        return contextlib.nullcontext()

    def look(self, run: Run) -> None:
        """Be told that a run is between two epochs, or two runs of mini-batches of one."""


NOTHING = Saver()


class Run:
    """A fit between its epochs.

    Parameters
    ----------
    network : Network
        It is trained where it stands.
    samples : Samples
        Checked. `x` may be rows on the host, or the pairs of a stream without the rest.
    seen : Samples
        The targets and weights of those that an epoch goes through, (n, ...) or
        (G, n, ...); without `x`. Of a stream the same as `samples`.
    step : Step
    constants : Constants
    learning_rate : float
        A callback may change it between epochs.
    batch_size : int
        At most: as an attribute no more than there are samples in an epoch.
    orders : iterator of numpy.ndarray, shape (n,) or (G, n); or None
        The samples of each epoch in its order; None for all as they lie.
    states : tuple, optional
        Of the optimizer, to go on from; by default its first. They are consumed.
    steps : int, default 0
        How many it has taken.

    Attributes
    ----------
    under_way : Epoch or None
        None between epochs: when one is in the history whole, until the next begins.
    finished : bool
        A callback said that it is enough.
    kept : list of int
        The members of the stack, or of each of its groups, that are still trained.
    """

    def __init__(
        self,
        network: Network,
        samples: Samples,
        seen: Samples,
        step: Step,
        constants: Constants,
        learning_rate: float,
        batch_size: int,
        orders: Iterator[Any] | None,
        states: Any = None,
        steps: int = 0,
    ):
        self.network, self.step, self.constants = network, step, constants
        self.learning_rate = learning_rate
        self.feed = feed(network, samples, seen, orders, batch_size)
        # To a backend a mini-batch larger than the set would be a short one, which is not compiled.
        self.batch_size = min(batch_size, self.feed.rows) if self.feed.seekable else batch_size
        self.steps = steps
        self.history = History.of(network.stack)
        if states is None:
            init = step.optimizer.init
            with network.backend.scope():
                states = tuple((init(w), init(b)) for w, b in network.parameters)
        self.carry = Carry(network.parameters, states)
        self.run_batches = choose(network.backend.library, run_batches)
        self.under_way: Epoch | None = None
        self.finished = False
        self.kept = list(range(network.stack[-1] if network.stack else 0))

    @property
    def rows(self) -> int:
        """The samples of an epoch."""
        return self.feed.rows

    def train(
        self,
        epochs: int,
        held_out: Sequence[HeldOut] = (),
        callbacks: Sequence[Callback] = (),
        progress: bool | None = None,
        saver: Saver = NOTHING,
    ) -> History:
        """Train until there are so many epochs, or a callback says it is enough; see `fit`.

        Raises
        ------
        DivergenceError
            As `epoch` does.
        """
        network = self.network
        few = network.backend.library.threads()
        bar = show_progress(epochs, progress, len(self.history))
        with network.backend.scope(), few, bar as advance, saver.guard(self):
            while len(self.history) < epochs and not self.finished:
                self.epoch(held_out, saver)
                advance(self.history)
                self.tell(callbacks)
                saver.look(self)
        return self.history

    def epoch(self, held_out: Sequence[HeldOut] = (), saver: Saver = NOTHING) -> None:
        """Train for one epoch, or the rest of one, and write its line of the history.

        Raises
        ------
        DivergenceError
            If the network left the finite numbers; of a stack, if all members have.
        InputError
            If it was a NaN or an infinity among the samples that made it.
        """
        began = time.perf_counter()
        now = self.under_way = self.under_way or self._begun()
        began -= now.seconds
        last = self.steps
        try:
            for samples, batches in self.batches(RUN, now.order, now.done):
                self.learn(samples, batches, now.measure)
                last = batches.first + len(batches.rates) - 1
                now.done += batches.stop - batches.start
                now.seconds = time.perf_counter() - began
                saver.look(self)
            found, sound = self._read(now.measure)
            if not sound.all():
                self.feed.check()
        except Exception:
            # Samples that cannot be used, or read: nothing was learnt in this epoch.
            self.carry, self.network.parameters = now.before, now.before.parameters
            self.under_way = None
            raise
        if not self.network.stack and not sound:
            divergence.find_the_step(self, now.before, now.order)
        elif self.network.stack:
            divergence.mark(self, sound, now.before)
        if not self.step.objective and not sound.all():
            # Of the parameters that members which diverged were put back to.
            penalty = self._penalty()
            on_host = None if penalty is None else self.network.backend.to_numpy(penalty)
            found["penalty"] = self._penalty_of(on_host)
        if held_out:
            found |= self._measure(held_out)
        self.steps = last
        self.history.add(**found)
        self.history.seconds.append(time.perf_counter() - began)
        # Not before: who interrupts any of the above is to find the epoch under way.
        self.under_way = None

    def tell(self, callbacks: Sequence[Callback]) -> None:
        """Call the callbacks for the last epoch, and do what they say."""
        said = [call(self.network, self.history) for call in callbacks]
        self.finished = any(map(is_true, said))
        for answer in said:
            if isinstance(answer, Keep) and not self.finished:
                self.keep(answer.places)

    def keep(self, places: Sequence[int]) -> None:
        """Go on with some members of the stack only, in every group the same ones."""
        backend = self.network.backend
        chosen = backend.library.from_host(backend.xp, _numbers(places), backend.device)
        carry = self.carry._replace(parameters=self.network.parameters)
        self.carry = map_layers(lambda layers: take_members(layers, chosen), carry)
        self.network.parameters = self.carry.parameters
        coefficients = tuple(
            # Shaped like weights with one number a member: (1, K, 1), then (K, 1, 1).
            None if lam is None else backend.xp.take(lam, chosen, axis=1 if i == 0 else 0)
            for i, lam in enumerate(self.constants.coefficients)
        )
        self.constants = self.constants._replace(coefficients=coefficients)
        self.history.diverged = self.history.diverged[..., _numbers(places)]
        self.kept = [self.kept[place] for place in places]

    def _begun(self) -> Epoch:
        """Begin an epoch, on a copy.

        Steps change arrays in place, and those of before are needed again if it diverges,
        and may be in the hands of a callback. They are the network's, in case a callback
        replaced them.
        """
        order, before = self.feed.begin(), self.carry._replace(parameters=self.network.parameters)
        self.carry = copy_carry(before)
        return Epoch(order, before, self.meter())

    def batches(self, size: int, order: Any, done: int = 0) -> Iterator[tuple[Samples, Batches]]:
        """Cut an epoch, behind the rows that are done, into runs of mini-batches.

        They are whole ones, about `size` rows a run.
        """
        length = max(1, size // self.batch_size) * self.batch_size
        step = self.steps + math.ceil(done / self.batch_size)
        for samples, start, stop, own in self.feed.pieces(order, length, done):
            count = math.ceil((stop - start) / self.batch_size)
            numbers = range(step + 1, step + count + 1)
            rates = [self.step.optimizer.rate(self.learning_rate, number) for number in numbers]
            yield samples, Batches(start, stop, self.batch_size, own, rates, step + 1)
            step += count

    def learn(self, samples: Samples, batches: Batches, measure: Measure | Objective) -> None:
        """Take the steps of a run, and measure what they report."""
        self.carry, reports = self.run_batches(
            self.step, self.carry, self.constants, samples, batches, self.network.backend.xp
        )
        self.network.parameters = self.carry.parameters
        if isinstance(measure, Objective):
            measure.add(reports)
        else:
            measure.add(reports, *batches.targets(self.step.operations, samples))

    def meter(self) -> Measure | Objective:
        """Return what adds up the reports of an epoch's steps."""
        if self.step.objective:
            return Objective(self.network.backend, self.rows)
        return self.network.measure(self.feed.y, self.feed.weight, self.step.loss)

    def _measure(self, held_out: Sequence[HeldOut]) -> dict[str, Any]:
        """Return the loss and the score of held-out samples, each shaped like the stack."""
        import numpy as np

        measures = []
        for group, x, y in held_out:
            parameters = self.network.parameters
            part = parameters if group is None else group_of(parameters, group)
            measures.append(self.network.measure(y, loss=self.step.loss))
            measures[-1].add(self.network.logits_of(x, part), y)
        # By one transfer: a device then has not to be waited for each time.
        parts = [measure.parts() for measure in measures]
        host = iter(self.network.backend.read([one for own in parts for one in own]))
        found = [
            measure.result([next(host) for _ in own])
            for measure, own in zip(measures, parts, strict=True)
        ]
        if held_out[0].group is None:
            return {f"validation_{name}": value for name, value in found[0].items()}
        return {f"validation_{name}": np.stack([one[name] for one in found]) for name in found[0]}

    def _read(self, measure: Measure | Objective) -> tuple[dict[str, Any], Any]:
        """Return what an epoch measured, penalty included, and whether its result is finite.

        All of it arrives by one transfer: a device has to be waited for once an epoch.
        """
        import numpy as np

        network, parts = self.network, measure.parts()
        penalty = None if self.step.objective else self._penalty()
        sizes = sizes_of_members(self.carry.parameters)
        arrays = [*parts, sizes] if penalty is None else [*parts, sizes, penalty]
        host = network.backend.read(arrays)
        found = measure.result(host[: len(parts)])
        if not self.step.objective:
            found["penalty"] = self._penalty_of(None if penalty is None else host[-1])
        return found, np.isfinite(found["loss"]) & np.isfinite(host[len(parts)])

    def _penalty(self) -> Any:
        """Return ``lam / (2 m) sum(W^2)`` on the device, shaped like the stack, or None."""
        total = squares(self.network.parameters, self.constants.coefficients)
        return None if total is None else total / (2.0 * self.feed.total())

    def _penalty_of(self, value: Any) -> Any:
        """Return a penalty read from the device as a float, or as an array for a stack."""
        import numpy as np

        if value is None:
            return np.zeros(self.network.stack) if self.network.stack else 0.0
        return value if self.network.stack else float(value)


def _numbers(places: Sequence[int]) -> Any:
    import numpy as np

    return np.asarray(places, dtype=np.int64)
