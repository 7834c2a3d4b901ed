"""Thresholds of a path, alone and with scikit-learn's estimators."""

from __future__ import annotations

import numpy as np
import pytest
from plain_paths import plain_path
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import confusion_matrix, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    TimeSeriesSplit,
    TunedThresholdClassifierCV,
)

from xl2 import InputError, MLPClassifier, MLPClassifierCV

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(9)
X = RNG.normal(size=(150, 4))
LABELS = np.where(X[:, 0] + RNG.normal(size=150) > 0.8, "ill", "well")
SMALL = {"hidden": (8,), "epochs": 15, "learning_rate": 0.02, "progress": False, "cv": 4}
OPTIONS = {"hidden_layer_sizes": (8,), "max_iter": 15, "learning_rate_init": 0.02}
OPTIONS |= {"random_state": 0}


def cost(y, answers, cost_fp, cost_fn):
    """Return the mean cost, where "well" is the second class."""
    found = confusion_matrix(y, answers, labels=["ill", "well"])
    return (cost_fp * found[0, 1] + cost_fn * found[1, 0]) / len(y)


@pytest.fixture(scope="module")
def path():
    return plain_path(X, LABELS, [0.1, 1.0], **SMALL)


def test_the_threshold_of_costs(path):
    assert path.classes_.tolist() == ["ill", "well"]
    assert path.threshold(1, 9) == 0.1


def test_the_tuned_threshold_costs_least_out_of_fold(path):
    p = path.oof_predictions_[:, 1]
    found = path.threshold(10, 1, y=LABELS)
    costs = [cost(LABELS, np.where(p >= t, "well", "ill"), 10, 1) for t in (*p, 0.0, 2.0)]
    answers = np.where(p >= found, "well", "ill")
    assert cost(LABELS, answers, 10, 1) == pytest.approx(min(costs))


def test_samples_that_no_fold_predicts_do_not_count():
    options = {**SMALL, "cv": TimeSeriesSplit(3)}
    path = plain_path(X, LABELS, [1.0], **options)
    known = np.isfinite(path.oof_predictions_[:, 1])
    other = LABELS.copy()
    other[~known] = "ill"
    weight = np.where(known, 1.0, 100.0)
    assert path.threshold(10, 1, y=other, sample_weight=weight) == path.threshold(10, 1, y=LABELS)


def test_errors(path):
    with pytest.raises(InputError, match="labels of the 150 samples"):
        path.threshold(1, 1, y=LABELS[:10])
    with pytest.raises(InputError, match="labels 'sick'"):
        path.threshold(1, 1, y=np.full(150, "sick"))
    for weight in (np.ones(3), -np.ones(150), np.full(150, np.nan), ["a"] * 150):
        with pytest.raises(InputError, match="sample_weight must be 150 finite numbers, 0 or"):
            path.threshold(1, 1, y=LABELS, sample_weight=weight)
    two = plain_path(X, (X[:, 0] > 0).astype(int), [1.0], **SMALL)
    with pytest.raises(InputError, match=r"out of fold, 0 or 1\. Received: shape \(3,\)"):
        two.threshold(1, 1, y=[0, 1, 1])
    three = plain_path(X, np.digitize(X[:, 0], [-0.5, 0.5]), [1.0], **SMALL)
    with pytest.raises(InputError, match="A threshold is for two classes, and this path has 3"):
        three.threshold(1, 1)
    values = plain_path(X, X[:, 0], [1.0], **SMALL)
    with pytest.raises(InputError, match="and the task of this path is regression"):
        values.threshold(1, 1)


def test_two_classes_of_a_softmax_have_a_threshold():
    path = plain_path(X, LABELS, [1.0], output="softmax", **SMALL)
    assert path.threshold(1, 4) == pytest.approx(0.2)
    t, p = path.threshold(10, 1, y=LABELS), path.oof_predictions_[:, 1]
    answers = np.where(p >= t, "well", "ill")
    for other in (0.25, 0.5, 0.75):
        assert cost(LABELS, answers, 10, 1) <= cost(
            LABELS, np.where(p >= other, "well", "ill"), 10, 1
        )


def test_scikit_learn_answers_by_the_threshold():
    model = MLPClassifierCV([0.1, 1.0], cv=4, calibrate=True, **OPTIONS).fit(X, LABELS)
    threshold = model.path_.threshold(10, 1)
    fixed = FixedThresholdClassifier(
        FrozenEstimator(model), threshold=threshold, pos_label="well"
    ).fit(X, LABELS)
    p = model.predict_proba(X)[:, 1]
    assert fixed.predict(X).tolist() == np.where(p >= threshold, "well", "ill").tolist()
    decided = model.to_model().decide(X, [[0, 10], [1, 0]])
    assert fixed.predict(X).tolist() == decided.tolist()


def test_scikit_learn_tunes_and_calibrates_the_estimators():
    scorer = make_scorer(cost, greater_is_better=False, cost_fp=10, cost_fn=1)
    for model in (MLPClassifier(**OPTIONS), MLPClassifierCV([1.0], cv=3, **OPTIONS)):
        tuned = TunedThresholdClassifierCV(model, scoring=scorer, cv=3, random_state=0)
        tuned.fit(X, LABELS)
        assert 0.5 < tuned.best_threshold_ <= 1.0
        calibrated = CalibratedClassifierCV(model, cv=3).fit(X, LABELS)
        np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1.0, rtol=1e-6)
