"""The training loop: the only one there is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral, Real
from typing import Any, NoReturn, cast

from . import tasks
from .arrays import Array, namespace
from .errors import DivergenceError, InputError
from .history import History
from .inputs import samples, targets
from .losses import Loss, find_loss
from .measure import Measure
from .network import Network
from .operations import Layer, Operations, choose
from .optimizers import Optimizer, Update, find_optimizer
from .penalties import Penalty, coefficients_of, penalties_of, penalty_value
from .progress import show_progress
from .step import Batches, Carry, Step, run_batches
from .switch import decided, resolve

# Rows trained on between two looks at the outputs: a backend may compile a run of
# this length, and the outputs kept meanwhile stay small beside the data.
RUN = 8192

Callback = Callable[[Network, History], Any]


def fit(
    network: Network,
    X: Any,
    y: Any,
    *,
    epochs: int = 10,
    batch_size: int = 64,
    learning_rate: float = 0.01,
    optimizer: str | Optimizer = "sgd",
    penalty: Penalty = 0.0,
    loss: str | None = None,
    shuffle: bool = True,
    seed: int = 0,
    validation: tuple[Any, Any] | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool | None = None,
    backend: str | None = None,
    device: Any = None,
) -> History:
    """Train a network, or a stack of networks, on mini-batches.

    Parameters
    ----------
    network : Network
        It is trained where it stands: its parameters are replaced.
    X : array_like, shape (n, inputs)
        Samples.
    y : array_like, shape (n,) or (n, outputs)
        Class numbers from 0, or targets; see `xl2.tasks`.
    epochs : int, default 10
        Passes over the samples.
    batch_size : int, default 64
        Samples of a mini-batch; the last of an epoch may have fewer.
    learning_rate : float, default 0.01
        Step size, for gradients that are means over the mini-batch.
    optimizer : {"sgd", "momentum", "nesterov", "adam"} or Optimizer, default "sgd"
        See `xl2.optimizers`.
    penalty : float or L2, default 0
        lambda, or an `L2`; for a stack also a sequence, one a member.
    loss : str, optional
        By default the natural one of the output activation, see `xl2.losses`.
    shuffle : bool, default True
        Draw a new order of the samples for each epoch.
    seed : int, default 0
        Of those orders, drawn on the host: the same on every backend.
    validation : (X, y), optional
        Samples to measure on after each epoch.
    callbacks : sequence of callable, optional
        Each is called as ``callback(network, history)`` after each epoch; training
        ends after an epoch in which one of them returned True.
    progress : bool, optional
        Show a progress bar; by default where standard error is a terminal.
    backend, device : optional
        Where to compute; see `xl2.switch`. By default where the network was put, or,
        if nobody said, where `X` is.

    Returns
    -------
    History
        The curves of this fit.

    Raises
    ------
    InputError
        If an argument, `X` or `y` cannot be used.
    DivergenceError
        If the loss or a parameter is no longer finite. The network keeps the
        parameters from before that step.
    """
    _check_numbers(epochs=epochs, batch_size=batch_size)
    _check_rate(learning_rate)
    _place(network, X, backend, device)
    x = samples(network, X)
    _choose_task(network, y)
    expected = targets(network, y, x.shape[0])
    held_out = None
    if validation is not None:
        x_held = samples(network, validation[0], "validation X")
        held_out = (x_held, targets(network, validation[1], x_held.shape[0], "validation y"))
    run = _Fit(
        network,
        x,
        expected,
        _step(network, x.shape[0], find_optimizer(optimizer), penalty, loss),
        coefficients_of(network, penalty),
        float(learning_rate),
        int(batch_size),
        _orders(x.shape[0], seed) if shuffle else None,
    )
    with network.backend.scope(), show_progress(epochs, progress) as advance:
        for _ in range(int(epochs)):
            run.epoch(held_out)
            advance(run.history)
            if [True for call in callbacks if call(network, run.history) is True]:
                break
    return run.history


class _Fit:
    """The state of one fit between epochs."""

    def __init__(
        self,
        network: Network,
        x: Array,
        y: Array,
        step: Step,
        coefficients: tuple[Any, ...],
        learning_rate: float,
        batch_size: int,
        orders: Iterator[Any] | None,
    ):
        self.network, self.x, self.y = network, x, y
        self.step, self.coefficients = step, coefficients
        self.learning_rate, self.batch_size = learning_rate, batch_size
        self.orders = orders
        self.steps = 0
        self.history = History()
        init = step.optimizer.init
        states = tuple((init(layer.weight), init(layer.bias)) for layer in network.parameters)
        self.carry = Carry(network.parameters, states)
        self.run_batches = choose(network.backend.library, run_batches)

    def batches(self, size: int, order: Array | None) -> Iterator[Batches]:
        """Cut an epoch into runs of whole mini-batches, about `size` rows each."""
        rows = self.x.shape[0]
        length = max(1, size // self.batch_size) * self.batch_size
        step = self.steps
        for start in range(0, rows, length):
            stop = min(start + length, rows)
            count = math.ceil((stop - start) / self.batch_size)
            numbers = range(step + 1, step + count + 1)
            rates = [self.step.optimizer.rate(self.learning_rate, number) for number in numbers]
            yield Batches(start, stop, self.batch_size, order, rates)
            step += count

    def epoch(self, held_out: tuple[Array, Array] | None) -> None:
        """Train for one epoch and write its line of the history."""
        began = time.perf_counter()
        # The epoch works on a copy: steps change arrays in place, and these are needed
        # again if it diverges, and may be in the hands of a callback. They are the
        # network's, in case a callback replaced them.
        order, before = self._order(), self.carry._replace(parameters=self.network.parameters)
        self.carry = _copied(before)
        measure = Measure(self.network, self.step.loss, self.y)
        for batches in self.batches(RUN, order):
            logits = self._run(batches)
            measure.add(logits, self._seen(batches))
        loss, score = measure.read()
        if not self._is_finite(loss):
            self._diverged(before, order)
        self.steps += math.ceil(self.x.shape[0] / self.batch_size)
        history, network = self.history, self.network
        history.loss.append(loss)
        history.score.append(score)
        history.penalty.append(penalty_value(network, self.coefficients, self.x.shape[0]))
        if held_out is not None:
            held = Measure(network, self.step.loss, held_out[1])
            held.add(network.logits_of(held_out[0]), held_out[1])
            loss, score = held.read()
            history.validation_loss.append(loss)
            history.validation_score.append(score)
        history.seconds.append(time.perf_counter() - began)

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

    def _seen(self, batches: Batches) -> Array:
        return batches.rows(self.step.operations, self.y, batches.start, batches.stop)

    def _order(self) -> Array | None:
        if self.orders is None:
            return None
        backend = self.network.backend
        return backend.library.from_host(backend.xp, next(self.orders), backend.device)

    def _is_finite(self, loss: Any) -> bool:
        """Tell whether the loss and all parameters are finite, at the price of one host read."""
        xp = self.network.backend.xp
        total = sum(xp.sum(xp.abs(p)) for layer in self.carry.parameters for p in layer)
        return all(math.isfinite(x) for x in _flat(loss)) and math.isfinite(float(total))

    def _diverged(self, before: Carry, order: Array | None) -> NoReturn:
        """Go through the epoch again, a step at a time, and stop before the one that failed.

        Looking at every step would make every fit wait for its device; going back
        makes only a failed one pay.
        """
        self.carry = before
        step, safe, loss = 0, before, 0.0
        for batches in self.batches(self.batch_size, order):
            step, safe = step + 1, self.carry
            self.carry = _copied(safe)
            measure = Measure(self.network, self.step.loss, self.y)
            measure.add(self._run(batches), self._seen(batches))
            loss, _ = measure.read()
            if not self._is_finite(loss):
                break
        self.network.parameters = safe.parameters
        epoch, worst = len(self.history) + 1, max(_flat(loss), key=lambda x: (x != x, x))
        raise DivergenceError(
            f"Training diverged in epoch {epoch}, step {step}: the loss was {worst:g} and the "
            f"update left the finite numbers. The network keeps its parameters from before that "
            f"step. Lower the learning rate ({self.learning_rate:g}), standardise the inputs, or "
            f"lower lambda: learning rate times lambda over the batch size has to stay below 2.",
            epoch=epoch,
            step=step,
            loss=worst,
            history=self.history,
        )


def _copied(carry: Carry) -> Carry:
    """Return a carry with arrays of its own, for steps to change."""

    def copied(p: Array) -> Array:
        return namespace(p).asarray(p, copy=True)

    return Carry(
        tuple(Layer(copied(weight), copied(bias)) for weight, bias in carry.parameters),
        tuple((tuple(map(copied, w)), tuple(map(copied, b))) for w, b in carry.states),
    )


def _flat(value: Any) -> list[float]:
    return [value] if isinstance(value, float) else [float(x) for x in value]


def _orders(rows: int, seed: int) -> Iterator[Any]:
    """Yield a new order of the rows for each epoch, drawn on the host."""
    import numpy as np

    rng = np.random.default_rng(seed)
    while True:
        yield rng.permutation(rows)


def _place(network: Network, X: Any, backend: str | None, device: Any) -> None:
    """Move the network to where the fit is to compute."""
    said = decided(backend, device) if backend is not None or device is not None else None
    if said is not None:
        network.follow(resolve(said.backend or network.backend.name, said.device))
    elif not network.placed:
        network.follow(resolve(data=X))


def _choose_task(network: Network, y: Any) -> None:
    with network.backend.scope():
        given = network.backend.asarray(y, network.dtype, "y")
        network.task = tasks.task_of(network.activations[-1], network.sizes[-1], given)


def _step(
    network: Network, rows: int, optimizer: Optimizer, penalty: Penalty, loss: str | None
) -> Step:
    library = network.backend.library
    per_dataset = penalties_of(network, penalty)[0].per == "dataset"
    found = find_loss(loss, network.activations[-1])
    return Step(
        network.hidden_activations(),
        Loss(*(choose(library, function) for function in found)),
        optimizer,
        cast(Update, choose(library, optimizer.update)),
        Operations.of(library),
        rows if per_dataset else None,
    )


def _check_numbers(**given: Any) -> None:
    for name, value in given.items():
        if not isinstance(value, Integral) or value < 1:
            raise InputError(f"{name} is a whole number, 1 or more. Received: {name}={value!r}.")


def _check_rate(learning_rate: float) -> None:
    if not (isinstance(learning_rate, Real) and 0 < learning_rate < math.inf):
        raise InputError(
            f"learning_rate is a finite number above 0. Received: learning_rate={learning_rate!r}."
        )
