"""A training step, and `run_batches`, which takes a step for each mini-batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..array.activations import Activation
from ..array.api import Array, namespace
from ..array.operations import Layer, Operations, Parameters
from ..array.stacks import copy_layers, stack_of
from .dropout import Dropout, Masks
from .losses import Loss
from .optimizers import Optimizer, State, Update
from .penalties import squares


class Carry(NamedTuple):
    """Parameters and optimizer states, which each step passes to the next."""

    parameters: Parameters
    states: tuple[tuple[State, State], ...]  # of the weight and the bias of each layer


def map_layers(function: Callable[..., tuple[Layer, ...]], *carries: Carry) -> Carry:
    """Apply a function of layers to the parameters of carries, and to their optimizer states.

    States have the shapes of their parameters, so the functions of `array.stacks` apply.
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
    """Return a carry with copies of the arrays, for steps to consume."""
    return map_layers(copy_layers, carry)


def initial_states(optimizer: Optimizer, parameters: Parameters) -> tuple[Any, ...]:
    """Return the optimizer states of the weight and the bias of each layer."""
    return tuple((optimizer.init(weight), optimizer.init(bias)) for weight, bias in parameters)


class Samples(NamedTuple):
    """Samples, their targets and their weights."""

    x: Array  # (N, inputs)
    y: Array  # (N, outputs)
    weight: Array | None = None  # (N, 1); None if all samples count the same


class Constants(NamedTuple):
    """Arguments of a step that stay the same through a fit."""

    coefficients: tuple[Any, ...]  # lambda for each layer, from `penalties.coefficients_of`
    # Divides lambda: the number of training samples or their weight, for groups (G, 1, 1, 1); None
    # for that of the mini-batch.
    rows: Any = None
    keys: Array | None = None  # of the dropout masks, from `Dropout.keys`


class Batch(NamedTuple):
    """A mini-batch, with the rate and the number of its step."""

    x: Array  # (n, inputs); for groups (G, n, inputs)
    y: Array  # (n, outputs); for groups (G, 1, n, outputs)
    weight: Array | None  # (n, 1); for groups (G, 1, n, 1)
    rate: Any  # the optimizer's rate for this step, a float
    number: Any  # of the step in the fit, from 1

    def total(self) -> Any:
        """Return the number of samples, or their total weight, to divide sums by."""
        if self.weight is None:
            return self.x.shape[-2]
        xp = namespace(self.weight)
        total = xp.sum(self.weight, axis=-2, keepdims=True)
        # A batch without weight changes nothing, instead of dividing by zero.
        return xp.where(total > 0.0, total, xp.inf)


@dataclass(frozen=True)
class Step:
    """A training step, as a pure function of its arguments.

    Steps with equal settings are equal and have equal hashes, so a backend can use a compiled
    step again in the next fit.
    """

    hidden: tuple[Activation, ...]
    loss: Loss
    optimizer: Optimizer
    update: Update  # the optimizer's, as the backend computes it
    operations: Operations
    dropout: Dropout | None = None
    objective: bool = False  # report loss plus penalty instead of logits

    def __call__(self, carry: Carry, constants: Constants, batch: Batch) -> tuple[Carry, Array]:
        """Update parameters and states, which are consumed, with one mini-batch.

        Also return a report from before the update: the logits (..., n, outputs), or the
        objective times the number of samples (..., 1, 1).
        """
        ops, total = self.operations, batch.total()
        scale = self.optimizer.scale(batch.rate)
        masks = None
        if self.dropout is not None:
            masks = Masks(self.dropout, constants.keys, batch.number, len(self.hidden))
        layers = propagate(ops, self.hidden, carry.parameters, batch.x, masks)
        report = layers[-1]
        if self.objective:
            report = self._objective(carry.parameters, constants, batch, layers[-1])
        delta = self.loss.delta(layers[-1], batch.y)
        if batch.weight is not None:
            delta *= batch.weight
        delta *= scale / total
        parameters, states = list(carry.parameters), list(carry.states)
        gradients = differentiate(ops, self.hidden, carry.parameters, layers, delta, masks)
        for i, weight_gradient, bias_gradient in gradients:
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

    def _objective(
        self, parameters: Parameters, constants: Constants, batch: Batch, logits: Array
    ) -> Array:
        """Return the mean loss plus the penalty of a mini-batch, times its number of samples."""
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
    """Consecutive mini-batches of an epoch."""

    start: int  # index of their first sample in the epoch's order
    stop: int  # index after their last sample
    size: int  # samples of a mini-batch; if they are not even, the last may have fewer
    order: Array | None  # the epoch's rows: (n,), for groups (G, n); None for all rows in order
    rates: list[float]  # the optimizer's rate for each step
    first: int  # number of the first step

    def batch(self, ops: Operations, samples: Samples, start: int, rate: Any, number: Any) -> Batch:
        """Return the mini-batch that begins at `start` of the epoch's order."""
        stop = min(start + self.size, self.stop)
        x, y, weight = (self._take(ops, a, start, stop) for a in samples)
        return Batch(x, beside_members(y), beside_members(weight), rate, number)

    def targets(self, ops: Operations, samples: Samples) -> tuple[Array, Array | None]:
        """Return the targets and weights of all these mini-batches, shaped as in `Batch`."""
        y, weight = (self._take(ops, a, self.start, self.stop) for a in samples[1:])
        return beside_members(y), beside_members(weight)

    def _take(self, ops: Operations, a: Array | None, start: int, stop: int) -> Array:
        if a is None:
            return None
        if self.order is None:
            return a[start:stop, :]
        return ops.take_rows(a, self.order[..., start:stop])


