"""What more training samples would gain: a power law fitted to the learning curve.

References
----------
.. [1] T. Viering, M. Loog (2022). The shape of learning curves: a review. IEEE Transactions on
   Pattern Analysis and Machine Intelligence 45, 7799-7819.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

from .evidence import Evidence
from .intervals import Interval

DRAWS = 400
EXPONENTS = (0.3, 1.2)  # four points hardly tell it, so it is drawn from what is usual [1]_


def extrapolated(
    evidence: Evidence, confidence: float, times: float = 2.0
) -> tuple[float, Interval] | None:
    """Return the gain of `times` as many training samples, and its interval.

    The error is ``c + a * rows ** -b``, with neither `c` nor `a` below 0. None with fewer than
    three points.
    """
    import numpy as np

    if len(evidence.curve) < 2:
        return None
    a, _, b = _fits(evidence)
    gains = a * (1.0 - times**-b)
    if np.isinf(times):
        gains = a
    mean = float(gains.mean())
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(gains, [tail, 1.0 - tail])
    return mean, (float(low), float(high))


def _fits(evidence: Evidence) -> tuple[Any, Any, Any]:
    """Return `a`, `c` and `b` of many draws of the samples, with all rows as the unit of `rows`."""
    import numpy as np

    rng = np.random.default_rng(0)
    points = [*evidence.curve]
    rows = np.array([*(trial.rows for trial in points), evidence.rows]) / evidence.all_rows
    errors = 1.0 - np.stack([*(trial.scores for trial in points), evidence.scores[evidence.best]])
    weights, n = evidence.weights, errors.shape[1]
    starts = [*np.unique(evidence.folds, return_index=True)[1].tolist(), n]
    drawn = np.empty((DRAWS, len(rows)))
    for k in range(DRAWS):
        at = np.concatenate([rng.integers(s, e, e - s) for s, e in itertools.pairwise(starts)])
        drawn[k] = (errors[:, at] * weights[at]).sum(axis=1) / weights[at].sum()
    b = np.exp(rng.uniform(math.log(EXPONENTS[0]), math.log(EXPONENTS[1]), DRAWS))
    x, total = rows[None, :] ** -b[:, None], rows.sum()
    mean_x, mean = (rows * x).sum(axis=1) / total, (rows * drawn).sum(axis=1) / total
    from_x, from_mean = x - mean_x[:, None], drawn - mean[:, None]
    a = (rows * from_x * from_mean).sum(axis=1) / (rows * from_x**2).sum(axis=1)
    a = np.maximum(a, 0.0)
    c = mean - a * mean_x
    through = (rows * x * drawn).sum(axis=1) / (rows * x**2).sum(axis=1)
    a, c = np.where(c < 0.0, np.maximum(through, 0.0), a), np.maximum(c, 0.0)
    return a, c, b
