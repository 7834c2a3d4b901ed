"""Scores that a path tells while it trains, and trials of `tune` that end early by them."""

import warnings

import numpy as np
import pytest
from plain_paths import plain_path
from sklearn.exceptions import ConvergenceWarning

import xl2
from xl2 import InputError
from xl2.path.epoch_scores import EpochScores, looking
from xl2.path.planning import PlannedStack
from xl2.path.presets import choices_of
from xl2.path.search_pruning import Pruning
from xl2.path.search_space import SearchSpace
from xl2.path.settings import PathSettings
from xl2.training.history import History

RNG = np.random.default_rng(8)
X = RNG.normal(size=(60, 3))
LABELS = (X[:, 0] + 0.4 * RNG.normal(size=60) > 0).astype(int)
# Three whole mini-batches of each fold: one program for JAX to compile.
SMALL = {"lambdas": [0.0, 1.0, 30.0], "cv": 3, "hidden": (4,), "epochs": 5, "batch_size": 20}
SMALL |= {"learning_rate": 0.05, "dtype": "float64", "refit": False, "progress": False}


def told(**options):
    """Return a path, and the epochs and scores that it told."""
    seen = []
    with warnings.catch_warnings(), looking(lambda epoch, score: seen.append((epoch, score))):
        warnings.simplefilter("ignore", ConvergenceWarning)
        path = plain_path(X, LABELS, **{**SMALL, **options})
    return path, seen


def best_of_epochs(path, curve, sign):
    """Return the highest mean over folds and seeds of each epoch, from whole curves.

    An epoch does not count in which each lambda had been dropped in some fold.
    """
    means = sign * path.curves_[curve].mean(axis=(2, 3))
    best = np.where(np.isnan(means), -np.inf, means).max(axis=1)
    return [(epoch, value) for epoch, value in enumerate(best, start=1) if np.isfinite(value)]


def test_a_path_tells_the_best_lambdas_score_of_each_epoch(where):
    path, seen = told(**where)
    assert len(seen) == 5
    np.testing.assert_allclose(seen, best_of_epochs(path, "validation_loss", -1.0), rtol=1e-12)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("patience", [None, 1])
def test_the_scores_of_stacks_are_put_together(monkeypatch, workers, patience):
    monkeypatch.setattr(PathSettings, "workers", lambda self: workers)
    monkeypatch.setattr(PathSettings, "members_at_once", lambda self: 4 * workers)
    path, seen = told(
        backend="numpy", scoring="accuracy", seed=[0, 1], epochs=12, patience=patience
    )
    assert (path.epochs_ < 12).any() == (patience is not None)
    assert seen == best_of_epochs(path, "validation_score", 1.0)


def test_a_diverged_lambda_does_not_count():
    path, seen = told(backend="numpy", lambdas=[0.0, 1e20], optimizer="sgd", dtype="float32")
    assert path.diverged_[1].any()
    assert len(seen) == 5
    np.testing.assert_allclose(seen, best_of_epochs(path, "validation_loss", -1.0))


def test_a_stack_whose_members_all_diverge_does_not_hold_up_the_others():
    seen = []
    scores = EpochScores(2, (2, 1, 1), "loss", lambda *one: seen.append(one))
    sound, lost = PlannedStack([(0, 0)], [0]), PlannedStack([(0, 0)], [1])
    for epoch in (1, 2):
        losses = [np.array([[1.0 / n]]) for n in range(1, epoch + 1)]
        history = History(loss=losses, validation_loss=losses)
        scores.add(sound, [0], history)
    assert seen == []
    scores.end(lost, 0)
    assert seen == [(1, -1.0), (2, -0.5)]


def test_what_a_look_raises_ends_the_path_and_nothing_is_told_any_more(monkeypatch):
    monkeypatch.setattr(PathSettings, "workers", lambda self: 2)

    class EnoughError(Exception):
        pass

    seen = []

    def look(epoch, score):
        seen.append(epoch)
        if epoch == 2:
            raise EnoughError

    with pytest.raises(EnoughError), looking(look):
        plain_path(X, LABELS, **{**SMALL, "epochs": 1000, "backend": "numpy"})
    assert seen == [1, 2]
    path, _ = told(backend="numpy")  # nobody looks after the block
    assert seen == [1, 2]
    assert (path.epochs_ == 5).all()


