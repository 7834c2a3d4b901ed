"""Every member of a path is the network a user would train alone."""

import math
import pickle

import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit

import xl2
from xl2 import L2, DivergenceError, MLPClassifier, Network, diagnose, fit, regularization_path
from xl2.errors import InputError
from xl2.nn.scaling import Scaling

RNG = np.random.default_rng(3)
X = RNG.normal(size=(41, 3))
LABELS = (X[:, 0] + 0.5 * X[:, 1] + 0.3 * RNG.normal(size=41) > 0).astype(int)
VALUES = X @ RNG.normal(size=(3, 2)) + 0.1 * RNG.normal(size=(41, 2))
HELD, HELD_LABELS = X[30:], LABELS[30:]
LAMBDAS = [0.0, 0.3, 2.0]
# What a path does beside the training is the same on every backend, and is tested on NumPy.
HERE = {"backend": "numpy"}
SMALL = {
    "hidden": (4,),
    "epochs": 3,
    "batch_size": 8,
    "learning_rate": 0.05,
    "dtype": "float64",
    "progress": False,
    "return_members": True,
}
# Three whole mini-batches of 30 samples: one program for JAX to compile.
EVEN = {**SMALL, "batch_size": 10}


@pytest.fixture
def rtol(backend):
    return 1e-12 if backend.name in ("numpy", "array_api_strict") else 1e-9


def alone(where, X, y, lam, seed, activations, initializer="he", **more):
    """Train one network as the documentation says a member is trained."""
    sizes = [X.shape[1], 4, y.shape[1] if y.ndim == 2 else max(1, len(set(y.tolist())) - 1)]
    if activations[-1] == "softmax":
        sizes[-1] += 1
    network = Network(sizes, activations, initializer, seed=seed, dtype="float64", **where)
    options = {"epochs": 3, "batch_size": 8, "learning_rate": 0.05, "optimizer": "adam"}
    history = fit(network, X, y, penalty=L2(lam), seed=seed, **{**options, **more})
    return network, history


def assert_equal(network, other, rtol):
    for mine, its in zip(network.host_parameters(), other.host_parameters(), strict=True):
        for one, two in zip(mine, its, strict=True):
            np.testing.assert_allclose(one, two, rtol=rtol, atol=1e-14)


# Members.


def test_each_member_equals_the_network_trained_alone(where, rtol):
    path = regularization_path(
        X[:40], LABELS[:40], LAMBDAS, cv=KFold(4), seed=[0, 7], **EVEN, **where
    )
    folds = list(KFold(4).split(X[:40]))
    assert path.train_scores_.shape == path.validation_scores_.shape == (3, 4)
    for k, lam in enumerate(LAMBDAS):
        for f, s, seed in ((0, 1, 7), (3, 0, 0)):
            rows, held = folds[f]
            network, history = alone(
                where,
                X[rows],
                LABELS[rows],
                lam,
                seed,
                ["relu", "sigmoid"],
                validation=(X[held], LABELS[held]),
                batch_size=10,
            )
            assert_equal(path.member(lam, f, s), network, rtol)
            assert path.train_scores_by_seed_[k, f, s] == network.score(X[rows], LABELS[rows])
            assert path.validation_scores_by_seed_[k, f, s] == history.validation_score[-1]
            for name, values in path.curves_.items():
                np.testing.assert_allclose(
                    values[:, k, f, s], getattr(history, name), rtol=rtol, atol=1e-13
                )


def test_folds_of_two_lengths_are_stratified_and_shuffled_by_the_first_seed():
    """Of 41 samples, four folds have 31 and 30 to learn from: two stacks."""
    path = regularization_path(X, LABELS, LAMBDAS, cv=4, seed=[5], **SMALL)
    folds = list(StratifiedKFold(4, shuffle=True, random_state=5).split(X, LABELS))
    assert {len(rows) for rows, _ in folds} == {30, 31}
    for f, (rows, _) in enumerate(folds):
        network, _ = alone(HERE, X[rows], LABELS[rows], 0.3, 5, ["relu", "sigmoid"])
        assert_equal(path.member(0.3, f), network, 1e-12)


