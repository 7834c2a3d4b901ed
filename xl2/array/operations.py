"""The operations of a training step, written in the Array API.

Shapes: `n` samples, `i` inputs and `o` outputs of a layer; ``...`` is the axes of a
stack, see `stacks`. If `K` members share their samples, their first layer is one wide product
instead of `K` small ones, computed by the operations called ``..._shared``.

A file in ``backends/`` can replace each function by one with its name and parameters, as those
of `activations`, `losses` and `optimizers`: see `choose`. It may compute in place in arguments
that are called *consumed*: a caller uses the result, and no longer the argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

from .activations import Activation
from .api import Array, namespace


class Layer(NamedTuple):
    """The parameters of one layer."""

    weight: Array  # (..., i, o); the first layer's of a stack (..., i, K, o)
    bias: Array  # (..., o)


Parameters = tuple[Layer, ...]


def take_rows(x: Array, rows: Array) -> Array:
    """Gather rows: (N, i) and indices (..., n) give (..., n, i)."""
    xp = namespace(x)
    if rows.ndim == 1:
        return xp.take(x, rows, axis=0)
    found = xp.take(x, xp.reshape(rows, (-1,)), axis=0)
    return xp.reshape(found, (*rows.shape, x.shape[1]))


def affine(x: Array, weight: Array, bias: Array) -> Array:
    """Return ``x @ weight + bias``: (..., n, i), (..., i, o), (..., o) give (..., n, o)."""
    z = x @ weight
    z += bias[..., None, :]
    return z


def affine_shared(x: Array, weight: Array, bias: Array) -> Array:
    """Apply a stack's first layer: (..., n, i), (..., i, K, o), (..., K, o) give (..., K, n, o)."""
    xp = namespace(x)
    *lead, inputs, members, outputs = weight.shape
    z = x @ xp.reshape(weight, (*lead, inputs, members * outputs))
    z = xp.reshape(z, (*lead, x.shape[-2], members, outputs))
    z += bias[..., None, :, :]
    return _swapped(z)


def backpropagate(delta: Array, weight: Array, outputs: Array, activation: Activation) -> Array:
    """Propagate the derivative of the cost by pre-activations back to the layer before.

    `delta` (..., n, o) and `weight` (..., i, o) are this layer's, and `outputs` (..., n, i) and
    `activation` those of the layer before. Return the delta of that layer, (..., n, i).
    """
    before = delta @ weight.mT
    before *= activation.derivative(outputs)
    return before


def gradient(x: Array, delta: Array) -> Array:
    """Return the gradient of a weight: (..., n, i) and (..., n, o) give (..., i, o)."""
    return x.mT @ delta


def gradient_shared(x: Array, delta: Array) -> Array:
    """Return that of a stack's first weight: (..., n, i), (..., K, n, o) give (..., i, K, o)."""
    xp = namespace(x)
    *lead, members, samples, outputs = delta.shape
    wide = xp.reshape(_swapped(delta), (*lead, samples, members * outputs))
    return xp.reshape(x.mT @ wide, (*lead, x.shape[-1], members, outputs))


def bias_gradient(delta: Array) -> Array:
    """Return the gradient of a bias: (..., n, o) gives (..., o)."""
    return namespace(delta).sum(delta, axis=-2)


def _swapped(x: Array) -> Array:
    """Swap samples and members: (..., n, K, o) and (..., K, n, o) give each other."""
    *lead, one, other, last = range(x.ndim)
    return namespace(x).permute_dims(x, (*lead, other, one, last))


Function = TypeVar("Function", bound=Callable[..., Any])


def choose(library: object, function: Function) -> Function:
    """Return a library's function of the same name if its file has one, else `function`."""
    return cast(Function, getattr(library, function.__name__, function))


class Operations(NamedTuple):
    """The operations of one backend, chosen once before a fit."""

    take_rows: Callable[[Array, Array], Array] = take_rows
    affine: Callable[[Array, Array, Array], Array] = affine
    affine_shared: Callable[[Array, Array, Array], Array] = affine_shared
    backpropagate: Callable[[Array, Array, Array, Activation], Array] = backpropagate
    gradient: Callable[[Array, Array], Array] = gradient
    gradient_shared: Callable[[Array, Array], Array] = gradient_shared
    bias_gradient: Callable[[Array], Array] = bias_gradient

    @classmethod
    def of(cls, library: object) -> Operations:
        """Choose every operation for a backend."""
        chosen: list[Any] = [choose(library, function) for function in PORTABLE]
        return cls(*chosen)


PORTABLE = Operations()
