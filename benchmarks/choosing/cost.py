"""What placing the lambdas costs: a default path beside one with eight given lambdas, in pairs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from xl2 import regularization_path

from .measure import SETTINGS
from .sets import SETS


def ratios(name: str, rounds: int, epochs: int = 100) -> Iterator[float]:
    """Yield the time of a path with placed lambdas over that with the powers of ten."""
    source = SETS[name]
    split = source.split(0)
    options = SETTINGS | {"task": "regression" if source.regression else "classification"}
    powers = len(split.X) / 64 * np.array([0.0, *np.logspace(-3, 3, 7)])

    def seconds(lambdas: Any) -> float:
        began = time.perf_counter()
        regularization_path(split.X, split.y, lambdas, preset="plain", epochs=epochs, **options)
        return time.perf_counter() - began

    for k in range(rounds):
        order = (8, powers) if k % 2 else (powers, 8)
        first, second = map(seconds, order)
        yield first / second if k % 2 else second / first
