"""Thresholds and decisions by costs, beside a search through all thresholds and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from xl2 import Ensemble, InputError, Model, Network
from xl2.nn.costs import cost_threshold, least_cost, tuned_threshold

RNG = np.random.default_rng(4)
X = RNG.normal(size=(20, 3))


def cost(y, p, threshold, cost_fp, cost_fn, weight=None):
    """Return what answering by a threshold costs, as scikit-learn counts mistakes."""
    found = confusion_matrix(y, p >= threshold, labels=[0, 1], sample_weight=weight)
    return cost_fp * found[0, 1] + cost_fn * found[1, 0]


@pytest.mark.parametrize(("cost_fp", "cost_fn"), [(1, 1), (1, 9), (3, 1), (0, 1), (1, 0)])
def test_the_threshold_has_the_least_expected_cost(cost_fp, cost_fn):
    """Answering the second class costs (1 - p) cost_fp on average, the first one p cost_fn."""
    threshold = cost_threshold(cost_fp, cost_fn)
    for p in np.linspace(0.0, 1.0, 21):
        answer = (1.0 - p) * cost_fp <= p * cost_fn + 1e-12
        assert (p >= threshold - 1e-12) == answer


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from(np.linspace(0, 1, 6).tolist())), min_size=1),
    st.integers(0, 5),
    st.integers(1, 5),
)
def test_no_threshold_costs_less_than_the_tuned_one(samples, cost_fp, cost_fn):
    y, p = (np.array(one) for one in zip(*samples, strict=True))
    found = tuned_threshold(y, p, cost_fp, cost_fn)
    least = min(cost(y, p, t, cost_fp, cost_fn) for t in (*p, 0.0, 2.0))
    assert cost(y, p, found, cost_fp, cost_fn) == least
    assert 0.0 <= found <= np.nextafter(1.0, 2.0)


def test_weights_count_as_repeated_samples():
    y, p = RNG.integers(0, 2, size=40), RNG.random(40).round(1)
    weight = RNG.integers(0, 4, size=40)
    repeated = tuned_threshold(np.repeat(y, weight), np.repeat(p, weight), 1, 3)
    found = tuned_threshold(y, p, 1, 3, weight)
    assert cost(y, p, found, 1, 3, weight) == cost(y, p, repeated, 1, 3, weight)


def test_of_equally_good_thresholds_the_nearest_to_the_expected_one():
    y, p = np.array([0, 1]), np.array([0.2, 0.9])
    assert tuned_threshold(y, p, 1, 1) == 0.5
    assert tuned_threshold(y, p, 1, 19) == pytest.approx(0.55)  # in the middle of the gap


@pytest.mark.parametrize("costs", [(0, 0), (-1, 1), (float("nan"), 1), (float("inf"), 1), ("1", 1)])
def test_costs_that_are_none_are_refused(costs):
    with pytest.raises(InputError, match="0 or more and not both 0"):
        cost_threshold(*costs)


def test_decisions_are_those_of_the_least_expected_cost():
    p, costs = RNG.dirichlet(np.ones(4), size=50), RNG.random((4, 4))
    expected = [min(range(4), key=lambda j, q=q: sum(q * costs[:, j])) for q in p]
    assert least_cost(p, costs).tolist() == expected
    assert least_cost(p, 1 - np.eye(4)).tolist() == p.argmax(axis=1).tolist()


@pytest.mark.parametrize("costs", [np.ones((3, 3)), np.ones(4), np.full((4, 4), np.nan), [["a"]]])
def test_other_costs_are_refused(costs):
    with pytest.raises(InputError, match=r"for 4 classes, of shape \(4, 4\)"):
        least_cost(np.full((2, 4), 0.25), costs)


# Models.


def test_a_model_decides_between_two_labels_as_by_a_threshold(where):
    model = Model(Network([3, 4, 1], seed=1, **where), classes=("no", "yes"), temperature=2.0)
    p = model.forward(X)[:, 0]
    found = model.decide(X, [[0, 1], [4, 0]])
    assert found.tolist() == np.where(p >= cost_threshold(1, 4), "yes", "no").tolist()


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_a_model_and_an_ensemble_decide_between_classes(where, output):
    models = [Model(Network([3, 3], [output], seed=s, **where)) for s in (1, 2)]
    costs = [[0, 1, 5], [1, 0, 1], [9, 1, 0]]
    p = sum(model.forward(X) for model in models)
    p = p / p.sum(axis=1, keepdims=True)
    assert Ensemble(models).decide(X, costs).tolist() == (p @ costs).argmin(axis=1).tolist()
    equal = models[0].decide(X, 1 - np.eye(3))
    assert equal.tolist() == models[0].predict(X).tolist()


def test_several_labels_and_values_have_no_matrix_of_costs():
    network = Network([3, 2], ["sigmoid"])
    network.task = "multilabel"
    for model in (Model(network), Model(Network([3, 1], ["identity"]))):
        with pytest.raises(InputError, match="answers of which one is right"):
            model.decide(X, [[0, 1], [1, 0]])
