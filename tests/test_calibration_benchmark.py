"""The benchmark of calibration, on small sets."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from sklearn.metrics import log_loss

from xl2.cli.bench import _module

HOME = _module("suite").__package__  # the checkout's, or that of the wheel
calibration = importlib.import_module(f"{HOME}.calibration")

pytestmark = pytest.mark.host


def test_a_row_has_the_numbers_of_a_model_on_test_samples():
    split = calibration.SETS["breast_cancer"].split(0)
    numbers, costs = calibration.on_test_samples(split, [0.0], epochs=9)
    named = dict(zip(calibration.PROBABILITIES[:4], numbers[:4], strict=True))
    assert len(numbers) == len(calibration.PROBABILITIES)
    assert len(costs) == len(calibration.COSTS)
    assert named["loss"] > 0.0
    assert numbers[5] <= min(numbers[2:5])  # the best temperature of the test samples
    assert all(0.0 <= cost < 10.0 for cost in costs)


def test_losses_and_costs_by_hand():
    p, y = np.array([[0.2], [0.9]]), np.array([1, 1])
    assert calibration.loss_of("binary", p, y) == pytest.approx(log_loss(y, p[:, 0], labels=[0, 1]))
    assert calibration.cost_of(np.array([False, True]), y) == 5.0
    assert calibration.cost_of(np.array([True, True]), np.array([0, 1])) == 0.5


def test_the_tables_have_a_row_for_each_path(monkeypatch):
    monkeypatch.setattr(calibration, "PATHS", {"grid": [1.0], "no penalty": [0.0]})
    lines = list(calibration.tables(["iris", "breast_cancer"], 1, epochs=5, hidden=(4,)))
    first, second = lines[: lines.index("")], lines[lines.index("") + 1 :]
    assert [line.split("|")[1].strip() for line in first[2:]] == [
        "iris, grid",
        "iris, no penalty",
        "breast_cancer, grid",
        "breast_cancer, no penalty",
    ]
    assert len(second) == 4
    assert {line.count("|") for line in first} == {len(calibration.PROBABILITIES) + 2}
