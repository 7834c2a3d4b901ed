"""Experiments beside a path: each equals the network trained alone, and what is left out."""

from __future__ import annotations

import itertools
import os
import pickle
import signal
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from plain_paths import plain_path
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GroupKFold, KFold, LeaveOneOut

import xl2.path.experiments
from xl2 import L2, Network, diagnose, fit, regularization_path
from xl2.diagnosis.evidence import TOO_LONG
from xl2.errors import InputError
from xl2.path.experiments import fair_order
from xl2.path.settings import PathSettings
from xl2.path.variants import KEYS

RNG = np.random.default_rng(4)
X = RNG.normal(size=(60, 3))
LABELS = (X[:, 0] > 0).astype(int)
VALUES = X @ RNG.normal(size=(3, 1))[:, 0] + 0.2 * RNG.normal(size=60)
LAM = 0.1
CV = KFold(3)
SMALL = {
    "hidden": (4,),
    "epochs": 6,
    "batch_size": 10,
    "learning_rate": 0.05,
    "dtype": "float64",
    "progress": False,
    "refit": False,
    "budget": 1e6,
}
HERE = {"backend": "numpy"}
# A few epochs are enough here.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
host, one_on_jax = pytest.mark.host, pytest.mark.one_on_jax


def path_with(experiments=True, y=LABELS, X=X, lambdas=(LAM,), **more):
    options = {"cv": CV, **SMALL, **more}
    if "validation" in options:
        del options["cv"]
    return plain_path(X, y, list(lambdas), experiments=experiments, **options)


def alone(rows, held, where, y=LABELS, X=X, seed=0, hidden=(4,), last="sigmoid", **more):
    """Return what a network trained alone on some rows predicts for others, in float32."""
    columns = y.shape[1] if y.ndim == 2 else 1
    network = Network(
        [X.shape[1], *hidden, columns],
        [*["relu"] * len(hidden), last],
        "he",
        seed=seed,
        dtype="float64",
        **where,
    )
    target, mean, scale = y[rows], 0.0, 1.0
    if last == "identity":
        mean, scale = target.mean(axis=0), target.std(axis=0)
    options = {"epochs": 6, "batch_size": 10, "learning_rate": 0.05, "optimizer": "adam", **more}
    fit(network, X[rows], (target - mean) / scale, penalty=L2(LAM), seed=seed, **options)
    outputs = network.backend.to_numpy(network.forward(X[held])).reshape(-1, columns)
    return (outputs * scale + mean).astype("float32").astype("float64")


def scored(outputs, y):
    """Return the accuracy and the log-likelihood of each sample, of one sigmoid or several."""
    y = y.reshape(len(y), -1)
    right = ((outputs > 0.5) == y).all(axis=1)
    return right, np.log(np.where(y == 1, outputs, 1 - outputs)).sum(axis=1)


def assert_scores(trial, outputs, y=LABELS, cv=CV):
    """Compare an experiment with the outputs of each fold."""
    parts = [scored(one, y[held]) for one, (_, held) in zip(outputs, cv.split(X), strict=True)]
    scores, losses = (np.concatenate(part) for part in zip(*parts, strict=True))
    np.testing.assert_array_equal(trial.scores, scores)
    np.testing.assert_allclose(trial.losses, losses, rtol=1e-5, atol=1e-6)


def spied(monkeypatch):
    """Return a list of the settings and the samples of all experiments."""
    seen, train = [], xl2.path.experiments.train_stacks

    def watched(settings, data, *arguments, **options):
        seen.append((settings, data))
        return train(settings, data, *arguments, **options)

    monkeypatch.setattr(xl2.path.experiments, "train_stacks", watched)
    return seen


CHANGED = {
    "wider": {"hidden": (16,)},
    "narrower": {"hidden": (2,)},
    "deeper": {"hidden": (4, 4)},
    "shallower": {"hidden": ()},
    "longer": {"epochs": 18},
    "shorter": {"epochs": 3},
    "faster": {"learning_rate": 0.15},
    "slower": {"learning_rate": 0.0167},
}


