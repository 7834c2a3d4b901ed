"""What every candidate trains: network, samples, order and initial weights."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

import xl2

SIZES = (784, 50, 25, 10)
WIDE = (784, 1024, 1024, 10)
NARROW = (12, 50, 25, 10)  # as a table has columns
ACTIVATIONS = ("relu", "relu", "sigmoid")
LAMBDA = 1.0
LAMBDAS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
RATE, SEED = 0.01, 0
FOLDS = 5
DIGITS, OF_DIGITS = (64, 50, 25, 10), 1797  # sizes and rows of a choice on the digits
OF_FOLDS = (0.0, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)  # the lambdas of a choice by folds

Weights = list[Any]  # one array (K, inputs, outputs) per layer; K is 1 for one network


class Problem(NamedTuple):
    """An epoch: the network's sizes, the samples, and the samples in a mini-batch."""

    sizes: tuple[int, ...] = SIZES
    rows: int = 60000
    batch: int = 64

    def samples(self) -> tuple[Any, Any]:
        """Return samples, (n, inputs) in float32, and class numbers, (n,)."""
        return _draw(self.rows, self.sizes[0], self.sizes[-1])

    def targets(self) -> Any:
        """Return the classes one-hot, (n, outputs) in float32."""
        _, y = self.samples()
        return (y[:, None] == np.arange(self.sizes[-1])).astype("float32")

    def order(self) -> Any:
        """Return the order of samples in an epoch, as `xl2.fit` draws it from the seed."""
        return np.random.default_rng(SEED).permutation(self.rows)

    def start(self, members: int = 1) -> Weights:
        """Return the initial weights, the same for all members; the biases are zeros."""
        network = xl2.Network(self.sizes, ACTIVATIONS, "xavier", seed=SEED, backend="numpy")
        return [np.repeat(weight[None], members, axis=0) for weight in network.weights]


class Choice(Problem):
    """A choice of lambda by folds. All have the same initial weights."""

    def splitter(self) -> Any:
        """Return the splitter into folds, of scikit-learn."""
        from sklearn.model_selection import StratifiedKFold

        return StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)

    def folds(self) -> list[tuple[Any, Any]]:
        """Return the training rows and the validation rows of each fold."""
        return [*self.splitter().split(*self.samples())]


class Digits(Choice):
    """A choice on the digits of scikit-learn, images of 8 by 8."""

    def samples(self) -> tuple[Any, Any]:
        """Return the first of the digits."""
        from sklearn.datasets import load_digits

        x, y = load_digits(return_X_y=True)
        return (x[: self.rows] / 16).astype("float32"), y[: self.rows]


class Images(Choice):
    """A choice on random numbers in [0, 1]; the class is where one of ten sums is largest."""

    def samples(self) -> tuple[Any, Any]:
        """Return samples from which a network can learn."""
        rng = np.random.default_rng(SEED)
        sums = rng.standard_normal((self.sizes[0], self.sizes[-1]), "float32")
        x = rng.random((self.rows, self.sizes[0]), "float32")
        return x, np.argmax((x - 0.5) @ sums, axis=1)


@functools.lru_cache(maxsize=1)
def _draw(rows: int, inputs: int, classes: int) -> tuple[Any, Any]:
    """Draw random samples: their values do not affect the speed."""
    rng = np.random.default_rng(SEED)
    return rng.standard_normal((rows, inputs), "float32"), rng.integers(0, classes, rows)
