"""The notebook's functions against its own formulas, and the accuracies it printed."""

from __future__ import annotations

import runpy
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import xl2
from xl2 import InputError, diagnose, notebook, use_backend
from xl2.array.backend import connect
from xl2.array.switch import resolve_like

EXAMPLE = Path(__file__).parent.parent / "benchmarks" / "notebook_figures.py"
ACTIVATIONS = ["relu", "tanh", "sigmoid"]
DIMENSIONS = [6, 5, 4, 2]


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(EXAMPLE))


@pytest.fixture
def problem(rng):
    X = rng.standard_normal((6, 23))
    Y = (rng.random((2, 23)) > 0.5).astype(float)
    return X, Y


DRAWS = {
    "uniform": lambda i, o: np.random.rand(o, i),
    "uniform_100": lambda i, o: np.random.rand(o, i) * 0.01,
    "gaussian": lambda i, o: np.random.randn(o, i),
    "xavier": lambda i, o: np.random.randn(o, i) / np.sqrt(i),
    "he": lambda i, o: np.random.randn(o, i) * np.sqrt(2 / i),
    "bengio": lambda i, o: np.random.randn(o, i) / np.sqrt(i + o),
}


def test_all_names_of_the_notebook_exist():
    assert set(notebook.init_functions) == set(DRAWS)
    assert set(notebook.act_functions) == set(notebook.act_derivates) == {"sigmoid", "tanh", "relu"}
    for name, function in notebook.init_functions.items():
        assert getattr(notebook, name) is function
    for name, function in notebook.act_functions.items():
        assert getattr(notebook, name) is function
        assert getattr(notebook, f"d_{name}") is notebook.act_derivates[name]


@pytest.mark.parametrize("name", DRAWS)
def test_draws_equal_numpys_global_ones_bit_for_bit(name):
    np.random.seed(3)
    ours = [notebook.init_functions[name](4, 3), notebook.init_functions[name](3, 2)]
    np.random.seed(3)
    theirs = [DRAWS[name](4, 3), DRAWS[name](3, 2)]
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu"])
def test_derivatives_are_central_differences(name, to, host):
    x = np.array([[-2.0, -0.3, 0.4, 3.0]])
    slope = host(notebook.act_derivates[name](to(x)))
    h = 1e-6
    f = notebook.act_functions[name]
    expected = (host(f(to(x + h))) - host(f(to(x - h)))) / (2 * h)
    np.testing.assert_allclose(slope, expected, rtol=1e-8, atol=1e-9)


def by_hand(X, Y, dimensions, activations, draws, rate, epochs, size, lambd):
    """Train as the notebook does, in NumPy alone."""
    forward = {
        "relu": lambda z: np.maximum(z, 0),
        "tanh": np.tanh,
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    }
    slope = {
        "relu": lambda a: (a > 0) * 1.0,
        "tanh": lambda a: 1 - a**2,
        "sigmoid": lambda a: a * (1 - a),
    }
    W = [DRAWS[draw](i, o) for draw, i, o in zip(draws, dimensions, dimensions[1:], strict=False)]
    b = [np.zeros((o, 1)) for o in dimensions[1:]]
    costs = []

    def outputs(x):
        found = [x]
        for w, c, activation in zip(W, b, activations, strict=True):
            found.append(forward[activation](w @ found[-1] + c))
        return found

    for _ in range(epochs):
        for start in range(0, X.shape[1], size):
            x, y = X[:, start : start + size], Y[:, start : start + size]
            m = x.shape[1]
            A = outputs(x)
            dA = -(y / A[-1] - (1 - y) / (1 - A[-1])) / m
            steps = []
            for i in reversed(range(len(W))):
                dZ = dA * slope[activations[i]](A[i + 1])
                steps.append((i, dZ @ A[i].T + lambd / m * W[i], dZ.sum(axis=1, keepdims=True)))
                dA = W[i].T @ dZ
            for i, dW, db in steps:
                W[i] -= rate * dW
                b[i] -= rate * db
        A, m = outputs(X)[-1], X.shape[1]
        cost = -np.sum(np.log(A) * Y + np.log(1 - A) * (1 - Y)) / m
        costs.append(cost + lambd / 2 / m * sum(np.sum(w**2) for w in W))
    return W, b, costs


