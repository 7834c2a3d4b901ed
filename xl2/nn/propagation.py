"""Forward and backward through the layers, for one network and for a stack alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..array.activations import Activation
from ..array.api import Array
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
    """Pass samples forward.

    Parameters
    ----------
    ops : Operations
        The operations to use.
    hidden : sequence of Activation
        The activations of all layers but the last.
    parameters : tuple of Layer
        The layers, of one network or of a stack.
    x : array, shape (n, inputs); for a stack in groups also (G, n, inputs)
        The samples.
    masks : Masks, optional
        Dropout: the next layer then sees, and the list returned holds, thinned outputs.

    Returns
    -------
    list of array
        The input of each layer, `x` first, then the logits of the last one, each
        (..., n, units), the axes of the stack first.
    """
    affine = ops.affine_shared if stack_of(parameters) else ops.affine
    layers = [x]
    for layer, activation in zip(parameters, hidden, strict=False):
        outputs = activation.function(affine(layers[-1], *layer))
        layers.append(outputs if masks is None else masks.forward(outputs))
        affine = ops.affine
    layers.append(affine(layers[-1], *parameters[-1]))
    return layers


def differentiate(
    ops: Operations,
    hidden: Sequence[Activation],
    parameters: Parameters,
    layers: Sequence[Array],
    delta: Array,
    masks: Masks | None = None,
) -> Iterator[tuple[int, Array, Array]]:
    """Pass the output delta backward and yield each layer's gradients, last layer first.

    A layer's own weight is done with when its gradients are yielded: whoever
    receives them may change it there and then.

    Parameters
    ----------
    ops, hidden, parameters
        As for `propagate`.
    layers : sequence of array
        What `propagate` returned.
    delta : array, shape (..., n, outputs)
        Derivative of the cost by the logits.
    masks : Masks, optional
        Those `propagate` was given.

    Yields
    ------
    index : int
        Which layer.
    weight, bias : array
        The derivatives of the cost by its weight and bias, shaped like them.
    """
    stacked = bool(stack_of(parameters))
    for i in reversed(range(len(parameters))):
        before = None
        if i > 0:
            # What a kept unit gave before dropout enlarged it; a dropped one's delta is zero.
            outputs = layers[i] if masks is None else layers[i] * masks.keep_probability
            before = ops.backpropagate(delta, parameters[i].weight, outputs, hidden[i - 1])
            if masks is not None:
                before = masks.backward(before, i - 1)
        gradient = ops.gradient_shared if stacked and i == 0 else ops.gradient
        yield i, gradient(layers[i], delta), ops.bias_gradient(delta)
        delta = before
