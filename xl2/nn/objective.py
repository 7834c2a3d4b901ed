"""The objective of all samples and its derivatives, as pure functions that can be compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..array.activations import Activation
from ..array.api import Array, namespace
from ..array.operations import Operations, Parameters
from .losses import Loss
from .passes import differentiate, propagate
from .penalties import squares
from .step import Samples

Gradients = list[tuple[Array, Array]]


def loss_of(
    ops: Operations,
    hidden: Sequence[Activation],
    loss: Loss,
    parameters: Parameters,
    samples: Samples,
    total: Any,
) -> tuple[Array, Gradients]:
    """Return the loss of samples divided by `total`, and its derivatives."""
    x, y, weight = samples
    layers = propagate(ops, hidden, parameters, x)
    losses, delta = loss.value(layers[-1], y), loss.delta(layers[-1], y)
    if weight is not None:
        losses, delta = losses * weight[..., 0], delta * weight
    value = namespace(x).sum(losses, axis=-1) / total
    delta /= total
    found = dict[int, tuple[Array, Array]]()
    for i, *pair in differentiate(ops, hidden, parameters, layers, delta):
        found[i] = pair[0], pair[1]
    return value, [found[i] for i in range(len(parameters))]


def add_objectives(
    one: tuple[Array, Gradients], other: tuple[Array, Gradients]
) -> tuple[Array, Gradients]:
    """Return the sum of the values and derivatives of two parts of the samples."""
    pairs = zip(one[1], other[1], strict=True)
    return one[0] + other[0], [(w + v, b + c) for (w, b), (v, c) in pairs]


def add_penalty(
    objective: tuple[Array, Gradients],
    parameters: Parameters,
    coefficients: tuple[Any, ...],
    total: Any,
) -> tuple[Array, Gradients]:
    """Return an objective and its derivatives, with those of the penalty added."""
    value, gradients = objective[0], list(objective[1])
    for i, lam in enumerate(coefficients):
        if lam is not None:
            weight, bias = gradients[i]
            gradients[i] = weight + lam / total * parameters[i].weight, bias
    penalty = squares(parameters, coefficients)
    return value if penalty is None else value + 0.5 * penalty / total, gradients
