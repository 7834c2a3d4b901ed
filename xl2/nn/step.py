"""A training step, and `run_batches`, which takes a step for each mini-batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..array.activations import Activation
from ..array.api import Array, namespace
from ..array.operations import Layer, Operations, Parameters
from ..array.peers import Peers
from ..array.stacks import member_axis
from .dropout import Dropout, Masks
from .losses import Loss
from .optimizers import Optimizer, State, Update, state_of_first
from .passes import differentiate, propagate
from .penalties import squares


class Carry(NamedTuple):
    """Parameters and optimizer states, which each step passes to the next."""

    parameters: Parameters
    states: tuple[tuple[State, State], ...]  # of the weight and the bias of each layer


def map_carry(function: Callable[..., Array], *carries: Carry) -> Carry:
    """Apply a function to each array of a carry, with those in its place in other carries.

    It also gets `axis`, that of the members of a stack. A state has the shape of its parameter, or
    differs from it in the last axis.
    """
    parameters, states = [], []
    for i in range(len(carries[0].parameters)):
        own = []
        for kind in (0, 1):  # weight and bias
            each = [(c.parameters[i][kind], *c.states[i][kind]) for c in carries]
            axis = member_axis(i, bias=kind == 1)
            own.append([function(*arrays, axis=axis) for arrays in zip(*each, strict=True)])
        (weight, *of_weight), (bias, *of_bias) = own
        parameters.append(Layer(weight, bias))
        states.append((tuple(of_weight), tuple(of_bias)))
    return Carry(tuple(parameters), tuple(states))


def copy_carry(carry: Carry) -> Carry:
    """Return a carry with copies of the arrays, for steps to consume."""
    return map_carry(lambda array, axis: namespace(array).asarray(array, copy=True), carry)


def initial_states(optimizer: Optimizer, parameters: Parameters) -> tuple[Any, ...]:
    """Return the optimizer states of the weight and the bias of each layer."""
    (first, bias), *others = parameters
    own = [(state_of_first(optimizer, first), optimizer.init(bias))]
    return (*own, *((optimizer.init(weight), optimizer.init(bias)) for weight, bias in others))


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


class Whole(NamedTuple):
    """Whole mini-batches, of which a process has the same part each; see `Peers`."""

    size: int  # samples of a mini-batch
    weight: Array | None  # of all their samples; (n, 1), for groups (G, n, 1)
    first: int  # index in a mini-batch of the first row of the part
    steps: int  # mini-batches

    def batch(self, index: int) -> Whole:
        """Return one of the mini-batches."""
        if self.weight is None:
            return self
        rows = slice(index * self.size, (index + 1) * self.size)
        return self._replace(weight=beside_members(self.weight[..., rows, :]))


class Batch(NamedTuple):
    """A mini-batch, or a process's part of one, with the rate and the number of its step."""

    x: Array  # (n, inputs); for groups (G, n, inputs)
    y: Array  # (n, outputs); for groups (G, 1, n, outputs)
    weight: Array | None  # (n, 1); for groups (G, 1, n, 1)
    rate: Any  # the optimizer's rate for this step, a float
    number: Any  # of the step in the fit, from 1
    whole: Whole | None = None  # what it is a part of

    def total(self) -> Any:
        """Return the number of samples, or their total weight, to divide sums by."""
        weight, whole = self.weight, self.whole
        if whole is not None:
            weight = whole.weight
        if weight is None:
            return self.x.shape[-2] if whole is None else whole.size
        xp = namespace(weight)
        total = xp.sum(weight, axis=-2, keepdims=True)
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
    peers: Peers | None = None  # those that take the step together

    def __call__(self, carry: Carry, constants: Constants, batch: Batch) -> tuple[Carry, Array]:
        """Update parameters and states, which are consumed, with one mini-batch.

        Also return a report from before the update: the logits (..., n, outputs), or the
        objective times the number of samples (..., 1, 1).
        """
        ops, total = self.operations, batch.total()
        scale = self.optimizer.scale(batch.rate)
        masks = None
        if self.dropout is not None:
            first = 0 if batch.whole is None else batch.whole.first
            masks = Masks(self.dropout, constants.keys, batch.number, len(self.hidden), first)
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
        if self.peers is not None:
            gradients = _summed(self.peers, gradients, len(parameters))
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
        losses, total = self.loss.value(logits, batch.y), batch.total()
        if batch.weight is not None:
            losses = losses * batch.weight[..., 0]
            total = total[..., 0, 0]
        penalty = squares(parameters, constants.coefficients)
        return objective_of(losses, total, penalty, constants.rows)[..., None, None]


def objective_of(losses: Array, total: Any, penalty: Any, rows: Any) -> Array:
    """Return the mean loss plus the penalty of a mini-batch, times its number of samples.

    `losses` are those of the samples (..., n), and `total` divides their sum. `penalty` is a sum of
    squares as of `penalties.squares`, divided by `rows`, or by `total` if that is None.
    """
    value = namespace(losses).sum(losses, axis=-1) / total
    if penalty is not None:
        value = value + 0.5 * penalty / (total if rows is None else rows)
    return losses.shape[-1] * value


def _summed(
    peers: Peers, gradients: Iterator[tuple[int, Array, Array]], layers: int
) -> Iterator[tuple[int, Array, Array]]:
    """Yield the sums over all peers of what `differentiate` yields.

    A library may sum one layer while the next one is differentiated.
    """
    sums = iter(peers.all_sum(array for _, *pair in gradients for array in pair))
    for i in reversed(range(layers)):
        yield i, next(sums), next(sums)


class Batches(NamedTuple):
    """Consecutive mini-batches of an epoch, or a process's parts of them."""

    start: int  # index of their first sample in the epoch's order
    stop: int  # index after their last sample
    size: int  # samples of a mini-batch; if they are not even, the last may have fewer
    order: Array | None  # the epoch's rows: (n,), for groups (G, n); None for all rows in order
    rates: list[float]  # the optimizer's rate for each step
    first: int  # number of the first step
    whole: Whole | None = None  # what they are parts of

    @property
    def rows(self) -> int:
        """The samples of the whole mini-batches."""
        if self.whole is None:
            return self.stop - self.start
        return self.whole.steps * self.whole.size

    def batch(self, ops: Operations, samples: Samples, start: int, rate: Any, number: Any) -> Batch:
        """Return the mini-batch that begins at `start` of the epoch's order."""
        stop = min(start + self.size, self.stop)
        x, y, weight = (self._take(ops, a, start, stop) for a in samples)
        whole = None if self.whole is None else self.whole.batch(number - self.first)
        return Batch(x, beside_members(y), beside_members(weight), rate, number, whole)

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
    for i, rate in enumerate(batches.rates):
        start = batches.start + i * batches.size
        batch = batches.batch(step.operations, samples, start, rate, batches.first + i)
        carry, report = step(carry, constants, batch)
        reports.append(report)
    return carry, reports[0] if len(reports) == 1 else xp.concat(reports, axis=-2)
