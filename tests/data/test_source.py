"""Text files as sources: what is understood, and what is read, without options."""

import csv
import gzip
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_files import TABLE, write

from xl2.data import csv_rows
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
        read(write(tmp_path / "t.csv", text))
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
def test_parts_of_the_rows_give_what_the_whole_gives(tmp_path, cells, as_text):
    """A column whose later cells are text is text as written from its beginning.

    pandas looks at 32,768 rows of 20 columns at once.
    """
    fill = "," + ",".join("1" * 17)

    def table(name, which):
        rows = "".join(f"{cells[k]},1.5,{cells[k]}{fill}\n" for k in which)
        return write(tmp_path / name, ",".join("abcdefghijklmnopqrst") + "\n" + rows)

    first = [0] if as_text else []
    _, small = read(table("small.csv", range(6)), first)
    which = [*[0, 1, 2] * 11_000, *[3, 4, 5]]
    source, large = read(table("large.csv", which), first)
    expected = small.iloc[which].reset_index(drop=True)
    pd.testing.assert_frame_equal(large, expected, check_dtype=False)
    swapped = source.read([2, 1])
    pd.testing.assert_frame_equal(swapped, expected[[2, 1]], check_dtype=False)
    if as_text:
        assert large[0].tolist() == [str(cells[k]) for k in which]
    if small[2].dtype.kind not in "fb":
        assert small[2].dropna().tolist() == [cell for cell in cells if cell]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("t.csv", "utf-8"),
        ("t.csv", "utf-8-sig"),
        ("t.csv", "utf-16"),
        ("t.csv", "latin-1"),
        ("t.csv.gz", "utf-8"),
    ],
)
def test_a_character_may_be_cut_between_parts(tmp_path, monkeypatch, name, encoding):
    path = tmp_path / name
    content = 'größe,"Stadt\n(Ort)"\n1.5,Köln\n2.5,"Löhne,\n""Süd"""\n,\n'.encode(encoding)
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    monkeypatch.setattr(csv_rows, "PART", 3)
    source, frame = read(path, as_text=[1])
    assert source.names == ("größe", "Stadt\n(Ort)")
    assert frame[0].tolist() == [1.5, 2.5]
    assert frame[1].tolist() == ["Köln", 'Löhne,\n"Süd"']


@pytest.mark.parametrize(
    ("row", "refused"),
    [
        ('"a\nb",{k},1.25', ""),
        ('{k},"a, ""b""\n",1.25', ""),
        ("{k},a,1.25,", "line 2: 4 cells"),
        ("{k},a", "line 2: 2 cells"),
    ],
)
def test_large_files_which_pandas_reads_in_several_threads(tmp_path, row, refused):
    rows = [row.format(k=k) + "\n" for k in range(200_000)]
    plain = [f"{k},b,1.25\n" for k in range(100_000)]
    path = write(tmp_path / "t.csv", "x,y,z\n" + "".join([*plain, *rows, *plain]))
    with (
        pytest.raises(InputError, match=refused.replace("2:", "100002:"))
        if refused
        else nullcontext()
    ):
        _, frame = read(path, as_text=[1])
        expected = pd.read_csv(path, dtype=str)
        assert frame[1].tolist() == expected["y"].str.strip().tolist()
        assert frame[2].sum() == 1.25 * 400_000


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (["1,2,3,4,5", "1,2,3,4,"], 0),
        (["1,2,3,4,5,6"], 3),
        (["1,2,3,4"], 3),
        (["1,2,3,4,", "1,2,3,4,5,6", "1,2,3,4"], 4),
        (['1,"2",3,4,5,6'], 3),
    ],
)
def test_rows_are_counted_where_few_columns_are_read(tmp_path, rows, line):
    text = "\n".join(["a,b,c,d,e", "1,2,3,4,5", *rows, ""])
    with pytest.raises(InputError, match=f"line {line}") if line else nullcontext():
        read(write(tmp_path / "t.csv", text))
    source = open_source(tmp_path / "t.csv")
    with pytest.raises(InputError, match=f"line {line}") if line else nullcontext():
        assert source.read([1])[1].tolist() == [2.0] * (1 + len(rows))


