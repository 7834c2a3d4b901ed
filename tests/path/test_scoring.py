"""The scorers of a path, its null model, and what the two say about the choice of lambda."""

from __future__ import annotations

import math

import numpy as np
import pytest
from plain_paths import plain_path
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    get_scorer,
    log_loss,
    make_scorer,
    mean_absolute_error,
)
from sklearn.model_selection import KFold, LeaveOneOut, StratifiedKFold, cross_validate
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from xl2 import InputError, MLPClassifierCV, MLPRegressorCV, Network
from xl2.nn.scaling import Scaling
from xl2.path.predictions import Predictions
from xl2.path.sample_scores import OF_CLASSES, OF_VALUES, bootstrap_error, error_of_mean

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 3)) * [1.0, 10.0, 0.1]
SIDE = X[:, 0] + 0.5 * RNG.normal(size=60)
TWO = np.where(SIDE > 0.5, "yes", "no")
ONES = (SIDE > 0.5).astype(int)
THREE = np.digitize(SIDE, [-0.5, 0.5]) + 1
ROWS = (np.stack([SIDE, -SIDE + 0.5, X[:, 0]], axis=1) > 0).astype(int)
VALUES = 1000.0 + 300.0 * SIDE
BOTH = np.stack([VALUES, X[:, 1]], axis=1)
WEIGHT = RNG.uniform(0.2, 2.0, size=60)
SMALL = {
    "hidden": (4,),
    "epochs": 4,
    "batch_size": 10,
    "learning_rate": 0.05,
    "dtype": "float64",
    "progress": False,
    "refit": False,
    "return_members": True,
}
FOLDS = KFold(3)


class Member(BaseEstimator):
    """A member as an estimator of scikit-learn, for samples and labels in their own units."""

    def __init__(self, network, inputs, outputs, classes):
        self.network, self.inputs, self.outputs, self.classes = network, inputs, outputs, classes
        self.classes_ = np.arange(3) if classes is None else np.array(classes)

    def forward(self, X):
        found = np.asarray(self.network.to("numpy").forward(self.inputs.apply(X, "float64")))
        return found if self.outputs is None else self.outputs.undo(found)


