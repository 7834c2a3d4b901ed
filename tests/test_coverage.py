"""The measurement behind docs/coverage.md."""

from __future__ import annotations

import importlib
import runpy
import sys

import numpy as np
import pytest
from scipy.stats import binomtest

from xl2.cli.bench import _module

HOME = f"{_module('suite').__package__}.coverage"
held_out, populations, record, tables, training = (
    importlib.import_module(f"{HOME}.{name}")
    for name in ("held_out", "populations", "record", "tables", "training")
)

pytestmark = pytest.mark.host


@pytest.fixture
def cheap(monkeypatch):
    """Train for one epoch, and judge on small populations."""
    monkeypatch.setattr(training, "EPOCHS", 1)
    for module in (held_out, record.folds):
        monkeypatch.setattr(module, "MANY", 300)
    monkeypatch.setattr(held_out, "NETWORKS", 2)


@pytest.mark.parametrize("name", populations.POPULATIONS)
def test_populations_are_what_they_are_called(name):
    population = populations.POPULATIONS[name]
    X, y = population.draw(np.random.default_rng(0), 20_000)
    assert X.shape == (20_000, populations.FEATURES)
    if population.classes:
        shares = np.bincount(y) / len(y)
        named = {"90 : 10": 0.9, "97 : 3": 0.97, "five classes": 0.2}.get(name, 0.5)
        assert shares[0] == pytest.approx(named, abs=0.02)
        assert len(shares) == population.classes
    else:
        assert 0.7 < y.var() < 1.7


@pytest.mark.usefixtures("cheap")
def test_a_setting_is_measured_once_and_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(record, "HIDDEN", ((), (3,)))
    monkeypatch.setattr(record, "ROWS", {"tests": (20,), "folds": (25,)})
    monkeypatch.setattr(record, "DRAWS", {"tests": 3, "folds": 2})
    monkeypatch.setattr(
        sys, "argv", ["coverage", str(tmp_path), "--populations", "90 : 10,normal errors"]
    )
    capsys.readouterr()
    for measured in (6, 0):
        runpy.run_module(HOME, run_name="__main__")
        lines = capsys.readouterr().out.splitlines()
        assert sum(line.endswith(" s") for line in lines) == measured
    # Two networks, four sizes, three draws of two classifiers and one of two regressions.
    assert "64 test sets, 4 data sets in folds" in lines
    shown = "\n".join(lines)
    for title in ("accuracy", "R2", "90 : 10", "normal errors", "two lambdas differ, R2"):
        assert f"\n| {title} |" in shown
    for table in shown.split("\n\n")[1:]:
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_what_is_covered_and_what_is_false_by_hand():
    one = {
        "setting": {"population": "90 : 10", "hidden": "none", "training": 40},
        "rows": np.array([30.0, 100.0, 300.0, 1000.0]),
        "training": np.full(4, 0.9),
        "score": np.array([0.85, 0.85, 0.79, 0.85]),
        "low": np.array([0.81, 0.86, 0.81, 0.75]),
        "high": np.array([0.89, 0.95, 0.9, 0.9]),
        "p": np.array([0.01, 0.01, 0.2, 0.01]),
        "found": np.array([0.1, -0.1, -0.1, 0.1]),
        "difference": np.array([0.05, 0.05, 0.05, 0.0]),
    }
    assert tables.covered([one], *tables.SCORE).tolist() == [True, False, False, True]
    assert tables.percent(np.array([True, False, False, True]), error=True) == "50.0 +- 25.0"
    # Bias minus gap is 1 - 1.8 + test: above 0 with a test score of more than 0.8.
    said, false = tables._dominates([one])
    assert said.tolist() == [True, True, True, False]
    assert false.tolist() == [False, False, True, False]
    said, false = tables._differ([one])
    assert said.tolist() == [True, True, False, True]
    assert false.tolist() == [False, True, False, True]


def test_two_whose_answers_are_exchanged_are_equally_good(rng):
    better = np.stack([np.ones(4000), np.zeros(4000)])
    first, second = held_out._exchanged(better, rng)
    np.testing.assert_array_equal(first + second, 1.0)
    assert binomtest(int(first.sum()), 4000).pvalue > 0.001
