"""Sample weights: a weight of two equals a sample given twice."""

import numpy as np
import pytest

from xl2 import L2, InputError, Network, fit

pytestmark = pytest.mark.one_on_jax

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 3))
LABELS = np.arange(12) % 2
VALUES = RNG.normal(size=(12, 2))
WEIGHT = np.array([0, 1, 2, 3, 1, 0, 2, 1, 1, 2, 3, 0])


def trained(where, X, y, activations=("tanh", "sigmoid"), stack=None, **options):
    outputs = y.shape[1] if y.ndim > 1 else 2
    network = Network(
        [3, 4, outputs], list(activations), seed=1, dtype="float64", stack=stack, **where
    )
    options = {"epochs": 4, "learning_rate": 0.3, "batch_size": 100, "shuffle": False} | options
    return network, fit(network, X, y, **options)


def assert_same(host, one, other, rtol=1e-10):
    for actual, expected in zip(one.parameters, other.parameters, strict=True):
        for a, b in zip(actual, expected, strict=True):
            np.testing.assert_allclose(host(a), host(b), rtol=rtol, atol=1e-12)


@pytest.mark.parametrize("stack", [None, 2, (2, 3)])
@pytest.mark.parametrize("y", [LABELS, VALUES], ids=["labels", "values"])
@pytest.mark.parametrize("penalty", [0.0, 0.7])
def test_an_integer_weight_equals_repeated_samples(where, host, y, penalty, stack):
    last = "sigmoid" if y.ndim == 1 else "identity"
    options = {"activations": ("tanh", last), "penalty": penalty, "stack": stack}
    weighted, actual = trained(where, X, y, sample_weight=WEIGHT, **options)
    again, expected = trained(where, np.repeat(X, WEIGHT, 0), np.repeat(y, WEIGHT, 0), **options)
    assert_same(host, weighted, again)
    for name in ("loss", "score", "penalty"):
        np.testing.assert_allclose(
            getattr(actual, name), getattr(expected, name), rtol=1e-9, atol=1e-12
        )


def test_a_penalty_per_dataset_is_divided_by_the_weight_of_the_data_set(where, host):
    options = {"penalty": L2(0.5, per="dataset"), "batch_size": 100}
    weighted, _ = trained(where, X, LABELS, sample_weight=WEIGHT, **options)
    again, _ = trained(where, np.repeat(X, WEIGHT, 0), np.repeat(LABELS, WEIGHT, 0), **options)
    assert_same(host, weighted, again)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_equal_weights_change_nothing(where, host, optimizer):
    """Without a penalty, also in mini-batches, only the ratios of weights matter."""
    options = {"batch_size": 5, "optimizer": optimizer, "shuffle": True}
    weighted, _ = trained(where, X, LABELS, sample_weight=np.full(12, 3.0), **options)
    plain, _ = trained(where, X, LABELS, **options)
    assert_same(host, weighted, plain, rtol=1e-9)


def test_a_mini_batch_of_weight_zero_changes_nothing(where, host):
    """With a penalty per batch, neither its samples nor the penalty count."""
    weight = np.array([1.0] * 6 + [0.0] * 6)
    options = {"penalty": L2(0.4, per="batch"), "batch_size": 6, "epochs": 1}
    actual, _ = trained(where, X, LABELS, sample_weight=weight, **options)
    first, _ = trained(where, X[:6], LABELS[:6], **options)
    assert_same(host, actual, first)


@pytest.mark.one_on_jax
@pytest.mark.parametrize("per", ["dataset", "batch", 40])
def test_each_group_uses_the_weights_of_its_own_samples(where, host, per):
    rows = np.array([[0, 1, 2, 3, 4], [7, 8, 9, 10, 11]])
    options = {"penalty": L2(0.3, per=per), "batch_size": 2}
    groups, _ = trained(
        where, X, LABELS, stack=(2, 2), rows=rows, sample_weight=WEIGHT, seed=[0, 0], **options
    )
    for g, own in enumerate(rows):
        alone, _ = trained(where, X[own], LABELS[own], sample_weight=WEIGHT[own], **options)
        assert_same(host, groups.member(g, 1), alone)


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        ([1.0] * 11, ["(12,)", "(11,)"]),
        ([[1.0]] * 12, ["(12,)", "(12, 1)"]),
        ([-1.0] + [1.0] * 11, ["0 or more", "-1"]),
        ([0.0] * 12, ["more than 0 for at least one"]),
        ([float("nan")] + [1.0] * 11, ["sample_weight", "NaN", "row 1."]),
    ],
)
def test_wrong_weights_are_refused(where, weight, words):
    with pytest.raises(InputError) as caught:
        trained(where, X, LABELS, sample_weight=weight)
    for word in words:
        assert word in str(caught.value)