# Each experiment equals the network trained alone.


@one_on_jax
@pytest.mark.parametrize("key", CHANGED)
def test_a_setting_equals_the_network_trained_alone(where, key):
    found = path_with([key], **where).evidence_
    [trial] = found.trials
    assert (trial.key, dict(trial.arguments)) == (key, CHANGED[key])
    outputs = [alone(*split, where, **CHANGED[key]) for split in CV.split(X)]
    assert_scores(trial, outputs)
    assert (trial.rows, found.rows, found.all_rows) == (40, 40, 60)
    assert (found.left_out, list(found.curve)) == ([], [])


@one_on_jax
def test_the_scores_of_the_path_are_those_of_its_own_networks(where):
    found = path_with(False, seed=[0, 7], **where).evidence_
    parts = []
    for rows, held in CV.split(X):
        each = [scored(alone(rows, held, where, seed=s), LABELS[held]) for s in (0, 7)]
        parts.append(np.mean(np.array(each, dtype=float), axis=0))
    scores, losses = np.concatenate(parts, axis=1)
    np.testing.assert_allclose(found.scores[0], scores, rtol=1e-6)
    np.testing.assert_allclose(found.losses[0], losses, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found.folds, np.repeat([0, 1, 2], 20))
    np.testing.assert_array_equal(found.weights, np.ones(60))
    assert found.signal.p_value <= 0.02
    assert (found.trials, found.curve, found.left_out) == ((), (), ())


@one_on_jax
@pytest.mark.parametrize("seeds", [[0], [3, 0]])
def test_an_ensemble_is_the_mean_of_its_networks(where, seeds):
    [trial] = path_with(["ensemble"], seed=seeds, **where).evidence_.trials
    all_seeds = trial.arguments["seed"]
    assert (len(all_seeds), len(set(all_seeds)), all_seeds[: len(seeds)]) == (3, 3, seeds)
    outputs = [
        np.mean([alone(*split, where, seed=seed) for seed in all_seeds], axis=0)
        for split in CV.split(X)
    ]
    assert_scores(trial, outputs)


@host
def test_the_default_budget_has_time_for_the_ensemble_of_a_default_path(monkeypatch):
    """It gains most there. No gain is extrapolated from a fourth of the samples, which can wait."""
    monkeypatch.setattr(PathSettings, "workers", lambda settings: 1)
    rows = np.random.default_rng(0).normal(size=(400, 10))
    options = {"epochs": 2, "refit": False, "progress": False, **HERE}
    found = regularization_path(rows, (rows[:, 0] > 0).astype(int), experiments=True, **options)
    too_long = [what for what, why in found.evidence_.left_out if why == TOO_LONG]
    assert "80 of 320 training samples" in too_long
    assert not {"160 of 320 training samples", "the mean of 3 networks"} & {*too_long}


@one_on_jax
@pytest.mark.parametrize("standardize", [False, True])
def test_features_are_left_out_in_training_and_validation(where, standardize):
    found = path_with(
        False, without={"b": [1], "all but one": [2, 0]}, standardize=standardize, **where
    )
    first, second = found.evidence_.trials
    assert [first.what, second.what] == ["without b", "without all but one"]
    assert [first.arguments["columns"], second.arguments["columns"]] == [[0, 2], [1]]
    for trial, kept in ((first, [0, 2]), (second, [1])):
        outputs = []
        for rows, held in CV.split(X):
            part = X[:, kept]
            if standardize:
                part = (part - part[rows].mean(axis=0)) / part[rows].std(axis=0)
            outputs.append(alone(rows, held, where, X=part))
        assert_scores(trial, outputs)


