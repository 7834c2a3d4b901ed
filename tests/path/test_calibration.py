"""Temperatures of paths, and what they change, computed once more from the predictions."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from plain_paths import plain_path
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, LeaveOneOut, RepeatedKFold

from xl2 import InputError, MLPClassifierCV, load
from xl2.path.notes import notes
from xl2.path.out_of_fold import Pooled

RNG = np.random.default_rng(6)
X = RNG.normal(size=(120, 6))
LABELS = (X[:, 0] + RNG.normal(size=120) > 0).astype(int)
THREE = np.digitize(X[:, 0] + RNG.normal(size=120), [-0.6, 0.6])
# Without a penalty and with many epochs the networks are far too sure of themselves.
SURE = {"hidden": (16,), "epochs": 60, "learning_rate": 0.02, "progress": False}
SURE |= {"backend": "numpy", "dtype": "float64", "cv": KFold(4)}


def lowest(p, y, networks=1):
    """Return the best temperature of one sigmoid's probabilities (n,) by several networks."""

    def loss(sharpness):
        total = len(y) / networks * log_loss(y, expit(sharpness * logit(p)))
        return total + (sharpness - 1.0) ** 2 / (2 * 0.2**2)

    options = {"xatol": 1e-9}
    return 1.0 / minimize_scalar(loss, bounds=(0.01, 10), method="bounded", options=options).x


@pytest.fixture(scope="module")
def path():
    return plain_path(X, LABELS, [0.0], **SURE)


def test_networks_that_are_too_sure_have_a_temperature_above_one(path):
    p = path.oof_predictions_[:, 1]
    assert path.temperature_ == pytest.approx(lowest(p, LABELS), rel=1e-3)
    assert path.temperature_ > 2.0


def test_what_it_changes_is_measured_by_the_other_folds(path):
    p, after = path.oof_predictions_[:, 1], np.empty(120)
    for training, held in KFold(4).split(X):
        after[held] = expit(logit(p[held]) / lowest(p[training], LABELS[training]))
    found = path.calibration_
    assert found.log_loss == pytest.approx(log_loss(LABELS, p), rel=1e-9)
    assert found.calibrated_log_loss == pytest.approx(log_loss(LABELS, after), rel=1e-3)
    assert found.gain == pytest.approx(found.log_loss - found.calibrated_log_loss)
    each = -np.log(np.where(LABELS == 1, [p, after], [1 - p, 1 - after]))
    assert found.gain_error == pytest.approx((each[0] - each[1]).std() / 120**0.5, rel=1e-2)
    assert found.calibrated_reliability.error < found.reliability.error
    # The gain by its own temperature would flatter.
    own = expit(logit(p) / path.temperature_)
    assert found.calibrated_log_loss > log_loss(LABELS, own)


def test_models_have_it_only_if_it_is_wanted(path):
    assert path.best_model_.temperature == 1.0
    other = plain_path(X, LABELS, [0.0], calibrate=True, **SURE)
    assert other.temperature_ == path.temperature_ == other.best_model_.temperature
    np.testing.assert_array_equal(other.best_model_.predict(X), path.best_model_.predict(X))
    np.testing.assert_allclose(
        logit(other.best_model_.forward(X)),
        logit(path.best_model_.forward(X)) / path.temperature_,
        rtol=1e-6,
    )


def test_a_note_says_what_the_temperature_changes(path):
    other = plain_path(X, LABELS, [0.0], calibrate=True, **SURE)
    assert not any("temperature" in note for note in notes(path))
    (said,) = [note for note in notes(other) if "temperature" in note]
    found = path.calibration_
    assert f"calibrated by the temperature {path.temperature_:.2f}: it takes" in said
    losses = f"from {found.log_loss:.4f} to {found.calibrated_log_loss:.4f}"
    assert f"the log loss of lambda 0 {losses}, in samples that had no part" in said
    unsure = dataclasses.replace(other.calibration_, gain_error=found.gain)
    other.calibration_ = unsure
    assert f"{losses} (which may be chance), in samples" in notes(other)[-1]


