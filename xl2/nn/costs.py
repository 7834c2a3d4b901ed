"""Decisions where mistakes have unequal costs.

References
----------
.. [1] C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from ..array.switch import to_numpy
from ..errors import InputError


def cost_threshold(cost_fp: Any, cost_fn: Any) -> float:
    """Return from what probability of the second class on to answer it, for the least cost [1]_.

    `cost_fp` is the cost of answering it where the first class is true, `cost_fn` that of the
    other mistake.
    """
    costs = (cost_fp, cost_fn)
    numbers = all(isinstance(c, Real) and not isinstance(c, bool) for c in costs)
    if not numbers or not all(0.0 <= c < math.inf for c in costs) or not any(costs):
        raise InputError(
            f"cost_fp and cost_fn must be numbers, 0 or more and not both 0. Received: "
            f"cost_fp={cost_fp!r}, cost_fn={cost_fn!r}."
        )
    return float(cost_fp) / (float(cost_fp) + float(cost_fn))


def tuned_threshold(y: Any, p: Any, cost_fp: Any, cost_fn: Any, weight: Any = None) -> float:
    """Return the probability from which on answering the second class has cost least.

    It is in the middle between two of the probabilities. Of several thresholds with the same cost
    it is the nearest to `cost_threshold`.

    Parameters
    ----------
    y, p : numpy.ndarray, shape (n,)
        Whether the second class is true, as 0 and 1, and its probability.
    weight : numpy.ndarray, shape (n,), optional
    """
    import numpy as np

    known = cost_threshold(cost_fp, cost_fn)
    weight = np.ones(len(y)) if weight is None else weight
    values, place = np.unique(p, return_inverse=True)
    # Below a threshold the second class is missed, from it on the first one.
    missed, alarms = (
        np.bincount(place, weight * cost * (y == true), len(values))
        for cost, true in ((cost_fn, 1), (cost_fp, 0))
    )
    costs = np.concatenate([[0.0], missed.cumsum()])
    costs += np.concatenate([alarms[::-1].cumsum()[::-1], [0.0]])
    high = np.append(values, max(1.0, np.nextafter(values[-1], 2.0)))
    low = np.insert(values, 0, 0.0)
    middle = (low + high) / 2.0
    middle = np.where(middle > low, middle, high)
    middle[0] = 0.0
    least = costs <= costs.min() + 1e-12 * costs.max()
    # Between two probabilities every threshold costs the same.
    nearest = np.where((low < known) & (known <= high), known, middle)[least]
    return float(nearest[abs(nearest - known).argmin()])


def class_probabilities(outputs: Any) -> Any:
    """Return a probability for each class, (n, classes) in float64, from outputs (n, outputs).

    One sigmoid has that of the second class only, and those of several sigmoids have another sum.
    """
    import numpy as np

    p = outputs.astype("float64")
    if p.shape[1] == 1:
        return np.concatenate([1.0 - p, p], axis=1)
    return p / np.maximum(p.sum(axis=1, keepdims=True), np.finfo("float64").tiny)


def least_cost(probabilities: Any, costs: Any) -> Any:
    """Return the class numbers (n,) of the least expected cost, by probabilities (n, classes).

    ``costs[i][j]`` is the cost of answering class j where i is true.
    """
    count = probabilities.shape[1]
    found = to_numpy(costs)
    fits = found.shape == (count, count) and found.dtype.kind in "fiu"
    if not fits or not abs(found.astype("float64")).max() < math.inf:
        raise InputError(
            f"costs must be finite numbers for {count} classes, of shape ({count}, {count}): a row "
            f"for each true class, a column for each answer. Received: shape "
            f"{found.shape}, {found.dtype}."
        )
    return (probabilities.astype("float64") @ found.astype("float64")).argmin(axis=1)
