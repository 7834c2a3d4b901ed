"""Which fits the fast path takes, and what it has to know of one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import xl2_cupy_kernels as kernels
from xl2_cupy_device import Rule, Shape

LONGEST = 64  # steps of a graph
ROOM = 2**26  # bytes of samples that it goes through
MOST_MEMBERS = 65535  # blocks of a grid's second axis


class Plan(NamedTuple):
    """What is the same for all runs of a fit; equal for equal fits.

    Attributes
    ----------
    sizes : tuple of int
        Units of each layer, the inputs first.
    stack : tuple of int
        As `xl2.array.stacks.stack_of` gives it.
    groups, members : int
        Those of the stack; of a single network 1 and 1.
    batch : int
        Rows of a mini-batch.
    dtype : str
    hidden : tuple of int
        The activation of each hidden layer, by its place in `kernels.ACTIVATIONS`.
    loss : int
        By its place in `kernels.LOSSES`.
    rule : Rule
        The optimizer.
    folded : bool
        Weights are updated by the product that makes their gradient.
    """

    sizes: tuple[int, ...]
    stack: tuple[int, ...]
    groups: int
    members: int
    batch: int
    dtype: str
    hidden: tuple[int, ...]
    loss: int
    rule: Rule
    folded: bool

    @property
    def layers(self) -> list[tuple[int, int]]:
        """The inputs and the outputs of each layer."""
        return list(pairwise(self.sizes))

    @property
    def longest(self) -> int:
        """The steps of the longest graph: a power of two."""
        row = 4 if self.dtype == "float32" else 8
        step = self.groups * self.batch * self.sizes[0] * row
        most = max(1, min(LONGEST, ROOM // step))
        return 1 << (most.bit_length() - 1)

    def shape(self, columns: int) -> Shape:
        """Return the shape of a layer's outputs in a step."""
        return Shape(self.groups, self.members, self.batch, columns)


def plan_of(step: Any, carry: Any, constants: Any, samples: Any, batches: Any) -> Plan | None:
    """Return the plan of a run of batches; None where the fast path does not take it."""
    from xl2.array.stacks import stack_of

    parameters = carry.parameters
    hidden = [number for one in step.hidden if (number := _activation(one)) is not None]
    loss, rule = _loss(step.loss), _rule(step.optimizer, step.update)
    if len(hidden) < len(step.hidden) or loss is None or rule is None:
        return None
    if step.dropout is not None or step.objective or samples.weight is not None:
        return None
    stack = tuple(stack_of(parameters))
    groups, members = (1, *stack)[-2:] if stack else (1, 1)
    ordered = 1 if batches.order is None else batches.order.ndim
    if groups * members > MOST_MEMBERS or ordered != (2 if len(stack) == 2 else 1):
        return None
    if samples.x.ndim != 2 or samples.y.ndim != 2:
        return None
    dtype = str(parameters[0].weight.dtype)
    if dtype not in ("float32", "float64"):
        return None
    inputs = int(parameters[0].weight.shape[0 if len(stack) < 2 else 1])
    sizes = (inputs, *(int(bias.shape[-1]) for _, bias in parameters))
    numbers = all(lam is None or isinstance(lam, int | float) for lam in constants.coefficients)
    folded = rule.number == 0 and groups * members == 1 and numbers
    shape = sizes, stack, groups, members, batches.size, dtype
    return Plan(*shape, tuple(hidden), loss, rule, folded)


def bytes_of(members: int, sizes: Sequence[int], states: int, batch_size: int, dtype: str) -> int:
    """Return the memory of the program of a stack, at most; see `xl2.array.generic.extra_bytes`."""
    layers, row = list(pairwise(sizes)), 4 if dtype == "float32" else 8
    weights, biases = sum(i * o for i, o in layers), sum(sizes[1:])
    # Where they lie, and while a graph is captured as they were and as they are to become.
    each = 3 * (weights + biases) * (1 + states) + weights
    # Products, outputs and deltas of a step, and logits of all.
    each += batch_size * (3 * biases - sizes[-1] + LONGEST * sizes[-1])
    # The samples are a group's; how its members are grouped is not known yet.
    step = batch_size * (sizes[0] + sizes[-1])
    room = ROOM // row * (sizes[0] + sizes[-1]) // sizes[0]
    samples = min(LONGEST * members * step, max(room, members * step))
    return (members * each + samples) * row


def _activation(activation: Any) -> int | None:
    """Return the number of one of xl2's own activations."""
    from xl2.array.activations import ACTIVATIONS

    for number, name in enumerate(kernels.ACTIVATIONS):
        if activation == ACTIVATIONS[name]:
            return number
    return None


def _loss(loss: Any) -> int | None:
    """Return the number of one of xl2's own losses whose delta is ``output(z) - y``."""
    from xl2.nn import losses

    for number, name in enumerate(kernels.LOSSES):
        if loss.delta is getattr(losses, f"{name}_delta"):
            return number
    return None


def _rule(optimizer: Any, update: Any) -> Rule | None:
    """Return one of xl2's own optimizers as the kernels take it."""
    from xl2.nn import optimizers

    for number, name in enumerate(kernels.OPTIMIZERS):
        kind = getattr(optimizers, name)
        if type(optimizer) is not kind or update is not kind.update:
            continue
        if name == "Adam":
            first, second = float(optimizer.beta_1), float(optimizer.beta_2)
            epsilon = float(optimizer.epsilon)
            return Rule(number, first, 1.0 - first, second, 1.0 - second, epsilon)
        first = float(getattr(optimizer, "momentum", 0.0))
        return Rule(number, first, 1.0 - first)
    return None
