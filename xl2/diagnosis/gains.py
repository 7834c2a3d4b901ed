"""What one setting gains over another in the same folds, and how sure that is.

References
----------
.. [1] C. Nadeau, Y. Bengio (2003). Inference for the generalization error. Machine Learning 52,
   239-281: scores of folds that share training samples are correlated.
"""

from __future__ import annotations

import math
from typing import Any

from .evidence import Evidence
from .intervals import Interval

CONFIDENCE = 0.9  # of the intervals of gains
# As measured with benchmarks/advice; see docs/advice.md. Weights from 0.6 to 0.8 do as well.
OWN = 0.7
MOST = 3.0  # standard errors of a loss: a network that is sure of its mistakes has many


def paired_gain(evidence: Evidence, scores: Any, losses: Any) -> tuple[float, Interval]:
    """Return what one setting gains over another in these folds, and the 90 % interval.

    `scores` and `losses` (n,) are the differences of the samples' scores and losses. Accuracies of
    few samples are noisy, and the log loss notices more of what a setting does, in another unit:
    the gain is `OWN` of the mean difference of the scores, and for the rest as many standard
    errors of it as the losses differ by of theirs. In a regression both are the same. If no
    sample's answer differs, the interval is that of half a sample gained and half a sample lost:
    few samples are no certain tie.
    """
    import numpy as np
    from scipy.stats import t

    gain = mean(evidence, scores)
    variance, degrees = variance_of_gain(evidence, scores)
    error = math.sqrt(variance)
    if not np.array_equal(losses, scores):
        spread = math.sqrt(variance_of_gain(evidence, losses)[0])
        errors = mean(evidence, losses) / spread if spread > 0.0 else 0.0
        errors = max(-MOST, min(MOST, errors))
        gain = OWN * gain + (1.0 - OWN) * errors * error
        error = error or math.sqrt(variance_of_a_tie(evidence))
    margin = float(t.ppf(0.5 + CONFIDENCE / 2.0, degrees)) * error
    return gain, (gain - margin, gain + margin)


def mean(evidence: Evidence, differences: Any) -> float:
    """Return the weighted mean of the samples' differences, (n,)."""
    return float((evidence.weights * differences).sum() / evidence.weights.sum())


def variance_of_gain(evidence: Evidence, differences: Any) -> tuple[float, int]:
    """Return the variance of a mean difference, (n,), and its degrees of freedom.

    The spread of a fold's mean is estimated twice, by the folds' means and by the samples in
    them, and the mean of the two variances is taken. Folds share most of their training samples:
    the variance of their mean is that of Nadeau and Bengio [1]_. With one fold, whose networks
    were trained once, it is twice that of the samples.
    """
    import numpy as np

    weights, folds = evidence.weights, evidence.folds
    sums = np.bincount(folds, weights)
    means = np.bincount(folds, weights * differences) / sums
    squares = np.bincount(folds, (weights * (differences - means[folds])) ** 2)
    within, count = float((squares / sums**2).mean()), len(means)
    if count == 1:
        return 2.0 * within, max(1, len(folds) - 1)
    between = float(means.var(ddof=1))
    if len(folds) > count:  # folds of a single sample have no spread within
        between = (between + within) / 2.0
    return _of_the_mean(evidence, between, count), 2 * (count - 1)


def _of_the_mean(evidence: Evidence, of_a_fold: float, count: int) -> float:
    """Return the variance of the mean of several folds from that of a single one."""
    return of_a_fold * (1.0 / count + len(evidence.folds) / count / evidence.rows)


def variance_of_a_tie(evidence: Evidence) -> float:
    """Return the variance of a mean difference of which half a sample is 1, and half a one -1."""
    import numpy as np

    weights, folds = evidence.weights, evidence.folds
    squares = np.bincount(folds, weights**2) / len(folds)
    within = float((squares / np.bincount(folds, weights) ** 2).mean())
    count = int(folds.max()) + 1
    return 2.0 * within if count == 1 else _of_the_mean(evidence, within, count)
