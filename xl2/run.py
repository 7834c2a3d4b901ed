"""The training loop, the only one there is: epochs, and what becomes of a divergence."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn

from .arrays import Array, namespace
from .errors import DivergenceError, InputError
from .history import History
from .inputs import check_finite
from .measure import Measure, Objective
from .network import Network
from .operations import Layer, Operations, choose
from .penalties import penalty_value
from .progress import show_progress
from .sparse import SparseRows
from .stacks import group_of, keep_where, sizes_of_members, take_places
from .step import Batches, Carry, Constants, Samples, Step, combined, run_batches

# Rows trained on between two looks at the outputs: a backend may compile a run of
# this length, and the outputs kept meanwhile stay small beside the data.
RUN = 8192

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


class Run:
    """A fit between its epochs.

    Parameters
    ----------
    network : Network
        It is trained where it stands.
    samples : Samples
        Checked.
    seen : Samples
        The targets and weights of those that an epoch goes through, (n, ...) or
        (G, n, ...); without `x`.
    step : Step
    constants : Constants
    learning_rate : float
        A callback may change it between epochs.
    batch_size : int
    orders : iterator of numpy.ndarray, shape (n,) or (G, n); or None
        The samples of each epoch in its order; None for all as they lie.
    states : tuple, optional
        Of the optimizer, to go on from; by default its first. They are consumed.
    steps : int, default 0
        How many it has taken.
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
        self.network, self.samples, self.seen = network, samples, seen
        self.step, self.constants = step, constants
        self.learning_rate, self.batch_size = learning_rate, batch_size
        self.orders = orders
        self.rows = seen.y.shape[-2]
        self.steps = steps
        self.history = History.of(network.stack)
        if states is None:
            init = step.optimizer.init
            states = tuple((init(layer.weight), init(layer.bias)) for layer in network.parameters)
        self.carry = Carry(network.parameters, states)
        self.run_batches = choose(network.backend.library, run_batches)

    def train(
        self,
        epochs: int,
        held_out: Sequence[HeldOut] = (),
        callbacks: Sequence[Callback] = (),
        progress: bool | None = None,
    ) -> History:
        """Train for some epochs, or until a callback says it is enough; see `fit`.

        Raises
        ------
        DivergenceError
            As `epoch` does.
        """
        network = self.network
        few = network.backend.library.threads(self._largest_product())
        with network.backend.scope(), few, show_progress(epochs, progress) as advance:
            for _ in range(epochs):
                self.epoch(held_out)
                advance(self.history)
                said = [call(network, self.history) for call in callbacks]
                if any(answer is True for answer in said):
                    break
                for answer in said:
                    if isinstance(answer, Keep):
                        self.keep(answer.places)
        return self.history

    def epoch(self, held_out: Sequence[HeldOut] = ()) -> None:
        """Train for one epoch and write its line of the history.

        Raises
        ------
        DivergenceError
            If the network left the finite numbers; of a stack, if all members have.
        InputError
            If it was a NaN or an infinity among the samples that made it.
        """
        began = time.perf_counter()
        # The epoch works on a copy: steps change arrays in place, and these are needed
        # again if it diverges, and may be in the hands of a callback. They are the
        # network's, in case a callback replaced them.
        order, before = self._order(), self.carry._replace(parameters=self.network.parameters)
        self.carry = _copied(before)
        measure = self._meter()
        for batches in self._batches(self._run_length(), order):
            self._run(batches, measure)
        found = measure.read()
        loss = found["loss"]
        finite = self._finite(loss)
        if not finite.all():
            self._check_samples(before)
        if not self.network.stack and not finite:
            self._find_the_step(before, order)
        elif self.network.stack:
            self._mark(finite, before)
        self.steps += math.ceil(self.rows / self.batch_size)
        if not self.step.objective:
            found["penalty"] = penalty_value(
                self.network, self.constants.coefficients, self._total()
            )
        self.history.add(**found)
        if held_out:
            self.history.add(**self._measure(held_out))
        self.history.seconds.append(time.perf_counter() - began)

    def keep(self, places: Sequence[int]) -> None:
        """Go on with some members of the stack only, in every group the same ones."""
        backend = self.network.backend
        chosen = backend.library.from_host(backend.xp, _numbers(places), backend.device)
        carry = self.carry._replace(parameters=self.network.parameters)
        self.carry = combined(lambda layers: take_places(layers, chosen), carry)
        self.network.parameters = self.carry.parameters
        coefficients = tuple(
            # Shaped like weights with one number a member: (1, K, 1), then (K, 1, 1).
            None if lam is None else backend.xp.take(lam, chosen, axis=1 if i == 0 else 0)
            for i, lam in enumerate(self.constants.coefficients)
        )
        self.constants = self.constants._replace(coefficients=coefficients)
        self.history.diverged = self.history.diverged[..., _numbers(places)]

    def _batches(self, size: int, order: Array | None) -> Iterator[Batches]:
        """Cut an epoch into runs of whole mini-batches, about `size` rows each."""
        length = max(1, size // self.batch_size) * self.batch_size
        step = self.steps
        for start in range(0, self.rows, length):
            stop = min(start + length, self.rows)
            count = math.ceil((stop - start) / self.batch_size)
            numbers = range(step + 1, step + count + 1)
            rates = [self.step.optimizer.rate(self.learning_rate, number) for number in numbers]
            yield Batches(start, stop, self.batch_size, order, rates, step + 1)
            step += count

    def _run(self, batches: Batches, measure: Measure | Objective) -> None:
        """Take the steps of a run, and measure what they report."""
        ops, xp, samples = self.step.operations, self.network.backend.xp, self.samples
        if isinstance(samples.x, SparseRows):
            samples, batches = _dense(samples, batches, ops)
        self.carry, reports = self.run_batches(
            self.step, self.carry, self.constants, samples, batches, xp
        )
        self.network.parameters = self.carry.parameters
        if isinstance(measure, Objective):
            measure.add(reports)
        else:
            measure.add(reports, *batches.targets(ops, samples))

    def _meter(self) -> Measure | Objective:
        """Return what adds up the reports of an epoch's steps."""
        if self.step.objective:
            return Objective(self.network.backend, self.rows)
        return Measure(self.network, self.step.loss, self.seen.y, self.seen.weight)

    def _total(self) -> Any:
        """Return the number of an epoch's samples, or their weight."""
        weight = self.seen.weight
        if weight is None:
            return self.rows
        total = self.network.backend.xp.sum(weight, axis=(-2, -1))
        return total if total.ndim == 0 else total[:, None]

    def _run_length(self) -> int:
        x = self.samples.x
        return min(RUN, x.rows_at_once) if isinstance(x, SparseRows) else RUN

    def _largest_product(self) -> int:
        """Return the multiplications of the largest product of a step."""
        network, largest = self.network, 0
        for i, (inputs, outputs) in enumerate(pairwise(network.sizes)):
            # The first layer of a stack is one product for all members of a group.
            shared = network.stack[-1] if network.stack and i == 0 else 1
            largest = max(largest, self.batch_size * inputs * outputs * shared)
        return largest

    def _order(self) -> Array | None:
        if self.orders is None:
            return None
        backend = self.network.backend
        return backend.library.from_host(backend.xp, next(self.orders), backend.device)

    def _measure(self, held_out: Sequence[HeldOut]) -> dict[str, Any]:
        """Return the loss and the score of held-out samples, each shaped like the stack."""
        import numpy as np

        measures = []
        for group, x, y in held_out:
            parameters = self.network.parameters
            part = parameters if group is None else group_of(parameters, group)
            measures.append(Measure(self.network, self.step.loss, y))
            measures[-1].add(self.network.logits_of(x, part), y)
        # Read when all are on their way: a device then has not to be waited for each time.
        found = [measure.read() for measure in measures]
        if held_out[0].group is None:
            return {f"validation_{name}": value for name, value in found[0].items()}
        return {f"validation_{name}": np.stack([one[name] for one in found]) for name in found[0]}

    def _finite(self, loss: Any) -> Any:
        """Tell whether loss and parameters are finite, at the price of one host read."""
        import numpy as np

        sizes = self.network.backend.to_numpy(sizes_of_members(self.carry.parameters))
        return np.isfinite(loss) & np.isfinite(sizes)

    def _check_samples(self, before: Carry) -> None:
        """Raise if a sample is not finite, and leave the network as it was before the epoch.

        A NaN or an infinity in a sample makes the gradient of every first weight it is
        multiplied with a NaN or an infinity, whatever the activations: nobody has to look
        for one while all goes well.
        """
        if isinstance(self.samples.x, SparseRows):
            return
        try:
            check_finite(self.samples.x, "X")
        except InputError:
            self.network.parameters = before.parameters
            raise

    def _mark(self, finite: Any, before: Carry) -> None:
        """Mark the members that diverged, and leave them where they were before the epoch."""
        import numpy as np

        history, network = self.history, self.network
        newly = ~finite & (history.diverged == 0)
        history.diverged = np.where(newly, len(history) + 1, history.diverged)
        sound = history.diverged == 0
        if sound.all():
            return
        keep = network.backend.library.from_host(network.backend.xp, sound, network.backend.device)
        self.carry = combined(lambda new, old: keep_where(keep, new, old), self.carry, before)
        network.parameters = self.carry.parameters
        if not sound.any():
            raise DivergenceError(
                f"All {sound.size} networks of the stack diverged, the last in epoch "
                f"{len(history) + 1}. They keep their parameters from before the epoch in which "
                f"it happened. {self._remedy()}",
                epoch=len(history) + 1,
                step=None,
                loss=math.nan,
                history=history,
            )

    def _find_the_step(self, before: Carry, order: Array | None) -> NoReturn:
        """Go through the epoch again, a step at a time, and stop before the one that failed.

        Looking at every step would make every fit wait for its device; going back
        makes only a failed one pay.
        """
        self.carry = before
        step, safe, loss = 0, before, 0.0
        for batches in self._batches(self.batch_size, order):
            step, safe = step + 1, self.carry
            self.carry = _copied(safe)
            measure = self._meter()
            self._run(batches, measure)
            loss = measure.read()["loss"]
            if not self._finite(loss):
                break
        self.network.parameters = safe.parameters
        epoch = len(self.history) + 1
        raise DivergenceError(
            f"Training diverged in epoch {epoch}, step {step}: the loss was {loss:g} and the "
            f"update left the finite numbers. The network keeps its parameters from before that "
            f"step. {self._remedy()}",
            epoch=epoch,
            step=step,
            loss=loss,
            history=self.history,
        )

    def _remedy(self) -> str:
        return (
            f"Lower the learning rate ({self.learning_rate:g}), standardise the inputs, or "
            f"lower lambda: learning rate times lambda over the batch size has to stay below 2."
        )


def _copied(carry: Carry) -> Carry:
    """Return a carry with arrays of its own, for steps to change."""

    def copied(p: Array) -> Array:
        return namespace(p).asarray(p, copy=True)

    return combined(lambda layers: tuple(Layer(*map(copied, layer)) for layer in layers), carry)


def _numbers(places: Sequence[int]) -> Any:
    import numpy as np

    return np.asarray(places, dtype=np.int64)


def _dense(samples: Samples, batches: Batches, ops: Operations) -> tuple[Samples, Batches]:
    """Return the samples of a run, dense, as a small set of their own."""
    x = samples.x
    start, stop, order = batches.start, batches.stop, batches.order
    rows = x.xp.arange(start, stop, device=x.device) if order is None else order[..., start:stop]
    flat = x.xp.reshape(rows, (-1,))
    part = (None if a is None else ops.take_rows(a, flat) for a in samples[1:])
    batches = batches._replace(start=0, stop=stop - start, order=None)
    if rows.ndim > 1:
        own = x.xp.arange(flat.shape[0], device=x.device)
        batches = batches._replace(order=x.xp.reshape(own, rows.shape))
    return Samples(x.take(flat), *part), batches
