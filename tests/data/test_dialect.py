"""What the beginning of a text file says: encoding, separator, decimals, title, header."""

import csv
import io
from contextlib import nullcontext
from unittest import mock

import numpy as np
import pytest
from data_files import write
from hypothesis import given
from hypothesis import strategies as st

from xl2.data import csv_rows
from xl2.data.dialect import find_decimal, find_separator
from xl2.data.source import open_source
from xl2.errors import FileFormatError, InputError, XL2Error

HEAD = "size,town,label\n"
ROWS = "1.5,Köln,0\n2.5,Żary,1\n"


def source_of(tmp_path, text, name="t.csv", **options):
    return open_source(write(tmp_path / name, text), **options)


def values(source):
    return source.read(range(source.width)).to_numpy().tolist()


@pytest.mark.parametrize(
    ("text", "sep"),
    [
        ("a,b,c\n1,2,3\n", ","),
        ("a;b;c\n1;2;3\n", ";"),
        ("a\tb\n1\t2\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ("1,5;2,5;3,5\n2,5;3,5;4,5\n", ";"),
        ("name\tage\nSmith, John\t5\nDoe, Ann\t6\n", "\t"),
        ("price|n\n1,234|2\n5,678|3\n", "|"),
        ("id,list\n1,a;b\n2,c;d\n", ","),
        ('id;text\n1;"a, b, c"\n2;"d, e, f"\n', ";"),
        ('a,b\n"1;2","3;4"\n"5;6","7;8"\n', ","),
        ("date;x\n2024-01-05 10:00;1\n2024-01-06 11:30;2\n", ";"),
        ("x\n1\n2\n", ","),
        ("a title, with a comma\nx;y\n1;2\n3;4\n", ";"),
        ('"x" "y"\n1 2\n3 4\n', " "),
    ],
)
def test_separators(text, sep):
    assert find_separator(text.splitlines(keepends=True), None) == sep


@pytest.mark.parametrize("sep", ["\t", ",", ";"])
def test_a_tsv_has_tabs_unless_it_clearly_has_not(tmp_path, sep):
    source = source_of(tmp_path, f"a{sep}b\n1{sep}2\n3{sep}4\n", "t.tsv")
    assert values(source) == [[1, 2], [3, 4]]
    assert bool(source.notes) == (sep != "\t")
    # Commas inside of cells separated by tabs.
    assert source_of(tmp_path, "a,x\tb,y\n1,5\t2,5\n", "t.tsv").width == 2


def test_the_separator_is_in_the_first_line(tmp_path):
    source = source_of(tmp_path, "sep=;\na,x;b\n1;2\n")
    assert source.names == ("a,x", "b")
    assert source.where(0) == "line 3"


@pytest.mark.parametrize(
    ("cells", "sep", "decimal", "warned"),
    [
        ("1,5 2,25", ";", ",", False),
        ("1.5 2.25", ";", ".", False),
        ("1,5 2.5", ";", ".", False),
        ("0,125 2", "\t", ",", False),
        ("1.234,5 2", ";", ",", False),
        ("1,234.5 2", ";", ".", False),
        ("1,234 2,345", ";", ",", True),
        ("1,234 2,345", "\t", ".", True),
        ("1,234,567 2,345", ";", ".", False),
        ("1234,567 2", "\t", ",", False),
        ("1.234.567 2,345", ";", ",", False),
        ("1.234 22.500", ";", ".", True),
        ("0.125 1.234", ";", ".", False),
        ("1,234 0.125", ";", ".", False),
        ("1.234 2.500", ",", ".", False),
        ("1,234 2,500", ",", ".", False),
        ("1,5 2,25", ",", ",", False),
        ("red 2", ";", ".", False),
        ("1,5e3 2", "|", ",", False),
    ],
)
def test_decimals(cells, sep, decimal, warned):
    found, warnings = find_decimal([cells.split()], sep)
    assert found == decimal
    assert bool(warnings) == warned


def test_amounts_that_can_be_read_in_two_ways_are_said(tmp_path):
    source = source_of(tmp_path, "price\tn\n€45,123\t1\n€5,200\t2\n")
    assert source.decimal == "."
    assert "45,123 is read as 45123. If it is 45.123, pass" in source.warnings[0]
    source = source_of(tmp_path, "price;n\n€45,12;1\n€5,20;2\n")
    assert (source.decimal, source.warnings) == (",", ())


def test_decimal_commas_are_numbers(tmp_path):
    source = source_of(tmp_path, "a;b\n1,5;x\n-2,25e1;y\n;z\n")
    assert source.decimal == ","
    assert source.notes == ("Cells are separated by semicolons and decimals have a comma.",)
    np.testing.assert_array_equal(source.read([0])[0], [1.5, -22.5, np.nan])
    assert source_of(tmp_path, "a;b\n1,5;2\n", decimal=".").read([0])[0].tolist() == ["1,5"]
    assert source_of(tmp_path, "a;b\n1,234;2\n", decimal=",").read([0])[0].tolist() == [1.234]


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
    ],
)
def test_encodings(tmp_path, encoding, note):
    source = source_of(tmp_path, ("größe,ort,label\n" + ROWS).encode(encoding))
    assert source.names == ("größe", "ort", "label")
    assert source.read([1])[1].tolist() == ["Köln", "Żary"]
    assert [note in text for text in source.notes] == ([True] if note else [])


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
@pytest.mark.parametrize("late", [False, True])
def test_latin_1_is_said(tmp_path, encoding, late):
    # Late: after all that is looked at before the rows are counted.
    text = HEAD + "1,Ulm,0\n" * (50_000 if late else 1) + "2,Köln,1\n"
    source = source_of(tmp_path, text.encode(encoding))
    assert source.notes == ("The file is not UTF-8: it is read as Latin-1.",)
    assert source.read([1])[1].iloc[-1] == "Köln"


