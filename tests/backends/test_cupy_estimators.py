"""Estimators train by graphs, with the losses and the short mini-batches of scikit-learn."""

import numpy as np
import pytest
import sklearn.neural_network
from cupy_fits import Watched, use_graphs

import xl2
from xl2.nn import step

pytestmark = [
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4))
THREE = np.arange(50) % 3
TARGETS = {
    "classes": ("MLPClassifier", THREE, {}),
    "two classes": ("MLPClassifier", THREE > 0, {}),
    "labels": ("MLPClassifier", np.stack([THREE > 0, X[:, 0] > 0], axis=1).astype(int), {}),
    "values": ("MLPRegressor", X[:, :2] ** 2, {}),
    "counts": ("MLPRegressor", THREE.astype(float), {"loss": "poisson"}),
}
SOLVERS = {
    "adam": {},
    "sgd": {"solver": "sgd", "momentum": 0.0},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd", "learning_rate": "invscaling"},
}
FITS = {
    "plain": {},
    "no penalty": {"alpha": 0.0},
    "a penalty a layer": {"alpha": (0.5, 0.0, 2.0)},
    "even": {"even_batches": True},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.2},
    "ordered": {"shuffle": False},
    "class weights": {"class_weight": {0: 1.0, 1: 3.0, 2: 0.0}},
}


def estimator(kind, home=xl2, **options):
    how = {"hidden_layer_sizes": (6, 5), "max_iter": 4, "batch_size": 15, "random_state": 0,
           "learning_rate_init": 0.05, "alpha": 0.5}  # fmt: skip
    return getattr(home, kind)(**how | options)


def refused(*_):
    raise AssertionError("the portable code took steps")


def assert_equal(one, other, rtol=1e-9):
    np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=rtol)
    for mine, its in zip(
        (*one.coefs_, *one.intercepts_), (*other.coefs_, *other.intercepts_), strict=True
    ):
        np.testing.assert_allclose(mine, its, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_they_equal_scikit_learns(target, solver, monkeypatch):
    """Mini-batches of 15, 15, 15 and 5."""
    kind, y, options = TARGETS[target]
    if "loss" in options:
        pytest.importorskip("sklearn", "1.7", reason="scikit-learn has this loss from 1.7 on")
    options = options | SOLVERS[solver]
    known = estimator(kind, sklearn.neural_network, **options).fit(X, y)
    runner = Watched()
    use_graphs(monkeypatch, runner)
    monkeypatch.setattr(step, "run_batches", refused)
    found = estimator(kind, **options).fit(X, y)
    assert runner.launches
    assert_equal(found, known)


@pytest.mark.parametrize("options", FITS.values(), ids=FITS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_they_equal_the_portable_code(options, solver, monkeypatch):
    options, fits = SOLVERS[solver] | options, []
    for runner in (None, Watched()):
        use_graphs(monkeypatch, runner)
        if runner:
            monkeypatch.setattr(step, "run_batches", refused)
        fits.append(estimator("MLPClassifier", **options).fit(X, THREE))
    assert_equal(*fits)


def test_partial_fit_continues_by_graphs(monkeypatch):
    fits, runner = [], Watched()
    for one in (None, runner):
        use_graphs(monkeypatch, one)
        fits.append(estimator("MLPClassifier"))
        for rows in (slice(0, 30), slice(30, 50)):
            fits[-1].partial_fit(X[rows], THREE[rows], classes=[0, 1, 2])
    assert runner.launches
    assert_equal(*fits)


def test_more_inputs_than_cublas_multiplies_at_once_are_trained_by_the_portable_code(monkeypatch):
    runner, x = Watched(), np.zeros((6, 65536))
    use_graphs(monkeypatch, runner)
    for alpha, captured in ((0.5, False), (0.0, True)):
        estimator("MLPClassifier", hidden_layer_sizes=(2,), alpha=alpha, batch_size=6,
                  max_iter=1).fit(x, THREE[:6])  # fmt: skip
        assert bool(runner.twins) == captured


def test_the_trial_of_the_device_covers_the_squares_of_weights(monkeypatch):
    """They are products like the others: no kernel of their own."""
    runner = Watched(trial=True)
    use_graphs(monkeypatch, runner)
    found = estimator("MLPClassifier", alpha=3.0).fit(X, THREE)
    use_graphs(monkeypatch, None)
    assert_equal(found, estimator("MLPClassifier", alpha=3.0).fit(X, THREE))
    assert runner._tried == {(0, "float64")}
