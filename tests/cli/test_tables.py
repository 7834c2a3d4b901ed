"""Tables as people have them, through the command line: the numbers of data cleaned by hand."""

from __future__ import annotations

import csv
import re

import numpy as np
import pandas as pd
import pytest
from plain_paths import plain_path

import xl2 as package
from xl2.data import load_data
from xl2.data.splitting import split_rows

QUICK = (
    "--preset",
    "plain",
    "--hidden",
    8,
    "--epochs",
    15,
    "--lambdas",
    "0,3",
    "--cv",
    3,
    "--no-experiments",
)


def patients(rows=240, seed=0):
    """Return a frame with numbers, gaps and texts, and yes or no."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 9, rows).round(1),
            "income": rng.lognormal(10, 0.5, rows).round(2),
            "colour": rng.choice(["red", "blue", "green"], rows),
            "sex": rng.choice(["f", "m"], rows),
        }
    )
    signal = (frame["age"] - 40) / 9 + 1.5 * (frame["colour"] == "red") - (frame["sex"] == "f")
    frame["label"] = np.where(signal + rng.normal(0, 0.5, rows) > 0, "yes", "no")
    frame.loc[rng.choice(rows, rows // 10, replace=False), "age"] = np.nan
    frame.loc[rng.choice(rows, rows // 12, replace=False), "colour"] = None
    return frame


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def predictions(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def words(out):
    return " ".join(out.split())


def cleaned(frame, like):
    """Return inputs as one cleans a frame by hand, with what `like` has taught."""
    age, missing = frame["age"].fillna(like["age"].median()), frame["age"].isna()
    numbers = pd.DataFrame({"age": age, "income": frame["income"]})
    known = pd.DataFrame(
        {"age": like["age"].fillna(like["age"].median()), "income": like["income"]}
    )
    numbers = (numbers - known.mean()) / known.std(ddof=0)
    colours = frame["colour"].fillna("~missing")
    texts = pd.concat([colours, frame["sex"]], axis=1).astype(str)
    return pd.concat([numbers, missing.rename("age missing"), pd.get_dummies(texts)], axis=1)


def test_a_spreadsheet_of_everything_needs_no_option_and_gives_the_numbers_of_hand_cleaning(
    xl2, folder
):
    frame = patients()
    known, new = frame[:200], frame[200:]
    known.to_csv("patients.csv", sep=";", decimal=",")
    other_order = new[["sex", "income", "colour", "age"]].assign(extra=1)
    other_order.to_csv("new.csv", sep=";", decimal=",")
    code, out, err = xl2("path", "patients.csv", *QUICK, "--out", "m")
    assert (code, err) == (0, "")
    for said in (
        "separated by semicolons",
        "decimals have a comma",
        "numbers the rows",
        "Categories, each an input of 0 and 1: 'colour', 'sex'.",
        "Missing values",
    ):
        assert said in words(out)
    assert max(map(len, out.splitlines())) <= 80
    code, out, err = xl2("predict", "m", "new.csv", "--out", "p.csv")
    assert (code, err) == (0, "")
    assert "'extra'" in out
    found = predictions(folder / "p.csv")

    rows, _ = split_rows(known["label"].to_numpy(dtype=str), 0.2, 0, True)
    training = known.iloc[rows]
    X = cleaned(training, training).to_numpy(dtype="float64")
    lam = float(package.load("m").tried["lam"])
    path = plain_path(X, training["label"].to_numpy(dtype=str), [lam], cv=3, hidden=(8,), epochs=15)
    expected = path.best_model_.forward(cleaned(new, training).to_numpy(dtype="float64"))[:, 0]
    assert [row["prediction"] for row in found] == np.where(expected > 0.5, "yes", "no").tolist()
    sure = np.maximum(expected, 1 - expected)
    np.testing.assert_allclose([float(row["probability"]) for row in found], sure, atol=2e-5)


@pytest.mark.parametrize("command", ["path", "train"])
@pytest.mark.parametrize(
    "options",
    [{"sep": ";", "decimal": ","}, {"sep": "\t"}, {"sep": "|", "encoding": "utf-16"}],
    ids=["semicolons", "tabs", "bars"],
)
def test_all_commands_read_a_table_alike(xl2, folder, command, options):
    frame = patients().set_axis([f"row {i}" for i in range(240)])
    frame.to_csv("a.csv", **options)
    frame.to_csv("plain.csv")
    quick = QUICK if command == "path" else ("--hidden", 8, "--epochs", 15)
    texts = []
    for name in ("a", "plain"):
        code, out, _ = xl2(command, f"{name}.csv", *quick, "--out", name)
        assert code == 0
        assert "patients" not in out
        for other in ("a.csv", "plain.csv"):
            code, out, _ = xl2("predict", name, other, "--out", "p.csv")
            assert code == 0
            texts.append((folder / "p.csv").read_text())
            code, out, _ = xl2("diagnose", name, other)
            assert code == 0
            assert re.search(r"48 samples$", out, re.M)
    assert len(set(texts)) == 1


def test_inspect_says_what_was_understood(xl2, folder):
    frame = patients(60)
    frame["when"] = "2024-01-05"
    frame.to_csv("a.csv", sep=";")
    code, out, err = xl2("inspect", "a.csv", "--target", "label")
    assert code == 2
    assert "'when' has dates" in words(err)
    assert "--dates when" in words(err)
    code, out, err = xl2("inspect", "a.csv", "--target", "label", "--dates", "when")
    assert (code, err) == (0, "")
    assert out.startswith("a.csv: 60 rows, 5 features\n")
    for name, kind, missing, value in [
        ("age", "number", 6, "mean"),
        ("colour", "category", 5, "red ("),
        ("when", "date", 0, "2024-01-05 to 2024-01-05"),
        ("label", "target: classes", 0, "yes ("),
    ]:
        line = next(line for line in out.splitlines() if line.startswith(name))
        assert re.match(rf"{name} +{kind} +{missing}  ", line)
        assert value in line
    assert max(map(len, out.splitlines())) <= 80


def test_inspect_warns_of_a_column_that_cannot_be_an_input(xl2, folder):
    frame = patients(60).assign(name=[f"person {i}" for i in range(60)])
    frame[["name", "age", "label"]].to_csv("a.csv", index=False)
    code, out, err = xl2("inspect", "a.csv")
    assert code == 0
    assert err == ""
    assert "Warning: Column 'name' has 60 different texts" in words(out)
    assert "--ignore name" in words(out)
    code, _, err = xl2("train", "a.csv", "--epochs", 2)
    assert code == 2
    assert "48 different texts" in words(err)


def test_ids_go_through_to_the_predictions(xl2, folder):
    frame = patients(100).assign(name=[f"person {i:03}" for i in range(100)])
    frame.to_csv("a.csv", index_label="patient_id")
    code, _, _ = xl2(
        "train", "a.csv", "--target", "label", "--ignore", "name", "--epochs", 2, "--out", "m"
    )
    assert code == 0
    frame[90:].drop(columns="label").to_csv("new.csv", index_label="patient_id")
    code, out, err = xl2("predict", "m", "new.csv")
    assert code == 0
    assert words(err).startswith("Missing values")  # the table alone is on standard output
    rows = list(csv.DictReader(out.splitlines()))
    assert list(rows[0]) == ["patient_id", "name", "prediction", "probability"]
    assert [row["name"] for row in rows] == [f"person {i:03}" for i in range(90, 100)]
    assert [row["patient_id"] for row in rows] == [str(i) for i in range(90, 100)]


@pytest.mark.parametrize("labels", [["007", "7", "8"], ["5E2", "500", "1"], ["1", "2", "A"]])
def test_predicted_labels_are_those_written(xl2, folder, labels):
    rng = np.random.default_rng(0)
    number = np.arange(90) % 3
    frame = pd.DataFrame(rng.normal(size=(90, 2)) + 4 * number[:, None], columns=["a", "b"])
    frame["label"] = np.asarray(labels)[number]
    frame.to_csv("a.csv", index=False)
    frame[frame["label"] != labels[2]].to_csv("test.csv", index=False)
    code, out, _ = xl2(
        "train", "a.csv", "--epochs", 40, "--learning-rate", 0.02, "--hidden", 8, "--out", "m"
    )
    assert code == 0
    code, out, _ = xl2("predict", "m", "test.csv", "--out", "p.csv")
    accuracy = float(re.search(r"accuracy .*?: ([\d.]+)", words(out))[1])
    assert accuracy > 0.9
    assert {row["prediction"] for row in predictions(folder / "p.csv")} <= set(labels)
    code, out, _ = xl2("train", "a.csv", "--test", "test.csv", "--held-out", 0.5, "--epochs", 2)
    assert code == 2  # all of them were trained on


def test_rows_without_a_label(xl2, folder):
    frame = patients(120)
    frame.loc[[3, 50], "label"] = "?"
    frame.to_csv("a.csv")
    for command in ("train", "path"):
        quick = QUICK if command == "path" else ("--epochs", 2)
        code, _, err = xl2(command, "a.csv", *quick)
        assert code == 2
        assert "2 labels of 120 are missing, in line 5, line 52." in words(err)
        assert "--drop-missing-labels" in words(err)
        code, out, _ = xl2(command, "a.csv", *quick, "--drop-missing-labels", "--out", "m")
        assert code == 0
        assert "2 rows without a label are left out." in words(out)
    code, out, _ = xl2("predict", "m", "a.csv", "--out", "p.csv")
    assert code == 0
    assert len(predictions(folder / "p.csv")) == 120
    assert "(118 rows" in words(out)
    assert "2 rows without a label are not scored." in words(out)


def test_weights_and_classes_of_equal_weight(xl2, folder):
    rng = np.random.default_rng(0)
    rare = np.arange(300) % 15 == 0
    frame = pd.DataFrame({"a": rng.normal(size=300) + rare, "b": rng.normal(size=300)})
    frame["w"] = np.where(rare, 14.0, 1.0)
    frame["label"] = np.where(rare, "rare", "often")
    frame.to_csv("a.csv", index=False)
    frame.drop(columns="w").to_csv("b.csv", index=False)
    common = ("--epochs", 40, "--hidden", 4, "--learning-rate", 0.01)
    counts = []
    for k, options in enumerate(
        [("b.csv",), ("b.csv", "--class-weight", "balanced"), ("a.csv", "--weight", "w")]
    ):
        code, _, err = xl2("train", *options, *common, "--out", f"m{k}")
        assert (code, err) == (0, "")
        code, out, _ = xl2("predict", f"m{k}", "b.csv")
        assert code == 0
        counts.append(sum(row["prediction"] == "rare" for row in csv.DictReader(out.splitlines())))
    assert counts[0] == 0
    assert counts[1] == counts[2] > 50
    code, _, err = xl2("train", "b.csv", "--class-weight", "heavy")
    assert code == 2
    assert "must be balanced" in words(err)
    code, _, err = xl2("train", "b.csv", "--target", "a", "--class-weight", "balanced")
    assert code == 2
    assert "is for classes" in words(err)


def test_a_file_without_a_header_is_refused_unless_asked_for(xl2, folder):
    frame = patients(100)[["age", "income", "label"]].dropna()
    frame.to_csv("a.csv", index=False)
    frame[["age", "income"]].to_csv("new.csv", index=False, header=False)
    assert xl2("train", "a.csv", "--epochs", 2, "--out", "m")[0] == 0
    code, _, err = xl2("predict", "m", "new.csv")
    assert code == 2
    assert "has no header" in words(err)
    assert "--no-header" in words(err)
    code, out, _ = xl2("predict", "m", "new.csv", "--no-header")
    assert code == 0
    expected = package.load("m").predict(frame[["age", "income"]].to_numpy())
    assert [row["prediction"] for row in csv.DictReader(out.splitlines())] == expected.tolist()


def test_gaps_and_text_can_be_refused(xl2, folder):
    frame = patients(60)
    frame[["age", "label"]].to_csv("gaps.csv", index=False)
    frame[["income", "sex", "label"]].to_csv("text.csv", index=False)
    for command in ("inspect", "train", "path"):
        code, _, err = xl2(command, "gaps.csv", "--no-fill")
        assert code == 2
        assert "column 'age': a value is missing" in words(err)
        code, _, err = xl2(command, "text.csv", "--no-encode")
        assert code == 2
        assert "column 'sex' has text. Leave it out with --ignore sex" in words(err)


def test_noise_sorted_by_class_is_not_predicted_by_its_row_numbers(xl2, folder):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    frame["label"] = np.arange(200) // 100
    frame.to_csv("a.csv")
    code, out, _ = xl2("train", "a.csv", "--epochs", 20)
    assert code == 0
    test = float(re.search(r"^test +([\d.]+)", out, re.M)[1])
    assert test < 80
    code, out, _ = xl2("train", "a.csv", "--epochs", 20, "--keep-row-numbers")
    assert float(re.search(r"^test +([\d.]+)", out, re.M)[1]) > 90
    assert load_data("a.csv").features == ("a", "b", "c")


def test_indices_are_those_of_the_training_file(xl2, folder):
    frame = patients(80).assign(weight=1.0, person=np.arange(80) // 4)
    order = ["person", "label", "age", "colour", "income", "sex", "weight"]
    frame[:60][order].to_csv("a.csv", index=False)
    test = frame[58:][order[::-1]]  # person 14 is in both files
    test.insert(0, "extra", 1.5)
    test.to_csv("b.csv", index=False)
    told = ("--groups", 0, "--target", 1, "--weight", 6)
    code, out, err = xl2("train", "a.csv", "--test", "b.csv", *told, "--epochs", 1)
    assert (code, err) == (0, "")
    assert "20 samples not used for training" in out
    assert "are ignored: 'extra'." in words(out)


def test_weights_that_are_all_zero_are_refused_by_their_option(xl2, folder):
    patients(40).assign(w=0).to_csv("a.csv", index=False)
    code, _, err = xl2("train", "a.csv", "--target", "label", "--weight", "w")
    assert code == 2
    assert "--weight must be 0 or more, and more than 0" in words(err)


@pytest.mark.parametrize("form", ["%Y%m%d", "%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y %H:%M", "%d %b %Y"])
def test_a_model_of_dates_in_any_form_is_saved_and_predicts(xl2, folder, form):
    days = pd.date_range("1999-12-25", periods=80, freq="37h")
    frame = pd.DataFrame({"day": days.strftime(form), "label": np.arange(80) // 40})
    frame.to_csv("a.csv", index=False)
    code, _, err = xl2("train", "a.csv", "--dates", "day", "--epochs", 2, "--out", "m")
    assert (code, err) == (0, "")
    code, out, err = xl2("predict", "m", "a.csv")
    assert (code, err) == (0, "")
    since = (pd.to_datetime(frame["day"], format=form) - pd.Timestamp(0)).dt.total_seconds()
    expected = package.load("m").predict(since.to_numpy()[:, None] / 86_400)
    assert [row["prediction"] for row in csv.DictReader(out.splitlines())] == [
        str(label) for label in expected
    ]
