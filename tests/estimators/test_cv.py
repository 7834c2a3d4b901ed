"""The estimators that choose alpha by cross-validation."""

import gc
import pickle
import weakref

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import xl2
from xl2 import L2, MLPClassifierCV, MLPRegressorCV, Network, fit

RNG = np.random.default_rng(0)
X = RNG.normal(size=(45, 4))
SIDES = np.where(X[:, 0] + 0.3 * RNG.normal(size=45) > 0, "right", "left")
THREE = np.digitize(X[:, 0] + 0.3 * RNG.normal(size=45), [-0.5, 0.5])
VALUES = X @ RNG.normal(size=4)
FOLDS = [(np.arange(15, 45), np.arange(15)), (np.r_[0:15, 30:45], np.arange(15, 30))]
ALPHAS = [1.0, 0.01]
SMALL = {"cv": FOLDS, "hidden_layer_sizes": (5,), "max_iter": 6, "learning_rate_init": 0.05}
SMALL |= {"batch_size": 10, "random_state": 3}


def classifier(**more):
    return MLPClassifierCV(ALPHAS, **{**SMALL, **more})


def regressor(**more):
    return MLPRegressorCV(ALPHAS, **{**SMALL, **more})


@pytest.mark.one_on_jax
@pytest.mark.parametrize("y", [SIDES, THREE], ids=["two", "three"])
def test_scores_and_weights_equal_those_of_networks_trained_alone(where, to, host, y):
    model = classifier(scoring="accuracy").fit(to(X), y)
    seed = np.random.RandomState(3).randint(2**31 - 1)
    numbers, outputs = np.unique(y, return_inverse=True)[1], len(set(y))
    last = ["sigmoid"] if outputs == 2 else ["softmax"]

    def alone(rows, alpha):
        sizes = [4, 5, 1 if outputs == 2 else outputs]
        network = Network(sizes, ["relu", *last], "he", seed=seed, dtype="float64", **where)
        options = {"epochs": 6, "batch_size": 10, "optimizer": "adam", "learning_rate": 0.05}
        fit(network, X[rows], numbers[rows], seed=seed, penalty=L2(alpha, "batch"), **options)
        return network

    assert host(model.alphas_).tolist() == [0.01, 1.0]
    scores = host(model.scores_)
    for i, alpha in enumerate((0.01, 1.0)):
        for k, (training, validation) in enumerate(FOLDS):
            score = alone(training, alpha).score(X[validation], numbers[validation])
            assert scores[i, k] == pytest.approx(score)
    final = alone(np.arange(45), model.alpha_)
    for mine, its in zip(model.coefs_, final.weights, strict=True):
        np.testing.assert_allclose(host(mine), host(its), rtol=1e-8, atol=1e-12)
        assert mine.device == its.device
    assert model.classes_.tolist() == np.unique(y).tolist()
    assert set(np.ravel(xl2.to_numpy(model.predict(to(X))))) <= set(y)


@pytest.mark.host
@pytest.mark.parametrize(
    ("more", "initializer", "options"),
    [
        ({"dropout": 0.4}, "he", {"dropout": 0.4}),
        ({"initializer": "xavier"}, "xavier", {}),
        ({"shuffle": False}, "he", {"shuffle": False}),
        ({"batch_size": 7}, "he", {"batch_size": 7}),
        ({"solver": "sgd", "momentum": 0.3}, "he", {"optimizer": xl2.Nesterov(0.3)}),
        ({"beta_1": 0.5, "epsilon": 0.1}, "he", {"optimizer": xl2.Adam(0.5, 0.999, 0.1)}),
    ],
)
def test_each_argument_of_the_training_has_its_effect(more, initializer, options):
    model = MLPClassifierCV([0.1], **{**SMALL, **more}).fit(X, THREE)
    seed = np.random.RandomState(3).randint(2**31 - 1)
    network = Network([4, 5, 3], ["relu", "softmax"], initializer, seed=seed, dtype="float64")
    given = {"epochs": 6, "batch_size": 10, "optimizer": "adam", "learning_rate": 0.05} | options
    fit(network, X, THREE, seed=seed, penalty=L2(0.1, "batch"), **given)
    plain = MLPClassifierCV([0.1], **SMALL).fit(X, THREE)
    assert not np.allclose(model.coefs_[0], plain.coefs_[0])
    for mine, its in zip(model.coefs_, network.weights, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-8, atol=1e-12)