def test_an_encoding_can_be_given(tmp_path):
    cyrillic = "a,b\nйй,1\n".encode("cp1251")
    assert values(source_of(tmp_path, cyrillic, encoding="cp1251")) == [["йй", 1]]
    with pytest.raises(FileFormatError, match="not UTF-8 text"):
        source_of(tmp_path, cyrillic, encoding="utf-8")
    with pytest.raises(InputError, match="name of an encoding"):
        source_of(tmp_path, cyrillic, encoding="klingon")


@pytest.mark.parametrize("sign", ["", ";;", '"', "a", "1", "\n"])
def test_a_separator_is_one_character(tmp_path, sign):
    with pytest.raises(InputError, match="one character"):
        source_of(tmp_path, HEAD + ROWS, sep=sign)


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("Measurements\n", 1),
        ("Measurements\n\n", 2),
        ("\n\n", 0),
        ("Report, spring\nof 2024\n\n", 3),
        ("# a comment\n# another\n", 2),
        ("Measurements,,\n", 1),
        ('"Two\nlines"\n', 2),
    ],
)
def test_a_title_is_skipped(tmp_path, title, lines):
    source = source_of(tmp_path, title + HEAD + ROWS)
    assert source.names == ("size", "town", "label")
    assert source.read([0])[0].tolist() == [1.5, 2.5]
    assert source.where(1) == f"line {title.count(chr(10)) + 3}"
    assert any("title" in note for note in source.notes) == bool(lines)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("a,a,b", ("a", "a.1", "b")),
        ("a,a,a", ("a", "a.1", "a.2")),
        ("a,a,a.1", ("a", "a.2", "a.1")),
        (",a,", ("", "a", "Unnamed: 2")),
    ],
)
def test_names_are_made_distinct(tmp_path, header, names):
    source = source_of(tmp_path, f"{header}\n1,2,3\n")
    assert source.names == names
    assert any("Several columns" in note for note in source.notes) == ("a,a" in header)


