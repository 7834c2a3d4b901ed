"""Intervals against statsmodels, published examples, enumeration and scipy's bootstrap."""

from __future__ import annotations

import inspect
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, bootstrap, multinomial, ttest_1samp
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from xl2.diagnosis.intervals import (
    FEW,
    GROUPS,
    Estimate,
    corrected_interval,
    paired_difference,
    percentiles,
    r2_draws,
    square_and_add,
    wilson,
)

pytestmark = pytest.mark.host


def estimate(right, rows, confidence=0.95):
    return Estimate(right / rows, *wilson(right, rows, confidence))


counts = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
confidences = st.sampled_from([0.5, 0.8, 0.95, 0.99])


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
@pytest.mark.parametrize(
    ("right", "rows"), [(0, 1), (1, 1), (0, 50), (50, 50), (39, 50), (208, 209), (9604, 10000)]
)
def test_wilson_is_that_of_statsmodels(right, rows, confidence):
    expected = proportion_confint(right, rows, alpha=1 - confidence, method="wilson")
    np.testing.assert_allclose(wilson(right, rows, confidence), expected, rtol=1e-10, atol=1e-12)


@given(counts, confidences)
def test_wilson_contains_the_estimate_within_0_and_1(count, confidence):
    low, high = wilson(*count, confidence)
    assert 0.0 <= low <= count[0] / count[1] <= high <= 1.0
    assert low < high


@given(counts, st.integers(2, 20))
def test_wilson_is_wider_for_fewer_rows_and_for_more_confidence(count, times):
    right, rows = count
    low, high = wilson(right, rows, 0.95)
    closer = wilson(times * right, times * rows, 0.95)
    wider = wilson(right, rows, 0.99)
    assert closer[1] - closer[0] < high - low < wider[1] - wider[0]


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((56, 70), (48, 80)),
        ((9, 10), (3, 10)),
        ((10, 10), (0, 20)),
        ((0, 10), (0, 20)),
        ((57600, 60000), (9500, 10000)),
    ],
)
def test_the_difference_of_two_sets_is_newcombes(first, second, confidence):
    found = square_and_add(estimate(*first, confidence), estimate(*second, confidence))
    expected = confint_proportions_2indep(
        *first, *second, method="newcomb", compare="diff", alpha=1 - confidence
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@given(counts, counts)
def test_the_difference_lies_between_its_limits_and_they_within_minus_1_and_1(first, second):
    low, high = square_and_add(estimate(*first), estimate(*second))
    assert -1.0 <= low <= first[0] / first[1] - second[0] / second[1] <= high <= 1.0
    mirrored = square_and_add(estimate(*second), estimate(*first))
    np.testing.assert_allclose(mirrored, (-high, -low), atol=1e-12)


@pytest.mark.parametrize("truth", [(0.9, 0.7), (0.97, 0.95), (0.6, 0.5)])
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_a_multiple_minus_another_is_covered_as_often_as_promised(truth, factor):
    """Over every outcome of 40 and 30 samples, weighted by its probability."""
    rows = (40, 30)
    wanted = factor * truth[0] - truth[1]
    chances = [binom.pmf(range(n + 1), n, p) for n, p in zip(rows, truth, strict=True)]
    estimates = [[estimate(k, n) for k in range(n + 1)] for n in rows]
    covered = 0.0
    for i, j in itertools.product(range(41), range(31)):
        low, high = square_and_add(estimates[0][i].times(factor), estimates[1][j])
        covered += chances[0][i] * chances[1][j] * (low <= wanted <= high)
    assert 0.93 < covered < 0.995


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        # Bentur 2009 and Cavo 2012, as in M. W. Fagerland, S. Lydersen, P. Laake (2014),
        # Statistics in Medicine 33, 2850-2875, and in their R package contingencytables.
        ((1, 1, 7, 12), (-0.507, -0.026)),
        ((59, 6, 16, 80), (-0.1186, -0.0046)),
    ],
)
def test_the_paired_difference_is_the_published_one(table, expected):
    digits = len(str(expected[0])) - 3
    assert tuple(np.round(paired_difference(*table, 0.95), digits)) == expected


@given(st.tuples(*[st.integers(0, 60)] * 4).filter(any), confidences)
def test_the_paired_difference_lies_between_its_limits(table, confidence):
    _, first, second, _ = table
    low, high = paired_difference(*table, confidence)
    difference = (first - second) / sum(table)
    assert -1.0 - 1e-12 <= low <= difference + 1e-12
    assert difference - 1e-12 <= high <= 1.0 + 1e-12


def test_a_strong_correlation_narrows_the_paired_difference():
    # The same proportions, 39 and 35 of 50, of answers that agree and of answers that do not.
    widths = [
        np.ptp(paired_difference(*table, 0.95)) for table in ((35, 4, 0, 11), (25, 14, 10, 1))
    ]
    unpaired = np.ptp(square_and_add(estimate(39, 50), estimate(35, 50)))
    assert widths[0] < unpaired < widths[1]


@pytest.mark.parametrize("chances", [(0.6, 0.15, 0.05, 0.2), (0.85, 0.05, 0.05, 0.05)])
def test_the_paired_difference_is_covered_as_often_as_promised(chances):
    """Over every table of 14 samples, weighted by its probability."""
    rows, wanted, covered = 14, chances[1] - chances[2], 0.0
    for a, b, c in itertools.product(range(rows + 1), repeat=3):
        if a + b + c <= rows:
            table = (a, b, c, rows - a - b - c)
            low, high = paired_difference(*table, 0.95)
            covered += multinomial.pmf(table, rows, chances) * (low <= wanted <= high)
    assert 0.93 < covered <= 1.0


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_folds_that_share_no_samples_have_the_interval_of_a_t_test(rng, confidence):
    differences = rng.normal(0.02, 0.01, size=5)
    expected = ttest_1samp(differences, 0.0).confidence_interval(confidence)
    assert corrected_interval(differences, 80, 0, confidence) == pytest.approx(tuple(expected))


