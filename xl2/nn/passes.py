"""The forward and the backward pass of a network or a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..array.activations import Activation
from ..array.api import Array, namespace
from ..array.operations import Operations, Parameters
from ..array.stacks import stack_of
from .dropout import Masks


def propagate(
    ops: Operations,
    hidden: Sequence[Activation],
    parameters: Parameters,
    x: Array,
    masks: Masks | None = None,
) -> list[Array]:
    """Pass samples (n, inputs), for groups (G, n, inputs), forward through the layers.

    Return the input of each layer, `x` first and after dropout, and the logits of the last
    layer, each (..., n, units) with the axes of the stack first.
    """
    affine = ops.affine_shared if stack_of(parameters) else ops.affine
    layers = [x]
    for layer, activation in zip(parameters, hidden, strict=False):
        outputs = activation.function(affine(layers[-1], *layer))
        layers.append(outputs if masks is None else masks.forward(outputs))
        affine = ops.affine
    layers.append(affine(layers[-1], *parameters[-1]))
    return layers


def outputs_of(
    ops: Operations,
    hidden: Sequence[Activation],
    output: Callable[[Array], Array],
    parameters: Parameters,
    x: Array,
) -> Array:
    """Return a function of the logits of samples, the last result of `propagate`."""
    return output(propagate(ops, hidden, parameters, x)[-1])


def outputs_and_check(
    ops: Operations,
    hidden: Sequence[Activation],
    output: Callable[[Array], Array],
    parameters: Parameters,
    x: Array,
) -> tuple[Array, Array]:
    """Return the outputs, and a number that is finite only if all of the samples are."""
    return outputs_of(ops, hidden, output, parameters, x), namespace(x).sum(x)


def differentiate(
    ops: Operations,
    hidden: Sequence[Activation],
    parameters: Parameters,
    layers: Sequence[Array],
    delta: Array,
    masks: Masks | None = None,
) -> Iterator[tuple[int, Array, Array]]:
    """Pass the derivative of the cost with respect to the logits backward.

    Yield the index of each layer, last first, with the derivatives with respect to its weight
    and bias. By then the layer's weight is no longer needed, so the caller may change it in
    place. `layers` is the result of `propagate`, and `delta` is (..., n, outputs).
    """
    stacked = bool(stack_of(parameters))
    for i in reversed(range(len(parameters))):
        previous = None
        if i > 0:
            # The output of a kept unit before scaling; the delta of a dropped unit is zero.
            outputs = layers[i] if masks is None else layers[i] * masks.keep_probability
            previous = ops.backpropagate(delta, parameters[i].weight, outputs, hidden[i - 1])
            if masks is not None:
                previous = masks.backward(previous, i - 1)
        gradient = ops.gradient_shared if stacked and i == 0 else ops.gradient
        yield i, gradient(layers[i], delta), ops.bias_gradient(delta)
        delta = previous
