"""All of xl2 on a GPU that is not the current one, on a CuPy made up on the host.

It raises if anything is computed outside the device's context. CuPy would warn, and on GPUs without
peer access raise.
"""

import warnings

import numpy as np
import pytest
from cupy_on_host import replace_cupy

import xl2
import xl2_cupy
from xl2 import Network

pytestmark = pytest.mark.host

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 5)).astype("float32")
CLASSES = np.digitize(X[:, 0], [-0.5, 0.5])
VALUES = X[:, 0] * 2 + X[:, 1]
WEIGHTS = RNG.uniform(0.5, 2.0, 90)
WHERE = {"backend": "cupy", "device": "cuda:1"}


@pytest.fixture
def machine(monkeypatch):
    return replace_cupy(monkeypatch, devices=2)


@pytest.fixture
def on_first(machine):
    """Return samples and classes as arrays of the first device, as a user may have them."""
    return machine.asarray(np.asfortranarray(X.astype("float64"))), machine.asarray(CLASSES)


FITS = {
    "plain": {},
    "label smoothing": {"label_smoothing": 0.1},
    "weights": {"sample_weight": WEIGHTS, "penalty": xl2.L2(1.0)},
    "dropout": {"dropout": 0.2},
    "schedule and scales": {"schedule": "cosine", "optimizer": xl2.Adam(scale_rate=6)},
    "stack": {"stack": 3, "penalty": [0.0, 0.1, 0.2]},
    "groups": {
        "stack": (2, 3), "penalty": [0.0, 0.1, 0.2], "seed": [0, 1],
        "rows": [np.arange(60), np.arange(30, 90)],
    },
}  # fmt: skip


@pytest.mark.parametrize("options", FITS.values(), ids=FITS)
def test_fits_and_what_networks_answer(machine, on_first, options):
    options = dict(options)
    stack, x, y = options.pop("stack", None), *on_first
    for data in ((X, CLASSES), (x, y)):
        network = Network([5, 4, 3], ["relu", "softmax"], seed=0, stack=stack, **WHERE)
        xl2.fit(network, *data, epochs=2, batch_size=8, progress=False, **options)
        for given in (X, x):
            network.predict(given)
            network.score(given, CLASSES)
        if stack is None:
            network.gradients(*data)
            network.to("cupy", "cuda:0").predict(X)
            xl2.fit(network, *data, validation=(x, y), epochs=1, progress=False)
    assert not xl2_cupy._runner()._refused


def test_streams(machine):
    pairs = [(X[:40], CLASSES[:40]), (X[40:], CLASSES[40:])]
    network = Network([5, 4, 3], ["relu", "softmax"], seed=0, **WHERE)
    xl2.fit(network, pairs, epochs=2, batch_size=8, label_smoothing=0.1, progress=False)


@pytest.mark.parametrize("where", [WHERE, {"backend": "cupy"}], ids=["one device", "both"])
@pytest.mark.parametrize("y", [CLASSES, VALUES], ids=["classes", "values"])
def test_paths(machine, on_first, y, where):
    how = {"hidden": (4,), "epochs": 3, "cv": 3, "progress": False} | where
    for x in (X, on_first[0]):
        path = xl2.regularization_path(x, y, [0.0, 0.1, 1.0], experiments=True, **how)
        for model in (path.best_model_, path.ensemble_):
            for given in (X, on_first[0]):
                model.predict(given)
        xl2.diagnose(path, importance=True)
    xl2.regularization_path(X, y, [0.0, 0.1], sample_weight=WEIGHTS, preset="plain", **how)
    assert not xl2_cupy._runner()._refused
    if where is not WHERE:
        assert {device for _, device, *_ in machine.launched} == {0, 1}


@pytest.mark.parametrize("options", [
    {"solver": "sgd", "learning_rate": "adaptive"},
    {"solver": "adam", "early_stopping": True},
    {"solver": "lbfgs"},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("regression", [False, True])
def test_estimators(machine, on_first, regression, options):
    pytest.importorskip("sklearn")
    kind, y = (xl2.MLPRegressor, VALUES) if regression else (xl2.MLPClassifier, CLASSES)
    for x in (X, on_first[0]):
        estimator = kind(hidden_layer_sizes=(4,), max_iter=3, random_state=0, **options, **WHERE)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*converge.*")
            estimator.fit(x, y).predict(x)


def test_an_estimator_that_chooses_its_penalty(machine, on_first):
    pytest.importorskip("sklearn")
    for x, moves in ((X, False), (on_first[0], True)):
        estimator = xl2.MLPClassifierCV(hidden_layer_sizes=(4,), max_iter=3, **WHERE)
        estimator.fit(x, CLASSES).predict(x)
        assert bool(machine.moved) == moves
