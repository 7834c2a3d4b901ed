"""`path.ensemble_`: the networks of all folds and seeds of the best lambda."""

import pickle

import numpy as np
import pandas as pd
import pytest
from plain_paths import plain_path
from scipy.stats import binom
from sklearn.compose import make_column_transformer
from sklearn.model_selection import KFold
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from xl2 import InputError, diagnose
from xl2.nn.scaling import Scaling

RNG = np.random.default_rng(3)
X = RNG.normal(2.0, 3.0, size=(40, 3))
LABELS = np.where(X[:, 0] + 0.5 * X[:, 1] + RNG.normal(size=40) > 3, "yes", "no")
VALUES = 100.0 + 10.0 * X @ RNG.normal(size=(3, 2)) + RNG.normal(size=(40, 2))
FOLDS = KFold(4)
LAMBDAS = [0.0, 0.3, 2.0]
HERE = {"backend": "numpy"}
SMALL = {
    "hidden": (4,),
    "epochs": 3,
    "batch_size": 10,
    "learning_rate": 0.05,
    "dtype": "float64",
    "progress": False,
}


def test_it_is_the_mean_of_the_members(where):
    options = {"cv": FOLDS, "seed": [0, 7], "refit": False, "return_members": True, **where}
    path = plain_path(X, LABELS, LAMBDAS, standardize=True, **{**SMALL, **options})
    for lam in (path.best_lambda_, 2.0):
        mean = np.zeros((40, 1))
        for f, (rows, _) in enumerate(FOLDS.split(X)):
            x = Scaling.learn(X[rows]).apply(X, "float64")
            for s in range(2):
                network = path.member(lam, f, s)
                mean += network.backend.to_numpy(network.forward(x)) / 8
        np.testing.assert_allclose(path.ensemble(lam).forward(X), mean, rtol=1e-9)
    assert len(path.ensemble_.models) == 8
    assert path.ensemble_.classes == ("no", "yes")
    assert path.ensemble_.residuals is None
    expected = np.where(path.ensemble_.forward(X)[:, 0] > 0.5, "yes", "no")
    assert path.ensemble_.predict(X).tolist() == expected.tolist()


def test_values_and_residuals_are_in_the_targets_units():
    weight = np.ones(40)
    weight[::7] = 0.0
    path = plain_path(
        X, VALUES, LAMBDAS, cv=FOLDS, sample_weight=weight, return_members=True, **SMALL, **HERE
    )
    mean, residuals = np.zeros((40, 2)), []
    for f, (rows, held) in enumerate(FOLDS.split(X)):
        scaling = Scaling.of_chunks([VALUES[rows]], [weight[rows]])
        own = scaling.undo(path.member(path.best_lambda_, f).forward(X))
        mean += own / 4
        held = held[weight[held] > 0]
        residuals.append(np.sort(np.abs(own[held] - VALUES[held]), axis=0))
    np.testing.assert_allclose(path.ensemble_.forward(X), mean, rtol=1e-9)
    for mine, its in zip(path.ensemble_.residuals.values, residuals, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-4)
    low, high = path.ensemble_.interval(X, 0.8)
    assert low.shape == high.shape == (40, 2)
    assert (low < high).all()


def test_the_errors_are_those_of_the_mean_over_the_seeds():
    path = plain_path(
        X, VALUES[:, 0], [0.3], cv=FOLDS, seed=[1, 2], return_members=True, **SMALL, **HERE
    )
    rows, held = next(FOLDS.split(X))
    scaling = Scaling.learn(VALUES[rows, :1])
    both = [scaling.undo(path.member(0.3, 0, s).forward(X[held])) for s in range(2)]
    expected = np.sort(np.abs(np.mean(both, axis=0) - VALUES[held, :1]), axis=0)
    found = path.ensemble_.residuals
    np.testing.assert_allclose(found.values[0], expected, rtol=1e-4, atol=1e-4)
    assert found.folds == (0, 0, 1, 1, 2, 2, 3, 3)


def test_only_the_best_lambda_is_kept():
    path = plain_path(X, LABELS, LAMBDAS, cv=FOLDS, refit=False, **SMALL, **HERE)
    assert path.models_ == {}
    assert [*path.ensembles_] == [path.best_lambda_]
    other = next(lam for lam in LAMBDAS if lam != path.best_lambda_)
    with pytest.raises(InputError, match=r"were not kept.*an ensemble: [\d.]+\. Pass return"):
        path.ensemble(other)
    with pytest.raises(InputError, match="The lambdas of this path are"):
        path.ensemble(0.5)
    kept = plain_path(
        X, LABELS, LAMBDAS, cv=FOLDS, refit=False, return_members=True, **SMALL, **HERE
    )
    np.testing.assert_array_equal(kept.ensemble_.forward(X), path.ensemble_.forward(X))
    again = pickle.loads(pickle.dumps(path))
    np.testing.assert_array_equal(again.ensemble_.forward(X), path.ensemble_.forward(X))


