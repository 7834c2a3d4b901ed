"""Temperatures: found as by scikit-learn and scipy, known ones recovered, applied by a model."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from model_files import changed
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, softmax
from sklearn.metrics import log_loss

import xl2
from xl2 import FileFormatError, InputError, Model, Network
from xl2.nn.temperature import best_temperature, tempered

RNG = np.random.default_rng(11)
LOGITS = 2.0 * RNG.normal(size=(4000, 4))
X = RNG.normal(size=(9, 3))


def drawn(probabilities):
    """Draw a class for each row."""
    steps = probabilities.cumsum(axis=1)
    return (RNG.random((len(steps), 1)) > steps[:, :-1]).sum(axis=1)


@pytest.mark.parametrize("known", [0.5, 1.0, 3.0])
def test_the_temperature_of_simulated_classes_is_recovered(known):
    y = drawn(softmax(LOGITS / known, axis=1))
    assert best_temperature("classes", softmax(LOGITS, axis=1), y) == pytest.approx(known, rel=0.1)


@pytest.mark.parametrize("known", [0.5, 1.0, 3.0])
def test_the_temperature_of_simulated_labels_is_recovered(known):
    y = (RNG.random(LOGITS.shape) < expit(LOGITS / known)).astype(int)
    assert best_temperature("multilabel", expit(LOGITS), y) == pytest.approx(known, rel=0.1)
    one = best_temperature("binary", expit(LOGITS[:, :1]), y[:, 0])
    assert one == pytest.approx(known, rel=0.15)


@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_the_minimum_of_the_log_loss(weighted):
    y = drawn(softmax(LOGITS / 2.0, axis=1))[:300]
    weight = RNG.uniform(0.0, 3.0, size=300).round() if weighted else None

    def loss(logarithm):
        p = softmax(LOGITS[:300] / np.exp(logarithm), axis=1)
        return log_loss(y, p, sample_weight=weight)

    p = softmax(LOGITS[:300], axis=1)
    found = best_temperature("classes", p, y, weight, spread=math.inf)
    best = minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-9})
    assert found == pytest.approx(np.exp(best.x), rel=1e-5)


def test_it_is_that_of_scikit_learn():
    calibration = pytest.importorskip("sklearn.calibration")
    if not hasattr(calibration, "_TemperatureScaling"):
        pytest.skip("scikit-learn has temperature scaling from 1.8")
    y = drawn(softmax(LOGITS / 2.0, axis=1))
    found = best_temperature("classes", softmax(LOGITS, axis=1), y, spread=math.inf)
    other = calibration._TemperatureScaling().fit(LOGITS, y)
    assert found == pytest.approx(1.0 / other.beta_, rel=1e-4)


@pytest.mark.parametrize("weighted", [False, True])
def test_few_samples_move_it_little_from_one(weighted):
    """The sum of the losses and of the square that stands for what is known before."""
    y = RNG.integers(0, 4, size=30)  # the answers are as good as chance
    p, weight = softmax(LOGITS[:30], axis=1), RNG.uniform(0.0, 3.0, size=30) if weighted else None
    samples = 30.0 if weight is None else weight.sum() ** 2 / (weight**2).sum()

    def total(sharpness):
        q = softmax(sharpness * LOGITS[:30], axis=1)
        known = (sharpness - 1.0) ** 2 / (2 * 0.2**2)
        return samples * log_loss(y, q, labels=range(4), sample_weight=weight) + known

    best = minimize_scalar(total, bounds=(0.01, 5), method="bounded", options={"xatol": 1e-9})
    found = best_temperature("classes", p, y, weight)
    assert found == pytest.approx(1.0 / best.x, rel=1e-5)
    assert 1.0 < found < best_temperature("classes", p, y, weight, spread=math.inf)


def test_without_a_mistake_it_does_not_fall_for_ever():
    p = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert 0.9 < best_temperature("classes", p, np.array([0, 1])) < 1.0
    assert 0.9 < best_temperature("binary", p[:, 1:], np.array([0, 1])) < 1.0
    assert best_temperature("classes", p, np.array([0, 1]), spread=math.inf) == 0.01


def test_samples_without_weight_do_not_count():
    p, y = softmax(LOGITS[:40], axis=1), RNG.integers(0, 4, size=40)
    weight = np.arange(40) % 2 * 3.0
    half = best_temperature("classes", p[1::2], y[1::2])
    assert best_temperature("classes", p, y, weight) == pytest.approx(half, rel=1e-6)
    assert best_temperature("classes", p, y, np.zeros(40)) == 1.0


def test_answers_that_are_mostly_wrong_get_the_highest_temperature():
    p = np.array([[0.9, 0.1]] * 3)
    assert best_temperature("classes", p, np.array([1, 1, 0]), spread=math.inf) == 100.0
    assert 1.0 < best_temperature("classes", p, np.array([1, 1, 0])) < 2.0


def test_probabilities_of_zero_and_one_have_a_finite_temperature():
    p = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.3, 0.7]])
    y = np.array([0, 1, 1, 1])
    assert 1.0 < best_temperature("classes", p, y) <= 100.0
    assert 1.0 < best_temperature("binary", p[:, 1:], y) <= 100.0


def test_probabilities_at_another_temperature():
    np.testing.assert_allclose(
        tempered("classes", softmax(LOGITS, axis=1), 2.5),
        np.exp(log_softmax(LOGITS / 2.5, axis=1)),
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        tempered("multilabel", expit(LOGITS), 2.5), expit(LOGITS / 2.5), rtol=1e-9
    )


# A model.


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("units", [1, 3])
def test_a_model_divides_its_logits(where, host, output, units):
    if output == "softmax" and units == 1:
        units = 2
    network = Network([3, 4, units], ["tanh", output], "he", seed=2, dtype="float64", **where)
    if output == "sigmoid" and units == 3:
        network.task = "multilabel"
    logits = host(network.logits_of(network.check_samples(X)))
    before, model = network.host_parameters(), Model(network, temperature=2.5)
    expected = softmax(logits / 2.5, axis=1) if output == "softmax" else expit(logits / 2.5)
    np.testing.assert_allclose(model.forward(X), expected, rtol=1e-9)
    np.testing.assert_array_equal(model.predict(X), Model(network).predict(X))
    for one, other in zip(before, network.host_parameters(), strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_several_sigmoids_for_classes_take_roots_that_fit_the_shares(where):
    """A path knows only their shares of the sum, so the temperature is found for these."""
    network = Network([3, 4], ["sigmoid"], seed=2, dtype="float64", **where)
    assert network.task == "classes"
    outputs, found = Model(network).forward(X), Model(network, temperature=2.0).forward(X)
    np.testing.assert_allclose(found, np.sqrt(outputs), rtol=1e-12)
    shares = outputs / outputs.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(
        found / found.sum(axis=1, keepdims=True), tempered("classes", shares, 2.0), rtol=1e-12
    )
    with pytest.raises(InputError, match="Use a softmax"):
        Model(network, temperature=2.0).to_torch()


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("inf"), float("nan"), True, "2"])
def test_what_is_no_temperature_is_refused(temperature):
    with pytest.raises(InputError, match="must be a number above 0"):
        Model(Network([3, 2], ["softmax"]), temperature=temperature)


def test_a_regression_has_no_temperature():
    with pytest.raises(InputError, match="a regression has none"):
        Model(Network([3, 2], ["identity"]), temperature=2.0)


def test_a_model_file_holds_it(tmp_path):
    network = Network([3, 2], ["softmax"], seed=1)
    xl2.save(Model(network, temperature=1.75), tmp_path / "m")
    read = xl2.load(tmp_path / "m")
    assert read.temperature == 1.75
    np.testing.assert_array_equal(read.forward(X), Model(network, temperature=1.75).forward(X))


def test_a_model_without_one_has_the_file_of_before(tmp_path):
    from safetensors import safe_open

    xl2.save(Network([3, 2], ["softmax"]), tmp_path / "m")
    with safe_open(tmp_path / "m", framework="numpy") as file:
        assert "temperature" not in file.metadata()
    assert xl2.load(tmp_path / "m").temperature == 1.0


@pytest.mark.parametrize(
    "value", ["0", "-1.0", "NaN", "Infinity", "1e-300", "1e300", "true", "null", '"2"', "[2]"]
)
def test_a_file_with_another_value_is_refused(tmp_path, value):
    changed(tmp_path / "m", {"temperature": value})
    with pytest.raises(FileFormatError, match="its value of temperature is invalid"):
        xl2.load(tmp_path / "m")


def test_a_file_of_a_regression_with_one_is_refused(tmp_path):
    header = {"temperature": json.dumps(2.0)}
    changed(tmp_path / "m", header, Network([3, 2], ["identity"]))
    with pytest.raises(FileFormatError, match="and a regression"):
        xl2.load(tmp_path / "m")


@pytest.mark.parametrize("sizes", [[3, 4, 1], [3, 4, 3]])
@pytest.mark.parametrize("output", ["softmax", "sigmoid", "labels"])
def test_an_onnx_graph_has_it(sizes, output):
    pytest.importorskip("onnx", reason="the graphs are made by onnx")
    runtime = pytest.importorskip("onnxruntime", reason="the graphs are run by ONNX Runtime")
    if output == "softmax":
        sizes = [*sizes[:-1], 3]
    name = "sigmoid" if output == "labels" else output
    network = Network(sizes, ["tanh", name], "he", seed=2)
    if output == "labels":
        network.task = "multilabel"
    model = Model(network, temperature=2.5)
    session = runtime.InferenceSession(
        xl2.to_onnx(model).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    labels, found = session.run(None, {"X": X.astype("float32")})
    expected = model.forward(X)
    if network.task == "binary":
        expected = np.concatenate([1.0 - expected, expected], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(labels, model.predict(X))


@pytest.mark.installed
def test_a_module_of_pytorch_has_it():
    torch = pytest.importorskip("torch", reason="the module is of PyTorch")
    model = Model(Network([3, 4, 3], ["tanh", "softmax"], "he", seed=2), temperature=2.5)
    found = model.to_torch()(torch.from_numpy(X.astype("float32")))
    np.testing.assert_allclose(found.detach().numpy(), model.forward(X), atol=1e-6)


def test_of_very_many_predictions_some_are_enough(monkeypatch):
    y, p = drawn(softmax(LOGITS / 2.0, axis=1)), softmax(LOGITS, axis=1)
    whole = best_temperature("classes", p, y)
    monkeypatch.setattr("xl2.nn.temperature.MOST", 2000)
    some = best_temperature("classes", p, y)
    assert some == pytest.approx(whole, rel=0.1)
    assert some != whole