optuna = pytest.importorskip("optuna", reason='needs pip install "xl2[tune]"')

SPACE = {"learning_rate": (1e-5, 0.1)}
SAME = {"lambdas": [0.0, 1.0], "cv": 2, "epochs": 9, "batch_size": 16, "hidden": (4,)}
SAME |= {"backend": "numpy", "progress": False, "trials": 12}


def tune(space=SPACE, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        same = {name: value for name, value in SAME.items() if name not in space}
        return xl2.tune(X, LABELS, space, **{**same, **more})


def test_trials_in_the_worst_quarter_of_earlier_ones_are_pruned():
    search = tune(trials=15)
    for one, found in zip(search.study_.trials, search.trials_, strict=True):
        steps = sorted(one.intermediate_values)
        earlier = search.study_.trials[: one.number]
        complete = [trial for trial in earlier if trial.state.name == "COMPLETE"]
        ends = None
        for step in range(3, 9) if len(complete) >= 5 else ():  # from a third of the epochs on
            best = max(one.intermediate_values.get(k, -np.inf) for k in range(1, step + 1))
            if best < np.quantile([trial.intermediate_values[step] for trial in complete], 0.25):
                ends = step
                break
        assert steps == list(range(1, (ends or 8) + 1))  # the last epoch is not asked for
        assert found.state == ("pruned" if ends else "complete")
        assert np.isnan(found.score) == np.isnan(found.best_lambda) == bool(ends)
        assert found.reason == (f"The pruner ended it after epoch {ends}." if ends else "")
        assert found.seconds > 0.0
    pruned = sum(one.state == "pruned" for one in search.trials_)
    assert 0 < pruned < 10
    assert f", {pruned} pruned" in str(search)
    assert "best of 15 trials on the same" in " ".join(str(search).split())
    assert search.best_path_.searched_ == 15  # the pruned ones might have been chosen too
    assert {one.state for one in tune(pruner=None).trials_} == {"complete"}


def test_epochs_that_are_reported():
    """About twenty, of searched numbers of epochs the same ones, and never a trial's last."""
    search = tune(trials=1, epochs=50)
    assert sorted(search.study_.trials[0].intermediate_values) == [*range(3, 50, 3)]
    for few in ([30, 50], (30, 50)):
        space = {"epochs": few, "learning_rate": [0.05]}
        for one in tune(space, trials=3).study_.trials:
            expected = [*range(2, one.params["epochs"], 2)]
            assert sorted(one.intermediate_values) == expected[: len(one.intermediate_values)]
            assert one.state.name == "PRUNED" or len(one.intermediate_values) == len(expected)


@pytest.mark.parametrize(
    ("space", "fixed", "epochs"),
    [
        ({}, {"preset": "plain"}, 100),
        ({}, {"preset": "notebook"}, 20),
        ({}, {"preset": "notebook", "epochs": 60}, 60),
        ({"preset": ["plain", "sklearn"]}, {}, 100),
        ({"preset": ["plain", "sklearn"]}, {"epochs": 60}, 60),
    ],
)
def test_epochs_that_are_left_out_are_those_of_the_preset(space, fixed, epochs):
    searched = SearchSpace({"hidden": [(4,)], **space}, {})
    pruning = Pruning("auto", searched, fixed, 60, False)
    assert str(pruning).endswith(f"every {epochs // 20} epochs")


def test_a_search_may_leave_the_epochs_to_the_preset():
    search = xl2.tune(X, LABELS, {"dropout": [0.0, 0.1]}, trials=1, cv=2, progress=False)
    assert search.best_path_.n_epochs_ == choices_of("default", len(X), False).epochs


def test_few_trials_that_reached_a_late_epoch_prune_none():
    pruning = Pruning("auto", SearchSpace({"epochs": [10, 30]}, {}), {}, 60, False)
    study = optuna.create_study(direction="maximize", pruner=pruning.pruner)
    for k, last in enumerate([9, 9, 9, 9, 9, 29, 29, 29, 29]):
        known = {epoch: float(k) for epoch in range(1, last + 1)}
        study.add_trial(optuna.trial.create_trial(value=1.0, intermediate_values=known))
    trial = study.ask({"epochs": optuna.distributions.CategoricalDistribution([30])})
    look = pruning.look(trial)
    for epoch in range(1, 29):
        look(epoch, 5.5)  # worse than most of those four, better than most at epoch 9
    study.add_trial(optuna.trial.create_trial(value=1.0, intermediate_values={29: 9.0}))
    with pytest.raises(optuna.TrialPruned):
        look(29, 5.5)


def test_the_settings_of_a_pruner_are_compared_and_it_may_be_used_again():
    pruners, storage = optuna.pruners, optuna.storages.InMemoryStorage()
    pruner = pruners.SuccessiveHalvingPruner()  # sets its own min_resource in a study
    for trials in (4, 6):
        assert len(tune(pruner=pruner, trials=trials, storage=storage).trials_) == trials
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        two = [pruners.PatientPruner(pruners.PercentilePruner(n), 2) for n in (50.0, 60.0)]
    tune(pruner=two[0], trials=1, storage=storage, name="patient")
    with pytest.raises(InputError, match=r"its pruner was .PatientPruner"):
        tune(pruner=two[1], trials=1, storage=storage, name="patient")


def test_a_trial_that_is_interrupted_when_it_is_pruned_is_made_again(monkeypatch):
    undisturbed = tune(trials=14)
    first = next(one.number for one in undisturbed.trials_ if one.state == "pruned")
    told, storage = optuna.Study.tell, optuna.storages.InMemoryStorage()

    def tell(study, trial, *values, **more):
        if more.get("state") == optuna.trial.TrialState.PRUNED:
            raise KeyboardInterrupt
        return told(study, trial, *values, **more)

    with monkeypatch.context() as patch:
        patch.setattr(optuna.Study, "tell", tell)
        with pytest.raises(KeyboardInterrupt):
            tune(trials=14, storage=storage)
    assert len(storage.get_all_trials(0)) == first + 1
    resumed = tune(trials=14, storage=storage)
    for one, other in zip(resumed.trials_, undisturbed.trials_, strict=True):
        assert one.params == other.params
        assert (one.state, one.reason) == (other.state, other.reason)


@pytest.mark.parametrize("storage", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_known_to_the_threads_that_train(monkeypatch, storage):
    monkeypatch.setattr(PathSettings, "workers", lambda self: 2)
    assert len(tune(trials=2, storage=storage).trials_) == 2


@pytest.mark.parametrize("epochs", [0, "abc", -5, float("nan")])
def test_wrong_epochs_are_refused_as_by_a_path(epochs):
    with pytest.raises(InputError, match="epochs must be a whole number, 1 or more"):
        tune(epochs=epochs)


def test_a_pruner_of_optuna():
    pruner = optuna.pruners.ThresholdPruner(lower=0.0)  # no log loss is above 0
    storage = optuna.storages.InMemoryStorage()
    with pytest.raises(InputError, match=r"None of 2 trials .*epoch 1\. Pass another pruner"):
        tune(pruner=pruner, trials=2, storage=storage)
    with pytest.raises(InputError, match=r"its pruner was .ThresholdPruner .*PercentilePruner"):
        tune(storage=storage)


@pytest.mark.parametrize("given", ["median", True, optuna.pruners.MedianPruner])
def test_what_is_no_pruner_is_refused(given):
    with pytest.raises(InputError, match='pruner must be "auto", None or a pruner of optuna'):
        tune(pruner=given)


def test_a_path_on_a_cluster_tells_no_scores():
    with pytest.raises(InputError, match="cannot be pruned, because a path on a cluster"):
        tune(client=object(), pruner=optuna.pruners.MedianPruner())


def test_losses_of_different_kinds_are_not_compared():
    space = {"loss": ["squared_error", "binary_cross_entropy"], "learning_rate": [1e-6, 0.05]}
    with pytest.raises(InputError, match='cannot be pruned, because "loss" is searched'):
        tune(space, pruner=optuna.pruners.MedianPruner())
    assert {one.state for one in tune(space, trials=8).trials_} == {"complete"}
    search = tune(space, scoring="accuracy", pruner=optuna.pruners.MedianPruner(2))
    assert "pruned" in {one.state for one in search.trials_}
