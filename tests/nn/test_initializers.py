import numpy as np
import pytest

from xl2 import Network
from xl2.errors import InputError
from xl2.nn.initializers import INITIALIZERS, find_initializer

I, O = 5, 3  # noqa: E741
FORMULAS = {
    "uniform": lambda rng: rng.random((I, O)),
    "uniform_100": lambda rng: rng.random((I, O)) / 100,
    "gaussian": lambda rng: rng.standard_normal((I, O)),
    "xavier": lambda rng: rng.normal(0, np.sqrt(1 / I), (I, O)),
    "he": lambda rng: rng.normal(0, np.sqrt(2 / I), (I, O)),
    "bengio": lambda rng: rng.normal(0, np.sqrt(1 / (I + O)), (I, O)),
    "glorot_uniform": lambda rng: rng.uniform(-np.sqrt(6 / (I + O)), np.sqrt(6 / (I + O)), (I, O)),
    "zeros": lambda rng: np.zeros((I, O)),
}
MIXED = ["gaussian", "he", "glorot_uniform"]


def test_every_initializer_has_a_formula():
    assert set(FORMULAS) == set(INITIALIZERS)


@pytest.mark.parametrize("name", FORMULAS)
def test_draws_match_the_formula(name):
    found = find_initializer(name)(I, O, np.random.default_rng(7))
    np.testing.assert_allclose(
        found, FORMULAS[name](np.random.default_rng(7)), rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("gaussian", 1.0),
        ("xavier", 1 / 300),
        ("he", 2 / 300),
        ("bengio", 1 / 500),
        ("glorot_uniform", 2 / 500),
        ("uniform", 1 / 12),
        ("uniform_100", 1e-4 / 12),
    ],
)
def test_variance_of_a_large_draw(name, variance):
    drawn = find_initializer(name)(300, 200, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.var(), variance, rtol=0.03)


def test_zeros_draw_nothing():
    rng = np.random.default_rng(7)
    find_initializer("zeros")(I, O, rng)
    assert rng.random() == np.random.default_rng(7).random()


def test_an_unknown_name_is_refused_with_the_names():
    with pytest.raises(InputError, match="orthogonal") as caught:
        Network([2, 1], initializer="orthogonal")
    assert all(name in str(caught.value) for name in INITIALIZERS)


@pytest.mark.parametrize("count", [1, 3])
def test_a_wrong_number_of_initializers_is_refused(count):
    with pytest.raises(InputError, match=f"Received {count}: "):
        Network([2, 2, 1], initializer=["he"] * count)


def test_a_callable_draws_the_weights(where, host):
    def counting(inputs, outputs, rng):
        return np.arange(inputs * outputs).reshape(inputs, outputs) + rng.random()

    network = Network([2, 3, 1], initializer=counting, seed=5, dtype="float64", **where)
    rng = np.random.default_rng(5)
    for weight, shape in zip(network.weights, [(2, 3), (3, 1)], strict=True):
        expected = np.arange(shape[0] * shape[1]).reshape(shape) + rng.random()
        np.testing.assert_array_equal(host(weight), expected)


def test_each_layer_can_have_a_name_or_a_callable(where, host):
    network = Network([2, 2, 2], initializer=["zeros", lambda i, o, rng: np.eye(i, o)], **where)
    assert host(network.weights[0]).tolist() == [[0, 0], [0, 0]]
    assert host(network.weights[1]).tolist() == [[1, 0], [0, 1]]


def test_biases_start_at_zero(where, host):
    network = Network([2, 3, 1], initializer="gaussian", **where)
    assert [host(bias).tolist() for bias in network.biases] == [[0, 0, 0], [0]]


@pytest.mark.parametrize("stack", [None, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*INITIALIZERS, MIXED])
def test_one_seed_gives_the_same_bits_on_every_backend(where, host, name, dtype, stack):
    def bits(**place):
        network = Network([4, 3, 2, 1], "tanh", name, seed=3, dtype=dtype, stack=stack, **place)
        arrays = [p for layer in network.host_parameters() for p in layer]
        assert all(p.dtype == dtype for p in arrays)
        return [np.ascontiguousarray(p).tobytes() for p in arrays]

    assert bits(**where) == bits(backend="numpy")


def test_different_seeds_give_different_weights(where, host):
    one, other = (Network([4, 3], seed=seed, **where) for seed in (0, 1))
    assert (host(one.weights[0]) != host(other.weights[0])).all()


def test_float32_weights_are_the_float64_ones_rounded(where, host):
    single, double = (Network([4, 3], dtype=d, **where) for d in ("float32", "float64"))
    rounded = host(double.weights[0]).astype("float32")
    np.testing.assert_array_equal(host(single.weights[0]), rounded)


def test_each_member_has_the_weights_of_a_single_network_with_its_seed(where, host):
    stack = Network([4, 3, 2], initializer=MIXED[:2], seed=[3, 8], stack=2, **where)
    for k, seed in enumerate((3, 8)):
        alone = Network([4, 3, 2], initializer=MIXED[:2], seed=seed, **where)
        member = stack.member(k)
        for actual, expected in zip(alone.weights, member.weights, strict=True):
            np.testing.assert_array_equal(host(actual), host(expected))
