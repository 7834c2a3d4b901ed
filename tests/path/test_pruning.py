"""`Pruner`, compared with the same rule applied to whole curves."""

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


def train(network, curves, patience, lambdas=None):
    """Pass validation scores (epochs, G, M) to a pruner; return it and the remaining stack."""
    curves = np.asarray(curves, dtype=float)
    groups, members = curves.shape[1:]
    lambdas = list(range(members)) if lambdas is None else lambdas
    pruner, history = Pruner(network, lambdas, patience), History.of((groups, members))
    for epoch, scores in enumerate(curves, start=1):
        left = [lambdas.index(lam) for lam in pruner.lambdas]
        history.diverged[(history.diverged == 0) & np.isnan(scores[:, left])] = epoch
        history.add(loss=np.zeros((groups, len(left))), validation_score=scores[:, left])
        answer = pruner(network, history)
        if answer is not None:
            assert isinstance(answer, Keep)
            history.diverged = history.diverged[:, list(answer.members)]
            network = part_of(network, list(answer.members))
    return pruner, network


def part_of(network, members):
    """Return some members of every group; the first weight has the axes (G, i, M, o)."""
    (weight, bias), *deeper = network.host_parameters()
    first = (weight[:, :, members], bias[:, members])
    network = network.to()
    network.parameters = network._copy_in(
        [first, *((w[:, members], b[:, members]) for w, b in deeper)]
    )
    return network


def last_epochs(curves, patience):
    """Return the epoch after which the rule drops each member, from whole curves."""
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
def test_it_drops_lambdas_by_the_rule(seed, groups, members, patience):
    rng = np.random.default_rng(seed)
    curves = rng.integers(0, 8, (9, groups, members)) / 8.0 + np.arange(members) / 4
    curves[rng.integers(0, 9) :, 0, 0] = rng.choice([NAN, 0.0])
    pruner, network = train(blank(groups, members, backend="numpy"), curves, patience)
    last = last_epochs(curves, patience)
    assert pruner.lambdas == [m for m in range(members) if last[m] == 10]
    assert pruner.lambdas
    assert pruner.trained[:9] == [[m for m in range(members) if last[m] > e] for e in range(9)]
    dropped = sorted(m for _, lambdas in pruner.dropped for m in lambdas)
    assert dropped == [m for m in range(members) if last[m] < 10]
    assert network.stack == (groups, len(pruner.lambdas))


# Equal means, up to rounding, with standard errors of 0 and 0.058.
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
def test_a_lambda_is_dropped_after_patience_if_it_is_behind(patience, best, other, epoch):
    curves = np.tile(np.array([best, other]).T, (8, 1, 1))
    pruner, _ = train(blank(3, 2, backend="numpy"), curves, patience)
    lengths = [len([1 for alive in pruner.trained if m in alive]) for m in range(2)]
    # After the last epoch the pruner knows the members of the next: nine entries for eight epochs.
    assert lengths == [9, epoch or 9]


def test_a_lambda_that_still_improves_is_not_dropped():
    rising = np.linspace(0.1, 0.4, 8)
    curves = np.stack([np.full(8, 0.9), rising], axis=1)[:, None, :]
    pruner, _ = train(blank(1, 2, backend="numpy"), curves, 2)
    assert pruner.lambdas == [0, 1]
    curves[5:, 0, 1] = curves[4, 0, 1]
    pruner, _ = train(blank(1, 2, backend="numpy"), curves, 2)
    assert pruner.lambdas == [0]
    assert pruner.trained == [[0, 1]] * 7 + [[0]] * 2


def test_a_lambda_that_diverged_is_dropped_at_once_and_recorded(where):
    curves = np.full((4, 2, 3), 0.9)
    curves[1:, 1, 1] = NAN
    pruner, _ = train(blank(2, 3, **where), curves, 50, lambdas=[4, 7, 9])
    assert pruner.lambdas == [4, 9]
    assert pruner.trained == [[4, 7, 9], [4, 7, 9], [4, 9], [4, 9], [4, 9]]
    [(lambdas, diverged)] = pruner.diverged
    assert lambdas == [7]
    assert diverged.tolist() == [[0], [2]]


def test_if_all_diverged_none_is_dropped():
    curves = np.full((3, 2, 2), 0.9)
    curves[1:, 0] = NAN
    pruner, _ = train(blank(2, 2, backend="numpy"), curves, 1)
    assert pruner.lambdas == [0, 1]
    assert pruner.dropped == pruner.diverged == []


@pytest.mark.parametrize("validated", [False, True])
def test_without_patience_or_scores_none_is_dropped(validated):
    network, history = blank(1, 2, backend="numpy"), History.of((1, 2))
    pruner = Pruner(network, [0, 1], None if validated else 1)
    for _ in range(5):
        history.add(loss=np.zeros((1, 2)))
        if validated:
            history.add(validation_score=np.array([[0.9, NAN]]))
        assert pruner(network, history) is None
    assert pruner.lambdas == [0, 1]
    assert pruner.trained == [[0, 1]]


def test_dropped_members_have_their_last_parameters(where):
    """Members 1 and 3 are dropped first, then 0."""
    network = blank(2, 4, **where)
    before = [[network.member(g, m) for m in range(4)] for g in range(2)]
    curves = np.full((3, 2, 4), 0.9)
    curves[:, 0, [1, 3]] = NAN
    curves[1:, 1, 0] = NAN
    pruner, left = train(network, curves, 5, lambdas=[10, 11, 12, 13])
    assert [lambdas for _, lambdas in pruner.dropped] == [[11, 13], [10]]
    assert pruner.lambdas == [12]
    for dropped, lambdas in [*pruner.dropped, (left, pruner.lambdas)]:
        assert dropped.stack == (2, len(lambdas))
        for g in range(2):
            for k, lam in enumerate(lambdas):
                mine = dropped.member(g, k).host_parameters()
                its = before[g][lam - 10].host_parameters()
                for (weight, bias), (its_weight, its_bias) in zip(mine, its, strict=True):
                    np.testing.assert_array_equal(weight, its_weight)
                    np.testing.assert_array_equal(bias, its_bias)


def test_as_a_callback_of_fit(where, rng):
    X = rng.normal(size=(12, 2))
    y = (X[:, 0] > 0).astype(int)
    network = blank(2, 3, **where)
    pruner = Pruner(network, [0, 1, 2], 50)
    options = {"epochs": 3, "batch_size": 4, "penalty": [0.0, 1e30, 0.1]}
    history = fit(network, X, y, validation=(X, y), callbacks=[pruner], **options)
    assert network.stack == (2, 2)
    assert [values.shape for values in history.loss] == [(2, 3), (2, 2), (2, 2)]
    assert pruner.trained == [[0, 1, 2], [0, 2], [0, 2], [0, 2]]
    [(lambdas, diverged)] = pruner.diverged
    assert (lambdas, diverged.tolist()) == ([1], [[1], [1]])
    assert [(gone.stack, lambdas) for gone, lambdas in pruner.dropped] == [((2, 1), [1])]