def test_numpy_samples_are_computed_on_the_backend_with_numpy_results(where, backend):
    model, its = classifier(**where).fit(X, SIDES), classifier().fit(X, SIDES)
    assert model.path_.best_model_.network.backend == backend
    for mine, expected in zip(model.coefs_, its.coefs_, strict=True):
        assert type(mine) is np.ndarray
        np.testing.assert_allclose(mine, expected, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(model.scores_, its.scores_, rtol=1e-9)
    assert model.predict(X).tolist() == its.predict(X).tolist()


@pytest.mark.host
def test_alpha_is_what_the_rule_chooses():
    chosen = {}
    for rule in ("best", "top", "1se"):
        model = MLPClassifierCV(5, rule=rule, **SMALL).fit(X, THREE)
        chosen[rule] = model.alpha_
        assert model.best_score_ == model.mean_scores_[model.alphas_ == model.alpha_]
        assert list(model.path_.models_) == [model.alpha_]
        alone = MLPClassifierCV([model.alpha_], **SMALL).fit(X, THREE)
        np.testing.assert_allclose(model.coefs_[0], alone.coefs_[0], rtol=1e-9)
    assert model.scores_.shape == (5, 2)
    np.testing.assert_allclose(model.mean_scores_, model.scores_.mean(axis=1))
    top = model.mean_scores_.max()
    assert chosen["top"] == model.alphas_[model.mean_scores_ == top].min()
    error = model.standard_errors_[model.alphas_ == chosen["top"]][0]
    assert chosen["1se"] == model.alphas_[model.mean_scores_ >= top - error].max()
    assert chosen["1se"] == model.alpha_1se_
    assert chosen["best"] == model.path_.best_lambda_


@pytest.mark.host
def test_regressions_with_one_output_with_two_and_of_counts():
    one = regressor().fit(X, VALUES)
    assert one.predict(X).shape == (45,)
    assert one.score(X, VALUES) > 0.3
    two = regressor().fit(X, np.stack([VALUES, -VALUES], axis=1))
    assert two.predict(X).shape == (45, 2)
    counts = regressor(loss="poisson").fit(X, RNG.poisson(2, size=45))
    assert counts.out_activation_ == "exp"
    assert (counts.predict(X) > 0).all()


def test_the_unit_of_the_values_changes_nothing(where):
    """The network of y = 2e5 + 5e4 x, unscaled, had an R2 of -12."""
    y = 2e5 + 5e4 * VALUES
    model = regressor(max_iter=20, **where).fit(X, y)
    plain = regressor(max_iter=20, **where).fit(X, VALUES)
    np.testing.assert_allclose(model.scores_, plain.scores_, rtol=1e-6)
    np.testing.assert_allclose(model.predict(X), 2e5 + 5e4 * plain.predict(X), rtol=1e-6)
    assert model.score(X, y) == pytest.approx(plain.score(X, VALUES), rel=1e-6)
    assert model.score(X, y) > 0.5
    # The scaling is a part of the last layer, and of the model in the path.
    for other in (model.to_model(), model.path_.model(model.alpha_)):
        np.testing.assert_allclose(other.predict(X), model.predict(X), rtol=1e-6)


@pytest.mark.host
def test_the_regressor_learns_values_of_any_unit():
    x = np.linspace(0.0, 1.0, 60)[:, None]
    y = 2e5 + 5e4 * x[:, 0]
    folds = KFold(3, shuffle=True, random_state=0)
    model = MLPRegressorCV([0.0], cv=folds, max_iter=60, learning_rate_init=0.02, random_state=0)
    assert model.fit(x, y).best_score_ > 0.97
    assert model.score(x, y) > 0.97


@pytest.mark.host
def test_multilabel_classification():
    labels = np.stack([X[:, 0] > 0, X[:, 1] > 0, X[:, 0] > -9], axis=1).astype(int)
    model = classifier(cv=3, max_iter=60, scoring="accuracy").fit(X, labels)
    assert model.predict(X).shape == (45, 3)
    assert model.score(X, labels) > 0.8
    assert model.scores_.max() > 0.6


@pytest.mark.host
def test_class_weights_equal_sample_weights():
    weight = np.where(SIDES == "left", 3.0, 1.0)
    mine = classifier().fit(X, SIDES, sample_weight=weight)
    its = classifier(class_weight={"left": 3.0, "right": 1.0}).fit(X, SIDES)
    plain = classifier().fit(X, SIDES)
    np.testing.assert_allclose(mine.coefs_[0], its.coefs_[0], rtol=1e-12)
    np.testing.assert_array_equal(mine.scores_, its.scores_)
    assert not np.allclose(mine.coefs_[0], plain.coefs_[0])


@pytest.mark.host
def test_seeds_are_averaged_and_random_state_repeats_a_fit():
    two = classifier(n_seeds=2).fit(X, THREE)
    again = clone(two).fit(X, THREE)
    np.testing.assert_array_equal(two.scores_, again.scores_)
    assert two.path_.n_seeds_ == 2
    np.testing.assert_allclose(two.scores_, two.path_.validation_scores_by_seed_.mean(axis=2))


# Groups. Their members are three samples each, of one person.

PEOPLE = np.array([f"person {k}" for k in range(15)])[np.arange(45) % 15]


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.parametrize("kind", [GroupKFold, StratifiedGroupKFold])
def test_groups_are_passed_to_the_splitter(where, kind):
    pairs = list(kind(3).split(X, SIDES, PEOPLE))
    model = classifier(cv=kind(3), **where).fit(X, SIDES, groups=PEOPLE)
    same = classifier(cv=pairs, **where).fit(X, SIDES)
    np.testing.assert_array_equal(model.scores_, same.scores_)
    np.testing.assert_array_equal(model.coefs_[0], same.coefs_[0])


@pytest.mark.host
def test_samples_in_the_order_of_time():
    model = regressor(cv=TimeSeriesSplit(3)).fit(X, VALUES)
    same = regressor(cv=list(TimeSeriesSplit(3).split(X))).fit(X, VALUES)
    assert model.scores_.shape == (2, 3)
    np.testing.assert_array_equal(model.scores_, same.scores_)


@pytest.mark.host
def test_a_number_of_folds_has_whole_groups():
    model = regressor(cv=3).fit(X, VALUES, groups=PEOPLE)
    same = regressor(cv=list(GroupKFold(3).split(X, VALUES, PEOPLE))).fit(X, VALUES)
    np.testing.assert_array_equal(model.scores_, same.scores_)


@pytest.mark.host
@pytest.mark.parametrize("cv", [3, None, GroupKFold(3), LeaveOneGroupOut()])
def test_a_nested_cross_validation_routes_groups_to_both_splitters(routing, cv):
    seen = []

    class Watched(MLPClassifierCV):
        def fit(self, X, y, sample_weight=None, groups=None):
            seen.append(groups)
            return super().fit(X, y, sample_weight, groups)

    model = Watched(ALPHAS, **{**SMALL, "cv": cv, "max_iter": 1})
    found = cross_validate(
        model, X, SIDES, cv=GroupKFold(3), params={"groups": PEOPLE}, return_estimator=True
    )
    for (rows, held), one, got in zip(
        GroupKFold(3).split(X, SIDES, PEOPLE), found["estimator"], seen, strict=True
    ):
        assert got.tolist() == PEOPLE[rows].tolist()
        alone = classifier(cv=cv, max_iter=1).fit(X[rows], SIDES[rows], groups=PEOPLE[rows])
        np.testing.assert_array_equal(one.scores_, alone.scores_)
        assert not set(PEOPLE[rows]) & set(PEOPLE[held])


@pytest.mark.host
def test_a_pipeline_and_a_grid_search_route_groups_and_weights(routing):
    inner = classifier(cv=GroupKFold(2), max_iter=1).set_fit_request(sample_weight=True)
    made = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), inner)
    scored = {"mlpclassifiercv__hidden_layer_sizes": [(2,), (3,)]}
    weight = np.where(SIDES == "left", 2.0, 1.0)
    inner.set_score_request(sample_weight=True)
    grid = GridSearchCV(made, scored, cv=GroupKFold(3))
    grid.fit(X, SIDES, groups=PEOPLE, sample_weight=weight)
    scaled = StandardScaler().fit_transform(X)
    best = clone(grid.best_estimator_[-1])
    best.fit(scaled, SIDES, sample_weight=weight, groups=PEOPLE)
    np.testing.assert_array_equal(grid.best_estimator_[-1].scores_, best.scores_)


