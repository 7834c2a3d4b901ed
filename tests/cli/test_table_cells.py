"""Text files and cells as people have them, one test for a kind: xl2 reads what a person does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from table_tools import CLASSES, NUMBER, ROWS, A, B, frame, read, refused, written

from xl2.data import load_data
from xl2.errors import InputError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


# Text files.


@pytest.mark.parametrize("sep", [";", "\t", "|"])
@pytest.mark.parametrize("decimal", [",", "."])
def test_separators_and_decimal_signs(sep, decimal):
    written(frame(), sep=sep, decimal=decimal)
    data = load_data("t.csv")
    np.testing.assert_array_equal(data.X, np.column_stack([A, B]))
    assert any("separated by" in note for note in data.notes)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1", "utf-16-le"])
def test_encodings_and_line_ends(end, encoding):
    table = frame(label=np.where(CLASSES == "yes", "Köln", "Gräfelfing"))
    text = table.to_csv(index=False, lineterminator=end)
    with open("t.csv", "wb") as file:
        file.write(text.encode(encoding))
    data = load_data("t.csv")
    assert data.features == ("a", "b")
    assert data.y.tolist() == table["label"].tolist()
    np.testing.assert_array_equal(data.X, np.column_stack([A, B]))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sep=;\r\n", ""),
        ("Measurements of 2024\n\n", "\n\n\n"),
        ("# made by a tool\n# in 2024\n", ""),
        ("", ";;\n;;\n"),
    ],
)
def test_lines_around_a_table(before, after):
    text = frame().to_csv(index=False, sep=";", decimal=",")
    with open("t.csv", "w", newline="") as file:
        file.write(before + text + after)
    data = load_data("t.csv")
    assert data.features == ("a", "b")
    assert len(data.y) == ROWS
    np.testing.assert_array_equal(data.X, np.column_stack([A, B]))


@pytest.mark.parametrize("header", ["a,b,label", "a,b,label,", "a,b,label,,"])
def test_separators_at_the_end_of_rows(header):
    rows = frame().to_csv(index=False, header=False).replace("\n", ",\n")
    if header.endswith(",,"):
        rows = rows.replace(",\n", ",,\n")
    with open("t.csv", "w") as file:
        file.write(f"{header}\n{rows}")
    data = load_data("t.csv")
    assert data.features == ("a", "b")
    assert data.y.tolist() == CLASSES.tolist()
    np.testing.assert_array_equal(data.X, np.column_stack([A, B]))
    with open("t.csv", "a") as file:
        file.write("".join(rows for _ in range(20)))
        file.write("1,2,yes,lost" + "," * header.endswith(",,") + "\n")
    with pytest.raises(InputError, match=r"line 1262: 'lost' is beyond the last column"):
        load_data("t.csv")


@pytest.mark.parametrize("names", [["a", "a"], ["blood pressure", "größe 😀"], [" a ", "b "]])
def test_names_of_columns(names):
    table = frame().set_axis([*names, "label"], axis=1)
    data = read(table)
    expected = pd.read_csv("t.csv").columns.str.strip()[:2]
    assert data.features == tuple(expected)


@pytest.mark.parametrize("line", ["{a}   {b}   {c}", " {a}  {b}  {c}", "{a}  {b} {c}"])
def test_columns_of_fixed_width_are_refused(line):
    rows = [("a", "b", "label"), *zip(A, B, CLASSES, strict=True)]
    with open("t.txt", "w") as file:
        file.writelines(line.format(a=a, b=b, c=c) + "\n" for a, b, c in rows)
    with pytest.raises(InputError, match="separated by several blanks"):
        load_data("t.txt")


# Cells.


@pytest.mark.parametrize(
    ("form", "values", "note"),
    [
        ("{:,.1f}", 1000.5 * (NUMBER + 1), "separators of thousands"),
        ("{}%", NUMBER + 0.5, "read as hundredths"),
        ("${:.2f}", NUMBER - 9.0, "Written with $"),
        ("{:.2f} €", NUMBER + 0.5, "Written with €"),
    ],
)
def test_units_and_thousands(form, values, note):
    cells = [form.format(value) for value in values]
    data = read(frame(c=cells))
    np.testing.assert_allclose(data.X[:, 2], values / 100 if "%" in form else values)
    assert any(note in one and "'c'" in one for one in data.notes)
    cells[4] = "7 or 8"
    message = refused(frame(c=cells))
    assert "column 'c'" in message
    assert "line 6 has '7 or 8'" in message
    assert "ignore='c'" in message


@pytest.mark.parametrize("form", ["({:.2f})", "(${:.2f})", "\u2212{:.2f}"])
def test_negative_numbers_as_bookkeepers_write_them(form):
    values = np.where(NUMBER % 3 > 0, -1.0, 1.0) * (NUMBER + 0.5)
    plus = "${:.2f}" if "$" in form else "{:.2f}"
    cells = [(form if v < 0 else plus).format(abs(v)) for v in values]
    np.testing.assert_allclose(read(frame(c=cells)).X[:, 2], values)


@pytest.mark.parametrize(
    "cells",
    [
        [f"{i % 9},5" for i in NUMBER],  # decimal commas among decimal points
        [f"{'$€'[i % 2]}{i}" for i in NUMBER],
        [f"({i})" for i in NUMBER],
        [f"{i}%" if i % 4 else str(i) for i in NUMBER],
    ],
)
def test_cells_that_look_like_numbers_are_no_categories(cells):
    message = refused(frame(c=cells))
    assert "column 'c'" in message
    assert " has '" in message
    assert "categories='c'" in message
    assert read(frame(c=cells), categories=["c"]).columns[2].kind == "category"


@pytest.mark.parametrize("pair", [("True", "False"), ("TRUE", "FALSE"), ("true", "False")])
def test_true_and_false(pair):
    data = read(frame(c=np.array(pair)[NUMBER % 2]))
    assert data.X[:, 2].tolist() == (1 - NUMBER % 2).tolist()
    assert data.columns[2].kind == "boolean"


@pytest.mark.parametrize("token", ["NA", "NaN", "-", "", "?", "null", "#N/A", " "])
def test_missing_values(token):
    numbers = np.where(NUMBER % 4 == 0, token, NUMBER.astype(str).astype(object))
    percents = np.where(NUMBER % 4 == 0, token, "5%")
    texts = np.where(NUMBER % 4 == 0, token, np.array(["red", "blue"])[NUMBER % 2])
    data = read(frame(c=numbers, d=percents, e=texts))
    for k in (2, 3, 4):
        assert np.flatnonzero(np.isnan(data.X[:, k])).tolist() == NUMBER[::4].tolist()
    assert data.X[1, 2:].tolist() == [1.0, 0.05, 0.0]
    assert any("'c' (15), 'd' (15), 'e' (15)" in note for note in data.notes)


@pytest.mark.parametrize(
    ("form", "more"),
    [
        ("%Y-%m-%d", {}),
        ("%d.%m.%Y", {}),
        ("%m/%d/%Y", {}),
        ("%d.%m.%y", {}),
        ("%d-%b-%Y", {}),
        ("%B %d, %Y", {}),
        ("%Y%m%d", {}),
        ("%d.%m.%Y %H:%M", {}),
    ],
)
def test_dates_if_asked_for(xl2, form, more):
    days = pd.Series(pd.date_range("1999-11-20", periods=ROWS))
    cells = days.dt.strftime(form)
    if form != "%Y%m%d":
        assert "dates='c'" in refused(frame(c=cells))
    data = read(frame(c=cells), dates=["c"])
    assert data.X[:, 2].tolist() == [(day - pd.Timestamp(0)).days for day in days]
    code, out, _ = xl2("inspect", "t.csv", "--dates", "c")
    assert code == 0
    assert "1999-11-20 to 2000-01-18" in out


@pytest.mark.skipif(pd.__version__ < "3", reason="before pandas 3 dates are from 1677 to 2262 only")
@pytest.mark.parametrize("date", ["0001-01-01", "9999-12-31", "1066-10-14"])
def test_dates_that_pandas_does_not_reach(date):
    cells = np.where(NUMBER % 2, date, "2024-02-29")
    expected = np.array([date, "2024-02-29"], dtype="datetime64[D]").astype(int)
    found = read(frame(c=cells), dates=["c"]).X[:, 2]
    assert found.tolist() == expected[(NUMBER + 1) % 2].tolist()


@pytest.mark.parametrize(
    ("cells", "part"),
    [
        ([f"{i % 12 + 1}/{i % 12 + 1}/2024" for i in NUMBER], "the day or the month may come"),
        (NUMBER + 0.5, "has no dates"),
        (["red", "blue"] * 30, "line 2 has 'red'"),
        ([f"2024-01-{i % 28 + 1:02}" if i != 7 else "2024-13-45" for i in NUMBER], "line 9 has"),
    ],
)
def test_dates_that_cannot_be_read(cells, part):
    assert part in refused(frame(c=cells), dates=["c"])


def test_a_wrong_date_is_named():
    cells = [f"2024-01-{i % 28 + 1:02}" if i != 7 else "2024-13-45" for i in NUMBER]
    assert "line 9 has '2024-13-45'" in refused(frame(c=cells))


@pytest.mark.parametrize("option", ["ignore", "categories", "dates"])
def test_columns_that_are_not_there(option):
    assert f"has no column 'nope' for {option}" in refused(frame(), **{option: ["nope"]})


@pytest.mark.parametrize("column", [1, 2, 3])
def test_options_count_columns_as_the_file_has_them(column):
    """A column that was left out, here the first, does not shift the others."""
    table = pd.DataFrame({0: NUMBER, 1: A, 2: B, 3: NUMBER % 4 + 0.5, 4: CLASSES})
    written(table, header=False)
    data = load_data("t.csv", categories=[str(column)])
    assert [c.kind == "category" for c in data.columns] == [k == column for k in (1, 2, 3)]
    table[column] = table[column].astype(object)
    table.loc[5, column] = "3+"
    written(table, header=False)
    with pytest.raises(InputError, match=f"column {column}: .*categories='{column}'"):
        load_data("t.csv")
