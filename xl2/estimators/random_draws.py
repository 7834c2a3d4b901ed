"""Initial parameters and orders, drawn as scikit-learn draws them: one seed, same numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..nn.initializers import draw_layers

if TYPE_CHECKING:
    from .arguments import Layers


def initial_parameters(layers: Layers, sizes: tuple[int, ...], random: Any) -> list[Any]:
    """Draw the weight and the bias of every layer.

    Parameters
    ----------
    layers : Layers
        Without an initializer they are drawn as scikit-learn does: uniformly, biases
        too, within ``sqrt(6 / (inputs + outputs))``, or ``sqrt(2 / ...)`` for logistic
        units. With one, biases are 0.
    sizes : tuple of int
        Units of every layer, the inputs first.
    random : numpy.random.RandomState

    Returns
    -------
    list of (numpy.ndarray, numpy.ndarray)
        In float64.
    """
    if layers.initializer is not None:
        return draw_layers(sizes, layers.initializer, draw_seed(random), ())
    factor = 2.0 if layers.activation == "logistic" else 6.0
    drawn = []
    for inputs, outputs in pairwise(sizes):
        bound = math.sqrt(factor / (inputs + outputs))
        weight = random.uniform(-bound, bound, (inputs, outputs))
        drawn.append((weight, random.uniform(-bound, bound, outputs)))
    return drawn


def draw_seed(random: Any) -> int:
    """Draw a seed for what scikit-learn has not."""
    return int(random.randint(2**31 - 1))


def orders(rows: Any, random: Any) -> Iterator[Any]:
    """Yield the samples of each epoch in its order: each order shuffles the one before."""
    from sklearn.utils import shuffle

    while True:
        rows = shuffle(rows, random_state=random)
        yield rows