def beside_members(known: Array) -> Array:
    """Insert an axis for the members into targets or weights of groups: (G, 1, n, outputs)."""
    return known[:, None, :, :] if known is not None and known.ndim == 3 else known


def targets_of(ops: Operations, samples: Samples, batches: Batches) -> tuple[Array, Array | None]:
    """Return the targets and weights of mini-batches, shaped as in `Batch`."""
    return batches.targets(ops, samples)


def run_batches(
    step: Step,
    carry: Carry,
    constants: Constants,
    samples: Samples,
    batches: Batches,
    xp: Any,
) -> tuple[Carry, Array]:
    """Take a step for each mini-batch of the samples; a backend may compile all of them instead.

    Return the carry, and the reports of all steps, (..., n, outputs) or (..., steps, 1). The
    given carry is consumed.
    """
    reports = []
    starts = range(batches.start, batches.stop, batches.size)
    for number, (start, rate) in enumerate(zip(starts, batches.rates, strict=True), batches.first):
        batch = batches.batch(step.operations, samples, start, rate, number)
        carry, report = step(carry, constants, batch)
        reports.append(report)
    return carry, reports[0] if len(reports) == 1 else xp.concat(reports, axis=-2)


def propagate(
    ops: Operations,
    hidden: Sequence[Activation],
    parameters: Parameters,
    x: Array,
    masks: Masks | None = None,
) -> list[Array]:
    """Pass samples (n, inputs), for groups (G, n, inputs), forward through the layers.

    Return the input of each layer, `x` first and after dropout, and the logits of the last
    layer, each (..., n, units) with the axes of the stack first.
    """
    affine = ops.affine_shared if stack_of(parameters) else ops.affine
    layers = [x]
    for layer, activation in zip(parameters, hidden, strict=False):
        outputs = activation.function(affine(layers[-1], *layer))
        layers.append(outputs if masks is None else masks.forward(outputs))
        affine = ops.affine
    layers.append(affine(layers[-1], *parameters[-1]))
    return layers


def outputs_of(
    ops: Operations,
    hidden: Sequence[Activation],
    output: Callable[[Array], Array],
    parameters: Parameters,
    x: Array,
) -> Array:
    """Return a function of the logits of samples, the last result of `propagate`."""
    return output(propagate(ops, hidden, parameters, x)[-1])


def outputs_and_check(
    ops: Operations,
    hidden: Sequence[Activation],
    output: Callable[[Array], Array],
    parameters: Parameters,
    x: Array,
) -> tuple[Array, Array]:
    """Return the outputs, and a number that is finite only if all of the samples are."""
    return outputs_of(ops, hidden, output, parameters, x), namespace(x).sum(x)


def differentiate(
    ops: Operations,
    hidden: Sequence[Activation],
    parameters: Parameters,
    layers: Sequence[Array],
    delta: Array,
    masks: Masks | None = None,
) -> Iterator[tuple[int, Array, Array]]:
    """Pass the derivative of the cost with respect to the logits backward.

    Yield the index of each layer, last first, with the derivatives with respect to its weight
    and bias. By then the layer's weight is no longer needed, so the caller may change it in
    place. `layers` is the result of `propagate`, and `delta` is (..., n, outputs).
    """
    stacked = bool(stack_of(parameters))
    for i in reversed(range(len(parameters))):
        previous = None
        if i > 0:
            # The output of a kept unit before scaling; the delta of a dropped unit is zero.
            outputs = layers[i] if masks is None else layers[i] * masks.keep_probability
            previous = ops.backpropagate(delta, parameters[i].weight, outputs, hidden[i - 1])
            if masks is not None:
                previous = masks.backward(previous, i - 1)
        gradient = ops.gradient_shared if stacked and i == 0 else ops.gradient
        yield i, gradient(layers[i], delta), ops.bias_gradient(delta)
        delta = previous
