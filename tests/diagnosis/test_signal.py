"""The permutation test for a signal, against enumeration, scikit-learn, and simulations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from plain_paths import plain_path
from scipy.stats import binomtest, kstest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import LeaveOneGroupOut, permutation_test_score

from xl2.diagnosis.signal import FEWEST, PERMUTATIONS, permutation_test

pytestmark = pytest.mark.host


def fit_of(outputs, y):
    """Return a score of each setting's outputs (settings, n): their mean product with `y`."""

    def score(order):
        return (outputs * y[order]).mean(axis=1)

    return score


def p_value_of(outputs, y, folds=None, seed=0):
    outputs = np.atleast_2d(outputs)
    folds = np.zeros(len(y), int) if folds is None else folds
    return permutation_test(fit_of(outputs, y), y, folds, len(outputs), seed)


def exact(outputs, y, folds):
    """Return the p-value of all orders within folds, each setting in units of its spread."""
    parts = [np.flatnonzero(folds == f) for f in np.unique(folds)]
    orders = [
        np.concatenate(order)
        for order in itertools.product(*(itertools.permutations(part) for part in parts))
    ]
    every = np.array([fit_of(outputs, y)(order) for order in orders])
    standard = (every - every.mean(axis=0)) / every.std(axis=0)
    highest = standard.max(axis=1)
    return np.mean(highest >= highest[0] - 1e-9)


@pytest.mark.parametrize("folds", [[0, 0, 0, 0, 0], [0, 0, 1, 1, 1], [0, 0, 0, 1, 1]])
@pytest.mark.parametrize("settings", [1, 3])
def test_few_samples_have_the_p_value_of_all_their_orders(rng, folds, settings):
    folds, y = np.array(folds), rng.normal(size=5)
    outputs = 0.7 * y + rng.normal(size=(settings, 5))
    expected = exact(outputs, y, folds)
    error = np.sqrt(expected * (1 - expected) / PERMUTATIONS)
    assert p_value_of(outputs, y, folds) == pytest.approx(expected, abs=4 * error + 0.002)


@pytest.mark.parametrize("settings", [1, 8])
def test_without_a_signal_every_p_value_is_as_likely(rng, settings):
    """Settings that are alike, as those of neighbouring lambdas are."""
    found = []
    for _ in range(80):
        y, common = rng.normal(size=30), rng.normal(size=30)
        outputs = common + 0.5 * rng.normal(size=(settings, 30))
        found.append(p_value_of(outputs, y, np.arange(30) // 10))
    assert kstest(found, "uniform").pvalue > 0.01
    assert binomtest(sum(p <= 0.05 for p in found), len(found), 0.05).pvalue > 0.01


def test_a_signal_in_one_of_many_settings_is_found(rng):
    y = rng.normal(size=60)
    outputs = rng.normal(size=(10, 60))
    assert p_value_of(outputs, y) > 0.02
    outputs[7] += y
    assert p_value_of(outputs, y) == 1 / (PERMUTATIONS + 1)


def test_what_folds_share_is_no_signal(rng):
    """Outputs that know the mean of each fold only."""
    folds = np.arange(60) // 20
    y = 10.0 * folds + rng.normal(size=60)
    outputs = 10.0 * folds + rng.normal(size=60)
    assert p_value_of(outputs, y, folds) > 0.05
    assert p_value_of(outputs, y) < 0.01


def test_constant_outputs_have_no_signal(rng):
    y = rng.normal(size=20)
    assert p_value_of(np.full(20, 0.3), y) == 1.0
    # A setting that says something is judged beside one that does not.
    assert p_value_of(np.stack([np.full(20, 0.3), y]), y) < 0.01
    # Within folds these are constant too.
    folds = np.arange(20) // 10
    assert p_value_of(folds * 1.0, y, folds) == 1.0


def test_samples_alone_in_their_folds_are_exchanged_with_each_other(rng):
    y, alone = rng.normal(size=30), np.arange(30)
    assert p_value_of(y, y, alone) == 1 / (PERMUTATIONS + 1)
    assert p_value_of(rng.normal(size=30), y, alone) > 0.05
    # Those of the large fold stay in it.
    folds = np.repeat([0, 1, 2, 3], [10, 1, 1, 1])
    seen = []
    permutation_test(lambda order: seen.append(order) or np.zeros(1), np.arange(13), folds, 1)
    assert all(set(order[:10]) == set(range(10)) for order in seen)
    assert {tuple(order[10:]) for order in seen} == set(itertools.permutations([10, 11, 12]))


def test_folds_of_equal_targets_are_exchanged_as_wholes(rng):
    """Each fold is a person with one label, and what the networks see is alike within a person."""
    folds = np.repeat(np.arange(12), rng.integers(3, 9, 12))
    labels = rng.permutation(np.arange(12) % 2)
    y = labels[folds]

    def p_value(outputs):
        return permutation_test(fit_of(outputs[None], y), y, folds, 1)

    assert p_value(y + rng.normal(size=len(y))) < 0.01
    # A single other target keeps a fold's targets within it.
    alone = folds == 0
    mixed = np.where(alone & (np.cumsum(alone) == 1), 1 - y, y)
    seen = []
    permutation_test(lambda order: seen.append(order) or np.zeros(1), mixed, folds, 1)
    assert all(set(order[alone]) == set(np.flatnonzero(alone)) for order in seen)
    found = [p_value(rng.normal(size=12)[folds]) for _ in range(80)]
    assert binomtest(sum(p <= 0.1 for p in found), len(found), 0.1).pvalue > 0.01


def test_a_person_in_each_fold_does_not_hide_a_signal(rng):
    person = np.repeat(np.arange(10), 6)
    X = rng.normal(size=(60, 2)) + 3.0 * (person % 2)[:, None]
    path = plain_path(
        X, person % 2, [1.0], cv=LeaveOneGroupOut(), groups=person, hidden=(), epochs=60,
        learning_rate=0.1, backend="numpy", progress=False,
    )  # fmt: skip
    assert path.evidence_.signal.p_value < 0.02


class Told(ClassifierMixin, BaseEstimator):
    """A classifier that answers what its only feature says."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return X[:, 0].astype(int)


def test_the_p_value_of_one_fold_is_that_of_scikit_learn(rng):
    y = np.arange(40) % 2
    told = np.where(rng.random(40) < 0.7, y, 1 - y)
    expected = permutation_test_score(
        Told(),
        np.concatenate([told, told])[:, None],
        np.concatenate([y, y]),
        cv=[(np.arange(40), np.arange(40, 80))],
        groups=np.repeat([0, 1], 40),
        n_permutations=999,
        random_state=0,
    )[2]

    def score(order):
        return np.array([(told == y[order]).mean()])

    assert 0.005 < expected < 0.5
    assert permutation_test(score, y, np.zeros(40, int), 1) == pytest.approx(expected, abs=0.06)


def test_many_samples_have_fewer_permutations():
    calls = itertools.count()
    permutation_test(
        lambda order: np.full(1, next(calls)), np.arange(100_000), np.zeros(100_000, int), 15
    )
    assert next(calls) == FEWEST + 1
