"""What more training samples would gain: a power law fitted to the learning curve.

References
----------
.. [1] T. Viering, M. Loog (2022). The shape of learning curves: a review. IEEE Transactions on
   Pattern Analysis and Machine Intelligence 45, 7799-7819.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from .evidence import Evidence, Trial
from .gains import variance_of_a_tie, variance_of_gain
from .intervals import Interval

DRAWS = 400
POINTS = 3  # of the curve: a half, three fourths and all of the samples
EXPONENTS = (0.3, 1.2)  # four points hardly tell it, so it is drawn from what is usual [1]_


def extrapolated(
    evidence: Evidence, confidence: float, times: float = 2.0
) -> tuple[float, Interval] | None:
    """Return the gain of `times` as many training samples, and its interval.

    The error is ``c + a * rows ** -b``, with neither `c` nor `a` below 0, fitted to the largest
    parts of the training samples. The interval allows for the validation samples and for `b`, by
    draws of both, and for the luck of training once more, by the spread of the gain from half of
    the samples to all in the folds. None with fewer than three points.
    """
    import numpy as np

    points = [*evidence.curve[-POINTS + 1 :]]
    if len(points) < 2:
        return None
    a, b = _fits(evidence, points)
    gains = a if np.isinf(times) else a * (1.0 - times**-b)
    variance = variance_of_gain(evidence, evidence.scores[evidence.best] - points[0].scores)[0]
    spread = math.sqrt(variance or variance_of_a_tie(evidence))
    luck = np.random.default_rng(1).normal(0.0, spread, DRAWS)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(gains + luck, [tail, 1.0 - tail])
    return float(gains.mean()), (float(low), float(high))


class LearningCurve(NamedTuple):
    """The measured points of a learning curve, and where it is expected to go."""

    rows: Any
    scores: Any
    errors: Any  # standard errors
    predicted: tuple[Any, Any]  # rows and scores, from the last point to twice the samples
    interval: Interval  # of the last one


def learning_curve(evidence: Evidence, confidence: float) -> LearningCurve | None:
    """Return the learning curve of the chosen lambda; None with fewer than three points."""
    import numpy as np

    twice = extrapolated(evidence, confidence)
    if twice is None:
        return None
    weights, total = evidence.weights, evidence.weights.sum()
    measured = np.stack([*(one.scores for one in evidence.curve), evidence.scores[evidence.best]])
    scores = (measured * weights).sum(axis=1) / total
    errors = np.sqrt(((weights * (measured - scores[:, None])) ** 2).sum(axis=1)) / total
    rows = np.array([*(one.rows for one in evidence.curve), evidence.rows])
    a, b = _fits(evidence, evidence.curve[-POINTS + 1 :])
    several = np.linspace(evidence.rows, 2.0 * evidence.all_rows, 40)
    times = several[:, None] / evidence.all_rows
    # A gain is that over all training samples, of which a fold has a part.
    gains = (a * (1.0 - times**-b)).mean(axis=1)
    predicted = scores[-1] + gains - gains[0]
    low, high = (float(predicted[-1] - twice[0] + limit) for limit in twice[1])
    return LearningCurve(rows, scores, errors, (several, predicted), (low, high))


def _fits(evidence: Evidence, points: Sequence[Trial]) -> tuple[Any, Any]:
    """Return `a` and `b` for many draws of the samples, with all rows as the unit of `rows`."""
    import numpy as np

    rng = np.random.default_rng(0)
    rows = np.array([*(trial.rows for trial in points), evidence.rows]) / evidence.all_rows
    errors = 1.0 - np.stack([*(trial.scores for trial in points), evidence.scores[evidence.best]])
    weights, n = evidence.weights, errors.shape[1]
    starts = [*np.unique(evidence.folds, return_index=True)[1].tolist(), n]
    drawn = np.empty((DRAWS, len(rows)))
    for k in range(DRAWS):
        at = np.concatenate(
            [rng.integers(start, stop, stop - start) for start, stop in pairwise(starts)]
        )
        drawn[k] = (errors[:, at] * weights[at]).sum(axis=1) / weights[at].sum()
    b = np.exp(rng.uniform(math.log(EXPONENTS[0]), math.log(EXPONENTS[1]), DRAWS))
    # Least squares, weighted by the rows.
    x, total = rows[None, :] ** -b[:, None], rows.sum()
    mean_x, mean = (rows * x).sum(axis=1) / total, (rows * drawn).sum(axis=1) / total
    from_x, from_mean = x - mean_x[:, None], drawn - mean[:, None]
    a = (rows * from_x * from_mean).sum(axis=1) / (rows * from_x**2).sum(axis=1)
    a = np.maximum(a, 0.0)
    # Without a limit of the error, the line goes through the origin.
    through = np.maximum((rows * x * drawn).sum(axis=1) / (rows * x**2).sum(axis=1), 0.0)
    return np.where(mean - a * mean_x < 0.0, through, a), b
