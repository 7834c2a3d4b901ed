"""The epochs of a fit, one after another, and what becomes of one that diverges."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from .arrays import Array, namespace
from .errors import DivergenceError
from .history import History
from .measure import Measure
from .network import Network
from .operations import Layer, choose
from .penalties import penalty_value
from .stacks import group_of, keep_where, sizes_of_members, take_places
from .step import Batches, Carry, Step, combined, run_batches

# Rows trained on between two looks at the outputs: a backend may compile a run of
# this length, and the outputs kept meanwhile stay small beside the data.
RUN = 8192


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
    x : array, shape (N, inputs)
        Checked samples.
    y : array, shape (N, outputs)
        Their checked targets.
    seen : array, shape (n, outputs); for a stack in groups (G, n, outputs)
        The targets of the samples that an epoch goes through.
    step : Step
    coefficients : tuple
        lambda for each layer, from `penalties.coefficients_of`.
    learning_rate : float
    batch_size : int
    orders : iterator of numpy.ndarray, shape (n,) or (G, n); or None
        The samples of each epoch in its order; None for all as they lie.
    """

    def __init__(
        self,
        network: Network,
        x: Array,
        y: Array,
        seen: Array,
        step: Step,
        coefficients: tuple[Any, ...],
        learning_rate: float,
        batch_size: int,
        orders: Iterator[Any] | None,
    ):
        self.network, self.x, self.y, self.seen = network, x, y, seen
        self.step, self.coefficients = step, coefficients
        self.learning_rate, self.batch_size = learning_rate, batch_size
        self.orders = orders
        self.rows = seen.shape[-2]
        self.steps = 0
        self.history = History.of(network.stack)
        init = step.optimizer.init
        states = tuple((init(layer.weight), init(layer.bias)) for layer in network.parameters)
        self.carry = Carry(network.parameters, states)
        self.run_batches = choose(network.backend.library, run_batches)

    def epoch(self, held_out: Sequence[HeldOut] = ()) -> None:
        """Train for one epoch and write its line of the history.

        Raises
        ------
        DivergenceError
            If the network left the finite numbers; of a stack, if all members have.
        """
        began = time.perf_counter()
        # The epoch works on a copy: steps change arrays in place, and these are needed
        # again if it diverges, and may be in the hands of a callback. They are the
        # network's, in case a callback replaced them.
        order, before = self._order(), self.carry._replace(parameters=self.network.parameters)
        self.carry = _copied(before)
        measure = Measure(self.network, self.step.loss, self.seen)
        for batches in self._batches(RUN, order):
            logits = self._run(batches)
            measure.add(logits, self._targets(batches))
        loss, score = measure.read()
        finite = self._finite(loss)
        if not self.network.stack and not finite:
            self._find_the_step(before, order)
        elif self.network.stack:
            self._mark(finite, before)
        self.steps += math.ceil(self.rows / self.batch_size)
        penalty = penalty_value(self.network, self.coefficients, self.rows)
        self.history.add(loss=loss, score=score, penalty=penalty)
        if held_out:
            loss, score = self._measure(held_out)
            self.history.add(validation_loss=loss, validation_score=score)
        self.history.seconds.append(time.perf_counter() - began)

    def keep(self, places: Sequence[int]) -> None:
        """Go on with some members of the stack only, in every group the same ones."""
        backend = self.network.backend
        chosen = backend.library.from_host(backend.xp, _numbers(places), backend.device)
        carry = self.carry._replace(parameters=self.network.parameters)
        self.carry = combined(lambda layers: take_places(layers, chosen), carry)
        self.network.parameters = self.carry.parameters
        self.coefficients = tuple(
            # Shaped like weights with one number a member: (1, K, 1), then (K, 1, 1).
            None if lam is None else backend.xp.take(lam, chosen, axis=1 if i == 0 else 0)
            for i, lam in enumerate(self.coefficients)
        )
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
            yield Batches(start, stop, self.batch_size, order, rates)
            step += count

    def _run(self, batches: Batches) -> Array:
        self.carry, logits = self.run_batches(
            self.step,
            self.carry,
            self.coefficients,
            self.x,
            self.y,
            batches,
            self.network.backend.xp,
        )
        self.network.parameters = self.carry.parameters
        return logits

    def _targets(self, batches: Batches) -> Array:
        return batches.targets(self.step.operations, self.y, batches.start, batches.stop)

    def _order(self) -> Array | None:
        if self.orders is None:
            return None
        backend = self.network.backend
        return backend.library.from_host(backend.xp, next(self.orders), backend.device)

    def _measure(self, held_out: Sequence[HeldOut]) -> tuple[Any, Any]:
        """Return the loss and the score of held-out samples, each shaped like the stack."""
        measures = []
        for group, x, y in held_out:
            parameters = self.network.parameters
            part = parameters if group is None else group_of(parameters, group)
            measures.append(Measure(self.network, self.step.loss, y))
            measures[-1].add(self.network.logits_of(x, part), y)
        # Read when all are on their way: a device then has not to be waited for each time.
        found = [measure.read() for measure in measures]
        if held_out[0].group is None:
            return found[0]
        import numpy as np

        losses, scores = zip(*found, strict=True)
        return np.stack(losses), np.stack(scores)

    def _finite(self, loss: Any) -> Any:
        """Tell whether loss and parameters are finite, at the price of one host read."""
        import numpy as np

        sizes = self.network.backend.to_numpy(sizes_of_members(self.carry.parameters))
        return np.isfinite(loss) & np.isfinite(sizes)

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
            measure = Measure(self.network, self.step.loss, self.seen)
            measure.add(self._run(batches), self._targets(batches))
            loss, _ = measure.read()
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