@one_on_jax
@pytest.mark.parametrize("seed", [0, 1])
def test_a_part_of_the_rows_equals_networks_trained_on_them(where, monkeypatch, seed):
    seen = spied(monkeypatch)
    found = path_with(["curve"], seed=seed, **where).evidence_
    counts = {len(data.folds[0].rows): data for _, data in seen}
    assert sorted(counts) == [10, 20, 30]
    assert [trial.rows for trial in found.curve] == [10, 20, 30]
    splits = list(CV.split(X))
    for trial, draws in zip(found.curve, (4, 2, 1), strict=True):
        folds = counts[trial.rows].folds
        assert len(folds) == 3 * draws
        parts = []
        for k, fold in enumerate(folds):
            rows, held = splits[k % 3]
            assert set(fold.rows) < set(rows)
            assert len(set(fold.rows)) == trial.rows
            # Stratified: each class has its share of the fold, up to one sample.
            assert abs(LABELS[fold.rows].mean() - LABELS[rows].mean()) < 1 / trial.rows
            parts.append(scored(alone(fold.rows, held, where, seed=seed), LABELS[held]))
        each = np.array([np.concatenate(parts[k : k + 3], axis=1) for k in range(0, len(folds), 3)])
        scores, losses = each.mean(axis=0)
        np.testing.assert_allclose(trial.scores, scores, rtol=1e-6)
        np.testing.assert_allclose(trial.losses, losses, rtol=1e-5, atol=1e-6)


@host
@pytest.mark.parametrize(("count", "used"), [(59, 39), (58, 38)])
def test_folds_that_differ_by_one_sample_lose_it(count, used):
    cv, part = KFold(3), X[:count]
    [trial] = path_with(["wider"], y=LABELS[:count], X=part, cv=cv, **HERE).evidence_.trials
    scores = [
        scored(alone(rows[:used], held, HERE, hidden=(16,)), LABELS[held])[0]
        for rows, held in cv.split(part)
    ]
    np.testing.assert_array_equal(trial.scores, np.concatenate(scores))
    assert trial.rows == used


@host
def test_folds_of_unequal_length_keep_their_samples(monkeypatch):
    monkeypatch.setattr("xl2.diagnosis.evidence.LEVEL", 1.0)  # two small folds show no signal
    folds = [(np.arange(20, 60), np.arange(20)), (np.arange(30), np.arange(30, 60))]
    found = path_with(["wider", "curve"], cv=folds, **HERE).evidence_
    [trial] = found.trials
    scores = [scored(alone(*split, HERE, hidden=(16,)), LABELS[split[1]])[0] for split in folds]
    np.testing.assert_array_equal(trial.scores, np.concatenate(scores))
    np.testing.assert_array_equal(found.folds, np.repeat([0, 1], [20, 30]))
    assert (trial.rows, found.rows) == (35, 35)
    # The same number of samples in each fold.
    assert [one.rows for one in found.curve] == [15, 22]
    assert [what for what, _ in found.left_out] == ["7 of 30 training samples"]


@one_on_jax
@pytest.mark.parametrize("key", ["wider", "ensemble"])
def test_validation_samples_are_one_fold(where, key):
    options = {"validation": (X[30:], LABELS[30:]), **SMALL, "epochs": 20, **where}
    path = path_with([key], y=LABELS[:30], X=X[:30], **options)
    [trial] = path.evidence_.trials
    changed = [{"hidden": (16,)}] if key == "wider" else [{"seed": s} for s in range(5)]
    rows, held = slice(30), slice(30, 60)
    outputs = np.mean([alone(rows, held, where, epochs=20, **more) for more in changed], axis=0)
    np.testing.assert_array_equal(trial.scores, scored(outputs, LABELS[held])[0])
    assert path.evidence_.rows == path.evidence_.all_rows == 30
    assert diagnose(path).folds == 1


