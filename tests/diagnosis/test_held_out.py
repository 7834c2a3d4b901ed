"""The importance of columns on test samples, beside scikit-learn's own."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance

import xl2
from xl2.diagnosis.what_matters import importance_table

pytestmark = [
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

RNG = np.random.default_rng(1)
X = RNG.normal(size=(400, 6))
F = X[:, 1] - 1.5 * X[:, 4]
Y = np.where(F + 0.3 * RNG.normal(size=400) > 0, "yes", "no")
THREE = np.digitize(F, [-1.0, 1.0])
VALUES = F + 0.3 * RNG.normal(size=400)
HALVES = (slice(200), slice(200, None))
SMALL = {"hidden_layer_sizes": (10,), "max_iter": 60, "learning_rate_init": 0.02, "random_state": 0}


def diagnosed(model, X, y, **more):
    a, b = HALVES
    rows = (X.iloc[a], X.iloc[b]) if hasattr(X, "iloc") else (X[a], X[b])
    return xl2.diagnose(model, rows[0], y[a], rows[1], y[b], **more)


@pytest.mark.parametrize("y", [Y, THREE, VALUES], ids=["two", "three", "values"])
def test_it_is_scikit_learns_and_only_two_columns_matter(y):
    kind = xl2.MLPRegressor if y is VALUES else xl2.MLPClassifier
    model = kind(**SMALL).fit(X[:200], y[:200])
    found = diagnosed(model, X, y)
    expected = permutation_importance(model, X[200:], y[200:], n_repeats=25, random_state=0)
    for one in found.importance.columns:
        assert one.loss == pytest.approx(expected.importances_mean[one.column], abs=1e-6)
        assert one.error == pytest.approx(expected.importances_std[one.column], abs=1e-6)
    matter = [one.column for one in found.importance.columns if one.matters]
    assert matter == [4, 1]
    assert (found.importance.rows, found.importance.folds) == (200, 1)
    text = " ".join(str(found).split())
    assert "What matters most: shuffled in 200 held-out samples, column 5 costs" in text
    assert "The cost of 4 columns cannot be told from chance (at 5 %, for all columns" in text
    assert max(map(len, str(found).splitlines())) <= 80
    assert len(importance_table(found)) == 7
    assert found.to_dict()["importance"]["columns"][0]["column"] == 4
    assert found.to_dict()["what_matters"] == list(found.what_matters)
    assert "column, shuffled" in found._repr_html_()


def test_one_hot_rows_are_the_labels_that_they_are_of():
    network = xl2.Network([6, 8, 3], ["relu", "softmax"], seed=0, backend="numpy")
    xl2.fit(network, X[:200], THREE[:200], epochs=40, learning_rate=0.02, optimizer="adam")
    by_labels, one_hot = (diagnosed(network, X, y).importance for y in (THREE, np.eye(3)[THREE]))
    assert one_hot == by_labels
    assert {one.column for one in one_hot.columns if one.matters} == {1, 4}


def test_several_labels_are_right_together():
    y = np.stack([F > 0, X[:, 2] > 0], axis=1).astype(int)
    model = xl2.MLPClassifier(**SMALL).fit(X[:200], y[:200])
    found = diagnosed(model, X, y).importance
    expected = permutation_importance(model, X[200:], y[200:], n_repeats=25, random_state=0)
    for one in found.columns:
        assert one.loss == pytest.approx(expected.importances_mean[one.column], abs=1e-6)
    assert {one.column for one in found.columns if one.matters} == {1, 2, 4}


def test_columns_of_a_frame_are_shuffled_before_anything_is_made_of_them():
    frame = pd.DataFrame(X[:, :3], columns=["a", "b", "twin"])
    frame["colour"] = np.where(X[:, 4] > 0.3, "red", np.where(X[:, 4] > -0.5, "green", "blue"))
    frame["twin"] = frame["b"] + 0.01 * X[:, 5]
    frame.loc[RNG.random(400) < 0.2, "a"] = np.nan
    path = xl2.regularization_path(
        frame.iloc[:200], Y[:200], [1.0], cv=2, hidden=(8,), standardize=True, progress=False,
        backend="numpy",
    )  # fmt: skip
    model, part = path.best_model_, frame.iloc[200:].reset_index(drop=True)

    class Fitted:
        def fit(self, X, y):
            return self

        def score(self, X, y):
            return model.score(X, y)

    expected = permutation_importance(Fitted(), part, Y[200:], n_repeats=25, random_state=0)
    verdict = diagnosed(model, frame[["colour", "twin", "a", "b"]], Y)
    assert sorted(one.name for one in verdict.importance.columns) == sorted(frame.columns)
    for one in verdict.importance.columns:
        at = list(frame.columns).index(one.name)
        assert one.column == at
        assert one.loss == pytest.approx(expected.importances_mean[at], abs=1e-9)
    assert [pair[:2] for pair in verdict.importance.correlated] == [("b", "twin")]
    assert "stand in for one another" in " ".join(verdict.what_matters)
    assert "'b' and 'twin' (1.00)" in " ".join(verdict.what_matters)


def test_an_ensemble_is_shuffled_as_a_whole():
    path = xl2.regularization_path(
        X[:200], Y[:200], [1.0], cv=3, hidden=(8,), standardize=True, progress=False,
        backend="numpy",
    )  # fmt: skip
    ensemble = dataclasses.replace(path.ensemble_, tried=None)

    class Fitted:
        def fit(self, X, y):
            return self

        def score(self, X, y):
            return ensemble.score(X, y)

    found = diagnosed(ensemble, X, Y).importance
    expected = permutation_importance(Fitted(), X[200:], Y[200:], n_repeats=25, random_state=0)
    for one in found.columns:
        assert one.loss == pytest.approx(expected.importances_mean[one.column])
    assert [one.column for one in found.columns if one.matters] == [4, 1]


def test_other_models_are_shuffled_if_asked_for():
    model = RandomForestClassifier(10, random_state=0).fit(X[:200], Y[:200])
    assert diagnosed(model, X, Y).importance is None
    assert diagnosed(model, X, Y).what_matters == ()
    found = diagnosed(model, X, Y, importance=True).importance
    expected = permutation_importance(model, X[200:], Y[200:], n_repeats=25, random_state=0)
    for one in found.columns:
        assert one.loss == pytest.approx(expected.importances_mean[one.column])
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model.fit(frame[:200], Y[:200])
    named = diagnosed(model, frame, Y, importance=True).importance
    assert [one.loss for one in named.columns] == [one.loss for one in found.columns]
    assert named.columns[0].name == "e"


def test_a_transformers_columns_are_shuffled_before_it():
    from sklearn.preprocessing import PolynomialFeatures

    path = xl2.regularization_path(
        X[:200], Y[:200], [1.0], cv=2, hidden=(8,), progress=False, backend="numpy",
        preprocessing=PolynomialFeatures(2),
    )  # fmt: skip
    found = diagnosed(path.best_model_, X, Y).importance
    assert len(found.columns) == 6
    assert {one.column for one in found.columns[:2]} == {1, 4}


def test_it_can_be_left_out_and_is_if_it_says_little():
    model = xl2.MLPClassifier(**SMALL).fit(X[:200], Y[:200])
    assert diagnosed(model, X, Y, importance=False).importance is None
    few = xl2.diagnose(model, X[:200], Y[:200], X[200:219], Y[200:219])
    assert few.importance is None
    assert "because there are fewer than 20 samples" in " ".join(str(few).split())
    pixels = np.concatenate([X, RNG.normal(size=(400, 58))], axis=1)
    model.fit(pixels[:200], Y[:200])
    found = diagnosed(model, pixels, Y)
    assert found.importance is None
    assert "its columns are the pixels of an image" in " ".join(str(found).split())
    assert len(diagnosed(model, pixels, Y, importance=True).importance.columns) == 64


def test_nothing_that_matters_is_said_as_such():
    noise = np.random.default_rng(0).permutation(Y)
    model = xl2.MLPClassifier(**SMALL).fit(X[:200], noise[:200])
    [text] = diagnosed(model, X, noise).what_matters
    assert text.startswith("None of the 6 columns, shuffled in 200 held-out samples, costs a part")


def test_labels_that_training_never_had_cost_nothing():
    y = Y.astype(object)
    y[390:] = "perhaps"
    model = xl2.MLPClassifier(**SMALL).fit(X[:200], Y[:200])
    found = diagnosed(model, X, y, new_labels=True).importance
    assert [one.column for one in found.columns if one.matters] == [4, 1]
