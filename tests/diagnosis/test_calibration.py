"""The expected calibration error: by hand, by scikit-learn's bins, and by simulation."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from plain_paths import plain_path
from scipy.special import softmax
from sklearn.calibration import calibration_curve

from xl2 import Ensemble, InputError, Model, Network, calibration_error, diagnose
from xl2.diagnosis.calibration import reliability

RNG = np.random.default_rng(8)


def drawn(probabilities):
    """Draw a class for each row."""
    steps = probabilities.cumsum(axis=1)
    return (RNG.random((len(steps), 1)) > steps[:, :-1]).sum(axis=1)


def test_by_hand_for_two_classes():
    y, p = [0, 1, 1, 1, 0], [0.1, 0.1, 0.9, 0.9, 0.9]
    # Two of five samples are 0.4 off, and three of them 0.9 - 2 / 3.
    expected = 2 / 5 * 0.4 + 3 / 5 * (0.9 - 2 / 3)
    assert calibration_error(y, p) == pytest.approx(expected)
    both = np.stack([1.0 - np.array(p), p], axis=1)
    assert calibration_error(y, both) == pytest.approx(expected)
    assert calibration_error(y, both[:, 1:]) == pytest.approx(expected)


def test_by_hand_for_three_classes_and_weights():
    p = np.array([[0.5, 0.3, 0.2], [0.1, 0.5, 0.4], [0.0, 0.0, 1.0]])
    y, weight = ["a", "c", "c"], [1.0, 2.0, 3.0]
    # The first two are in one bin, of which one third by weight is right; the last is perfect.
    assert calibration_error(y, p, sample_weight=weight, classes=list("abc")) == pytest.approx(
        3 / 6 * (0.5 - 1 / 3)
    )


def test_each_of_several_labels_counts():
    y, p = np.array([[0, 1], [1, 1]]), np.array([[0.3, 0.3], [0.8, 0.8]])
    assert calibration_error(y, p) == pytest.approx(0.5 * 0.2 + 0.5 * 0.2)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_the_bins_are_those_of_scikit_learn(strategy):
    p = RNG.beta(0.5, 0.7, size=500)
    y = (RNG.random(500) < p**2).astype(int)
    right, predicted = calibration_curve(y, p, n_bins=10, strategy=strategy)
    found = reliability("binary", p[:, None], y, n_bins=10, strategy=strategy)
    np.testing.assert_allclose(found.observed, right)
    np.testing.assert_allclose(found.predicted, predicted)
    expected = np.average(abs(right - predicted), weights=found.counts)
    error = calibration_error(y, p, n_bins=10, strategy=strategy)
    assert error == pytest.approx(expected)


def test_rows_of_nan_are_left_out():
    p = np.array([[np.nan, np.nan], [0.9, 0.1], [0.2, 0.8]])
    assert calibration_error(["no", "no", "yes"], p) == pytest.approx(0.15)


def test_columns_may_be_in_another_order():
    p = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert calibration_error(["yes", "no"], p, classes=["yes", "no"]) == pytest.approx(0.15)
    assert calibration_error(["yes", "no"], p) == pytest.approx(0.85)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("samples", [100, 2000])
def test_what_chance_gives_is_that_of_simulated_answers(classes, samples):
    p = RNG.dirichlet(np.ones(classes), size=samples)
    task, outputs = ("binary", p[:, 1:]) if classes == 2 else ("classes", p)
    found = [reliability(task, outputs, drawn(p)) for _ in range(300)]
    errors = np.array([one.error for one in found])
    assert found[0].chance == pytest.approx(errors.mean(), rel=0.1)
    assert found[0].spread == pytest.approx(errors.std(), rel=0.3)
    assert np.mean([one.is_off for one in found]) < 0.02


def test_what_chance_gives_if_several_networks_predict_the_same():
    p = RNG.dirichlet(np.ones(3), size=400)
    errors = []
    for _ in range(200):
        y = drawn(p)
        found = reliability("classes", np.tile(p, (3, 1)), np.tile(y, 3), repeats=3.0)
        errors.append(found.error)
    assert found.chance == pytest.approx(np.mean(errors), rel=0.1)


def test_probabilities_that_are_too_high_are_found():
    p = RNG.dirichlet(np.ones(3), size=500)
    sharp = p**3 / (p**3).sum(axis=1, keepdims=True)
    found = reliability("classes", sharp, drawn(p))
    assert found.is_off
    assert found.excess == pytest.approx(found.error, abs=0.02)


@pytest.mark.parametrize(
    ("y", "p", "more", "message"),
    [
        ([0, 1], [0.2, 0.3, 0.4], {}, "a row for each label"),
        ([0, 1], [0.2, 1.3], {}, "between 0 and 1"),
        ([0, 1], [np.nan, np.nan], {}, "one row or more not NaN"),
        ([0, 0], [0.2, 0.3], {}, "Pass classes"),
        ([0, 7], [0.2, 0.3], {"classes": [0, 1]}, "Pass classes"),
        ([0, 1], [0.2, 0.3], {"n_bins": 0}, "1 or more"),
        ([0, 1], [0.2, 0.3], {"strategy": "equal"}, "uniform, quantile"),
    ],
)
def test_errors(y, p, more, message):
    with pytest.raises(InputError, match=message):
        calibration_error(y, p, **more)


# The verdict.


def overconfident(factor, samples=1500):
    """Return a model whose logits are `factor` times too large, and labelled samples."""
    network = Network([3, 3], ["softmax"], dtype="float64")
    network.set_parameters([(factor * np.eye(3), np.zeros(3))])
    X = 2.0 * RNG.normal(size=(samples, 3))
    y = np.array(["a", "b", "c"])[drawn(softmax(X, axis=1))]
    return Model(network, classes=("a", "b", "c")), X, y


@pytest.mark.parametrize(("factor", "off"), [(1.0, False), (3.0, True), (0.3, True)])
def test_the_verdict_says_that_probabilities_are_off(factor, off):
    model, X, y = overconfident(factor)
    found = diagnose(model, X[:500], y[:500], X[500:], y[500:])
    error = 100.0 * calibration_error(y[500:], model.forward(X[500:]))
    said = [one for one in found.cautions if one.startswith("the probabilities differ by")]
    assert len(said) == off
    if off:
        assert f"by {error:.1f} points from how often the answers are right" in said[0]
        assert said[0].endswith("Calibrate the model before you rely on them.")
        mended = dataclasses.replace(model, temperature=factor)
        other = diagnose(mended, X[:500], y[:500], X[500:], y[500:])
        assert not any("the probabilities differ" in one for one in other.cautions)


def test_labels_that_the_model_does_not_know_do_not_count():
    model, X, y = overconfident(1.0)
    y[1400:] = "d"
    found = diagnose(model, X[:500], y[:500], X[500:], y[500:], new_labels=True)
    assert not any("the probabilities differ" in one for one in found.cautions)


def test_the_verdict_of_a_path_is_by_its_folds():
    X = RNG.normal(size=(300, 6))
    y = (X[:, 0] + RNG.normal(size=300) > 0).astype(int)
    options = {"epochs": 60, "learning_rate": 0.02, "hidden": (16,), "progress": False}
    path = plain_path(X, y, [0.0], **options)
    error = 100.0 * path.calibration_.reliability.error
    (said,) = [one for one in diagnose(path).cautions if "the probabilities differ" in one]
    assert f"by {error:.1f} points" in said
    assert "on the validation samples" in said
    path = plain_path(X, y, [0.0], calibrate=True, **options)
    assert not any("the probabilities differ" in one for one in diagnose(path).cautions)


def test_an_ensemble_is_calibrated_if_its_networks_are():
    model, X, y = overconfident(3.0)
    other = Network([3, 3], ["softmax"], seed=1, dtype="float64")
    other = Model(other, classes=("a", "b", "c"))
    samples = X[:500], y[:500], X[500:], y[500:]
    for temperature, advised in ((1.0, True), (0.7, False)):
        one = dataclasses.replace(model, temperature=temperature)
        found = diagnose(Ensemble([one, dataclasses.replace(one), other]), *samples)
        (said,) = [c for c in found.cautions if "the probabilities differ" in c]
        assert ("Calibrate the model" in said) == advised
