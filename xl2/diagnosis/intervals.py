"""Confidence intervals of accuracies and of R2, and of their differences.

Accuracies are proportions, and there are formulas for their intervals. R2 is a ratio of two
sums over the same samples, and no formula is accurate for few samples: it is resampled.

References
----------
.. [1] E. B. Wilson (1927). Probable inference, the law of succession, and
   statistical inference. Journal of the American Statistical Association 22,
   209-212.
.. [2] R. G. Newcombe (1998). Interval estimation for the difference between
   independent proportions: comparison of eleven methods. Statistics in Medicine
   17, 873-890.
.. [3] R. G. Newcombe (1998). Improved confidence intervals for the difference
   between binomial proportions based on paired data. Statistics in Medicine 17,
   2635-2650.
.. [4] G. Y. Zou, A. Donner (2008). Construction of confidence limits about effect
   measures: a general approach. Statistics in Medicine 27, 1693-1702.
.. [5] B. Efron, R. J. Tibshirani (1993). An Introduction to the Bootstrap, ch. 13.
.. [6] C. Nadeau, Y. Bengio (2003). Inference for the generalization error. Machine
   Learning 52, 239-281.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

Interval = tuple[float, float]

RESAMPLES = 2000
GROUPS = 5000  # more samples are summed in groups first, to bound the cost of resampling
FEW = 30  # resampling fewer samples gives intervals that are too narrow
_BATCH = 100  # resamples held in memory at once, 4 MB of counts


class Estimate(NamedTuple):
    """A number estimated from a sample, and its interval."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> Estimate:
        """Return the estimate of `factor` times the number; `factor` is positive."""
        return Estimate(*(factor * part for part in self))


def wilson(right: int, rows: int, confidence: float) -> Interval:
    """Return Wilson's score interval of the proportion ``right / rows`` [1]_."""
    from scipy.stats import binomtest

    found = binomtest(right, rows).proportion_ci(confidence, method="wilson")
    return float(found.low), float(found.high)


def square_and_add(first: Estimate, second: Estimate, correlation: float = 0.0) -> Interval:
    """Return the interval of ``first - second`` from the intervals of the two.

    Their distances from estimate to limit are combined like standard errors. With Wilson's
    limits and no correlation this is Newcombe's method 10 for independent proportions [2]_;
    it holds for multiples of them as well [4]_.
    """
    difference = first.value - second.value
    down = _together(first.value - first.low, second.high - second.value, correlation)
    up = _together(first.high - first.value, second.value - second.low, correlation)
    return difference - down, difference + up


def _together(a: float, b: float, correlation: float) -> float:
    # Rounding may make the square of 0 negative.
    return math.sqrt(max(a * a - 2.0 * correlation * a * b + b * b, 0.0))


def paired_difference(
    both: int, only_first: int, only_second: int, neither: int, confidence: float
) -> Interval:
    """Return the interval of the difference of two proportions of the same samples [3]_.

    Newcombe's method 10 for paired data, from the four counts of samples.
    """
    rows = both + only_first + only_second + neither
    first, second = (
        Estimate(right / rows, *wilson(right, rows, confidence))
        for right in (both + only_first, both + only_second)
    )
    return square_and_add(first, second, _phi(both, only_first, only_second, neither))


def _phi(both: int, only_first: int, only_second: int, neither: int) -> float:
    """Return the correlation of two binary answers, with the correction of [3]_ if positive."""
    margins = (
        (both + only_first)
        * (only_second + neither)
        * (both + only_second)
        * (only_first + neither)
    )
    if margins == 0:
        return 0.0
    product = float(both * neither - only_first * only_second)
    if product > 0:
        product = max(product - (both + only_first + only_second + neither) / 2, 0.0)
    return product / math.sqrt(margins)


def corrected_interval(
    differences: Any, train_rows: float, test_rows: float, confidence: float
) -> Interval:
    """Return the interval of the mean difference of two settings over folds [6]_.

    `differences` is an array (folds,), with 2 or more of the second setting's score minus the
    first's in the same fold; seeds are averaged before. `train_rows` and `test_rows` are the
    samples of a fold. Any two folds share training samples, so their differences are
    correlated, and the variance of the mean is more than that of independent ones,
    ``s**2 / folds``: by ``s**2 * test_rows / train_rows``.
    """
    import numpy as np
    from scipy.stats import t

    folds, mean = len(differences), float(np.mean(differences))
    spread = float(np.std(differences, ddof=1)) * math.sqrt(1.0 / folds + test_rows / train_rows)
    margin = float(t.ppf(0.5 + confidence / 2.0, folds - 1)) * spread
    return mean - margin, mean + margin


def r2_draws(centred: Any, *errors: Any, seed: int) -> Any:
    """Resample rows, and return the R2 of each resample, (models, RESAMPLES) [5]_.

    `centred` are the targets minus their mean, and `errors` the squared errors of each model, all
    (n, outputs). None of the columns of `centred` is constant. R2 is the mean over the outputs; it
    is NaN if the resampled targets are all equal.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    table = grouped(np.concatenate([*errors, centred, centred**2], axis=1), rng)
    sums = np.concatenate([counts @ table for counts in resampled(len(table), RESAMPLES, rng)])
    *totals, shift, square = np.split(sums, len(errors) + 2, axis=1)
    around = square - shift**2 / len(centred)
    spread = np.where(around > 1e-9 * square, around, np.nan)
    return np.stack([(1.0 - total / spread).mean(axis=1) for total in totals])


def resampled(rows: int, resamples: int, rng: Any) -> Iterator[Any]:
    """Yield how often each row is drawn, (`_BATCH`, rows), until there are `resamples`.

    Sums over the rows drawn are products of these counts: 0.13 s for 2000 resamples of 5000
    rows and ten outputs, on one thread. `scipy.stats.bootstrap`, which gathers the rows, took
    1.5 s, and warns if a few resamples have no R2.
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
