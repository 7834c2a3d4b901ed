"""The predicted gain of a setting, against a formula written another way and a simulation."""

from __future__ import annotations

import numpy as np
import pytest
from evidence_tools import evidence
from scipy import stats

from xl2.diagnosis.gains import CONFIDENCE, paired_gain, variance_of_gain

pytestmark = pytest.mark.host


def by_formula(folds, trained):
    """Return the mean and the interval of Nadeau and Bengio, of the differences in each fold.

    The variance of a fold's mean is estimated by the means and by the samples.
    """
    means = np.array([np.mean(fold) for fold in folds])
    size = np.mean([len(fold) for fold in folds])
    if len(folds) == 1:
        scale, degrees = np.sqrt(2) * stats.sem(folds[0], ddof=0), len(folds[0]) - 1
    else:
        spreads = [stats.tvar(means), np.mean([stats.sem(fold, ddof=0) ** 2 for fold in folds])]
        scale = np.sqrt(np.mean(spreads) * (1 / len(folds) + size / trained))
        degrees = 2 * (len(folds) - 1)
    center = np.concatenate(folds).mean()
    return center, stats.t.interval(CONFIDENCE, degrees, center, scale)


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("differences", ["values", "answers"])
def test_the_interval_is_that_of_nadeau_and_bengio(rng, count, differences):
    d = rng.normal(0.1, 1.0, 60) if differences == "values" else rng.integers(-1, 2, 60) * 1.0
    found = evidence(np.zeros(60), folds=count, rows=47)
    gain, interval = paired_gain(found, d, d)
    expected, limits = by_formula(np.split(d, count), 47)
    assert gain == pytest.approx(expected)
    assert interval == pytest.approx(limits)


def test_folds_of_one_sample_have_only_their_means(rng):
    d = rng.normal(size=12)
    variance, degrees = variance_of_gain(evidence(np.zeros(12), folds=12, rows=11), d)
    assert variance == pytest.approx(d.var(ddof=1) * (1 / 12 + 1 / 11))
    assert degrees == 22


def test_only_the_shares_of_weights_count(rng):
    d, weights = rng.normal(size=60), rng.integers(0, 4, 60).astype(float)
    weights[::20] = 1.0
    one, three = (evidence(np.zeros(60), weights=k * weights) for k in (1, 3))
    assert paired_gain(one, d, d)[0] == pytest.approx(np.average(d, weights=weights))
    assert paired_gain(one, d, d)[1] == pytest.approx(paired_gain(three, d, d)[1])
    # What a sample without weight says does not matter.
    changed = np.where(weights == 0.0, 1e3, d)
    assert paired_gain(one, changed, changed)[1] == pytest.approx(paired_gain(one, d, d)[1])


def test_equal_values_gain_nothing_for_certain():
    zeros = np.zeros(60)
    assert paired_gain(evidence(zeros), zeros, zeros) == (0.0, (0.0, 0.0))


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("n", [20, 2000])
def test_equal_answers_are_no_certain_tie(rng, count, n):
    zeros, rows = np.zeros(n), 0.8 * n
    found = evidence(zeros, folds=count, rows=rows)
    gain, (low, high) = paired_gain(found, zeros, rng.normal(1.0, 1.0, n))
    # The squares of half a sample gained and half a sample lost add up to 1.
    shared = 2.0 if count == 1 else 1.0 + count * (n / count) / rows
    half = stats.t.ppf(0.95, n - 1 if count == 1 else 2 * (count - 1)) * np.sqrt(shared) / n
    assert (gain, low, high) == pytest.approx((0.0, -half, half))
    # One gained and one lost in the same fold show less of a tie.
    other = zeros.copy()
    other[:2] = 1.0, -1.0
    assert np.ptp(paired_gain(found, other, rng.normal(size=n))[1]) > 1.4 * half
    # Weights that are all equal change nothing.
    weighted = evidence(zeros, folds=count, rows=rows, weights=np.full(n, 7.0))
    assert paired_gain(weighted, zeros, np.ones(n))[1] == pytest.approx((-half, half))


def test_the_log_loss_moves_a_prediction_to_its_side(rng):
    d = rng.integers(-1, 2, 100) * 1.0
    found = evidence(np.zeros(100))
    plain, interval = paired_gain(found, d, d)
    noise = rng.normal(size=100)
    noise -= noise.mean()
    better, worse = (paired_gain(found, d, noise + shift) for shift in (1.0, -1.0))
    assert worse[0] < plain < better[0]
    assert np.ptp(better[1]) == pytest.approx(np.ptp(interval))
    # Its unit does not matter, nor do a few enormous losses.
    assert paired_gain(found, d, 10 * (noise + 1.0))[0] == pytest.approx(better[0])
    sure = noise.copy()
    sure[3] = -1e6
    half = np.ptp(interval) / 2
    assert abs(paired_gain(found, d, sure)[0] - plain) < half


@pytest.mark.parametrize("count", [3, 5, 10])
def test_the_interval_holds_the_gain_of_folds_that_are_as_alike_as_assumed(count):
    """Nadeau and Bengio assume a correlation of the share of the samples that are validated on."""
    rng, size, runs = np.random.default_rng(0), 20, 500
    alike, held = 1.0 / count, 0
    for _ in range(runs):
        own = rng.normal(0.0, np.sqrt(size * (1 - alike)), (count, size))
        d = (0.3 + np.sqrt(alike) * rng.normal() + own).ravel()
        low, high = paired_gain(evidence(np.zeros(count * size), folds=count), d, d)[1]
        held += low <= 0.3 <= high
    assert 0.87 < held / runs < 0.96
