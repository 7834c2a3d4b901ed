"""Which columns matter, on the command line: printed, as JSON, and in the report."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

QUICK = ("--epochs", 30, "--cv", 3, "--hidden", "8", "--lambdas", "0,3", "--learning-rate", 0.03,
         "--backend", "numpy", "--budget", 50)  # fmt: skip
COLUMNS = ["weight of the whole animal", "colour", "a", "b"]


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Write a table whose label depends on its first two columns."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        rng.normal(size=(300, 3)), columns=["weight of the whole animal", "a", "b"]
    )
    frame.insert(1, "colour", rng.choice(["red", "green", "blue"], 300))
    odds = 2.0 * frame[COLUMNS[0]] + np.where(frame["colour"] == "red", 2.0, -1.0)
    frame["label"] = np.where(odds + 0.3 * rng.normal(size=300) > 0, "yes", "no")
    frame.to_csv("t.csv", index=False)
    return "t.csv"


def rows(out):
    """Return the columns of the table and whether each may be chance."""
    lines = out[out.index("column, shuffled") :].split("\n\n")[0].splitlines()[1:]
    return {next(c for c in COLUMNS if line.startswith(c)): "chance" in line for line in lines}


def test_path_and_diagnose_print_the_same_table(xl2, table):
    code, out, err = xl2("path", table, *QUICK, "--out", "m", "--report", "r.html")
    assert (code, err) == (0, "")
    assert rows(out) == {COLUMNS[0]: False, "colour": False, "a": True, "b": True}
    words = " ".join(out.split())
    assert (
        f"What matters most: shuffled in the validation samples of 3 folds, '{COLUMNS[0]}'" in words
    )
    assert "The cost of 2 columns cannot be told from chance (at 5 %, for all columns" in words
    assert max(map(len, out.splitlines())) <= 80
    code, again, err = xl2("diagnose", "m", table)
    assert (code, err) == (0, "")
    start = out.index("What matters most")
    assert again[again.index("What matters most") :].strip() in out[start:]
    page = Path("r.html").read_text(encoding="utf-8")
    assert '<h2 id="matters">What matters</h2>' in page
    assert "Partial dependence" in page


def test_json_has_the_numbers(xl2, table):
    _, out, _ = xl2("path", table, *QUICK, "--out", "m", "--json")
    found = json.loads(out)
    assert [one["name"] for one in found["importance"]["columns"]][:2] == COLUMNS[:2]
    assert found["importance"]["columns"][0]["p_value"] < 0.05
    assert found["what_matters"][0].startswith("What matters most")
    _, again, _ = xl2("diagnose", "m", table, "--json")
    assert json.loads(again)["importance"] == found["importance"]


def test_another_model_is_asked_on_its_test_samples(xl2, table):
    xl2("train", table, *QUICK[:2], *QUICK[4:6], *QUICK[8:10], "--out", "m")
    _, out, _ = xl2("diagnose", "m", table)
    assert rows(out)[COLUMNS[0]] is False
    assert "shuffled in 60 held-out samples" in " ".join(out.split())
    assert "standard deviations over 25 shuffles" in " ".join(out.split())


def test_without_experiments_the_test_samples_tell(xl2, table):
    _, out, _ = xl2("path", table, *QUICK, "--no-experiments")
    assert rows(out)[COLUMNS[0]] is False
    assert "shuffled in 60 held-out samples" in " ".join(out.split())
