"""Confidence intervals of accuracies and of R2, and of their differences.

Accuracies are proportions, and there are formulas for their intervals. R2 is a ratio of two
sums over the same samples, and no formula is accurate for few samples: it is resampled.
`python -m benchmarks.coverage` measures how often each interval holds the truth.

References
----------
.. [1] E. B. Wilson (1927). Probable inference, the law of succession, and
   statistical inference. Journal of the American Statistical Association 22,
   209-212.
.. [2] A. Agresti, Y. Min (2005). Simple improved confidence intervals for comparing matched
   proportions. Statistics in Medicine 24, 729-740.
.. [3] P. Hall (1988). On symmetric bootstrap confidence intervals. Journal of the Royal
   Statistical Society B 50, 35-45.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

Interval = tuple[float, float]

RESAMPLES = 2000
GROUPS = 1000  # more samples are summed in groups first, to bound the cost of resampling
FEW = 30  # resampling fewer samples gives intervals that are too narrow
_BATCH = 100  # resamples held in memory at once, 4 MB of counts


class Estimate(NamedTuple):
    """A number estimated from a sample, and its interval."""

    value: float
    low: float
    high: float


def wilson(right: int, rows: int, confidence: float) -> Interval:
    """Return Wilson's score interval of the proportion ``right / rows`` [1]_."""
    from scipy.stats import binomtest

    found = binomtest(right, rows).proportion_ci(confidence, method="wilson")
    return float(found.low), float(found.high)


def paired_difference(only_first: int, only_second: int, rows: int, confidence: float) -> Interval:
    """Return the interval of the first proportion minus the second, of the same samples [2]_.

    `only_first` and `only_second` count the samples that only one of the two gets right. The
    normal interval, as if there were two more samples, with half of one for each possible outcome.
    """
    from scipy.stats import norm

    first, second = (only_first + 0.5) / (rows + 2), (only_second + 0.5) / (rows + 2)
    middle = first - second
    spread = math.sqrt((first + second - middle**2) / (rows + 2))
    margin = float(norm.ppf(0.5 + confidence / 2.0)) * spread
    # With few samples the estimate may be far from the middle, and a limit beyond 1.
    found = (only_first - only_second) / rows
    return max(min(middle - margin, found), -1.0), min(max(middle + margin, found), 1.0)


def r2_interval(centred: Any, errors: Any, confidence: float) -> Interval:
    """Return the interval of R2, by a symmetric studentised bootstrap [3]_.

    `centred` are the targets minus their mean, and `errors` the squared errors, both
    (n, outputs). None of the columns of `centred` is constant. R2 is the mean over the outputs.

    The unexplained part, 1 - R2, is a ratio and positive, so it is its logarithm that is
    resampled. A resample's distance from the estimate is measured in its own standard error,
    which is what few samples and long tails get wrong.
    """
    import numpy as np

    value, error, draws, spreads = _unexplained(centred, [errors], (1.0,))
    if value == 0.0:
        return 1.0, 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        distances = np.log(draws / value) / (spreads / draws)
    # A handful of samples may tell nothing; the exponential of more than 700 overflows.
    margin = min(_widest(distances, confidence) * error / value, 700.0)
    return 1.0 - value * math.exp(margin), 1.0 - value * math.exp(-margin)


