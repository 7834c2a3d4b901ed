"""`regularization_path`: members, models, scores, divergence, dropped lambdas, errors."""

import math
import pickle

import numpy as np
import pytest
import scipy.sparse
from plain_paths import plain_path
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit

from xl2 import L2, DivergenceError, MLPClassifier, Network, diagnose, fit
from xl2.errors import InputError
from xl2.nn.model import Model
from xl2.nn.scaling import Scaling

RNG = np.random.default_rng(3)
X = RNG.normal(size=(41, 3))
LABELS = (X[:, 0] + 0.5 * X[:, 1] + 0.3 * RNG.normal(size=41) > 0).astype(int)
VALUES = X @ RNG.normal(size=(3, 2)) + 0.1 * RNG.normal(size=(41, 2))
HELD, HELD_LABELS = X[30:], LABELS[30:]
LAMBDAS = [0.0, 0.3, 2.0]
# Apart from the training, a path does the same on every backend; that is tested on NumPy.
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
    """Train one network as a member of a path is trained, according to the documentation."""
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
    options = {"scoring": "accuracy", "refit": False, **EVEN, **where}
    path = plain_path(X[:40], LABELS[:40], LAMBDAS, cv=KFold(4), seed=[0, 7], **options)
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
    """Four folds of 41 samples have 31 or 30 training samples: two stacks."""
    path = plain_path(X, LABELS, LAMBDAS, cv=4, seed=[5], **SMALL)
    folds = list(StratifiedKFold(4, shuffle=True, random_state=5).split(X, LABELS))
    assert {len(rows) for rows, _ in folds} == {30, 31}
    for f, (rows, _) in enumerate(folds):
        network, _ = alone(HERE, X[rows], LABELS[rows], 0.3, 5, ["relu", "sigmoid"])
        assert_equal(path.member(0.3, f), network, 1e-12)


def test_with_validation_samples_all_others_are_trained_on(where, rtol):
    options = {"scoring": "accuracy", **EVEN, **where}
    path = plain_path(X[:30], LABELS[:30], LAMBDAS, validation=(HELD, HELD_LABELS), **options)
    assert path.validation_scores_.shape == (3, 1)
    for k, lam in enumerate(LAMBDAS):
        network, _ = alone(where, X[:30], LABELS[:30], lam, 0, ["relu", "sigmoid"], batch_size=10)
        assert_equal(path.member(lam), network, rtol)
        assert path.validation_scores_[k, 0] == network.score(HELD, HELD_LABELS)
    assert_equal(path.best_model_.network, path.member(path.best_lambda_), 0.0)


def test_a_regression():
    path = plain_path(X, VALUES, LAMBDAS, cv=KFold(3), activation="tanh", **SMALL)
    rows, held = list(KFold(3).split(X))[1]
    scaling = Scaling.learn(VALUES[rows])
    scaled = scaling.apply(VALUES, "float64")
    network, _ = alone(HERE, X[rows], scaled[rows], 0.3, 0, ["tanh", "identity"], "glorot_uniform")
    assert path.score_name_ == "r2"
    assert_equal(path.member(0.3, 1), network, 1e-12)
    np.testing.assert_allclose(
        path.validation_scores_[1, 1], network.score(X[held], scaled[held]), rtol=1e-9
    )
    of_values = Model(network, output_scaling=scaling).score(X[held], VALUES[held])
    np.testing.assert_allclose(path.validation_scores_[1, 1], of_values, rtol=1e-9)