def test_with_validation_samples_all_others_are_learnt_from(where, rtol):
    path = regularization_path(
        X[:30], LABELS[:30], LAMBDAS, validation=(HELD, HELD_LABELS), **EVEN, **where
    )
    assert path.validation_scores_.shape == (3, 1)
    for k, lam in enumerate(LAMBDAS):
        network, _ = alone(where, X[:30], LABELS[:30], lam, 0, ["relu", "sigmoid"], batch_size=10)
        assert_equal(path.member(lam), network, rtol)
        assert path.validation_scores_[k, 0] == network.score(HELD, HELD_LABELS)
    assert_equal(path.best_model_.network, path.member(path.best_lambda_), 0.0)


def test_a_regression():
    path = regularization_path(X, VALUES, LAMBDAS, cv=KFold(3), activation="tanh", **SMALL)
    rows, held = list(KFold(3).split(X))[1]
    network, _ = alone(HERE, X[rows], VALUES[rows], 0.3, 0, ["tanh", "identity"], "glorot_uniform")
    assert path.score_name_ == "R2"
    assert_equal(path.member(0.3, 1), network, 1e-12)
    np.testing.assert_allclose(
        path.validation_scores_[1, 1], network.score(X[held], VALUES[held]), rtol=1e-9
    )


def test_three_classes_of_text():
    names = np.array(["c", "a", "b"])[np.digitize(X[:, 0], [-0.4, 0.4])]
    path = regularization_path(X[:30], names[:30], [0.1], validation=(HELD, names[30:]), **SMALL)
    numbers = np.searchsorted(["a", "b", "c"], names[:30])
    network, _ = alone(HERE, X[:30], numbers, 0.1, 0, ["relu", "softmax"])
    assert_equal(path.member(0.1), network, 1e-12)
    model = path.best_model_
    assert set(model.predict(HELD)) <= {"a", "b", "c"}
    assert model.score(HELD, names[30:]) == path.validation_means_[0]


@pytest.mark.parametrize("regression", [False, True])
def test_each_fold_is_standardised_by_what_it_learns_from(regression):
    wide = X * [1.0, 100.0, 0.01] + [0.0, 50.0, 3.0]
    y = 40.0 + 9.0 * VALUES if regression else LABELS
    path = regularization_path(wide, y, [0.3], cv=KFold(3), standardize=True, **SMALL)
    rows, held = list(KFold(3).split(X))[2]
    scaling, targets = Scaling.learn(wide[rows]), y
    if regression:
        targets = Scaling.learn(y[rows]).apply(y, "float64")
    scaled = scaling.apply(wide, "float64")
    output = "identity" if regression else "sigmoid"
    network, _ = alone(HERE, scaled[rows], targets[rows], 0.3, 0, ["relu", output])
    assert_equal(path.member(0.3, 2), network, 1e-12)
    np.testing.assert_allclose(
        path.validation_scores_[0, 2], network.score(scaled[held], targets[held]), rtol=1e-9
    )
    model = path.best_model_
    assert model.predict(wide).shape == y.shape
    np.testing.assert_allclose(model.inputs.mean, wide.mean(axis=0))


@pytest.mark.parametrize("kind", [object, np.dtypes.StringDType()])
def test_text_of_any_kind_is_labels(kind):
    names = np.where(LABELS, "yes", "no")
    held = (HELD, names[30:])
    path = regularization_path(X[:30], names[:30].astype(kind), [0.3], validation=held, **SMALL)
    same = regularization_path(X[:30], names[:30], [0.3], validation=held, **SMALL)
    assert path.best_model_.classes == ("no", "yes")
    assert_equal(path.member(0.3), same.member(0.3), 0.0)


@pytest.mark.parametrize("standardize", [False, True])
def test_several_sigmoids_learn_rows_of_0_and_1_as_they_are(standardize):
    both = (VALUES > 0).astype(int)
    options = {"output": "sigmoid", "standardize": standardize, "cv": KFold(3), **SMALL}
    path = regularization_path(X, both, [0.3], **options)
    assert path.score_name_ == "accuracy"
    model = path.best_model_
    assert model.outputs is None
    assert set(model.predict(X).ravel()) <= {0, 1}
    scaled = Scaling.learn(X).apply(X, "float64") if standardize else X
    network, _ = alone(HERE, scaled, both, 0.3, 0, ["relu", "sigmoid"])
    assert_equal(model.network, network, 1e-12)