def test_with_it_the_predictions_of_a_fold_have_the_temperature_of_the_others(path):
    other = plain_path(X, LABELS, [0.0], calibrate=True, **SURE)
    found = log_loss(LABELS, other.oof_predictions_)
    assert found == pytest.approx(path.calibration_.calibrated_log_loss, rel=1e-9)
    assert other.calibration_.log_loss == path.calibration_.log_loss


def test_each_model_has_the_temperature_of_its_own_lambda():
    both = plain_path(X, LABELS, [0.0, 30.0], refit=[0.0, 30.0], calibrate=True, **SURE)
    one = plain_path(X, LABELS, [0.0], **SURE)
    assert both.model(0.0).temperature == pytest.approx(one.temperature_, rel=1e-6)
    assert both.model(30.0).temperature != both.model(0.0).temperature


def test_the_temperature_is_that_of_one_network_also_with_several_seeds():
    """The mean of several networks is less sure than each, and the model is one of them."""
    path = plain_path(X, LABELS, [0.0], seed=[0, 1, 2], return_members=True, **SURE)
    p, y = [], []
    for f, (_, held) in enumerate(KFold(4).split(X)):
        for s in range(3):
            p.append(path.member(0.0, f, s).forward(X[held])[:, 0])
            y.append(LABELS[held])
    expected = lowest(np.concatenate(p), np.concatenate(y), 3)
    assert path.temperature_ == pytest.approx(expected, rel=1e-3)
    assert path.temperature_ > 1.1 * lowest(path.oof_predictions_[:, 1], LABELS)


def test_classes_and_several_labels():
    path = plain_path(X, THREE, [0.0], **SURE)
    assert path.temperature_ > 1.5
    assert path.calibration_.gain > 0.0
    y = np.stack([LABELS, THREE > 0], axis=1).astype(int)
    path = plain_path(X, y, [0.0], task="multilabel", calibrate=True, **SURE)
    assert path.best_model_.temperature > 1.5


def test_new_samples_of_a_calibrated_model_have_a_lower_log_loss(path):
    new = RNG.normal(size=(2000, 6))
    y = (new[:, 0] + RNG.normal(size=2000) > 0).astype(int)
    other = plain_path(X, LABELS, [0.0], calibrate=True, **SURE)
    assert log_loss(y, other.best_model_.forward(new)) < log_loss(y, path.best_model_.forward(new))


def test_with_validation_samples_it_is_found_by_those():
    options = {**SURE, "cv": None}
    held = RNG.normal(size=(90, 6))
    y = (held[:, 0] + RNG.normal(size=90) > 0).astype(int)
    path = plain_path(X, LABELS, [0.0], validation=(held, y), **options)
    expected = lowest(path.best_model_.forward(held)[:, 0], y)
    assert path.temperature_ == pytest.approx(expected, rel=1e-3)
    assert path.calibration_.gain > 0.0


def test_samples_without_weight_do_not_count(path):
    weight = np.ones(120)
    weight[::5] = 0.0
    found = plain_path(X, LABELS, [0.0], sample_weight=weight, **SURE)
    p, counts = found.oof_predictions_[:, 1], weight > 0
    assert found.temperature_ == pytest.approx(lowest(p[counts], LABELS[counts]), rel=1e-3)


def test_a_regression_has_none():
    values = X[:, 0] + 0.1 * RNG.normal(size=120)
    path = plain_path(X, values, [0.0], **{**SURE, "epochs": 2})
    assert path.temperature_ is None
    assert path.calibration_ is None
    with pytest.raises(InputError, match="a regression has none"):
        plain_path(X, values, [0.0], calibrate=True, **SURE)


def test_what_is_not_true_or_false_is_refused():
    with pytest.raises(InputError, match="must be True or False"):
        plain_path(X, LABELS, [0.0], calibrate="temperature", **SURE)


