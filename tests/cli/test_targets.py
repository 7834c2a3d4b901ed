"""Amounts, indicators and labels in another form, through the commands: right, and said."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from safetensors import safe_open

pytestmark = pytest.mark.host

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
SMALL = ["--epochs", 40, "--hidden", 8, "--learning-rate", 0.02]
PATH = [*SMALL, "--cv", 2, "--lambdas", "0,1", "--no-experiments", "--json"]
AMOUNTS = {
    "ages": (40 + 14 * X[:, 0] + RNG.normal(size=120)).astype(int),
    "counts": RNG.poisson(np.exp(2.6 + X[:, 0] / 2)),
    "floats": np.round(100 * X[:, 1] / 4),
}


def saved(folder, y, name="d.npz", samples=X):
    np.savez(folder / name, x=samples, y=y)
    return folder / name


def flat(text):
    return " ".join(text.split())


@pytest.mark.parametrize("name", AMOUNTS)
def test_amounts_are_a_regression_and_said(xl2, tmp_path, name):
    data, model = saved(tmp_path, AMOUNTS[name]), tmp_path / "m"
    code, out, err = xl2("train", data, *SMALL, "--out", model)
    assert (code, err) == (0, "")
    assert "3-8-1, relu, identity" in out
    assert "taken as amounts: a regression; for classes pass --task classification." in flat(out)
    assert xl2("predict", model, data)[1].startswith("prediction\n")
    code, out, _ = xl2("path", data, *PATH)
    assert code == 0
    found = json.loads(out)
    assert found["task"] == "regression"
    assert sum("taken as amounts" in note for note in found["notes"]) == 1
    code, out, _ = xl2("train", data, *SMALL, "--task", "regression")
    assert "taken as" not in out


def test_few_numbers_with_gaps_are_classes_and_said(xl2, tmp_path):
    for values in ([1, 2, 5], [10, 20, 30], [-1, 0, 1]):
        y = np.take(values, np.digitize(X[:, 0], [-0.5, 0.5]))
        code, out, err = xl2("train", saved(tmp_path, y), *SMALL)
        assert (code, err) == (0, "")
        said = f"from {min(values)} to {max(values)}, taken as classes; for amounts pass --task reg"
        assert said in flat(out)


def test_sparse_codes_are_refused_until_the_task_is_given(xl2, tmp_path):
    for y in (
        np.repeat(RNG.integers(1000, 99999, 24), 5),
        np.repeat(RNG.integers(0, 10**6, 30), 4).astype(float),
        RNG.integers(50, 900, 120) * 1000,
    ):
        data = saved(tmp_path, y)
        for command in ("path", "train"):
            code, out, err = xl2(command, data, *(PATH if command == "path" else SMALL))
            assert (code, out) == (2, "")
            assert "Pass --task classification, or for amounts pass --task regression." in err
        assert xl2("train", data, *SMALL, "--task", "regression")[0] == 0


@pytest.mark.parametrize("kind", [int, float, bool])
def test_one_hot_columns_are_classes_and_said(xl2, tmp_path, kind):
    numbers = np.digitize(X[:, 0], [-0.5, 0.5])
    data, model = saved(tmp_path, np.eye(3)[numbers].astype(kind)), tmp_path / "m"
    plain = saved(tmp_path, numbers, "plain.npz")
    code, out, err = xl2("train", data, *SMALL, "--out", model)
    assert (code, err) == (0, "")
    assert "a single 1 in its 3 columns, taken as classes 0 to 2" in flat(out)
    table = out.partition("\n\n")[2].partition("\n\n")[0]
    # As with class numbers, split and all.
    assert table == xl2("train", plain, *SMALL)[1].partition("\n\n")[2].rstrip("\n")
    for other in (data, plain):
        _, out, _ = xl2("predict", model, other, "--out", tmp_path / "p.csv")
        with (tmp_path / "p.csv").open(newline="") as file:
            found = [int(row["prediction"]) for row in csv.DictReader(file)]
        assert f"{np.mean(found == numbers):.4f} (120 rows," in flat(out)
        code, out, _ = xl2("diagnose", model, other, "--json")
        assert json.loads(out)["task"] == "classification"


@pytest.mark.parametrize("labels", [2, 3, 5])
def test_columns_of_0_and_1_are_several_labels_end_to_end(xl2, tmp_path, labels):
    y = (X @ np.random.default_rng(labels).normal(size=(3, labels)) > 0).astype(int)
    data, model = saved(tmp_path, y), tmp_path / "m"
    code, out, err = xl2("path", data, *PATH, "--out", model)
    assert (code, err) == (0, "")
    said = f"taken as {labels} labels that a sample has or has not; for values pass --task regr"
    assert any(said in note for note in json.loads(out)["notes"])
    with safe_open(model, "numpy") as file:
        assert "multilabel" in str(file.metadata())
    code, out, err = xl2("predict", model, data, "--out", tmp_path / "p.csv")
    assert code == 0
    table = np.genfromtxt(tmp_path / "p.csv", delimiter=",", names=True)
    names = [f"prediction_{k + 1}" for k in range(labels)]
    assert table.dtype.names == (*names, *(f"probability_{k + 1}" for k in range(labels)))
    predicted = np.stack([table[name] for name in names], axis=1)
    chances = np.stack([table[f"probability_{k + 1}"] for k in range(labels)], axis=1)
    np.testing.assert_array_equal(predicted, chances > 0.5)
    assert f"{(predicted == y).all(axis=1).mean():.4f}" in out
    code, out, err = xl2("diagnose", model, data, "--json")
    assert (code, json.loads(out)["task"]) == (0, "classification")
    code, out, err = xl2("train", data, *SMALL, "--task", "multilabel")
    assert (code, err) == (0, "")
    assert "taken as" not in out
    assert f"3-8-{labels}, relu, sigmoid" in out


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (["1", "2", "A"], None),
        ([1, 2, 3], str),
        ([1, 2, 3], float),
        ([0, 1, 2], "one-hot"),
    ],
)
def test_a_test_file_has_the_labels_of_training_in_another_form(xl2, tmp_path, train, test):
    numbers = np.digitize(X[:, 0], [-0.5, 0.5])
    y = np.take(train, numbers)
    new = RNG.normal(size=(40, 3))
    other = np.digitize(new[:, 0], [-0.5, 0.5])
    if test is None:  # only the labels that look like numbers
        new, other = new[other < 2], other[other < 2]
        given = other + 1
    else:
        given = np.eye(3)[other] if test == "one-hot" else np.take(train, other).astype(test)
    data = saved(tmp_path, y)
    same = saved(tmp_path, np.take(train, other), "same.npz", new)
    differs = saved(tmp_path, given, "differs.npz", new)
    tables = []
    for file in (same, differs):
        code, out, err = xl2("train", data, *SMALL, "--test", file, "--out", tmp_path / "m")
        assert (code, err) == (0, "")
        tables.append(out.partition("\n\n")[2])
        predicted = xl2("predict", tmp_path / "m", file, "--out", tmp_path / "p.csv")[1]
        tables.append(flat(predicted).partition(" (")[0].rpartition(" ")[2])
        assert "labels that no training sample has" not in predicted
        code, out, _ = xl2("diagnose", tmp_path / "m", data, "--test", file, "--json")
        tables.append(json.loads(out)["test_score"])
    assert tables[:3] == tables[3:]
    assert tables[2] > 0.5


@pytest.mark.parametrize(
    ("y", "kind", "said"),
    [
        (AMOUNTS["ages"], "target: values", "taken as amounts: a regression; for classes pass"),
        (np.eye(3)[np.arange(120) % 3], "target: classes", "taken as classes 0 to 2; for values"),
        ((X > 0).astype(int), "target: labels", "taken as 3 labels that a sample has or has not"),
        (np.arange(120) * 1000, "target: unclear", "Warning: The target has 120 different whole"),
        (np.arange(120) % 2, "target: classes", ""),
    ],
)
def test_inspect_says_what_the_target_is_taken_for(xl2, tmp_path, y, kind, said):
    code, out, err = xl2("inspect", saved(tmp_path, y))
    assert (code, err) == (0, "")
    assert kind in out
    assert said in flat(out)
    assert bool(said) == ("target has" in flat(out) or "row of the target" in flat(out))
