import math

import numpy as np
import pytest

from xl2 import L2, Network, fit
from xl2.errors import InputError
from xl2.nn.penalties import penalties_of

SIZES = [3, 4, 2]
X = np.random.default_rng(1).normal(size=(5, 3))
Y = np.random.default_rng(2).random((5, 2))


def new(where, **options):
    return Network(SIZES, "tanh", "gaussian", dtype="float64", **options, **where)


def squares(network, host):
    return np.array([np.sum(host(weight) ** 2) for weight in network.weights])


@pytest.mark.parametrize(
    "penalty", [0.7, L2(0.7), L2(0.7, per="dataset"), L2([0.7, 0.2]), L2([0.0, 0.2])]
)
def test_value_is_lambda_over_2m_times_the_squared_weights(where, host, penalty):
    network = new(where)
    history = fit(network, X, Y, epochs=2, batch_size=2, penalty=penalty)
    lams = penalty.lam if isinstance(penalty, L2) else penalty
    expected = np.sum(lams * squares(network, host)) / (2 * len(X))
    assert len(history.penalty) == 2
    np.testing.assert_allclose(history.penalty[-1], expected, rtol=1e-12)


def test_value_without_a_penalty_is_zero(where):
    assert fit(new(where), X, Y, epochs=2).penalty == [0.0, 0.0]


def test_value_of_a_stack_has_one_number_for_each_member(where, host):
    stack = new(where, stack=3, seed=[1, 2, 3])
    history = fit(stack, X, Y, epochs=1, penalty=[0.0, 0.5, L2([0.0, 2.0])])
    lams = np.array([[0, 0], [0.5, 0.5], [0.0, 2.0]])
    expected = [lams[k] @ squares(stack.member(k), host) / (2 * len(X)) for k in range(3)]
    np.testing.assert_allclose(history.penalty[0], expected, rtol=1e-12)


@pytest.mark.parametrize("lam", [0.8, [0.8, 0.0], [0.0, 0.8], [0.3, 2.0]])
def test_gradient_matches_the_central_difference_of_loss_plus_penalty(where, host, lam):
    network = new(where)
    start = [tuple(p.copy() for p in layer) for layer in network.host_parameters()]

    def cost(layer, kind, index, step):
        moved = [[p.copy() for p in pair] for pair in start]
        moved[layer][kind][index] += step
        network.set_parameters(moved)
        a = host(network.forward(X))
        loss = -np.sum(Y * np.log(a) + (1 - Y) * np.log(1 - a)) / len(X)
        return loss + np.sum(lam * squares(network, host)) / (2 * len(X))

    found = network.gradients(X, Y, penalty=L2(lam))
    step = 1e-5
    for layer, pair in enumerate(start):
        for kind, p in enumerate(pair):
            slopes = np.empty_like(p)
            for index in np.ndindex(p.shape):
                rise = cost(layer, kind, index, step) - cost(layer, kind, index, -step)
                slopes[index] = rise / (2 * step)
            np.testing.assert_allclose(host(found[layer][kind]), slopes, rtol=1e-6, atol=1e-8)


def test_biases_are_exempt(where, host):
    network = new(where)
    network.set_parameters([(w, b + 1.0) for w, b in network.host_parameters()])
    plain = network.gradients(X, Y)
    penalised = network.gradients(X, Y, penalty=3.0)
    for (weight, bias), (decayed, same), own in zip(plain, penalised, network.weights, strict=True):
        np.testing.assert_array_equal(host(bias), host(same))
        expected = host(weight) + 3.0 / len(X) * host(own)
        np.testing.assert_allclose(host(decayed), expected, rtol=1e-12)


def test_the_lambda_of_a_layer_decays_only_this_layer(where, host):
    plain, second = new(where), new(where)
    fit(plain, X, Y, epochs=1, batch_size=5)
    fit(second, X, Y, epochs=1, batch_size=5, penalty=L2([0.0, 5.0]))
    np.testing.assert_array_equal(host(plain.weights[0]), host(second.weights[0]))
    assert (host(plain.weights[1]) != host(second.weights[1])).all()