@one_on_jax
@pytest.mark.parametrize("outputs", [1, 2])
def test_a_regression_has_shares_in_r2(where, outputs):
    y = VALUES if outputs == 1 else np.stack([VALUES, X[:, 1]], axis=1)
    found = path_with(["wider"], y=y, epochs=30, **where).evidence_
    [trial] = found.trials
    for f, (rows, held) in enumerate(CV.split(X)):
        told = alone(rows, held, where, y=y, hidden=(16,), last="identity", epochs=30)
        expected = r2_score(y[held], told)
        assert trial.scores[found.folds == f].mean() == pytest.approx(expected, abs=1e-5)
        null = r2_score(y[held], np.broadcast_to(y[rows].mean(axis=0), y[held].shape))
        assert found.signal.null_scores[found.folds == f].mean() == pytest.approx(null, abs=1e-5)
    np.testing.assert_array_equal(trial.scores, trial.losses)
    assert found.signal.answer == "the mean of the target"


@one_on_jax
def test_several_labels_are_right_together(where):
    y = np.stack([LABELS, (X[:, 2] > 0).astype(int)], axis=1)
    found = path_with(["wider"], y=y, output="sigmoid", epochs=20, **where).evidence_
    [trial] = found.trials
    outputs = [alone(*split, where, y=y, hidden=(16,), epochs=20) for split in CV.split(X)]
    assert_scores(trial, outputs, y)
    told = np.concatenate(outputs) > 0.5
    assert trial.scores.mean() == pytest.approx(accuracy_score(y, told))
    assert found.signal.answer == "always answering the most frequent labels"


# What decides about experiments.


@host
def test_neither_patience_nor_a_scorer_changes_what_is_tried():
    plain = path_with(["wider", "curve"], **HERE).evidence_
    seen = []

    def looks(estimator, X, y):
        seen.append(X.shape)
        return float((estimator.predict(X) == y).mean())

    for options in ({"patience": 1}, {"scoring": "accuracy"}, {"scoring": looks}):
        found = path_with(["wider", "curve"], without={"b": [1]}, **options, **HERE).evidence_
        assert found.trials[-1].key == "wider"
        for one, other in zip(
            [found.trials[-1], *found.curve], [*plain.trials, *plain.curve], strict=True
        ):
            np.testing.assert_array_equal(one.scores, other.scores)
            np.testing.assert_array_equal(one.losses, other.losses)
    # A function that looks at the samples sees all their features.
    assert {shape[1] for shape in seen} == {3}


@host
def test_all_are_tried_with_the_chosen_lambda(monkeypatch):
    seen = spied(monkeypatch)
    path = path_with(lambdas=[0.0, 0.1, 100.0], **HERE)
    found = path.evidence_
    assert [trial.key for trial in found.trials] == [
        key for key in KEYS if key not in ("curve", "importance")
    ]
    assert [trial.key for trial in found.curve] == ["1/4", "2/4", "3/4"]
    assert {settings.penalties[0].lam for settings, _ in seen} == {path.best_lambda_}
    assert found.lambdas[found.best] == path.best_lambda_
    np.testing.assert_array_equal(found.lambdas, path.lambdas_)


@host
def test_they_are_skipped_without_a_signal(monkeypatch):
    seen = spied(monkeypatch)
    noise = np.random.default_rng(0).integers(0, 2, 60)
    path = path_with(y=noise, **HERE)
    assert seen == []
    assert (path.evidence_.trials, path.evidence_.left_out) == ((), ())
    assert diagnose(path).limits.by == "signal"


@host
def test_folds_of_one_sample_can_have_a_signal():
    found = path_with(["wider"], y=LABELS[:24], X=X[:24], cv=LeaveOneOut(), epochs=40, **HERE)
    assert found.evidence_.signal.p_value <= 0.02
    assert len(found.evidence_.trials) == 1
    assert np.isfinite(diagnose(found).actions[0].interval).all()


@host
def test_a_tiny_budget_leaves_everything_out_and_says_so():
    path = path_with(**{**SMALL, "budget": 1e-9}, **HERE)
    found = path.evidence_
    assert (list(found.trials), list(found.curve)) == ([], [])
    assert len(found.left_out) == len(KEYS) - 1 + 3
    assert all("longer than the time" in why for _, why in found.left_out)
    words = " ".join(str(diagnose(path)).split())
    assert "Allow more time for experiments: budget=5." in words
    for what, _ in found.left_out:
        assert what in words


