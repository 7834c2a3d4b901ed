"""The operations a training step is made of, each said once in the Array API.

Shapes: `n` samples, `i` inputs, `o` outputs of a layer. A stack of `K` networks
has one more axis. All of its members see the same samples, so its first layer
keeps its weights as ``(i, K, o)`` and is one wide product instead of `K` small
ones; every deeper layer is ``(K, i, o)`` and its activations are ``(K, n, o)``.
The two operations called ``..._shared`` are those of such a first layer.

An argument that is *consumed* may be changed in place or not, as the library
likes it: never use it again, use what is returned.

A file in ``backends/`` may define a function of the same name and signature;
`choose` then takes that one instead. The same holds for the functions of
`activations`, `losses` and `optimizers`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

from .activations import Activation
from .arrays import Array, namespace


class Layer(NamedTuple):
    """The parameters of one layer.

    Attributes
    ----------
    weight : array, shape (i, o); in a stack (K, i, o), the first layer's (i, K, o)
    bias : array, shape (o,); in a stack (K, o)
    """

    weight: Array
    bias: Array


Parameters = tuple[Layer, ...]


def take_rows(x: Array, rows: Array) -> Array:
    """Gather rows: (N, i) and indices (n,) give (n, i)."""
    return namespace(x).take(x, rows, axis=0)


def affine(x: Array, weight: Array, bias: Array) -> Array:
    """Return ``x @ weight + bias``: (..., n, i), (..., i, o), (..., o) give (..., n, o)."""
    z = x @ weight
    z += bias[..., None, :]
    return z


def affine_shared(x: Array, weight: Array, bias: Array) -> Array:
    """Apply the first layer of a stack: (n, i), (i, K, o), (K, o) give (K, n, o)."""
    xp = namespace(x)
    inputs, members, outputs = weight.shape
    z = x @ xp.reshape(weight, (inputs, members * outputs))
    z = xp.reshape(z, (x.shape[0], members, outputs))
    z += bias
    return xp.permute_dims(z, (1, 0, 2))


def backpropagate(delta: Array, weight: Array, outputs: Array, activation: Activation) -> Array:
    """Carry a delta through a layer to the pre-activations of the layer before it.

    Parameters
    ----------
    delta : array, shape (..., n, o)
        Derivative of the cost by the pre-activations of this layer.
    weight : array, shape (..., i, o)
        Weights of this layer.
    outputs : array, shape (..., n, i)
        Outputs of the layer before it, `activation` of its pre-activations.
    activation : Activation
        The activation of the layer before it.

    Returns
    -------
    array, shape (..., n, i)
        Derivative of the cost by the pre-activations of the layer before it.
    """
    before = delta @ weight.mT
    before *= activation.derivative(outputs)
    return before


def gradient(x: Array, delta: Array) -> Array:
    """Differentiate by a weight: (..., n, i) and (..., n, o) give (..., i, o)."""
    return x.mT @ delta


def gradient_shared(x: Array, delta: Array) -> Array:
    """Differentiate by the first weight of a stack: (n, i) and (K, n, o) give (i, K, o)."""
    xp = namespace(x)
    members, samples, outputs = delta.shape
    wide = xp.reshape(xp.permute_dims(delta, (1, 0, 2)), (samples, members * outputs))
    return xp.reshape(x.mT @ wide, (x.shape[1], members, outputs))


def bias_gradient(delta: Array) -> Array:
    """Differentiate by a bias: (..., n, o) gives (..., o)."""
    return namespace(delta).sum(delta, axis=-2)


Function = TypeVar("Function", bound=Callable[..., Any])


def choose(library: object, function: Function) -> Function:
    """Take a backend's replacement of a function where it has one.

    Parameters
    ----------
    library : module
        A file of ``backends/``.
    function : callable
        The portable function.

    Returns
    -------
    callable
        The library's function of the same name, or `function`.
    """
    return cast(Function, getattr(library, function.__name__, function))


class Operations(NamedTuple):
    """One choice of every operation, made once before a fit."""

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
