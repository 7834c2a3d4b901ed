"""Features that scikit-learn's estimators lack, and use with the rest of scikit-learn."""

import warnings

import joblib
import numpy as np
import pytest
import scipy.sparse
import sklearn.neural_network
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

import xl2
from xl2 import MLPClassifier, MLPClassifierCV, MLPRegressor, MLPRegressorCV

pytestmark = [
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
LABELS = np.where(X[:, 0] + X[:, 1] ** 2 > 0.7, "yes", "no")
VALUES = X[:, 0] * X[:, 1]
SMALL = {"hidden_layer_sizes": (6,), "max_iter": 8, "random_state": 0, "learning_rate_init": 0.02}


def fitted(y=LABELS, **more):
    kind = MLPClassifier if y.dtype.kind == "U" else MLPRegressor
    options = {name: more.pop(name) for name in [n for n in more if n in ("X_val", "y_val")]}
    return kind(**{**SMALL, **more}).fit(X, y, **options)


def same(one, other, rtol=1e-12):
    for mine, its in zip([*one.coefs_, *one.intercepts_], [*other.coefs_, *other.intercepts_]):  # noqa: B905
        np.testing.assert_allclose(mine, its, rtol=rtol, atol=1e-14)


# Features that only xl2 has.


def test_class_weights_are_sample_weights():
    weight = np.where(LABELS == "yes", 5.0, 1.0)
    mine = fitted(class_weight={"yes": 5.0})
    same(mine, MLPClassifier(**SMALL).fit(X, LABELS, sample_weight=weight))
    balanced = 30.0 / np.array([(label == LABELS).sum() for label in ("no", "yes")])
    its = fitted(class_weight=dict(zip(("no", "yes"), balanced, strict=True)))
    same(fitted(class_weight="balanced"), its)
    both = MLPClassifier(class_weight={"no": 2.0}, **SMALL).fit(X, LABELS, sample_weight=weight)
    same(both, MLPClassifier(**SMALL).fit(X, LABELS, np.where(LABELS == "no", 2.0, 5.0)))


def test_class_weights_of_a_multilabel_problem_are_multiplied():
    labels = np.stack([X[:, 0] > 0, X[:, 1] > 0], axis=1).astype(int)
    first, second = {0: 1.0, 1: 3.0}, {0: 0.5, 1: 1.0}
    mine = MLPClassifier(class_weight=[first, second], **SMALL).fit(X, labels)
    weight = np.where(labels[:, 0] == 1, 3.0, 1.0) * np.where(labels[:, 1] == 1, 1.0, 0.5)
    same(mine, MLPClassifier(**SMALL).fit(X, labels, sample_weight=weight))


@pytest.mark.parametrize("kind", [MLPClassifier, xl2.MLPClassifierCV])
def test_an_unknown_name_of_class_weights_is_refused(kind):
    words = f"'class_weight' parameter of {kind.__name__} must be.*'balanced'.*Got 'fair' instead"
    with pytest.raises(ValueError, match=words):
        kind(class_weight="fair").fit(X, LABELS)


def test_partial_fit_refuses_balanced_weights():
    model = MLPClassifier(class_weight="balanced", **SMALL)
    with pytest.raises(ValueError, match="compute_class_weight"):
        model.partial_fit(X, LABELS, classes=["no", "yes"])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_alpha_may_be_one_penalty_per_layer(solver):
    same(fitted(alpha=[0.3, 0.3], solver=solver), fitted(alpha=0.3, solver=solver))
    first, last = (fitted(alpha=alpha, solver=solver) for alpha in ([5.0, 0.0], [0.0, 5.0]))
    assert np.abs(first.coefs_[0]).sum() < np.abs(last.coefs_[0]).sum()
    assert np.abs(first.coefs_[1]).sum() > np.abs(last.coefs_[1]).sum()
    words = "'alpha' parameter of MLPClassifier.*one for each of the 2 layers"
    with pytest.raises(ValueError, match=words):
        fitted(alpha=[1.0, 2.0, 3.0])


def test_validation_samples_are_scored_after_each_epoch():
    model = fitted(X_val=X[:20], y_val=LABELS[:20])
    assert len(model.validation_scores_) == model.n_iter_ == 8
    assert model.validation_scores_[-1] == model.score(X[:20], LABELS[:20])
    assert model.best_validation_score_ == max(model.validation_scores_)
    same(model, fitted())  # they change nothing


def test_early_stopping_uses_given_validation_samples():
    held = {"X_val": X[:20], "y_val": LABELS[:20]}
    model = fitted(early_stopping=True, max_iter=60, n_iter_no_change=3, **held)
    assert 4 < model.n_iter_ < 60
    assert model.score(X[:20], LABELS[:20]) == max(model.validation_scores_)
    assert model.t_ == 60 * model.n_iter_  # no training sample was held out
    weighted = MLPRegressor(**SMALL)
    weighted.fit(X, VALUES, X_val=X[:9], y_val=VALUES[:9], sample_weight_val=np.arange(9.0))
    expected = weighted.score(X[:9], VALUES[:9], sample_weight=np.arange(9.0))
    assert weighted.validation_scores_[-1] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"X_val": X}, "X_val was passed without y_val"),
        ({"y_val": LABELS}, "y_val was passed without X_val"),
        ({"X_val": X[:, :2], "y_val": LABELS}, "X has 2 features"),
        ({"X_val": X, "y_val": LABELS[:5]}, "inconsistent numbers of samples"),
        ({"X_val": X, "y_val": np.full(60, "maybe")}, r"labels that are not in y: \['maybe'\]"),
        ({"X_val": X, "y_val": LABELS, "solver": "lbfgs"}, "lbfgs has no epochs"),
    ],
)
def test_bad_validation_samples_are_refused(more, words):
    with pytest.raises(ValueError, match=words):
        fitted(**more)