@host
def test_a_larger_budget_allows_more():
    counts = [len(path_with(budget=budget, **HERE).evidence_.left_out) for budget in (1, 4, 1e6)]
    assert counts[0] > counts[1] > counts[2] == 0


@host
def test_experiments_that_are_not_finished_in_time_are_left_out(monkeypatch):
    clock = itertools.count(0.0, 1e9)
    slow = SimpleNamespace(perf_counter=lambda: next(clock))
    monkeypatch.setattr("xl2.path.experiments.time", slow)
    found = path_with(["wider", "slower"], **HERE).evidence_
    assert list(found.trials) == []
    assert {why for _, why in found.left_out} == {"the time for experiments was over"}


@host
def test_parts_with_too_few_samples_are_left_out_and_said():
    path = path_with(["curve"], y=LABELS[:24], X=X[:24], epochs=20, **HERE)
    assert [trial.rows for trial in path.evidence_.curve] == [8, 12]
    assert path.evidence_.left_out == [
        ("4 of 16 training samples", "it has fewer than 8 training samples")
    ]
    words = " ".join(str(diagnose(path)).split())
    assert "Left out, because it has fewer than 8 training samples: 4 of 16" in words


@host
@pytest.mark.parametrize("workers", [1, 2])
def test_what_diverges_is_left_out_and_said(monkeypatch, workers):
    monkeypatch.setattr(PathSettings, "workers", lambda self: workers)
    monkeypatch.setattr("xl2.path.variants.FASTER", 1e9)
    options = {**SMALL, "epochs": 30, "optimizer": "sgd", "learning_rate": 0.01}
    found = path_with(["faster", "slower"], y=VALUES, **options, **HERE).evidence_
    assert [trial.key for trial in found.trials] == ["slower"]
    assert found.left_out == [("learning rate 1e+07 for 0.01", "it diverged")]


@host
def test_what_does_not_fit_into_the_memory_is_left_out_and_said():
    need = path_with(False, **HERE)._settings.memory_of(1)
    found = path_with(["wider", "slower"], max_memory=need, **HERE).evidence_
    assert [trial.key for trial in found.trials] == ["slower"]
    assert found.left_out == [("16 units for 4", "it does not fit into the memory")]


@host
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_the_experiments(monkeypatch, workers):
    monkeypatch.setattr(PathSettings, "workers", lambda self: workers)
    seen, epoch, epochs = spied(monkeypatch), xl2.training.loop.train_epoch, []

    def watched(self, *arguments):
        epoch(self, *arguments)
        if seen:
            epochs.append(1)
            if len(epochs) == 5:
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("xl2.training.loop.train_epoch", watched)
    with pytest.raises(KeyboardInterrupt):
        path_with(**{**SMALL, "epochs": 200}, **HERE)
    assert 1 <= len(seen) <= workers + 1
    assert len(epochs) < 600


# Fair parts of the rows.


@host
@pytest.mark.parametrize("copies", [1, 3])
def test_each_first_part_has_the_shares_of_the_classes(copies):
    """Even where rows are those of a scaled copy of the samples."""
    y = np.repeat(["a", "b", "c"], [70, 20, 10])
    rows = np.random.default_rng(0).permutation(100)[:80] + 100 * (copies - 1)
    order = fair_order(y, True, None, 0)
    dealt = order(rows, 0)
    assert sorted(dealt) == sorted(rows)
    own = y[rows % 100]
    for count in (10, 20, 40, 60):
        for label in "abc":
            share = (own == label).mean()
            assert abs((y[dealt[:count] % 100] == label).sum() - share * count) < 2
    np.testing.assert_array_equal(dealt, order(rows, 0))
    assert (dealt != order(rows, 1)).any()
    assert (dealt != fair_order(y, True, None, 1)(rows, 0)).any()


