"""On a CUDA device: kernels and products beside their twins, and fits by graphs and without."""

from __future__ import annotations

import dataclasses
import functools
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from cupy_twin import Twin
from sklearn.exceptions import ConvergenceWarning

import xl2
import xl2_cupy
import xl2_cupy_kernels as kernels
from xl2.array.backend import connect
from xl2.array.libraries import Library
from xl2.errors import BackendError
from xl2_cupy_device import Cuda, Rule, Shape
from xl2_cupy_runs import Runner

RULES = [
    Rule(0),
    Rule(1, 0.9, 1.0 - 0.9),
    Rule(2, 0.8, 1.0 - 0.8),
    Rule(3, 0.9, 1.0 - 0.9, 0.999, 1.0 - 0.999, 1e-8),
]
SHAPES = [Shape(1, 1, 64, 50), Shape(1, 64, 64, 10), Shape(2, 3, 35, 33), Shape(2, 2, 3, 5)]
SHAPES += [Shape(1, 1, 1024, 1024), Shape(1, 2, 130, 9)]
pytestmark = pytest.mark.installed


@pytest.fixture(scope="module", autouse=True)
def cupy():
    try:
        connect("cupy")
    except BackendError as error:
        pytest.skip(str(error))
    return pytest.importorskip("cupy")


@pytest.fixture(scope="module", params=["float32", "float64"])
def both(request, cupy):
    return Cuda(request.param), Twin(request.param)


STATES = "one", "two", "scales"


def compared(both, cupy, name, arrays, *others, states=None, terms=1):
    """Do an operation on the device, captured too, and by its twin; compare all arrays."""
    device, twin = both
    rng = np.random.default_rng(1)
    start = {key: rng.normal(size=shape).astype(device.dtype) for key, shape in arrays}
    for key in set(STATES) & set(start):
        start[key] = 0.1 + np.abs(start[key])

    def done(device, made):
        passed = [value for key, value in made.items() if key not in STATES]
        if states is not None:
            passed.insert(states, tuple(made[key] for key in STATES if key in made))
        getattr(device, name)(*passed, *others)

    expected = {key: value.copy() for key, value in start.items()}
    done(twin, expected)
    # Sums of many numbers that cancel keep the rounding of their terms.
    tolerance = (2e-5 if device.dtype == "float32" else 1e-12) * max(1.0, terms / 64)
    made = {key: cupy.asarray(value) for key, value in start.items()}
    for way in (device.eagerly, lambda work: device.captured(work)()):
        for key, value in start.items():
            made[key][...] = cupy.asarray(value)
        way(lambda: done(device, made))
        for key, value in expected.items():
            found = made[key].get()
            np.testing.assert_allclose(found, value, tolerance, tolerance, err_msg=f"{name} {key}")


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_kernels_compute_the_same_as_their_twins(both, cupy, shape, wide):
    groups, members, rows, columns = shape
    n, numbers = groups * members, ("numbers", (3,))
    block, bias, y = (n, rows, columns), ("bias", (n, columns)), ("y", (groups, rows, columns))
    same = functools.partial(compared, both, cupy)
    for activation in range(len(kernels.ACTIVATIONS)):
        arrays = [("z", block), bias, ("outputs", block)]
        same("bias_activation", arrays, shape, wide, activation)
    for loss in range(len(kernels.LOSSES)):
        arrays = [("z", block), bias, y, ("logits", block), ("delta", block)]
        arrays.append(("factors", (groups, rows)))
        same("output_delta", arrays, shape, wide, loss)
    for rule in RULES:
        states = [("one", (n, columns)), ("two", (n, columns))]
        arrays = [(key, block) for key in ("before", "outputs", "result")]
        arrays += [bias, *states, numbers]
        same("bias_step", arrays, shape, wide, rule.number, rule, states=4, terms=rows)
        stored = (groups, 4, members * columns)
        weights = [(key, stored) for key in ("weight", "gradient", "one", "two")]
        span = columns if wide else 4 * columns
        arrays = [*weights, ("lam", (members,)), numbers]
        same("weight_step", arrays, span, members, rule, states=2)
    arrays.append(("scales", (groups, 4, members, 3)))
    same("scaled_step", arrays, members, rule, 6.0, states=2, terms=columns)