def test_too_many_large_networks_are_not_kept(monkeypatch):
    options = {"cv": FOLDS, "refit": False, **SMALL, **HERE}
    bytes_of_all = 3 * 4 * (3 * 4 + 4 + 4 + 1) * 8
    monkeypatch.setattr("xl2.path.settings.MOST_KEPT", bytes_of_all)
    assert len(plain_path(X, LABELS, LAMBDAS, **options).ensemble_.models) == 4
    monkeypatch.setattr("xl2.path.settings.MOST_KEPT", bytes_of_all - 1)
    path = plain_path(X, LABELS, LAMBDAS, **options)
    with pytest.raises(InputError, match=r"none, as all members take more than 1 GiB\. Pass"):
        _ = path.ensemble_
    assert path.tried_ is not None
    kept = plain_path(X, LABELS, LAMBDAS, return_members=True, **options)
    assert len(kept.ensemble_.models) == 4
    options |= {"epochs": 60}
    tried = plain_path(X, LABELS, LAMBDAS, experiments="importance", budget=50.0, **options)
    assert "take more memory" in str(tried.evidence_.left_out)


def test_a_lambda_with_a_member_that_diverged_has_none():
    options = {"cv": KFold(3), "refit": False, "return_members": True, "optimizer": "sgd"}
    path = plain_path(X, LABELS, [0.0, 1e30], **options, **SMALL, **HERE)
    with pytest.raises(InputError, match=r"no ensemble for lambda 1e\+30: it diverged in 3 of 3"):
        path.ensemble(1e30)
    assert len(path.ensemble_.models) == 3


def test_with_validation_samples_it_has_the_networks_of_the_seeds():
    path = plain_path(
        X[:30],
        VALUES[:30, 0],
        LAMBDAS,
        validation=(X[30:], VALUES[30:, 0]),
        seed=[0, 1, 2],
        **SMALL,
        **HERE,
    )
    models = path.ensemble_.models
    assert len(models) == 3
    np.testing.assert_array_equal(models[0].forward(X), path.best_model_.forward(X))
    mean = np.mean([model.predict(X) for model in models], axis=0)
    np.testing.assert_allclose(path.ensemble_.predict(X), mean)
    # Split conformal prediction: the same distance to both sides.
    low, high = path.ensemble_.interval(X, 0.8)
    errors = np.sort(np.abs(mean[30:] - VALUES[30:, 0]))
    np.testing.assert_allclose(high - mean, errors[int(np.ceil(0.8 * 11)) - 1], rtol=1e-4)
    np.testing.assert_allclose(mean - low, high - mean)


@pytest.mark.parametrize("preprocessing", ["auto", "transformer"])
def test_each_fold_has_what_it_learnt_of_the_columns(preprocessing):
    table = pd.DataFrame({"age": X[:, 0], "town": ["a", "b", "c", "b"] * 10})
    table.loc[::9, "age"] = np.nan
    if preprocessing == "transformer":
        table = table.fillna({"age": 0.0})
        preprocessing = make_column_transformer(
            (StandardScaler(), ["age"]), (OneHotEncoder(), ["town"])
        )
    path = plain_path(table, LABELS, [0.3], preprocessing=preprocessing, cv=FOLDS, **SMALL, **HERE)
    ensemble = path.ensemble_
    assert len({id(model.preprocessing) for model in ensemble.models}) == 4
    mean = np.mean([model.forward(table) for model in ensemble.models], axis=0)
    np.testing.assert_allclose(ensemble.forward(table[["town", "age"]]), mean)
    assert ensemble.features == ("age", "town")


def test_frames_of_dask_are_trained_on_and_predicted(monkeypatch):
    dd = pytest.importorskip("dask.dataframe", reason='dask: pip install "xl2[dask]"')
    monkeypatch.setattr("xl2.array.rows.CHUNK_BYTES", 8 * 2 * 12)
    table = pd.DataFrame({"age": X[:, 0], "town": ["a", "b", "c", "b"] * 10})
    table.loc[::9, "age"] = np.nan
    lazy = dd.from_pandas(table, npartitions=4)
    path = plain_path(
        lazy, VALUES[:, 0], [0.3], cv=3, standardize=True, refit=False, **SMALL, **HERE
    )
    mean = np.mean([model.predict(table) for model in path.ensemble_.models], axis=0)
    np.testing.assert_allclose(path.ensemble_.predict(lazy), mean, rtol=1e-6)
    for mine, its in zip(
        path.ensemble_.interval(lazy), path.ensemble_.interval(table), strict=True
    ):
        np.testing.assert_allclose(mine, its, rtol=1e-6)


def test_it_gets_the_verdict_of_its_path():
    path = plain_path(X, LABELS, LAMBDAS, cv=FOLDS, **SMALL, **HERE)
    assert path.ensemble_.tried == path.best_model_.tried
    found = diagnose(path.ensemble_, X, LABELS, X[:20] + 0.1, LABELS[:20])
    assert found.lam == path.best_lambda_
    assert found.train_score == np.mean(path.ensemble_.predict(X) == LABELS)