def test_hidden_layers_come_as_any_iterable():
    one = regularization_path(X, LABELS, [0], cv=2, **{**SMALL, "hidden": (n for n in (4, 3))})
    assert one.member(0).sizes == (3, 4, 3, 1)
    none = regularization_path(X, LABELS, [0], cv=2, **{**SMALL, "hidden": ()})
    assert none.member(0).activations == ("sigmoid",)


def test_after_a_cross_validation_models_are_trained_on_all_samples():
    path = regularization_path(X, LABELS, LAMBDAS, cv=3, seed=5, refit=[2.0, 0.3], **SMALL)
    assert list(path.models_) == [0.3, 2.0]
    for lam in (0.3, 2.0):
        network, _ = alone(HERE, X, LABELS, lam, 5, ["relu", "sigmoid"])
        assert_equal(path.model(lam).network, network, 1e-12)
    assert path.refit_time_ > 0


@pytest.mark.parametrize("samples", [{"cv": 3}, {"validation": (HELD, HELD_LABELS)}])
def test_refit_chooses_which_models_there_are(samples):
    def lambdas(refit):
        path = regularization_path(
            X[:30], LABELS[:30], [0.0, 0.3, 2.0, 1e3], refit=refit, **samples, **SMALL
        )
        return path, list(path.models_)

    path, found = lambdas(True)
    assert path.best_model_ is path.models_[path.best_lambda_]
    assert {0.0, path.best_lambda_, path.lambda_1se_} <= set(found)
    assert any(lam > 0 for lam in found)
    assert lambdas("best")[1] == [path.best_lambda_]
    assert lambdas("1se")[1] == [path.lambda_1se_]
    none, found = lambdas(False)
    assert (found, none.refit_time_) == ([], 0.0)
    with pytest.raises(InputError, match=r"but for: none\. Pass refit=\["):
        none.best_model_  # noqa: B018


@pytest.mark.parametrize("refit", ["all", [0.3, 7.0], 3, None])
def test_a_refit_that_is_none_is_refused(refit):
    with pytest.raises(InputError, match=r"refit is True, False, 'best', '1se', or a list"):
        regularization_path(X, LABELS, [0.0, 0.3], refit=refit, **SMALL)


def test_members_are_kept_only_where_asked_for():
    path = regularization_path(X, LABELS, [0.3], cv=2, **{**SMALL, "return_members": False})
    with pytest.raises(InputError, match="Pass return_members=True"):
        path.member(0.3)


def test_the_result_holds_no_training_data_and_diagnose_trains_nothing(monkeypatch):
    many = np.tile(X, (500, 1))
    path = regularization_path(
        many, np.tile(LABELS, 500), [0.0, 0.3], cv=2, **{**SMALL, "return_members": False}
    )
    stored = pickle.dumps(path)
    assert len(stored) < 20_000 < many.nbytes / 10
    monkeypatch.setattr("xl2.training.loop.train_epoch", None)
    for one in (path, pickle.loads(stored)):
        found = diagnose(one, X, LABELS, HELD, HELD_LABELS)
        assert found.lam == path.best_lambda_


class Counted:
    """Samples that count how often they are converted to an array."""

    def __init__(self, x):
        self.x, self.shape, self.times = x, x.shape, 0

    def __len__(self):
        return len(self.x)

    def __array__(self, dtype=None, copy=None):
        self.times += 1
        return np.array(self.x, dtype=dtype)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("samples", [{"cv": 3}, {"validation": (HELD, HELD_LABELS)}])
def test_samples_are_converted_once_a_call(standardize, samples):
    """By a path with several stacks, folds and a refit, by `fit`, and by an estimator."""
    counted = Counted(X)
    regularization_path(
        counted, LABELS, LAMBDAS, seed=[0, 1], standardize=standardize, **samples, **SMALL
    )
    assert counted.times == 1
    counted = Counted(X)
    fit(Network([3, 4, 1]), counted, LABELS, epochs=2, validation=(HELD, HELD_LABELS))
    assert counted.times == 1
    counted = Counted(X)
    with pytest.warns(ConvergenceWarning):
        MLPClassifier((4,), max_iter=2).fit(counted, LABELS)
    assert counted.times == 1


