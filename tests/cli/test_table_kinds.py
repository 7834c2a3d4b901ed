"""Each kind of table that people have, one test for a kind: what a person reads, xl2 reads."""

from __future__ import annotations

import csv
import io
import os
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from table_tools import CLASSES, NUMBER, ROWS, A, B, frame, read, refused, words, written

import xl2 as package
from xl2.data import load_data
from xl2.data.summary import Line, Summary
from xl2.errors import InputError

FAST = ("--hidden", 4, "--epochs", 5)
QUICK = (*FAST, "--lambdas", "0,1", "--cv", 2, "--no-experiments")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def predictions(name):
    with open(name, newline="") as file:
        return [row["prediction"] for row in csv.DictReader(file)]


# Labels and headers.


@pytest.mark.parametrize(
    ("labels", "test"),
    [
        (["1", "2", "A"], ["1", "2"]),
        (["1.5", "2.5", "high"], ["2.5", "1.5"]),
        (["0", "1", "01"], ["1", "0"]),
        (["10", "20", "n/k"], ["20", "10"]),
    ],
)
def test_text_labels_and_a_test_file_with_numbers_alone(xl2, labels, test):
    k = NUMBER % 3
    written(frame(c=k * 4.0, label=np.array(labels)[k]), "a.csv")
    at = np.array([labels.index(one) for one in test])[NUMBER % 2]
    written(frame(c=at * 4.0, a=A + 0.1, label=np.array(labels)[at]), "b.csv")
    code, _, err = xl2(
        "train",
        "a.csv",
        *FAST[:2],
        "--epochs",
        60,
        "--batch-size",
        8,
        "--learning-rate",
        0.02,
        "--out",
        "m",
    )
    assert (code, err) == (0, "")
    code, out, _ = xl2("predict", "m", "b.csv", "--out", "p.csv")
    assert code == 0
    found, right = predictions("p.csv"), np.array(labels)[at]
    assert f"{np.mean(found == right):.4f}" in out
    assert np.mean(found == right) > 0.9
    assert load_data("b.csv", like=load_data("a.csv")).y.tolist() == right.tolist()


@pytest.mark.parametrize("names", [["0", "1", "2"], ['"0"', '"1"', '"2"'], ["0", "1", "label"]])
def test_header_that_counts_from_0(names):
    written(frame(), header=False)
    with open("t.csv") as file:
        text = file.read()
    with open("t.csv", "w") as file:
        file.write(",".join(names) + "\n" + text)
    data = load_data("t.csv")
    assert len(data.y) == ROWS
    assert data.features == ("0", "1")
    assert any("read as a header" in note for note in data.notes)


@pytest.mark.parametrize("names", [["1", "2", "3"], ["2019", "2020", "2021"], ["10", "20", "30"]])
def test_header_of_other_numbers_is_doubted(names):
    written(frame(label=NUMBER % 2).set_axis(names, axis=1))
    with pytest.warns(UserWarning, match="which may be names: pass header=True"):
        assert len(load_data("t.csv").y) == ROWS + 1
    assert len(load_data("t.csv", header=True).y) == ROWS


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("", NUMBER),
        ("", [f"car {i}" for i in NUMBER]),  # R's row names
        ("Unnamed: 0.1", NUMBER),
        ("id", 10**18 + NUMBER),  # which float64 does not tell apart
        ("CustomerID", ROWS - NUMBER),
        ("id", [f"{i:05}" for i in NUMBER]),
        ("id", np.where(NUMBER == 7, None, NUMBER)),
        ("uuid", [f"{i * 7919:08x}" for i in NUMBER]),
        ("Nr.", NUMBER + 1),
    ],
)
def test_row_numbers_and_ids_are_no_features(xl2, name, cells):
    table = frame()
    table.insert(0, name, cells)
    data = read(table)
    assert data.features == ("a", "b")
    assert any("numbers the rows" in note and "keep_row_numbers" in note for note in data.notes)
    assert data.ids[name] == ["" if c is None else str(c) for c in cells]
    code, out, _ = xl2("inspect", "t.csv", "--keep-row-numbers")
    assert code == 0
    assert "left out" not in out


