"""Paired tests and their sample sizes, against statsmodels, scipy and enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, ttest_rel
from statsmodels.stats import contingency_tables
from statsmodels.stats.power import TTestPower, normal_sample_size_one_tail

from xl2.diagnosis.comparison import (
    mcnemar,
    paired_t,
    samples_for_mcnemar,
    samples_for_paired_t,
)

pytestmark = pytest.mark.host


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_that_of_statsmodels(only_a, only_b):
    # statsmodels divides 0 by 0 if no sample differs.
    expected = 1.0
    if only_a + only_b:
        table = [[30, only_a], [only_b, 10]]
        expected = contingency_tables.mcnemar(table, exact=True).pvalue
    assert mcnemar(only_a, only_b) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("parts", [(0.04, 0.12), (0.3, 0.31), (0.12, 0.04), (0.0, 0.2)])
def test_the_samples_mcnemar_needs_are_those_of_statsmodels(parts, confidence):
    differing, difference = sum(parts), parts[1] - parts[0]
    expected = normal_sample_size_one_tail(
        abs(difference),
        0.8,
        (1 - confidence) / 2,
        std_null=np.sqrt(differing),
        std_alternative=np.sqrt(differing - difference**2),
    )
    assert samples_for_mcnemar(*parts, confidence) == np.ceil(expected)


@pytest.mark.parametrize("parts", [(0.04, 0.12), (0.01, 0.03), (0.1, 0.3)])
def test_the_number_of_samples_gives_about_the_power_promised(parts):
    """Sum the probabilities of all outcomes in which the exact test finds the difference."""
    rows, differing = samples_for_mcnemar(*parts, 0.95), sum(parts)
    power = 0.0
    for pairs in range(rows + 1):
        gained = np.arange(pairs + 1)
        # The two-sided test of a fair coin, whose tails are equal.
        p_values = 2 * binom.cdf(np.minimum(gained, pairs - gained), pairs, 0.5)
        found = (p_values < 0.05) @ binom.pmf(gained, pairs, parts[1] / differing)
        power += found * binom.pmf(pairs, rows, differing)
    assert 0.7 < power < 0.82


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("effect", [0.02, 0.1, -0.3, 0.8])
def test_the_samples_a_paired_t_test_needs_are_those_of_statsmodels(effect, confidence):
    expected = TTestPower().solve_power(effect, power=0.8, alpha=1 - confidence)
    assert samples_for_paired_t(effect, 1.0, confidence) == pytest.approx(np.ceil(expected), abs=1)


@pytest.mark.parametrize("rows", [2, 5, 200])
def test_the_paired_t_test_is_scipys(rng, rows):
    a, b = rng.normal(size=(2, rows))
    difference = b - a
    found = paired_t(difference.mean(), difference.std(ddof=1), rows)
    assert found == pytest.approx(ttest_rel(a, b).pvalue, rel=1e-9)


def test_differences_without_a_spread_have_a_p_value_of_0_or_1():
    assert paired_t(0.0, 0.0, 10) == 1.0
    assert paired_t(0.1, 0.0, 10) == 0.0


def test_no_number_of_samples_shows_a_difference_of_zero():
    assert samples_for_mcnemar(0.1, 0.1, 0.95) is None
    assert samples_for_paired_t(0.0, 1.0, 0.95) is None
    assert samples_for_paired_t(1e-15, 1.0, 0.95) is None
    assert samples_for_paired_t(0.0, 0.0, 0.95) is None
