"""The out-of-fold predictions of a path, beside networks and scikit-learn's `cross_val_predict`."""

import numpy as np
import pytest
from clusters import client_of
from plain_paths import plain_path
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_predict,
)

from xl2 import Network, fit
from xl2.array import rows

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 3))
LABELS = np.where(X[:, 0] + 0.5 * RNG.normal(size=60) > 0, "yes", "no")
THREE = np.digitize(X[:, 0] + 0.5 * RNG.normal(size=60), [-0.5, 0.5])
VALUES = X @ RNG.normal(size=(3, 2)) * 1000.0 + 5000.0
SMALL = {"hidden": (4,), "epochs": 4, "batch_size": 10, "learning_rate": 0.05, "progress": False}
SMALL |= {"return_members": True, "backend": "numpy", "dtype": "float64"}


def by_members(path, X, folds):
    """Average what the members of the best lambda say of each fold's validation samples."""
    total, times = 0.0, np.zeros((len(X), 1))
    for f, (_, held) in enumerate(folds):
        for s in range(path.n_seeds_):
            outputs = path.member(path.best_lambda_, f, s).forward(X[held])
            full = np.zeros((len(X), outputs.shape[1]))
            full[held] = outputs
            total = total + full
            times[held] += 1.0
    with np.errstate(invalid="ignore"):
        return total / times


def test_probabilities_of_two_classes_are_in_the_order_of_the_rows():
    path = plain_path(X, LABELS, [0, 1], cv=4, seed=[3, 8], **SMALL)
    folds = StratifiedKFold(4, shuffle=True, random_state=3).split(X, LABELS)
    found, expected = path.oof_predictions_, by_members(path, X, folds)
    assert path.classes_.tolist() == ["no", "yes"]
    assert found.shape == (60, 2)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found[:, 1:], expected, rtol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-15)


def test_a_probability_next_to_one_keeps_its_distance_from_one():
    """In float32 it would be 1, and a wrong answer infinitely wrong."""
    options = {**SMALL, "epochs": 60, "learning_rate": 0.1}
    x = np.where(LABELS == "yes", 3.0, -3.0)[:, None] + X[:, :1]
    path = plain_path(x, LABELS, [0], cv=3, **options)
    assert 0.0 < path.oof_predictions_.min() < 1e-8


def test_three_classes_agree_with_the_paths_own_scores():
    path = plain_path(X, THREE, [0, 1], cv=KFold(3), **SMALL)
    found, k = path.oof_predictions_, path.best_index_
    assert found.shape == (60, 3)
    assert path.classes_.tolist() == [0, 1, 2]
    answers = path.classes_[found.argmax(axis=1)]
    assert accuracy_score(THREE, answers) == pytest.approx(path.metrics_["accuracy"][k].mean())
    # Each fold is validated on 20 samples, so the mean over folds is that over samples.
    expected = -path.metrics_["neg_log_loss"][k].mean()
    assert log_loss(THREE, found) == pytest.approx(expected, rel=1e-6)


def test_values_are_in_the_units_of_the_targets():
    path = plain_path(X, VALUES, [0, 1], cv=KFold(3), **SMALL)
    assert path.oof_predictions_.shape == VALUES.shape
    assert path.classes_ is None
    expected = []
    for f, (training, held) in enumerate(KFold(3).split(X)):
        outputs = path.member(path.best_lambda_, f).forward(X[held])
        known = VALUES[training]
        expected.append(outputs * known.std(axis=0) + known.mean(axis=0))
    np.testing.assert_allclose(path.oof_predictions_, np.concatenate(expected), rtol=1e-6)
    one = plain_path(X, VALUES[:, 0], [0], cv=3, **SMALL)
    assert one.oof_predictions_.shape == (60,)


def test_several_labels_have_a_column_each():
    y = np.stack([X[:, 0] > 0, X[:, 1] > 0.3], axis=1).astype(int)
    path = plain_path(X, y, [0], cv=KFold(3), task="multilabel", **SMALL)
    expected = by_members(path, X, KFold(3).split(X))
    np.testing.assert_allclose(path.oof_predictions_, expected, rtol=1e-12)
    assert path.classes_ is None


