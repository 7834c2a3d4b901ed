"""From sizes, names and seeds to the initial parameters of a network, on the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .activations import ACTIVATIONS
from .errors import InputError, unknown
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
        if name not in ACTIVATIONS:
            raise InputError(unknown("activation", name, ACTIVATIONS))
    if activations[-1] not in (*ACTIVATIONS, "softmax"):
        raise InputError(unknown("output activation", activations[-1], [*ACTIVATIONS, "softmax"]))
    return tuple(activations)


def draw_layers(
    sizes: tuple[int, ...],
    initializers: str | Initializer | Sequence[str | Initializer],
    seed: int | Sequence[int],
    stack: int | None,
) -> list[tuple[Any, Any]]:
    """Draw every layer's weight and bias on the host, in the shapes of `Layer`."""
    import numpy as np

    layers = len(sizes) - 1
    each = (
        [initializers] * layers
        if isinstance(initializers, str) or callable(initializers)
        else list(initializers)
    )
    if len(each) != layers:
        raise InputError(
            f"One initializer a layer means {layers} for this network. "
            f"Received: {len(each)}, {each!r}."
        )
    functions = [find_initializer(one) for one in each]
    seeds = [seed] * (stack or 1) if isinstance(seed, int | np.integer) else list(seed)
    if len(seeds) != (stack or 1):
        raise InputError(
            f"seed is one number, or one for each of {stack or 1} networks. "
            f"Received: {len(seeds)}, {seeds!r}."
        )
    drawn = []
    for one in seeds:
        rng = np.random.default_rng(one)
        drawn.append([f(sizes[k], sizes[k + 1], rng) for k, f in enumerate(functions)])
    biases = [np.zeros(o) if stack is None else np.zeros((stack, o)) for o in sizes[1:]]
    if stack is None:
        return list(zip(drawn[0], biases, strict=True))
    weights = [
        np.stack(same, axis=1 if i == 0 else 0) for i, same in enumerate(zip(*drawn, strict=True))
    ]
    return list(zip(weights, biases, strict=True))