@pytest.mark.host
def test_the_unit_of_a_regression_changes_nothing(where):
    """Trained on dollars, a network of the size of its weights would learn nothing."""
    options = {**SMALL, "epochs": 9, "cv": KFold(3), **where}
    one, other = (
        plain_path(X[:30], y, [0.3], **options) for y in (VALUES[:30], 2e5 + 5e4 * VALUES[:30])
    )
    np.testing.assert_allclose(other.validation_scores_, one.validation_scores_, rtol=1e-6)
    assert one.validation_means_[0] > 0.3
    model = other.best_model_
    np.testing.assert_allclose(
        model.predict(X), 2e5 + 5e4 * one.best_model_.predict(X), rtol=1e-6, atol=1e-3
    )
    r2 = r2_score(2e5 + 5e4 * VALUES[:30], model.predict(X[:30]))
    assert diagnose(model, X[:30], 2e5 + 5e4 * VALUES[:30], X, 2e5 + 5e4 * VALUES)
    assert model.score(X[:30], 2e5 + 5e4 * VALUES[:30]) == pytest.approx(r2)


@pytest.mark.parametrize("standardize", [False, True])
def test_counts_are_learnt_in_their_own_unit(standardize):
    """The output exp has a range, which scaled values leave."""
    counts = RNG.poisson(3, size=41)
    options = {"task": "regression", "output": "exp", "loss": "poisson", "standardize": standardize}
    path = plain_path(X, counts, [0.3], cv=3, **options, **SMALL)
    assert path.best_model_.output_scaling is None
    assert (path.best_model_.predict(X) > 0).all()


def test_three_classes_of_text():
    names = np.array(["c", "a", "b"])[np.digitize(X[:, 0], [-0.4, 0.4])]
    options = {"validation": (HELD, names[30:]), "scoring": "accuracy", **SMALL}
    path = plain_path(X[:30], names[:30], [0.1], **options)
    numbers = np.searchsorted(["a", "b", "c"], names[:30])
    network, _ = alone(HERE, X[:30], numbers, 0.1, 0, ["relu", "softmax"])
    assert_equal(path.member(0.1), network, 1e-12)
    model = path.best_model_
    assert set(model.predict(HELD)) <= {"a", "b", "c"}
    assert model.score(HELD, names[30:]) == path.validation_means_[0]


@pytest.mark.parametrize("regression", [False, True])
def test_each_fold_is_standardised_by_its_training_samples(regression):
    wide = X * [1.0, 100.0, 0.01] + [0.0, 50.0, 3.0]
    y = 40.0 + 9.0 * VALUES if regression else LABELS
    options = {"standardize": True, "scoring": "r2" if regression else "accuracy", **SMALL}
    path = plain_path(wide, y, [0.3], cv=KFold(3), **options)
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
    np.testing.assert_allclose(model.input_scaling.mean, wide.mean(axis=0))


@pytest.mark.parametrize("kind", [object, np.dtypes.StringDType()])
def test_labels_may_be_text_of_any_dtype(kind):
    names = np.where(LABELS, "yes", "no")
    held = (HELD, names[30:])
    path = plain_path(X[:30], names[:30].astype(kind), [0.3], validation=held, **SMALL)
    same = plain_path(X[:30], names[:30], [0.3], validation=held, **SMALL)
    assert path.best_model_.classes == ("no", "yes")
    assert_equal(path.member(0.3), same.member(0.3), 0.0)


@pytest.mark.parametrize("standardize", [False, True])
def test_several_sigmoids_learn_unscaled_rows_of_0_and_1(standardize):
    both = (VALUES > 0).astype(int)
    options = {"output": "sigmoid", "standardize": standardize, "cv": KFold(3), **SMALL}
    path = plain_path(X, both, [0.3], **options)
    assert (path.task_, path.score_name_) == ("multilabel", "neg_log_loss")
    model = path.best_model_
    assert model.output_scaling is None
    assert set(model.predict(X).ravel()) <= {0, 1}
    scaled = Scaling.learn(X).apply(X, "float64") if standardize else X
    network, _ = alone(HERE, scaled, both, 0.3, 0, ["relu", "sigmoid"])
    assert_equal(model.network, network, 1e-12)


