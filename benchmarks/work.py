"""Check that candidates do the same work, by the weights they reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .problem import Weights
from .team import BenchmarkError

# The largest distance between results, relative to the distance from the initial weights.
# Rounding sometimes moves a pre-activation across relu's corner, and then a unit learns
# something else: in float32 even one and two BLAS threads are 0.01 apart after 60000
# samples. A mistake shows after few samples: after 1000, candidates are 3e-5 apart, and 0.1
# or more if a batch is left out or a member has another's lambda.
TOLERANCE, FEW = 0.03, 1000


def check(
    found: dict[Any, tuple[Weights, Weights]],
    strict: bool = True,
    over_members: Callable[[Any], Any] = np.max,
) -> float:
    """Return the largest distance of candidates' weights from those of the first.

    `found` has the weights of each before and after an epoch. If `strict`, a distance above
    `TOLERANCE` is a `BenchmarkError`. `over_members` is as for `distance`.
    """
    far = [0.0]
    (reference, (start, expected)), *others = found.items()
    for name, (_, end) in others:
        apart = distance(end, expected, start, over_members)
        if strict and not apart <= TOLERANCE:
            raise BenchmarkError(
                f"{name} does not do the work of {reference}: after an epoch the distance of "
                f"their weights is {apart:.1e} of that from the start, above {TOLERANCE:g}."
            )
        far.append(apart)
    return float(np.max(far))  # NaN if any is


def distance(
    found: Weights,
    expected: Weights,
    start: Weights,
    over_members: Callable[[Any], Any] = np.max,
) -> float:
    """Return the norm of the difference over that of the change from `start`.

    It is the largest over layers, and over members too unless another function says so.
    """

    def norm(difference: Any) -> Any:
        return np.sqrt(np.sum(np.square(difference, dtype="float64"), axis=(1, 2)))

    layers = zip(found, expected, start, strict=True)
    return max(float(over_members(norm(a - b) / norm(b - c))) for a, b, c in layers)
