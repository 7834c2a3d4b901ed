"""Losses as functions of the logits, each together with the output activation.

The derivative of loss and output activation together is simpler and numerically safer than the
two alone: there is no logarithm of zero, and no division by a saturated output.

To add a loss, write its two functions and name them in `LOSSES`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..array.activations import ACTIVATIONS, Activation, sigmoid, softmax
from ..array.api import Array, namespace
from ..errors import InputError, unknown


class Loss(NamedTuple):
    """A loss together with an output activation."""

    # From logits and targets (..., n, o) to the loss of each sample (..., n), summed over outputs.
    value: Callable[[Array, Array], Array]
    delta: Callable[[Array, Array], Array]  # and to its derivative with respect to the logits


def binary_cross_entropy(z: Array, y: Array) -> Array:
    """Return ``-sum(y log a + (1 - y) log(1 - a))`` with ``a = sigmoid(z)``."""
    return namespace(z).sum(softplus_error(z, y), axis=-1)


def softplus_error(z: Array, y: Array) -> Array:
    """Return ``-y log a - (1 - y) log(1 - a)`` of each output, with ``a = sigmoid(z)``."""
    xp = namespace(z)
    return xp.maximum(z, 0.0) - z * y + xp.log1p(xp.exp(-xp.abs(z)))


def binary_cross_entropy_delta(z: Array, y: Array) -> Array:
    """Return ``sigmoid(z) - y``."""
    return sigmoid(z) - y


def categorical_cross_entropy(z: Array, y: Array) -> Array:
    """Return ``-sum(y log a)`` with ``a = softmax(z)``; the rows of `y` sum to one."""
    xp = namespace(z)
    highest = xp.max(z, axis=-1, keepdims=True)
    shifted = z - highest
    log_total = xp.log(xp.sum(xp.exp(shifted), axis=-1))
    return log_total - xp.sum(shifted * y, axis=-1)


def categorical_cross_entropy_delta(z: Array, y: Array) -> Array:
    """Return ``softmax(z) - y``."""
    return softmax(z) - y


def squared_error(z: Array, y: Array) -> Array:
    """Return ``sum((z - y)^2) / 2``."""
    error = z - y
    return namespace(z).sum(error * error, axis=-1) / 2.0


def squared_error_delta(z: Array, y: Array) -> Array:
    """Return ``z - y``."""
    return z - y


def poisson(z: Array, y: Array) -> Array:
    """Return half the Poisson deviance, ``sum(y log(y / a) - y + a)`` with ``a = exp(z)``."""
    xp = namespace(z)
    own = y * xp.log(xp.where(y > 0.0, y, xp.ones_like(y))) - y
    return xp.sum(own - y * z + xp.exp(z), axis=-1)


def poisson_delta(z: Array, y: Array) -> Array:
    """Return ``exp(z) - y``."""
    return namespace(z).exp(z) - y


def squared_error_after(name: str, activation: Activation) -> Loss:
    """Return the squared error of the outputs ``a = activation(z)``."""

    def squared_error_of_output(z: Array, y: Array) -> Array:
        return squared_error(activation.function(z), y)

    def squared_error_of_output_delta(z: Array, y: Array) -> Array:
        a = activation.function(z)
        return (a - y) * activation.derivative(a)

    # A backend replaces functions by name, so each activation needs its own names.
    squared_error_of_output.__name__ = f"squared_error_after_{name}"
    squared_error_of_output_delta.__name__ = f"squared_error_after_{name}_delta"
    return Loss(squared_error_of_output, squared_error_of_output_delta)


# By the name of the loss and the output activation.
LOSSES: dict[str, dict[str, Loss]] = {
    "binary_cross_entropy": {"sigmoid": Loss(binary_cross_entropy, binary_cross_entropy_delta)},
    "categorical_cross_entropy": {
        "softmax": Loss(categorical_cross_entropy, categorical_cross_entropy_delta)
    },
    "poisson": {"exp": Loss(poisson, poisson_delta)},
    "squared_error": {"identity": Loss(squared_error, squared_error_delta)}
    | {
        name: squared_error_after(name, activation)
        for name, activation in ACTIVATIONS.items()
        if name != "identity"
    },
}

# The default loss of an output activation; "squared_error" for all others.
DEFAULT_LOSSES = {
    "sigmoid": "binary_cross_entropy",
    "softmax": "categorical_cross_entropy",
    "exp": "poisson",
}


def find_loss(name: str | None, output: str) -> Loss:
    """Return a loss for an output activation; without a name its default loss."""
    name = name or DEFAULT_LOSSES.get(output, "squared_error")
    if name not in LOSSES:
        raise InputError(unknown("loss", name, LOSSES))
    if output not in LOSSES[name]:
        raise InputError(
            f"The loss {name!r} goes with the output activation "
            f"{' or '.join(map(repr, LOSSES[name]))}, not with {output!r}. "
            f"Change the network's last activation, or choose another loss."
        )
    return LOSSES[name][output]
