"""The sets on which advice is followed: those it was developed on, and twelve kept apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import datasets

from ..choosing.sets import MNIST, Source

DRAWN = 12_000
ROWS = 400  # for training, and as many again to see what twice the rows gain


def _embedded(name: str) -> Callable[[], tuple[Any, Any]]:
    return lambda: getattr(datasets, f"load_{name}")(return_X_y=True)


def _made(name: str, **settings: Any) -> Callable[[], tuple[Any, Any]]:
    return lambda: getattr(datasets, f"make_{name}")(DRAWN, random_state=1, **settings)


def _classes(seed: int, **settings: Any) -> Callable[[], tuple[Any, Any]]:
    return lambda: datasets.make_classification(DRAWN, random_state=seed, **settings)


def _drawn(draw: Callable[[Any, int], tuple[Any, Any]]) -> Callable[[], tuple[Any, Any]]:
    return lambda: draw(np.random.default_rng(2), DRAWN)


def _spirals(rng: Any, n: int) -> tuple[Any, Any]:
    y, radius = rng.integers(0, 2, n), 3.0 * np.sqrt(rng.random(n))
    angle = 1.5 * np.pi * radius / 1.5 + np.pi * y
    X = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return X + rng.normal(scale=0.15, size=X.shape), y


def _checkerboard(rng: Any, n: int) -> tuple[Any, Any]:
    X = rng.uniform(0.0, 4.0, (n, 2))
    return X, np.floor(X).sum(axis=1).astype(int) % 2


def _xor(rng: Any, n: int) -> tuple[Any, Any]:
    X = rng.normal(size=(n, 10))
    return X, ((X[:, 0] * X[:, 1] > 0) ^ (rng.random(n) < 0.1)).astype(int)


def _ringnorm(rng: Any, n: int) -> tuple[Any, Any]:
    y = rng.integers(0, 2, n)
    X = rng.normal(size=(n, 20))
    return np.where(y[:, None] == 0, 2.0 * X, X + 2.0 / np.sqrt(20)), y


def _threenorm(rng: Any, n: int) -> tuple[Any, Any]:
    y, sign = rng.integers(0, 2, n), rng.choice([-1.0, 1.0], n)
    a = 2.0 / np.sqrt(20)
    first = sign[:, None] * np.full(20, a)
    second = np.tile([a, -a], 10)
    return rng.normal(size=(n, 20)) + np.where(y[:, None] == 0, first, second), y


def _waveform(rng: Any, n: int) -> tuple[Any, Any]:
    at = np.arange(1, 22)
    waves = [np.maximum(6 - abs(at - c), 0) for c in (11, 15, 7)]
    y, u = rng.integers(0, 3, n), rng.random((n, 1))
    first = np.stack([waves[a] for a in (0, 0, 1)])[y]
    second = np.stack([waves[b] for b in (1, 2, 2)])[y]
    return u * first + (1 - u) * second + rng.normal(size=(n, 21)), y


def _letters(rng: Any, n: int) -> tuple[Any, Any]:
    centres = np.random.default_rng(7).normal(size=(26, 3, 16))
    y, part = rng.integers(0, 26, n), rng.integers(0, 3, n)
    return centres[y, part] + rng.normal(scale=0.75, size=(n, 16)), y


def _textures(rng: Any, n: int) -> tuple[Any, Any]:
    y = rng.integers(0, 4, n)
    frequency, phase = 1.0 + 0.5 * y, rng.uniform(0.0, 2 * np.pi, n)
    at = np.linspace(0.0, 2 * np.pi, 32)
    waves = np.sin(frequency[:, None] * at + phase[:, None])
    return waves + rng.normal(scale=0.6, size=(n, 32)), y


def _counts(rng: Any, n: int) -> tuple[Any, Any]:
    X = rng.poisson(3.0, (n, 12)).astype(float)
    odds = 0.6 * (X[:, 0] - X[:, 1]) + 0.15 * (X[:, 2] - 3.0) * (X[:, 3] - 3.0) - 1.5
    return X, (rng.random(n) < 1.0 / (1.0 + np.exp(-odds))).astype(int)


def _piston(rng: Any, n: int) -> tuple[Any, Any]:
    X = rng.random((n, 8))
    y = np.exp(X[:, 0]) * np.sin(3 * X[:, 1]) + X[:, 2] * X[:, 3] + abs(X[:, 4] - 0.5)
    return X, y + rng.normal(scale=0.15, size=n)


def _steps(rng: Any, n: int) -> tuple[Any, Any]:
    X = rng.random((n, 6))
    y = np.floor(4 * X[:, 0]) + 2.0 * (X[:, 1] > 0.5) * (X[:, 2] > 0.3)
    return X, y + rng.normal(scale=0.5, size=n)


def _statsmodels(name: str, target: Callable[[Any], Any]) -> Callable[[], tuple[Any, Any]]:
    def load() -> tuple[Any, Any]:
        import importlib

        found = importlib.import_module(f"statsmodels.datasets.{name}").load_pandas()
        X = found.exog.to_numpy(dtype=float)
        return X, target(found.endog)

    return load


DEVELOPMENT = {
    "digits": Source(_embedded("digits"), ROWS),
    "breast_cancer": Source(_embedded("breast_cancer"), 200),
    "diabetes": Source(_embedded("diabetes"), 150, regression=True),
    "moons": Source(_made("moons", noise=0.3), ROWS),
    "circles": Source(_made("circles", noise=0.2, factor=0.6), ROWS),
    "two classes": Source(_classes(0, n_features=20, n_informative=5, flip_y=0.05), ROWS),
    "five classes": Source(_classes(0, n_features=100, n_informative=10, n_classes=5), ROWS),
    "hastie": Source(lambda: datasets.make_hastie_10_2(DRAWN, random_state=0), ROWS),
    "friedman1": Source(_made("friedman1", noise=1.0), ROWS, regression=True),
    "friedman2": Source(_made("friedman2", noise=100.0), ROWS, regression=True),
    "spirals": Source(_drawn(_spirals), ROWS),
    "MNIST 400": Source(rows=ROWS, **MNIST),
}
APART = {
    "affairs": Source(_statsmodels("fair", lambda y: (y.to_numpy() > 0).astype(int)), ROWS),
    "election": Source(_statsmodels("anes96", lambda y: y.to_numpy().astype(int)), 300),
    "checkerboard": Source(_drawn(_checkerboard), ROWS),
    "xor": Source(_drawn(_xor), ROWS),
    "ringnorm": Source(_drawn(_ringnorm), ROWS),
    "threenorm": Source(_drawn(_threenorm), ROWS),
    "waveform": Source(_drawn(_waveform), ROWS),
    "letters": Source(_drawn(_letters), 800),
    "textures": Source(_drawn(_textures), ROWS),
    "counts": Source(_drawn(_counts), ROWS),
    "piston": Source(_drawn(_piston), ROWS, regression=True),
    "steps": Source(_drawn(_steps), ROWS, regression=True),
}
SETS = DEVELOPMENT | APART
