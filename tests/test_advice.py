"""The measurement behind docs/advice.md."""

from __future__ import annotations

import importlib
import pickle
import re
from dataclasses import replace

import numpy as np
import pytest
from evidence_tools import evidence, right, trial

from xl2.cli.bench import _module
from xl2.diagnosis.actions import Action

HOME = f"{_module('suite').__package__}.advice"
measure, sets, tables = (
    importlib.import_module(f"{HOME}.{name}") for name in ("measure", "sets", "tables")
)

pytestmark = [
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore:Training has not finished"),
]


@pytest.mark.parametrize("name", [n for n in sets.SETS if not n.startswith("MNIST")])
def test_sets_have_twice_the_rows_and_a_test(name):
    source = sets.SETS[name]
    X, y, X_test, y_test = source.split(0)
    assert len(X) == len(y) == source.rows
    assert len(X_test) == len(y_test) >= len(X) + 100
    assert np.isfinite(X).all()
    assert sets.DEVELOPMENT.keys().isdisjoint(sets.APART)


def test_a_split_is_recorded_once_and_shown(tmp_path, monkeypatch):
    own = measure.regularization_path

    def short(*args, **options):
        return own(*args, **options | {"epochs": 4, "hidden": (4,)})

    monkeypatch.setattr(measure, "regularization_path", short)
    assert measure.record(tmp_path, "moons", 0, 100.0)
    assert not measure.record(tmp_path, "moons", 0, 100.0)
    run = pickle.loads((tmp_path / "moons.0.pickle").read_bytes())
    tried = {trial.key for trial in run["evidence"].trials}
    assert tried >= {"wider", "ensemble", "longer", "slower"}
    assert run["done"].keys() >= tried | {"path", "rows"}
    assert {len(run["done"][key]) for key in tried - {"ensemble"} | {"path", "rows"}} == {5}
    assert len(run["done"]["ensemble"]) == 1
    shown = tables.tables(tmp_path, ["moons", "digits"])
    assert shown.count("\n| moons | 1 |") == 1
    assert "**development** (1 runs)" in shown
    assert "kept apart" not in shown
    assert "Usual gains in parts of the error (and their spread): wider " in shown


def test_what_is_usual_by_hand():
    """Eleven runs with 25 % errors: the extreme gains count as the next ones inside."""
    runs = [
        {
            "evidence": evidence(right(3, 4), trials=[trial(right(3, 4))]),
            "done": {"path": [0.75], "wider": [0.75 + gain]},
        }
        for gain in (-0.7, *[0.0, 0.05] * 4, 0.025, 0.2)
    ]
    own = np.array([0.0, *[0.0, 0.2] * 4, 0.1, 0.2])
    assert f"wider {own.mean():+.2f} ({own.std():.2f})." in tables._usual(runs)
    assert tables._promised([]) == "No setting was advised."
    better = [trial(np.ones(200))]
    run = {
        "evidence": evidence(right(150, 200), trials=better),
        "done": {"path": [0.75], "wider": [0.8]},
    }
    assert re.fullmatch(
        r"A setting .* in 1 runs. .* 2\d\.\d\d points, and gained 5\.00\.", tables._promised([run])
    )


def test_the_summary_by_hand():
    done = {"path": [0.8, 0.82], "no penalty": [0.9, 0.7], "wider": [0.83, 0.83], "rows": [0.85]}
    run, wider = {"done": done}, Action("wider", "network", "", 0.0, (0.0, 0.0))
    assert tables._gain(run, wider) == pytest.approx(0.02)
    assert tables._gain(run, wider, tables.ONE) == pytest.approx(0.03)
    assert tables._gain(run, replace(wider, key="penalty", kind="penalty")) == pytest.approx(0.01)
    assert tables._gain(run, None) == 0.0
    assert tables._best(run, False) == pytest.approx(0.02)
    assert tables._best(run, True) == pytest.approx(0.04)
    assert tables._best({"done": {"path": [0.8], "wider": [0.7], "rows": [0.75]}}, True) == 0.0