@pytest.mark.parametrize("name", ["id", "patient_id", "Unnamed: 3", "index"])
def test_row_numbers_are_no_target(name):
    table = frame().assign(**{name: NUMBER})
    message = refused(table)
    assert f"the last column, '{name}'" in message
    assert "target" in message
    # A person may mean it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert read(table, target=name).y.tolist() == NUMBER.tolist()


@pytest.mark.parametrize("name", ["patient_id", "storeId", "site.id"])
def test_ids_that_recur_are_doubted(name):
    table = frame()
    table.insert(0, name, NUMBER // 4)
    with pytest.warns(UserWarning, match=f"'{name}' has the name of an id.*groups='{name}'"):
        assert name in read(table).features
    assert read(table, groups=name).features == ("a", "b")


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(NUMBER[::-1]),
        pd.Index([f"p{i}" for i in NUMBER], name="patient"),
        pd.date_range("2024-01-01", periods=ROWS, name="day"),
        pd.MultiIndex.from_arrays([NUMBER // 2, NUMBER % 2], names=["site", "k"]),
    ],
)
def test_parquet_with_an_index(index):
    pytest.importorskip("pyarrow")
    frame().set_axis(index).to_parquet("t.parquet")
    data = load_data("t.parquet")
    assert data.features == ("a", "b")
    assert data.y.tolist() == CLASSES.tolist()
    np.testing.assert_array_equal(data.X, np.column_stack([A, B]))
    assert set(data.ids) >= {name for name in index.names if name}


# Targets.


@pytest.mark.parametrize(
    "labels",
    [
        (2**53, 2**53 + 1),
        (10**16, 10**16 + 1),
        ("007", "7"),
        ("5E2", "500"),
        ("1,000", "1000"),
        ("+1", "1"),
        ("1.10.0", "1.1.0"),
    ],
)
def test_labels_stay_as_written(xl2, labels):
    labels = [str(one) for one in labels]
    k = NUMBER % 2
    written(frame(c=k * 5.0, label=np.array(labels)[k]))
    assert load_data("t.csv").y.tolist() == np.array(labels)[k].tolist()
    code, out, _ = xl2("inspect", "t.csv")
    assert code == 0
    assert f"{labels[0]} (30)" in out
    assert f"{labels[1]} (30)" in out
    assert xl2("train", "t.csv", *FAST, "--out", "m")[0] == 0
    assert xl2("predict", "m", "t.csv", "--out", "p.csv")[0] == 0
    assert set(predictions("p.csv")) <= set(labels)


@pytest.mark.parametrize("form", ["{}.0", "{}", "{}.00"])
def test_whole_numbers_of_one_form_are_numbers(form):
    y = NUMBER % 3
    assert read(frame(label=[form.format(i) for i in y])).y.tolist() == y.tolist()


@pytest.mark.parametrize("missing", ["?", "null", "", "NA", "N/A", "nan", "  "])
@pytest.mark.parametrize("classes", [("yes", "no"), ("0", "1")])
def test_missing_labels(missing, classes):
    labels = np.array(classes, dtype=object)[NUMBER % 2]
    labels[[3, 40]] = missing
    message = refused(frame(label=labels))
    assert "2 labels of 60 are missing, in line 5, line 42" in message
    assert "drop_missing_labels" in message
    data = read(frame(label=labels), drop_missing_labels=True)
    kept = np.delete(NUMBER, [3, 40])
    assert [str(one) for one in data.y] == np.array(classes)[kept % 2].tolist()
    np.testing.assert_array_equal(data.X[:, 0], A[kept])


def test_no_label_at_all(xl2):
    message = refused(frame(label=""))
    assert "all 60 labels are missing. Choose the target column" in message
    code, out, _ = xl2("inspect", "t.csv")
    assert code == 0
    assert "no labels" in out


@pytest.mark.parametrize(
    ("labels", "unit", "y"),
    [
        ([f"{i % 9 + 0.5}%" for i in NUMBER], "%", (NUMBER % 9 + 0.5) / 100),
        ([f"${i}.50" for i in NUMBER], "$", NUMBER + 0.5),
        ([f"{i}.25 €" for i in NUMBER], "€", NUMBER + 0.25),
    ],
)
def test_units_of_a_target_are_said(labels, unit, y):
    data = read(frame(label=labels))
    np.testing.assert_allclose(data.y, y)
    assert any(f"The target is written with {unit}" in note for note in data.notes)


@pytest.mark.parametrize(
    ("labels", "part"),
    [
        ([f"{i % 9},5" for i in NUMBER], "'0,5', which cannot be read as one. decimal=','"),
        ([f"2024-01-{i % 5 + 1:02}" for i in NUMBER], "has dates, such as '2024-01-01'"),
        ([f"{i % 5 + 20}.01.2024" for i in NUMBER], "has dates"),
        ([f"{'$€'[i % 2]}{i}" for i in NUMBER], "cannot be read as one"),
    ],
)
def test_labels_that_only_look_like_classes(labels, part):
    assert part in refused(frame(label=labels))


@pytest.mark.parametrize(
    "pair", [("Yes", "yes"), ("TRUE", "True"), ("Straße", "STRASSE"), ("é", "e\u0301")]
)
def test_labels_that_differ_in_capitals_are_doubted(pair):
    labels = np.array([*pair, "no"])[NUMBER % 3]
    with pytest.warns(UserWarning, match="differ only in capitals"):
        assert set(read(frame(label=labels)).y) == {*pair, "no"}


# New files.


@pytest.fixture
def model(xl2):
    """Train a model on numbers, a percentage, a category and gaps."""
    colour = np.array(["red", "green", None], dtype=object)[NUMBER % 3]
    share = np.where(NUMBER % 5, [f"{i}%" for i in NUMBER], "")
    written(frame(share=share, colour=colour), "train.csv", index=True)
    assert xl2("path", "train.csv", *QUICK, "--out", "m")[0] == 0
    return package.load("m")


@pytest.mark.parametrize("change", ["order", "more", "index", "semicolons", "utf-16"])
def test_new_files_are_read_by_name(xl2, model, change):
    new = pd.read_csv("train.csv", index_col=0).drop(columns="label")
    written(new, "plain.csv")
    assert xl2("predict", "m", "plain.csv", "--out", "plain.out")[0] == 0
    options = {"index": False}
    if change == "order":
        new = new[["colour", "b", "share", "a"]]
    elif change == "more":
        new = new.assign(zz="x", **{"an id": NUMBER})[["zz", *new.columns, "an id"]]
    elif change == "index":
        options = {}
    elif change == "semicolons":
        options |= {"sep": ";", "decimal": ","}
    else:
        options |= {"encoding": "utf-16"}
    new.to_csv("new.csv", **options)
    code, out, err = xl2("predict", "m", "new.csv", "--out", "new.out")
    assert (code, err) == (0, "")
    assert predictions("new.out") == predictions("plain.out")
    assert ("ignored: 'zz', 'an id'" in words(out)) == (change == "more")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda t: t.drop(columns="b"), ["lacks 1 column", "'b'"]),
        (lambda t: t.assign(a="old"), ["line 2", "column 'a'", "'old'"]),
        (lambda t: t.assign(share="0.05"), ["column 'share'", "with %"]),
        (lambda t: t[:0], ["no rows"]),
    ],
)
def test_new_files_that_do_not_fit(xl2, model, change, parts):
    new = pd.read_csv("train.csv", index_col=0).drop(columns="label")
    written(change(new), "new.csv")
    code, out, err = xl2("predict", "m", "new.csv")
    assert (code, out) == (2, "")
    assert all(part in words(err) for part in ["new.csv", *parts])


