"""Two lambdas on the same test samples: which is better, and whether that could be chance.

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

from .formats import (
    capitalised,
    format_baseline,
    format_confidence,
    format_difference,
    format_interval,
    format_lambda,
    format_score,
    wrapped,
)
from .intervals import Interval, paired_difference, r2_difference


@dataclass(frozen=True)
class Comparison:
    """What a penalty changes on test samples, compared with no penalty or a smaller one.

    Attributes
    ----------
    lam_a, lam_b : float
        lambda of the model without a penalty (or with the smallest), and of the
        penalised one.
    score_name : {"accuracy", "R2"}
    score_a, score_b, rows : float, float and int
        Their scores on the same samples, and the number of these.
    only_a_right, only_b_right : int or None
        Number of samples that only one of the two gets right; None for a regression.
    difference, difference_interval : float, and (float, float)
        ``score_b - score_a``. The interval is Agresti's and Min's for paired proportions; for R2
        from resampled rows.
    p_value : float
        Of the exact McNemar test; for a regression of the paired t-test of the
        squared errors. How often two equally good models would differ by as much
        or more.
    samples_needed : int or None
        About how many test samples would show a difference of this size, with a
        probability of 80 %, at this confidence. None if the difference is 0.
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
    samples_needed: int | None
    confidence: float

    @property
    def distinguishable(self) -> bool:
        """Whether the difference is unlikely to be chance, at this confidence."""
        return self.p_value < 1.0 - self.confidence

    @property
    def text(self) -> str:
        """The comparison as a paragraph."""
        test = "Paired t-test of the squared errors"
        if self.score_name == "accuracy":
            test = "Exact McNemar test"
        p_value = _format_p(self.p_value, 1.0 - self.confidence)
        return f"{_seen(self)} {test}: {p_value}. {_meaning(self)}"

    def __str__(self) -> str:
        return wrapped(self.text)


def compare_labels(
    lam_a: float, right_a: Any, lam_b: float, right_b: Any, confidence: float
) -> Comparison:
    """Compare two classifiers by which samples each gets right, two arrays (n,) of bool."""
    rows = len(right_a)
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    both = int((right_a & right_b).sum())
    p_value = mcnemar(only_a, only_b)
    needed = samples_for_mcnemar(only_a / rows, only_b / rows, confidence)
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
        paired_difference(only_b, only_a, rows, confidence),
        p_value,
        _more_than(rows, needed, p_value, confidence),
        confidence,
    )


def compare_values(
    lam_a: float, errors_a: Any, lam_b: float, errors_b: Any, centred: Any, confidence: float
) -> Comparison:
    """Compare two regressions by their squared errors.

    `errors_a`, `errors_b` and `centred` are arrays (n, outputs). `centred` holds the targets
    minus their mean; none of its columns is constant.
    """
    rows = len(centred)
    # In units in which 1 minus the mean over the samples is R2.
    lost_a, lost_b = (
        (errors / (centred**2).mean(axis=0)).mean(axis=1) for errors in (errors_a, errors_b)
    )
    gained = lost_a - lost_b
    difference, spread = float(gained.mean()), float(gained.std(ddof=1))
    p_value = paired_t(difference, spread, rows)
    needed = samples_for_paired_t(difference, spread, confidence)
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
        r2_difference(centred, errors_a, errors_b, confidence),
        p_value,
        _more_than(rows, needed, p_value, confidence),
        confidence,
    )


def _more_than(rows: int, needed: int | None, p_value: float, confidence: float) -> int | None:
    # The formulas are approximations, poor ones below a dozen samples. They may return no more
    # samples than there are, which the test has just found to be too few.
    if needed is None or p_value < 1.0 - confidence:
        return needed
    return max(needed, rows + 1)


def _seen(c: Comparison) -> str:
    """Return the two scores and their difference."""
    penalised, baseline = capitalised(format_lambda(c.lam_b)), format_baseline(c.lam_a)
    if c.only_a_right is None:
        scores = (
            f"{penalised} has an R2 of {format_score(c.score_b, 'R2')} on the {c.rows} test "
            f"samples, compared with {format_score(c.score_a, 'R2')} for {baseline}."
        )
    else:
        right_a, right_b = round(c.score_a * c.rows), round(c.score_b * c.rows)
        scores = (
            f"{penalised} gets {right_b} of {c.rows} test samples right, and {baseline} {right_a}: "
            f"{_more(right_b - right_a)} ({c.only_b_right} gained, {c.only_a_right} lost)."
        )
    return (
        f"{scores} The difference is {format_difference(c.difference, c.score_name)} "
        f"({format_confidence(c.confidence)} interval "
        f"{format_interval(c.difference_interval, c.score_name)})."
    )


def _more(samples: int) -> str:
    if samples == 0:
        return "the same number"
    return f"{abs(samples)} {'more' if samples > 0 else 'fewer'}"


def _meaning(c: Comparison) -> str:
    """Return whether the difference could be chance, and how many samples would show it."""
    penalised, baseline = format_lambda(c.lam_b), format_baseline(c.lam_a)
    if c.distinguishable:
        better = f"{penalised} is better than {baseline}"
        found = better if c.difference > 0.0 else f"the penalty costs {c.score_name}"
        return f"The difference is unlikely to be chance: {found}."
    words = f"On this test set, {penalised} cannot be distinguished from {baseline}."
    if c.samples_needed is None:
        return words
    about = f"would take about {c.samples_needed} test samples."
    return f"{words} Detecting a difference of this size {about}"


def _format_p(p_value: float, level: float) -> str:
    if p_value < 0.0001:
        return "p < 0.0001"
    # Enough digits to show whether it is below the level.
    shown = (f"{p_value:.{digits}g}" for digits in range(2, 17))
    return f"p = {next(text for text in shown if (float(text) < level) == (p_value < level))}"


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
