"""Two lambdas on the same samples, against scipy, scikit-learn and simulations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel
from sklearn.metrics import r2_score

from xl2.diagnosis.comparison import compare_labels, compare_values, samples_for_mcnemar
from xl2.diagnosis.intervals import paired_difference

pytestmark = pytest.mark.host


def answers(both, only_a, only_b, neither):
    """Return whether each of two models got each sample right."""
    right_a = np.repeat([True, True, False, False], [both, only_a, only_b, neither])
    right_b = np.repeat([True, False, True, False], [both, only_a, only_b, neither])
    return right_a, right_b


def compared(table, lams=(0.0, 50.0), confidence=0.95):
    right_a, right_b = answers(*table)
    return compare_labels(lams[0], right_a, lams[1], right_b, confidence)


def flat(comparison):
    return " ".join(str(comparison).split())


def values(rng, rows, noise=(0.5, 0.4), outputs=1):
    truth = rng.normal(size=(rows, outputs))
    found = [truth + size * rng.normal(size=(rows, outputs)) for size in noise]
    errors = [(f - truth) ** 2 for f in found]
    comparison = compare_values(0.0, errors[0], 5.0, errors[1], truth - truth.mean(axis=0), 0.95)
    return comparison, truth, found


def test_four_pictures_of_fifty():
    found = compared((33, 2, 6, 9))
    assert (found.only_a_right, found.only_b_right, found.rows) == (2, 6, 50)
    assert (found.score_a, found.score_b) == (0.70, 0.78)
    assert found.difference == pytest.approx(0.08)
    assert found.p_value == pytest.approx(
        2 * (1 + 8 + 28) / 2**8
    )  # two heads or fewer of eight coins
    assert not found.distinguishable
    assert found.samples_needed == 194
    assert flat(found) == (
        "Lambda 50 gets 39 of 50 test samples right, and no penalty 35: 4 more (6 gained, 2 "
        "lost). The difference is 8.00 points (95 % interval -3.42 to 18.80 points). Exact "
        "McNemar test: p = 0.29. On this test set, lambda 50 cannot be distinguished from no "
        "penalty. Detecting a difference of this size would take about 194 test samples."
    )


def test_the_difference_is_that_of_the_penalised_model():
    found = compared((33, 2, 6, 9))
    assert found.difference_interval == paired_difference(6, 2, 50, 0.95)
    low, high = compared((33, 6, 2, 9)).difference_interval
    assert (-high, -low) == pytest.approx(found.difference_interval)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ((30, 1, 14, 5), "unlikely to be chance: lambda 50 is better than no penalty."),
        ((30, 14, 1, 5), "13 fewer (1 gained, 14 lost)"),
        ((30, 14, 1, 5), "The difference is unlikely to be chance: the penalty costs accuracy."),
        ((30, 3, 2, 15), "1 fewer (2 gained, 3 lost)"),
        ((30, 2, 3, 15), "1 more (3 gained, 2 lost)"),
        ((30, 2, 2, 16), "the same number (2 gained, 2 lost)"),
        (
            (30, 0, 0, 20),
            "p = 1. On this test set, lambda 50 cannot be distinguished from no penalty.",
        ),
        ((0, 0, 5000, 0), "p < 0.0001. The difference is unlikely to be chance"),
    ],
)
def test_the_words_fit_the_counts(table, words):
    assert words in flat(compared(table))


@pytest.mark.parametrize(("table", "p"), [((1, 5, 17, 1), "0.017"), ((1, 0, 6, 0), "0.031")])
def test_the_words_fit_the_level(table, p):
    assert f"p = {p}. The difference is unlikely to be chance" in flat(compared(table))
    assert f"p = {p}. On this test set, lambda 50 cannot" in flat(compared(table, confidence=0.99))


def test_a_p_value_is_never_rounded_to_the_other_side_of_the_level():
    found = compared((0, 0, 6, 0), confidence=1 - 0.0311)
    assert found.p_value == 0.03125
    assert not found.distinguishable
    assert "p = 0.0312. On this test set, lambda 50 cannot" in flat(found)


def test_the_smallest_lambda_is_named():
    words = flat(compared((33, 2, 6, 9), lams=(0.1, 50.0)))
    assert "39 of 50 test samples right, and the smallest lambda (0.1) 35: 4 more" in words
    assert "cannot be distinguished from the smallest lambda (0.1). Detecting" in words


def test_the_words_fit_a_terminal():
    for table in ((33, 2, 6, 9), (10**6, 10**5, 10**5 + 7, 3)):
        assert max(map(len, str(compared(table, lams=(1e-7, 1234.5678))).splitlines())) <= 80


def test_no_number_of_samples_is_named_for_equal_models():
    assert compared((30, 2, 2, 16)).samples_needed is None
    assert "would take" not in str(compared((30, 2, 2, 16)))


def test_an_approximation_below_the_number_of_samples_is_corrected():
    assert samples_for_mcnemar(0.0, 1.0, 0.95) == 4
    found = compared((0, 0, 5, 0))
    assert (found.p_value, found.samples_needed) == (0.0625, 6)


@given(st.tuples(*[st.integers(0, 12)] * 4).filter(any))
def test_more_samples_are_needed_than_were_too_few(table):
    found = compared(table)
    if not found.distinguishable and found.difference:
        assert found.samples_needed > found.rows


@pytest.mark.parametrize("outputs", [1, 3])
def test_regressions_are_compared_by_r2(rng, outputs):
    found, truth, guesses = values(rng, 200, outputs=outputs)
    expected = [r2_score(truth, guess) for guess in guesses]
    assert [found.score_a, found.score_b] == pytest.approx(expected)
    assert found.difference == pytest.approx(expected[1] - expected[0])
    low, high = found.difference_interval
    assert low < found.difference < high
    assert (found.only_a_right, found.only_b_right) == (None, None)


def test_the_p_value_of_one_output_is_that_of_the_squared_errors(rng):
    found, truth, guesses = values(rng, 60, noise=(0.5, 0.42))
    expected = ttest_rel(*((guess - truth).ravel() ** 2 for guess in guesses)).pvalue
    assert found.p_value == pytest.approx(expected)


def test_the_words_of_a_better_regression(rng):
    found, *_ = values(rng, 400, noise=(0.8, 0.2))
    words = flat(found)
    assert f"Lambda 5 has an R2 of {found.score_b:.4f} on the 400 test samples" in words
    assert f"compared with {found.score_a:.4f} for no penalty." in words
    assert "unlikely to be chance: lambda 5 is better than no penalty." in words
    assert found.difference_interval[0] > 0


def test_the_words_of_a_worse_regression(rng):
    found, *_ = values(rng, 400, noise=(0.2, 0.8))
    assert "the penalty costs R2." in flat(found)
    assert found.difference_interval[1] < 0


def test_a_difference_of_regressions_that_could_be_luck_names_the_samples_needed(rng):
    found, *_ = values(rng, 60, noise=(0.5, 0.48))
    assert not found.distinguishable
    assert f"would take about {found.samples_needed} test samples." in flat(found)


def test_equal_regressions_differ_by_nothing(rng):
    truth = rng.normal(size=(20, 1))
    errors = (0.1 * truth) ** 2
    found = compare_values(0.0, errors, 1.0, errors, truth - truth.mean(), 0.95)
    assert (found.difference, found.difference_interval) == (0.0, (0.0, 0.0))
    assert (found.p_value, found.samples_needed) == (1.0, None)


def test_the_interval_covers_the_difference_of_r2_about_as_often_as_promised(rng):
    # 1 - R2 is the variance of the errors divided by that of the targets, which is 1.
    wanted = 0.5**2 - 0.4**2
    intervals = [values(rng, 80)[0].difference_interval for _ in range(150)]
    covered = np.mean([low <= wanted <= high for low, high in intervals])
    assert 0.88 < covered < 0.99