# Parts of samples.


def pooled(folds, repeats=1):
    """Return the rows of folds as predictions of `repeats` networks each."""
    rows = [held for _, held in folds for _ in range(repeats)]
    numbers = [f for f, (_, held) in enumerate(folds) for _ in range(repeats * len(held))]
    return Pooled(np.concatenate(rows), None, None, None, np.asarray(numbers))


@pytest.mark.parametrize(
    "cv", [KFold(4), RepeatedKFold(n_splits=4, n_repeats=3, random_state=0), LeaveOneOut()]
)
def test_all_predictions_of_a_sample_are_in_one_part(cv):
    found = pooled(list(cv.split(X)), repeats=2)
    parts = found.parts(120, 10)
    assert len(np.unique(parts)) == (10 if isinstance(cv, LeaveOneOut) else 4)
    for row in range(120):
        assert len(set(parts[found.rows == row])) == 1


def test_one_fold_has_random_fifths():
    found = pooled([(None, np.arange(50, 120))], repeats=2)
    parts = found.parts(120, 10)
    assert len(np.unique(parts)) == 5
    np.testing.assert_array_equal(parts[:70], parts[70:])


# Faces.


def test_an_estimator_has_it_in_its_last_layer():
    options = {"cv": KFold(4), "hidden_layer_sizes": (16,), "max_iter": 60, "random_state": 0}
    options |= {"learning_rate_init": 0.02, "alphas": [0.0], "batch_size": 64}
    plain = MLPClassifierCV(**options).fit(X, THREE)
    model = MLPClassifierCV(calibrate=True, **options).fit(X, THREE)
    assert plain.temperature_ == 1.0
    assert model.temperature_ == model.path_.temperature_ == plain.path_.temperature_
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))
    np.testing.assert_allclose(model.coefs_[-1] * model.temperature_, plain.coefs_[-1], rtol=1e-12)
    found = np.log(plain.predict_proba(X)) / model.temperature_
    expected = np.exp(found) / np.exp(found).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-6)
    made = model.to_model()
    np.testing.assert_allclose(made.forward(X), expected, rtol=1e-6)
    # Apart, so that nobody is advised to calibrate it again.
    assert made.temperature == model.temperature_
    assert made.is_calibrated
    assert not plain.to_model().is_calibrated


def test_an_ensemble_of_an_estimator_has_it_in_its_last_layers():
    options = {"cv": KFold(4), "hidden_layer_sizes": (16,), "max_iter": 60, "random_state": 0}
    options |= {"learning_rate_init": 0.02, "alphas": [0.0], "ensemble": True}
    model = MLPClassifierCV(calibrate=True, **options).fit(X, THREE)
    assert model.temperature_ > 1.0
    np.testing.assert_allclose(model.predict_proba(X), model.path_.ensemble_.forward(X), rtol=1e-6)
    np.testing.assert_allclose(model.predict_proba(X), model.to_model().forward(X), rtol=1e-6)


@pytest.mark.parametrize("more", [[], ["--ensemble"]])
def test_the_command_writes_it_into_the_model(xl2, tmp_path, monkeypatch, more):
    monkeypatch.chdir(tmp_path)
    table = np.column_stack([X, np.where(LABELS, "yes", "no")])
    lines = ["a,b,c,d,e,f,y", *(",".join(map(str, row)) for row in table)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    arguments = ["path", "t.csv", "--lambdas", "0", "--epochs", 60, "--learning-rate", 0.02]
    arguments += ["--no-experiments", "--calibrate", "--json", "--out", "m.safetensors"]
    code, out, _ = xl2(*arguments, *more)
    assert code == 0
    model = load("m.safetensors")
    own = {one.temperature for one in (model.models if more else [model])}
    assert own == {json.loads(out)["path"]["temperature"]}
    assert max(own) > 1.0
    assert "--calibrate" in model.tried["options"]
