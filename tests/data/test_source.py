"""Text files as sources: what is understood, and what is read, without options."""

import numpy as np
import pandas as pd
import pytest
from data_files import TABLE, write

from xl2.data import csv_cells, csv_rows
from xl2.data.source import open_source
from xl2.errors import InputError


def read(path, as_text=(), **options):
    source = open_source(path, **options)
    return source, source.read(range(source.width), as_text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (TABLE, ("a", "b", "label")),
        ("1,2.5,0\n3,4.5,1\n", ()),
        ("\ufeff" + TABLE, ("a", "b", "label")),
        (TABLE.replace("\n", "\r\n"), ("a", "b", "label")),
        (TABLE.replace("\n", "\r"), ("a", "b", "label")),
        ('"a", "b",label\n\n"1", 2.5 ,0\n 3,"4.5",1\n\n', ("a", "b", "label")),
        (",b,label\n1,2.5,0\n3,4.5,1", ("", "b", "label")),
        ("a;b;label\n1;2,5;0\n3;4,5;1\n", ("a", "b", "label")),
        ("a\tb\tlabel\n1\t2.5\t0\n3\t4.5\t1\n", ("a", "b", "label")),
        ("a|b|label\n1|2.5|0\n3|4.5|1\n", ("a", "b", "label")),
        ("Measured in spring\n\n" + TABLE, ("a", "b", "label")),
        (TABLE + ",,\n,,\n", ("a", "b", "label")),
    ],
)
def test_forms_of_one_table(tmp_path, text, names):
    source, frame = read(write(tmp_path / "t.csv", text))
    assert source.names == names
    np.testing.assert_array_equal(frame.to_numpy(), [[1, 2.5, 0], [3, 4.5, 1]])
    assert list(frame.columns) == [0, 1, 2]


def test_text_is_as_written(tmp_path):
    path = write(tmp_path / "t.csv", "x,y\n1, 007 \n2,5E2\n3,\n4,NA\n")
    _, frame = read(path, as_text=[1])
    assert frame[1].tolist() == ["007", "5E2", "", "NA"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n1,2,3\n1,2\n", ["line 3", "3 cells", "has 2"]),
        ("a,b\n1\n1,2\n", ["line 2", "1 cell,", "has 2"]),
        ('a,b\n"x\ny",2\n1,2\n3\n', ["line 5", "1 cell,", "has 2"]),
        ("", ["is empty"]),
        ("a,b\n", ["no rows"]),
    ],
)
def test_refused(tmp_path, text, words):
    with pytest.raises(InputError) as caught:
        open_source(write(tmp_path / "t.csv", text))
    for part in words:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "cells",
    [
        [1.5, 2, -3e300, 4, 5, 6],
        ["1.50", "2", "", "x", "5", "6"],
        ["", "", "", "", "x", "6"],
        ["", "", "", "", "5", "6"],
        ["x", "y", "", "", "5", "6"],
        ["True", "False", "True", "True", "True", "False"],
        ["True", "False", "True", "True", "TRUE", "x"],
        ["True", "False", "True", "True", "5", "x"],
        ["True", "False", "", "True", "TRUE", "False"],
        ["1", "2", "3", "True", "True", "True"],
        ["007", "2", "3", "4", "5", "18446744073709551617"],
    ],
)
@pytest.mark.parametrize("as_text", [False, True])
def test_parts_of_the_rows_give_what_the_whole_gives(tmp_path, monkeypatch, cells, as_text):
    """A column whose later cells are text is text as written from its beginning."""
    path = write(tmp_path / "t.csv", "a,b,c\n" + "".join(f"{cell},1.5,{cell}\n" for cell in cells))
    source, whole = read(path, [0] if as_text else [])
    monkeypatch.setattr(csv_cells, "PART", 30)
    monkeypatch.setattr(csv_cells, "PER_COLUMN", 0)
    monkeypatch.setattr(csv_rows, "PART", 10)
    _, frame = read(path, [0] if as_text else [])
    pd.testing.assert_frame_equal(frame, whole, check_dtype=False)
    swapped = source.read([2, 1])
    pd.testing.assert_frame_equal(swapped, whole[[2, 1]], check_dtype=False)
    if as_text:
        assert frame[0].tolist() == [str(cell) for cell in cells]
    if frame[2].dtype.kind not in "fb":
        assert frame[2].dropna().tolist() == [cell for cell in cells if cell]


def test_numbers_are_one_array(tmp_path):
    """Copies of it are the memory that a table takes."""
    _, frame = read(write(tmp_path / "t.csv", TABLE))
    X = frame.to_numpy()
    assert X.dtype == np.float64
    assert X.flags.c_contiguous
    assert np.shares_memory(X, frame.to_numpy())


def test_numbers_are_exact(tmp_path):
    numbers = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.arange(-300, 300, 0.6)
    path = write(tmp_path / "t.csv", "x\n" + "".join(f"{float(number)!r}\n" for number in numbers))
    np.testing.assert_array_equal(read(path)[1][0], numbers)
