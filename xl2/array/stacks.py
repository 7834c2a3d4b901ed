"""The layout of a stack's parameters, and access to its members.

A stack of `K` networks is one network whose parameters have one more axis; all its members
share mini-batches. A stack in groups, ``(G, M)``, has two more axes: each of its `G` groups
has its own mini-batches, which the `M` members of the group share.

=============  =========  ===========  ==============
layer          a network  stack (K,)   groups (G, M)
=============  =========  ===========  ==============
first weight   (i, o)     (i, K, o)    (G, i, M, o)
other weights  (i, o)     (K, i, o)    (G, M, i, o)
biases         (o,)       (K, o)       (G, M, o)
=============  =========  ===========  ==============

Where members share their samples, the first layer is one wide product: in its weight, the
members are next to the outputs. Everywhere else they come first.
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
    """Return the axes of a layer's weight that belong to one member."""
    return (-3, -1) if stack and layer == 0 else (-2, -1)


def beside_weight(values: Array, layer: int) -> Array:
    """Reshape one value per member, (..., K), to broadcast with a layer's weight."""
    return values[..., None, :, None] if layer == 0 else values[..., None, None]


def sizes_of_members(parameters: Parameters) -> Array:
    """Return the sum of all absolute parameters of each member, shaped like the stack."""
    stack, total = stack_of(parameters), 0.0
    for i, (weight, bias) in enumerate(parameters):
        xp = namespace(weight)
        total = total + xp.sum(xp.abs(weight), axis=weight_axes(i, stack))
        total = total + xp.sum(xp.abs(bias), axis=-1)
    return total


def member_axis(layer: int, *, bias: bool) -> int:
    """Return the axis of the members in a weight or a bias, counted from the last one."""
    return -2 if bias or layer == 0 else -3


def where_members(mask: Array, array: Array, otherwise: Array, axis: int) -> Array:
    """Return the members of one array where the mask is True, and of another elsewhere.

    The mask is shaped like the stack, and `axis` is that of the members.
    """
    xp = namespace(mask)
    *lead, members = mask.shape
    between = (1,) * (array.ndim + axis - len(lead))
    mask = xp.reshape(mask, (*lead, *between, members, *(1,) * (-axis - 1)))
    return xp.where(mask, array, otherwise)


def take_members(layers: Any, indices: Array) -> Parameters:
    """Return a stack of the members at some indices, the same ones in every group."""
    take = namespace(indices).take
    return tuple(
        Layer(
            take(weight, indices, axis=member_axis(i, bias=False)),
            take(bias, indices, axis=member_axis(i, bias=True)),
        )
        for i, (weight, bias) in enumerate(layers)
    )


def copy_layers(layers: Any) -> tuple[Layer, ...]:
    """Return copies of the arrays of a network or a stack."""
    return tuple(Layer(*(namespace(p).asarray(p, copy=True) for p in layer)) for layer in layers)


def group_of(parameters: Parameters, group: int) -> Parameters:
    """Return one group of a stack in groups, as a stack (M,) that shares its memory."""
    return tuple(Layer(weight[group, ...], bias[group, ...]) for weight, bias in parameters)


def member_of(layers: Any, index: Stack) -> list[tuple[Any, Any]]:
    """Return one member's weights and biases from the NumPy arrays of a stack."""
    *group, member = index
    first, *deeper = [(weight[tuple(group)], bias[tuple(group)]) for weight, bias in layers]
    return [(first[0][:, member], first[1][member]), *((w[member], b[member]) for w, b in deeper)]