@pytest.mark.host
def test_a_splitter_that_takes_no_groups_refuses_them(routing):
    with pytest.raises(TypeError, match="groups"):
        classifier(cv=KFold(3)).fit(X, SIDES, groups=PEOPLE)


@pytest.mark.host
@pytest.mark.parametrize(
    ("cv", "groups", "message"),
    [
        (GroupKFold(3), None, "Pass groups, the group of each sample"),
        (GroupKFold(3), PEOPLE[:44], r"the 45 samples\. Received: shape \(44,\)"),
        (GroupKFold(3), ["ann"] * 45, "All samples are of one group, 'ann'"),
        (KFold(3), PEOPLE, "group 'person 0' in both training and validation"),
    ],
)
def test_unusable_groups_are_value_errors(cv, groups, message):
    with pytest.raises(ValueError, match=message):
        classifier(cv=cv).fit(X, SIDES, groups=groups)


@pytest.mark.host
def test_a_fold_that_never_saw_a_class_is_named_with_it():
    """Sorted labels in folds that are not shuffled had a score of 0.22, without a warning."""
    order, names = np.argsort(THREE), np.array(["low", "middle", "high"])[THREE]
    with pytest.warns(UserWarning, match=r"fold 1 on 'low'.*fold 3 on 'high'.*pass cv=3") as caught:
        classifier(cv=KFold(3)).fit(X[order], names[order])
    assert caught[0].filename == __file__


