"""Extreme numbers: the correct result or a clear error, and no warning."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_paths import plain_path

from xl2 import DivergenceError, InputError, Network, fit
from xl2.nn.scaling import Scaling

on_backend = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

HIDDEN = {
    "identity": (lambda z: z, lambda a: np.ones_like(a)),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0) * 1.0),
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
}


def parameters(network):
    return [network.backend.to_numpy(p) for layer in network.parameters for p in layer]


def assert_finite(network):
    assert all(np.isfinite(p).all() for p in parameters(network))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def step_by_hand(parameters, X, rows, hidden, rate, lam):
    """Take one step of SGD on a softmax network by explicit backpropagation in float64."""
    f, slope = HIDDEN[hidden]
    weights, biases = [p.astype("f8") for p in parameters[::2]], parameters[1::2]
    outputs = [X]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        outputs.append(f(outputs[-1] @ weight + bias))
    delta = (softmax(outputs[-1] @ weights[-1] + biases[-1]) - rows) / len(X)
    new = []
    for i in reversed(range(len(weights))):
        gradient = outputs[i].T @ delta + lam / len(X) * weights[i]
        new[:0] = [weights[i] - rate * gradient, biases[i] - rate * delta.sum(axis=0)]
        delta = delta @ weights[i].T * slope(outputs[i]) if i else None
    return new


shapes = st.lists(st.integers(1, 5), min_size=2, max_size=4).filter(lambda sizes: sizes[-1] > 1)


@on_backend
@pytest.mark.usefixtures("float64")
@given(
    sizes=shapes,
    samples=st.integers(1, 6),
    hidden=st.sampled_from(sorted(HIDDEN)),
    dtype=st.sampled_from(["float32", "float64"]),
    lam=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_step_follows_the_formula(where, sizes, samples, hidden, dtype, lam, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(samples, sizes[0])), rng.integers(sizes[-1], size=samples)
    activations = [hidden] * (len(sizes) - 2) + ["softmax"]
    network = Network(sizes, activations, "gaussian", seed=seed, dtype=dtype, **where)
    by_hand = step_by_hand(parameters(network), X, np.eye(sizes[-1])[y], hidden, 0.1, lam)
    fit(network, X, y, epochs=1, learning_rate=0.1, penalty=lam, batch_size=10)
    tolerance = {"float32": 2e-5, "float64": 1e-12}[dtype]
    for mine, its in zip(parameters(network), by_hand, strict=True):
        np.testing.assert_allclose(mine, its, rtol=tolerance, atol=tolerance)


@on_backend
@pytest.mark.usefixtures("float64")
@given(
    sizes=shapes,
    samples=st.integers(1, 6),
    hidden=st.sampled_from(sorted(HIDDEN)),
    output=st.sampled_from(["softmax", "sigmoid", "identity"]),
    dtype=st.sampled_from(["float32", "float64"]),
    optimizer=st.sampled_from(["sgd", "momentum", "nesterov", "adam"]),
    exponent=st.sampled_from([-310, -40, -20, 0, 20, 30, 38, 300]),
    rate=st.sampled_from([1e-30, 0.01, 1e3, 1e30]),
)
def test_any_fit_is_finite_or_raises(
    where, sizes, samples, hidden, output, dtype, optimizer, exponent, rate
):
    """After an error the network is finite, too."""
    rng = np.random.default_rng(exponent + 400)
    X = rng.normal(size=(samples, sizes[0])) * 10.0**exponent
    y = rng.integers(sizes[-1], size=samples) if output == "softmax" else None
    y = rng.integers(2, size=(samples, sizes[-1])) if y is None else y
    network = Network(sizes, [hidden] * (len(sizes) - 2) + [output], dtype=dtype, **where)
    try:
        history = fit(
            network, X, y, epochs=3, batch_size=4, optimizer=optimizer, learning_rate=rate
        )
    except DivergenceError:
        pass
    except InputError:
        # The samples overflow in the dtype of the network.
        assert (dtype, exponent) in (("float32", 38), ("float32", 300))
    else:
        assert len(history) == 3
        assert np.isfinite(history.loss).all()
    assert_finite(network)


# Single cases.


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_subnormal_inputs_have_almost_no_effect(where, host, dtype):
    """Only the bias matters, whether or not a library flushes them to 0."""
    small = np.finfo(dtype).tiny / 1024
    X = np.full((4, 3), small, dtype)
    assert (X > 0).all()
    network = Network([3, 5, 2], ["tanh", "softmax"], "he", dtype=dtype, **where)
    np.testing.assert_allclose(host(network.forward(X)), 0.5, rtol=1e-6)
    history = fit(network, X, [0, 1, 1, 1], epochs=200, learning_rate=1.0)
    # The samples are indistinguishable: all get the frequencies of the classes.
    np.testing.assert_allclose(host(network.forward(X)), [[0.25, 0.75]] * 4, rtol=1e-3)
    np.testing.assert_allclose(
        history.loss[-1], -(math.log(0.25) + 3 * math.log(0.75)) / 4, rtol=1e-3
    )


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_inputs_of_1e30_saturate(where, host, output):
    X = np.array([[1e30], [-1e30]])
    network = Network([1, 2], [output], "zeros", **where)
    weights = np.array([[1.0, -1.0]])
    network.set_parameters([(weights, np.zeros(2))])
    assert host(network.forward(X)).tolist() == [[1, 0], [0, 1]]
    y = [0, 1] if output == "softmax" else [[1, 0], [0, 1]]
    history = fit(network, X, y, epochs=2)
    assert history.loss == [0.0, 0.0]
    np.testing.assert_array_equal(parameters(network)[0], weights)
    # With the wrong targets the loss equals the logits.
    network.set_parameters([(-weights, np.zeros(2))])
    history = fit(network, X, y, epochs=1, learning_rate=1e-30)
    np.testing.assert_allclose(history.loss, 2e30, rtol=1e-6)


def test_overflow_in_the_networks_dtype_is_refused_with_its_row(where):
    network = Network([2, 1], dtype="float32", **where)
    for call in (network.predict, lambda X: fit(network, X, [0, 1], epochs=1)):
        with pytest.raises(InputError, match=r"1e[+]300 of X in row 2, column 1 is too large for"):
            call([[1.0, 1.0], [1e300, 1.0]])
    with pytest.raises(InputError, match=r"value 1e[+]300 of y in row 1 is too large for float32"):
        fit(Network([2, 1], ["identity"], **where), np.ones((2, 2)), [1e300, 1.0], epochs=1)


def test_a_float64_array_of_the_library_is_checked_when_it_is_narrowed(backend, where):
    floats = backend.xp.__array_namespace_info__().dtypes(
        device=backend.device, kind="real floating"
    )
    for name in floats.keys() & {"float64"}:
        given = backend.xp.asarray(
            [[1.0, 1.0], [1.0, 1e39]], dtype=floats[name], device=backend.device
        )
        with pytest.raises(InputError, match=r"1e[+]39 of X in row 2, column 2 is too large for"):
            Network([2, 1], dtype="float32", **where).predict(given)


def test_updates_that_underflow_change_nothing(where):
    network = Network([3, 4, 2], ["tanh", "softmax"], dtype="float32", **where)
    before = parameters(network)
    fit(network, np.ones((4, 3)), [0, 1, 0, 0], epochs=2, learning_rate=1e-44)
    for mine, its in zip(parameters(network), before, strict=True):
        np.testing.assert_allclose(mine, its, atol=1e-40)


def test_dead_units_learn_nothing_but_the_output_bias_does(where, host):
    network = Network([3, 4, 2], ["relu", "softmax"], "he", dtype="float64", **where)
    w1, _, w2, _ = parameters(network)
    network.set_parameters([(w1, np.full(4, -1e3)), (w2, np.zeros(2))])
    X = np.random.default_rng(0).normal(size=(8, 3))
    fit(network, X, [0] * 6 + [1] * 2, epochs=500, learning_rate=1.0)
    found = parameters(network)
    np.testing.assert_array_equal(found[0], w1)
    np.testing.assert_array_equal(found[1], np.full(4, -1e3))
    np.testing.assert_array_equal(found[2], w2)
    np.testing.assert_allclose(host(network.forward(X)), [[0.75, 0.25]] * 8, rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, 1.0, 1e30])
def test_constant_features_are_standardised_to_0_and_predict_the_mean(where, host, value):
    X, y = np.full((5, 3), value), np.arange(5.0)
    x = Scaling.learn(X).apply(X, "float64")
    assert (x == 0).all()
    network = Network([3, 1], ["identity"], dtype="float64", **where)
    fit(network, x, y, epochs=200, learning_rate=0.5)
    np.testing.assert_allclose(host(network.forward(x)), [[2.0]] * 5, rtol=1e-9)


def test_a_single_sample_is_learnt(where, host):
    network = Network([3, 1], ["identity"], dtype="float64", **where)
    history = fit(network, [[1.0, 2.0, 3.0]], [5.0], epochs=100, learning_rate=0.1)
    np.testing.assert_allclose(host(network.forward([[1.0, 2.0, 3.0]])), [[5.0]], rtol=1e-9)
    assert history.loss[-1] < 1e-18


def test_a_single_feature_gives_a_line(where):
    x = np.linspace(-1, 1, 9)
    y = 2 * x - 1 + np.sin(40 * x)
    network = Network([1, 1], ["identity"], dtype="float64", **where)
    fit(network, x[:, None], y, epochs=600, learning_rate=0.5, batch_size=9)
    np.testing.assert_allclose(
        np.concatenate(parameters(network), axis=None), np.polyfit(x, y, 1), rtol=1e-6
    )


def test_ten_thousand_classes(where, host):
    """With zero weights all classes are equal, and a step moves biases by the error."""
    classes, y = 10_000, np.array([0, 9_999, 5_000, 9_999])
    network = Network([3, classes], ["softmax"], "zeros", dtype="float64", **where)
    history = fit(network, np.eye(3)[[0, 1, 2, 1]], y, epochs=1, learning_rate=1.0)
    np.testing.assert_allclose(history.loss, math.log(classes), rtol=1e-12)
    expected = np.full(classes, -1 / classes)
    np.add.at(expected, y, 0.25)
    np.testing.assert_allclose(parameters(network)[1], expected, rtol=1e-9)
    fit(network, np.eye(3)[[0, 1, 2, 1]], y, epochs=300, learning_rate=5.0)
    assert host(network.predict(np.eye(3))).tolist() == [0, 9_999, 5_000]


@pytest.mark.host
def test_a_path_over_constant_and_enormous_columns():
    """The informative column is found beside a constant one and one of 1e30."""
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=60)
    X = np.column_stack(
        [np.ones(60), 1e30 * (y + 0.1 * rng.normal(size=60)), 1e-30 * rng.normal(size=60)]
    )
    path = plain_path(
        X,
        y,
        [0, 1],
        cv=3,
        scoring="accuracy",
        standardize=True,
        hidden=(),
        epochs=9,
        learning_rate=0.5,
        progress=False,
    )
    assert path.validation_scores_.mean(axis=-1).max() > 0.95


@pytest.mark.host
@pytest.mark.parametrize(
    ("rows", "code", "message"),
    [
        (["1,a"] * 5 + ["2,b"] * 5, 0, "accuracy"),
        (["7,0.1,a"] * 5 + ["7,0.9,b"] * 5, 0, "accuracy"),
        (["7,7,a"] * 5 + ["7,7,b"] * 5, 0, "accuracy"),
        (["1e30,a"] * 5 + ["-1e30,b"] * 5, 0, "accuracy"),
        (["1e-310,a"] * 5 + ["-1e-310,b"] * 5, 0, "accuracy"),
        (["1e308,a"] * 5 + ["-1e308,b"] * 5, 2, "column 1 of x holds numbers too large"),
        (["1,a"], 2, "error"),
        (["1,a"] * 10, 2, "error"),
    ],
)
def test_extreme_tables_are_learnt_from_or_refused(xl2, tmp_path, rows, code, message):
    table = tmp_path / "t.csv"
    table.write_text("\n".join(rows) + "\n")
    found, out, err = xl2("train", table, "--hidden", "3", "--epochs", "2")
    assert found == code, err
    assert message in (out + err).lower()
    assert "Traceback" not in out + err
