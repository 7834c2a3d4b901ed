"""`tune`: the winner, seeds, studies that go on, failed trials, and what is refused."""

import logging
import re
import sys
from functools import wraps

import numpy as np
import pytest
from plain_paths import plain_path
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold

import xl2
from xl2 import InputError
from xl2.path import tuning

optuna = pytest.importorskip("optuna", reason='needs pip install "xl2[tune]"')

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 3))
LABELS = np.where(X[:, 0] + 0.3 * RNG.normal(size=60) > 0, "yes", "no")
SAME = {
    "preset": "plain",
    "lambdas": [0.0, 1.0],
    "cv": 2,
    "epochs": 3,
    "batch_size": 16,
    "backend": "numpy",
}
SPACE = {
    "hidden": [(4,), (3, 2)],
    "learning_rate": (0.001, 0.1),
    "activation": ["relu", "tanh"],
    "dropout": optuna.distributions.FloatDistribution(0.0, 0.5),
}


def tune(space=SPACE, X=X, y=LABELS, **more):
    return xl2.tune(X, y, space, **{"trials": 3, "progress": False, **SAME, **more})


def interrupted(monkeypatch, after, **options):
    """Search until Ctrl-C, in the middle of the trial after some."""
    left = iter(range(after))

    @wraps(plain_path)
    def path(*arguments, **named):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return plain_path(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(tuning, "regularization_path", path)
        with pytest.raises(KeyboardInterrupt):
            tune(**options)


def tried(search):
    return [(one.params, one.score, one.best_lambda) for one in search.trials_]


def test_the_winner_is_the_best_trial_and_its_path_is_that_of_its_arguments():
    search = tune(trials=4, standardize=True)
    assert len(search.trials_) == 4
    assert search.best_score_ == max(one.score for one in search.trials_)
    for one in search.trials_:
        path = plain_path(X, LABELS, **SAME, **one.params, standardize=True)
        assert one.score == path.validation_means_[path.best_index_]
        assert one.best_lambda == path.best_lambda_
        assert one.state == "complete"
        assert one.seconds > 0.0
    assert len({str(one.params) for one in search.trials_}) == 4
    assert search.best_params_ in [one.params for one in search.trials_]
    winner = search.best_path_
    assert winner.validation_means_[winner.best_index_] == search.best_score_
    held, truth = X[:20] + 0.01, LABELS[:20]
    verdict = xl2.diagnose(winner, X, LABELS, held, truth)
    assert verdict.test_score == np.mean(winner.best_model_.predict(held) == truth)
    assert winner.evidence_.trials == ()
    caution = "best of 4 trials of xl2.tune on the same validation samples"
    assert caution in " ".join(str(xl2.diagnose(winner)).split())
    assert caution not in " ".join(str(verdict).split())
    assert caution not in " ".join(str(xl2.diagnose(path)).split())


def test_the_table_says_that_the_winner_is_optimistic():
    search = tune({"hidden": [(4,) * 20], "learning_rate": (0.001, 0.1)}, trials=2)
    text = str(search)
    assert max(map(len, text.splitlines())) <= 80
    assert "optimistic: it is the best of 2 trials" in " ".join(text.split())
    assert [line.split()[0] for line in text.splitlines()[3:] if re.match(r" +\d ", line)] == [
        str(one.number) for one in sorted(search.trials_, key=lambda one: -one.score)
    ]


def test_an_interrupted_search_makes_the_trials_of_an_undisturbed_one(monkeypatch):
    """Twelve: after ten, the sampler learns from those before."""
    options = {"trials": 12, "epochs": 3, "lambdas": [0.0], "seed": [3, 1]}
    undisturbed = tune(**options)
    storage = optuna.storages.InMemoryStorage()
    for after in (2, 9):
        interrupted(monkeypatch, after, storage=storage, **options)
    resumed = tune(storage=storage, **options)
    assert tried(resumed) == tried(undisturbed)
    assert resumed.best_params_ == undisturbed.best_params_
    states = [one.state.name for one in resumed.study_.trials]
    assert states.count("FAIL") == 2
    assert states.count("COMPLETE") + states.count("PRUNED") == 12
    assert states.count("PRUNED") > 0


def test_a_study_in_a_file_goes_on_and_is_optunas(tmp_path):
    storage = f"sqlite:///{tmp_path / 'search.db'}"
    first = tune(trials=2, storage=storage, name="mine")
    second = tune(trials=4, storage=storage, name="mine", max_memory=10**8)
    assert tried(second)[:2] == tried(first)
    assert tried(second) == tried(tune(trials=4))
    study = optuna.load_study(study_name="mine", storage=storage)
    assert study.best_value == second.best_score_
    assert [one.values[0] for one in study.trials] == [one.score for one in second.trials_]
    assert study.best_params["hidden"] == repr(second.best_params_["hidden"])


def test_the_study_of_another_search_is_refused():
    storage = optuna.storages.InMemoryStorage()
    tune(trials=1, storage=storage)
    other = LABELS.copy()
    other[0] = "perhaps"
    changes = {
        "its X was": {"X": X + 1.0},
        "its y was": {"y": other},
        'its epochs was "3" and is now "4"': {"epochs": 4},
        "its space was": {"space": {"hidden": [(4,)]}},
        r'its seed was "\[0\]" and is now "\[1\]"': {"seed": 1},
        'its cv was "2" and is now': {"cv": KFold(2)},
        'its sample_weight was "unknown"': {"sample_weight": np.ones(60)},
    }
    for message, change in changes.items():
        with pytest.raises(InputError, match=f"{message}.*or another name"):
            tune(storage=storage, **change)
    optuna.create_study(storage=storage, study_name="theirs").enqueue_trial({})
    with pytest.raises(InputError, match=r"'theirs' .* is not of xl2.tune"):
        tune(storage=storage, name="theirs")


def test_all_trials_have_the_same_folds_whatever_the_splitter_draws(monkeypatch):
    seen = []

    @wraps(plain_path)
    def path(*arguments, **named):
        seen.append([rows.tolist() for fold in named["cv"] for rows in fold])
        return plain_path(*arguments, **named)

    monkeypatch.setattr(tuning, "regularization_path", path)
    tune(cv=KFold(2, shuffle=True, random_state=np.random.RandomState(0)), trials=2)
    assert len(seen) == 3  # with the winner
    assert seen[0] == seen[1] == seen[2]


def test_trials_that_fail_are_said_and_the_search_goes_on():
    space = {"learning_rate": [1e30, 0.01], "hidden": [(4,)], "optimizer": ["sgd"]}
    search = tune(space, trials=5, lambdas=[1.0])
    failed = [one for one in search.trials_ if one.state == "failed"]
    assert 0 < len(failed) < 5
    assert all(one.params["learning_rate"] == 1e30 for one in failed)
    assert all("diverged" in one.reason and np.isnan(one.score) for one in failed)
    assert search.best_params_["learning_rate"] == 0.01
    assert f"{len(failed)} failed" in str(search)
    with pytest.raises(
        InputError, match=r"None of 2 trials was trained to its end\. The last one: .* diverged"
    ):
        tune({**space, "learning_rate": [1e30]}, trials=2, lambdas=[1.0])


def test_no_trial_begins_after_the_timeout():
    assert len(tune(timeout=1e-9).trials_) == 1


def test_frames_the_default_space_and_one_warning_for_all_trials():
    import pandas as pd

    frame = pd.DataFrame({"a": X[:, 0], "kind": np.where(X[:, 1] > 0, "rose", None)})
    options = {"activation": "tanh", "hidden": (20,), "epochs": 30, "lambdas": [1.0]}
    options |= {"optimizer": "sgd", "experiments": ["longer"], "budget": 1000.0}
    with pytest.warns(ConvergenceWarning, match="Training has not finished") as caught:
        search = tune(None, frame, trials=2, **options)
    assert [one.filename for one in caught] == [__file__]  # of the winner's path alone
    assert sorted(search.best_params_) == ["dropout", "learning_rate"]
    assert [one.key for one in search.best_path_.evidence_.trials] == ["longer"]


def test_optuna_is_quiet_and_as_verbose_afterwards_as_before(capfd):
    tune(trials=1)
    assert capfd.readouterr().err == ""
    assert optuna.logging.get_verbosity() == logging.INFO


def test_without_optuna_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r'pip install "xl2\[tune\]"'):
        tune()


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"width": [1]}, "'width' cannot be searched. The arguments that can are hidden,"),
        ({"scoring": ["r2", "accuracy"]}, "'scoring' cannot be searched"),
        ({"epochs": (1, 2)}, "'epochs' is both in the space and fixed"),
        ({}, "The space is empty"),
        ([1], "space must be a mapping"),
        ({"hidden": []}, "space of hidden is an empty list"),
        ({"hidden": (50, 25)}, r"hidden cannot be a range. Pass a list of its values, such as \["),
        ({"hidden": [4]}, "hidden must be the units of each hidden layer"),
        ({"hidden": optuna.distributions.IntDistribution(4, 8)}, "Pass a list of values"),
        ({"hidden": [(4,), (4,)]}, r"has '\(4,\)' twice"),
        ({"activation": ["relu", "rleu"]}, "Unknown activation 'rleu'"),
        ({"optimizer": ["adam", "bfgs"]}, "Unknown optimizer 'bfgs'"),
        ({"learning_rate": (0.1, 0.01)}, "two numbers, .* the first one the smaller"),
        ({"learning_rate": (0.0, 0.01)}, "learning_rate must be a finite number above 0"),
        ({"dropout": (0.0, 1.5)}, "dropout"),
        ({"label_smoothing": (0.0, 1.0)}, "label_smoothing must be in"),
        ({"schedule": ["cosine", "cosin"]}, "Unknown schedule 'cosin'"),
        ({"bias_initializer": ["normal"]}, "Unknown bias_initializer 'normal'"),
        ({"patience": (1.5, 3)}, "two whole numbers"),
        ({"patience": optuna.distributions.FloatDistribution(1, 3)}, "Pass an IntDistribution"),
        ({"dropout": 0.1}, "must be a list of values, a pair"),
    ],
)
def test_a_wrong_space_is_refused_before_training(space, message, monkeypatch):
    monkeypatch.setattr(tuning, "_search", None)
    with pytest.raises(InputError, match=message):
        tune(space)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"trials": 0}, InputError, "trials must be a whole number"),
        ({"timeout": -1}, InputError, "timeout must be a number of seconds"),
        ({"checkpoint": "here"}, InputError, "tune takes no 'checkpoint'.* storage"),
        ({"widths": 3}, TypeError, "no argument 'widths'"),
        ({"storage": "search.db"}, InputError, "cannot be opened: .*Pass a URL"),
        ({"storage": "sqlite:////no/such/folder/a.db"}, InputError, "in a folder that exists"),
    ],
)
def test_wrong_arguments_are_refused_before_training(options, error, message, monkeypatch):
    monkeypatch.setattr(tuning, "_search", None)
    with pytest.raises(error, match=message):
        tune(**options)


def test_what_a_preset_has_can_be_searched():
    space = {
        "preset": ["default", "plain"],
        "schedule": ["constant", "cosine"],
        "label_smoothing": (0.0, 0.2),
        "bias_initializer": ["zeros", "gaussian"],
    }
    same = {name: value for name, value in SAME.items() if name != "preset"}
    search = xl2.tune(X, LABELS, space, trials=2, progress=False, hidden=(4,), **same)
    assert sorted(search.best_params_) == sorted(space)
    training = search.best_path_._settings.training
    assert training.schedule == search.best_params_["schedule"]
    assert training.label_smoothing == search.best_params_["label_smoothing"]
