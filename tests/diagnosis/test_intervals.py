"""Intervals against statsmodels, formulas, enumeration and loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multinomial, norm
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from xl2.diagnosis.intervals import (
    FEW,
    GROUPS,
    paired_difference,
    percentiles,
    r2_difference,
    r2_interval,
    wilson,
)

pytestmark = pytest.mark.host

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


# How many samples only the first, and only the second gets right, and all.
pairs = st.tuples(*[st.integers(0, 60)] * 3).filter(any).map(lambda t: (t[0], t[1], sum(t)))


@given(pairs, confidences)
def test_the_paired_difference_is_that_of_two_more_samples(counts, confidence):
    first, second, rows = counts
    # Half a sample each for both right, only one right, and none.
    values, weights = [1.0, -1.0, 0.0], [first + 0.5, second + 0.5, rows - first - second + 1.0]
    more = DescrStatsW(values, weights=np.array(weights))
    margin = norm.ppf(0.5 + confidence / 2) * more.std / np.sqrt(rows + 2)
    low, high = paired_difference(*counts, confidence)
    difference = (first - second) / rows
    assert low == pytest.approx(max(min(more.mean - margin, difference), -1.0))
    assert high == pytest.approx(min(max(more.mean + margin, difference), 1.0))
    assert paired_difference(second, first, rows, confidence) == pytest.approx((-high, -low))


@pytest.mark.parametrize(
    ("rows", "chances", "bounds"),
    [
        (30, (0.2, 0.1), (0.935, 0.965)),
        (30, (0.05, 0.05), (0.935, 1.0)),  # three samples differ
        (100, (0.08, 0.02), (0.935, 0.965)),
        (100, (0.15, 0.15), (0.935, 0.965)),
    ],
)
def test_the_paired_difference_is_covered_as_often_as_promised(rows, chances, bounds):
    """Over every pair of counts, weighted by its probability."""
    covered = 0.0
    for a in range(rows + 1):
        for b in range(rows + 1 - a):
            chance = multinomial.pmf((a, b, rows - a - b), rows, (*chances, 1 - sum(chances)))
            if chance > 1e-9:
                low, high = paired_difference(a, b, rows, 0.95)
                covered += chance * (low <= chances[0] - chances[1] <= high)
    assert bounds[0] < covered <= bounds[1]


def r2_of(truth, found):
    return np.mean(1 - ((found - truth) ** 2).mean(axis=0) / truth.var(axis=0))


def sample(rng, rows, outputs=1, noise=0.5):
    found = rng.normal(size=(rows, outputs))
    return found + noise * rng.normal(size=(rows, outputs)), found


def parts_of(truth, *found):
    return truth - truth.mean(axis=0), *((f - truth) ** 2 for f in found)


def unexplained(weights, truth, *found):
    """Return 1 - R2 of weighted samples, or the first one's less the second's."""
    around = truth - np.average(truth, axis=0, weights=weights)
    parts = [weights @ (f - truth) ** 2 / (weights @ around**2) for f in found]
    return np.mean(parts[0] - sum(parts[1:]))


def ratio_and_error(truth, *found):
    """Return that, and its standard error by numerical derivatives: the infinitesimal jackknife."""
    rows, step = len(truth), 1e-6
    value = unexplained(np.ones(rows), truth, *found)
    slopes = [
        (unexplained(1 + step * (np.arange(rows) == k), truth, *found) - value) / step
        for k in range(rows)
    ]
    return value, np.sqrt(rows / (rows - 1) * np.square(slopes).sum())


def studentised(truth, *found, rng, resamples=400):
    """Return the interval of R2, or of the second's less the first's, by loops."""
    value, error = ratio_and_error(truth, *found)
    single, distances = len(found) == 1, []
    for _ in range(resamples):
        drawn = rng.integers(len(truth), size=len(truth))
        again, spread = ratio_and_error(truth[drawn], *(f[drawn] for f in found))
        away = np.log(again / value) / (spread / again) if single else (again - value) / spread
        distances.append(abs(away))
    margin = np.quantile(distances, 0.95) * error
    if single:
        return 1 - value * np.exp(margin / value), 1 - value * np.exp(-margin / value)
    return value - margin, value + margin


@pytest.mark.parametrize(("rows", "outputs"), [(25, 1), (20, 3)])
def test_the_intervals_of_r2_are_those_of_loops(rng, rows, outputs):
    truth, found = sample(rng, rows, outputs)
    other = found + 0.3 * rng.normal(size=found.shape)
    centred, errors, more = parts_of(truth, found, other)
    # The quantile of 400 draws varies by a twentieth.
    low, high = r2_interval(centred, errors, 0.95)
    expected = studentised(truth, found, rng=rng)
    assert (low, high) == pytest.approx(expected, abs=(high - low) / 10)
    low, high = r2_difference(centred, errors, more, 0.95)
    expected = studentised(truth, found, other, rng=rng)
    assert (low, high) == pytest.approx(expected, abs=(high - low) / 10)


@pytest.mark.parametrize("rows", [40, GROUPS + 200])
def test_the_order_of_the_samples_does_not_change_the_intervals(rng, rows):
    truth, found = sample(rng, rows, outputs=2)
    truth[: rows // 2] = np.round(truth[: rows // 2])  # equal values occur
    parts = parts_of(truth, found, 0.8 * found)
    order = rng.permutation(rows)
    others = [part[order] for part in parts]
    assert r2_interval(*others[:2], 0.95) == pytest.approx(r2_interval(*parts[:2], 0.95))
    assert r2_difference(*others, 0.95) == pytest.approx(r2_difference(*parts, 0.95))


def test_many_rows_have_the_interval_of_the_delta_method(rng):
    rows = 3 * GROUPS + 7
    truth, found = sample(rng, rows)
    centred, errors = parts_of(truth, found)
    ratio = errors.mean() / truth.var()
    influence = (errors - ratio * centred**2) / truth.var()
    margin = 1.96 * influence.std() / np.sqrt(rows)
    expected = (1 - ratio - margin, 1 - ratio + margin)
    assert r2_interval(centred, errors, 0.95) == pytest.approx(expected, abs=margin / 5)


def test_the_difference_of_r2_turns_round_and_widens_with_confidence(rng):
    truth, found = sample(rng, 50)
    parts = parts_of(truth, found, 0.8 * found)
    low, high = r2_difference(*parts, 0.95)
    assert r2_difference(parts[0], parts[2], parts[1], 0.95) == pytest.approx((-high, -low))
    wider = r2_difference(*parts, 0.99)
    assert wider[0] < low < r2_of(truth, 0.8 * found) - r2_of(truth, found) < high < wider[1]


@pytest.mark.parametrize("rows", [FEW, 80])
def test_r2_is_covered_about_as_often_as_promised(rng, rows):
    noise, hits = 0.7, []
    for _ in range(100):
        truth, found = sample(rng, rows, noise=noise)
        centred, errors, other = parts_of(truth, found, 0.8 * found)
        low, high = r2_interval(centred, errors, 0.95)
        hits.append(low <= 1 - noise**2 / (1 + noise**2) <= high)
        low, high = r2_difference(centred, errors, other, 0.95)
        hits.append(low <= -(0.2**2) / (1 + noise**2) <= high)
    assert 0.91 < np.mean(hits) < 0.99


def test_the_limits_of_r2_are_numbers_however_few_the_rows(rng):
    for rows in range(2, 8):
        truth, found = sample(rng, rows)
        centred, errors, other = parts_of(truth, found, -found)
        low, high = r2_interval(centred, errors, 0.95)
        assert -np.inf < low <= r2_of(truth, found) <= high <= 1.0
        assert np.isfinite(r2_difference(centred, errors, other, 0.95)).all()


def test_perfect_and_equal_predictions_have_an_interval_of_one_point(rng):
    truth, found = sample(rng, 30)
    centred, none, errors = parts_of(truth, truth, found)
    assert r2_interval(centred, none, 0.95) == (1.0, 1.0)
    assert r2_difference(centred, errors, errors, 0.95) == (0.0, 0.0)


def test_percentiles_are_quantiles_that_contain_the_value():
    draws = np.append(np.arange(1001.0), np.nan)
    assert percentiles(draws, 500.0, 0.9) == pytest.approx((50.0, 950.0))
    assert percentiles(draws, -3.0, 0.9) == pytest.approx((-3.0, 950.0))
    assert percentiles(draws, 2000.0, 0.9) == pytest.approx((50.0, 2000.0))