def test_its_networks_have_the_temperature_of_their_lambda():
    options = {**SMALL, "epochs": 60, "cv": FOLDS, "return_members": True, **HERE}
    path = plain_path(X, LABELS, LAMBDAS, calibrate=True, **options)
    assert {m.temperature for m in path.ensemble_.models} == {path.temperature_} != {1.0}
    other = next(lam for lam in path.models_ if lam != path.best_lambda_)
    found = {m.temperature for m in path.ensemble(other).models}
    assert found == {path.model(other).temperature} != {path.temperature_}
    plain = plain_path(X, LABELS, LAMBDAS, **options)
    assert {m.temperature for m in plain.ensemble_.models} == {1.0}


def test_intervals_of_a_path_hold_new_values():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(2200, 2))
    y = np.abs(x[:, 0]) + 0.5 * x[:, 1] + 0.3 * rng.normal(size=2200)
    options = {**SMALL, "hidden": (8,), "epochs": 30, "learning_rate": 0.02, "refit": False}
    path = plain_path(x[:200], y[:200], [0.0, 1.0], **options, **HERE)
    low, high = path.ensemble_.interval(x[200:], 0.9)
    hits = int(((low <= y[200:]) & (y[200:] <= high)).sum())
    # How often depends on the 200 samples: by a beta distribution, like that of an order statistic.
    assert hits >= binom.ppf(1e-3, 2000, 0.9 - 3 * np.sqrt(0.9 * 0.1 / 200))
    assert (high - low).mean() < 2 * 1.645 * 0.3 * 1.5


def test_networks_of_other_seeds_are_trained_on_all_samples():
    """The mean of networks that `fit` trains one by one, on scaled values, from the same seeds."""
    options = {**SMALL, "standardize": True}
    path = plain_path(X, VALUES, LAMBDAS, refit_seeds=3, seed=4, **options)
    lam, found = path.best_lambda_, []
    mean, scale = X.mean(axis=0), X.std(axis=0)
    middle, spread = VALUES.mean(axis=0), VALUES.std(axis=0)
    for seed in (4, 5, 6):
        one = plain_path(X, VALUES, [lam], refit_seeds=1, seed=seed, **options).best_model_
        found.append(one.forward(X))
        np.testing.assert_allclose(one.input_scaling.mean, mean)
        np.testing.assert_allclose(one.input_scaling.scale, scale)
        np.testing.assert_allclose(one.output_scaling.mean, middle)
        np.testing.assert_allclose(one.output_scaling.scale, spread)
    assert path.ensemble_ is path.refit_ensemble_
    assert path.ensemble_.models[0].forward(X).tolist() == path.best_model_.forward(X).tolist()
    np.testing.assert_allclose(path.ensemble_.forward(X), np.mean(found, axis=0), rtol=1e-5)
    # Those of the folds are still there.
    assert len(path.ensemble(lam).models) == 5


def test_their_intervals_have_the_errors_of_all_folds():
    path = plain_path(X, VALUES, LAMBDAS, refit_seeds=2, **SMALL)
    low, high = path.ensemble_.interval(X, 0.8)
    errors = np.abs(path.oof_predictions_ - VALUES)
    half = np.sort(errors, axis=0)[int(np.ceil(0.8 * (len(X) + 1))) - 1]
    middle = path.ensemble_.predict(X)
    np.testing.assert_allclose(high - middle, np.tile(half, (40, 1)), rtol=1e-5)
    np.testing.assert_allclose(middle - low, np.tile(half, (40, 1)), rtol=1e-5)


def test_they_are_calibrated_and_know_what_was_tried():
    path = plain_path(X, LABELS, LAMBDAS, refit_seeds=3, calibrate=True, **SMALL)
    assert {one.temperature for one in path.ensemble_.models} == {path.best_model_.temperature}
    assert path.ensemble_.tried == path.best_model_.tried


def test_without_a_refit_of_the_best_lambda_there_are_none():
    (other,) = {0.0, 3.0} - {plain_path(X, LABELS, [0.0, 3.0], **SMALL).best_lambda_}
    for refit in (False, [other]):
        path = plain_path(X, LABELS, [0.0, 3.0], refit_seeds=3, refit=refit, **SMALL)
        assert path.refit_ensemble_ is None
        assert len(path.ensemble_.models) == path.n_folds_


def test_a_path_that_is_resumed_has_the_same_ones(tmp_path):
    options = {"refit_seeds": 3, "checkpoint": tmp_path / "c", **SMALL}
    first = plain_path(X, LABELS, LAMBDAS, **options)
    again = plain_path(X, LABELS, LAMBDAS, resume=True, **options)
    np.testing.assert_array_equal(first.ensemble_.forward(X), again.ensemble_.forward(X))


def test_the_number_of_seeds_is_checked():
    with pytest.raises(InputError, match="refit_seeds must be a whole number, 1 or more"):
        plain_path(X, LABELS, LAMBDAS, refit_seeds=0, **SMALL)