@pytest.mark.parametrize("folds", [1, 2])
def test_the_split_into_stacks_changes_nothing(folds, monkeypatch):
    """One member at a time, two, and so on up to all at once."""
    samples = {"cv": 3} if folds == 2 else {"validation": (HELD, HELD_LABELS)}
    options = {"lambdas": LAMBDAS, "seed": [0, 1], **samples, **SMALL}
    whole = regularization_path(X, LABELS, **options)
    each = whole._settings.memory_of(1)
    for most in (1, 2, 4, 7):
        split = regularization_path(X, LABELS, max_memory=most * each, **options)
        for name in ("train_scores_by_seed_", "validation_scores_by_seed_", "standard_errors_"):
            np.testing.assert_array_equal(getattr(split, name), getattr(whole, name))
        for name, values in whole.curves_.items():
            np.testing.assert_allclose(split.curves_[name], values, rtol=1e-12, atol=1e-13)
        for lam in LAMBDAS:
            assert_equal(split.member(lam, folds - 1, 1), whole.member(lam, folds - 1, 1), 1e-12)


def test_time_series_folds_of_unequal_lengths():
    path = regularization_path(X, LABELS, [0.3], cv=TimeSeriesSplit(3), **SMALL)
    for f, (rows, _) in enumerate(TimeSeriesSplit(3).split(X)):
        network, _ = alone(HERE, X[rows], LABELS[rows], 0.3, 0, ["relu", "sigmoid"])
        assert_equal(path.member(0.3, f), network, 1e-12)


# What it says.


def test_the_lambdas_come_in_ascending_order():
    path = regularization_path(X, LABELS, [2, 0, 0.3], cv=2, **SMALL)
    assert path.lambdas_.tolist() == [0.0, 0.3, 2.0]
    assert isinstance(path.best_lambda_, float)
    assert isinstance(path.lambda_1se_, float)
    assert path.best_lambda_ == path.lambdas_[path.best_index_]
    assert path.lambda_1se_ == path.lambdas_[path.index_1se_] >= path.best_lambda_
    np.testing.assert_allclose(path.validation_means_, path.validation_scores_.mean(axis=1))
    spread = path.validation_scores_.std(axis=1, ddof=1) / math.sqrt(2)
    np.testing.assert_allclose(path.standard_errors_, spread)
    assert path.fit_time_ > 0


def test_with_one_validation_set_the_error_is_its_samples():
    options = {"validation": (HELD, HELD_LABELS), **SMALL}
    path = regularization_path(X[:30], LABELS[:30], LAMBDAS, **options)
    p = path.validation_means_
    np.testing.assert_allclose(path.standard_errors_, np.sqrt(p * (1 - p) / 11))


def test_of_a_regression_too():
    options = {"validation": (X[30:], VALUES[30:]), **SMALL}
    path = regularization_path(X[:30], VALUES[:30], [0.3], **options)
    missed = (np.asarray(path.member(0.3).forward(X[30:])) - VALUES[30:]) ** 2
    share = missed / ((VALUES[30:] - VALUES[30:].mean(axis=0)) ** 2).sum(axis=0)
    expected = share.mean(axis=1).std(ddof=1) * math.sqrt(11)
    np.testing.assert_allclose(path.standard_errors_, [expected], rtol=1e-9)


def test_it_knows_the_samples_that_chose_lambda():
    path = regularization_path(X[:30], LABELS[:30], [0, 1], validation=(HELD, HELD_LABELS), **SMALL)
    assert path.selected_on(HELD.copy())
    assert not path.selected_on(X[:11])
    assert not path.selected_on(X)
    assert not regularization_path(X, LABELS, [0], cv=2, **SMALL).selected_on(X)


def test_its_tables():
    path = regularization_path(X, LABELS, LAMBDAS, cv=2, seed=[0, 1], **SMALL)
    assert len(str(path).splitlines()) == 3 + len(LAMBDAS)
    assert path._repr_html_().count("<tr>") == 1 + len(LAMBDAS)
    assert "3 lambdas x 2 folds x 2 seeds" in repr(path)
    pytest.importorskip("pandas", reason="a data frame needs pandas")
    frame = path.to_pandas()
    assert len(frame) == 12
    again = frame.pivot_table(index="lambda", columns="fold", values="validation_score")
    np.testing.assert_allclose(again.to_numpy(), path.validation_scores_)


