"""The corrected score of the best setting, against loops, the mean, and a simulation."""

from __future__ import annotations

import numpy as np
import pytest

from xl2.diagnosis.intervals import GROUPS
from xl2.diagnosis.selection import bias_corrected

pytestmark = pytest.mark.host


def answers(rng, settings, samples, chance=0.8, alike=0.5):
    """Return equally good settings, all of which get the same part of the samples right."""
    easy = rng.random(samples) < alike
    right = rng.random((settings, samples)) < (chance - alike) / (1 - alike)
    return (easy | right).astype(float)


def by_loops(scores, judges, rng, resamples=3000):
    rows, found = scores.shape[1], []
    for _ in range(resamples):
        drawn = rng.integers(rows, size=rows)
        out = np.setdiff1d(np.arange(rows), drawn)
        if len(out):
            found.append(scores[judges[:, drawn].mean(axis=1).argmax(), out].mean())
    return np.mean(found)


@pytest.mark.parametrize("rows", [8, 60])
@pytest.mark.parametrize("own", [True, False])
def test_it_is_the_definition_in_loops(rng, rows, own):
    scores = rng.normal(size=(6, rows))
    judges = scores if own else scores + rng.normal(size=scores.shape)
    found = bias_corrected(scores, 0.95, chosen_by=None if own else judges)
    expected = by_loops(scores, judges, rng)
    assert found.value == pytest.approx(expected, abs=0.15 / np.sqrt(rows))
    assert found.low < found.value < found.high


def test_the_best_of_equal_settings_is_not_flattered(rng):
    naive, corrected = [], []
    for _ in range(60):
        scores = answers(rng, 20, 150)
        naive.append(scores.mean(axis=1).max() - 0.8)
        corrected.append(bias_corrected(scores, 0.95).value - 0.8)
    error = np.std(corrected) / np.sqrt(60)
    assert abs(np.mean(corrected)) < 3 * error
    assert np.mean(naive) > 0.03 > 6 * error


@pytest.mark.parametrize("rows", [400, 3 * GROUPS + 7])
def test_the_score_of_one_setting_is_its_mean(rng, rows):
    scores = answers(rng, 1, rows)
    found, error = bias_corrected(scores, 0.95), scores.std() / np.sqrt(rows)
    assert found.value == pytest.approx(scores.mean(), abs=error / 5)
    # A part of the samples, 1 / e, varies around the mean of all by the finite-population rule.
    wider = np.sqrt(np.e - 1.0)
    assert found.high - found.low == pytest.approx(2 * 1.96 * wider * error, rel=0.1)


def test_a_setting_that_is_far_better_is_not_corrected(rng):
    scores = np.stack([*answers(rng, 5, 200, chance=0.6), *answers(rng, 1, 200, chance=0.95)])
    alone = bias_corrected(scores[-1:], 0.95)
    assert bias_corrected(scores, 0.95) == pytest.approx(alone)


def test_a_seed_fixes_it_and_more_confidence_widens_it(rng):
    scores = answers(rng, 4, 80)
    found = bias_corrected(scores, 0.95)
    assert found == bias_corrected(scores, 0.95)
    assert found != bias_corrected(scores, 0.95, seed=1)
    wider = bias_corrected(scores, 0.99)
    assert wider.low < found.low < found.high < wider.high


def test_two_samples_are_enough():
    # Resamples that lack no sample are half of all.
    found = bias_corrected(np.array([[1.0, 0.0], [0.0, 1.0]]), 0.95)
    # The setting that is right on one sample is wrong on the other.
    assert found == (0.0, 0.0, 0.0)
