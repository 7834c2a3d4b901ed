"""From sizes, names and seeds to the initial parameters of a network, on the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..array.activations import ACTIVATIONS, OUTPUTS
from ..errors import InputError, unknown
from .initializers import Initializer, find_initializer


def check_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    """Return the units of each layer; raise `InputError` where they are no such thing."""
    try:
        checked = tuple(int(size) for size in sizes)
    except (TypeError, ValueError):
        checked = ()
    if len(checked) < 2 or min(checked) < 1 or checked != tuple(sizes):
        raise InputError(
            f"sizes are the units of each layer, inputs first and outputs last, as in "
            f"[784, 50, 10]. Received: {sizes!r}."
        )
    return checked


def check_activations(activations: str | Sequence[str], layers: int) -> tuple[str, ...]:
    """Return one activation a layer; raise `InputError` at a wrong name or number."""
    if isinstance(activations, str):
        activations = [activations] * (layers - 1) + ["sigmoid"]
    if len(activations) != layers:
        raise InputError(
            f"One activation a layer means {layers} for this network. "
            f"Received: {len(activations)}, {list(activations)!r}."
        )
    for name in activations[:-1]:
        if name not in (*ACTIVATIONS,):  # a list is not hashable
            raise InputError(unknown("activation", name, ACTIVATIONS))
    if activations[-1] not in (*ACTIVATIONS, *OUTPUTS):
        raise InputError(unknown("output activation", activations[-1], [*ACTIVATIONS, *OUTPUTS]))
    return tuple(activations)


def check_stack(stack: int | tuple[int, int] | None) -> tuple[int, ...]:
    """Return the shape of a stack; raise `InputError` where it is none."""
    if stack is None:
        return ()
    shape = tuple(stack) if isinstance(stack, tuple | list) else (stack,)
    if len(shape) not in (1, 2) or not all(isinstance(n, int) and n > 0 for n in shape):
        raise InputError(
            f"stack is a number of networks, 1 or more, or (groups, networks in each). "
            f"Received: {stack!r}."
        )
    return shape


def draw_layers(
    sizes: tuple[int, ...],
    initializer: str | Initializer | Sequence[str | Initializer],
    seed: int | Sequence[int],
    stack: tuple[int, ...],
) -> list[tuple[Any, Any]]:
    """Draw every layer's weight and bias on the host, as `stacks` says how they lie."""
    import numpy as np

    layers = len(sizes) - 1
    each = (
        [initializer] * layers
        if isinstance(initializer, str) or callable(initializer)
        else list(initializer)
    )
    if len(each) != layers:
        raise InputError(
            f"One initializer a layer means {layers} for this network. "
            f"Received: {len(each)}, {each!r}."
        )
    functions = [find_initializer(one) for one in each]
    # One draw a member of a stack; in a stack in groups one a group, whose members start alike.
    count = stack[0] if stack else 1
    seeds = [seed] * count if isinstance(seed, int | np.integer) else list(seed)
    if len(seeds) != count:
        what = "groups" if len(stack) == 2 else "networks"
        raise InputError(
            f"seed is one number, or one for each of {count} {what}. "
            f"Received: {len(seeds)}, {seeds!r}."
        )
    drawn = []
    for one in seeds:
        rng = np.random.default_rng(one)
        drawn.append([f(sizes[k], sizes[k + 1], rng) for k, f in enumerate(functions)])
    biases = [np.zeros((*stack, o)) for o in sizes[1:]]
    weights = [_lay(list(same), i, stack) for i, same in enumerate(zip(*drawn, strict=True))]
    return list(zip(weights, biases, strict=True))


def _lay(drawn: list[Any], layer: int, stack: tuple[int, ...]) -> Any:
    """Put one layer's weights, one a member or one a group, side by side."""
    import numpy as np

    if not stack:
        return drawn[0]
    if len(stack) == 1:
        return np.stack(drawn, axis=1 if layer == 0 else 0)
    groups = np.expand_dims(np.stack(drawn), axis=2 if layer == 0 else 1)
    return np.repeat(groups, stack[1], axis=2 if layer == 0 else 1)
