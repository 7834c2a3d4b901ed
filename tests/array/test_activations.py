import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xl2.array.activations import ACTIVATIONS, OUTPUTS, sigmoid, softmax

FORMULAS = {
    "identity": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.where(z > 0, z, 0.0),
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True),
    "exp": np.exp,
}
FUNCTIONS = {name: one.function for name, one in ACTIVATIONS.items()} | OUTPUTS

on_backend = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
# All of one shape, so that a library that compiles does so once.
moderate = hnp.arrays(np.float64, (3, 4), elements=st.floats(-20, 20))


def test_every_activation_has_a_formula():
    assert set(FORMULAS) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FORMULAS)
@on_backend
@given(z=moderate)
def test_values_are_those_of_the_formula(to, host, name, z):
    found = host(FUNCTIONS[name](to(z)))
    np.testing.assert_allclose(found, FORMULAS[name](z), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("name", ACTIVATIONS)
@on_backend
@given(z=hnp.arrays(np.float64, (3, 4), elements=st.floats(-5, 5).filter(lambda x: abs(x) > 1e-3)))
def test_derivative_from_the_output_is_the_central_difference(to, host, name, z):
    function, derivative = ACTIVATIONS[name]
    step = 1e-5
    slope = (FORMULAS[name](z + step) - FORMULAS[name](z - step)) / (2 * step)
    np.testing.assert_allclose(host(derivative(function(to(z)))), slope, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_derivative_is_flat_beyond_saturation(to, host, name):
    function, derivative = ACTIVATIONS[name]
    slope = {"identity": [1.0, 1.0], "relu": [0.0, 1.0]}.get(name, [0.0, 0.0])
    assert host(derivative(function(to([-1e4, 1e4])))).tolist() == slope


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_dtype_shape_and_device_stay(backend, to, rng, name, shape, dtype):
    z = to(rng.normal(size=shape), dtype)
    results = [FUNCTIONS[name](z)]
    if name in ACTIVATIONS:
        results.append(ACTIVATIONS[name].derivative(results[0]))
    for result in results:
        assert result.dtype == backend.dtype(dtype)
        assert tuple(result.shape) == shape
        assert result.device == z.device


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_argument_is_unchanged(to, host, rng, name):
    z = rng.normal(size=(3, 4))
    given_z = to(z)
    a = FUNCTIONS[name](given_z)
    before = host(a).copy()
    if name in ACTIVATIONS:
        ACTIVATIONS[name].derivative(a)
    np.testing.assert_array_equal(host(given_z), z)
    np.testing.assert_array_equal(host(a), before)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sigmoid_reaches_exactly_0_and_1(to, host, dtype):
    assert host(sigmoid(to([-1e4, 0.0, 1e4], dtype))).tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 1e-5), ("float64", 1e-14)])
def test_sigmoid_keeps_its_relative_accuracy_in_the_tail(to, host, dtype, rtol):
    np.testing.assert_allclose(host(sigmoid(to([-50.0], dtype))), np.exp(-50.0), rtol=rtol)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "expected"), [("tanh", [[-1.0, 1.0]]), ("softmax", [[0.0, 1.0]])])
def test_extreme_arguments_stay_finite(to, host, name, expected, dtype):
    assert host(FUNCTIONS[name](to([[-1e4, 1e4]], dtype))).tolist() == expected


@pytest.mark.parametrize("same", [-1e4, 1e4])
def test_softmax_of_equal_extremes_is_uniform(to, host, same):
    assert host(softmax(to([[same] * 4]))).tolist() == [[0.25] * 4]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_nan_stays_a_nan(to, host, name):
    assert np.isnan(host(FUNCTIONS[name](to([[np.nan]])))).all()


@on_backend
@given(z=moderate)
def test_softmax_sums_to_one_and_ignores_a_shift(to, host, z):
    found = host(softmax(to(z)))
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(host(softmax(to(z + 7.0))), found, rtol=1e-12)
