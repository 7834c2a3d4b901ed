"""The null model beside a test score, against scikit-learn's and statsmodels' answers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from statsmodels.stats.contingency_tables import mcnemar

from xl2.diagnosis.null_model import beside_the_null_model
from xl2.diagnosis.predictions import Accuracy, evaluate_values

pytestmark = pytest.mark.host


def table(model, null):
    return [[np.sum(a & b) for b in (null, ~null)] for a in (model, ~model)]


@pytest.mark.parametrize("labels", [[0, 1, 2], ["a", "b", "c"], [2.0, 3.0, 5.0]])
def test_it_is_the_most_frequent_training_label(rng, labels):
    y = np.array(labels)[rng.choice(3, 120, p=[0.2, 0.5, 0.3])]
    train, test = y[:80], y[80:]
    right = rng.random(40) < 0.8
    found = beside_the_null_model(Accuracy(right), train, test)
    dummy = DummyClassifier(strategy="most_frequent").fit(train, train)
    assert found.score == dummy.score(test, test)
    assert found.answer == f"always answering {labels[1]!r}"
    # The exact test of statsmodels is two-sided.
    expected = mcnemar(table(right, test == train.dtype.type(labels[1])), exact=True).pvalue
    assert found.p_value == pytest.approx(expected / 2)


def test_a_worse_model_has_a_large_p_value_and_an_equal_one_has_1():
    y = np.array([0] * 30 + [1] * 10)
    assert beside_the_null_model(Accuracy(y == 1), y, y).p_value > 0.99
    assert beside_the_null_model(Accuracy(y == 0), y, y).p_value == 1.0


def test_p_values_of_a_model_that_guesses_are_seldom_small(rng):
    """One that deviates from the null model at random, half of the time rightly."""
    y = np.arange(100) % 2
    small = 0
    for _ in range(400):
        own = np.where(rng.random(100) < 0.4, rng.random(100) < 0.5, y == 0)
        small += beside_the_null_model(Accuracy(own), y * 0, y).p_value < 0.05
    assert small <= 0.05 * 400 + 2 * np.sqrt(0.05 * 0.95 * 400)


def test_several_labels_are_answered_together():
    train = np.array([[0, 1], [0, 1], [1, 1], [0, 0]])
    test = np.array([[0, 1], [1, 1], [0, 0]])
    found = beside_the_null_model(Accuracy(np.array([True, True, True])), train, test)
    assert found.score == pytest.approx(1 / 3)
    assert found.answer == "always answering the most frequent labels"
    assert found.p_value == pytest.approx(0.25)


def test_the_null_model_of_values_has_an_r2_of_0(rng):
    y = rng.normal(size=(50, 1))
    good = evaluate_values(y + 0.1 * rng.normal(size=(50, 1)), y, "test")
    bad = evaluate_values(rng.normal(size=(50, 1)), y, "test")
    assert beside_the_null_model(good, y, y) == (0.0, "the mean of the target", None)
    assert beside_the_null_model(good, y, y).caution(good) == ""
    assert "R2 is not above 0" in beside_the_null_model(bad, y, y).caution(bad)


def test_a_caution_has_both_scores():
    y = np.array([0] * 30 + [1] * 10)
    poor, good = Accuracy(np.arange(40) < 31), Accuracy(np.arange(40) < 39)
    assert beside_the_null_model(good, y, y).caution(good) == ""
    text = beside_the_null_model(poor, y, y).caution(poor)
    assert "77.50 % against 75.00 %, p = 0.5" in text
    assert "not shown to be better than always answering 0" in text
