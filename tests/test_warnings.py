"""Warnings blame the line of the user: not one of xl2, nor of what calls xl2 for the user."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from plain_paths import plain_path
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import xl2
from xl2 import MLPClassifier, MLPClassifierCV, MLPRegressor
from xl2.array.libraries import Library
from xl2.array.workers import side_by_side
from xl2.data.splitting import split
from xl2.errors import InputError, warn_caller

pytestmark = pytest.mark.host

X = np.random.default_rng(0).normal(size=(40, 3))
LABELS = np.where(X[:, 0] > 0, "oui", "non")
RARE = np.where(np.arange(40) == 7, "peut-être", LABELS)
OPTIONS = {"cv": 3, "hidden": (4,), "refit": False, "progress": False, "learning_rate": 0.01}
SMALL = {"max_iter": 3, "hidden_layer_sizes": (4,), "random_state": 0}


def path(y, **more):
    return plain_path(X, y, [0, 1], **{"epochs": 12, **OPTIONS, **more})


def full(tmp_path, monkeypatch):
    def fail(*arguments):
        raise InputError("'it' cannot be written: No space left on device.")

    monkeypatch.setattr("xl2.io.safetensors_file.write_whole", fail)
    network = xl2.Network([3, 4, 1], seed=0)
    xl2.fit(network, X, (X[:, 0] > 0).astype(float), epochs=2, checkpoint=tmp_path / "c")


def interrupted(*_):
    raise KeyboardInterrupt


def diverging(**more):
    return MLPRegressor(
        hidden_layer_sizes=(4,), learning_rate_init=1e8, solver="sgd", max_iter=60, **more
    )


WARNING = {
    "unfinished path": lambda: path(LABELS),
    "rare class": lambda: path(RARE, epochs=1, cv=5),
    "equal values": lambda: path(
        np.r_[np.zeros(20), X[:20, 0]], cv=[(range(20, 40), range(20)), (range(20), range(20, 40))]
    ),
    "split": lambda: split(X, RARE, stratify=True),
    "one classifier": lambda: MLPClassifier(**SMALL).fit(X, LABELS),
    "lbfgs": lambda: MLPClassifier(**SMALL, solver="lbfgs").fit(X, LABELS),
    "large batch": lambda: MLPClassifier(**SMALL, batch_size=50).fit(X, LABELS),
    "short batch": lambda: MLPClassifier(**SMALL, batch_size=39).fit(X, LABELS),
    "column": lambda: MLPClassifier(**SMALL).fit(X, LABELS[:, None]),
    "regressor": lambda: MLPRegressor(**SMALL).fit(X, X[:, :1]),
    "diverged": lambda: diverging(early_stopping=True).fit(X, X[:, 0]),
    "interrupt": lambda: MLPClassifier(**SMALL, callbacks=[interrupted]).fit(X, LABELS),
    "estimator of a path": lambda: MLPClassifierCV([0.0], **SMALL).fit(X, RARE),
    "pipeline": lambda: make_pipeline(StandardScaler(), MLPClassifier(**SMALL)).fit(X, LABELS),
    "path in a pipeline": lambda: make_pipeline(MLPClassifierCV([0.0], **SMALL)).fit(X, RARE),
    "grid": lambda: GridSearchCV(MLPClassifier(**SMALL), {"alpha": [0, 1]}, cv=2).fit(X, LABELS),
    "scores": lambda: cross_val_score(MLPClassifier(**SMALL), X, LABELS, cv=2),
    "vote": lambda: VotingClassifier([("a", MLPClassifier(**SMALL))]).fit(X, LABELS),
    "calibrated": lambda: CalibratedClassifierCV(MLPClassifier(**SMALL), cv=2).fit(X, LABELS),
}


@pytest.mark.parametrize("name", WARNING)
def test_a_warning_blames_this_file(name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        WARNING[name]()
    assert caught
    assert {warning.filename for warning in caught} == {__file__}


def test_a_failed_checkpoint_blames_this_file(tmp_path, monkeypatch):
    with pytest.warns(
        UserWarning, match=r"checkpoint could not be written \(checkpoint\)"
    ) as caught:
        full(tmp_path, monkeypatch)
    assert [warning.filename for warning in caught] == [__file__]


def test_the_warning_of_scikit_learn_is_kept():
    with (
        pytest.warns(DataConversionWarning, match="column-vector"),
        pytest.warns(ConvergenceWarning),
    ):
        MLPRegressor(**SMALL).fit(X, X[:, :1])


def test_a_thread_of_xl2_blames_the_line_that_led_to_it():
    together = threading.Barrier(2, timeout=30)

    def work(device, job, wanted):
        together.wait()
        exec(
            compile("warn(job)", "xl2", "exec"),
            {"__name__": "xl2.x", "warn": warn_caller, "job": job},
        )

    with pytest.warns(UserWarning, match="[ab]") as caught:
        side_by_side(Library(), 2, work, ["a", "b"], [0])
    assert sorted(str(warning.message) for warning in caught) == ["a", "b"]
    assert {warning.filename for warning in caught} == {__file__}


def test_a_thread_of_the_user_may_warn():
    with pytest.warns(UserWarning, match="hello"), ThreadPoolExecutor(1) as pool:
        pool.submit(warn_caller, "hello").result()


def test_each_line_warns_once_by_default():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            warn_caller("again")
        warn_caller("again")
    assert len(caught) == 2
