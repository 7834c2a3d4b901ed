"""One step of training, and a run of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..array.activations import Activation
from ..array.api import Array, namespace
from ..array.operations import Layer, Operations, Parameters
from .dropout import Dropout, Masks
from .losses import Loss
from .optimizers import Optimizer, State, Update
from .penalties import squares
from .propagation import differentiate, propagate


class Carry(NamedTuple):
    """What a step hands to the next."""

    parameters: Parameters
    states: tuple[tuple[State, State], ...]


def map_layers(function: Callable[..., tuple[Layer, ...]], *carries: Carry) -> Carry:
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


def copy_carry(carry: Carry) -> Carry:
    """Return a carry with arrays of its own, for steps to change."""

    def own(p: Array) -> Array:
        return namespace(p).asarray(p, copy=True)

    return map_layers(lambda layers: tuple(Layer(*map(own, layer)) for layer in layers), carry)


class Samples(NamedTuple):
    """Samples with what is known of them.

    Attributes
    ----------
    x : array, shape (N, inputs)
    y : array, shape (N, outputs)
    weight : array, shape (N, 1), or None
        How much each counts; None where all count the same.
    """

    x: Array
    y: Array
    weight: Array | None = None


class Constants(NamedTuple):
    """What a step is told besides its samples, the same through a fit.

    Attributes
    ----------
    coefficients : tuple
        lambda for each layer, from `penalties.coefficients_of`.
    rows : float or None
        What divides lambda: the number, or the weight, of the training samples; None for
        the mini-batch's own.
    keys : array or None
        Of the masks, from `Dropout.keys`.
    """

    coefficients: tuple[Any, ...]
    rows: Any = None
    keys: Array | None = None


class Batch(NamedTuple):
    """A mini-batch and its step.

    Attributes
    ----------
    x : array, shape (n, inputs); for a stack in groups (G, n, inputs)
    y : array, shape (n, outputs); for a stack in groups (G, 1, n, outputs)
    weight : array, shape (n, 1); for a stack in groups (G, 1, n, 1); or None
    rate : float
        The optimizer's for this step.
    number : int
        The step's; the first of a fit is 1.
    """

    x: Array
    y: Array
    weight: Array | None
    rate: Any
    number: Any

    def total(self) -> Any:
        """Return what a sum over the samples is divided by: their number, or weight."""
        if self.weight is None:
            return self.x.shape[-2]
        xp = namespace(self.weight)
        total = xp.sum(self.weight, axis=-2, keepdims=True)
        # Where no sample counts the step is to teach nothing, not to divide by zero.
        return xp.where(total > 0.0, total, xp.inf)


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
    dropout : Dropout or None
        Of the hidden layers' outputs.
    objective : bool
        What a step reports: not its logits but the quantity that it descends on.
    """

    hidden: tuple[Activation, ...]
    loss: Loss
    optimizer: Optimizer
    update: Update
    operations: Operations
    dropout: Dropout | None = None
    objective: bool = False

    def __call__(self, carry: Carry, constants: Constants, batch: Batch) -> tuple[Carry, Array]:
        """Learn from one mini-batch.

        Parameters
        ----------
        carry : Carry
            Consumed.
        constants : Constants
        batch : Batch

        Returns
        -------
        carry : Carry
        report : array
            From before the update: the logits, (..., n, outputs), or the objective times
            the number of samples, (..., 1, 1).
        """
        ops, total = self.operations, batch.total()
        scale = self.optimizer.scale(batch.rate)
        masks = self._masks(constants, batch)
        layers = propagate(ops, self.hidden, carry.parameters, batch.x, masks)
        report = layers[-1]
        if self.objective:
            report = self._objective(carry.parameters, constants, batch, layers[-1])
        delta = self.loss.delta(layers[-1], batch.y)
        if batch.weight is not None:
            delta *= batch.weight
        delta *= scale / total
        parameters = list(carry.parameters)
        states = list(carry.states)
        found = differentiate(ops, self.hidden, carry.parameters, layers, delta, masks)
        for i, weight_gradient, bias_gradient in found:
            decay = constants.coefficients[i]
            if decay is not None:
                decay = decay * (scale / (total if constants.rows is None else constants.rows))
            (weight, bias), (weight_state, bias_state) = parameters[i], states[i]
            weight, weight_state = self.update(
                self.optimizer, weight, weight_gradient, decay, weight_state, batch.rate
            )
            bias, bias_state = self.update(
                self.optimizer, bias, bias_gradient, None, bias_state, batch.rate
            )
            parameters[i] = Layer(weight, bias)
            states[i] = (weight_state, bias_state)
        return Carry(tuple(parameters), tuple(states)), report

    def _masks(self, constants: Constants, batch: Batch) -> Masks | None:
        if self.dropout is None:
            return None
        return Masks(self.dropout, constants.keys, batch.number, len(self.hidden))

    def _objective(
        self, parameters: Parameters, constants: Constants, batch: Batch, logits: Array
    ) -> Array:
        """Return mean loss and penalty of a mini-batch, times its number of samples."""
        value, total, rows = self.loss.value(logits, batch.y), batch.total(), constants.rows
        if batch.weight is not None:
            value = value * batch.weight[..., 0]
            total = total[..., 0, 0]
        value = namespace(logits).sum(value, axis=-1) / total
        penalty = squares(parameters, constants.coefficients)
        if penalty is not None:
            value = value + 0.5 * penalty / (total if rows is None else rows)
        return (logits.shape[-2] * value)[..., None, None]


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
    first : int
        The number of the first step.
    """

    start: int
    stop: int
    size: int
    order: Array | None
    rates: list[float]
    first: int

    def batch(self, ops: Operations, samples: Samples, start: int, rate: Any, number: Any) -> Batch:
        """Return the mini-batch that begins at `start` of the epoch's order."""
        stop = min(start + self.size, self.stop)
        x, y, weight = (self._take(ops, a, start, stop) for a in samples)
        return Batch(x, beside_members(y), beside_members(weight), rate, number)

    def targets(self, ops: Operations, samples: Samples) -> tuple[Array, Array | None]:
        """Return the targets and weights of the whole run, as `Batch` has them."""
        y, weight = (self._take(ops, a, self.start, self.stop) for a in samples[1:])
        return beside_members(y), beside_members(weight)

    def _take(self, ops: Operations, a: Array | None, start: int, stop: int) -> Array:
        if a is None:
            return None
        if self.order is None:
            return a[start:stop, :]
        return ops.take_rows(a, self.order[..., start:stop])


def beside_members(known: Array) -> Array:
    """Give targets or weights of groups, (G, n, o), an axis for the members of a group."""
    return known[:, None, :, :] if known is not None and known.ndim == 3 else known


def run_batches(
    step: Step,
    carry: Carry,
    constants: Constants,
    samples: Samples,
    batches: Batches,
    xp: Any,
) -> tuple[Carry, Array]:
    """Take one step after another; a backend may compile the whole run instead.

    Parameters
    ----------
    step, carry, constants
        See `Step`; `carry` is consumed.
    samples : Samples
        All training samples.
    batches : Batches
        Which of them, and how many at once.
    xp : module
        Their namespace.

    Returns
    -------
    carry : Carry
    reports : array, shape (..., n, outputs) or (..., steps, 1)
        Of the run's steps, one behind the other.
    """
    reports = []
    starts = range(batches.start, batches.stop, batches.size)
    for number, (start, rate) in enumerate(zip(starts, batches.rates, strict=True), batches.first):
        batch = batches.batch(step.operations, samples, start, rate, number)
        carry, report = step(carry, constants, batch)
        reports.append(report)
    return carry, reports[0] if len(reports) == 1 else xp.concat(reports, axis=-2)
