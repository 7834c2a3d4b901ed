"""That all candidates do the same work: the weights they arrive at."""

from __future__ import annotations

from typing import Any

import numpy as np

from .problem import Weights
from .team import BenchmarkError

# How far results may be apart, as a part of the way that the weights have gone. Rounding
# moves a pre-activation across relu's corner now and then, and from there on a unit learns
# something else: in float32 even one and two BLAS threads are 0.01 apart after 60000
# samples. A mistake shows on few samples: after 1000 the candidates are 3e-5 apart, and a
# batch left out, or the lambda of another member, makes it 0.1 and more.
TOLERANCE, FEW = 0.03, 1000


def check(found: dict[Any, tuple[Weights, Weights]], strict: bool = True) -> float:
    """Compare candidates that are to do the same work with the first of them.

    Parameters
    ----------
    found : dict of name to (start, end)
        The weights of each before and after an epoch.
    strict : bool, default True
        By default the tolerance is an error.

    Returns
    -------
    float
        The largest distance; 0 if there is but one.

    Raises
    ------
    BenchmarkError
        If it is above `TOLERANCE`, and that is strict.
    """
    far = [0.0]
    (reference, (start, expected)), *others = found.items()
    for name, (_, end) in others:
        apart = distance(end, expected, start)
        if strict and not apart <= TOLERANCE:
            raise BenchmarkError(
                f"{name} does not do the work of {reference}: after an epoch their weights are "
                f"apart by {apart:.1e} of the way from the start, above {TOLERANCE:g}."
            )
        far.append(apart)
    return float(np.max(far))  # which a NaN is


def distance(found: Weights, expected: Weights, start: Weights) -> float:
    """Return how far two results are apart, as a part of the way from the start.

    It is the norm of a layer's difference over that of its change, at its largest
    over layers and members.
    """

    def norm(difference: Any) -> Any:
        return np.sqrt(np.sum(np.square(difference, dtype="float64"), axis=(1, 2)))

    layers = zip(found, expected, start, strict=True)
    return max(float(np.max(norm(a - b) / norm(b - c))) for a, b, c in layers)