def test_callbacks_run_after_each_epoch_and_can_stop_training():
    seen = []

    def look(model):
        seen.append((model.n_iter_, model.loss_, model.score(X, LABELS)))
        return len(seen) == 3

    model = fitted(callbacks=look)
    assert [epoch for epoch, _, _ in seen] == [1, 2, 3]
    assert [loss for _, loss, _ in seen] == model.loss_curve_
    assert seen[-1][2] == model.score(X, LABELS)
    same(model, fitted(max_iter=3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no ConvergenceWarning after a stop by a callback
        fitted(callbacks=[lambda model: True])


@pytest.mark.parametrize("yes", [True, np.True_, np.asarray(True)])
def test_a_callback_can_return_a_boolean_of_numpy(yes):
    assert fitted(callbacks=lambda model: yes).n_iter_ == 1
    assert fitted(callbacks=[lambda model: 1.0, lambda model: np.False_]).n_iter_ == 8


def test_callbacks_run_after_each_iteration_of_lbfgs_and_can_stop_it():
    seen = []

    def look(model):
        seen.append((model.n_iter_, model.loss_, model.score(X, LABELS)))
        return len(seen) == 3

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no ConvergenceWarning after a stop by a callback
        model = fitted(solver="lbfgs", callbacks=look)
    assert [iteration for iteration, _, _ in seen] == [1, 2, 3]
    losses = [loss for _, loss, _ in seen]
    assert losses == sorted(losses, reverse=True)
    assert (model.n_iter_, model.loss_) == seen[-1][:2]
    assert seen[-1][2] == model.score(X, LABELS)
    same(model, fitted(solver="lbfgs", max_iter=3))
    same(fitted(solver="lbfgs"), fitted(solver="lbfgs", callbacks=lambda model: False))


def test_lbfgs_refuses_dropout():
    with pytest.raises(ValueError, match=r"dropout needs solver='sgd' or 'adam'.*dropout=0.5"):
        fitted(solver="lbfgs", dropout=0.5)


def test_an_initializer_and_dropout_change_the_training_reproducibly():
    plain, he, thin = fitted(), fitted(initializer="he"), fitted(dropout=0.5)
    assert not np.allclose(plain.coefs_[0], he.coefs_[0])
    assert not np.allclose(plain.coefs_[0], thin.coefs_[0])
    same(thin, fitted(dropout=0.5))
    np.testing.assert_array_equal(thin.predict(X), thin.predict(X))
    own = fitted(initializer=lambda inputs, outputs, rng: np.zeros((inputs, outputs)))
    assert (own.coefs_[0] == 0).all()  # no gradient passes a layer of zeros


def test_the_dtype_can_be_chosen():
    assert fitted().coefs_[0].dtype == np.float64
    model = fitted(dtype="float32")
    assert {p.dtype for p in [*model.coefs_, *model.intercepts_]} == {np.dtype("float32")}
    assert model.predict_proba(X).dtype == np.float32
    assert fitted(VALUES, dtype="float32").predict(X).dtype == np.float32


def test_a_divergence_ends_training_with_scikit_learns_message():
    options = {"solver": "sgd", "learning_rate_init": 1e6, "activation": "identity"}
    model = MLPRegressor(**{**SMALL, **options, "max_iter": 100_000})
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        model.fit(X, VALUES)
    model.set_params(early_stopping=True)
    with pytest.warns(UserWarning, match="diverged.*best weights before it"):
        model.fit(X, VALUES)
    assert model.n_iter_ < 100
    assert np.isnan(model.validation_scores_[-1])
    assert all(np.isfinite(w).all() for w in model.coefs_)


def test_an_interrupted_model_predicts():
    def interrupt(model):
        if model.n_iter_ == 2:
            raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = fitted(callbacks=interrupt)
    assert model.n_iter_ == 2
    same(model, fitted(max_iter=2))


def test_lbfgs_prints_a_line_after_each_iteration(capsys):
    model = fitted(solver="lbfgs", verbose=True, max_iter=4)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[-1] == f"loss = {model.loss_:.8f}"


# With the rest of scikit-learn.


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor, MLPClassifierCV, MLPRegressorCV])
def test_the_tags_of_the_estimators(kind):
    tags = get_tags(kind())
    assert tags.array_api_support
    assert tags.input_tags.sparse == (kind in (MLPClassifier, MLPRegressor))
    assert is_classifier(kind()) == ("Classifier" in kind.__name__)
    assert not is_classifier(kind()) or tags.classifier_tags.multi_label


