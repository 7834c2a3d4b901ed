"""Class names that a spreadsheet would run as formulas, in the CSV that `xl2 predict` writes."""

import csv

import numpy as np
import pytest

from xl2.cli.cells import safe_cell

pytestmark = pytest.mark.host

FORMULAS = ["=1+1", "=cmd|' /C calc'!A0", "+1+1", "+a", "-1+1", "-a", "@SUM(1)", "@", "=", "--"]
FORMULAS += [
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1+1",
    "+49 171",
    "-1e",
    "1".join("+-"),
    "-_1",
    "-∞",
    "-nan",
]
PLAIN = ["a", "", "1", "+", "-", "-1", "+1.5", "-.5", "-1.", "-1e-5", "+3E+10", "a=1", " =1", "'=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_could_run_is_quoted(text):
    assert safe_cell(text) == f"'{text}"
    assert safe_cell(safe_cell(text)) == f"'{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_other_text_and_numbers_stay_as_they_are(text):
    assert safe_cell(text) == text


@pytest.mark.parametrize(
    ("names", "written", "note"),
    [
        (("=A1", "b"), {"'=A1", "b"}, "1 text begins like a formula and is written"),
        (("@x", "-y"), {"'@x", "'-y"}, "2 texts begin like a formula and are written"),
        (("+", "-"), {"+", "-"}, ""),
        (("-1", "+1"), {"-1", "+1"}, ""),
    ],
)
def test_predictions_have_no_formula(xl2, tmp_path, names, written, note):
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.where(X[:, 0] > 0, *names)
    np.savez(tmp_path / "d.npz", x=X, y=y)
    xl2(
        "train",
        tmp_path / "d.npz",
        "--epochs",
        60,
        "--learning-rate",
        0.02,
        "--out",
        tmp_path / "m",
    )
    code, out, err = xl2("predict", tmp_path / "m", tmp_path / "d.npz")
    assert code == 0
    assert note in err
    assert bool(err) == bool(note)
    assert {row["prediction"] for row in csv.DictReader(out.splitlines())} == written
    code, out, err = xl2("predict", tmp_path / "m", tmp_path / "d.npz", "--out", tmp_path / "p.csv")
    assert (note in err, "accuracy" in out) == (True, True)
    with (tmp_path / "p.csv").open(newline="") as file:
        cells = [row["prediction"] for row in csv.DictReader(file)]
    assert set(cells) == written
    # The accuracy is that of the names themselves.
    right = np.mean([cell.removeprefix("'") == label for cell, label in zip(cells, y, strict=True)])
    assert f"{right:.4f}" in out