def test_five_folds_have_an_interval_half_as_wide_again(rng):
    differences = rng.normal(size=5)
    low, high = corrected_interval(differences, 80, 20, 0.95)
    plain = ttest_1samp(differences, 0.0).confidence_interval(0.95)
    # 1 / 5 + 20 / 80 is 9 / 4 of 1 / 5.
    assert high - low == pytest.approx(1.5 * (plain.high - plain.low))
    assert (low + high) / 2 == pytest.approx(differences.mean())


def test_equal_differences_have_an_interval_of_one_point():
    assert corrected_interval(np.full(3, 0.25), 20, 10, 0.95) == (0.25, 0.25)


def r2_of(truth, found):
    return np.mean(1 - ((found - truth) ** 2).mean(axis=0) / truth.var(axis=0))


def sample(rng, rows, outputs=1, noise=0.5):
    found = rng.normal(size=(rows, outputs))
    return found + noise * rng.normal(size=(rows, outputs)), found


def draws_of(truth, *found, seed=0):
    return r2_draws(truth - truth.mean(axis=0), *((f - truth) ** 2 for f in found), seed=seed)


@pytest.mark.parametrize(("rows", "outputs"), [(40, 1), (300, 3)])
def test_the_interval_of_r2_is_scipys_percentile_bootstrap(rng, rows, outputs):
    truth, found = sample(rng, rows, outputs)
    [draws] = draws_of(truth, found)
    # scipy 1.15 renamed the argument.
    name = "rng" if "rng" in inspect.signature(bootstrap).parameters else "random_state"
    low, high = percentiles(draws, r2_of(truth, found), 0.95)
    expected = bootstrap(
        (np.arange(rows),),
        lambda chosen: r2_of(truth[chosen], found[chosen]),
        vectorized=False,
        n_resamples=4000,
        method="percentile",
        **{name: np.random.default_rng(5)},
    )
    scale = expected.standard_error
    # The limits of 2000 draws vary by a twentieth of that.
    np.testing.assert_allclose(draws.mean(), expected.bootstrap_distribution.mean(), atol=scale / 8)
    np.testing.assert_allclose((low, high), expected.confidence_interval, atol=scale / 4)


def test_groups_of_many_rows_have_the_same_spread(rng):
    rows = 3 * GROUPS + 7
    truth, found = sample(rng, rows)
    [draws] = draws_of(truth, found)
    # The delta method: the mean influence of a row on the ratio of the two means.
    centred, errors = truth - truth.mean(), (found - truth) ** 2
    ratio = errors.mean() / truth.var()
    influence = (errors - ratio * centred**2) / truth.var()
    expected = influence.std() / np.sqrt(rows)
    np.testing.assert_allclose(draws.std(), expected, rtol=0.1)
    np.testing.assert_allclose(draws.mean(), 1 - ratio, atol=expected / 4)


def test_models_are_drawn_on_the_same_rows(rng):
    truth, found = sample(rng, 100)
    same, other, alone = draws_of(truth, found, found), draws_of(truth, found, -found), None
    np.testing.assert_array_equal(same[0], same[1])
    [alone] = draws_of(truth, -found)
    np.testing.assert_allclose(other[1], alone, rtol=1e-12)
    assert np.all(other[0] > other[1])


def test_a_seed_fixes_the_draws_and_another_changes_them(rng):
    truth, found = sample(rng, 50)
    first = draws_of(truth, found, seed=1)
    np.testing.assert_array_equal(first, draws_of(truth, found, seed=1))
    assert np.corrcoef(first[0], draws_of(truth, found, seed=2)[0])[0, 1] < 0.1


@pytest.mark.parametrize(("rows", "bounds"), [(FEW, (0.82, 0.98)), (150, (0.89, 0.99))])
def test_r2_is_covered_about_as_often_as_promised(rng, rows, bounds):
    noise = 0.7
    wanted = 1 - noise**2 / (1 + noise**2)
    hits = []
    for seed in range(150):
        truth, found = sample(rng, rows, noise=noise)
        [draws] = draws_of(truth, found, seed=seed)
        low, high = percentiles(draws, r2_of(truth, found), 0.95)
        hits.append(low <= wanted <= high)
    assert bounds[0] < np.mean(hits) < bounds[1]


def test_resamples_of_equal_targets_have_no_r2_and_are_left_out(rng):
    truth, found = np.array([[0.0], [1.0]]), np.array([[0.0], [0.5]])
    [draws] = draws_of(truth, found)
    # Half of all resamples of two rows contain one row twice.
    assert np.isnan(draws).mean() == pytest.approx(0.5, abs=0.05)
    low, high = percentiles(draws, 0.5, 0.95)
    assert (low, high) == (pytest.approx(0.5), pytest.approx(0.5))


def test_perfect_predictions_have_an_interval_of_one_point(rng):
    truth, _ = sample(rng, 30)
    assert percentiles(draws_of(truth, truth)[0], 1.0, 0.95) == (1.0, 1.0)


def test_percentiles_are_quantiles_that_contain_the_value():
    draws = np.append(np.arange(1001.0), np.nan)
    assert percentiles(draws, 500.0, 0.9) == pytest.approx((50.0, 950.0))
    assert percentiles(draws, -3.0, 0.9) == pytest.approx((-3.0, 950.0))
    assert percentiles(draws, 2000.0, 0.9) == pytest.approx((50.0, 2000.0))
