"""Whether the first row of a table is a header."""

import numpy as np
import pandas as pd
import pytest
from data_files import write

from xl2.data.header import is_value
from xl2.data.source import open_source
from xl2.errors import facing

YEARS = "2019,2020,2021\n1.5,2.5,3.5\n4.5,5.5,6.5\n"
MUSHROOMS = "p,x,s\ne,x,y\np,x,s\ne,b,s\n"


def names_of(tmp_path, text, **options):
    source = open_source(write(tmp_path / "t.csv", text), **options)
    return source.names, source.notes, source.warnings


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n",
        "a,b\nx,y\nz,w\n",
        "a,b\nTrue,2\n",
        "a,b\n,2\n",
        "day,x\n2024-01-05,red\n",
        "price,x\n$5.00,red\n",
        "share,x\n5%,red\n",
        ",b\nx,y\n",
        "class,cap,gill\np,x,s\ne,x,y\np,x,s\n",
    ],
)
def test_texts_above_values_are_a_header(tmp_path, text):
    names, notes, warnings = names_of(tmp_path, text)
    assert names == tuple(text.partition("\n")[0].split(","))
    assert (notes, warnings) == ((), ())


@pytest.mark.parametrize(
    "text",
    [
        "1.5,2.5,0\n3.5,4.5,1\n",
        "5,x\n7,y\n6,x\n",
        "5,x\n7,y\n",
        "1,1,0\n2,3,4\n",
        "5%,7%\n6%,8%\n",
        "2024-01-05,3\n2024-01-06,4\n",
        "NA,1\n2,3\n",
        MUSHROOMS,
    ],
)
def test_values_are_no_header(tmp_path, text):
    names, notes, warnings = names_of(tmp_path, text)
    assert names == ()
    assert "has no header" in notes[0]
    assert warnings == ()
    assert names_of(tmp_path, text, header=True)[0]


@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("label", [False, True])
def test_a_frame_without_names(tmp_path, rows, index, label):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(rows, 3)))
    if label:
        frame["label"] = "yes"
    names, notes, warnings = names_of(tmp_path, frame.to_csv(index=index))
    assert names == (("",) if index else ()) + ("0", "1", "2") + (("label",) if label else ())
    assert notes == ("The first row (0 to 2) is read as a header.",)
    assert warnings == ()


def test_counting_that_recurs_is_no_header(tmp_path):
    names, _, (warning,) = names_of(tmp_path, "0,1\n1,1\n0,1\n1,0\n")
    assert names == ()
    assert "header=True" in warning


@pytest.mark.parametrize("text", [YEARS, "1,2,3\n7,7,8\n9,9,5\n", "10,20,30\n1,5,2\n2,2,2\n"])
def test_numbers_that_may_be_names_are_doubtful(tmp_path, text):
    names, notes, (warning,) = names_of(tmp_path, text)
    assert (names, notes) == ((), ())
    assert "header=True" in warning
    assert "header=False" in warning
    assert names_of(tmp_path, text, header=True) == (tuple(text.split("\n")[0].split(",")), (), ())
    assert names_of(tmp_path, text, header=False) == ((), (), ())


@pytest.mark.parametrize("header", ["2019,2020,label", "400.5,410.5,label", "id,2020,label"])
def test_numbers_beside_names_are_a_header(tmp_path, header):
    names, notes, warnings = names_of(tmp_path, f"{header}\n1,2,0\n3,4,1\n")
    assert names == tuple(header.split(","))
    assert "also its" in notes[0]
    assert warnings == ()


@pytest.mark.parametrize("first", ["n.a.,5.1,3.5,0", "x,2,2,7", "1.5,0.5,1.5,unknown"])
def test_one_text_among_values_is_doubtful(tmp_path, first):
    names, notes, (warning,) = names_of(tmp_path, f"{first}\n1,4,3.5,0\n2,4,5,1\n")
    assert (names, notes) == ((), ())
    assert "header=True" in warning


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("red,S\nblue,M\ngreen,S\n", ()),
        ("red,S,x\nblue,M,y\ngreen,S,z\n", ()),
        ("a,b,c,d,e,M\n" + "v,w,x,y,z,M\n" * 5, ("a", "b", "c", "d", "e", "M")),
    ],
)
def test_a_first_row_of_texts_of_which_some_recur(tmp_path, text, names):
    found, notes, warnings = names_of(tmp_path, text)
    assert found == names
    assert len(notes) + len(warnings) == 1
    assert names_of(tmp_path, text, header=False) == ((), (), ())


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (YEARS, ["2021", "2019"]),
        ("5,label\n6,yes\n7,no\n", ["label"]),
        (MUSHROOMS, ["p", "x", "s"]),
        ("1,2,x\n3,4,y\n", ["2", "x", "gone"]),
    ],
)
def test_known_names_make_a_header(tmp_path, text, known):
    assert names_of(tmp_path, text, known=known) == (tuple(text.split("\n")[0].split(",")), (), ())


def test_a_number_that_is_known_can_be_a_cell(tmp_path):
    assert names_of(tmp_path, "0,1,5\n1,0,6\n", known=["0", "1", "2"])[0] == ()


def test_doubt_names_the_options_of_the_command_line(tmp_path):
    from xl2.errors import Face

    with facing(Face({"header": "--header"}, command_line=True)):
        _, _, (warning,) = names_of(tmp_path, YEARS)
    assert "--header" in warning
    assert "--no-header" in warning


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        *((text, True) for text in ("1", "-1.5", "1e5", "1,5", "1.234,5", "5%", "$5", "5 €")),
        *((text, True) for text in ("2024-01-05", "5.1.2024", "10:30", "true", "inf", "+.5")),
        *((text, False) for text in ("a", "x1", "1st", "3D", "5 apples", "a-b", "#", "v1.2")),
    ],
)
def test_values(cell, expected):
    assert is_value(cell) == expected