class Classes(ClassifierMixin, Member):
    def predict_proba(self, X):
        found = self.forward(X)
        return np.concatenate([1 - found, found], axis=1) if found.shape[1] == 1 else found

    def predict(self, X):
        found = self.predict_proba(X)
        return (found > 0.5).astype(int) if self.classes is None else self.classes_[found.argmax(1)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = self.classes is None
        return tags


class Values(RegressorMixin, Member):
    def predict(self, X):
        found = self.forward(X)
        return found[:, 0] if found.shape[1] == 1 else found


def member_of(path, lam, fold, y, rows, weight=None):
    """Return a member, with the standardisation of its fold computed here."""

    def scaled(values):
        own = None if weight is None else weight[rows]
        found = StandardScaler().fit(values[rows], sample_weight=own)
        return Scaling(found.mean_, found.scale_)

    network, inputs = path.member(lam, fold), scaled(X)
    if network.task == "regression":
        return Values(network, inputs, scaled(y.reshape(len(y), -1)), None)
    return Classes(network, inputs, None, None if y.ndim > 1 else np.unique(y).tolist())


def biggest_error(estimator, X, y):
    return -np.abs(estimator.predict(X) - y).max()


def first_feature(estimator, X, y):
    """A function that looks at the samples."""
    return float(np.mean((X[:, 0] > 0) == (estimator.predict(X) == "yes")))


def named(value):
    """Return the name of a test's targets, or of a scorer."""
    every = {"two": TWO, "ones": ONES, "three": THREE, "rows": ROWS, "values": VALUES, "both": BOTH}
    if isinstance(value, np.ndarray):
        return next(name for name, y in every.items() if y is value)
    return getattr(value, "__name__", str(value))


CASES = [
    (TWO, scoring)
    for scoring in (
        "accuracy",
        "balanced_accuracy",
        "neg_log_loss",
        "roc_auc",
        make_scorer(f1_score, pos_label="yes"),
        first_feature,
    )
]
CASES += [(ONES, scoring) for scoring in ("f1", "average_precision", "neg_brier_score")]
CASES += [(THREE, scoring) for scoring in ("accuracy", "neg_log_loss", "f1_macro", "roc_auc_ovr")]
CASES += [(ROWS, scoring) for scoring in ("accuracy", "f1_samples", "roc_auc")]
CASES += [
    (VALUES, scoring)
    for scoring in (
        "r2",
        "neg_mean_absolute_error",
        "neg_mean_squared_error",
        "neg_root_mean_squared_error",
        "neg_median_absolute_error",
        biggest_error,
    )
]
CASES += [(BOTH, scoring) for scoring in ("r2", "neg_mean_absolute_error")]


@pytest.mark.host
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize(("y", "scoring"), CASES, ids=named)
def test_scores_are_those_of_the_scorer_on_the_members(y, scoring, weight):
    """Also if labels are text or rows, and in the units of the target."""
    options = {"standardize": True, "sample_weight": weight, "backend": "numpy", **SMALL}
    if y is ROWS:
        options["output"] = "sigmoid"
    path = plain_path(X, y, [0.0, 3.0], cv=FOLDS, scoring=scoring, **options)
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    weighted = weight is not None and scoring not in (biggest_error, first_feature)
    for f, (rows, held) in enumerate(FOLDS.split(X)):
        for k, lam in enumerate(path.lambdas_):
            member = member_of(path, lam, f, y, rows, weight)
            for part, scores in ((rows, path.train_scores_), (held, path.validation_scores_)):
                more = {"sample_weight": weight[part]} if weighted else {}
                if scoring == "neg_log_loss":  # which needs all labels
                    expected = -log_loss(
                        y[part], member.predict_proba(X[part]), labels=np.unique(y), **more
                    )
                else:
                    expected = scorer(member, X[part], y[part], **more)
                assert scores[k, f] == pytest.approx(expected, rel=1e-9)
    assert path.top_lambda_ == path.lambdas_[path.validation_means_.argmax()]


@pytest.mark.one_on_jax
@pytest.mark.parametrize(("y", "scoring"), [(TWO, "neg_log_loss"), (VALUES, "neg_max_error")])
def test_on_every_backend(where, y, scoring):
    found = plain_path(
        X, y, [0.0, 3.0], cv=FOLDS, scoring=scoring, standardize=True, **SMALL, **where
    )
    f, (rows, held) = 1, list(FOLDS.split(X))[1]
    member = member_of(found, 3.0, f, y, rows)
    for part, scores in ((rows, found.train_scores_), (held, found.validation_scores_)):
        expected = get_scorer(scoring)(member, X[part], y[part])
        assert scores[1, f] == pytest.approx(expected, rel=1e-6)


@pytest.mark.host
def test_every_path_has_several_scores():
    classes = plain_path(X, TWO, [0.0, 3.0], cv=FOLDS, scoring="roc_auc", **SMALL)
    assert list(classes.metrics_) == ["roc_auc", "accuracy", "neg_log_loss"]
    assert classes.score_name_ == "roc_auc"
    for name in ("accuracy", "neg_log_loss"):
        other = plain_path(X, TWO, [0.0, 3.0], cv=FOLDS, scoring=name, **SMALL)
        np.testing.assert_array_equal(classes.metrics_[name], other.validation_scores_by_seed_)
        assert next(iter(other.metrics_)) == name
    values = plain_path(X, VALUES, [0.0, 3.0], cv=FOLDS, **SMALL)
    assert list(values.metrics_) == ["r2", "neg_root_mean_squared_error"]
    assert values.metrics_["r2"].shape == (2, 3, 1)


@pytest.mark.host
def test_an_error_needs_no_spread_of_the_values():
    """R2 does, so it refuses folds of one sample."""
    options = {"cv": LeaveOneOut(), "task": "regression", **SMALL, "epochs": 1}
    few = (X[:8], VALUES[:8])
    path = plain_path(*few, [0.0], scoring="neg_mean_absolute_error", **options)
    assert (path.validation_scores_ < 0.0).all()
    with pytest.raises(InputError, match="Fold 1 of cv has one validation sample"):
        plain_path(*few, [0.0], **options)
    same = (X[40:], np.full(20, 3.0))
    options = {"validation": same, **SMALL}
    assert plain_path(*few, [0.0], scoring="neg_max_error", **options).null_score_ < 0.0
    with pytest.raises(InputError, match="Column 1 of validation y holds one value only"):
        plain_path(*few, [0.0], **options)


# The null model.


@pytest.mark.host
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize(("y", "scoring"), CASES, ids=named)
def test_the_null_model_is_scikit_learns_dummy(y, scoring, weight):
    options = {"sample_weight": weight, "scoring": scoring, **SMALL, "epochs": 1}
    if y is ROWS:
        options["output"] = "sigmoid"
    path = plain_path(X, y, [3.0], cv=FOLDS, **options)
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    for f, (rows, held) in enumerate(FOLDS.split(X)):
        own = None if weight is None else weight[rows]
        if y is ROWS and scoring == "roc_auc":
            expected = 0.5  # the dummy's probabilities are a list, which has another shape
        else:
            dummy = DummyRegressor() if y.dtype.kind == "f" else DummyClassifier()
            dummy.fit(X[rows], y[rows], sample_weight=own)
            weighted = weight is not None and scoring not in (biggest_error, first_feature)
            more = {"sample_weight": weight[held]} if weighted else {}
            expected = scorer(dummy, X[held], y[held], **more)
        assert path.null_scores_[f] == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert path.null_score_ == pytest.approx(path.null_scores_.mean())
    assert str(path).count("\n    null ") == 1


@pytest.mark.host
def test_a_path_that_is_no_better_than_always_answering_0_says_so():
    """300 samples, 4 % ones that nothing tells from the others."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 10)), (np.arange(300) % 25 == 0).astype(int)
    options = {"epochs": 30, "learning_rate": 0.01, "progress": False, "refit": False}
    options["scoring"] = "accuracy"
    path = plain_path(X, y, [0.0, 0.001], cv=5, **options)
    dummy = cross_validate(
        DummyClassifier(), X, y, cv=StratifiedKFold(5, shuffle=True, random_state=0)
    )
    np.testing.assert_allclose(path.null_scores_, dummy["test_score"])
    assert path.null_score_ == pytest.approx(0.96)
    assert path.validation_means_.max() < 0.96
    for text in (str(path), path._repr_html_()):
        assert "No lambda beats the null model (most frequent class)" in text
        assert "96.00" in text


# Ties.


@pytest.mark.host
def test_of_equal_accuracies_the_lower_loss_is_chosen():
    """1000 samples, 3 % ones: all lambdas answer 0, the largest with the highest loss."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1000, 20)), (rng.random(1000) < 0.03).astype(int)
    options = {"epochs": 9, "progress": False, "hidden": (10,), "learning_rate": 0.03}
    options["scoring"] = "accuracy"
    lambdas = [30.0, 1e3, 1e5]
    path = plain_path(X, y, lambdas, cv=5, refit=False, per="batch", **options)
    losses = -path.metrics_["neg_log_loss"].mean(axis=(1, 2))
    assert np.ptp(path.validation_means_) == 0.0
    assert path.one_class_.all()
    assert losses.argmin() == 0
    assert path.top_lambda_ == path.best_lambda_ == 30.0
    assert path.lambda_1se_ == 1e5
    text = " ".join(str(path).split())
    assert text.count("one class only") == 3
    assert text.count("within 1 SE") == 2


@pytest.mark.host
def test_the_best_lambda_is_the_largest_that_is_close_to_the_highest_score():
    """In its score, and in its loss; compared fold by fold."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(200, 6)), rng.normal(size=200)
    y = (X[:, 0] + y > 0).astype(int)
    for scoring in ("neg_log_loss", "accuracy"):
        path = plain_path(X, y, 12, cv=4, scoring=scoring, **{**SMALL, "epochs": 30})
        top = path.validation_means_.argmax()
        if scoring == "neg_log_loss":
            assert path.top_index_ == top
        close = [
            k
            for k in range(12)
            for below in [path.metrics_[scoring][[path.top_index_, k], :, 0]]
            for losses in [path.metrics_["neg_log_loss"][[path.top_index_, k], :, 0]]
            if all(
                np.mean(d) <= 0.5 * np.std(d, ddof=1) / 2 + 1e-12
                for d in (below[0] - below[1], losses[0] - losses[1])
            )
        ]
        assert path.best_index_ == max(close)
        assert path.best_lambda_ <= path.lambda_1se_


@pytest.mark.host
def test_one_class_only_means_every_member_in_training_and_validation():
    path = plain_path(X, TWO, [0.0, 1e5], cv=FOLDS, standardize=True, **SMALL)
    for k, lam in enumerate(path.lambdas_):
        answers = [
            set(member_of(path, lam, f, TWO, rows).predict(X))
            for f, (rows, _) in enumerate(FOLDS.split(X))
        ]
        assert path.one_class_[k] == all(len(found) == 1 for found in answers)
    assert path.one_class_.tolist() == [False, True]


# Standard errors of a single fold.


def drawn(task):
    rng = np.random.default_rng(1)
    if task == "regression":
        return Predictions(task, rng.normal(size=(400, 2))), rng.normal(size=(400, 2))
    outputs = rng.dirichlet([1, 1, 1], size=400)
    if task == "binary":
        return Predictions(task, outputs[:, :1]), rng.integers(0, 2, 400)
    if task == "multilabel":
        return Predictions(task, rng.random((400, 3))), rng.integers(0, 2, (400, 3))
    return Predictions(task, outputs), rng.integers(0, 3, 400)


@pytest.mark.host
@pytest.mark.parametrize(
    ("task", "name"),
    [(task, name) for task in ("binary", "classes", "multilabel") for name in OF_CLASSES]
    + [("regression", name) for name in OF_VALUES],
)
def test_the_error_of_a_mean_agrees_with_the_bootstrap(task, name):
    found, y = drawn(task)
    means = (OF_VALUES if task == "regression" else OF_CLASSES)[name]
    expected = bootstrap_error(lambda rows: means(found.take(rows), y[rows], None).mean(), len(y))
    assert error_of_mean(means(found, y, None), None) == pytest.approx(expected, rel=0.25)


@pytest.mark.host
def test_the_log_loss_of_labels_is_the_sum_over_them():
    found, y = drawn("multilabel")
    expected = -sum(log_loss(y[:, j], found.outputs[:, j]) for j in range(3))
    score = OF_CLASSES["neg_log_loss"](found, y, None).mean()
    assert score == pytest.approx(expected, rel=1e-12)


@pytest.mark.host
def test_several_sigmoids_that_are_all_0_still_have_probabilities():
    network = Network([1, 3], ["sigmoid"], dtype="float64", backend="numpy")
    logits = np.array([[-900.0, -901.0, -999.0], [3.0, 2.0, -800.0]])
    found = Predictions.of(network, logits, None).probabilities
    expected = [[1 / (1 + math.exp(-1)), 1 / (1 + math.e), 0.0]]
    odds = np.array([1 / (1 + math.exp(-3)), 1 / (1 + math.exp(-2)), 0.0])
    np.testing.assert_allclose(found, [*expected, odds / odds.sum()], atol=1e-30)


@pytest.mark.host
def test_with_one_validation_set_other_scorers_are_bootstrapped():
    def mae(estimator, X, y):
        return -mean_absolute_error(y, estimator.predict(X))

    options = {"validation": (X[30:], VALUES[30:]), "standardize": True, **SMALL}
    found, expected = (
        plain_path(X[:30], VALUES[:30], [0.0, 3.0], scoring=scoring, **options)
        for scoring in (mae, "neg_mean_absolute_error")
    )
    np.testing.assert_allclose(found.validation_scores_, expected.validation_scores_)
    np.testing.assert_allclose(found.standard_errors_, expected.standard_errors_, rtol=0.25)
    assert found.score_name_ == "mae"


@pytest.mark.host
def test_draws_without_a_score_are_left_out():
    def picky(estimator, X, y):
        if len(np.unique(y)) < 3:
            raise ValueError("one of the classes is missing")
        return np.mean(estimator.predict(X) == y)

    labels = np.r_[THREE[:30], 1, 1, 2, 2, 2, 3]
    options = {"validation": (X[30:36], labels[30:]), "standardize": True, **SMALL}
    found = plain_path(X[:30], labels[:30], [0.0], scoring=picky, **options)
    assert 0.0 < found.standard_errors_[0] < 0.5
    assert math.isnan(bootstrap_error(lambda rows: math.nan, 5))


@pytest.mark.host
@pytest.mark.parametrize("large", [500.0, 1000.0])  # where their squares overflow, and they
def test_a_lambda_whose_predictions_overflow_is_not_chosen(large):
    """The output exp of a network that was trained on small inputs, for a large one."""
    x = np.r_[np.linspace(0, 1, 20), large, large + 1][:, None]
    y = np.r_[np.exp(np.linspace(0, 1, 20)), 2.0, 3.0]
    options = {"output": "exp", "loss": "poisson", "task": "regression", **SMALL}
    options |= {"hidden": (), "epochs": 100, "refit": False}
    path = plain_path(
        x[:20], y[:20], [0.0, 10.0], validation=(x[20:], y[20:]), optimizer="sgd", **options
    )
    assert np.isnan(path.validation_means_).tolist() == [True, False]
    assert not path.diverged_.any()
    assert path.best_lambda_ == 10.0
    assert "predictions overflow" in str(path)


# Errors, before anything is trained.


@pytest.mark.host
@pytest.mark.parametrize(
    ("y", "scoring", "words"),
    [
        (TWO, "acuracy", "There is no scorer of the name 'acuracy'. Did you mean 'accuracy'"),
        (TWO, "zzz", "name 'zzz'. sklearn.metrics.get_scorer_names() lists"),
        (TWO, 3, "Received: scoring=3"),
        (VALUES, "neg_log_loss", "it needs probabilities, and a regression has none"),
        (VALUES, "accuracy", "scoring='accuracy' cannot score the null model in fold 1"),
        (TWO, "f1", "pos_label=1 is not a valid label"),
        (THREE, "roc_auc", "Use a scorer for this task (classes)"),
        (TWO, lambda estimator, X, y: math.nan, "gives nan for perfect predictions in fold 1"),
        (TWO, lambda estimator, X, y: "good", "cannot score"),
        (TWO, lambda estimator, X, y: estimator.predict(X[:3]), "may only predict the samples"),
    ],
)
def test_a_scorer_that_cannot_be_used_is_an_error(monkeypatch, y, scoring, words):
    monkeypatch.setattr("xl2.path.run_path.train_stacks", None)
    with pytest.raises(InputError) as error:
        plain_path(X, y, [0.0], cv=FOLDS, scoring=scoring, **SMALL)
    assert words in str(error.value)


@pytest.mark.host
def test_a_score_that_folds_do_not_have_is_an_error(monkeypatch):
    """Without ones in a fold there is no ROC AUC."""
    monkeypatch.setattr("xl2.path.run_path.train_stacks", None)
    y = (np.arange(60) < 20).astype(int)
    folds = [(np.r_[10:50], np.r_[:10, 50:60]), (np.r_[:40], np.r_[40:60])]
    with pytest.raises(InputError, match="gives nan for perfect predictions in fold 2"):
        plain_path(X, y, [0.0], cv=folds, scoring="roc_auc", **SMALL)


@pytest.mark.host
def test_validation_samples_without_a_score_are_an_error():
    held = (X[TWO == "yes"], TWO[TWO == "yes"])
    with pytest.raises(InputError, match="nan for perfect predictions on the validation samples"):
        plain_path(X, TWO, [0.0], validation=held, scoring="roc_auc", **SMALL)


@pytest.mark.host
def test_scikit_learn_takes_a_member_for_a_fitted_estimator():
    def scorer(estimator, X, y):
        check_is_fitted(estimator)
        assert is_classifier(estimator)
        assert estimator.classes_.tolist() == ["no", "yes"]
        return accuracy_score(y, estimator.predict(X))

    path = plain_path(X, TWO, [0.0], cv=FOLDS, scoring=scorer, **SMALL)
    np.testing.assert_array_equal(path.validation_scores_by_seed_, path.metrics_["accuracy"])


@pytest.mark.host
def test_a_nan_of_a_member_is_an_error_that_names_it():
    def correlation(estimator, X, y):
        found = estimator.predict(X)
        return math.nan if np.ptp(found) < 30.0 else np.corrcoef(found, y)[0, 1]

    options = {"standardize": True, "cv": FOLDS, "scoring": correlation, **SMALL}
    path = plain_path(X, VALUES, [0.0], **options)
    assert math.isnan(path.null_score_)
    assert "  -" in str(path).splitlines()[-1]
    with pytest.raises(InputError, match="gives nan for lambda 100 in fold 1"):
        plain_path(X, VALUES, [0.0, 100.0], **{**options, "epochs": 30})


@pytest.mark.host
def test_members_that_diverge_are_not_scored():
    def sure(estimator, X, y):
        found = estimator.predict(X)
        assert np.isfinite(found).all()
        return -np.abs(found - y).mean()

    options = {"cv": FOLDS, "scoring": sure, **SMALL, "optimizer": "sgd", "standardize": True}
    path = plain_path(X, VALUES, [0.0, 1e30], **options)
    assert path.diverged_[1].all()
    assert np.isnan(path.metrics_["r2"][1]).all()
    assert path.best_lambda_ == 0.0


# Checkpoints and patience.


@pytest.mark.host
def test_another_scoring_scores_a_resumed_path_without_training(tmp_path, monkeypatch):
    options = {"cv": FOLDS, "checkpoint": tmp_path / "path", **SMALL}
    plain_path(X, TWO, [0.0, 3.0], **options)
    expected = plain_path(X, TWO, [0.0, 3.0], scoring="roc_auc", **{**options, "checkpoint": None})
    monkeypatch.setattr("xl2.training.loop.train_epoch", None)
    found = plain_path(X, TWO, [0.0, 3.0], scoring="roc_auc", resume=True, **options)
    np.testing.assert_array_equal(found.validation_scores_, expected.validation_scores_)


@pytest.mark.host
def test_with_patience_another_scoring_may_drop_other_lambdas(tmp_path):
    options = {"cv": FOLDS, "checkpoint": tmp_path / "path", "patience": 2, **SMALL}
    plain_path(X, TWO, [0.0, 3.0], **options)
    plain_path(X, TWO, [0.0, 3.0], scoring="balanced_accuracy", resume=True, **options)
    with pytest.raises(InputError, match="patience"):
        plain_path(X, TWO, [0.0, 3.0], scoring="accuracy", resume=True, **options)


# The estimators.


@pytest.mark.host
def test_the_estimators_choose_alpha_by_a_scorer():
    small = {"cv": FOLDS, "max_iter": 4, "batch_size": 10, "random_state": 0}
    scorer = make_scorer(f1_score, pos_label="yes")
    model = MLPClassifierCV([0.01, 1.0], scoring=scorer, **small).fit(X, TWO)
    assert model.path_.score_name_ == "f1_score"
    np.testing.assert_array_equal(model.scores_, model.path_.validation_scores_)
    assert model.best_score_ == model.mean_scores_.max()
    assert model.score(X, TWO) == np.mean(model.predict(X) == TWO)
    scaled = MLPRegressorCV([0.01, 1.0], scoring="neg_mean_absolute_error", **small)
    assert (scaled.fit(X, VALUES).scores_ < 0).all()
    with pytest.raises(ValueError, match="scoring"):
        MLPClassifierCV(scoring=3).fit(X, TWO)
