"""`Network.gradients` compared with central differences and with torch.autograd."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from xl2 import L2, Network
from xl2.array.activations import ACTIVATIONS
from xl2.nn.losses import LOSSES

PAIRS = [(name, output) for name, outputs in LOSSES.items() for output in outputs]
SAMPLES = 4

on_backend = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def problems(draw):
    """Draw sizes, activations, a loss for them, lambdas and a seed."""
    layers = draw(st.integers(1, 4))
    sizes = draw(st.lists(st.sampled_from([1, 3, 6]), min_size=layers + 1, max_size=layers + 1))
    hidden = draw(
        st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=layers - 1, max_size=layers - 1)
    )
    loss, output = draw(st.sampled_from(PAIRS))
    one = st.sampled_from([0.0, 0.3, 2.0])
    lam = draw(st.one_of(one, st.lists(one, min_size=layers, max_size=layers)))
    return sizes, [*hidden, output], loss, lam, draw(st.integers(0, 99))


def build(problem, where, stack=None):
    """Return a network with biases other than 0, samples and targets."""
    sizes, activations, _, _, seed = problem
    network = Network(
        sizes, activations, "gaussian", seed=seed, dtype="float64", stack=stack, **where
    )
    rng = np.random.default_rng(seed)
    network.set_parameters([(w, rng.normal(size=b.shape)) for w, b in network.host_parameters()])
    X = rng.normal(size=(SAMPLES, sizes[0]))
    y = rng.uniform(0.01, 0.99, size=(SAMPLES, sizes[-1]))
    if activations[-1] == "softmax":
        y /= y.sum(axis=-1, keepdims=True)
    return network, X, y


def numpy_cost(parameters, problem, X, y):
    """Return the mean loss plus the penalty, and the smallest distance of a relu to its kink."""
    _, activations, loss, lam, _ = problem
    nearest, a = np.inf, X
    for (weight, bias), name in zip(parameters, activations, strict=True):
        z = a @ weight + bias
        if name == "relu":
            nearest = min(nearest, np.abs(z).min())
        a = {
            "identity": lambda z: z,
            "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
            "tanh": np.tanh,
            "relu": lambda z: np.where(z > 0, z, 0.0),
            "softmax": lambda z: z,
            "exp": np.exp,
        }[name](z)
    if loss == "squared_error":
        value = np.sum((a - y) ** 2) / 2
    elif loss == "binary_cross_entropy":
        value = np.sum(np.logaddexp(0, z) - z * y)
    elif loss == "poisson":
        value = np.sum(a - y * z)  # less what depends on y alone
    else:
        value = np.sum(np.logaddexp.reduce(z, axis=-1)) - np.sum(z * y)
    squares = np.array([np.sum(weight**2) for weight, _ in parameters])
    return value / len(X) + np.sum(lam * squares) / (2 * len(X)), nearest


def central_differences(parameters, problem, X, y, step=1e-6):
    parameters = [[p.copy() for p in pair] for pair in parameters]
    slopes = [[np.empty_like(p) for p in pair] for pair in parameters]
    for pair, found in zip(parameters, slopes, strict=True):
        for p, slope in zip(pair, found, strict=True):
            for index in np.ndindex(p.shape):
                kept = p[index]
                p[index] = kept + step
                above, _ = numpy_cost(parameters, problem, X, y)
                p[index] = kept - step
                below, _ = numpy_cost(parameters, problem, X, y)
                p[index] = kept
                slope[index] = (above - below) / (2 * step)
    return slopes


def smooth(parameters, problem, X, y):
    """Tell whether no relu is close to its kink, so that central differences are valid."""
    return numpy_cost(parameters, problem, X, y)[1] > 1e-3


def assert_close(found, expected, **tolerance):
    for pair, wanted in zip(found, expected, strict=True):
        for actual, expected in zip(pair, wanted, strict=True):
            assert actual.shape == expected.shape
            np.testing.assert_allclose(actual, expected, **tolerance)


@on_backend
@given(problem=problems())
def test_gradients_match_central_differences(where, host, problem):
    network, X, y = build(problem, where)
    parameters = network.host_parameters()
    assume(smooth(parameters, problem, X, y))
    found = network.gradients(X, y, penalty=L2(problem[3]), loss=problem[2])
    expected = central_differences(parameters, problem, X, y)
    scale = max(1.0, numpy_cost(parameters, problem, X, y)[0])
    assert_close([map(host, pair) for pair in found], expected, rtol=1e-5, atol=2e-8 * scale)


@on_backend
@given(problem=problems())
def test_gradients_of_a_stack_match_central_differences_of_its_members(where, host, problem):
    stack, X, y = build(problem, where, stack=2)
    found = [
        tuple(map(host, pair))
        for pair in stack.gradients(X, y, penalty=L2(problem[3]), loss=problem[2])
    ]
    for k in range(2):
        parameters = stack.member(k).host_parameters()
        assume(smooth(parameters, problem, X, y))
        (first, bias), *deeper = found
        actual = [(first[:, k], bias[k]), *((w[k], b[k]) for w, b in deeper)]
        scale = max(1.0, numpy_cost(parameters, problem, X, y)[0])
        expected = central_differences(parameters, problem, X, y)
        assert_close(actual, expected, rtol=1e-5, atol=2e-8 * scale)


def autograd(torch, parameters, problem, X, y):
    """Return the gradients by the losses and the automatic differentiation of torch."""
    _, activations, loss, lam, _ = problem
    functional = torch.nn.functional
    layers = [[torch.tensor(p, requires_grad=True) for p in pair] for pair in parameters]
    a, y = torch.tensor(X), torch.tensor(y)
    for (weight, bias), name in zip(layers, activations, strict=True):
        z = functional.linear(a, weight.T, bias)
        a = z if name in ("identity", "softmax") else getattr(torch, name)(z)
    if loss == "squared_error":
        cost = functional.mse_loss(a, y, reduction="sum") / 2
    elif loss == "binary_cross_entropy":
        cost = functional.binary_cross_entropy_with_logits(z, y, reduction="sum")
    elif loss == "poisson":
        cost = functional.poisson_nll_loss(z, y, log_input=True, reduction="sum")
    else:
        cost = functional.cross_entropy(z, y, reduction="sum")
    lams = lam if isinstance(lam, list) else [lam] * len(layers)
    penalty = sum(one * (w**2).sum() for one, (w, _) in zip(lams, layers, strict=True)) / 2
    ((cost + penalty) / len(X)).backward()
    return [[p.grad.numpy() for p in pair] for pair in layers]


@on_backend
@given(problem=problems(), stack=st.sampled_from([None, 2]))
def test_gradients_match_torch_autograd(where, host, problem, stack):
    torch = pytest.importorskip("torch", reason="torch.autograd is the oracle")
    network, X, y = build(problem, where, stack=stack)
    found = network.gradients(X, y, penalty=L2(problem[3]), loss=problem[2])
    found = [tuple(map(host, pair)) for pair in found]
    for k in range(stack or 1):
        actual, one = found, network
        if stack:
            (first, bias), *deeper = found
            actual = [(first[:, k], bias[k]), *((w[k], b[k]) for w, b in deeper)]
            one = network.member(k)
        expected = autograd(torch, one.host_parameters(), problem, X, y)
        assert_close(actual, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("stack", [None, 2])
def test_gradients_change_neither_parameters_nor_data(where, to, host, stack):
    problem = ([3, 4, 2], ["tanh", "sigmoid"], None, 0.5, 0)
    network, X, y = build(problem, where, stack=stack)
    before = [[p.copy() for p in pair] for pair in network.host_parameters()]
    given_X, given_y = to(X), to(y)
    network.gradients(given_X, given_y, penalty=0.5)
    assert_close(network.host_parameters(), before, rtol=0)
    np.testing.assert_array_equal(host(given_X), X)
    np.testing.assert_array_equal(host(given_y), y)


@pytest.mark.parametrize("stack", [None, 2])
def test_gradients_have_the_dtype_and_device_of_the_parameters(backend, where, stack):
    network = Network([3, 4, 2], "tanh", stack=stack, **where)
    found = network.gradients(np.ones((4, 3)), np.ones((4, 2)), penalty=0.5)
    for pair, layer in zip(found, network.parameters, strict=True):
        for slope, parameter in zip(pair, layer, strict=True):
            assert slope.dtype == parameter.dtype == backend.dtype("float32")
            assert slope.device == parameter.device
            assert tuple(slope.shape) == tuple(parameter.shape)
