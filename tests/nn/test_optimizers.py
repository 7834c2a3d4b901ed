import numpy as np
import pytest

from xl2 import L2, SGD, Adam, Momentum, Nesterov, Network, fit
from xl2.array.operations import choose
from xl2.errors import InputError
from xl2.nn.optimizers import LEAST_SCALE, OPTIMIZERS, Optimizer, find_optimizer, sgd_update

RATE, DECAY, STEPS = 0.05, 0.3, 6
every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)
either_decay = pytest.mark.parametrize("decay", [None, DECAY])


@pytest.fixture
def start(rng):
    return rng.normal(size=(3, 2))


@pytest.fixture
def gradients(rng):
    return rng.normal(size=(STEPS, 3, 2))


@pytest.fixture
def descend(backend, to, host):
    """Take a step for each gradient, scaled as in the training step."""

    def run(optimizer, start, gradients, decay=None):
        update = choose(backend.library, optimizer.update)
        parameter = to(start)
        state = optimizer.init(parameter)
        for step, gradient in enumerate(gradients, start=1):
            rate = optimizer.rate(RATE, step)
            scale = optimizer.scale(rate)
            folded = None if decay is None else decay * scale
            with backend.scope():
                parameter, state = update(
                    optimizer, parameter, to(gradient * scale), folded, state, rate
                )
        return host(parameter)

    return run


class Formula:
    """The update of one array by the textbook formula."""

    def __init__(self, name):
        self.name, self.t, self.m, self.v = name, 0, 0.0, 0.0

    def __call__(self, p, g, rate):
        self.t += 1
        if self.name == "sgd":
            return p - rate * g
        if self.name == "adam":
            self.m = 0.9 * self.m + 0.1 * g
            self.v = 0.999 * self.v + 0.001 * g**2
            rate_t = rate * np.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t)
            return p - rate_t * self.m / (np.sqrt(self.v) + 1e-8)
        self.v = 0.9 * self.v - rate * g
        return p + (self.v if self.name == "momentum" else 0.9 * self.v - rate * g)


@either_decay
@every_optimizer
def test_steps_match_the_formula(descend, start, gradients, name, decay):
    formula, expected = Formula(name), start
    for gradient in gradients:
        expected = formula(expected, gradient + (decay or 0.0) * expected, RATE)
    found = descend(find_optimizer(name), start, gradients, decay)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@either_decay
