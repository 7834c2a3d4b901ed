"""The default grid: where a trial places it, and what its lambdas train."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from plain_paths import plain_path
from sklearn import datasets

import xl2.path.grid
from xl2 import InputError
from xl2.path.grid import BEYOND, SPAN, TRIED, edge_of, spaced
from xl2.path.grid import USUAL as LEARNING

# Short paths are enough here.
pytestmark = pytest.mark.filterwarnings("ignore:Training has not finished")

USUAL = BEYOND * LEARNING  # the largest strength of most grids
SHORT = {"hidden": (16, 8), "epochs": 50, "learning_rate": 0.005, "batch_size": 32, "cv": 3}
SHORT |= {"standardize": True, "refit": False, "progress": False}


def digits(rows=240):
    X, y = datasets.load_digits(return_X_y=True)
    return X[:rows], y[:rows]


@pytest.fixture
def no_trial(monkeypatch):
    """Make a trial fail."""

    def fail(*given):
        raise AssertionError("a trial was trained")

    monkeypatch.setattr(xl2.path.grid, "highest_lambda", fail)


# The lambdas.


@pytest.mark.host
@pytest.mark.parametrize(
    ("count", "highest", "expected"),
    [
        (8, 317.0, "0 1 3 7 20 50 100 300"),
        (8, 316.0, "0 0.4 1 3 7 20 50 100"),
        (8, 0.3, "0 0.0005 0.001 0.003 0.008 0.02 0.06 0.15"),
        (2, 100.0, "0 10"),
        (3, 100.0, "0 10 100"),
        (4, 350.0, "0 1 10 100"),
        (7, 100.0, "0 0.3 1 3 10 30 100"),
        (12, 1.0, "0 0.0032 0.0056 0.01 0.018 0.032 0.056 0.1 0.18 0.32 0.56 1"),
    ],
)
def test_some_grids(count, highest, expected):
    assert " ".join(f"{lam:g}" for lam in spaced(count, highest)) == expected


@pytest.mark.host
@given(st.integers(4, 200), st.floats(1e-6, 1e9))
def test_a_grid_has_equal_steps_up_to_the_highest_lambda(count, highest):
    lambdas = spaced(count, highest)
    assert len(lambdas) == count
    assert lambdas[0] == 0.0
    assert lambdas == sorted(set(lambdas))
    assert all(float(f"{lam:g}") == lam for lam in lambdas)
    # Before they are rounded, they are whole steps from 1, up to the highest.
    steps = max(1.0, (count - 2) / math.log10(SPAN))
    top = round(steps * math.log10(lambdas[-1]))
    assert 10 ** (top / steps) <= highest * (1 + 1e-6)
    assert 10 ** ((top + 1) / steps) > highest * (1 - 1e-6)
    exact = 10 ** ((top - np.arange(count - 1)[::-1]) / steps)
    rounding = 0.2 if steps <= 3 else 0.05 if steps <= 20 else 1e-5
    np.testing.assert_allclose(lambdas[1:], exact, rtol=rounding)


# The edge.


def scores(learning, null=0.2, top=0.8):
    """Return scores of TRIED: those of the first few strengths are `top`, others the null's."""
    return np.where(np.arange(len(TRIED)) < learning, top, null)


@pytest.mark.host
@pytest.mark.parametrize("learning", range(2, len(TRIED)))
def test_the_edge_is_between_the_strengths_that_learn_and_those_that_do_not(learning):
    edge = edge_of(scores(learning), 0.2)
    # A fifth of the gain lies four fifths of the way between the two, on a logarithmic scale.
    assert edge == pytest.approx(TRIED[learning - 1] ** 0.2 * TRIED[learning] ** 0.8)


@pytest.mark.host
@given(st.floats(0.0, 1.0), st.integers(2, len(TRIED) - 2))
def test_the_edge_is_where_a_fifth_of_the_gain_is_left(part, learning):
    found = scores(learning + 1)
    found[learning] = 0.2 + 0.6 * part
    gains = np.interp(np.linspace(0, len(TRIED) - 1, 10_001), range(len(TRIED)), found) - 0.2
    assume(abs(part - 0.2) > 0.01)
    place = np.flatnonzero(gains >= 0.6 * 0.2)[-1] * (len(TRIED) - 1) / 10_000
    at = np.interp(place, range(1, len(TRIED)), np.log(TRIED[1:]))
    assert math.log(edge_of(found, 0.2)) == pytest.approx(at, abs=0.01)


