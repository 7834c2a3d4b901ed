"""Activations, and their derivatives as functions of the output.

To add one, write both functions and add the pair to `ACTIVATIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .api import Array, namespace


class Activation(NamedTuple):
    """An activation and its derivative."""

    function: Callable[[Array], Array]  # from pre-activations to outputs, elementwise
    derivative: Callable[[Array], Array]  # from outputs: pre-activations need not be stored


def identity(z: Array) -> Array:
    """Return `z` itself."""
    return z


def sigmoid(z: Array) -> Array:
    """Return ``1 / (1 + exp(-z))``, without overflow at either end.

    For large negative `z` it keeps its relative accuracy, unlike ``(1 + tanh(z / 2)) / 2``.
    """
    xp = namespace(z)
    tail = xp.exp(-xp.abs(z))
    return xp.where(z >= 0, 1.0, tail) / (1.0 + tail)


def tanh(z: Array) -> Array:
    """Return the hyperbolic tangent."""
    return namespace(z).tanh(z)


def relu(z: Array) -> Array:
    """Return ``max(z, 0)``; NaN stays NaN, so that divergence is detected."""
    return namespace(z).maximum(z, 0.0)


def softmax(z: Array) -> Array:
    """Return ``exp(z) / sum(exp(z))`` along the last axis, without overflow."""
    xp = namespace(z)
    powers = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
    return powers / xp.sum(powers, axis=-1, keepdims=True)


def exp(z: Array) -> Array:
    """Return the exponential."""
    return namespace(z).exp(z)


def identity_derivative(a: Array) -> Array:
    """Return ones."""
    return namespace(a).ones_like(a)


def sigmoid_derivative(a: Array) -> Array:
    """Return ``a (1 - a)`` of the output `a`."""
    return a * (1.0 - a)


def tanh_derivative(a: Array) -> Array:
    """Return ``1 - a^2`` of the output `a`."""
    return 1.0 - a * a


def relu_derivative(a: Array) -> Array:
    """Return 1 where the output `a` is positive, else 0; at the corner, 0."""
    return namespace(a).astype(a > 0, a.dtype)


ACTIVATIONS = {
    "identity": Activation(identity, identity_derivative),
    "sigmoid": Activation(sigmoid, sigmoid_derivative),
    "tanh": Activation(tanh, tanh_derivative),
    "relu": Activation(relu, relu_derivative),
}

# For the output layer only; their losses contain their derivatives.
OUTPUTS = {"softmax": softmax, "exp": exp}
