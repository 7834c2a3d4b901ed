"""How the parameters of a stack lie, and how members are taken out of it.

A stack of `K` networks is one network whose parameters have one more axis, and all
its members learn from the same mini-batches. A stack in groups, ``(G, M)``, has two
more: each of its `G` groups has mini-batches of its own, which the `M` members of
the group share.

=============  =========  ===========  ==============
layer          a network  stack (K,)   groups (G, M)
=============  =========  ===========  ==============
first weight   (i, o)     (i, K, o)    (G, i, M, o)
other weights  (i, o)     (K, i, o)    (G, M, i, o)
biases         (o,)       (K, o)       (G, M, o)
=============  =========  ===========  ==============

Where members share their samples, the first layer is one wide product: its weight
has the members beside its outputs. Everywhere else they come first.
"""

from __future__ import annotations

from typing import Any, cast

from .api import Array, namespace
from .operations import Layer, Parameters

Stack = tuple[int, ...]


def stack_of(parameters: Parameters) -> Stack:
    """Return the shape of a stack: (), (K,) or (G, M)."""
    *lead, _ = parameters[0].bias.shape
    return cast(Stack, tuple(lead))


def weight_axes(layer: int, stack: Stack) -> tuple[int, int]:
    """Return the axes of a layer's weight that are one member's own."""
    return (-3, -1) if stack and layer == 0 else (-2, -1)


def beside_weight(values: Array, layer: int) -> Array:
    """Shape a value a member, (..., K), to be combined with a layer's weight."""
    return values[..., None, :, None] if layer == 0 else values[..., None, None]


def beside_bias(values: Array) -> Array:
    """Shape a value a member, (..., K), to be combined with a bias."""
    return values[..., None]


def sizes_of_members(parameters: Parameters) -> Array:
    """Return the sum of all absolute parameters of each member, shaped like the stack."""
    stack, total = stack_of(parameters), 0.0
    for i, (weight, bias) in enumerate(parameters):
        xp = namespace(weight)
        total = total + xp.sum(xp.abs(weight), axis=weight_axes(i, stack))
        total = total + xp.sum(xp.abs(bias), axis=-1)
    return total


def keep_where(keep: Array, layers: Any, otherwise: Any) -> tuple[Any, ...]:
    """Take members from one of two stacks.

    Parameters
    ----------
    keep : array of bool, shaped like the stack
        Whose parameters to take from `layers`; the others' come from `otherwise`.
    layers, otherwise : sequence of (weight, bias)
        Parameters, or anything else shaped like them.

    Returns
    -------
    tuple of Layer
    """
    where = namespace(keep).where
    return tuple(
        Layer(
            where(beside_weight(keep, i), weight, other_weight),
            where(beside_bias(keep), bias, other_bias),
        )
        for i, ((weight, bias), (other_weight, other_bias)) in enumerate(
            zip(layers, otherwise, strict=True)
        )
    )


def take_places(layers: Any, places: Array) -> tuple[Any, ...]:
    """Return a stack with some of its members only, in every group the same ones.

    Parameters
    ----------
    layers : sequence of (weight, bias)
        Parameters of a stack, or anything else shaped like them.
    places : array of int, shape (k,)
        Which of the `K` members, or of the `M` of each group.

    Returns
    -------
    tuple of Layer
    """
    take = namespace(places).take
    return tuple(
        Layer(
            take(weight, places, axis=weight.ndim - (2 if i == 0 else 3)),
            take(bias, places, axis=bias.ndim - 2),
        )
        for i, (weight, bias) in enumerate(layers)
    )


def group_of(parameters: Parameters, group: int) -> Parameters:
    """Return one group of a stack in groups, as a stack (M,) that shares its memory."""
    return tuple(Layer(weight[group, ...], bias[group, ...]) for weight, bias in parameters)


def member_of(layers: Any, index: Stack) -> list[tuple[Any, Any]]:
    """Return one member's weights and biases from those of a stack, as NumPy arrays."""
    *group, place = index
    first, *deeper = [(weight[tuple(group)], bias[tuple(group)]) for weight, bias in layers]
    return [(first[0][:, place], first[1][place]), *((w[place], b[place]) for w, b in deeper)]
