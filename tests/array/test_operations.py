"""Every function that a backend replaces gives the results of the portable one."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xl2.array import operations
from xl2.array.activations import ACTIVATIONS, Activation, softmax
from xl2.array.operations import PORTABLE, Operations, choose
from xl2.nn import losses
from xl2.nn.losses import LOSSES
from xl2.nn.optimizers import OPTIMIZERS, find_optimizer

TOLERANCE = {"float32": {"rtol": 1e-5, "atol": 1e-6}, "float64": {"rtol": 1e-13, "atol": 1e-14}}
LOSS_FUNCTIONS = {
    f.__name__: f for outputs in LOSSES.values() for loss in outputs.values() for f in loss
}

on_backend = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
sizes = st.sampled_from([1, 2, 5])
shapes = st.tuples(sizes, sizes, sizes)
stacks = st.sampled_from([(), (1,), (3,)])
dtypes = st.sampled_from(["float32", "float64"])
both_dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def draw(shape, dtype, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(dtype)


@pytest.fixture
def same(backend, to, host):
    """Call both functions on copies of the arguments, and compare the results."""

    def compare(ours, portable, *arguments, dtype, consumed=()):
        def call(function):
            moved = [to(x) if isinstance(x, np.ndarray) else x for x in arguments]
            with backend.scope():
                return moved, function(*moved)

        _, expected = call(portable)
        moved, found = call(ours)
        one, other = (x if isinstance(x, tuple) else (x,) for x in (found, expected))
        assert len(one) == len(other)
        for mine, its in zip(one, other, strict=True):
            assert tuple(mine.shape) == tuple(its.shape)
            assert mine.dtype == its.dtype == backend.dtype(dtype)
            assert mine.device == its.device == moved[0].device
            np.testing.assert_allclose(host(mine), host(its), **TOLERANCE[dtype])
        for i, argument in enumerate(arguments):
            if i not in consumed and isinstance(argument, np.ndarray):
                np.testing.assert_array_equal(host(moved[i]), argument)

    return compare


@pytest.fixture
def ops(backend):
    return Operations.of(backend.library)


@on_backend
@given(shape=shapes, dtype=dtypes)
def test_take_rows(ops, same, shape, dtype):
    n, i, taken = shape
    rows = np.random.default_rng(0).integers(0, n, size=taken)
    x = draw((n, i), dtype)
    same(ops.take_rows, PORTABLE.take_rows, x, rows, dtype=dtype)


@on_backend
@given(shape=shapes, lead=stacks, dtype=dtypes)
def test_affine(ops, same, shape, lead, dtype):
    n, i, o = shape
    x, weight, bias = (draw((*lead, *s), dtype) for s in [(n, i), (i, o), (o,)])
    same(ops.affine, PORTABLE.affine, x, weight, bias, dtype=dtype)


@on_backend
@given(shape=shapes, members=st.sampled_from([1, 3]), dtype=dtypes)
def test_affine_shared(ops, same, shape, members, dtype):
    n, i, o = shape
    x, weight, bias = (draw(s, dtype) for s in [(n, i), (i, members, o), (members, o)])
    same(ops.affine_shared, PORTABLE.affine_shared, x, weight, bias, dtype=dtype)


@on_backend
@given(shape=shapes, lead=stacks, dtype=dtypes, name=st.sampled_from(sorted(ACTIVATIONS)))
def test_backpropagate(backend, ops, same, shape, lead, dtype, name):
    n, i, o = shape
    delta, weight = draw((*lead, n, o), dtype), draw((*lead, i, o), dtype)
    outputs = np.tanh(draw((*lead, n, i), dtype, seed=1))
    portable = ACTIVATIONS[name]
    chosen = Activation(*(choose(backend.library, f) for f in portable))

    def ours(*arrays):
        return ops.backpropagate(*arrays, chosen)

    def theirs(*arrays):
        return PORTABLE.backpropagate(*arrays, portable)

    same(ours, theirs, delta, weight, outputs, dtype=dtype)


@on_backend
@given(shape=shapes, lead=stacks, dtype=dtypes)
def test_gradient(ops, same, shape, lead, dtype):
    n, i, o = shape
    x, delta = draw((*lead, n, i), dtype), draw((*lead, n, o), dtype, seed=1)
    same(ops.gradient, PORTABLE.gradient, x, delta, dtype=dtype)


@on_backend
@given(shape=shapes, members=st.sampled_from([1, 3]), dtype=dtypes)
def test_gradient_shared(ops, same, shape, members, dtype):
    n, i, o = shape
    x, delta = draw((n, i), dtype), draw((members, n, o), dtype, seed=1)
    same(ops.gradient_shared, PORTABLE.gradient_shared, x, delta, dtype=dtype)


@on_backend
@given(shape=shapes, lead=stacks, dtype=dtypes)
def test_bias_gradient(ops, same, shape, lead, dtype):
    n, _, o = shape
    same(ops.bias_gradient, PORTABLE.bias_gradient, draw((*lead, n, o), dtype), dtype=dtype)


@pytest.mark.parametrize("name", PORTABLE._fields)
def test_operations_of_the_library_replace_the_portable_ones(backend, ops, name):
    assert getattr(ops, name) is getattr(backend.library, name, getattr(PORTABLE, name))


def test_the_portable_affine_follows_the_formula(to, host):
    x, weight, bias = (draw(s, "float64") for s in [(3, 2), (2, 4), (4,)])
    np.testing.assert_allclose(
        host(operations.affine(to(x), to(weight), to(bias))), x @ weight + bias, rtol=1e-13
    )


def test_the_shared_first_layer_is_one_affine_per_member(to, host):
    x, weight, bias = (draw(s, "float64") for s in [(5, 2), (2, 3, 4), (3, 4)])
    found = host(operations.affine_shared(to(x), to(weight), to(bias)))
    for k in range(3):
        np.testing.assert_allclose(found[k], x @ weight[:, k] + bias[k], rtol=1e-12)


def test_the_shared_gradient_is_one_gradient_per_member(to, host):
    x, delta = draw((5, 2), "float64"), draw((3, 5, 4), "float64")
    found = host(operations.gradient_shared(to(x), to(delta)))
    for k in range(3):
        np.testing.assert_allclose(found[:, k], x.T @ delta[k], rtol=1e-12)


@both_dtypes
@pytest.mark.parametrize("lead", [(), (3,)])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation(backend, same, name, lead, dtype):
    for portable in ACTIVATIONS[name]:
        z = np.tanh(draw((*lead, 4, 3), dtype))
        same(choose(backend.library, portable), portable, z, dtype=dtype)


@both_dtypes
@pytest.mark.parametrize("lead", [(), (3,)])
def test_softmax(backend, same, lead, dtype):
    z = draw((*lead, 4, 3), dtype)
    same(choose(backend.library, softmax), softmax, z, dtype=dtype)


@both_dtypes
@pytest.mark.parametrize("lead", [(), (3,)])
@pytest.mark.parametrize("name", LOSS_FUNCTIONS)
def test_a_loss(backend, same, name, lead, dtype):
    portable = LOSS_FUNCTIONS[name]
    z, y = draw((*lead, 4, 3), dtype), np.eye(4, 3, dtype=dtype)
    same(choose(backend.library, portable), portable, z, y, dtype=dtype)


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_a_replaced_loss_is_as_safe_as_the_portable_one(backend, same, scale):
    z, y = scale * draw((4, 3), "float32"), np.eye(4, 3, dtype="float32")
    for portable in (
        losses.binary_cross_entropy,
        losses.binary_cross_entropy_delta,
        losses.categorical_cross_entropy,
        losses.categorical_cross_entropy_delta,
    ):
        same(choose(backend.library, portable), portable, z, y, dtype="float32")


@both_dtypes
@pytest.mark.parametrize("decay", [None, 0.1, "a member"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_update(backend, same, name, decay, dtype):
    optimizer = find_optimizer(name)
    shape = (2, 3, 4)
    parameter, gradient = draw(shape, dtype), draw(shape, dtype, seed=1)
    count = len(optimizer.init(parameter))
    state = [np.abs(draw(shape, dtype, seed=2 + k)) for k in range(count)]
    if decay == "a member":
        # Those of a deeper layer: lambda (K, 1, 1), weights (K, i, o).
        decay = np.array([0.0, 0.3], dtype).reshape(2, 1, 1)

    def flat(update):
        def call(parameter, gradient, decay, *state):
            found, after = update(optimizer, parameter, gradient, decay, state, 0.05)
            return found, *after

        return call

    same(
        flat(choose(backend.library, optimizer.update)),
        flat(optimizer.update),
        parameter,
        gradient,
        decay,
        *state,
        dtype=dtype,
        consumed={0, 1, *range(3, 3 + count)},
    )