@pytest.mark.one_on_jax
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam"])
def test_per_dataset_equals_per_batch_if_the_batch_is_the_data_set(where, host, optimizer):
    networks = [new(where), new(where)]
    for network, per in zip(networks, ("batch", "dataset"), strict=True):
        penalty = L2(0.5, per=per)
        fit(network, X, Y, epochs=3, batch_size=5, optimizer=optimizer, penalty=penalty)
    for one, other in zip(*(network.weights for network in networks), strict=True):
        np.testing.assert_allclose(host(one), host(other), rtol=1e-12)


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", [None, 2])
@pytest.mark.parametrize(
    ("per", "even", "divisors"),
    [
        ("dataset", True, [5, 5, 5]),
        ("dataset", False, [5, 5, 5]),
        (40, True, [40, 40, 40]),
        ("batch", True, [2, 2, 1]),
        ("batch", False, [2, 2, 1]),
    ],
)
def test_a_weight_of_an_input_of_zeros_decays_by_the_formula(
    where, host, per, even, divisors, stack
):
    dark = X.copy()
    dark[:, 1] = 0.0
    network = new(where, stack=stack)
    before = host(network.weights[0])[1].copy()
    rate, lam, epochs = 0.3, 0.5, 2
    options = {"epochs": epochs, "batch_size": 2, "learning_rate": rate, "even_batches": even}
    history = fit(network, dark, Y, penalty=L2(lam, per=per), **options)
    factor = math.prod(1 - rate * lam / m for m in divisors) ** epochs
    np.testing.assert_allclose(host(network.weights[0])[1], before * factor, rtol=1e-12)
    squares = sum((host(weight) ** 2).sum() for weight in network.weights)
    total = lam / 2 / (40 if per == 40 else 5) * squares
    np.testing.assert_allclose(np.sum(history.penalty[-1]), total, rtol=1e-12)


def test_a_number_is_an_l2_per_dataset(where):
    assert penalties_of(0.3, ()) == [L2(0.3, per="dataset")]
    assert penalties_of(1, (2,)) == [L2(1.0), L2(1.0)]


def test_a_penalty_of_zero_has_no_coefficients(where):
    assert new(where).coefficients(0.0) == (None, None)
    assert new(where).coefficients(L2([0.0, 2.0])) == (None, 2.0)


@pytest.mark.parametrize("lam", [-0.1, math.nan, math.inf, [0.1, -0.1], [math.nan, 0.0]])
def test_a_lambda_that_is_negative_or_not_finite_is_refused(lam):
    with pytest.raises(InputError, match="lambda must be a finite number, 0 or more"):
        L2(lam)


def test_a_negative_lambda_is_refused_before_training(where, host):
    network = new(where)
    before = [host(weight).copy() for weight in network.weights]
    with pytest.raises(InputError, match=r"lambda.*-1"):
        fit(network, X, Y, penalty=-1.0)
    for weight, old in zip(network.weights, before, strict=True):
        np.testing.assert_array_equal(host(weight), old)


@pytest.mark.parametrize("lam", [[], [1.0], [1.0, 2.0, 3.0]])
def test_a_wrong_number_of_lambdas_is_refused(where, lam):
    with pytest.raises(InputError, match=f"each of the 2 layers. Received {len(lam)}: "):
        fit(new(where), X, Y, penalty=L2(lam))


@pytest.mark.parametrize("count", [1, 3])
def test_a_wrong_number_of_penalties_is_refused(where, count):
    with pytest.raises(InputError, match=f"stack of 2 networks.*Received {count}: "):
        fit(new(where, stack=2), X, Y, penalty=[0.1] * count)


@pytest.mark.parametrize("per", ["epoch", 0, -3, 1.5, True, None])
def test_an_unknown_per_is_refused(per):
    with pytest.raises(InputError, match=f"'dataset', 'batch', or a number.*per={per!r}"):
        L2(0.1, per=per)


def test_members_with_different_per_are_refused(where):
    penalty = [L2(0.1), L2(0.1, per="batch")]
    with pytest.raises(InputError, match=r"same per\. Received: 'batch', 'dataset'"):
        fit(new(where, stack=2), X, Y, penalty=penalty)


def test_equal_penalties_are_equal_and_have_equal_hashes():
    assert L2([1, 2]) == L2((1.0, 2.0))
    assert len({L2([1, 2]), L2((1.0, 2.0)), L2(1.0), L2(1)}) == 2


@pytest.mark.parametrize("lam", ["a", None, [0.1, "a"], object(), [[1.0], [2.0]]])
def test_a_lambda_that_is_not_a_number_is_refused(lam):
    with pytest.raises(InputError, match="lambda must be a number, or one number for each layer"):
        L2(lam)