@pytest.mark.parametrize(
    "text",
    [
        '"x","y"\n"1",1.5,2\n"2",3,4\n',
        '"x" "y"\n"a" 1.5 2\n"b" 3 4\n',
        "x\ty\nrow 1\t1.5\t2\nrow 2\t3\t4\n",
    ],
)
def test_row_names_of_r(tmp_path, text):
    source = source_of(tmp_path, text)
    assert source.names == ("", "x", "y")
    assert list(source.row_names) == [0]
    np.testing.assert_array_equal(source.read([1, 2]), [[1.5, 2], [3, 4]])


@pytest.mark.parametrize(
    ("text", "line", "cells"),
    [
        ("a,b\n1,2\n1,2,3\n", 3, 3),
        ("a,b\n1,2\n3,4\n1\n", 4, 1),
        ('a,b\n"x\ny",2\n\n3\n', 5, 1),
        ("a,b\n1,2\n1\n1,2,3\n", 3, 1),
        ("a,b\n" + "1,2\n" * 99_999 + "1,2,\n", 100_001, 3),
    ],
)
def test_rows_of_another_length_are_refused(tmp_path, text, line, cells):
    with pytest.raises(InputError, match=rf"line {line}: {cells} cells?, but the table has 2"):
        source_of(tmp_path, text).read([0, 1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('a,b\n"x,1\n', "line 2"),
        ('a,b\n"x"y,1\n', "line 2"),
        ('a,b\n1,2\n"x,1\n3,4\n', "quotes"),
        ('a,b\n1,2\n3,4\n"x"y,1\n', "line 4"),
        ('a,b\n1,2\n"3\n4",5\n"x"y,1\n', "line 5"),
    ],
)
def test_quotes_that_do_not_end_are_refused(tmp_path, text, words):
    with pytest.raises(FileFormatError, match=words):
        source_of(tmp_path, text).read([0, 1])


@pytest.mark.parametrize(
    "content", [b"\x00\x01\x02\xff" * 10, b"PK\x03\x04abc,1\n2,3\n", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_not_text_is_refused(tmp_path, content):
    with pytest.raises(FileFormatError, match="control characters"):
        source_of(tmp_path, content)


CELLS = st.text(st.sampled_from('ab1.,; "\n\r\té'), max_size=6).map(str.strip)


@given(
    rows=st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(CELLS, min_size=width, max_size=width).filter(any), min_size=1, max_size=6
        )
    ),
    sep=st.sampled_from([",", ";", "\t", "|"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_any_cells_are_read_as_written(tmp_path_factory, rows, sep, quoting):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=sep, quoting=quoting)
        writer.writerow([f"n{i}" for i in range(len(rows[0]))])
        writer.writerows(rows)
    source = open_source(path, sep=sep, header=True)
    frame = source.read(range(source.width), as_text=range(source.width))
    assert frame.to_numpy().tolist() == rows


LINES = ["a,1", '"a",1', '"a', 'b",1', ' "a,b", 1', 'a"b,1', "1,", ",", "", " ", 'a,""']
UNEVEN = ["a", "a,1,2", '"a"b,1', "1,2,", '"a,"1",2', '"a" ,1']


@given(
    lines=st.lists(st.sampled_from(LINES + LINES + UNEVEN), max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    part=st.sampled_from([csv_rows.PART, 1, 2, 5]),
)
def test_any_text_has_the_rows_of_another_parser_or_is_refused(tmp_path_factory, lines, end, part):
    text = end.join(["x,y", "1,2", *lines, "3,4", ""])
    path = write(tmp_path_factory.getbasetemp() / "any.csv", text)
    try:
        expected = [
            [cell.strip() for cell in cells]
            for cells in csv.reader(
                io.StringIO(text, newline=""), skipinitialspace=True, strict=True
            )
            if len(cells) > 1 or "".join(cells).strip()
        ][1:]
    except csv.Error:
        expected = []
    even = all(len(cells) == 2 for cells in expected)
    refused = pytest.raises(XL2Error) if not (expected and even) else nullcontext()
    with mock.patch.object(csv_rows, "PART", part), refused:
        source = open_source(path, sep=",", header=True)
        assert source.read([0, 1], as_text=[0, 1]).to_numpy().tolist() == expected