def test_the_backends_of_arrays_are_followed(backend, to, host):
    few = (X[:40], LABELS[:40])
    path = regularization_path(*map(to, few), [0.3], cv=KFold(2), **EVEN)
    assert path.best_model_.network.backend.name == backend.name
    model = path.best_model_
    np.testing.assert_array_equal(model.predict(to(X)), model.predict(X))
    same = regularization_path(*few, [0.3], cv=KFold(2), backend="numpy", **EVEN)
    assert_equal(path.member(0.3, 1), same.member(0.3, 1), 1e-9)


# Members that diverge, and members that are dropped.


def test_a_lambda_that_diverges_is_marked_and_harms_no_other():
    options = {**SMALL, "optimizer": "sgd", "cv": 3}
    path = regularization_path(X, LABELS, [0.0, 0.3, 1e30], **options)
    assert path.diverged_[2].all()
    assert not path.diverged_[:2].any()
    assert np.isnan(path.validation_scores_[2]).all()
    assert np.isnan(path.train_means_[2])
    assert path.best_lambda_ < 1e30
    sound = regularization_path(X, LABELS, [0.0, 0.3], **options)
    np.testing.assert_array_equal(path.validation_scores_[:2], sound.validation_scores_)
    assert_equal(path.member(0.3, 2), sound.member(0.3, 2), 1e-12)
    with pytest.raises(InputError, match=r"no model for lambda 1e\+30: it diverged in 3 of 3"):
        path.model(1e30)
    assert "diverged in 3 of 3" in str(path)


def test_a_lambda_beyond_float32_diverges_and_nothing_warns():
    path = regularization_path(X, LABELS, [0.0, 1e300], cv=2, **{**SMALL, "dtype": "float32"})
    assert path.diverged_.all(axis=(1, 2)).tolist() == [False, True]


@pytest.mark.parametrize("most", [1, 6])
def test_a_path_whose_members_all_diverge_is_an_error(most):
    options = {**SMALL, "optimizer": "sgd", "cv": 3}
    each = regularization_path(X, LABELS, [0.0], **options)._settings.memory_of(1)
    with pytest.raises(DivergenceError, match="Every lambda of the path"):
        regularization_path(X, LABELS, [1e20, 1e30], max_memory=most * each, **options)


def test_a_hopeless_lambda_is_dropped_and_the_others_stay_exact():
    lambdas = [0.0, 0.1, 20.0]
    options = {**SMALL, "epochs": 12, "learning_rate": 0.3, "optimizer": "sgd"}
    options |= {"cv": KFold(4), "seed": [0, 1]}
    whole = regularization_path(X[:40], LABELS[:40], lambdas, **options)
    quick = regularization_path(X[:40], LABELS[:40], lambdas, patience=2, **options)
    epochs = [int(quick.epochs_[k].max()) for k in range(3)]
    assert epochs[2] < 12
    assert epochs[quick.best_index_] == 12
    assert quick.best_lambda_ == whole.best_lambda_
    for k in range(3):
        assert (quick.epochs_[k] == epochs[k]).all()
        for name, values in whole.curves_.items():
            mine = quick.curves_[name][:, k]
            np.testing.assert_allclose(
                mine[: epochs[k]], values[: epochs[k], k], rtol=1e-12, atol=1e-13
            )
            assert np.isnan(mine[epochs[k] :]).all()
    best = quick.best_lambda_
    assert_equal(quick.member(best, 2, 1), whole.member(best, 2, 1), 1e-12)
    options["epochs"] = epochs[2]
    short = regularization_path(X[:40], LABELS[:40], [20.0], **options)
    assert_equal(quick.member(20.0, 1, 1), short.member(20.0, 1, 1), 1e-12)
    np.testing.assert_array_equal(quick.validation_scores_[2], short.validation_scores_[0])
    assert f"dropped after {epochs[2]} epochs" in str(quick)


