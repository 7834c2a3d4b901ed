"""What shuffling a column costs, and which costs cannot be told from chance."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from scipy.stats import spearmanr, ttest_ind_from_stats
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from statsmodels.stats.multitest import multipletests

from xl2.diagnosis.formats import wrapped
from xl2.diagnosis.importance import (
    WIDER,
    Importance,
    Part,
    correlated_columns,
    holm,
    importance_of,
)
from xl2.diagnosis.shuffling import drawn, losses_of_columns, reason_against, repeats_in

pytestmark = pytest.mark.host

RNG = np.random.default_rng(5)
X = RNG.normal(size=(120, 4))
Y = (X[:, 0] + 0.5 * X[:, 1] + 0.3 * RNG.normal(size=120) > 0).astype(int)
WEIGHT = RNG.random(120) + 0.1


def both(y, model):
    """Return the accuracy and minus the log loss of probabilities, as `losses_of_columns` asks."""

    def score(found, weight):
        right = accuracy_score(y, found.argmax(axis=1), sample_weight=weight)
        return right, -log_loss(y, found, sample_weight=weight, labels=model.classes_)

    return score


# The losses are those of scikit-learn.


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_the_losses_are_those_of_an_estimator_whose_columns_are_shuffled(weight):
    model = LogisticRegression().fit(X, Y)
    found = losses_of_columns(
        model.predict_proba, X, range(4), 4, both(Y, model), 6, weight, seed=3
    )
    for losses, scoring in zip(found, ("accuracy", "neg_log_loss"), strict=True):
        expected = permutation_importance(
            model, X, Y, scoring=scoring, n_repeats=6, random_state=3, sample_weight=weight
        ).importances
        np.testing.assert_allclose(losses, expected, atol=1e-12)


def test_all_inputs_of_a_column_are_shuffled_together():
    texts = RNG.choice(["a", "b", "c"], 120).astype(object)
    frame = np.stack([texts, RNG.choice(["x", "y"], 120).astype(object)], axis=1)
    y = (texts == "a").astype(int) ^ (RNG.random(120) < 0.1)
    encoder = OneHotEncoder(sparse_output=False)
    whole = make_pipeline(encoder, LogisticRegression()).fit(frame, y)
    inputs, model = encoder.transform(frame), whole[-1]
    found, _ = losses_of_columns(model.predict_proba, inputs, [0, 0, 0, 1, 1], 2, both(y, model), 5)
    codes = np.stack([np.unique(column, return_inverse=True)[1] for column in frame.T], axis=1)

    class Coded:
        classes_ = whole.classes_

        def fit(self, X, y):
            return self

        def predict(self, X):
            back = np.stack([c[k] for c, k in zip(encoder.categories_, X.T, strict=True)], axis=1)
            return whole.predict(back)

    def accuracy(estimator, X, y):
        return float((estimator.predict(X) == y).mean())

    expected = permutation_importance(
        Coded(), codes, y, scoring=accuracy, n_repeats=5, random_state=0
    )
    np.testing.assert_allclose(found, expected.importances, atol=1e-12)
    assert found[0].mean() > 0.2


def test_a_constant_column_costs_exactly_nothing():
    x = X.copy()
    x[:, 2] = 0.1
    model = LogisticRegression().fit(x, Y)
    losses = losses_of_columns(model.predict_proba, x, range(4), 4, both(Y, model), 25)
    assert (losses[0][2] == 0.0).all()
    found = importance_of((), [Part(*losses, 120)])
    constant = next(one for one in found.columns if one.column == 2)
    assert (constant.loss, constant.error, constant.p_value) == (0.0, 0.0, 1.0)
    assert not constant.matters
    assert found.columns[0].column == 0
    assert found.columns[0].matters


# Errors and p-values.


def parts(folds, repeats=5, columns=3, of_training=0.0, one=0.0):
    losses = RNG.normal([0.3, 0.02, -0.01][:columns], 0.02, (folds, repeats, columns))
    return [Part(each.T, 2.0 * each.T, 30, one, of_training) for each in losses.astype("float64")]


def test_over_folds_the_error_is_that_of_folds_that_share_samples():
    found = importance_of(["a", "b", "c"], (given := parts(5, of_training=0.25)))
    means = np.array([part.losses.mean(axis=1) for part in given])
    for one in found.columns:
        assert one.loss == pytest.approx(means[:, one.column].mean())
        spread = means[:, one.column].std(ddof=1)
        assert one.error == pytest.approx(spread * np.sqrt(1 / 5 + 0.25))
    assert [one.name for one in found.columns] == ["a", "b", "c"]
    assert (found.folds, found.rows, found.repeats) == (5, 150, 5)


def test_on_the_samples_of_one_network_the_error_is_that_of_scikit_learn():
    model = LogisticRegression().fit(X, Y)
    losses = losses_of_columns(model.predict_proba, X, range(4), 4, both(Y, model), 25)
    found = importance_of((), [Part(*losses, 120)])
    expected = permutation_importance(model, X, Y, n_repeats=25, random_state=0)
    for one in found.columns:
        assert one.loss == pytest.approx(expected.importances_mean[one.column])
        assert one.error == pytest.approx(expected.importances_std[one.column])
        assert one.name == f"column {one.column + 1}"


def test_one_score_is_tested_against_those_of_the_shuffles():
    [part] = given = parts(1, repeats=25)
    found = {one.column: one.p_value for one in importance_of((), given).columns}
    raw = []
    for scores in -part.tested:
        # A sample of one has no spread of its own; the mean unshuffled score is 0 here.
        _, p = ttest_ind_from_stats(
            scores.mean(), scores.std(ddof=1), 25, 0.0, 0.0, 1, alternative="less"
        )
        raw.append(p if scores.mean() < 0 else 1.0)
    expected = multipletests(raw, method="holm")[1]
    np.testing.assert_allclose([found[k] for k in range(3)], expected, rtol=1e-9)


def test_chance_spreads_wider_over_several_folds():
    [part] = parts(1, repeats=25)
    alone = importance_of((), [part])
    # As many shuffles of as many samples, once as one fold and once as five equal ones.
    many = [Part(part.losses, part.tested, 30) for _ in range(5)]
    several = importance_of((), many)
    from scipy.stats import norm

    for a, b in zip(alone.columns[:1], several.columns[:1], strict=True):
        ratio = norm.isf(b.p_value / 3) / norm.isf(a.p_value / 3)
        assert 1.0 < ratio < np.sqrt(5) / WIDER * 1.5


def test_an_answer_that_changes_in_each_shuffle_may_be_chance():
    losses = np.full((1, 25), 1 / 30)  # one of thirty samples, whatever the shuffle
    alone = importance_of((), [Part(losses, losses, 30, 1 / 30)])
    assert not alone.columns[0].matters
    assert importance_of((), [Part(10 * losses, 10 * losses, 30, 1 / 30)]).columns[0].matters


def test_p_values_are_adjusted_by_holms_method():
    p = RNG.random(12) ** 3
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])


def test_noise_seldom_matters():
    """No column says anything: of 200 sets, chance alone may be found in 5 % of them."""
    rng, found = np.random.default_rng(0), 0
    for _ in range(200):
        x, y = rng.normal(size=(40, 8)), rng.normal(size=40)
        w = rng.normal(size=8)

        def score(told, weight, y=y):
            return (-float(((told - y) ** 2).mean()),) * 2

        losses = losses_of_columns(lambda x, w=w: x @ w, x, range(8), 8, score, 25)
        found += any(one.matters for one in importance_of((), [Part(*losses, 40)]).columns)
    assert found <= 18


# Correlated columns, and others.


def test_correlated_columns_are_those_of_spearmans_correlation():
    a, b = RNG.normal(size=(2, 60))
    one = (RNG.random(60) < 0.5).astype(float)
    inputs = np.stack([a, b, np.exp(a + 0.1 * b), one, 1.0 - one, -b, np.ones(60)], axis=1)
    found = correlated_columns(inputs, [0, 1, 2, 3, 3, 4, 5])
    r = spearmanr(inputs[:, :3]).statistic
    assert [(x, y) for x, y, _ in found] == [(1, 4), (0, 2)]
    assert [size for *_, size in found] == pytest.approx([-1.0, r[0, 2]])
    named = importance_of([*"abc"], parts(2), [(1, 2, -1.0)]).correlated
    assert named == (("b", "c", -1.0),)
    assert correlated_columns(np.ones((60, 1001)), range(1001)) == []


def test_it_is_what_its_plain_values_were_made_of():
    found = importance_of(["a\nb", "\x1b", ""], parts(3), [(0, 1, 0.95)])
    assert Importance.of_dict(asdict(found)) == found
    assert {one.name for one in found.columns} == {"a b", "\\x1b", "column 3"}


def test_more_samples_are_drawn_from_and_few_folds_are_shuffled_more_often():
    assert drawn(2000).tolist() == list(range(2000))
    assert len(set(drawn(5000).tolist())) == 2000
    assert [repeats_in(folds) for folds in (1, 3, 5, 10)] == [25, 8, 5, 5]


@pytest.mark.parametrize(
    ("names", "columns", "why"),
    [
        ((), 64, "pixels"),
        (("",) * 192, 192, "pixels"),
        (("a",) * 64, 64, ""),
        ((), 49, ""),
        ((), 100, "pixels"),
        (("a",) * 100, 100, ""),
        ((), 101, "more than 100 columns"),
        (("a",) * 101, 101, "more than 100 columns"),
    ],
)
def test_pixels_and_many_columns_are_left_out(names, columns, why):
    found = reason_against(names, columns)
    assert why in found
    assert bool(why) == bool(found)


@pytest.mark.parametrize(
    "tied", [f"{'x' * 72} 0.12 ± 0.03 of R2", f"{'x' * 74} 12.00 ± 1.50 % more"]
)
def test_a_number_is_not_separated_from_its_error(tied):
    _, second = wrapped(tied).splitlines()
    assert " ± " in second
    assert "\N{NO-BREAK SPACE}" not in second