@pytest.mark.parametrize("prefix", ["=", "+", "@"])
def test_class_names_that_a_spreadsheet_would_run(xl2, prefix):
    labels = np.where(CLASSES == "yes", f"{prefix}cmd", "no")
    written(frame(c=(CLASSES == "yes") * 9.0, label=labels))
    assert (
        xl2(
            "train",
            "t.csv",
            "--hidden",
            4,
            "--epochs",
            60,
            "--learning-rate",
            0.02,
            "--batch-size",
            8,
            "--out",
            "m",
        )[0]
        == 0
    )
    assert xl2("predict", "m", "t.csv", "--out", "p.csv")[0] == 0
    assert set(predictions("p.csv")) == {f"'{prefix}cmd", "no"}


# Odd files.

ODD = {
    "empty": b"",
    "mark": b"\xef\xbb\xbf",
    "blank": b"\n\n\n",
    "header": b"a,b,label\n",
    "column": b"label\nx\ny\n",
    "nul": b"a,b,label\n1,2,x\n3,\x004,y\n",
    "quote": b'a,b,label\n1,2,"x\n3,4,y\n',
    "ragged": b"a,b,label\n1,2,x\n3,4,y,5\n",
    "total": b"a,b,label\n1,2,x\n3,4,y\nTotal,,\n",
    "huge": b"a,b,label\n1,1e400,x\n3,4,y\n",
    "gaps": b"a,b,label\n,2,x\n,4,y\n",
    "picture": b"\x89PNG\r\n\x1a\n\x00\x00",
    "half": "a,b,label\n1,2,x\n".encode("utf-16")[:-1],
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_files_are_refused_in_a_line(xl2, kind):
    with open("t.csv", "wb") as file:
        file.write(ODD[kind])
    code, out, err = xl2("train", "t.csv", *FAST)
    assert code == 2
    assert err.startswith("Error: t.csv") or kind == "gaps"
    assert err.count("\n") == 1
    assert "Traceback" not in out + err


@pytest.mark.parametrize("kind", ["names", "classes", "wide", "ids"])
def test_inspect_fits_on_a_screen(xl2, kind):
    table = {
        "names": frame(**{"n" * 200: A}),
        "classes": frame(label=np.array(["x" * 90, "y" * 90])[NUMBER % 2]),
        "wide": pd.DataFrame(np.ones((ROWS, 1000))).add_prefix("c").assign(label=CLASSES),
        "ids": frame(id=[f"{i:040}" for i in NUMBER]),
    }[kind]
    written(table)
    code, out, err = xl2("inspect", "t.csv")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("name", ["fractal dimension error of {}", "{}" + 40 * "n"])
def test_inspect_cuts_names_rather_than_numbers(xl2, name):
    small = np.linspace(0.0008948, 0.0298412, ROWS)
    table = frame(**{name.format(k): -123456.5 * small**k for k in (1, 2, 3)})
    written(table)
    code, out, err = xl2("inspect", "t.csv")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    for column in (name.format(k) for k in (1, 2, 3)):
        values = table[column]
        content = f"{values.min():.6g} to {values.max():.6g}, mean {values.mean():.4g}"
        (line,) = (line for line in lines if line.endswith(content))
        assert re.match(rf"{column[:4]}.*\.\.\..*{column[-4:]}  number ", line)


def test_inspect_wraps_numbers_that_no_cut_name_makes_room_for():
    content = "-1.23457e-05 to 1.23457e+06, mean 1.235e+05, in microlitres per kilogram"
    line = Line("n" * 50, "number", 0, content)
    text = Summary("", (), [line, Line("t", "target: classes", 7, "x" * 90)], "").text()
    assert max(map(len, text.splitlines())) <= 80
    assert content in " ".join(text.split())


def test_inspect_uses_a_wider_terminal(tmp_path):
    if os.name == "nt":
        pytest.skip("needs a pseudo-terminal")
    from terminals import PROGRAM, in_terminal

    name = "a long name of a column that says all of it"
    written(frame(**{name: A}))
    for columns, whole in ((60, False), (120, True)):
        code, text = in_terminal([*PROGRAM, "inspect", "t.csv"], columns=columns)
        assert code == 0
        assert (f"\n{name}  " in text.replace("\r", "")) == whole
        assert "a long na" in text


# Other formats, and data frames.


@pytest.mark.parametrize("kind", ["parquet", "xlsx", "sqlite"])
def test_other_formats_have_the_numbers_of_the_csv(kind, folder):
    table = frame(
        c=np.where(NUMBER % 4, NUMBER * 2.0, np.nan),
        d=NUMBER % 2 == 1,
        e=np.where(NUMBER % 5, "red", None),
    )
    expected = read(table)
    if kind == "parquet":
        pytest.importorskip("pyarrow")
        table.to_parquet(name := "t.parquet")
    elif kind == "xlsx":
        pytest.importorskip("openpyxl")
        pytest.importorskip("python_calamine")
        table.to_excel(name := "t.xlsx")
    else:
        import sqlite3

        with sqlite3.connect("t.db") as database:
            table.to_sql("t", database)
        database.close()
        name = "sqlite:t.db?t"
    data = load_data(name)
    np.testing.assert_array_equal(data.X, expected.X)
    assert data.y.tolist() == expected.y.tolist()
    assert [c.name for c in data.columns] == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("kind", ["thousands", "percent", "booleans", "gaps"])
def test_frames_have_the_numbers_of_files(kind):
    from xl2.data.kinds import columns_of

    cells = {
        "thousands": [f"{1000 * i + 1000:,}" for i in NUMBER],
        "percent": [f"{i}%" for i in NUMBER],
        "booleans": NUMBER % 2 == 0,
        "gaps": pd.array([None if i % 5 == 0 else i for i in NUMBER], dtype="Int64"),
    }[kind]
    table = frame(c=cells)
    columns, X, _ = columns_of(table.drop(columns="label"))
    data = load_data(io_name(table))
    np.testing.assert_array_equal(X, data.X)
    assert columns == data.columns


def io_name(table):
    text = io.StringIO()
    table.to_csv(text, index=False)
    with open("io.csv", "w", newline="") as file:
        file.write(text.getvalue())
    return "io.csv"


@pytest.mark.parametrize(
    ("cells", "way_out"),
    [
        (pd.date_range("2024-01-01", periods=ROWS), "X['c'].astype('datetime64[s]')"),
        ([f"{i}.01.2024" for i in NUMBER % 9 + 20], "X['c'].astype('datetime64[s]')"),
        ([f"{i},5" for i in NUMBER], "X['c'].astype('category')"),
        (["3+", *NUMBER[1:].astype(str)], "X.drop(columns='c')"),
        ([[1]] * ROWS, "X.drop(columns='c')"),
    ],
)
def test_frames_are_refused_with_ways_out_that_a_frame_has(cells, way_out):
    table = frame(c=cells)
    with pytest.raises(InputError) as caught:
        package.regularization_path(table.drop(columns="label"), CLASSES, [0.0], epochs=1)
    assert way_out in str(caught.value)
    assert "ignore=" not in str(caught.value)


@pytest.mark.parametrize("labels", [["old"] * ROWS, ["1.5", "many"] * 30, ["12 kg"] * ROWS])
def test_labels_of_a_regression_that_are_no_numbers(xl2, labels):
    written(frame(label=A + B), "a.csv")
    assert xl2("train", "a.csv", *FAST, "--out", "m")[0] == 0
    written(frame(label=labels).assign(a=A + 0.1), "b.csv")
    for command in (
        ("predict", "m", "b.csv"),
        ("diagnose", "m", "a.csv", "--test", "b.csv"),
        ("train", "a.csv", "--test", "b.csv", *FAST),
    ):
        code, out, err = xl2(*command)
        assert (code, out) == (2, "")
        row = 2 if labels[0] != "1.5" else 3
        assert f"b.csv, target 'label', line {row}: '{labels[row - 2]}' is not a num" in words(err)


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%d"])
def test_dates_of_new_files_are_written_as_in_training(xl2, form):
    days = pd.Series(pd.date_range("2020-01-20", periods=ROWS))
    written(frame(c=days.dt.strftime(form)), "a.csv")
    assert xl2("train", "a.csv", *FAST, "--dates", "c", "--out", "m")[0] == 0
    assert xl2("predict", "m", "a.csv", "--out", "p.csv")[0] == 0
    written(frame(c="31. Dec"), "b.csv")
    code, _, err = xl2("predict", "m", "b.csv")
    assert code == 2
    example = pd.Timestamp(2024, 12, 31).strftime(form)
    assert f"'31. Dec' is not a date such as {example}" in words(err)