def test_a_lambda_dropped_in_some_folds_is_not_chosen():
    """Folds of two lengths are two stacks, and each drops by what it sees."""
    options = {**SMALL, "epochs": 12, "learning_rate": 0.2, "optimizer": "sgd"}
    path = regularization_path(
        X, LABELS, [0.0, 0.1, 10.0], cv=3, seed=[0, 1], patience=2, **options
    )
    dropped = (path.epochs_ < 12).any(axis=(1, 2))
    assert dropped.tolist() == [True, False, True]
    assert path.validation_means_[0] > path.validation_means_[1]
    assert path.best_lambda_ == path.lambda_1se_ == 0.1


# Bad input.


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"lambdas": [0, -1]}, "0 or more. Received: -1.0"),
        ({"lambdas": [0, math.nan]}, "finite number"),
        ({"lambdas": [1, 1]}, "more than once: 1"),
        ({"validation": (HELD, HELD_LABELS), "cv": 3}, "not both"),
        ({"cv": 30}, "cv=30 folds need every class"),
        (
            {"cv": [(np.arange(20), np.arange(15, 41))]},
            "trains on 5 samples that it is validated on",
        ),
        ({"y": np.zeros(41)}, "one class only"),
        ({"y": LABELS[:5]}, "X has 41 samples and y has 5"),
        ({"X": X * np.nan}, "first in row 1[.]"),
        ({"X": X * np.nan, "standardize": True}, "first in row 1[.]"),
        ({"X": X[0]}, "shape"),
        ({"seed": 1.5}, "seed is a whole number"),
        ({"seed": [1, 1]}, "or a list of different ones"),
        ({"seed": -1}, "seed is a whole number, 0 or more"),
        ({"epochs": 0}, "epochs is a whole number"),
        ({"patience": 0}, "patience is a whole number"),
        ({"learning_rate": 0}, "learning_rate is a finite number above 0"),
        ({"per": "row"}, "per must be 'batch' or 'dataset'"),
        ({"optimizer": "lbfgs"}, "lbfgs"),
        ({"activation": "gelu"}, "gelu"),
        ({"max_memory": 100}, "One network of the path takes about .* MiB"),
        ({"validation": X}, "validation is a pair"),
        ({"validation": (HELD, LABELS)}, "validation X has 11 samples and validation y has 41"),
        ({"validation": (HELD, HELD_LABELS + 5)}, "validation y has the label"),
        ({"validation": (HELD[:, :2], HELD_LABELS)}, "validation X has 2 features"),
        ({"validation": (HELD, [[1], [0, 1]])}, "validation y is not an array"),
        ({"validation": (HELD, [None] * 11)}, "validation y has a missing label, first in row 1"),
        ({"validation": ([["x"] * 3] * 11, HELD_LABELS), "standardize": True}, "validation X is"),
        (
            {"validation": (HELD[:1], VALUES[30:31]), "y": VALUES},
            "on 1 sample with one value",
        ),
        ({"validation": (HELD, np.ones((11, 2))), "y": VALUES}, "in column 1 of y. R2"),
        ({"cv": 3, "y": np.full(41, 0.5)}, "Fold 1 of cv is validated on 14 sam"),
        ({"X": [[1, 2], [3]] * 20}, "X is not an array: .*[^.][.]$"),
        ({"X": [[1, 2], [3]] * 20, "standardize": True}, "X is not an array"),
        ({"X": X.astype(str), "standardize": True}, "X is not an array of real numbers"),
        ({"X": X + 1j, "standardize": True}, "X is not an array of real numbers"),
        ({"X": np.array([["a"] * 3] * 41, dtype=object), "standardize": True}, "X is not an array"),
        ({"y": [[1], [0, 1]] * 20}, "y is not an array"),
        ({"y": ["a"] * 3 + [None] + ["b"] * 37}, "y has a missing label, first in row 4"),
        ({"y": np.where(LABELS, np.datetime64("2020"), np.datetime64("2021"))}, "text or numbers"),
        ({"y": LABELS + 1j}, "y is text or numbers. Received: complex128"),
        ({"hidden": 5}, r"hidden is .* Received: 5\."),
        ({"hidden": None}, "hidden is"),
        ({"activation": ["relu"]}, "Available activations"),
        ({"output": "identity"}, "Labels need the output 'sigmoid' or 'softmax'"),
        ({"output": "gelu"}, "Available output activations"),
        ({"output": "sigmoid", "task": "regression"}, "The output 'sigmoid' is for classes"),
        ({"loss": "hinge"}, "Available losses are"),
        ({"optimizer": None}, "Available optimizers"),
        ({"optimizer": dict}, "Available optimizers"),
        ({"initializer": 3}, "Available initializers"),
        ({"epochs": True}, "epochs is a whole number"),
        ({"seed": [2**32]}, "seed of the folds, .* from 0 to 4294967295. Received: 4294967296"),
    ],
)
def test_bad_input_is_refused_with_its_name(options, said):
    arguments = {"X": X, "y": LABELS, "lambdas": LAMBDAS, **SMALL, **options}
    with pytest.raises(InputError, match=said):
        regularization_path(arguments.pop("X"), arguments.pop("y"), **arguments)


