"""The importance of columns in the folds of a path, beside scikit-learn's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plain_paths import plain_path
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from xl2 import diagnose, load, save
from xl2.diagnosis.importance import WHAT

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
host, one_on_jax = pytest.mark.host, pytest.mark.one_on_jax

RNG = np.random.default_rng(2)
X = RNG.normal(size=(120, 5))
F = X[:, 0] - X[:, 3]
LABELS = np.where(F > 0, "yes", "no")
VALUES = F + 0.1 * RNG.normal(size=120)
WEIGHT = RNG.random(120) + 0.2
CV = KFold(3)
SMALL = {"cv": CV, "hidden": (6,), "epochs": 30, "batch_size": 10, "learning_rate": 0.03,
         "dtype": "float64", "progress": False, "refit": False, "budget": 1e6}  # fmt: skip
HERE = {"backend": "numpy"}


def path_with(y=LABELS, X=X, lambdas=(0.1, 1.0), experiments=("importance",), **more):
    return plain_path(X, y, list(lambdas), experiments=experiments, **{**SMALL, **more})


class Member:
    """A member of a path, which predicts for samples in their own units."""

    def __init__(self, path, fold, y, weight):
        self.network, self.mean, self.scale = path.member(path.best_lambda_, fold), 0.0, 1.0
        if y.dtype.kind == "f":
            self.mean = np.average(y, weights=weight)
            self.scale = np.sqrt(np.average((y - self.mean) ** 2, weights=weight))

    def fit(self, X, y):
        return self

    def predict(self, X):
        found = self.network.backend.to_numpy(self.network.forward(X))[:, 0]
        if self.network.task == "regression":
            return found * self.scale + self.mean
        return np.where(found > 0.5, "yes", "no")


@one_on_jax
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("y", [LABELS, VALUES], ids=["labels", "values"])
def test_it_is_scikit_learns_for_the_members_of_the_folds(where, y, weight):
    path = path_with(y, return_members=True, sample_weight=weight, **where)
    metric = r2_score if y is VALUES else accuracy_score

    def scorer(estimator, X, y, sample_weight=None):
        return metric(y, estimator.predict(X), sample_weight=sample_weight)

    losses, ratio = [], 0.5
    for f, (rows, held) in enumerate(CV.split(X)):
        known, own = (None if weight is None else weight[part] for part in (rows, held))
        found = permutation_importance(
            Member(path, f, y[rows], known), X[held], y[held], scoring=scorer, n_repeats=8,
            random_state=f, sample_weight=own,
        )  # fmt: skip
        losses.append(found.importances.mean(axis=1))
    losses = np.array(losses)
    found = path.evidence_.importance
    assert (found.rows, found.folds, found.repeats) == (120, 3, 8)
    for one in found.columns:
        own = losses[:, one.column]
        assert one.loss == pytest.approx(own.mean(), abs=1e-6)
        assert one.error == pytest.approx(own.std(ddof=1) * np.sqrt(1 / 3 + ratio), abs=1e-6)
    assert [one.column for one in found.columns if one.matters] in ([0, 3], [3, 0])
    assert path.evidence_.trials == []
    assert path.evidence_.left_out == []


@host
def test_a_path_its_model_and_a_file_of_it_say_the_same(tmp_path):
    path = path_with(refit=True, **HERE)
    save(path.best_model_, tmp_path / "m")
    samples = (X, LABELS, X[:50] + 0.01, LABELS[:50])
    models = (path, path.best_model_, load(tmp_path / "m", backend="numpy"))
    by_folds, *others = [diagnose(path), *(diagnose(model, *samples) for model in models)]
    for found in others:
        assert found.importance == path.evidence_.importance == by_folds.importance
        assert found.what_matters == by_folds.what_matters
    assert "shuffled in the validation samples of 3 folds" in by_folds.what_matters[0]
    asked = diagnose(path.best_model_, *samples, importance=True).importance
    assert (asked.rows, asked.folds) == (50, 1)
    assert diagnose(path, importance=False).importance is None
    assert diagnose(path, *samples, importance=False).importance is None


@host
def test_columns_of_a_frame_are_named_and_shuffled_with_all_their_inputs():
    frame = pd.DataFrame(X[:, :3], columns=["a", "b\nc", "twin"])
    frame["twin"] = frame["a"] * 2.0 + 0.01 * X[:, 4]
    frame["colour"] = np.where(X[:, 3] > 0.4, "red", np.where(X[:, 3] > -0.4, "green", "blue"))
    frame.loc[RNG.random(120) < 0.2, "b\nc"] = np.nan
    found = path_with(X=frame, standardize=True, **HERE).evidence_.importance
    assert {one.name for one in found.columns} == {"a", "b c", "twin", "colour"}
    assert {one.name: one.column for one in found.columns}["colour"] == 3
    assert found.columns[0].name == "colour"
    assert [pair[:2] for pair in found.correlated] == [("a", "twin")]


@host
def test_validation_samples_are_one_fold():
    more = {"cv": None, "validation": (X[80:], LABELS[80:])}
    path = path_with(y=LABELS[:80], X=X[:80], **more, **HERE)
    found = path.evidence_.importance
    assert (found.rows, found.folds, found.repeats) == (40, 1, 25)
    assert "shuffled in 40 held-out samples" in diagnose(path).what_matters[0]


@host
@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"preprocessing": StandardScaler()}, "only the transformer knows"),
        ({"budget": 1e-6}, "longer than the time"),
        ({"X": np.concatenate([X, RNG.normal(size=(120, 59))], axis=1)}, "pixels"),
        ({"X": np.concatenate([X, RNG.normal(size=(120, 97))], axis=1)}, "more than 100 columns"),
    ],
)
def test_it_is_left_out_with_the_reason(more, why):
    path = path_with(experiments=True, **{"epochs": 10, **more}, **HERE)
    found = path.evidence_
    assert found.importance is None
    assert why in dict(found.left_out)[WHAT]
    words = " ".join(str(diagnose(path)).split())
    assert why in words
    assert "What matters most" not in words


@host
def test_who_asks_for_it_by_name_gets_it_for_any_columns():
    wide = np.concatenate([X, RNG.normal(size=(120, 59))], axis=1)
    found = path_with(X=wide, **HERE).evidence_
    assert len(found.importance.columns) == 64


@host
def test_it_is_not_measured_unless_wanted_or_without_a_signal(monkeypatch):
    def never(*arguments):
        raise AssertionError

    monkeypatch.setattr("xl2.path.experiments.importance_of_path", never)
    assert path_with(experiments=False, **HERE).evidence_.importance is None
    noise = np.random.default_rng(0).permutation(LABELS)
    found = path_with(y=noise, **HERE).evidence_
    assert not found.signal.found
    assert found.importance is None


@host
def test_samples_that_stay_on_disk_are_not_shuffled(monkeypatch, tmp_path):
    for module in ("encoders", "path_data"):  # these samples are few
        monkeypatch.setattr(f"xl2.path.{module}.in_memory", lambda X, dtype: X)
    np.save(tmp_path / "x.npy", X)
    found = path_with(X=np.load(tmp_path / "x.npy", mmap_mode="r"), **HERE).evidence_
    assert found.importance is None
    assert "stay on disk" in dict(found.left_out)[WHAT]


@host
def test_it_is_planned_to_take_a_small_part_of_the_time():
    path = path_with(experiments=True, budget=1.5, epochs=100, **HERE)
    assert path.evidence_.importance is not None