@pytest.mark.host
@pytest.mark.parametrize("bump", [5, 6, 8, 9])
def test_a_single_strength_that_scores_by_chance_is_not_the_edge(bump):
    found = scores(4)
    found[bump] = 0.35
    assert edge_of(found, 0.2) == edge_of(scores(4), 0.2)


@pytest.mark.host
def test_the_edge_may_be_below_all_strengths():
    assert edge_of(scores(1), 0.2) == TRIED[1]


@pytest.mark.host
@pytest.mark.parametrize(
    "found",
    [
        # Without a penalty nothing, little, or less than by the null model has been learnt,
        scores(0),
        scores(3, top=0.27),
        scores(3, top=0.1),
        np.full(len(TRIED), np.nan),
        # or the strongest penalty has not yet had an effect.
        scores(len(TRIED)),
    ],
)
def test_there_is_no_edge_after_too_short_a_trial(found):
    assert edge_of(found, 0.2) is None


@pytest.mark.host
@pytest.mark.parametrize("bad", [np.nan, -1e300])
def test_a_network_that_diverged_has_not_learnt(bad):
    found = scores(5)
    found[5:] = bad
    assert edge_of(found, 0.2) == edge_of(scores(5), 0.2)


# The trial.


@pytest.mark.host
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes"])
def test_all_lambdas_but_one_train_something_better_than_the_null_model(name):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    options = {"scoring": "accuracy"} if name != "diabetes" else {"task": "regression"}
    path = plain_path(X[::3], y[::3], **SHORT, **options)
    assert len(path.lambdas_) == 8
    assert (path.validation_means_ > path.null_score_ + 0.02).sum() >= 7


@pytest.mark.host
def test_the_penalty_matters_over_the_whole_grid():
    X, y = digits()
    path = plain_path(X, y, **SHORT)
    assert 0.5 * USUAL * 160 < path.lambdas_[-1] <= 1.1 * USUAL * 160
    losses = path.curves_["loss"][-1].mean(axis=(1, 2))
    # The smallest lambda changes little, the largest much.
    assert losses[1] < losses[0] + 0.05
    assert losses[-1] > losses[0] + 0.5


@pytest.mark.host
@pytest.mark.parametrize(("factor", "moved"), [(16.0, 1), (0.01, -1)])
def test_samples_in_other_units_move_the_grid(factor, moved):
    X, y = digits()
    options = {**SHORT, "standardize": False, "epochs": 100, "scoring": "accuracy"}
    path = plain_path(factor * X, y, **options)
    usual = spaced(8, USUAL * 160)
    assert np.sign(path.lambdas_[-1] - usual[-1]) == moved
    assert (path.validation_means_ > path.null_score_ + 0.02).sum() >= 7
    # It was worth it.
    other = plain_path(factor * X, y, usual, **options)
    assert path.validation_means_.max() >= other.validation_means_.max()
    assert path.validation_means_.mean() > other.validation_means_.mean()


@pytest.mark.one_on_jax
def test_every_backend_places_the_same_grid(where):
    X, y = digits(120)
    options = {**SHORT, "standardize": False, "hidden": (8,), "epochs": 15, "cv": 2}
    options |= {"learning_rate": 0.05, "batch_size": 16}
    path = plain_path(0.01 * X, y, 3, **options, **where)
    # Below the usual ones, which are 0, 1 and 10.
    assert path.lambdas_.tolist() == [0.0, 0.1, 1.0]


@pytest.mark.host
def test_lambda_counts_beside_the_samples_or_those_of_a_batch():
    X, y = digits()
    options = {**SHORT, "epochs": 1}  # too short a trial: the usual strengths
    for more, unit in [
        ({}, 160),
        ({"sample_weight": np.full(len(y), 3.0)}, 480),
        ({"per": 7}, 7),
        ({"per": "batch"}, 32),
        ({"per": "batch", "batch_size": 1000}, 160),
        ({"sample_weight": np.full(len(y), 3.0), "per": "batch"}, 96),
    ]:
        path = plain_path(X, y, **{**options, **more})
        assert path.lambdas_.tolist() == spaced(8, USUAL * unit)


