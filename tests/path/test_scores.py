"""The standard errors of scores, and the choice of lambda by them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import sem, ttest_rel

from xl2.path.scores import (
    highest,
    near_highest,
    standard_errors,
    within_one_standard_error,
)

pytestmark = pytest.mark.host

NAN = math.nan
# Scores that are far apart, so that rounding cannot decide.
SCORES = st.one_of(st.just(NAN), st.integers(-40, 40).map(lambda number: number / 40))


def chosen(means, losses, errors):
    """Return the best index, and the largest within one standard error, by a loop."""
    top = None
    for k, mean in enumerate(means):
        if math.isnan(mean):
            continue
        if top is None or (mean, -losses[k]) > (means[top], -losses[top]):
            top = k
    largest = top
    for k, mean in enumerate(means):
        if not math.isnan(mean) and means[top] - mean <= errors[top]:
            largest = k
    return top, largest


def choices(means, errors, losses=None):
    means = np.array(means)
    losses = np.zeros(len(means)) if losses is None else np.array(losses)
    top = highest(means, -losses)
    within = within_one_standard_error(means, np.broadcast_to(errors, means.shape), top)
    assert not within[np.isnan(means)].any()
    return top, int(np.flatnonzero(within)[-1])


NUMBERS = st.tuples(SCORES, st.integers(0, 3), st.integers(0, 20).map(lambda n: (n + 0.5) / 40))


@given(
    st.lists(NUMBERS, min_size=1).filter(
        lambda rows: not all(math.isnan(mean) for mean, _, _ in rows)
    )
)
def test_both_choices_equal_those_of_a_loop(rows):
    means, losses, errors = map(list, zip(*rows, strict=True))
    assert choices(means, errors, losses) == chosen(means, losses, errors)


@pytest.mark.parametrize(
    ("means", "errors", "top", "largest"),
    [
        # The largest lambda, on the far side of the best: never the smallest.
        ([0.88, 0.89, 0.9, 0.89, 0.88, 0.5], 0.015, 2, 3),
        ([0.88, 0.89, 0.9, 0.89, 0.88, 0.5], 0.025, 2, 4),
        ([0.88, 0.89, 0.9, 0.5, 0.4, 0.3], 0.025, 2, 2),
        # There may be a smaller lambda that is not within.
        ([0.9, 0.7, 0.89], 0.02, 0, 2),
        # Of equal scores and losses, the smallest lambda.
        ([0.7, 0.9, 0.9, 0.8], 0.01, 1, 2),
        ([0.9, 0.9, 0.9], 0.0, 0, 2),
        ([0.9, 0.85, 0.8], 1.0, 0, 2),
        ([NAN, 0.9, NAN, 0.85, NAN], 0.06, 1, 3),
        ([-5.0, -3.0, -4.0], 0.5, 1, 1),
        ([0.5], 0.0, 0, 0),
    ],
)
def test_examples(means, errors, top, largest):
    assert choices(means, errors) == (top, largest)


@pytest.mark.parametrize(
    ("losses", "top"),
    [
        ([0.5, 0.1, 0.42], 1),
        ([0.5, 0.42, 0.1], 2),
        ([0.1, 0.1, 0.42], 0),
        ([NAN, 0.3, 0.2], 2),
        ([NAN] * 3, 0),
    ],
)
def test_of_equal_scores_the_lower_loss_wins(losses, top):
    assert choices([0.97, 0.97, 0.97], 0.0, losses)[0] == top


def test_a_loss_decides_between_equal_scores_only():
    assert choices([0.97, 0.98, 0.97], 0.0, [0.1, 0.9, 0.1])[0] == 1


def test_folds_of_equal_scores_have_no_standard_error_by_their_rounding():
    scores = np.array([[0.6609, 0.6609, np.nextafter(0.6609, 1.0)], [0.1, 0.2, 0.3]])[..., None]
    errors = standard_errors(scores, np.zeros_like(scores))
    np.testing.assert_allclose(errors, [0.0, 0.1 / np.sqrt(3.0)], rtol=1e-12, atol=0.0)


def test_the_standard_error_is_that_of_the_best_lambda():
    means = [0.8, 0.9, 0.85]
    assert choices(means, [1.0, 0.01, 1.0])[1] == 1
    assert choices(means, [0.0, 0.06, 0.0])[1] == 2


def test_without_a_standard_error_the_best_is_chosen():
    assert choices([0.8, 0.9, 0.85], NAN)[1] == 1


def test_rounding_does_not_decide():
    tenths = np.mean([0.1 + 0.2, 0.3])  # a little above 0.3
    assert tenths > 0.3
    assert choices([0.3, tenths], 0.0)[0] == 0
    assert choices([tenths, 0.3], 0.0, [0.2, 0.1])[0] == 1
    # 0.3 - 0.1 is a little below 0.2, and 0.8 - 0.1 a little above 0.7.
    assert 0.8 - 0.1 > 0.7
    assert choices([0.8, 0.7], 0.1)[1] == 1
    assert choices([0.8, 0.7 - 1e-9], 0.1)[1] == 0


# Scores close to the highest.


@given(st.integers(0, 10**6), st.integers(2, 6))
def test_a_score_is_close_if_its_t_statistic_is_at_most_one_half(seed, folds):
    scores = np.random.default_rng(seed).normal(size=(5, folds))
    top = int(scores.mean(axis=1).argmax())
    expected = [k == top or ttest_rel(scores[top], scores[k]).statistic <= 0.5 for k in range(5)]
    assert near_highest(scores, top).tolist() == expected


def test_what_all_lambdas_share_in_a_fold_does_not_matter():
    folds = np.array([0.5, 0.7, 0.9])
    scores = np.stack([folds, folds - 0.01, folds - [0.02, 0.0, 0.01], folds - [0.05, -0.05, 0.01]])
    assert near_highest(scores, 0).tolist() == [True, False, False, True]


def test_equal_scores_are_close_and_a_missing_one_is_not():
    scores = np.array([[0.9, 0.8], [0.9, 0.8], [NAN, 0.9]])
    assert near_highest(scores, 0).tolist() == [True, True, False]


def test_with_one_fold_nothing_is_close():
    assert near_highest(np.array([[0.9], [0.9]]), 1).tolist() == [False, True]


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
