"""Initial parameters and orders of samples, drawn as scikit-learn draws them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from ..nn.initializers import draw_layers


def initial_parameters(estimator: Any, sizes: tuple[int, ...], random: Any) -> list[Any]:
    """Draw the weight and the bias of every layer, as NumPy arrays in float64.

    Without an initializer both are uniform within ``sqrt(6 / (inputs + outputs))``, or
    ``sqrt(2 / ...)`` for logistic units. With an initializer biases are 0.
    """
    if estimator.initializer is not None:
        return draw_layers(sizes, estimator.initializer, draw_seed(random), ())
    factor = 2.0 if estimator.activation == "logistic" else 6.0
    drawn = []
    for inputs, outputs in pairwise(sizes):
        bound = math.sqrt(factor / (inputs + outputs))
        weight = random.uniform(-bound, bound, (inputs, outputs))
        drawn.append((weight, random.uniform(-bound, bound, outputs)))
    return drawn


def draw_seed(random: Any) -> int:
    """Draw a seed for a draw that scikit-learn does not make."""
    return int(random.randint(2**31 - 1))


def orders(rows: Any, random: Any) -> Iterator[Any]:
    """Yield the order of the samples in each epoch; each shuffles the one before."""
    from sklearn.utils import shuffle

    while True:
        rows = shuffle(rows, random_state=random)
        yield rows
