"""What every candidate of `path_of_lambdas` trains, and on what."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import xl2

SIZES = (784, 50, 25, 10)
ACTIVATIONS = ("relu", "relu", "sigmoid")
LAMBDAS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
BATCH, RATE, SEED = 64, 0.01, 0

Weights = list[Any]  # one array (K, inputs, outputs) a layer


class Problem(NamedTuple):
    """The training samples, (n, 784) in float32, and their class numbers, (n,)."""

    x: Any
    y: Any


def random_problem(rows: int) -> Problem:
    """Draw samples of MNIST's shape: their values do not change the speed."""
    rng = np.random.default_rng(SEED)
    return Problem(rng.standard_normal((rows, SIZES[0]), "float32"), rng.integers(0, 10, rows))


def read_problem(source: str, rows: int) -> Problem:
    """Read samples by `xl2.load_data`, and standardise them by one mean and one deviation."""
    data = xl2.load_data(source)
    x = np.asarray(data.X[:rows], "float32")
    return Problem((x - x.mean()) / x.std(), np.asarray(data.y)[:rows])
