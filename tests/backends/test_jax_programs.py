"""JAX compiles a fit as a few programs, not each of its operations."""

import logging
import re

import numpy as np
import pytest
from plain_paths import plain_path

from xl2 import Network, fit
from xl2.array.operations import Operations, choose
from xl2.nn.optimizers import SGD, Adam, Momentum
from xl2.nn.step import Batches, Samples, initial_states, targets_of

RNG = np.random.default_rng(0)


@pytest.fixture
def jax(backend):
    if backend.name != "jax":
        pytest.skip("about JAX")
    return pytest.importorskip("jax")


@pytest.fixture
def programs(jax, caplog):
    """Return a function that calls another one, and returns the names of what JAX compiled."""

    def compiled(call):
        caplog.clear()
        with caplog.at_level(logging.WARNING), jax.log_compiles():
            call()
        told = "\n".join(record.getMessage() for record in caplog.records)
        return re.findall(r"^Finished XLA compilation of (?:jit\()?(\w+)", told, re.M)

    return compiled


@pytest.mark.parametrize("layers", [([7, 13, 1], "relu"), ([7, 13, 3], ["relu", "softmax"])])
def test_a_fit_with_new_shapes_compiles_few_programs_and_the_next_fit_none(where, programs, layers):
    """One program for each operation outside the steps would be 77."""

    def train():
        X, y = RNG.normal(size=(55, 7)), RNG.integers(0, 2, 55)
        network = Network(*layers, **where)
        options = {"epochs": 2, "batch_size": 11, "optimizer": "adam", "validation": (X, y)}
        fit(network, X, y, penalty=0.1, **options)

    found = programs(train)
    assert found.count("scan") == 1  # in the first epoch, and not again in the second
    assert len(found) < 15
    assert programs(train) == []


def test_a_path_compiles_few_programs_for_each_of_its_stacks(jax, programs):
    """Folds of 50 and of 51 samples are two stacks, and `refit` is a third one."""
    X, y = RNG.normal(size=(152, 6)), RNG.integers(0, 3, 152)
    options = {"cv": 3, "epochs": 2, "batch_size": 51, "hidden": (5,), "backend": "jax"}
    found = programs(lambda: plain_path(X, y, [0.1, 1.0], progress=False, **options))
    assert found.count("scan") == 5  # the refit has mini-batches of one size
    assert len(found) < 40


@pytest.mark.parametrize("named", [False, True])
def test_arrays_do_not_share_memory_with_numpy(jax, backend, named):
    device = jax.devices()[0] if named else None
    for size in range(1000, 1040):  # JAX shares memory that is aligned
        given = np.ones(size)
        moved = backend.library.from_host(backend.xp, given, device)
        given[:] = 2.0
        assert float(moved[0]) == 1.0


def test_rows_are_taken_where_their_array_is_bound_to_a_device(jax, backend, host):
    """Whether the result is bound too decides whether a step is compiled a second time."""
    take, x = backend.library.take_rows, np.arange(12.0).reshape(4, 3)
    for device in (None, jax.devices()[0]):
        for rows in (np.array([3, 1]), np.array([[0, 3], [2, 2]])):
            found = take(jax.device_put(x, device), jax.device_put(rows))
            assert host(found).tolist() == x[rows].tolist()
            assert found.committed == (device is not None)


def test_initial_states_are_those_of_the_portable_code(jax, where, host):
    network = Network([3, 2, 1], stack=2, **where)
    for optimizer in (Adam(), SGD(), Momentum()):
        found = choose(network.backend.library, initial_states)(optimizer, network.parameters)
        expected = initial_states(optimizer, network.parameters)
        flat, same = jax.tree.flatten(found)
        other, structure = jax.tree.flatten(expected)
        assert same == structure
        for one, two in zip(flat, other, strict=True):
            assert one.dtype == two.dtype
            assert np.array_equal(host(one), host(two))


@pytest.mark.parametrize("groups", [False, True])
@pytest.mark.parametrize("ordered", [False, True])
def test_targets_are_those_of_the_portable_code(jax, backend, to, host, groups, ordered):
    y, weight = to(RNG.normal(size=(9, 2))), to(RNG.random((9, 1)))
    order = RNG.permutation(9)
    order = to(np.stack([order, order[::-1]]) if groups else order) if ordered else None
    batches = Batches(2, 8, 3, order, [0.1, 0.1], 1)
    for samples in (Samples(None, y), Samples(None, y, weight)):
        args = Operations.of(backend.library), samples, batches
        found, expected = choose(backend.library, targets_of)(*args), targets_of(*args)
        for one, two in zip(found, expected, strict=True):
            assert (one is None and two is None) or host(one).tolist() == host(two).tolist()
