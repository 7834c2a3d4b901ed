import math
from fractions import Fraction

import numpy as np
import pytest
from array_api_compat import device
from threefry_reference import reference

from xl2 import Network, fit
from xl2.array.backend import connect
from xl2.errors import InputError
from xl2.nn.dropout import Dropout

SEED = 7
both_dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
rates = pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])


@pytest.fixture
def mask(backend, to, host):
    """Make a mask on the tested backend and move it to NumPy."""

    def make(shape, rate=0.5, seeds=SEED, step=0, layer=0, layers=1, dtype="float32", first=0):
        dropout = Dropout(rate)
        like = to(np.zeros(shape, dtype))
        return host(dropout.mask(like, dropout.keys(backend, seeds), step, layer, layers, first))

    return make


@pytest.fixture
def jit(backend):
    if backend.name != "jax":
        pytest.skip("only JAX compiles")
    import jax

    return jax.jit


def by_definition(shape, rate, seed, number):
    """Compute the mask element by element, with the generator of the paper in Python integers."""
    key = np.random.SeedSequence(seed).generate_state(2).tolist()
    elements = []
    for i in range(math.prod(shape)):
        word = reference(key, (i // 2, number))[i % 2]
        # Flipping the first bit turns unsigned order into signed order.
        kept = (word ^ 2**31) >= rate * 2**32
        elements.append(1 / (1 - rate) if kept else 0.0)
    return np.array(elements).reshape(shape)


@rates
@both_dtypes
@pytest.mark.parametrize("shape", [(4, 6), (3, 5), (1, 1)])
def test_a_mask_matches_its_definition(mask, shape, rate, dtype):
    found = mask(shape, rate, step=5, layer=1, layers=3, dtype=dtype)
    expected = by_definition(shape, rate, SEED, 16).astype(dtype)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.one_on_jax
@pytest.mark.parametrize(("first", "rows"), [(3, 2), (4, 5), (8, 0)])
def test_a_part_of_a_mask_is_made_without_the_rest(mask, first, rows):
    expected = by_definition((9, 5), 0.5, SEED, 0)[first : first + rows]
    np.testing.assert_array_equal(mask((rows, 5), first=first), expected)


@rates
@both_dtypes
@pytest.mark.parametrize(("shape", "seeds"), [((9, 7), 3), ((2, 3, 9, 7), [3, 8])])
def test_every_backend_drops_the_same_units_as_numpy(mask, shape, seeds, rate, dtype):
    dropout, numpy = Dropout(rate), connect("numpy")
    like, keys = np.zeros(shape, dtype), dropout.keys(numpy, seeds)
    for step in (0, 1000):
        expected = dropout.mask(like, keys, step, 1, 2)
        found = mask(shape, rate, seeds, step=step, layer=1, layers=2, dtype=dtype)
        assert found.shape == expected.shape
        assert found.tobytes() == expected.tobytes()


@rates
def test_the_fraction_of_dropped_units_is_the_rate(mask, rate):
    found = mask((200, 100), rate) == 0
    sigma = math.sqrt(rate * (1 - rate) / found.size)
    assert abs(found.mean() - rate) < 4 * sigma
    # Each word of the generator's blocks gives half of the elements.
    for half in (found.ravel()[::2], found.ravel()[1::2]):
        assert abs(half.mean() - rate) < 4 * math.sqrt(2) * sigma


@pytest.mark.parametrize(
    "other",
    [{"step": 4}, {"step": 4, "layer": 0}, {"layer": 0}, {"seeds": SEED + 1}],
    ids=lambda other: "-".join(other),
)
def test_masks_of_other_steps_layers_and_seeds_are_independent(mask, other):
    this = {"seeds": SEED, "step": 3, "layer": 1, "layers": 2}
    one, two = (mask((200, 100), 0.3, **options) for options in (this, this | other))
    chance = 0.3**2 + 0.7**2
    sigma = math.sqrt(chance * (1 - chance) / one.size)
    assert abs((one == two).mean() - chance) < 4 * sigma


def test_the_same_step_has_the_same_mask(mask):
    np.testing.assert_array_equal(mask((5, 4), step=3), mask((5, 4), step=3))


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("step", [0, 12, 2**31 - 1, (2**31 - 2) // 3])  # the last two wrap
def test_a_step_may_be_an_array(backend, to, host, step, dtype):
    dropout = Dropout(0.5)
    like, keys = to(np.zeros((5, 5))), dropout.keys(backend, SEED)
    found = dropout.mask(like, keys, to(step, dtype), 2, 3)
    np.testing.assert_array_equal(host(found), host(dropout.mask(like, keys, step, 2, 3)))


def test_the_members_of_a_stack_share_the_mask_of_one_network(mask):
    np.testing.assert_array_equal(mask((4, 5, 3), step=2), mask((5, 3), step=2))


def test_a_group_has_the_mask_of_a_network_with_its_seed(mask):
    seeds = [3, 8, 3]
    found = mask((3, 2, 5, 7), seeds=seeds, step=2, layer=1, layers=2)
    assert found.shape == (3, 1, 5, 7)
    for g, seed in enumerate(seeds):
        alone = mask((5, 7), seeds=seed, step=2, layer=1, layers=2)
        np.testing.assert_array_equal(found[g, 0], alone)
    assert (found[0] != found[1]).any()


@pytest.mark.parametrize("rows", [0, 1, 4])
def test_the_mask_of_fewer_rows_is_the_beginning_of_that_of_more(mask, rows):
    np.testing.assert_array_equal(mask((rows, 5)), mask((9, 5))[:rows])
    groups = mask((2, 1, 9, 5), seeds=[1, 2])
    np.testing.assert_array_equal(mask((2, 1, rows, 5), seeds=[1, 2]), groups[..., :rows, :])


@both_dtypes
def test_a_rate_of_zero_keeps_every_unit(mask, dtype):
    found = mask((50, 40), 0.0, dtype=dtype)
    np.testing.assert_array_equal(found, np.ones((50, 40), dtype))


@both_dtypes
def test_the_largest_rate_below_one_drops_every_unit(mask, dtype):
    found = mask((50, 40), math.nextafter(1, 0), dtype=dtype)
    np.testing.assert_array_equal(found, np.zeros((50, 40), dtype))


@pytest.mark.parametrize(
    ("rate", "kept"), [(0.0, [1, 1, 1, 1]), (0.5, [0, 0, 2, 2]), (1 - 2**-32, [0, 0, 0, 2**32])]
)
def test_the_words_just_above_and_below_the_threshold(mask, to, monkeypatch, rate, kept):
    words = to([-(2**31), 0], "int32"), to([-1, 2**31 - 1], "int32")
    monkeypatch.setattr("xl2.nn.dropout.threefry2x32", lambda key, counter: words)
    assert mask((2, 2), rate).ravel().tolist() == kept


@both_dtypes
@pytest.mark.parametrize(("shape", "seeds"), [((5, 3), 1), ((2, 1, 5, 3), [1, 2])])
def test_a_mask_has_the_dtype_and_the_device_of_the_layer(backend, to, shape, seeds, dtype):
    dropout = Dropout(0.5)
    like = to(np.zeros(shape, dtype))
    found = dropout.mask(like, dropout.keys(backend, seeds), 0, 0, 1)
    assert found.dtype == like.dtype == backend.dtype(dtype)
    assert device(found) == device(like)


def test_the_values_of_the_layer_do_not_matter_and_do_not_change(backend, mask, to, host):
    dropout = Dropout(0.5)
    keys = dropout.keys(backend, SEED)
    like = to(np.full((5, 3), np.nan, "float32"))
    np.testing.assert_array_equal(host(dropout.mask(like, keys, 0, 0, 1)), mask((5, 3)))
    assert np.isnan(host(like)).all()
    np.testing.assert_array_equal(host(keys), host(dropout.keys(backend, SEED)))


@pytest.mark.parametrize(
    ("seeds", "shape"), [(5, (2,)), (np.int64(5), (2,)), ([5], (1, 2)), ([5, 0, 2**70], (3, 2))]
)
def test_keys_come_from_numpys_seed_sequence(backend, xp, to, host, seeds, shape):
    keys = Dropout(0.5).keys(backend, seeds)
    assert keys.dtype == xp.int32
    assert device(keys) == device(to([0]))
    each = [np.random.SeedSequence(seed).generate_state(2) for seed in np.ravel(seeds)]
    np.testing.assert_array_equal(host(keys).view(np.uint32), np.reshape(each, shape))


@pytest.mark.parametrize(("shape", "seeds"), [((5, 3), 1), ((2, 2, 5, 3), [1, 2])])
@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_a_compiled_mask_takes_the_step_as_data(jit, backend, to, host, shape, seeds, dtype):
    dropout = Dropout(0.4)
    like, keys = to(np.zeros(shape, "float32")), dropout.keys(backend, seeds)
    compiled = jit(lambda like, keys, step: dropout.mask(like, keys, step, 1, 2))
    for step in (0, 1, 77):
        found = compiled(like, keys, to(step, dtype))
        assert found.dtype == like.dtype
        np.testing.assert_array_equal(host(found), host(dropout.mask(like, keys, step, 1, 2)))


@pytest.mark.host
@pytest.mark.parametrize(
    "rate",
    [-0.1, 1, 1.5, True, math.nan, math.inf, Fraction(2**60 - 1, 2**60), "0.5", None, [0.5]],
)
def test_a_wrong_rate_is_refused_with_its_value(rate):
    with pytest.raises(
        InputError, match="dropout must be a number, 0 or more and less than 1"
    ) as caught:
        Dropout(rate)
    assert f"dropout={rate!r}" in str(caught.value)


@pytest.mark.host
def test_equal_dropouts_are_equal_and_have_equal_hashes():
    assert len({Dropout(0), Dropout(0.0), Dropout(0.5), Dropout(np.float32(0.5))}) == 2
    assert type(Dropout(np.float32(0.5)).rate) is float


# In a network.

X = np.random.default_rng(2).normal(size=(20, 3))
LABELS = np.arange(20) % 2


def trained(where, dropout, stack=None, **options):
    network = Network([3, 8, 6, 2], ["tanh", "relu", "sigmoid"], seed=1, dtype="float64",
                      stack=stack, **where)  # fmt: skip
    options = {"epochs": 2, "learning_rate": 0.3, "batch_size": 7, "seed": 4} | options
    fit(network, X, LABELS, dropout=dropout, **options)
    return network


def test_a_step_descends_along_the_gradient_of_the_thinned_network(where, host, backend):
    """Compare one step of SGD with central differences of the loss with the same masks."""
    dropout, rate, seed = 0.4, 1e-3, 4
    network = Network([3, 8, 6, 2], ["tanh", "relu", "sigmoid"], seed=1, dtype="float64", **where)
    before = [[np.array(p) for p in layer] for layer in network.host_parameters()]
    options = {"epochs": 1, "batch_size": 20, "shuffle": False, "learning_rate": rate}
    fit(network, X, LABELS, dropout=dropout, seed=seed, **options)
    thin, targets = Dropout(dropout), np.eye(2)[LABELS]
    keys = thin.keys(backend, seed)
    like = [network.backend.asarray(np.zeros((20, n)), "float64") for n in (8, 6)]
    masks = [host(thin.mask(a, keys, 1, i, 2)) for i, a in enumerate(like)]

    def loss(parameters):
        a = np.tanh(X @ parameters[0][0] + parameters[0][1]) * masks[0]
        a = np.maximum(a @ parameters[1][0] + parameters[1][1], 0) * masks[1]
        z = a @ parameters[2][0] + parameters[2][1]
        return (np.logaddexp(0, z) - z * targets).sum() / 20

    for i, layer in enumerate(before):
        for j, p in enumerate(layer):
            step = (p - host(network.parameters[i][j])) / rate
            for index in list(np.ndindex(p.shape))[:12]:
                kept = p[index]
                slope = 0.0
                for sign in (1, -1):
                    p[index] = kept + sign * 1e-6
                    slope += sign * loss(before) / 2e-6
                p[index] = kept
                np.testing.assert_allclose(step[index], slope, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("stack", [3, (2, 2)])
def test_a_member_equals_the_network_trained_alone_with_dropout(where, host, stack):
    many = trained(where, 0.3, stack)
    index = (1,) if stack == 3 else (1, 0)
    one = trained(where, 0.3)
    for actual, expected in zip(many.member(*index).parameters, one.parameters, strict=True):
        for a, b in zip(actual, expected, strict=True):
            np.testing.assert_allclose(host(a), host(b), rtol=1e-9, atol=1e-12)


def test_seeds_drop_different_units_and_predictions_drop_none(where, host):
    one, other = trained(where, 0.5), trained(where, 0.5, seed=5, shuffle=True)
    assert not np.allclose(host(one.weights[0]), host(other.weights[0]))
    np.testing.assert_array_equal(host(one.forward(X)), host(one.forward(X)))


def test_a_fit_refuses_a_rate_of_one(where):
    with pytest.raises(InputError, match="dropout"):
        trained(where, 1.0)
