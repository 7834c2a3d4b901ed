"""Compiled outputs, losses and scores on NumPy equal those of the portable code."""

import numpy as np
import pytest

import xl2_numpy_compiled
import xl2_numpy_outputs
from xl2 import Network, fit
from xl2.array.operations import Layer, Operations
from xl2.nn.losses import Loss, find_loss
from xl2.nn.measure import Measure, sums_of
from xl2.nn.passes import outputs_of

pytestmark = [pytest.mark.host, pytest.mark.usefixtures("compiled_code")]

RNG = np.random.default_rng(5)
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


@pytest.fixture
def calls(monkeypatch):
    """Return the names of the compiled functions that were called."""
    library, found = xl2_numpy_compiled.library(), []

    class Noting:
        def __getattr__(self, name):
            found.append(name)
            return getattr(library, name)

    monkeypatch.setattr(xl2_numpy_compiled, "library", Noting)
    return found


@pytest.fixture
def portable(monkeypatch):
    """Return a function that calls another without compiled code."""

    def call(function):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(xl2_numpy_compiled, "library", lambda: None)
            return function()

    return call


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("units", [*range(1, 27), 50])
@pytest.mark.parametrize("rows", [1, 5, 70])
def test_outputs_of_every_width_of_a_panel(calls, portable, dtype, units, rows):
    network = Network([402 + units % 4, units, 2], ["relu", "softmax"], dtype=dtype, seed=2)
    x = (RNG.normal(size=(rows, network.sizes[0])) / 20.0).astype(dtype)
    found = network.forward(x)
    assert calls
    expected = portable(lambda: network.forward(x))
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stack", [None, 1, 3])
@pytest.mark.parametrize("sizes", [(5, 4), (5, 9, 4), (5, 9, 3, 1), (5, 1, 1, 1, 2)])
@pytest.mark.parametrize("output", ["identity", "sigmoid", "tanh", "relu", "softmax", "exp"])
def test_outputs(calls, portable, dtype, stack, sizes, output):
    hidden = ["tanh", "relu", "sigmoid"][: len(sizes) - 2]
    network = Network(sizes, [*hidden, output], "gaussian", dtype=dtype, stack=stack, seed=2)
    network.parameters = tuple(
        Layer(w, RNG.normal(size=b.shape).astype(dtype)) for w, b in network.parameters
    )
    x = RNG.normal(size=(37, 5)).astype(dtype)
    found = network.forward(x)
    assert calls
    expected = portable(lambda: network.forward(x))
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def test_outputs_of_arrays_with_gaps_and_of_groups_are_portable(calls):
    x = RNG.normal(size=(20, 10))[:, ::2]
    for stack in (None, (2, 3)):
        network = Network(
            (5, 4, 2), dtype="float64", stack=stack, seed=0 if stack is None else [1, 2]
        )
        expected = network.forward(x.copy())
        np.testing.assert_allclose(network.forward(x), expected, rtol=1e-12)


LOGITS = {(): (23, 4), (3,): (3, 23, 4), (2, 3): (2, 3, 23, 4)}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lead", LOGITS)
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("task", "output"), [("classes", "softmax"), ("multilabel", "sigmoid")])
def test_sums_of_losses_and_scores(calls, portable, dtype, lead, grouped, weighted, task, output):
    logits = (10 * RNG.normal(size=LOGITS[lead])).astype(dtype)
    groups = (lead[0], 1) if grouped and len(lead) == 2 else ()
    y = (RNG.random((*groups, 23, 4)) > 0.5).astype(dtype)
    weight = RNG.random((*groups, 23, 1)).astype(dtype) if weighted else None
    loss = find_loss(None, output)
    found = xl2_numpy_outputs.compiled(sums_of, task, None, loss)(logits, y, weight)
    assert calls == [f"measure_{'float' if dtype == 'float32' else 'double'}"]

    def of_sigmoid(z):
        return 1 / (1 + np.exp(-z))

    for one, other in zip(found, sums_of(task, of_sigmoid, loss, logits, y, weight), strict=True):
        assert np.shape(one) == np.shape(other)
        if one is not None:
            np.testing.assert_allclose(one, other, rtol=TOLERANCE[dtype])


def test_other_losses_and_outputs_are_portable(calls):
    poisson = find_loss(None, "exp")
    assert xl2_numpy_outputs.compiled(sums_of, "regression", np.exp, poisson).func is sums_of
    own = Loss(lambda z, y: z - y, lambda z, y: z - y)
    assert xl2_numpy_outputs.compiled(sums_of, "classes", None, own).func is sums_of
    assert xl2_numpy_outputs.compiled(outputs_of, Operations(), (), np.exp).func is outputs_of
    assert xl2_numpy_outputs.compiled(len) is len
    assert not calls


def test_a_nan_is_a_nan_in_outputs_and_losses():
    network = Network((2, 3, 2), ["relu", "softmax"], dtype="float64", backend="numpy")
    x = np.asarray([[np.nan, 1.0], [1.0, 1.0]])
    found = network.logits_of(x)
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()
    measure = network.measure(np.eye(2))
    assert isinstance(measure, Measure)
    measure.add(found, np.eye(2))
    assert np.isnan(measure.read()["loss"])


def test_validation_curves_are_those_of_portable_code(calls, portable):
    x, y = RNG.normal(size=(60, 5)), RNG.integers(0, 3, 60)

    def curves():
        network = Network(
            (5, 4, 3), ["tanh", "softmax"], stack=(2, 2), seed=[1, 2], dtype="float64"
        )
        held = [(x[:20], y[:20]), (x[20:45], y[20:45])]
        history = fit(network, x, y, epochs=3, validation=held, seed=[1, 2], progress=False)
        return np.asarray(
            [history.loss, history.score, history.validation_loss, history.validation_score]
        )

    found = curves()
    assert {"train_double", "outputs_double", "measure_double"} <= set(calls)
    np.testing.assert_allclose(found, portable(curves), rtol=1e-10)