@pytest.mark.host
def test_the_null_model_of_a_trial_counts_the_weights(monkeypatch):
    nulls = []
    monkeypatch.setattr(xl2.path.grid, "edge_of", lambda scores, null: nulls.append(null))
    X = np.arange(40.0)[:, None]
    y = np.repeat(["a", "b", "c", "c"], 10)
    options = {**SHORT, "cv": [(np.arange(0, 40, 2), np.arange(1, 40, 2))], "epochs": 1}
    plain_path(X, y, **options)
    plain_path(X, y, **options, sample_weight=np.where(y == "b", 4.0, 1.0))
    # Of 0 and 1 in equal numbers R2 is exactly 0.
    plain_path(X, np.arange(40.0) // 2 % 2, **options, task="regression")
    assert nulls == [0.5, pytest.approx(4 / 7), 0.0]


@pytest.mark.host
def test_a_path_may_have_validation_samples_patience_dropout_and_seeds():
    X, y = digits()
    options = {**SHORT, "cv": None, "validation": (X[200:], y[200:]), "epochs": 10}
    path = plain_path(X[:200], y[:200], 4, **options, patience=2, dropout=0.1, seed=[0, 1])
    assert path.lambdas_.tolist() == [0.0, 0.1, 1.0, 10.0]
    assert path.n_seeds_ == 2


@pytest.mark.host
def test_lambdas_with_which_the_trial_diverges_are_above_the_edge():
    X, y = digits()
    # Plain descent diverges if the learning rate times the strength exceeds 2.
    options = {**SHORT, "optimizer": "sgd", "learning_rate": 0.1, "batch_size": 16}
    path = plain_path(X, y, **options)
    assert not path.diverged_.any()
    assert path.lambdas_[-1] <= 1.1 * USUAL * 160


@pytest.mark.host
def test_a_trial_changes_nothing_in_the_path():
    X, y = digits()
    options = {**SHORT, "epochs": 5, "refit": "best"}
    placed = plain_path(X, y, **options)
    given = plain_path(X, y, placed.lambdas_, **options)
    for name, values in placed.curves_.items():
        np.testing.assert_array_equal(values, given.curves_[name])
    X_test = digits(300)[0][240:]
    forward = [path.best_model_.forward(X_test) for path in (placed, given)]
    np.testing.assert_array_equal(*forward)


@pytest.mark.host
@pytest.mark.parametrize("lambdas", [[0.0, 1e6], [3.0], 1])
def test_given_lambdas_and_a_single_one_need_no_trial(lambdas, no_trial):
    X, y = digits(60)
    path = plain_path(X, y, lambdas, **{**SHORT, "epochs": 1})
    assert path.lambdas_.tolist() == ([0.0] if lambdas == 1 else lambdas)


@pytest.mark.host
def test_refit_takes_lambdas_of_the_placed_grid():
    X, y = digits(60)
    options = {**SHORT, "epochs": 1}
    lambdas = plain_path(X, y, 3, **options).lambdas_.tolist()
    path = plain_path(X, y, 3, **{**options, "refit": lambdas[1:2]})
    assert list(path.models_) == lambdas[1:2]
    with pytest.raises(InputError, match="a list of lambdas of the path"):
        plain_path(X, y, 3, **{**options, "refit": [12345.0]})


# Checkpoints.


@pytest.mark.host
def test_a_resumed_path_keeps_its_lambdas(tmp_path, monkeypatch, no_trial):
    X, y = digits(60)
    options = {**SHORT, "epochs": 2, "checkpoint": tmp_path / "p"}
    monkeypatch.setattr(xl2.path.grid, "highest_lambda", lambda *given: 70.0)
    path = plain_path(X, y, **options)
    # Rounding may place the edge elsewhere on another machine.
    monkeypatch.setattr(xl2.path.grid, "highest_lambda", lambda *given: 3.0)
    again = plain_path(X, y, **options, resume=True)
    assert again.lambdas_.tolist() == path.lambdas_.tolist() == spaced(8, 70.0)
    with pytest.raises(InputError, match="another regularisation path"):
        plain_path(X, y, 4, **options, resume=True)


@pytest.mark.host
def test_given_lambdas_are_not_resumed_as_a_grid(tmp_path):
    X, y = digits(60)
    options = {**SHORT, "epochs": 2, "checkpoint": tmp_path / "p"}
    plain_path(X, y, [0, 7.0], **options)
    with pytest.raises(InputError, match="another regularisation path"):
        plain_path(X, y, 2, **options, resume=True)
