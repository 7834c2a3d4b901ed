"""The gain of more samples, extrapolated from learning curves that are known."""

from __future__ import annotations

import numpy as np
import pytest
from evidence_tools import evidence, part, right

from xl2.diagnosis.learning_curve import extrapolated

pytestmark = pytest.mark.host

ROWS = (40, 80, 120, 160)  # of 200 samples, the last for all that a fold has


def curve(error, rows=ROWS, rng=None, count=200):
    """Return evidence of which every part of the rows has the error that a function gives."""

    def scores(rows):
        if rng is None:
            return np.full(count, 1.0 - error(rows / count))
        return (rng.random(count) >= error(rows / count)).astype(float)

    *parts, last = rows
    return evidence(scores(last), curve=[part(scores(r), r) for r in parts], rows=last)


@pytest.mark.parametrize("limit", [0.0, 0.1])
@pytest.mark.parametrize("b", [0.4, 0.7, 1.0])
def test_a_power_law_is_continued(limit, b):
    found = curve(lambda rows: limit + 0.08 * rows**-b)
    gain, (low, high) = extrapolated(found, 0.9)
    truth = 0.08 * (1 - 2**-b)
    # A fit without a limit of the error lies a little beside.
    assert 0.97 * low <= truth <= 1.03 * high
    assert gain == pytest.approx(truth, rel=0.4)
    # Any number of samples leaves the limit.
    low, high = extrapolated(found, 0.9, float("inf"))[1]
    assert 0.97 * low <= 0.08 <= 1.03 * high


def test_more_samples_gain_more():
    found = curve(lambda rows: 0.1 + 0.1 * rows**-0.7)
    gains = [extrapolated(found, 0.9, times)[0] for times in (1.0, 1.5, 2.0, 4.0, float("inf"))]
    assert gains[0] == pytest.approx(0.0)
    assert gains == sorted(gains)
    low, high = zip(*(extrapolated(found, c)[1] for c in (0.5, 0.9)), strict=True)
    assert low[1] <= low[0] <= high[0] <= high[1]


def test_no_more_is_gained_than_there_are_errors():
    """A curve steeper than any power law: a fit without a bound goes below an error of 0."""
    found = curve(lambda rows: 0.4 * (1 - rows) ** 2 + 0.01)
    gain, (_, high) = extrapolated(found, 0.9, float("inf"))
    errors = [1.0 - float(trial.scores.mean()) for trial in found.curve]
    assert 0.0 < extrapolated(found, 0.9)[0] < gain <= high
    assert gain < min(errors)


@pytest.mark.parametrize("slope", [0.0, 0.1])
def test_a_curve_that_does_not_fall_gains_nothing(slope):
    found = curve(lambda rows: 0.2 + slope * rows)
    assert extrapolated(found, 0.9)[0] == pytest.approx(0.0, abs=1e-6)
    assert extrapolated(found, 0.9, float("inf"))[0] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("count", [20, 2000])
def test_equal_answers_are_no_certain_end_of_the_curve(count):
    """As in a table of actions: half a sample may be gained or lost."""
    same = right(count * 4 // 5, count)
    found = evidence(same, curve=[part(same, count * k // 5) for k in (1, 2, 3)], rows=0.8 * count)
    gain, (low, high) = extrapolated(found, 0.9)
    assert gain == pytest.approx(0.0, abs=1e-9)
    expected = 1.645 * np.sqrt(1 + 1 / 0.8) / count
    assert (-low, high) == pytest.approx((expected, expected), rel=0.2)


@pytest.mark.parametrize("rows", [(160,), (120, 160)])
def test_two_points_are_no_curve(rows):
    assert extrapolated(curve(lambda part: 0.1 / part, rows), 0.9) is None


def test_noise_is_within_the_interval():
    """Parts that are scored on other draws than the whole, with a true gain of 5 points."""
    rng, held, runs = np.random.default_rng(1), 0, 30
    for _ in range(runs):
        found = curve(lambda rows: 0.1 + 0.1 * rows**-1.0, rng=rng)
        low, high = extrapolated(found, 0.9)[1]
        held += low <= 0.05 <= high
    assert held >= 0.8 * runs


def test_weights_count(rng):
    """Samples without weight may be scored in any way."""
    known = curve(lambda rows: 0.1 + 0.1 * rows**-0.7)
    weights = np.where(np.arange(200) % 2, 1.0, 0.0)
    wrong = [part(trial.scores * weights, int(trial.rows)) for trial in known.curve]
    found = evidence(known.scores[0] * weights, curve=wrong, rows=160, weights=weights)
    assert extrapolated(found, 0.9)[0] == pytest.approx(extrapolated(known, 0.9)[0], rel=1e-5)