def test_hidden_may_be_any_iterable():
    one = plain_path(X, LABELS, [0], cv=2, **{**SMALL, "hidden": (n for n in (4, 3))})
    assert one.member(0).sizes == (3, 4, 3, 1)
    none = plain_path(X, LABELS, [0], cv=2, **{**SMALL, "hidden": ()})
    assert none.member(0).activations == ("sigmoid",)


def test_after_a_cross_validation_models_are_trained_on_all_samples():
    path = plain_path(X, LABELS, LAMBDAS, cv=3, seed=5, refit=[2.0, 0.3], **SMALL)
    assert list(path.models_) == [0.3, 2.0]
    for lam in (0.3, 2.0):
        network, _ = alone(HERE, X, LABELS, lam, 5, ["relu", "sigmoid"])
        assert_equal(path.model(lam).network, network, 1e-12)
    assert path.refit_time_ > 0


@pytest.mark.parametrize("samples", [{"cv": 3}, {"validation": (HELD, HELD_LABELS)}])
def test_refit_chooses_the_models(samples):
    def lambdas(refit):
        path = plain_path(
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
    with pytest.raises(InputError, match=r"with a model: none\. Pass refit=\["):
        none.best_model_  # noqa: B018


def test_refit_may_be_an_array():
    path = plain_path(X, LABELS, LAMBDAS, cv=2, refit=np.array([2.0, 0.0]), **SMALL)
    assert list(path.models_) == [0.0, 2.0]


@pytest.mark.parametrize("refit", ["all", [0.3, 7.0], np.array([0.3, 7.0]), 3, None])
def test_an_unusable_refit_is_an_error(refit):
    with pytest.raises(
        InputError, match=r"refit must be True, False, 'best', 'top', '1se', or a list"
    ):
        plain_path(X, LABELS, [0.0, 0.3], refit=refit, **SMALL)


def test_members_are_kept_only_on_request():
    path = plain_path(X, LABELS, [0.3], cv=2, **{**SMALL, "return_members": False})
    with pytest.raises(InputError, match="Pass return_members=True"):
        path.member(0.3)


def test_the_result_contains_no_samples_and_diagnose_trains_nothing(monkeypatch):
    many = np.tile(X, (500, 1))
    path = plain_path(
        many, np.tile(LABELS, 500), [0.0, 0.3], cv=2, **{**SMALL, "return_members": False}
    )
    stored = pickle.dumps(path)
    # A few numbers for each validation sample, and none of its features.
    assert len(stored) < 50 * len(many)
    assert X[0].tobytes() not in stored
    assert X[0].astype("float32").tobytes() not in stored
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
def test_a_path_converts_its_samples_once(standardize, samples):
    """Even with several stacks and folds, and a refit."""
    counted = Counted(X)
    plain_path(counted, LABELS, LAMBDAS, seed=[0, 1], standardize=standardize, **samples, **SMALL)
    assert counted.times == 1


def test_fit_and_estimators_convert_their_samples_once():
    counted = Counted(X)
    fit(Network([3, 4, 1]), counted, LABELS, epochs=2, validation=(HELD, HELD_LABELS))
    assert counted.times == 1
    counted = Counted(X)
    with pytest.warns(ConvergenceWarning):
        MLPClassifier((4,), max_iter=2).fit(counted, LABELS)
    assert counted.times == 1


@pytest.mark.parametrize("folds", [1, 2])
def test_the_division_into_stacks_does_not_change_the_result(folds):
    """With memory for one member at a time, for two, and so on up to all."""
    samples = {"cv": 3} if folds == 2 else {"validation": (HELD, HELD_LABELS)}
    options = {"lambdas": LAMBDAS, "seed": [0, 1], **samples, **SMALL}
    whole = plain_path(X, LABELS, **options)
    each = whole._settings.memory_of(1)
    for most in (1, 2, 4, 7):
        split = plain_path(X, LABELS, max_memory=most * each, **options)
        for name in ("train_scores_by_seed_", "validation_scores_by_seed_", "standard_errors_"):
            np.testing.assert_array_equal(getattr(split, name), getattr(whole, name))
        for name, values in whole.curves_.items():
            np.testing.assert_allclose(split.curves_[name], values, rtol=1e-12, atol=1e-13)
        for lam in LAMBDAS:
            assert_equal(split.member(lam, folds - 1, 1), whole.member(lam, folds - 1, 1), 1e-12)


def test_time_series_folds_of_unequal_lengths():
    path = plain_path(X, LABELS, [0.3], cv=TimeSeriesSplit(3), **SMALL)
    for f, (rows, _) in enumerate(TimeSeriesSplit(3).split(X)):
        network, _ = alone(HERE, X[rows], LABELS[rows], 0.3, 0, ["relu", "sigmoid"])
        assert_equal(path.member(0.3, f), network, 1e-12)


def test_groups_divide_the_samples_into_folds(where):
    people = np.arange(40) % 8
    folds = list(GroupKFold(4).split(X[:40], VALUES[:40], people))
    options = {**EVEN, "refit": False, **where}
    for cv in (4, GroupKFold(4)):
        path = plain_path(X[:40], VALUES[:40], [0.3], cv=cv, groups=people, **options)
        its = plain_path(X[:40], VALUES[:40], [0.3], cv=folds, **options)
        np.testing.assert_array_equal(path.validation_scores_, its.validation_scores_)


# The result.


def test_lambdas_are_sorted_and_chosen_by_the_means():
    path = plain_path(X, LABELS, [2, 0, 0.3], cv=2, **SMALL)
    assert path.lambdas_.tolist() == [0.0, 0.3, 2.0]
    assert isinstance(path.best_lambda_, float)
    assert isinstance(path.lambda_1se_, float)
    assert path.best_lambda_ == path.lambdas_[path.best_index_]
    assert path.lambda_1se_ == path.lambdas_[path.index_1se_] >= path.best_lambda_
    np.testing.assert_allclose(path.validation_means_, path.validation_scores_.mean(axis=1))
    spread = path.validation_scores_.std(axis=1, ddof=1) / math.sqrt(2)
    np.testing.assert_allclose(path.standard_errors_, spread)
    assert path.fit_time_ > 0


def test_with_one_validation_set_the_standard_error_comes_from_its_samples():
    options = {"validation": (HELD, HELD_LABELS), "scoring": "accuracy", **SMALL}
    path = plain_path(X[:30], LABELS[:30], LAMBDAS, **options)
    p = path.validation_means_
    np.testing.assert_allclose(path.standard_errors_, np.sqrt(p * (1 - p) / 11))


def test_with_one_validation_set_of_a_regression_too():
    options = {"validation": (X[30:], VALUES[30:]), **SMALL}
    path = plain_path(X[:30], VALUES[:30], [0.3], **options)
    missed = (np.asarray(path.best_model_.forward(X[30:])) - VALUES[30:]) ** 2
    share = missed / ((VALUES[30:] - VALUES[30:].mean(axis=0)) ** 2).sum(axis=0)
    expected = share.mean(axis=1).std() * math.sqrt(11)
    np.testing.assert_allclose(path.standard_errors_, [expected], rtol=1e-9)


def test_a_path_recognises_the_samples_that_chose_lambda():
    path = plain_path(X[:30], LABELS[:30], [0, 1], validation=(HELD, HELD_LABELS), **SMALL)
    assert path.selected_on(HELD.copy())
    assert not path.selected_on(X[:11])
    assert not path.selected_on(X)
    assert not plain_path(X, LABELS, [0], cv=2, **SMALL).selected_on(X)


def test_tables():
    path = plain_path(X, LABELS, LAMBDAS, cv=2, seed=[0, 1], **SMALL)
    head, *rows = str(path).split("\n\n")[1].splitlines()
    assert head.split()[:3] == ["lambda", "training", "validation"]
    assert [row.split()[0] for row in rows if row[7] != " "] == ["0", "0.3", "2", "null"]
    assert path._repr_html_().count("<tr") == 2 + len(LAMBDAS)
    assert "3 lambdas x 2 folds x 2 seeds" in repr(path)
    pytest.importorskip("pandas", reason="a data frame needs pandas")
    frame = path.to_pandas()
    assert len(frame) == 12
    again = frame.pivot_table(index="lambda", columns="fold", values="validation_score")
    np.testing.assert_allclose(again.to_numpy(), path.validation_scores_)


def test_a_path_computes_on_the_device_of_its_samples(backend, to, host):
    few = (X[:40], LABELS[:40])
    path = plain_path(*map(to, few), [0.3], cv=KFold(2), **EVEN)
    assert path.best_model_.network.backend.name == backend.name
    model = path.best_model_
    np.testing.assert_array_equal(model.predict(to(X)), model.predict(X))
    same = plain_path(*few, [0.3], cv=KFold(2), backend="numpy", **EVEN)
    assert_equal(path.member(0.3, 1), same.member(0.3, 1), 1e-9)


# Members that diverge, and members that are dropped.


def test_a_lambda_that_diverges_is_marked_and_does_not_affect_others():
    options = {**SMALL, "optimizer": "sgd", "cv": 3}
    path = plain_path(X, LABELS, [0.0, 0.3, 1e30], **options)
    assert path.diverged_[2].all()
    assert not path.diverged_[:2].any()
    assert np.isnan(path.validation_scores_[2]).all()
    assert np.isnan(path.train_means_[2])
    assert path.best_lambda_ < 1e30
    sound = plain_path(X, LABELS, [0.0, 0.3], **options)
    np.testing.assert_array_equal(path.validation_scores_[:2], sound.validation_scores_)
    assert_equal(path.member(0.3, 2), sound.member(0.3, 2), 1e-12)
    with pytest.raises(InputError, match=r"no model for lambda 1e\+30: it diverged in 3 of 3"):
        path.model(1e30)
    assert "diverged in 3 of 3" in str(path)


def test_a_lambda_beyond_float32_diverges_without_a_warning():
    path = plain_path(X, LABELS, [0.0, 1e300], cv=2, **{**SMALL, "dtype": "float32"})
    assert path.diverged_.all(axis=(1, 2)).tolist() == [False, True]


@pytest.mark.parametrize("most", [1, 6])
def test_a_path_whose_members_all_diverge_is_an_error(most):
    options = {**SMALL, "optimizer": "sgd", "cv": 3}
    each = plain_path(X, LABELS, [0.0], **options)._settings.memory_of(1)
    with pytest.raises(DivergenceError, match="Every lambda of the path"):
        plain_path(X, LABELS, [1e20, 1e30], max_memory=most * each, **options)


def test_a_lambda_without_prospects_is_dropped_and_the_others_stay_exact():
    lambdas = [0.0, 0.1, 20.0]
    options = {**SMALL, "epochs": 9, "learning_rate": 0.3, "optimizer": "sgd"}
    options |= {"cv": KFold(4), "seed": [0, 1], "scoring": "accuracy"}
    whole = plain_path(X[:40], LABELS[:40], lambdas, **options)
    quick = plain_path(X[:40], LABELS[:40], lambdas, patience=2, **options)
    epochs = [int(quick.epochs_[k].max()) for k in range(3)]
    assert epochs[2] < 9
    assert epochs[quick.best_index_] == 9
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
    short = plain_path(X[:40], LABELS[:40], [20.0], **options)
    assert_equal(quick.member(20.0, 1, 1), short.member(20.0, 1, 1), 1e-12)
    np.testing.assert_array_equal(quick.validation_scores_[2], short.validation_scores_[0])
    assert f"dropped after {epochs[2]} epochs" in str(quick)


@pytest.mark.filterwarnings("ignore:Training has not finished")
def test_a_lambda_dropped_in_some_folds_is_not_chosen():
    """Folds of two lengths are two stacks, and each drops lambdas by its own scores."""
    options = {**SMALL, "epochs": 16, "learning_rate": 0.4, "optimizer": "sgd"}
    options["scoring"] = "accuracy"
    path = plain_path(X, LABELS, [0.0, 0.5, 30.0], cv=3, seed=[0, 1], patience=2, **options)
    dropped = (path.epochs_ < 16).any(axis=(1, 2))
    assert dropped.tolist() == [True, False, True]
    assert path.validation_means_[0] > path.validation_means_[1]
    assert path.best_lambda_ == path.lambda_1se_ == 0.5


# Errors and warnings.


@pytest.mark.parametrize(
    ("lam", "fold", "seed"),
    [(7.0, 0, 0), (0.3, 2, 0), (0.3, 0, 1), (0.3, 0.5, 0), (0.3, -1, 0), ([0.0, 0.3, 2.0], 0, 0)],
)
def test_an_unknown_member_is_an_error(lam, fold, seed):
    path = plain_path(X, LABELS, LAMBDAS, cv=2, **SMALL)
    with pytest.raises(InputError, match=r"lambdas of this path are|must be an index from 0 to 1"):
        path.member(lam, fold, seed)


def test_a_warning_names_a_fold_whose_validation_values_are_all_equal():
    """R2 is 0 or 1 there, as in scikit-learn."""
    y = np.where(np.arange(41) == 7, 0.5, 0.0)
    options = {**SMALL, **HERE, "refit": False}
    with pytest.warns(UserWarning, match="In 2 folds of 3 of cv, first in fold 2"):
        path = plain_path(X, y, [0, 1], cv=KFold(3), task="regression", **options)
    assert path.validation_scores_[:, 1:].tolist() == [[0.0, 0.0]] * 2
    assert (path.validation_scores_[:, 0] != 0.0).all()


def test_samples_are_weighted_in_training_and_validation(where):
    """A sample with a weight of 0 has no effect."""
    folds = [(np.arange(0, 20), np.arange(20, 30)), (np.arange(10, 30), np.arange(0, 10))]
    out = np.array([3, 13, 23])
    weight = np.ones(30)
    weight[out] = 0.0
    kept = [(np.setdiff1d(a, out), np.setdiff1d(b, out)) for a, b in folds]
    options = {"hidden": (3,), "epochs": 3, "batch_size": 100, "shuffle": False}
    options |= {"dtype": "float64", "lambdas": [0.1, 1], "refit": False, **where}
    cases = (VALUES[:30], False), (VALUES[:30], True), (LABELS[:30], False)
    # JAX compiles each of them.
    for y, standardize in cases[: 1 if where["backend"] == "jax" else None]:
        options["standardize"] = standardize
        mine = plain_path(X[:30], y, cv=folds, sample_weight=weight, **options)
        its = plain_path(X[:30], y, cv=kept, **options)
        for name in ("train_scores_", "validation_scores_", "standard_errors_"):
            np.testing.assert_allclose(getattr(mine, name), getattr(its, name), rtol=1e-8)
    held = plain_path(
        X[:30], LABELS[:30], validation=(X[30:], LABELS[30:]), sample_weight=weight, **options
    )
    assert held.validation_scores_.shape == (2, 1)


@pytest.mark.parametrize("weight", [np.ones(40), -np.ones(41)])
def test_unusable_sample_weights_are_an_error(where, weight):
    with pytest.raises(InputError, match="sample_weight"):
        plain_path(X, LABELS, [0], cv=2, epochs=1, sample_weight=weight, **where)


@pytest.mark.parametrize("standardize", [False, True])
def test_a_sparse_matrix_is_an_error(where, standardize):
    rows = scipy.sparse.csr_array(X)
    with pytest.raises(InputError, match=r"X is a sparse matrix.*Pass X\.toarray\(\)"):
        plain_path(rows, LABELS, [0], cv=2, epochs=1, standardize=standardize, **where)
