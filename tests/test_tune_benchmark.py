"""The comparison of `tune` with Optuna over scikit-learn: both search the same way."""

import importlib
import math

import numpy as np
import pytest
from sklearn.metrics import get_scorer
from sklearn.model_selection import cross_val_score

from xl2.cli.bench import _module

HOME = _module("suite").__package__  # the checkout's, or that of the wheel
tune = importlib.import_module(f"{HOME}.tune")

optuna = pytest.importorskip("optuna", reason='needs pip install "xl2[tune]"')
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
CHOSEN = {"hidden": 0, "rate": 0.01, "activation": "relu", "alpha": 1.0}


@pytest.mark.parametrize("name", tune.SETS)
def test_a_trial_is_scikit_learns_cross_validation(name):
    """Of every fourth sample: time matters here."""
    split = tune.split_of(name, 1)
    split = split._replace(X=split.X[::4], y=split.y[::4])
    trial = optuna.trial.FixedTrial(CHOSEN)
    found = tune.objective_of(split)(trial)
    network = tune.network_of(split, *tune.asked(trial))
    scores = cross_val_score(network, split.X, split.y, scoring=split.scoring, cv=split.cv())
    assert found == pytest.approx(scores.mean())


def test_the_test_score_is_that_of_scikit_learn():
    for name in ("breast cancer", "diabetes"):
        split = tune.split_of(name, 0)
        assert not {row.tobytes() for row in split.X} & {row.tobytes() for row in split.X_test}
        model = tune.network_of(split, (4,), 0.01, "relu", 1.0)
        model.fit(split.X, split.y)
        outputs = (model.predict if split.regression else model.predict_proba)(split.X_test)
        expected = get_scorer(split.scoring)(model, split.X_test, split.y_test)
        assert split.test(outputs) == pytest.approx(expected)


def test_what_is_found_in_time_counts():
    trials = [(0.5, -3.0), (1.9, -1.0), (2.1, -2.0), (7.0, -0.5), (8.5, 0.0)]
    found = tune.best_after(8.0, trials)
    np.testing.assert_array_equal(found, [-3.0, -1.0, -1.0, -0.5])
    assert math.isnan(tune.best_after(8.0, trials[2:])[0])


def test_the_search_of_xl2(monkeypatch):
    monkeypatch.setattr(tune, "HIDDEN", [(4,)])
    split = tune.split_of("diabetes", 0)
    found = tune.search_xl2(split, 30.0, lambdas=[0, 1], epochs=2, trials=2)
    assert found.trials == 2
    assert found.validation[0] == found.validation[-1]
    assert math.isfinite(found.test)