def test_a_name_that_a_shell_would_change(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "~t.csv", TABLE)
    assert len(read(Path("~t.csv"))[1]) == 2


def test_other_columns_stay_numbers_where_some_are_read_again(tmp_path):
    path = write(tmp_path / "t.csv", "a,b,c\nTrue,1,\n,2,x\nFalse,3,y\n")
    _, frame = read(path, as_text=[2])
    assert frame[0].dropna().tolist() == ["True", "False"]
    assert frame[1].tolist() == [1.0, 2.0, 3.0]
    assert frame[2].tolist() == ["", "x", "y"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('text,label\n"a, b",x\n"c"\n"d, e",y\n', 3),
        ('a,b,c\n"1",2,3\n3,4,5\n,\n', 4),
        ('a,b\n1,2\n""\n3,4\n', 3),
    ],
)
def test_a_short_row_of_a_quoted_file_is_refused(tmp_path, text, line):
    path = write(tmp_path / "t.csv", text)
    for as_text in ([], [1]):
        with pytest.raises(InputError, match=f"line {line}: "):
            read(path, as_text)


@pytest.mark.parametrize("row", [32_767, 32_768, 32_769])
@pytest.mark.parametrize("short", [0, 1])
def test_a_long_row_anywhere_is_refused(tmp_path, row, short):
    """pandas does not look at the length of the first row that it parses together with others."""
    lines = [",".join("1" * 20)] * 33_000
    lines[5] = '"1"' + ",1" * 19 if not short else ",".join("1" * 19)
    lines[row] += ",1"
    path = write(tmp_path / "t.csv", ",".join("abcdefghijklmnopqrst") + "\n" + "\n".join(lines))
    with pytest.raises(InputError, match=f"line {7 if short else row + 2}: "):
        read(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b,\n1,2,   \n3,4,\n", [[1, 2], [3, 4]]),
        ("a,b\n1.5,   NA\n1.5,     \n   ,   2\n", [[1.5, np.nan], [1.5, np.nan], [np.nan, 2]]),
        ('a\n1.5\n""\n2.5\n', [[1.5], [np.nan], [2.5]]),
        ("a,b\r1,2\r\r,5\r6,7\r", [[1, 2], [np.nan, 5], [6, 7]]),
        ("a,b\n1,True\n2,False\n,\n,\n", [[1, True], [2, False]]),
        ("a,b\n1,2\n,\n\n  \n,", [[1, 2]]),
    ],
)
def test_blanks_and_empty_rows(tmp_path, text, expected):
    _, frame = read(write(tmp_path / "t.csv", text))
    assert all(dtype.kind in "fb" for dtype in frame.dtypes)
    np.testing.assert_array_equal(frame.to_numpy(dtype=float), expected)


def test_a_long_cell_among_others(tmp_path):
    text = 'a,b,c\n"x",1,2\n"' + "z" * 200_000 + '",2,\n'
    _, frame = read(write(tmp_path / "t.csv", text))
    assert len(frame[0][1]) == 200_000
    assert csv.field_size_limit() < 200_000


def test_a_byte_order_mark_before_quotes(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b'\xef\xbb\xbf"a,b",1,\n"c",2,3\n')
    for encoding in (None, "utf-8"):
        _, frame = read(path, encoding=encoding, header=False)
        assert frame[0].tolist() == ["a,b", "c"]


@pytest.mark.parametrize("kinds", [("1", "True"), ("0", "False"), ("True", "7")])
def test_truths_and_numbers_in_one_column_are_text(tmp_path, kinds):
    fill = ",1" * 19 + "\n"
    text = (kinds[0] + fill) * 33_000 + (kinds[1] + fill) * 3
    path = write(tmp_path / "t.csv", ",".join("abcdefghijklmnopqrst") + "\n" + text)
    assert set(read(path)[1][0]) == set(kinds)


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
