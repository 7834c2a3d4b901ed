import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import xlogy

from xl2.errors import InputError
from xl2.nn.losses import LOSSES, find_loss


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


OUTPUTS = {
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.where(z > 0, z, 0.0),
    "softmax": softmax,
    "exp": np.exp,
}


def cross_entropy(a, y):
    return -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum(axis=-1)


FORMULAS = {
    "binary_cross_entropy": cross_entropy,
    "categorical_cross_entropy": lambda a, y: -(y * np.log(a)).sum(axis=-1),
    "squared_error": lambda a, y: ((a - y) ** 2).sum(axis=-1) / 2,
    "poisson": lambda a, y: (xlogy(y, y / a) - y + a).sum(axis=-1),
}
PAIRS = [(name, output) for name, outputs in LOSSES.items() for output in outputs]
every_pair = pytest.mark.parametrize(("name", "output"), PAIRS)

on_backend = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def arrays(low, high):
    # Away from 0, where relu has its kink.
    elements = st.floats(low, high).filter(lambda x: abs(x) > 1e-3)
    return hnp.arrays(np.float64, (3, 4), elements=elements)


def targets_of(name, raw):
    """Return valid targets of a loss, from any numbers between 0 and 1."""
    return raw / raw.sum(axis=-1, keepdims=True) if name == "categorical_cross_entropy" else raw


def test_every_pair_has_a_formula():
    assert {name for name, _ in PAIRS} == set(FORMULAS)
    assert {output for _, output in PAIRS} == set(OUTPUTS)


@every_pair
@on_backend
@given(z=arrays(-10, 10), raw=arrays(0.01, 1))
def test_value_matches_the_formula(to, host, name, output, z, raw):
    y = targets_of(name, raw)
    found = host(find_loss(name, output).value(to(z), to(y)))
    np.testing.assert_allclose(found, FORMULAS[name](OUTPUTS[output](z), y), rtol=1e-9, atol=1e-12)


@every_pair
@on_backend
@given(z=arrays(-3, 3), raw=arrays(0.01, 1))
def test_delta_matches_the_central_difference_of_value(to, host, name, output, z, raw):
    y, step = targets_of(name, raw), 1e-5
    loss = find_loss(name, output)
    slopes = np.empty_like(z)
    for i in range(z.shape[1]):
        moved = step * np.eye(z.shape[1])[i]
        above, below = loss.value(to(z + moved), to(y)), loss.value(to(z - moved), to(y))
        slopes[:, i] = (host(above) - host(below)) / (2 * step)
    np.testing.assert_allclose(host(loss.delta(to(z), to(y))), slopes, rtol=1e-6, atol=1e-8)


@every_pair
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_value_and_delta_are_finite_at_extreme_logits(to, host, name, output, dtype):
    # exp(1e4) overflows in every dtype.
    size = 40 if output == "exp" else 1e4
    z = to([[-size, size], [size, -size]], dtype)
    y = to([[1.0, 0.0], [1.0, 0.0]], dtype)
    loss = find_loss(name, output)
    assert np.isfinite(host(loss.value(z, y))).all()
    assert np.isfinite(host(loss.delta(z, y))).all()


@pytest.mark.parametrize(
    ("name", "output", "wrong"),
    [
        ("binary_cross_entropy", "sigmoid", 2e4),
        ("categorical_cross_entropy", "softmax", 2e4),
        ("squared_error", "sigmoid", 1.0),
    ],
)
def test_the_loss_of_a_saturated_output_is_zero_or_its_logit(to, host, name, output, wrong):
    z = to([[1e4, -1e4], [-1e4, 1e4]])
    y = to([[1.0, 0.0], [1.0, 0.0]])
    assert host(find_loss(name, output).value(z, y)).tolist() == [0.0, wrong]


@every_pair
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lead", [(), (2,)])
def test_dtype_and_shape_are_kept_and_a_stack_shares_targets(
    backend, to, host, rng, name, output, dtype, lead
):
    z, raw = rng.normal(size=(*lead, 3, 4)), rng.random((3, 4))
    y = targets_of(name, raw)
    loss = find_loss(name, output)
    value, delta = loss.value(to(z, dtype), to(y, dtype)), loss.delta(to(z, dtype), to(y, dtype))
    assert value.dtype == delta.dtype == backend.dtype(dtype)
    assert tuple(value.shape) == (*lead, 3)
    assert tuple(delta.shape) == z.shape
    expected = FORMULAS[name](OUTPUTS[output](z), y)
    np.testing.assert_allclose(host(value), expected, rtol=1e-5, atol=1e-6)


@every_pair
def test_delta_is_a_new_array_and_keeps_its_arguments(to, host, rng, name, output):
    # The training step scales the delta in place.
    z, y = rng.normal(size=(3, 4)), targets_of(name, rng.random((3, 4)))
    logits, targets = to(z), to(y)
    delta = find_loss(name, output).delta(logits, targets)
    delta *= 0.0
    np.testing.assert_array_equal(host(logits), z)
    np.testing.assert_array_equal(host(targets), y)


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("sigmoid", "binary_cross_entropy"),
        ("softmax", "categorical_cross_entropy"),
        ("identity", "squared_error"),
        ("tanh", "squared_error"),
        ("relu", "squared_error"),
        ("exp", "poisson"),
    ],
)
def test_the_natural_loss_of_an_output(output, name):
    assert find_loss(None, output) is LOSSES[name][output]


def test_an_unknown_loss_is_refused_with_the_names():
    with pytest.raises(InputError, match="hinge") as caught:
        find_loss("hinge", "sigmoid")
    assert all(name in str(caught.value) for name in LOSSES)


@pytest.mark.parametrize(
    ("name", "output"),
    [(name, output) for name in FORMULAS for output in OUTPUTS if (name, output) not in PAIRS],
)
def test_a_loss_that_does_not_go_with_the_output_is_refused(name, output):
    with pytest.raises(InputError) as caught:
        find_loss(name, output)
    for word in (name, output, *LOSSES[name]):
        assert repr(word) in str(caught.value)
