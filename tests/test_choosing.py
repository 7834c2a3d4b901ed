"""The measurement behind docs/lambda_measured.md."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from scipy.stats import sem

from xl2.cli.bench import _module

HOME = f"{_module('suite').__package__}.choosing"
measure, rules, sets, tables = (
    importlib.import_module(f"{HOME}.{name}") for name in ("measure", "rules", "sets", "tables")
)

pytestmark = [
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore:Training has not finished"),
]

# Of four lambdas in five folds, which differ more than the lambdas do.
SCORES = np.array([
    [0.60, 0.70, 0.80, 0.90, 0.95],
    [0.65, 0.76, 0.83, 0.94, 0.98],
    [0.645, 0.76, 0.83, 0.95, 0.97],
    [0.62, 0.74, 0.80, 0.92, 0.955],
])  # fmt: skip


def test_the_rules_by_hand():
    means = SCORES.mean(axis=1)
    assert means.argmax() == 1
    behind = SCORES[1] - SCORES
    # The last one is within half of the error of the mean, but far behind in every fold.
    assert means[1] - means[3] < 0.5 * sem(SCORES[1])
    assert behind[3].mean() > 2 * sem(behind[3])
    assert 0 < behind[2].mean() < 0.5 * sem(behind[2])
    assert {name: rule(SCORES) for name, rule in rules.RULES.items()} == {
        "minimum": 1,
        "half SE": 3,
        "one SE": 3,
        "half paired SE": 2,
        "paired SE": 2,
    }


@pytest.mark.parametrize("name", ["iris", "digits", "linnerud", "moons", "friedman1"])
def test_splits_are_of_the_size_and_differ(name):
    first, again, second = (sets.SETS[name].split(number) for number in (0, 0, 1))
    assert len(first.X) == len(first.y) == sets.SETS[name].rows
    assert len(first.X_test) == len(first.y_test) >= 10
    np.testing.assert_array_equal(first.X, again.X)
    assert not np.array_equal(first.X, second.X)


def test_a_split_is_recorded_once_and_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ENOUGH", 1)
    strengths = np.array([0.0, 0.01, 1.0])
    for name in ("iris", "diabetes"):
        for kind in ("fine", "default"):
            for expected in (True, False):
                assert measure.record(tmp_path, kind, name, 0, strengths, epochs=2) is expected
    found = np.load(measure.file_of(tmp_path, "fine", "iris", 0))
    np.testing.assert_allclose(found["lambdas"], 75 * strengths)
    assert found["validation_scores"].shape == (3, 5)
    assert found["test_score"].shape == (3,)
    assert found["null"] == pytest.approx(1 / 3)
    text = tables.tables(tmp_path, ["iris", "diabetes", "wine"])
    assert "| iris | 75, 75 | 1 |" in text
    assert "wine" not in text
    assert text.count("paired SE |") == 4
