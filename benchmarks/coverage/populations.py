"""The populations that samples are drawn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

FEATURES = 10


@dataclass(frozen=True)
class Population:
    """What draws samples, `draw(rng, rows)`, and its number of classes: 0 for a regression."""

    draw: Callable[[Any, int], tuple[Any, Any]]
    classes: int = 0


def _classes(shares: tuple[float, ...], signal: float, flipped: float = 0.0) -> Population:
    """Return normal clouds: `signal` away from 0 in a direction of their own, of their own width.

    Of the labels, the part `flipped` is drawn again.
    """
    count = len(shares)

    def draw(rng: Any, rows: int) -> tuple[Any, Any]:
        cloud, other = rng.choice(count, size=(2, rows), p=shares)
        X = rng.normal(size=(rows, FEATURES)) * (1.0 + cloud[:, None] / count)
        X[np.arange(rows), cloud] += signal
        return X, np.where(rng.random(rows) < flipped, other, cloud)

    return Population(draw, count)


def _values(explained: float, error: Callable[[Any, Any], Any], skewed: bool = False) -> Population:
    """Return values of which a network could explain a part; `error(rng, trend)` is the rest.

    Errors have a variance of about 1, and so has the trend. Skewed values are exponentials.
    """

    def draw(rng: Any, rows: int) -> tuple[Any, Any]:
        X = rng.normal(size=(rows, FEATURES))
        trend = (X[:, 0] + X[:, 1] + X[:, 2] * X[:, 3]) / np.sqrt(3.0)
        rest = error(rng, trend)
        y = np.sqrt(explained) * trend + np.sqrt(1.0 - explained) * rest
        return X, np.exp(0.7 * y) if skewed else y

    return Population(draw)


def _normal(rng: Any, trend: Any) -> Any:
    return rng.normal(size=len(trend))


def _wider(rng: Any, trend: Any) -> Any:
    return (0.3 + 0.7 * np.abs(trend)) * rng.normal(size=len(trend))


def _tailed(rng: Any, trend: Any) -> Any:
    return rng.standard_t(5, size=len(trend)) / np.sqrt(5.0 / 3.0)


POPULATIONS = {
    "50 : 50": _classes((0.5, 0.5), 1.5),
    "50 : 50 (weak)": _classes((0.5, 0.5), 0.5),
    "50 : 50 (easy)": _classes((0.5, 0.5), 4.0),
    "50 : 50 (a fifth flipped)": _classes((0.5, 0.5), 2.0, 0.4),
    "90 : 10": _classes((0.9, 0.1), 1.5),
    "97 : 3": _classes((0.97, 0.03), 2.0),
    "five classes": _classes((0.2,) * 5, 2.0),
    "normal errors": _values(0.8, _normal),
    "normal errors (weak)": _values(0.3, _normal),
    "wider errors farther out": _values(0.7, _wider),
    "errors with long tails": _values(0.7, _tailed),
    "skewed values": _values(0.7, _normal, skewed=True),
}