@pytest.mark.host
def test_a_class_with_fewer_samples_than_folds_is_named():
    names = np.where(np.arange(45) < 4, "rare", SIDES)
    message = r"^The class 'rare' \(4 samples\) has fewer samples than the 5 folds.* pass cv=4\.$"
    with pytest.warns(UserWarning, match=message) as caught:
        model = classifier(cv=5).fit(X, names)
    assert caught[0].filename == __file__
    assert model.scores_.shape[1] == 5


@pytest.mark.host
def test_the_path_is_saved_without_the_samples():
    own = X.copy()
    alive = weakref.ref(own)
    model = classifier(cv=KFold(3)).fit(own, SIDES)
    del own
    gc.collect()
    assert alive() is None
    assert "best" in repr(model.path_)
    other = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    assert str(other.path_) == str(model.path_)
    assert list(model.path_.models_) == [model.alpha_]
    left = next(a for a in model.alphas_ if a != model.alpha_)
    words = "No model was trained on all samples .* fit another with alphas="
    with pytest.raises(xl2.InputError, match=rf"{words}\[{left:g}\]\.$") as caught:
        other.path_.model(left)
    assert "refit" not in str(caught.value)


@pytest.mark.host
def test_a_pipeline_in_a_grid_search_in_two_processes():
    made = make_pipeline(StandardScaler(), classifier(cv=3, max_iter=2))
    grid = GridSearchCV(made, {"mlpclassifiercv__hidden_layer_sizes": [(2,), (3,)]}, cv=2, n_jobs=2)
    grid.fit(X, SIDES)
    assert grid.best_estimator_[-1].coefs_[0].shape[1] in (2, 3)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"solver": "lbfgs"}, "solver"),
        ({"rule": "worst"}, "rule"),
        ({"cv": 1}, "cv"),
        ({"cv": 46}, "Received: cv=46 for 45 samples"),
        ({"n_seeds": 0}, "n_seeds"),
        ({"learning_rate_init": 1e9, "solver": "sgd"}, "diverged"),
    ],
)
@pytest.mark.host
def test_bad_arguments_are_value_errors(more, words):
    with pytest.raises(ValueError, match=words):
        classifier(**more).fit(X, SIDES)
    with pytest.raises(ValueError, match="lambda"):
        MLPClassifierCV([-1.0], **SMALL).fit(X, SIDES)
