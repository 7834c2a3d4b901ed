"""Scores that are means over the samples, and the standard errors due to these.

scikit-learn's scorers of the same names return the same means. They need all classes among the
validation samples for the log loss, and do not return the samples' own scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from .predictions import Predictions

DRAWS = 100  # of the bootstrap: its standard error is then known to 7 %


def accuracy(found: Predictions, y: Any, weight: Any) -> Any:
    """Return 1 for each correct sample, of a multilabel task for each correct row."""
    right = (found.numbers == y).reshape(len(y), -1).all(axis=1)
    return right.astype("float64")


def log_likelihood(found: Predictions, y: Any, weight: Any) -> Any:
    """Return the logarithm of the probability of the true class, or of all true labels."""
    import numpy as np

    least = np.finfo(np.float64).eps  # as in scikit-learn
    probabilities = np.clip(found.probabilities, least, 1.0 - least)
    if found.task == "multilabel":
        return np.log(np.where(y == 1, probabilities, 1.0 - probabilities)).sum(axis=1)
    return np.log(probabilities[np.arange(len(y)), y])


def r2(found: Predictions, y: Any, weight: Any) -> Any:
    """Return each sample's share in R2; in an output of equal values R2 is 0, or 1 if exact."""
    import numpy as np

    missed = (found.outputs - y) ** 2
    around = (y - np.average(y, axis=0, weights=weight)) ** 2
    total = np.average(around, axis=0, weights=weight)
    equal = (y == y[0]).all(axis=0)
    share = missed / np.where(equal, 1.0, total)
    return 1.0 - np.where(equal, missed.any(axis=0), share).mean(axis=1)


def absolute_error(found: Predictions, y: Any, weight: Any) -> Any:
    """Return minus the absolute error, the mean over the outputs."""
    return -abs(found.outputs - y).mean(axis=1)


def squared_error(found: Predictions, y: Any, weight: Any) -> Any:
    """Return minus the squared error, the mean over the outputs."""
    return -((found.outputs - y) ** 2).mean(axis=1)


Means = Mapping[str, Callable[[Predictions, Any, Any], Any]]
OF_CLASSES: Means = {"accuracy": accuracy, "neg_log_loss": log_likelihood}
OF_VALUES: Means = {
    "r2": r2,
    "neg_mean_absolute_error": absolute_error,
    "neg_mean_squared_error": squared_error,
}


def error_of_mean(scores: Any, weight: Any) -> float:
    """Return the standard error of the weighted mean of samples' scores (n,)."""
    import numpy as np

    weight = np.ones(len(scores)) if weight is None else weight
    with np.errstate(over="ignore"):
        centred = weight * (scores - np.average(scores, weights=weight))
        return float(np.sqrt((centred**2).sum()) / weight.sum())


def bootstrap_error(score: Callable[[Any], float], count: int) -> float:
    """Return the standard error of a score of samples that are drawn again, as indices.

    Draws whose score is NaN are left out.
    """
    import numpy as np

    draws = np.random.default_rng(0).integers(0, count, (DRAWS, count))
    scores = np.array([score(rows) for rows in draws])
    scores = scores[np.isfinite(scores)]
    return float(scores.std(ddof=1)) if len(scores) > 1 else math.nan