@pytest.mark.parametrize("transposed_a", [False, True])
@pytest.mark.parametrize("transposed_b", [False, True])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("sizes", [(64, 784, 50), (7, 5, 1), (1, 3, 2)], ids=str)
def test_products_are_those_of_the_twin(both, cupy, count, sizes, transposed_a, transposed_b):
    m, k, n = sizes
    rng = np.random.default_rng(0)
    device, twin = both
    a = rng.normal(size=(count, k, m) if transposed_a else (count, m, k)).astype(device.dtype)
    b = rng.normal(size=(count, n, k) if transposed_b else (count, k, n)).astype(device.dtype)
    c = rng.normal(size=(count, m, n)).astype(device.dtype)
    left, right, to, one, beta = map(cupy.asarray, (a, b, c, np.full(1, -1.0, device.dtype),
                                                    np.full(1, 0.5, device.dtype)))  # fmt: skip
    work = lambda: device.multiply(left, transposed_a, right, transposed_b, to, one, beta)  # noqa: E731
    device.eagerly(work)
    launch = device.captured(work)
    launch()
    beta[...] = 0.25  # a graph reads it when it is launched
    launch()
    for factor in (0.5, 0.5, 0.25):
        twin.multiply(a, transposed_a, b, transposed_b, c, -1.0, factor)
    tolerance = 1e-5 if device.dtype == "float32" else 1e-12
    np.testing.assert_allclose(to.get(), c, rtol=tolerance, atol=tolerance * k)
    beta[...], to[...] = 0.0, np.nan  # which is then not read
    launch()
    twin.multiply(a, transposed_a, b, transposed_b, c, -1.0, 0.0)
    np.testing.assert_allclose(to.get(), c, rtol=tolerance, atol=tolerance * k)


class Counted(Cuda):
    launches = 0

    def captured(self, work):
        launch = super().captured(work)

        def counted():
            self.launches += 1
            launch()

        return counted


SCALED = xl2.Adam(scale_rate=6.0)
FITS = [
    {},
    {"hidden": "tanh", "last": "softmax", "optimizer": "adam"},
    {"hidden": "sigmoid", "last": "identity", "optimizer": "momentum", "dtype": "float64"},
    {"last": "exp", "optimizer": "nesterov", "dtype": "float64"},
    {"stack": 3},
    {"stack": 64, "optimizer": "adam", "dtype": "float64", "sizes": (20, 50, 25, 10)},
    {"stack": (2, 3), "optimizer": "adam", "dtype": "float64"},
    {"stack": (2, 3), "last": "softmax"},
    {"optimizer": SCALED, "sizes": (20, 50, 10)},
    {"stack": (2, 3), "optimizer": SCALED, "dtype": "float64", "sizes": (20, 50, 10)},
    {"sizes": (5, 3), "batch": 1},
    {"weighted": True},
    {"weighted": True, "stack": 3, "optimizer": "adam", "dtype": "float64"},
    {"sizes": (784, 50, 25, 10), "rows": 300, "batch": 64},
    {"sizes": (784, 1024, 10), "rows": 300, "batch": 64},
]


@pytest.mark.parametrize("options", FITS, ids=str)
def test_a_fit_by_graphs_equals_the_fit_by_the_portable_code(options):
    runner = Runner(Counted)
    one, by_graphs = trained(runner, **options)
    two, portable = trained(None, **options)
    assert not runner._refused
    _, device = runner._own.device
    assert device.launches
    rtol = 2e-3 if options.get("dtype", "float32") == "float32" else 1e-8
    for mine, its in zip(one.host_parameters(), two.host_parameters(), strict=True):
        for a, b in zip(mine, its, strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1e-2, np.abs(b).max()))
    np.testing.assert_allclose(by_graphs.loss, portable.loss, rtol=rtol)