@pytest.mark.filterwarnings("ignore:The last mini-batch")
def test_sparse_samples_are_made_dense_chunk_by_chunk(monkeypatch):
    monkeypatch.setattr(xl2.array.sparse, "CHUNK_BYTES", 10 * 4 * 8)
    rows = np.where(RNG.random(X.shape) < 0.5, X, 0.0)
    largest = []

    def watch(original):
        def watched(self, *rows):
            dense = original(self, *rows)
            largest.append(len(dense))
            return dense

        return watched

    for name in ("take", "between"):
        original = getattr(xl2.array.sparse.SparseRows, name)
        monkeypatch.setattr(xl2.array.sparse.SparseRows, name, watch(original))
    options = {**SMALL, "batch_size": 10}
    for more in ({}, {"early_stopping": True, "validation_fraction": 0.15}, {"solver": "lbfgs"}):
        dense = MLPClassifier(**options, **more).fit(rows, LABELS)
        for form in (scipy.sparse.csr_matrix, scipy.sparse.csc_array):
            model = MLPClassifier(**options, **more).fit(form(rows), LABELS)
            same(model, dense, rtol=1e-7)
            proba = model.predict_proba(form(rows))
            np.testing.assert_allclose(proba, dense.predict_proba(rows), rtol=1e-7)
    assert max(largest) <= 10


def test_predictions_are_sparse_if_the_labels_were():
    labels = (X[:, :3] > 0).astype(int)
    model = MLPClassifier(**SMALL).fit(X, scipy.sparse.csr_matrix(labels))
    theirs = sklearn.neural_network.MLPClassifier(**SMALL).fit(X, scipy.sparse.csr_matrix(labels))
    found = model.predict(X)
    assert scipy.sparse.issparse(found)
    assert (found != theirs.predict(X)).nnz == 0
    assert model.score(X, scipy.sparse.csr_matrix(labels)) == theirs.score(X, labels)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_the_names_of_columns_are_checked(library):
    frames = pytest.importorskip(library, reason="its data frames are the samples")
    names = ["a", "b", "c", "d"]
    frame = frames.DataFrame(dict(zip(names, X.T, strict=True)))
    model = MLPClassifier(**SMALL).fit(frame, frames.Series(LABELS))
    assert model.feature_names_in_.tolist() == names
    same(model, fitted())
    assert model.predict(frame).tolist() == fitted().predict(X).tolist()
    assert model.to_model().features == tuple(names)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[["b", "a", "c", "d"]])


def test_a_pipeline_of_data_frames():
    pytest.importorskip("pandas", reason="the pipeline passes its data frames on")
    made = make_pipeline(StandardScaler(), MLPClassifier(**SMALL)).set_output(transform="pandas")
    made.fit(X, LABELS)
    assert made[-1].feature_names_in_.tolist() == ["x0", "x1", "x2", "x3"]
    assert made.score(X, LABELS) > 0.5


def test_a_grid_search_in_two_processes():
    grid = GridSearchCV(MLPClassifier(**SMALL), {"alpha": [1e-4, 100.0]}, cv=2, n_jobs=2)
    theirs = sklearn.neural_network.MLPClassifier(**SMALL)
    grid.fit(X, LABELS)
    its = GridSearchCV(theirs, {"alpha": [1e-4, 100.0]}, cv=2).fit(X, LABELS)
    assert grid.best_params_ == its.best_params_
    found = (grid.cv_results_["mean_test_score"], its.cv_results_["mean_test_score"])
    np.testing.assert_allclose(*found)


def test_metadata_routing():
    weight = np.where(LABELS == "yes", 5.0, 0.1)
    with config_context(enable_metadata_routing=True):
        model = MLPClassifier(**SMALL)
        model.set_fit_request(sample_weight=True, X_val=True, y_val=True)
        model.set_score_request(sample_weight=True).set_partial_fit_request(classes=True)
        made = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        made.fit(X, LABELS, sample_weight=weight, X_val=X[:9], y_val=LABELS[:9])
        assert len(made[-1].validation_scores_) == 8
        expected = accuracy_score(LABELS, made.predict(X), sample_weight=weight)
        assert made.score(X, LABELS, sample_weight=weight) == expected
        found = cross_validate(
            MLPClassifier(**SMALL)
            .set_fit_request(sample_weight=True)
            .set_score_request(sample_weight=False),
            X,
            LABELS,
            cv=2,
            params={"sample_weight": weight},
            return_estimator=True,
        )
    first = np.flatnonzero(found["estimator"][0].predict(X) == "yes").size
    assert first > np.flatnonzero(fitted().predict(X) == "yes").size  # the weights had an effect


def test_partial_fit_continues_from_a_joblib_file(tmp_path):
    model = MLPClassifier(solver="sgd", **SMALL).fit(X, LABELS)
    joblib.dump(model, tmp_path / "model.joblib")
    other = joblib.load(tmp_path / "model.joblib")
    same(model, other)
    for one in (model, other):
        one.partial_fit(X, LABELS)
    same(model, other)
    assert not hasattr(clone(model), "coefs_")