@host
@pytest.mark.parametrize("standardize", [False, True])
def test_groups_are_used_up_one_after_the_other(monkeypatch, standardize):
    seen, groups = spied(monkeypatch), [f"g{k // 4}" for k in range(60)]
    options = {"cv": GroupKFold(3), "standardize": standardize, **HERE}
    path_with(["curve"], groups=groups, **options)
    assert len(seen) == 3
    for _, data in seen:
        for fold in data.folds:
            own = pd.Series(groups)[fold.rows % 60]
            # All groups are whole but the last one.
            assert (own.value_counts() < 4).sum() <= 1
            assert own.nunique() == -(-len(own) // 4)


# Repeated rows, pickles, and bad arguments.


@host
def test_repeated_and_contradicting_rows_are_counted(rng):
    rows = rng.integers(0, 3, size=(80, 2)).astype(float)
    y = np.array(["no", "yes"])[(rows[:, 0] + rng.normal(size=80) > 1).astype(int)]
    found = path_with(["shorter"], y=y, X=rows, **HERE).evidence_
    frame = pd.DataFrame({"a": rows[:, 0], "b": rows[:, 1], "y": y})
    sizes = frame.groupby(["a", "b"]).y.agg(["size", lambda part: part.value_counts().iloc[0]])
    count, most = sizes.to_numpy().T
    assert found.repeated == count[count > 1].sum() > 0
    assert found.unavoidable == pytest.approx((count - most).sum() / 80)
    assert found.unavoidable > 0.0
    values = path_with(["shorter"], y=rows[:, 0] + rng.normal(size=80), X=rows, **HERE).evidence_
    assert (values.repeated, values.unavoidable) == (found.repeated, 0.0)
    apart = path_with(["shorter"], **HERE).evidence_
    assert (apart.repeated, apart.unavoidable) == (0, 0.0)
    # Nobody reads it without experiments.
    alone = path_with(False, y=y, X=rows, **HERE)
    assert (alone.evidence_.repeated, diagnose(alone).limits.unavoidable) == (None, None)


@one_on_jax
def test_a_pickled_path_has_its_evidence(where):
    path = path_with(["wider"], **where)
    again = pickle.loads(pickle.dumps(path))
    assert diagnose(again).to_dict() == diagnose(path).to_dict()
    assert type(again.evidence_.scores) is np.ndarray
    assert type(again.evidence_.trials[0].scores) is np.ndarray


@host
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"experiments": ["widr"]}, "(?s)widr.*wider"),
        ({"experiments": "rows"}, "Unknown experiment 'rows'"),
        ({"experiments": 3}, "experiments must be True, False, or a list of curve.*Received: 3"),
        ({"experiments": None}, "experiments must be True, False.*Received: None"),
        ({"budget": 0}, "budget must be a number above 0.*Received: 0"),
        ({"budget": -1.0}, "budget must be"),
        ({"budget": "2"}, "budget must be.*Received: '2'"),
        ({"budget": True}, "budget must be"),
        ({"budget": float("nan")}, "budget must be"),
        ({"budget": float("inf")}, "budget must be"),
        ({"without": [1]}, r"without must map a name to the indices.*Received: \[1\]"),
        ({"without": {"a": 1}}, "without must leave out.*Received: 'a': 1"),
        ({"without": {"a": []}}, "one or more of the 3 features, not all"),
        ({"without": {"a": [0, 1, 2]}}, "one or more of the 3 features, not all"),
        ({"without": {"a": [3]}}, "as indices from 0 to 2"),
        ({"without": {"a": [-1]}}, "as indices from 0 to 2"),
        ({"without": {"a": [0.5]}}, "as indices from 0 to 2"),
        ({"without": {"a": "12"}}, "as indices from 0 to 2"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_trained(monkeypatch, options, message):
    monkeypatch.setattr("xl2.training.loop.train_epoch", None)
    with pytest.raises(InputError, match=message):
        path_with(**options, **HERE)