def test_samples_that_no_fold_is_validated_on_are_nan():
    path = plain_path(X, LABELS, [0, 1], cv=TimeSeriesSplit(4), **SMALL)
    unknown = np.isnan(path.oof_predictions_)
    assert unknown[:12].all()
    assert not unknown[12:].any()


def test_repeated_folds_are_averaged():
    cv = RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)
    path = plain_path(X, LABELS, [0], cv=cv, **SMALL)
    expected = by_members(path, X, cv.split(X))
    np.testing.assert_allclose(path.oof_predictions_[:, 1:], expected, rtol=1e-12)


def test_with_validation_samples_the_predictions_are_for_those():
    held = RNG.normal(size=(7, 3))
    y = np.array(["no", "yes"] * 3 + ["no"])
    path = plain_path(X, LABELS, [0, 1], validation=(held, y), **SMALL)
    found = path.oof_predictions_
    assert found.shape == (7, 2)
    np.testing.assert_allclose(found[:, 1:], path.best_model_.forward(held), rtol=1e-12)


def test_groups_and_weights():
    groups, weight = np.arange(60) % 7, RNG.uniform(0.5, 2.0, size=60)
    options = {"cv": GroupKFold(3), "groups": groups, "sample_weight": weight}
    path = plain_path(X, LABELS, [0, 1], **options, **SMALL)
    expected = by_members(path, X, GroupKFold(3).split(X, LABELS, groups))
    np.testing.assert_allclose(path.oof_predictions_[:, 1:], expected, rtol=1e-12)


def test_streamed_samples_have_the_predictions_of_those_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "CHUNK_BYTES", 60 * 6 * 8)
    monkeypatch.setattr(rows, "BLOCK_BYTES", 10 * 6 * 8)
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    options = {"cv": KFold(3, shuffle=True, random_state=1), "standardize": True, **SMALL}
    one, other = (plain_path(samples, LABELS, [0], **options) for samples in (mapped, X))
    np.testing.assert_allclose(one.oof_predictions_, other.oof_predictions_, rtol=1e-9)


@pytest.mark.host
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cluster_gives_the_same_bytes():
    pytest.importorskip("distributed", reason='no Dask: pip install "xl2[dask]"')
    options = {**SMALL, "standardize": True, "return_members": False}
    here = plain_path(X, LABELS, [0, 1], cv=3, **options)
    with client_of(2, set_as_default=False) as client:
        there = plain_path(X, LABELS, [0, 1], cv=3, client=client, **options)
    np.testing.assert_allclose(there.oof_predictions_, here.oof_predictions_, rtol=1e-12)


def test_a_frame_has_predictions_in_the_order_of_its_rows():
    pd = pytest.importorskip("pandas", reason='pandas: pip install "xl2[data]"')
    frame = pd.DataFrame({"a": X[:, 0], "b": np.where(X[:, 1] > 0, "x", "y")})
    frame.loc[::9, "a"] = np.nan
    path = plain_path(frame, LABELS, [0], cv=KFold(3), **SMALL)
    right = path.classes_[path.oof_predictions_.argmax(axis=1)] == LABELS
    assert right.mean() == pytest.approx(path.metrics_["accuracy"].mean())


class Alone(ClassifierMixin, BaseEstimator):
    """One network as scikit-learn's functions take it."""

    def fit(self, X, y):
        self.classes_, numbers = np.unique(y, return_inverse=True)
        self.network_ = Network([3, 4, 1], ["relu", "sigmoid"], "he", seed=0, dtype="float64")
        training = {name: SMALL[name] for name in ("epochs", "batch_size", "learning_rate")}
        fit(self.network_, X, numbers, penalty=1.0, seed=0, optimizer="adam", **training)
        return self

    def predict_proba(self, X):
        found = self.network_.forward(X)
        return np.concatenate([1.0 - found, found], axis=1)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def test_they_are_those_of_cross_val_predict():
    path = plain_path(X, LABELS, [1.0], cv=KFold(3), **SMALL)
    found = cross_val_predict(Alone(), X, LABELS, cv=KFold(3), method="predict_proba")
    np.testing.assert_allclose(path.oof_predictions_, found, rtol=1e-9)