@pytest.mark.parametrize("lambd", [0, 0.7])
def test_training_equals_the_notebooks(problem, backend, where, host, lambd):
    X, Y = problem
    draws = ["he", "gaussian", "xavier"]
    np.random.seed(0)
    parameters, costs = notebook.train_model(
        X, Y, DIMENSIONS, ACTIVATIONS, draws, 0.05, 4, batch_size=7, lambd=lambd, **where
    )
    np.random.seed(0)
    W, b, expected = by_hand(X, Y, DIMENSIONS, ACTIVATIONS, draws, 0.05, 4, 7, lambd)
    np.testing.assert_allclose(costs, expected, rtol=1e-10)
    assert sorted(parameters) == ["W1", "W2", "W3", "b1", "b2", "b3"]
    for i, (w, c) in enumerate(zip(W, b, strict=True), start=1):
        np.testing.assert_allclose(host(parameters[f"W{i}"]), w, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(host(parameters[f"b{i}"]), c, rtol=1e-9, atol=1e-12)


def test_passes_by_hand_give_the_gradient_of_the_cost(problem, to, host, xp):
    X, Y = problem
    np.random.seed(1)
    drawn = [notebook.xavier(i, o) for i, o in pairwise(DIMENSIONS)]
    parameters = {f"W{i}": to(w) for i, w in enumerate(drawn, start=1)}
    parameters |= {f"b{i}": to(np.full((w.shape[0], 1), 0.1)) for i, w in enumerate(drawn, 1)}

    def cost():
        A = host(notebook.model_forward_pass(to(X), ACTIVATIONS, parameters)["A3"])
        return -np.sum(np.log(A) * Y + np.log(1 - A) * (1 - Y))

    results = notebook.model_forward_pass(to(X), ACTIVATIONS, parameters)
    assert sorted(results) == ["A0", "A1", "A2", "A3", "Z1", "Z2", "Z3"]
    A = host(results["A3"])
    dA = to(-(Y / A - (1 - Y) / (1 - A)))
    gradients = notebook.model_backward_pass(dA, parameters, results, ACTIVATIONS)
    for key in ("W1", "W2", "W3", "b1", "b3"):
        derivative = host(gradients[f"d{key}"])
        assert derivative.shape == tuple(parameters[key].shape)
        kept, h = parameters[key], 1e-6
        values = []
        for sign in (1, -1):
            moved = host(kept).copy()
            moved[1, 0] += sign * h
            parameters[key] = to(moved)
            values.append(cost())
        parameters[key] = kept
        np.testing.assert_allclose(derivative[1, 0], (values[0] - values[1]) / (2 * h), rtol=1e-5)


def all_passes(X, Y, parameters):
    """Return the outputs of both passes, and the accuracy."""
    results = notebook.model_forward_pass(X, ACTIVATIONS, parameters)
    gradients = notebook.model_backward_pass(Y, parameters, results, ACTIVATIONS)
    labels = xl2.to_numpy(Y)[:1] > 0.5
    return results | gradients, notebook.accuracy(X, labels, parameters, ACTIVATIONS)


@pytest.fixture
def to_other_device(backend, to):
    """Move arrays to another device of the library under test."""
    here = resolve_like(to(np.zeros(1)))
    for name in backend.library.devices(backend.xp):
        other = connect(backend.name, name)
        if resolve_like(other.asarray([0.0], "float32")) != here:
            return lambda x: other.asarray(x, "float32")
    pytest.skip("needs a library with two devices")


@pytest.mark.parametrize("of_samples", ["NumPy", "lists", "the library", "another device"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_samples_follow_the_parameters(problem, to, backend, request, of_samples, dtype):
    """The parameters' library, device and dtype compute, whatever the samples are."""
    parameters = {}
    for i, (inputs, outputs) in enumerate(pairwise(DIMENSIONS), start=1):
        parameters[f"W{i}"] = np.full((outputs, inputs), 0.1, dtype)
        parameters[f"b{i}"] = np.zeros((outputs, 1), dtype)
    problem = [x.astype("float32").astype("float64") for x in problem]
    expected, accuracy = all_passes(*(x.astype(dtype) for x in problem), parameters)
    if of_samples == "the library":  # and NumPy's parameters
        found, again = all_passes(*map(to, problem), parameters)
        backend = resolve_like(problem[0])
    else:
        moves = {"NumPy": np.array, "lists": np.ndarray.tolist}
        move = moves.get(of_samples) or request.getfixturevalue("to_other_device")
        there = {name: to(array) for name, array in parameters.items()}
        found, again = all_passes(*map(move, problem), there)
        backend = resolve_like(to(problem[0]))
    assert again == accuracy
    assert found.keys() == expected.keys()
    tolerance = {"float64": 1e-12, "float32": 1e-4}[dtype]
    for name, array in found.items():
        assert resolve_like(array) == backend
        assert array.dtype == getattr(backend.xp, dtype)
        np.testing.assert_allclose(
            xl2.to_numpy(array), expected[name], rtol=tolerance, atol=tolerance
        )


def test_arrays_that_hold_no_numbers_are_named(problem, to):
    W, b = to(np.ones((2, 6))), to(np.ones((2, 1)))
    with pytest.raises(InputError, match="X must be an array of real numbers"):
        notebook.layer_forward_pass(problem[0].astype(str), W, b, "relu")
    with pytest.raises(InputError, match="dA must be an array of real numbers"):
        notebook.layer_backward_pass(W + 1j, W, problem[0], W, "relu")


def test_costs_are_shown_twenty_times(problem, capsys):
    X, Y = problem
    _, costs = notebook.train_model(
        X, Y, DIMENSIONS, ACTIVATIONS, ["he"] * 3, epochs=40, show_cost=True
    )
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 20
    assert lines[1] == f"Epoch #2: {costs[2]}"


def test_wrong_names_of_functions_are_refused(problem):
    with pytest.raises(InputError, match=r"'sigmoid'.*Received: 'tanh'"):
        notebook.train_model(*problem, DIMENSIONS, ["relu", "relu", "tanh"], ["he"] * 3)
    with pytest.raises(InputError, match=r"Unknown initialization 'glorot'.*are uniform"):
        notebook.train_model(*problem, DIMENSIONS, ACTIVATIONS, ["glorot"] * 3)
    with pytest.raises(InputError, match="activations are sigmoid, tanh, relu"):
        notebook.layer_forward_pass(problem[0], np.ones((2, 6)), np.ones((2, 1)), "softmax")


# MNIST takes 18,760 steps for each lambda. So only some of the ten networks are trained alone
# here, and all of them as two paths on NumPy. `benchmarks/notebook_figures.py` trains all.
FIGURES = [("cats", 50), ("cats", 0), ("cats", 1000)]
LONG = [pytest.param("mnist", 3, marks=pytest.mark.slow)]


@pytest.fixture(scope="module")
def data(example, data_file):
    kept = {}

    def load(name):
        files = example["EXPERIMENTS"][name].files
        folder = data_file(f"{files}_train_data.npz").parent
        if name not in kept:
            kept.clear()
            kept[name] = example["load"](folder, files)
        return kept[name]

    return load


@pytest.mark.one_on_jax
@pytest.mark.parametrize(("name", "lambd"), [*FIGURES, *LONG])
def test_accuracies_digit_for_digit(example, data, backend, name, lambd):
    if backend.name == "numpy" and lambd != 0:
        pytest.skip("trained as part of a path on NumPy")
    if backend.name in ("array_api_strict", "jax") and name == "mnist":
        pytest.skip("takes half a minute; run benchmarks/notebook_figures.py for it")
    experiment = example["EXPERIMENTS"][name]
    with use_backend(backend.name, backend.device):
        ours = example["figures"](experiment, data(name), lambd, "float64")
    assert ours == experiment.figures[lambd]


@pytest.mark.parametrize(
    ("name", "lambd"), [("cats", 30), pytest.param("mnist", 1, marks=pytest.mark.slow)]
)
def test_accuracies_in_float32_within_a_tenth_of_a_point(example, data, backend, name, lambd):
    if backend.name != "numpy":
        pytest.skip("runs on NumPy only, to keep the suite short")
    experiment = example["EXPERIMENTS"][name]
    ours = example["figures"](experiment, data(name), lambd, "float32")
    for got, expected in zip(ours, experiment.figures[lambd], strict=True):
        assert abs(float(got) - float(expected)) <= 0.1


# The notebook stops while the loss still falls.
@pytest.mark.filterwarnings("ignore:Training has not finished")
@pytest.mark.parametrize("name", ["cats", "mnist"])
def test_the_ten_networks_as_two_paths(example, data, backend, name):
    """Each lambda is a member of one stack, and the verdict agrees with the notebook."""
    if backend.name != "numpy":
        pytest.skip("takes half a minute; other tests compare the stacks of other libraries")
    experiment, (x, y, x_test, y_test) = example["EXPERIMENTS"][name], data(name)
    path = example["train_path"](experiment, data(name), "float64")
    assert example["path_figures"](path) == experiment.figures
    verdict = diagnose(path, x.T, y[0], x_test.T, y_test[0])
    lambd = verdict.comparison.lam_b
    np.random.seed(0)
    if name == "cats":
        assert (verdict.dominant, verdict.is_certain, path.best_lambda_) == ("gap", True, 50.0)
        assert "39 of 50 test samples right, and no penalty 35: 4 more" in " ".join(
            str(verdict).split()
        )
        alone, _ = notebook.train_model(
            x,
            y,
            experiment.dimensions,
            example["ACTIVATIONS"],
            [experiment.initialization] * 3,
            lambd=lambd,
            **experiment.settings,
        )
        for i, weight in enumerate(path.model(lambd).network.weights, start=1):
            np.testing.assert_allclose(weight, alone[f"W{i}"].T, rtol=1e-12, atol=1e-15)
    else:
        assert (verdict.dominant, verdict.is_certain, path.best_lambda_) == ("bias", True, 0.0)
        assert "L2 does not help here" in " ".join(str(verdict).split())
    assert not verdict.comparison.distinguishable
    assert "chosen by the scores on these very test samples" in " ".join(str(verdict).split())