def trained(runner, sizes=(5, 4, 3), hidden="relu", last="sigmoid", stack=None, rows=130, batch=4,
            optimizer="sgd", dtype="float32", weighted=False):  # fmt: skip
    """Return a network and its history, trained by a runner or by the portable code."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(rows, sizes[0])), rng.random(size=(rows, sizes[-1]))
    if last == "softmax":
        y /= y.sum(axis=1, keepdims=True)
    layers = [hidden] * (len(sizes) - 2)
    where = {"dtype": dtype, "stack": stack, "backend": "cupy"}
    network = xl2.Network(sizes, [*layers, last], seed=0, **where)
    home = network.backend
    parts = {name: part for name, part in vars(home.library).items() if name != "run_batches"}
    if runner is not None:
        parts["run_batches"] = runner.run
    network.backend = dataclasses.replace(home, library=Library(**parts))
    members = None if stack is None else np.ravel(stack)[-1]
    how = {"penalty": 0.3 if stack is None else [0.01 * k for k in range(members)]}
    if weighted:
        how["sample_weight"] = rng.random(rows)
    if isinstance(stack, tuple):
        how["rows"] = [rng.permutation(rows)[: rows - 2] for _ in range(stack[0])]
        how["seed"] = list(range(stack[0]))
    return network, xl2.fit(network, x, y, epochs=2, batch_size=batch, optimizer=optimizer,
                            learning_rate=0.01, progress=False, **how)  # fmt: skip


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_an_estimator_trains_by_graphs_as_on_numpy(solver):
    """With the squares of its weights, and a short last mini-batch."""
    rng, fits = np.random.default_rng(0), []
    x, y = rng.normal(size=(130, 20)), rng.integers(0, 3, 130)
    for backend in ("cupy", "numpy"):
        fits.append(xl2.MLPClassifier((50, 10), alpha=0.5, batch_size=50, max_iter=5, tol=0.0,
                                      solver=solver, backend=backend, random_state=0))  # fmt: skip
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            fits[-1].fit(x, y)
    np.testing.assert_allclose(fits[0].loss_curve_, fits[1].loss_curve_, rtol=1e-6)
    programs = xl2_cupy._runner()._own.programs
    assert {plan.batch for _, plan in programs} == {50, 30}
    assert all(any(plan.squared) for _, plan in programs)


def test_the_host_waits_once_per_epoch(monkeypatch):
    """After the first fit, which checks the graphs."""
    from xl2.array.libraries import file_of

    library, seen = file_of("cupy"), []
    to_host = library.to_host
    network = xl2.Network([5, 4, 3], ["relu", "sigmoid"], seed=0, backend="cupy")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 5)), rng.integers(0, 3, 64)
    how = {"batch_size": 8, "progress": False}
    xl2.fit(network, x, y, epochs=1, **how)
    counts = []
    monkeypatch.setattr(library, "to_host", lambda x: seen.append(x.shape) or to_host(x))
    for epochs in (1, 3):
        seen.clear()
        xl2.fit(network, x, y, epochs=epochs, **how)
        counts.append(len(seen))
    assert counts[1] - counts[0] == 2


@pytest.fixture
def two(cupy):
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("needs two GPUs")


def test_the_second_gpu_computes_the_same(cupy, two):
    """In a thread, which begins on the first one, with arrays of the first one."""
    rng = np.random.default_rng(0)
    x, y = cupy.asarray(np.asfortranarray(rng.normal(size=(130, 5)))), rng.random(size=(130, 3))

    def work(device):
        network = xl2.Network([5, 4, 3], ["relu", "sigmoid"], seed=0, backend="cupy", device=device)
        history = xl2.fit(network, x, y, epochs=2, batch_size=4, learning_rate=0.01,
                          progress=False)  # fmt: skip
        return history.loss, xl2.to_numpy(network.predict(x))

    with ThreadPoolExecutor(1) as pool:
        found = [pool.submit(work, f"cuda:{i}").result() for i in (0, 1, 0)]
    for other in found[1:]:
        for mine, its in zip(found[0], other, strict=True):
            np.testing.assert_allclose(mine, its, rtol=1e-4)


def test_two_gpus_train_the_same_path_as_one(two):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(130, 5))
    how = {"cv": 2, "hidden": (4,), "epochs": 3, "backend": "cupy", "progress": False}
    one, several = (
        xl2.regularization_path(x, (x[:, 0] > 0).astype(int), [0.0, 0.1, 1.0, 10.0], **how, **where)
        for where in ({"device": "cuda:0"}, {})
    )
    np.testing.assert_allclose(one.curves_["loss"], several.curves_["loss"], rtol=1e-3)
