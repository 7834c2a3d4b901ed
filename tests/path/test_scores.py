"""The standard errors of scores, and the choice of lambda by them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import sem

from xl2.path.scores import best, one_standard_error, standard_errors

pytestmark = pytest.mark.host

NAN = math.nan
# Scores that are far apart, so that rounding cannot decide.
SCORES = st.one_of(st.just(NAN), st.integers(-40, 40).map(lambda number: number / 40))


def simplest_within(means, errors):
    """Return the best index, and the largest within one standard error, by a loop."""
    top = None
    for k, mean in enumerate(means):
        if not math.isnan(mean) and (top is None or mean >= means[top]):
            top = k
    chosen = top
    for k in range(top, len(means)):
        if not math.isnan(means[k]) and means[top] - means[k] <= errors[top]:
            chosen = k
    return top, chosen


@given(
    st.lists(
        st.tuples(SCORES, st.integers(0, 20).map(lambda n: (n + 0.5) / 40)), min_size=1
    ).filter(lambda pairs: not all(math.isnan(mean) for mean, _ in pairs))
)
def test_both_choices_equal_those_of_a_loop(pairs):
    means, errors = np.array(pairs).T
    top, chosen = simplest_within(means.tolist(), errors.tolist())
    assert best(means) == top
    assert one_standard_error(means, errors) == chosen
    assert chosen >= top


@pytest.mark.parametrize(
    ("means", "errors", "top", "chosen"),
    [
        # The largest lambda, on the far side of the best: never the smallest.
        ([0.88, 0.89, 0.9, 0.89, 0.88, 0.5], 0.015, 2, 3),
        ([0.88, 0.89, 0.9, 0.89, 0.88, 0.5], 0.025, 2, 4),
        ([0.88, 0.89, 0.9, 0.5, 0.4, 0.3], 0.025, 2, 2),
        # There may be a smaller lambda that is not within.
        ([0.9, 0.7, 0.89], 0.02, 0, 2),
        ([0.7, 0.9, 0.9, 0.8], 0.01, 2, 2),
        ([0.9, 0.9, 0.9], 0.0, 2, 2),
        ([0.9, 0.85, 0.8], 1.0, 0, 2),
        ([NAN, 0.9, NAN, 0.85, NAN], 0.06, 1, 3),
        ([-5.0, -3.0, -4.0], 0.5, 1, 1),
        ([0.5], 0.0, 0, 0),
    ],
)
def test_examples(means, errors, top, chosen):
    means = np.array(means)
    assert best(means) == top
    assert one_standard_error(means, np.full(len(means), errors)) == chosen


def test_the_standard_error_is_that_of_the_best_lambda():
    means = np.array([0.8, 0.9, 0.85])
    assert one_standard_error(means, np.array([1.0, 0.01, 1.0])) == 1
    assert one_standard_error(means, np.array([0.0, 0.06, 0.0])) == 2


def test_without_a_standard_error_the_best_is_chosen():
    assert one_standard_error(np.array([0.8, 0.9, 0.85]), np.full(3, NAN)) == 1


def test_rounding_does_not_decide():
    tenths = np.mean([0.1 + 0.2, 0.3])  # a little above 0.3
    assert tenths > 0.3
    assert best(np.array([tenths, 0.3])) == 1
    # 0.3 - 0.1 is a little below 0.2, and 0.8 - 0.1 a little above 0.7.
    assert 0.8 - 0.1 > 0.7
    assert one_standard_error(np.array([0.8, 0.7]), np.array([0.1, 0.1])) == 1
    assert one_standard_error(np.array([0.8, 0.7 - 1e-9]), np.array([0.1, 0.1])) == 0


# Standard errors.


@pytest.mark.parametrize("seeds", [1, 3])
def test_with_several_folds_it_is_the_standard_error_of_their_means(rng, seeds):
    scores = rng.random((4, 5, seeds))
    scores[3, 2, 0] = NAN
    found = standard_errors(scores, np.full(scores.shape, 99.0))
    expected = [sem([np.mean(fold) for fold in scores[k]]) for k in range(3)]
    np.testing.assert_allclose(found, [*expected, NAN], rtol=1e-12)


def test_with_one_fold_it_comes_from_the_samples():
    errors = np.array([0.01, 0.02, NAN]).reshape(3, 1, 1)
    found = standard_errors(np.full((3, 1, 1), 0.5), errors)
    np.testing.assert_allclose(found, [0.01, 0.02, NAN])


def test_with_one_fold_and_several_seeds_it_comes_from_both(rng):
    scores, errors = rng.random((2, 1, 4)), rng.random((2, 1, 4))
    found = standard_errors(scores, errors)
    for k in range(2):
        samples = np.mean([error**2 for error in errors[k, 0]])
        assert found[k] == pytest.approx(math.hypot(math.sqrt(samples), sem(scores[k, 0])))


def test_more_seeds_do_not_reduce_the_error_of_the_samples(rng):
    """All seeds are evaluated on the same validation samples."""
    n, seeds = 50, 20
    right = rng.random((4000, n)) < 0.8
    scores = np.repeat(right.mean(axis=1)[:, None, None], seeds, axis=2)
    found = standard_errors(scores, np.sqrt(scores * (1 - scores) / n))
    np.testing.assert_allclose(found.mean(), scores[:, 0, 0].std(), rtol=0.05)
