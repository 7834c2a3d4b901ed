"""`ensemble=True` of the estimators that choose alpha by cross-validation."""

import pickle

import numpy as np
import pandas as pd
import pytest
from plain_paths import plain_path
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

import xl2
from xl2 import Ensemble, InputError, MLPClassifierCV, MLPRegressorCV

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
SIDES = np.where(X[:, 0] + 0.3 * RNG.normal(size=60) > 0, "right", "left")
THREE = np.digitize(X[:, 0] + 0.3 * RNG.normal(size=60), [-0.5, 0.5])
LABELS = (X[:, :3] > 0).astype(int)
VALUES = 1000.0 + 50.0 * X @ RNG.normal(size=4)
ALPHAS = [0.01, 1.0]
SMALL = {"cv": 3, "hidden_layer_sizes": (5,), "max_iter": 5, "learning_rate_init": 0.05}
SMALL |= {"batch_size": 10, "random_state": 3, "ensemble": True}


def outputs_of(coefs, intercepts, last):
    """Return what a network predicts, with NumPy alone."""
    a = X
    for w, b in zip(coefs[:-1], intercepts[:-1], strict=True):
        a = np.maximum(a @ w + b, 0.0)
    z = a @ coefs[-1] + intercepts[-1]
    if last == "logistic":
        return 1.0 / (1.0 + np.exp(-z))
    if last == "softmax":
        return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return z


def mean_of(model, host):
    pairs = zip(model.coefs_, model.intercepts_, strict=True)
    each = [outputs_of([*map(host, c)], [*map(host, i)], model.out_activation_) for c, i in pairs]
    return np.mean(each, axis=0)


@pytest.mark.one_on_jax
@pytest.mark.parametrize("y", [SIDES, THREE, LABELS], ids=["two", "three", "labels"])
def test_probabilities_are_the_mean_of_all_networks(to, host, y):
    model = MLPClassifierCV(ALPHAS, n_seeds=2, **SMALL).fit(to(X), y)
    assert len(model.coefs_) == len(model.intercepts_) == 6
    assert model.path_.models_ == {}
    p = mean_of(model, host)
    found = host(model.predict_proba(to(X)))
    np.testing.assert_allclose(found if y is not SIDES else found[:, 1:], p, rtol=1e-6)
    if y is LABELS:
        expected = (p > 0.5).astype(int)
    else:
        expected = model.classes_[(p[:, 0] > 0.5).astype(int) if y is SIDES else p.argmax(axis=1)]
    np.testing.assert_array_equal(xl2.to_numpy(model.predict(to(X))), expected)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(host(again.predict_proba(to(X))), found)


def test_values_are_the_mean_in_their_own_units(to, host):
    model = MLPRegressorCV(ALPHAS, **SMALL).fit(to(X), to(VALUES))
    found = host(model.predict(to(X)))
    np.testing.assert_allclose(found, mean_of(model, host)[:, 0], rtol=1e-6)
    ensemble = model.to_model()
    assert isinstance(ensemble, Ensemble)
    np.testing.assert_allclose(ensemble.predict(X), found, rtol=1e-6)
    low, high = ensemble.interval(X)
    assert (low < high).all()


def test_it_is_the_ensemble_of_the_path():
    model = MLPClassifierCV(ALPHAS, **SMALL).fit(X, SIDES)
    seed = np.random.RandomState(3).randint(2**31 - 1)
    options = {"hidden": (5,), "epochs": 5, "learning_rate": 0.05, "batch_size": 10, "per": "batch"}
    path = plain_path(
        X, SIDES, ALPHAS, cv=3, seed=seed, refit=False, dtype="float64", progress=False, **options
    )
    np.testing.assert_allclose(model.predict_proba(X)[:, 1:], path.ensemble_.forward(X), rtol=1e-9)


@pytest.mark.parametrize("rule", ["best", "top", "1se"])
def test_alpha_is_that_of_the_rule(rule):
    # So that the rules choose different alphas.
    y = np.where(RNG.random(60) < 0.4, "left", SIDES)
    options = {**SMALL, "rule": rule, "max_iter": 30, "cv": 5}
    model = MLPClassifierCV([0.001, 0.1, 3.0, 10.0], **options).fit(X, y)
    chosen = {"best": "best_lambda_", "top": "top_lambda_", "1se": "lambda_1se_"}[rule]
    assert model.alpha_ == getattr(model.path_, chosen)
    alone = MLPClassifierCV([model.alpha_], **options).fit(X, y)
    np.testing.assert_allclose(alone.predict_proba(X), model.predict_proba(X), rtol=1e-9)
    with pytest.raises(InputError, match="has no members"):
        model.path_.member(model.alpha_)


def test_it_is_cloned_scored_saved_and_calibrated(tmp_path):
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = MLPClassifierCV(ALPHAS, calibrate=True, **SMALL)
    assert clone(model).ensemble is True
    assert len(cross_val_score(model, X, SIDES, cv=3)) == 3
    model.fit(frame, SIDES)
    ensemble = model.to_model()
    assert ensemble.features == ("a", "b", "c", "d")
    assert ensemble.classes == ("left", "right")
    assert {one.temperature for one in ensemble.models} == {model.temperature_} != {1.0}
    p = model.predict_proba(frame)[:, 1:]
    np.testing.assert_allclose(ensemble.forward(frame), p, rtol=1e-6)
    xl2.save(model, tmp_path / "m")
    np.testing.assert_allclose(xl2.load(tmp_path / "m").forward(frame), p, rtol=1e-6)
    with pytest.raises(InputError, match="not a single module of PyTorch"):
        model.to_torch()


def test_samples_of_another_library_are_refused_by_name():
    strict = pytest.importorskip("array_api_strict", reason="another library than NumPy")
    model = MLPRegressorCV(ALPHAS, **SMALL).fit(strict.asarray(X), strict.asarray(VALUES))
    with pytest.raises(InputError, match=r"device=model\.coefs_\[0\]\[0\]\.device"):
        model.predict(X)


def test_what_is_no_truth_value_is_refused():
    with pytest.raises(ValueError, match="'ensemble' parameter of MLPRegressorCV"):
        MLPRegressorCV(ensemble="yes").fit(X, VALUES)
