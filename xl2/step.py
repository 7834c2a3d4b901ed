"""One step of training, and a run of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from .activations import Activation
from .arrays import Array
from .losses import Loss
from .operations import Layer, Operations, Parameters
from .optimizers import Optimizer, State, Update
from .propagation import differentiate, propagate


class Carry(NamedTuple):
    """What a step hands to the next."""

    parameters: Parameters
    states: tuple[tuple[State, State], ...]


def combined(function: Callable[..., tuple[Layer, ...]], *carries: Carry) -> Carry:
    """Apply a function of parameters, as those of `stacks` are, to all that carries hold.

    The states of an optimizer are arrays shaped like the parameters they belong to.
    """
    first = carries[0].states[0][0]
    slots = [
        function(*([(w[s], b[s]) for w, b in carry.states] for carry in carries))
        for s in range(len(first))
    ]
    return Carry(
        function(*(carry.parameters for carry in carries)),
        tuple(
            (tuple(slot[i].weight for slot in slots), tuple(slot[i].bias for slot in slots))
            for i in range(len(carries[0].states))
        ),
    )


@dataclass(frozen=True)
class Step:
    """One step of training, as a pure function of its arguments.

    It is hashable, and equal for equal settings: a backend that compiles it can
    keep what it compiled from one fit to the next.

    Attributes
    ----------
    hidden : tuple of Activation
    loss : Loss
    optimizer : Optimizer
    update : callable
        The optimizer's, as the backend does it.
    operations : Operations
    penalty_rows : int or None
        What divides lambda: a training set's size, or None for the mini-batch's.
    """

    hidden: tuple[Activation, ...]
    loss: Loss
    optimizer: Optimizer
    update: Update
    operations: Operations
    penalty_rows: int | None

    def __call__(
        self, carry: Carry, coefficients: tuple[Any, ...], x: Array, y: Array, rate: Any
    ) -> tuple[Carry, Array]:
        """Learn from one mini-batch.

        Parameters
        ----------
        carry : Carry
            Consumed.
        coefficients : tuple
            lambda for each layer, from `penalties.coefficients_of`.
        x : array, shape (n, inputs); for a stack in groups (G, n, inputs)
        y : array, shape (n, outputs); for a stack in groups (G, 1, n, outputs)
        rate : float
            The optimizer's rate for this step.

        Returns
        -------
        carry : Carry
        logits : array, shape (..., n, outputs)
            From before the update.
        """
        ops = self.operations
        scale = self.optimizer.scale(rate)
        layers = propagate(ops, self.hidden, carry.parameters, x)
        delta = self.loss.delta(layers[-1], y)
        delta *= scale / x.shape[-2]
        parameters = list(carry.parameters)
        states = list(carry.states)
        found = differentiate(ops, self.hidden, carry.parameters, layers, delta)
        for i, weight_gradient, bias_gradient in found:
            decay = coefficients[i]
            if decay is not None:
                decay = decay * (scale / (self.penalty_rows or x.shape[-2]))
            (weight, bias), (weight_state, bias_state) = parameters[i], states[i]
            weight, weight_state = self.update(
                self.optimizer, weight, weight_gradient, decay, weight_state, rate
            )
            bias, bias_state = self.update(
                self.optimizer, bias, bias_gradient, None, bias_state, rate
            )
            parameters[i] = Layer(weight, bias)
            states[i] = (weight_state, bias_state)
        return Carry(tuple(parameters), tuple(states)), layers[-1]


class Batches(NamedTuple):
    """A run of consecutive mini-batches.

    Attributes
    ----------
    start, stop : int
        The first row of the run and the one behind its last, in the epoch's order.
    size : int
        Rows of a mini-batch; the last may have fewer.
    order : array of int, shape (n,), or for a stack in groups (G, n); or None
        The epoch's rows in its order; None for all in the order of the data.
    rates : list of float
        The optimizer's rate for each step.
    """

    start: int
    stop: int
    size: int
    order: Array | None
    rates: list[float]

    def samples(self, ops: Operations, x: Array, start: int, stop: int) -> Array:
        """Return the samples from `start` to `stop` of the epoch's order."""
        if self.order is None:
            return x[start:stop, :]
        return ops.take_rows(x, self.order[..., start:stop])

    def targets(self, ops: Operations, y: Array, start: int, stop: int) -> Array:
        """Return their targets, of groups with an axis for the members of a group."""
        return beside_members(self.samples(ops, y, start, stop))


def beside_members(y: Array) -> Array:
    """Give the targets of groups, (G, n, o), an axis for the members of a group."""
    return y[:, None, :, :] if y.ndim == 3 else y


def run_batches(
    step: Step,
    carry: Carry,
    coefficients: tuple[Any, ...],
    x: Array,
    y: Array,
    batches: Batches,
    xp: Any,
) -> tuple[Carry, Array]:
    """Take one step after another; a backend may compile the whole run instead.

    Parameters
    ----------
    step, carry, coefficients
        See `Step`; `carry` is consumed.
    x : array, shape (N, inputs)
        All training samples.
    y : array, shape (N, outputs)
        Their targets.
    batches : Batches
        Which of them, and how many at once.
    xp : module
        Their namespace.

    Returns
    -------
    carry : Carry
    logits : array, shape (..., n, outputs)
        Of the run's samples, in the epoch's order, each from before its step.
    """
    pieces = []
    starts = range(batches.start, batches.stop, batches.size)
    for start, rate in zip(starts, batches.rates, strict=True):
        stop = min(start + batches.size, batches.stop)
        x_batch = batches.samples(step.operations, x, start, stop)
        y_batch = batches.targets(step.operations, y, start, stop)
        carry, logits = step(carry, coefficients, x_batch, y_batch, rate)
        pieces.append(logits)
    return carry, pieces[0] if len(pieces) == 1 else xp.concat(pieces, axis=-2)
