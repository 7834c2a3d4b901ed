"""Dropping lambdas without prospects, against the rule applied to whole curves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import sem

from xl2 import Network, fit
from xl2.path.pruning import Pruner
from xl2.training.history import History
from xl2.training.loop import Keep

NAN = math.nan


def train(network, curves, patience, names=None):
    """Let a watch see the scores (epochs, G, M) of a training that goes by its word."""
    curves = np.asarray(curves, dtype=float)
    groups, members = curves.shape[1:]
    names = list(range(members)) if names is None else names
    watch, history = Pruner(names, patience), History.of((groups, members))
    for epoch, scores in enumerate(curves, start=1):
        left = [names.index(place) for place in watch.lambdas]
        history.diverged[(history.diverged == 0) & np.isnan(scores[:, left])] = epoch
        history.add(loss=np.zeros((groups, len(left))), validation_score=scores[:, left])
        said = watch(network, history)
        if said is not None:
            assert isinstance(said, Keep)
            history.diverged = history.diverged[:, list(said.members)]
            network = taken(network, list(said.members))
    return watch, network


def taken(network, places):
    """Return some members of every group; the first weight lies as (G, i, M, o)."""
    (weight, bias), *deeper = network.host_parameters()
    first = (weight[:, :, places], bias[:, places])
    network = network.to()
    network.parameters = network._copy_in(
        [first, *((w[:, places], b[:, places]) for w, b in deeper)]
    )
    return network


def last_epochs(curves, patience):
    """Return the epoch after which the rule drops each member; by whole curves, all at once."""
    means = curves.mean(axis=1)
    epochs, members = means.shape
    last = [epochs + 1] * members  # to the end, unless it is dropped
    for e in range(epochs):
        alive = [m for m in range(members) if last[m] > e]
        top = max(alive, key=lambda m: -math.inf if math.isnan(means[e, m]) else means[e, m])
        if math.isnan(means[e, top]):
            continue
        error = sem(curves[e, :, top]) if curves.shape[1] > 1 else 0.0
        for m in alive:
            stale = e - np.argmax(means[: e + 1, m]) >= patience
            if math.isnan(means[e, m]) or (stale and means[e, top] - means[e, m] > error + 1e-9):
                last[m] = e + 1
    return last


def blank(groups, members, **where):
    return Network([2, 3, 1], stack=(groups, members), seed=list(range(groups)), **where)


@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4))
def test_it_drops_by_the_rule(seed, groups, members, patience):
    rng = np.random.default_rng(seed)
    curves = rng.integers(0, 8, (9, groups, members)) / 8.0 + np.arange(members) / 4
    curves[rng.integers(0, 9) :, 0, 0] = rng.choice([NAN, 0.0])
    watch, network = train(blank(groups, members, backend="numpy"), curves, patience)
    last = last_epochs(curves, patience)
    assert watch.lambdas == [m for m in range(members) if last[m] == 10]
    assert watch.lambdas
    assert watch.trained[:9] == [[m for m in range(members) if last[m] > e] for e in range(9)]
    dropped = sorted(m for _, names in watch.dropped for m in names)
    assert dropped == [m for m in range(members) if last[m] < 10]
    assert network.stack == (groups, len(watch.lambdas))


# The same mean but for rounding, with standard errors of 0 and 0.058.
LEVEL = [[0.8, 0.8, 0.8], [0.7, 0.8, 0.9]]


@pytest.mark.parametrize(
    ("patience", "best", "other", "epoch"),
    [
        (1, LEVEL[0], [0.5, 0.5, 0.5], 2),
        (3, LEVEL[0], [0.5, 0.5, 0.5], 4),
        (3, LEVEL[1], [0.73, 0.73, 0.73], 4),
        (3, LEVEL[1], [0.75, 0.75, 0.75], None),
        (3, LEVEL[0], [0.79, 0.79, 0.79], 4),
        (3, LEVEL[0], LEVEL[1], None),
        (3, LEVEL[1], LEVEL[0], None),
    ],
)
def test_it_waits_for_patience_and_for_a_difference(patience, best, other, epoch):
    curves = np.tile(np.array([best, other]).T, (8, 1, 1))
    watch, _ = train(blank(3, 2, backend="numpy"), curves, patience)
    lengths = [len([1 for alive in watch.trained if m in alive]) for m in range(2)]
    # After the last epoch it has said who would go on: nine entries for eight epochs.
    assert lengths == [9, epoch or 9]


def test_one_that_still_rises_is_kept_however_far_below():
    rising = np.linspace(0.1, 0.4, 8)
    curves = np.stack([np.full(8, 0.9), rising], axis=1)[:, None, :]
    watch, _ = train(blank(1, 2, backend="numpy"), curves, 2)
    assert watch.lambdas == [0, 1]
    curves[5:, 0, 1] = curves[4, 0, 1]
    watch, _ = train(blank(1, 2, backend="numpy"), curves, 2)
    assert watch.lambdas == [0]
    assert watch.trained == [[0, 1]] * 7 + [[0]] * 2


def test_a_diverged_one_goes_at_once_and_is_written_down(where):
    curves = np.full((4, 2, 3), 0.9)
    curves[1:, 1, 1] = NAN
    watch, _ = train(blank(2, 3, **where), curves, 50, names=[4, 7, 9])
    assert watch.lambdas == [4, 9]
    assert watch.trained == [[4, 7, 9], [4, 7, 9], [4, 9], [4, 9], [4, 9]]
    [(names, diverged)] = watch.diverged
    assert names == [7]
    assert diverged.tolist() == [[0], [2]]


def test_where_all_have_diverged_none_is_dropped():
    curves = np.full((3, 2, 2), 0.9)
    curves[1:, 0] = NAN
    watch, _ = train(blank(2, 2, backend="numpy"), curves, 1)
    assert watch.lambdas == [0, 1]
    assert watch.dropped == watch.diverged == []


@pytest.mark.parametrize("judged", [False, True])
def test_without_patience_or_scores_none_is_dropped(judged):
    watch, history = Pruner([0, 1], None if judged else 1), History.of((1, 2))
    for _ in range(5):
        history.add(loss=np.zeros((1, 2)))
        if judged:
            history.add(validation_score=np.array([[0.9, NAN]]))
        assert watch(blank(1, 2, backend="numpy"), history) is None
    assert watch.lambdas == [0, 1]
    assert watch.trained == [[0, 1]]


def test_those_dropped_keep_the_parameters_they_had(where):
    """Of groups, members and layers, in two steps: first 1 and 3, then 0."""
    network = blank(2, 4, **where)
    before = [[network.member(g, m) for m in range(4)] for g in range(2)]
    curves = np.full((3, 2, 4), 0.9)
    curves[:, 0, [1, 3]] = NAN
    curves[1:, 1, 0] = NAN
    watch, left = train(network, curves, 5, names=[10, 11, 12, 13])
    assert [names for _, names in watch.dropped] == [[11, 13], [10]]
    assert watch.lambdas == [12]
    for dropped, names in [*watch.dropped, (left, watch.lambdas)]:
        assert dropped.stack == (2, len(names))
        for g in range(2):
            for k, name in enumerate(names):
                mine = dropped.member(g, k).host_parameters()
                its = before[g][name - 10].host_parameters()
                for (weight, bias), (its_weight, its_bias) in zip(mine, its, strict=True):
                    np.testing.assert_array_equal(weight, its_weight)
                    np.testing.assert_array_equal(bias, its_bias)


def test_a_fit_goes_by_it(where, rng):
    X = rng.normal(size=(12, 2))
    y = (X[:, 0] > 0).astype(int)
    network, watch = blank(2, 3, **where), Pruner([0, 1, 2], 50)
    options = {"epochs": 3, "batch_size": 4, "penalty": [0.0, 1e30, 0.1]}
    history = fit(network, X, y, validation=(X, y), callbacks=[watch], **options)
    assert network.stack == (2, 2)
    assert [values.shape for values in history.loss] == [(2, 3), (2, 2), (2, 2)]
    assert watch.trained == [[0, 1, 2], [0, 2], [0, 2], [0, 2]]
    [(names, diverged)] = watch.diverged
    assert (names, diverged.tolist()) == ([1], [[1], [1]])
    assert [(gone.stack, places) for gone, places in watch.dropped] == [((2, 1), [1])]