def r2_difference(centred: Any, errors_a: Any, errors_b: Any, confidence: float) -> Interval:
    """Return the interval of the second model's R2 minus the first's on the same samples [3]_."""
    import numpy as np

    value, error, draws, spreads = _unexplained(centred, [errors_a, errors_b], (1.0, -1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        distances = (draws - value) / spreads
    margin = _widest(distances, confidence) * error
    return value - margin, value + margin


def _widest(distances: Any, confidence: float) -> float:
    """Return the distance that `confidence` of the resamples do not exceed.

    Resamples without a standard error are left out: those of equal targets or errors.
    """
    import numpy as np

    known = distances[np.isfinite(distances)]
    return float(np.quantile(np.abs(known), confidence)) if len(known) else 0.0


def _unexplained(
    centred: Any, errors: Any, signs: tuple[float, ...]
) -> tuple[float, float, Any, Any]:
    """Return the sum of the models' 1 - R2, each times its sign, and its standard error.

    They are followed by those of RESAMPLES resamples. The order of the samples does not matter.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    order = np.lexsort([*np.concatenate(errors, axis=1).T, *centred.T])
    errors, centred = [each[order] for each in errors], centred[order]
    size = np.ones((len(centred), 1))
    table = grouped(np.concatenate([*errors, centred, centred**2, size], axis=1), rng)
    all_once = np.ones((1, len(table)))
    parts = [
        _linearised(counts, table, centred.shape[1], signs)
        for counts in (all_once, *resampled(len(table), RESAMPLES, rng))
    ]
    draws, spreads = (np.concatenate(each) for each in zip(*parts, strict=True))
    return float(draws[0]), float(spreads[0]), draws[1:], spreads[1:]


def _linearised(counts: Any, table: Any, outputs: int, signs: tuple[float, ...]) -> tuple[Any, Any]:
    """Return that sum and its standard error for samples drawn as often as `counts`, (draws, rows).

    The error is that of a mean: of the influence that each row has on the ratio of the two sums.
    """
    import numpy as np

    cuts = outputs * np.arange(1, len(signs) + 3)
    *errors, centred, square, size = np.split(table, cuts, axis=1)
    drawn = counts @ size
    mean = counts @ centred / drawn
    around = counts @ square / drawn
    spread = np.where(around - mean**2 > 1e-9 * around, around - mean**2, np.nan)
    value, influence = np.zeros(len(counts)), np.zeros(counts.shape)
    for sign, each in zip(signs, errors, strict=True):
        ratio = counts @ each / drawn / spread
        part = sign * ratio / spread / outputs
        value += sign * ratio.mean(axis=1)
        influence += sign / spread / outputs @ each.T - part @ square.T
        influence += 2.0 * part * mean @ centred.T
        influence -= (part * mean**2).sum(axis=1, keepdims=True) @ size.T
    few = len(table) / (len(table) - 1.0)
    squares = np.einsum("ij,ij,ij->i", counts, influence, influence)
    return value, np.sqrt(few * squares) / drawn[:, 0]


def resampled(rows: int, resamples: int, rng: Any) -> Iterator[Any]:
    """Yield how often each row is drawn, (`_BATCH`, rows), until there are `resamples`.

    Sums over the rows drawn are products of these counts: 0.13 s for 2000 resamples of 5000
    rows and ten outputs, on one thread. `scipy.stats.bootstrap`, which gathers the rows, took
    1.5 s.
    """
    import numpy as np

    for _ in range(0, resamples, _BATCH):
        drawn = rng.integers(rows, size=(_BATCH, rows)) + rows * np.arange(_BATCH)[:, None]
        yield np.bincount(drawn.ravel(), minlength=_BATCH * rows).reshape(_BATCH, rows)


def grouped(table: Any, rng: Any) -> Any:
    """Return the sums of at most `GROUPS` groups of rows, grouped at random."""
    import numpy as np

    if len(table) <= GROUPS:
        return table
    starts = np.linspace(0, len(table), GROUPS, endpoint=False).astype(int)
    return np.add.reduceat(table[rng.permutation(len(table))], starts, axis=0)


def percentiles(draws: Any, value: float, confidence: float) -> Interval:
    """Return the interval that holds the middle `confidence` of the draws, and `value`.

    NaN draws are left out. With few rows, all draws may be on one side of `value`, the
    estimate from the sample itself.
    """
    import numpy as np

    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(draws[np.isfinite(draws)], [tail, 1.0 - tail])
    return min(float(low), value), max(float(high), value)
