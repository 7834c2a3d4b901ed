"""The fits that graphs can take, and their parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import xl2_cupy_kernels as kernels
from xl2_cupy_device import Rule, Shape

LONGEST = 64  # steps of a graph
SAMPLE_BYTES = 2**26  # samples of a graph
MOST_BATCHED = 65535  # products of cuBLAS in a batch, and blocks of a grid's second axis


class Plan(NamedTuple):
    """The parameters of a fit's steps; equal for equal fits."""

    sizes: tuple[int, ...]  # units of each layer, the inputs first
    stack: tuple[int, ...]  # its shape
    batch: int  # rows of a mini-batch
    dtype: str
    hidden: tuple[int, ...]  # activations of the hidden layers, as indices of ACTIVATIONS
    loss: int  # index of LOSSES
    rule: Rule  # the optimizer
    scale_rate: float  # of Adam's scales of the inputs; 0 without them
    folded: bool  # whether the product that computes a weight's gradient also updates it
    weighted: bool  # whether samples have weights
    squared: tuple[bool, ...]  # layers whose squares of weights are reported in the objective

    @property
    def layers(self) -> list[tuple[int, int]]:
        """The inputs and the outputs of each layer."""
        return list(pairwise(self.sizes))

    @property
    def groups(self) -> int:
        """The groups of the stack; 1 without groups."""
        return self.stack[0] if len(self.stack) == 2 else 1

    @property
    def members(self) -> int:
        """The members of a group; 1 for a single network."""
        return self.stack[-1] if self.stack else 1

    @property
    def longest(self) -> int:
        """The steps of the longest graph: a power of two."""
        row = 4 if self.dtype == "float32" else 8
        step = self.groups * self.batch * self.sizes[0] * row
        most = max(1, min(LONGEST, SAMPLE_BYTES // step))
        return 1 << (most.bit_length() - 1)

    def shape(self, columns: int) -> Shape:
        """Return the shape of a layer's outputs in a step."""
        return Shape(self.groups, self.members, self.batch, columns)


def plan_of(step: Any, carry: Any, constants: Any, samples: Any, batches: Any) -> Plan | None:
    """Return the plan of a sequence of batches; None if graphs cannot take it."""
    from xl2.array.stacks import stack_of

    parameters = carry.parameters
    hidden = [number for one in step.hidden if (number := _activation(one)) is not None]
    loss, rule = _loss(step.loss), _rule(step.optimizer, step.update)
    if len(hidden) < len(step.hidden) or loss is None or rule is None:
        return None
    if step.dropout is not None:
        return None
    stack = tuple(stack_of(parameters))
    weighted = samples.weight is not None
    # The weights of each group would have a total, and its members a decay, of their own.
    if (step.objective and stack) or (weighted and len(stack) == 2):
        return None
    if math.prod(stack) > MOST_BATCHED:
        return None
    dtype = str(parameters[0].weight.dtype)
    inputs = int(parameters[0].weight.shape[0 if len(stack) < 2 else 1])
    sizes = (inputs, *(int(bias.shape[-1]) for _, bias in parameters))
    folded = rule.number == 0 and not stack and not weighted
    shape = sizes, stack, batches.size, dtype
    scale_rate = float(getattr(step.optimizer, "scale_rate", 0.0))
    squared = tuple(step.objective and lam is not None for lam in constants.coefficients)
    if any(squared) and max(sizes[:-1]) > MOST_BATCHED:  # a product for each row of a weight
        return None
    return Plan(*shape, tuple(hidden), loss, rule, scale_rate, folded, weighted, squared)


def bytes_of(members: int, sizes: Sequence[int], states: int, batch_size: int, dtype: str) -> int:
    """Return the memory of two programs, as `Library.extra_bytes` in xl2.

    It is an upper bound, but for small arrays. There is a program for each size of an epoch's
    mini-batches; the other has one row less.
    """
    layers, row, samples = list(pairwise(sizes)), 4 if dtype == "float32" else 8, 0
    weights, biases = sum(i * o for i, o in layers), sum(sizes[1:])
    # Only Adam, with its two states, may have scales of the inputs, and averages of theirs.
    scales = 3 * sizes[0] if states == 2 else 0
    each = 2 * ((weights + biases) * (1 + states) + scales) + 2 * weights
    # Products, outputs and deltas of one step, and logits of all.
    each += (2 * batch_size - 1) * (3 * biases - sizes[-1] + LONGEST * sizes[-1])
    # Samples belong to a group; how many groups there will be is not known yet.
    columns = sizes[0] + sizes[-1] + 2  # with a weight and a factor
    most = SAMPLE_BYTES // row * columns // sizes[0]
    for batch in (batch_size, batch_size - 1):
        step = members * batch * columns
        samples += min(LONGEST * step, max(most, step))
    return (members * each + samples) * row


def _activation(activation: Any) -> int | None:
    """Return the index of an activation of xl2; None for any other."""
    from xl2.array.activations import ACTIVATIONS

    return _index(kernels.ACTIVATIONS, lambda name: activation == ACTIVATIONS[name])


def _loss(loss: Any) -> int | None:
    """Return the index of a loss of xl2 whose delta is ``output(z) - y``; None for any other."""
    from xl2.nn import losses

    return _index(kernels.LOSSES, lambda name: loss.delta is getattr(losses, f"{name}_delta"))


def _rule(optimizer: Any, update: Any) -> Rule | None:
    """Return an optimizer of xl2 for the kernels; None for any other."""
    from xl2.nn import optimizers

    kind = type(optimizer)
    number = _index(kernels.OPTIMIZERS, lambda name: kind is getattr(optimizers, name))
    if number is None or update is not kind.update:
        return None
    if kind is optimizers.Adam:
        first, second = float(optimizer.beta_1), float(optimizer.beta_2)
        epsilon = float(optimizer.epsilon)
        return Rule(number, first, 1.0 - first, second, 1.0 - second, epsilon)
    first = float(getattr(optimizer, "momentum", 0.0))
    return Rule(number, first, 1.0 - first)


def _index(names: Sequence[str], matches: Callable[[str], bool]) -> int | None:
    return next((index for index, name in enumerate(names) if matches(name)), None)