@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (SGD(), {}),
        (Momentum(), {"momentum": 0.9}),
        (Momentum(0.5), {"momentum": 0.5}),
        (Nesterov(), {"momentum": 0.9, "nesterov": True}),
    ],
)
@pytest.mark.installed
def test_steps_match_torch_optim(descend, start, gradients, optimizer, options, decay):
    torch = pytest.importorskip("torch", reason="torch.optim is the oracle")
    p = torch.tensor(start, requires_grad=True)
    theirs = torch.optim.SGD([p], lr=RATE, weight_decay=decay or 0.0, **options)
    for gradient in gradients:
        p.grad = torch.tensor(gradient)
        theirs.step()
    found = descend(optimizer, start, gradients, decay)
    np.testing.assert_allclose(found, p.detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("optimizer", "theirs", "options"),
    [
        (Momentum(0.8), "SGDOptimizer", {"momentum": 0.8, "nesterov": False}),
        (Nesterov(0.8), "SGDOptimizer", {"momentum": 0.8, "nesterov": True}),
        (Adam(), "AdamOptimizer", {}),
        (
            Adam(beta_1=0.5, beta_2=0.9, epsilon=1e-3),
            "AdamOptimizer",
            {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
        ),
    ],
)
def test_steps_match_scikit_learn(descend, start, gradients, optimizer, theirs, options):
    module = pytest.importorskip(
        "sklearn.neural_network._stochastic_optimizers", reason="this private module is the oracle"
    )
    p = start.copy()
    oracle = getattr(module, theirs)([p], RATE, **options)
    for gradient in gradients:
        oracle.update_params([p], [gradient.copy()])
    np.testing.assert_allclose(descend(optimizer, start, gradients), p, rtol=1e-10, atol=1e-12)


def test_momentum_of_zero_is_plain_descent(descend, start, gradients):
    plain = descend(SGD(), start, gradients)
    for optimizer in (Momentum(0.0), Nesterov(0.0)):
        np.testing.assert_allclose(descend(optimizer, start, gradients), plain, rtol=1e-12)


@every_optimizer
def test_updates_keep_dtype_shape_and_device(backend, to, rng, name):
    optimizer = find_optimizer(name)
    update = choose(backend.library, optimizer.update)
    gradient = to(rng.normal(size=(3, 2)), "float32")
    parameter = to(rng.normal(size=(3, 2)), "float32")
    device = parameter.device
    state = optimizer.init(parameter)
    for step in (1, 2):
        with backend.scope():
            found = update(optimizer, parameter, gradient + 0.0, 0.1, state, RATE / step)
        parameter, state = found
        for array in (parameter, *state):
            assert array.dtype == backend.dtype("float32")
            assert array.device == device
            assert tuple(array.shape) == (3, 2)


@pytest.mark.one_on_jax
@pytest.mark.parametrize(
    ("lam", "per", "sizes"),
    [
        (0.0, "dataset", (4, 3, 3)),
        (0.4, "dataset", (4, 3, 3)),
        (0.4, "batch", (4, 3, 3)),
        (0.4, "batch", (4, 4, 2)),
    ],
)
@every_optimizer
def test_a_fit_matches_a_loop_in_numpy(where, host, name, lam, per, sizes):
    """Ten samples in mini-batches of at most four."""
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(10, 3)), rng.integers(0, 2, size=(10, 2)).astype(float)
    network = Network([3, 4, 2], "tanh", dtype="float64", **where)
    W1, b1, W2, b2 = (p.copy() for layer in network.host_parameters() for p in layer)
    updates = [Formula(name) for _ in range(4)]
    losses = []
    for _ in range(3):
        total = 0.0
        for stop, m in zip(np.cumsum(sizes), sizes, strict=True):
            x, t = X[stop - m : stop], y[stop - m : stop]
            decay = lam / (m if per == "batch" else 10)
            hidden = np.tanh(x @ W1 + b1)
            out = 1 / (1 + np.exp(-(hidden @ W2 + b2)))
            total -= np.sum(t * np.log(out) + (1 - t) * np.log(1 - out))
            delta = (out - t) / m
            before = delta @ W2.T * (1 - hidden**2)
            slopes = [
                x.T @ before + decay * W1,
                before.sum(axis=0),
                hidden.T @ delta + decay * W2,
                delta.sum(axis=0),
            ]
            W1, b1, W2, b2 = (
                update(p, slope, RATE)
                for update, p, slope in zip(updates, (W1, b1, W2, b2), slopes, strict=True)
            )
        losses.append(total / 10)
    history = fit(
        network,
        X,
        y,
        epochs=3,
        batch_size=4,
        learning_rate=RATE,
        optimizer=name,
        penalty=L2(lam, per=per),
        shuffle=False,
        even_batches=sizes != (4, 4, 2),
    )
    found = [host(p) for layer in network.parameters for p in layer]
    for expected, actual in zip((W1, b1, W2, b2), found, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(history.loss, losses, rtol=1e-11)


@pytest.mark.installed
@pytest.mark.one_on_jax
@pytest.mark.parametrize("lam", [0.0, 0.4])
def test_a_scale_of_each_input_is_as_in_a_network_that_has_one(where, host, lam):
    """The penalty is of the products of scales and weights, which the network has."""
    torch = pytest.importorskip("torch", reason="torch.autograd and torch.optim are the oracle")
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(12, 3)), rng.normal(size=(12, 1))
    network = Network([3, 4, 1], ["tanh", "identity"], dtype="float64", **where)
    parameters = [
        torch.tensor(np.array(p), requires_grad=True)
        for layer in network.host_parameters()
        for p in layer
    ]
    scale = torch.ones((3, 1), dtype=torch.float64, requires_grad=True)
    groups = [{"params": parameters}, {"params": [scale], "lr": 6 * RATE}]
    theirs = torch.optim.Adam(groups, lr=RATE, betas=(0.9, 0.95), eps=1e-15)
    for _ in range(8):
        for rows in (slice(0, 4), slice(4, 8), slice(8, 12)):
            W1, b1, W2, b2 = parameters
            out = torch.tanh((torch.tensor(X[rows]) * scale.T) @ W1 + b1) @ W2 + b2
            squares = torch.sum((scale * W1) ** 2) + torch.sum(W2**2)
            loss = torch.sum((out - torch.tensor(y[rows])) ** 2) / 8 + lam * squares / 24
            theirs.zero_grad()
            loss.backward()
            theirs.step()
    W1, b1, W2, b2 = (p.detach().numpy() for p in parameters)
    assert np.ptp(scale.detach().numpy()) > 0.5
    fit(network, X, y, epochs=8, batch_size=4, learning_rate=RATE, shuffle=False, penalty=lam,
        optimizer=Adam(beta_2=0.95, epsilon=1e-15, scale_rate=6.0))  # fmt: skip
    found = [host(p) for layer in network.parameters for p in layer]
    for expected, actual in zip((scale.detach().numpy() * W1, b1, W2, b2), found, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-8, atol=1e-11)