@pytest.mark.parametrize(
    ("lam", "fold", "seed"),
    [(7.0, 0, 0), (0.3, 2, 0), (0.3, 0, 1), (0.3, 0.5, 0), (0.3, -1, 0), ([0.0, 0.3, 2.0], 0, 0)],
)
def test_a_member_that_is_not_there_is_refused(lam, fold, seed):
    path = regularization_path(X, LABELS, LAMBDAS, cv=2, **SMALL)
    with pytest.raises(InputError, match="The path has"):
        path.member(lam, fold, seed)


def test_it_is_a_name_of_the_package():
    assert xl2.regularization_path is regularization_path
    assert xl2.RegularizationPath is type(regularization_path(X, LABELS, [0], cv=2, **SMALL))


def test_a_fold_of_equal_values_says_nothing_and_is_named(where):
    """R2 is 0 there, or 1, as scikit-learn has it."""
    y = np.where(np.arange(41) == 7, 0.5, 0.0)
    with pytest.warns(UserWarning, match="In 2 folds of 3 in cv, first in fold 2"):
        path = regularization_path(X, y, [0, 1], cv=KFold(3), task="regression", **SMALL, **where)
    assert path.validation_scores_[:, 1:].tolist() == [[0.0, 0.0]] * 2
    assert (path.validation_scores_[:, 0] != 0.0).all()


def test_samples_are_weighted_in_training_and_where_they_judge(where):
    """A weight of 0 is a sample that is not there."""
    folds = [(np.arange(0, 20), np.arange(20, 30)), (np.arange(10, 30), np.arange(0, 10))]
    out = np.array([3, 13, 23])
    weight = np.ones(30)
    weight[out] = 0.0
    kept = [(np.setdiff1d(a, out), np.setdiff1d(b, out)) for a, b in folds]
    options = {"hidden": (3,), "epochs": 3, "batch_size": 100, "shuffle": False}
    options |= {"dtype": "float64", "lambdas": [0.1, 1], **where}
    for y in (LABELS[:30], VALUES[:30]):
        mine = regularization_path(X[:30], y, cv=folds, sample_weight=weight, **options)
        its = regularization_path(X[:30], y, cv=kept, **options)
        for name in ("train_scores_", "validation_scores_", "standard_errors_"):
            np.testing.assert_allclose(getattr(mine, name), getattr(its, name), rtol=1e-8)
    held = regularization_path(
        X[:30], LABELS[:30], validation=(X[30:], LABELS[30:]), sample_weight=weight, **options
    )
    assert held.validation_scores_.shape == (2, 1)


@pytest.mark.parametrize("weight", [np.ones(40), -np.ones(41)])
def test_sample_weights_that_cannot_be_used_are_refused(where, weight):
    with pytest.raises(InputError, match="sample_weight"):
        regularization_path(X, LABELS, [0], cv=2, epochs=1, sample_weight=weight, **where)


@pytest.mark.parametrize("standardize", [False, True])
def test_a_sparse_matrix_is_refused_with_what_to_do(where, standardize):
    rows = scipy.sparse.csr_array(X)
    with pytest.raises(InputError, match=r"X is a sparse matrix.*Give X\.toarray\(\)"):
        regularization_path(rows, LABELS, [0], cv=2, epochs=1, standardize=standardize, **where)
