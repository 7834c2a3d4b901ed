"""The measurement behind docs/importance.md."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from xl2.cli.bench import _module

importance = importlib.import_module(f"{_module('suite').__package__}.importance")

pytestmark = pytest.mark.host


def test_a_row_has_how_often_noise_matters_and_which_columns_are_found(monkeypatch):
    monkeypatch.setattr(importance, "data_set", easy)
    count, false, found = importance.measure("regression", 150, 2)
    assert count == 2
    assert found[0] == 1.0
    assert 0.0 <= false <= 1.0
    row = importance.row("regression", 150, 200, 0.02, np.array([1.0, 0.5, 0.25, 0.0]))
    assert row == "| regression | 150 | 200 | 2.0 +- 1.0 % | 100, 50, 25, 0 % |"


def easy(task, rows, seed):
    X = np.random.default_rng(seed).normal(size=(rows, importance.COLUMNS))
    return X, 3.0 * X[:, 0]


def test_sets_have_four_columns_that_say_something():
    X, y = importance.data_set("regression", 4000, 0)
    made = np.stack([X[:, 0], X[:, 1] * X[:, 2], X[:, 3]], axis=1)
    assert np.linalg.lstsq(made, y)[0] == pytest.approx([1.0, 1.0, 0.5], abs=0.06)
    assert set(np.unique(importance.data_set("classification", 60, 0)[1])) == {0, 1}
    assert importance.row("regression", 60, *importance.measure("regression", 60, 0)).startswith(
        "|"
    )
