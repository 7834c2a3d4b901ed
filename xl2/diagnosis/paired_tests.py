"""Tests of two models on the same samples, and the number of samples that a test needs.

References
----------
.. [1] Q. McNemar (1947). Note on the sampling error of the difference between
   correlated proportions or percentages. Psychometrika 12, 153-157.
.. [2] R. J. Connor (1987). Sample size for testing differences in proportions for
   the paired-sample design. Biometrics 43, 207-211; after O. S. Miettinen (1968).
   The matched pairs design in the case of all-or-none responses. Biometrics 24,
   339-352.
.. [3] W. C. Guenther (1981). Sample size formulas for normal theory t tests. The
   American Statistician 35, 243-244.
"""

from __future__ import annotations

import math

POWER = 0.8


def mcnemar(only_a: int, only_b: int) -> float:
    """Return the two-sided p-value of the exact McNemar test [1]_.

    `only_a` and `only_b` count the samples that only one of two classifiers gets right.
    If the two are equally good, each such sample is the toss of a coin.
    """
    from scipy.stats import binomtest

    differing = only_a + only_b
    return float(binomtest(only_b, differing, 0.5).pvalue) if differing else 1.0


def paired_t(mean: float, spread: float, rows: int) -> float:
    """Return the two-sided p-value of a paired t-test of `rows` differences, 2 or more.

    `mean` and `spread` are the mean and the standard deviation of the differences.
    """
    from scipy.stats import t

    if spread == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    return float(2.0 * t.sf(abs(mean) / spread * math.sqrt(rows), rows - 1))


def samples_for_mcnemar(only_a: float, only_b: float, confidence: float) -> int | None:
    """Return how many samples McNemar's test needs for a power of 80 % [2]_.

    `only_a` and `only_b` are the fractions of samples that only one of the two gets right.
    By the normal approximation; the exact test needs a few more. None if they are equal.
    """
    difference, differing = only_b - only_a, only_a + only_b
    if difference == 0.0:
        return None
    level, power = _quantiles(confidence)
    root = level * math.sqrt(differing) + power * math.sqrt(max(differing - difference**2, 0.0))
    return math.ceil((root / difference) ** 2)


def samples_for_paired_t(mean: float, spread: float, confidence: float) -> int | None:
    """Return how many samples a paired t-test needs for a power of 80 %; None for a mean of 0.

    The normal approximation plus half the squared quantile of the level, because the
    standard deviation is estimated too [3]_.
    """
    if abs(mean) <= 1e-12 * spread or mean == 0.0:
        return None
    level, power = _quantiles(confidence)
    return max(2, math.ceil(((level + power) * spread / mean) ** 2 + level**2 / 2.0))


def _quantiles(confidence: float) -> tuple[float, float]:
    """Return the normal quantiles of the two-sided test's level and of its power."""
    from scipy.stats import norm

    return float(norm.ppf(0.5 + confidence / 2.0)), float(norm.ppf(POWER))