def test_a_scale_crosses_zero_and_never_is_zero(backend, to, host):
    """The gradient of the weights drives the scale of each input down from 1, past zero."""
    optimizer = Adam(beta_1=0.0, beta_2=0.0, scale_rate=8.0)
    update = choose(backend.library, optimizer.update)
    parameter = to(np.ones((2, 3)))
    state, scales = optimizer.init_first(parameter), []
    for _ in range(4):
        with backend.scope():
            gradient = to(np.sign(host(parameter)))
            parameter, state = update(optimizer, parameter, gradient, None, state, 0.125)
        scales.append(host(state[2])[0, 0])
        assert np.isfinite(host(parameter)).all()
    assert min(scales) < 0
    assert min(map(abs, scales)) >= LEAST_SCALE


@pytest.mark.parametrize("kind", [Momentum, Nesterov])
@pytest.mark.parametrize("momentum", [-0.1, 1.1, 1.5, float("nan")])
def test_a_momentum_outside_0_to_1_is_refused(kind, momentum):
    with pytest.raises(InputError, match=f"momentum={momentum!r}"):
        kind(momentum)


@pytest.mark.parametrize("name", ["beta_1", "beta_2"])
@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
def test_a_beta_outside_0_to_1_is_refused(name, value):
    with pytest.raises(InputError, match=f"{name}={value!r}"):
        Adam(**{name: value})


@pytest.mark.parametrize("epsilon", [0.0, -1e-8, float("nan")])
def test_an_epsilon_that_is_not_positive_is_refused(epsilon):
    with pytest.raises(InputError, match=f"epsilon={epsilon!r}"):
        Adam(epsilon=epsilon)


@pytest.mark.parametrize("rate", [-1.0, float("inf"), float("nan")])
def test_a_rate_of_scales_that_is_no_factor_is_refused(rate):
    with pytest.raises(InputError, match=f"finite number, 0 or more.*scale_rate={rate!r}"):
        Adam(scale_rate=rate)


def test_an_unknown_optimizer_is_refused_with_the_names():
    with pytest.raises(InputError, match="lbfgs") as caught:
        find_optimizer("lbfgs")
    assert all(name in str(caught.value) for name in OPTIMIZERS)


@pytest.mark.host
def test_an_optimizer_without_the_methods_of_one_is_refused_with_their_names():
    class Mine:
        def update(self, parameter, gradient, decay, state, rate):
            return parameter - gradient, state

        def init(self, parameter):
            return ()

    expected = r"optimizers\.Optimizer.*a .*Mine without rate"
    with pytest.raises(InputError, match=expected):
        fit(Network([2, 1], ["identity"]), np.eye(2), np.ones((2, 1)), epochs=1, optimizer=Mine())


@pytest.mark.host
def test_an_optimizer_derived_from_the_base_needs_an_update_only():
    class Mine(Optimizer):
        update = staticmethod(sgd_update)

    found = []
    for optimizer in (Mine(), "sgd"):
        network = Network([3, 2, 1], ["tanh", "identity"])
        fit(network, np.eye(3), np.ones((3, 1)), epochs=3, optimizer=optimizer)
        found.append(network.host_parameters())
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one[0], other[0])


@every_optimizer
def test_optimizers_with_equal_settings_are_equal_and_have_equal_hashes(name):
    # A backend looks up its compiled steps by these settings.
    assert find_optimizer(name) == find_optimizer(name)
    assert hash(find_optimizer(name)) == hash(find_optimizer(name))


def test_different_optimizers_are_not_equal():
    kinds = SGD(), Momentum(), Momentum(0.5), Nesterov(), Adam(), Adam(beta_1=0.5)
    assert len({*kinds, Adam(scale_rate=6.0)}) == 7
