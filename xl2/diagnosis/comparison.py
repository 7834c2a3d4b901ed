"""Two lambdas on the same samples: which did better, and whether that could be luck.

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
from dataclasses import dataclass
from typing import Any

from .intervals import Interval, paired_difference, percentiles, r2_draws

POWER = 0.8


@dataclass(frozen=True)
class Comparison:
    """What a penalty changes on a set of samples, beside no penalty or a smaller one.

    Attributes
    ----------
    lam_a, lam_b : float
        lambda of the model without a penalty (or with the smallest), and of the
        penalised one.
    score_name : {"accuracy", "R2"}
    score_a, score_b : float
        Their scores on the same samples.
    rows : int
        How many samples.
    only_a_right, only_b_right : int or None
        Samples that only one of the two got right; None for a regression.
    difference : float
        ``score_b - score_a``.
    difference_interval : (float, float)
        Newcombe's for paired proportions; for R2 from resampled rows.
    p_value : float
        Of the exact McNemar test; for a regression of the paired t-test of the
        squared errors. How often two equally good models would differ by as much
        or more.
    needed : int or None
        About how many test samples would show a difference of this size, with a
        probability of 80 %, at this confidence. None where there is none to show.
    confidence : float
        Such as 0.95.
    """

    lam_a: float
    lam_b: float
    score_name: str
    score_a: float
    score_b: float
    rows: int
    only_a_right: int | None
    only_b_right: int | None
    difference: float
    difference_interval: Interval
    p_value: float
    needed: int | None
    confidence: float

    @property
    def distinguishable(self) -> bool:
        """Whether the difference is more than luck would explain, at this confidence."""
        return self.p_value < 1.0 - self.confidence

    def __str__(self) -> str:
        from .verdict import comparison_words, wrapped

        return wrapped(comparison_words(self))


def compare_labels(
    lam_a: float, right_a: Any, lam_b: float, right_b: Any, confidence: float
) -> Comparison:
    """Compare two classifiers on the same samples.

    Parameters
    ----------
    lam_a, lam_b : float
        Their lambdas.
    right_a, right_b : numpy.ndarray of bool, shape (n,)
        Whether each got a sample right.
    confidence : float
        Such as 0.95.
    """
    rows = len(right_a)
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    both = int((right_a & right_b).sum())
    p_value = mcnemar(only_a, only_b)
    needed = samples_for_proportions(only_a / rows, only_b / rows, confidence)
    return Comparison(
        lam_a,
        lam_b,
        "accuracy",
        (both + only_a) / rows,
        (both + only_b) / rows,
        rows,
        only_a,
        only_b,
        (only_b - only_a) / rows,
        paired_difference(both, only_b, only_a, rows - both - only_a - only_b, confidence),
        p_value,
        _more_than(rows, needed, p_value, confidence),
        confidence,
    )


def compare_values(
    lam_a: float, errors_a: Any, lam_b: float, errors_b: Any, centred: Any, confidence: float
) -> Comparison:
    """Compare two regressions on the same samples.

    Parameters
    ----------
    lam_a, lam_b : float
        Their lambdas.
    errors_a, errors_b : numpy.ndarray, shape (n, outputs)
        Their squared errors.
    centred : numpy.ndarray, shape (n, outputs)
        Targets less their mean; none of the columns is constant.
    confidence : float
        Such as 0.95.
    """
    rows = len(centred)
    # In units in which the mean over the samples is what is missing to an R2 of 1.
    lost_a, lost_b = (
        (errors / (centred**2).mean(axis=0)).mean(axis=1) for errors in (errors_a, errors_b)
    )
    gained = lost_a - lost_b
    difference, spread = float(gained.mean()), float(gained.std(ddof=1))
    draws = r2_draws(centred, errors_a, errors_b, seed=0)
    p_value = paired_t(difference, spread, rows)
    needed = samples_for_means(difference, spread, confidence)
    return Comparison(
        lam_a,
        lam_b,
        "R2",
        1.0 - float(lost_a.mean()),
        1.0 - float(lost_b.mean()),
        rows,
        None,
        None,
        difference,
        percentiles(draws[1] - draws[0], difference, confidence),
        p_value,
        _more_than(rows, needed, p_value, confidence),
        confidence,
    )


def _more_than(rows: int, needed: int | None, p_value: float, confidence: float) -> int | None:
    # The formulas are approximations, below a dozen samples poor ones: they may name
    # fewer than there are, which the test has just found to be too few.
    if needed is None or p_value < 1.0 - confidence:
        return needed
    return max(needed, rows + 1)


def mcnemar(only_a: int, only_b: int) -> float:
    """Return the p-value of the exact McNemar test [1]_.

    Of two equally good classifiers either is as likely as the other to be the one
    that got a sample right which the other got wrong: those are tosses of a coin.

    Parameters
    ----------
    only_a, only_b : int
        Samples that only the one, and only the other, got right.

    Returns
    -------
    float
        Two-sided; 1 where there is no such sample.
    """
    from scipy.stats import binomtest

    differing = only_a + only_b
    return float(binomtest(only_b, differing, 0.5).pvalue) if differing else 1.0


def paired_t(mean: float, spread: float, rows: int) -> float:
    """Return the two-sided p-value of a paired t-test.

    Parameters
    ----------
    mean, spread : float
        Mean and standard deviation of the differences.
    rows : int
        Their number, 2 or more.
    """
    from scipy.stats import t

    if spread == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    return float(2.0 * t.sf(abs(mean) / spread * math.sqrt(rows), rows - 1))


def samples_for_proportions(only_a: float, only_b: float, confidence: float) -> int | None:
    """Return how many samples McNemar's test needs [2]_.

    Parameters
    ----------
    only_a, only_b : float
        The parts of the samples that only one of the two gets right.
    confidence : float
        One minus the level of the two-sided test.

    Returns
    -------
    int or None
        For a power of `POWER`, by the normal approximation; the exact test needs a
        few more. None where the two parts are equal.
    """
    difference, differing = only_b - only_a, only_a + only_b
    if difference == 0.0:
        return None
    level, power = _quantiles(confidence)
    root = level * math.sqrt(differing) + power * math.sqrt(max(differing - difference**2, 0.0))
    return math.ceil((root / difference) ** 2)


def samples_for_means(mean: float, spread: float, confidence: float) -> int | None:
    """Return how many samples a paired t-test needs.

    The normal approximation, and half the squared quantile of the level for the
    standard deviation's being estimated too [3]_.

    Parameters
    ----------
    mean, spread : float
        Mean and standard deviation of the differences.
    confidence : float
        One minus the level of the two-sided test.

    Returns
    -------
    int or None
        For a power of `POWER`, 2 or more. None where the mean is 0 but for rounding.
    """
    if abs(mean) <= 1e-12 * spread or mean == 0.0:
        return None
    level, power = _quantiles(confidence)
    return max(2, math.ceil(((level + power) * spread / mean) ** 2 + level**2 / 2.0))


def _quantiles(confidence: float) -> tuple[float, float]:
    from scipy.stats import norm

    return float(norm.ppf(0.5 + confidence / 2.0)), float(norm.ppf(POWER))
