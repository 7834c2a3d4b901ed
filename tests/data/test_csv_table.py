import csv
import gzip
import io

import numpy as np
import pytest
from data_files import IN_TMP_PATH, TABLE, refused, write
from hypothesis import given
from hypothesis import strategies as st

from xl2.data import Dataset, load_data
from xl2.errors import InputError

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "features"),
    [
        (TABLE, ("a", "b")),
        ("1,2.5,0\n3,4.5,1\n", ()),
        ("\ufeff" + TABLE, ("a", "b")),
        (TABLE.replace("\n", "\r\n"), ("a", "b")),
        ('"a", "b",label\n\n"1", 2.5 ,0\n 3,"4.5",1\n\n', ("a", "b")),
    ],
)
def test_csv_forms(tmp_path, text, features):
    loaded = load_data(write(tmp_path / "t.csv", text))
    np.testing.assert_array_equal(loaded.X, [[1, 2.5], [3, 4.5]])
    np.testing.assert_array_equal(loaded.y, [0, 1])
    assert loaded.features == features
    assert loaded.X.dtype == np.float64
    assert loaded.y.dtype == np.int64


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.tsv", TABLE.replace(",", "\t").encode()),
        ("T.CSV", TABLE.encode()),
        # mtime: parameters are part of test names, which have to be equal in all workers
        ("t.csv.gz", gzip.compress(TABLE.encode(), mtime=0)),
        ("t.tsv.gz", gzip.compress(TABLE.replace(",", "\t").encode(), mtime=0)),
        ("my.tsv.csv", TABLE.encode()),
    ],
)
def test_csv_suffixes(tmp_path, name, text):
    loaded = load_data(write(tmp_path / name, text))
    np.testing.assert_array_equal(loaded.X, [[1, 2.5], [3, 4.5]])


@pytest.mark.parametrize(
    ("labels", "expected", "kind"),
    [
        (["1", "2"], [1, 2], "i"),
        (["1.0", "2"], [1, 2], "i"),
        (["1.5", "2"], [1.5, 2], "f"),
        (["x", "2"], ["x", "2"], "U"),
        (["1_2", "12"], ["1_2", "12"], "U"),
        (["9007199254740993", "1"], ["9007199254740993", "1"], "U"),
        (["1e30", "1"], ["1e30", "1"], "U"),
        (["\u03b1", "\u03b2"], ["\u03b1", "\u03b2"], "U"),
    ],
)
def test_csv_labels(tmp_path, labels, expected, kind):
    text = "".join(f"{i / 3},{label}\n" for i, label in enumerate(labels, 1))
    loaded = load_data(write(tmp_path / "t.csv", text), header=False)
    assert loaded.y.dtype.kind == kind
    assert loaded.y.tolist() == expected


@pytest.mark.parametrize("target", ["b", "1", "-2"])
def test_csv_target(tmp_path, target):
    loaded = load_data(write(tmp_path / "t.csv", "a,b,c\n1,x,3\n4,y,6\n"), target=target)
    np.testing.assert_array_equal(loaded.X, [[1, 3], [4, 6]])
    assert loaded.y.tolist() == ["x", "y"]
    assert loaded.features == ("a", "c")


def test_a_header_of_numbers_is_recognised_by_given_names(tmp_path):
    path = write(tmp_path / "t.csv", "2019,2020,label\n1,2,0\n3,4,1\n")
    assert load_data(path, target="label").features == ("2019", "2020")
    like = Dataset(np.zeros((1, 2)), None, ("2020", "2019"))
    predicted = load_data(path, like=like, require_target=False)
    np.testing.assert_array_equal(predicted.X, [[2, 1], [4, 3]])
    np.testing.assert_array_equal(predicted.y, [0, 1])


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("", {}, ["is empty"]),
        ("\n\n", {}, ["is empty"]),
        ("a,b\n", {}, ["no rows"]),
        ("a,b\n1,2\n3, \n", {}, ["line 3", "target 'b'", "missing"]),
        ("a,b\n1,2\n4,5\nred,3\n", {}, ["line 4", "column 'a'", "'red'", "2 of 3 cells"]),
        ("1,.2,3\n2,4,5\nid,4,5\n", {}, ["line 3", "column 0:", "'id'"]),
        ("a,b\n1,1\n2,2\n" + "z" * 100 + ",1\n", {}, ["'" + "z" * 40 + "...'"]),
        ("a,b\n1,2\n1,2,3\n", {}, ["line 3", "3 cells", "has 2"]),
        ("a,b\n3,4\n1\n", {}, ["line 3", "1 cell,", "has 2"]),
        ("a~b~y\n1~2~3\n", {}, ["1 column ", "'a~b~y'", "sep="]),
        (TABLE, {"target": "z"}, ["no column 'z'", "'a', 'b', 'label'"]),
        ("1,2\n", {"target": "z"}, ["no column 'z'", "has no header"]),
        (TABLE, {"target": "3"}, ["no column '3'", "from 0 to 2"]),
        ("a,b\ninf,1\n2,3\n", {}, ["inf", "line 2", "column 'a'"]),
        ("1,2\n3,4\n5,inf\n", {}, ["y is inf", "row 3"]),
    ],
)
def test_csv_errors(tmp_path, text, options, words):
    message = refused(InputError, write(tmp_path / "t.csv", text), **options)
    for part in words:
        assert part in message


@IN_TMP_PATH
@given(
    rows=st.integers(1, 3).flatmap(
        lambda width: st.lists(
            st.tuples(st.lists(NUMBERS, min_size=width, max_size=width), st.integers(-9, 9)),
            min_size=1,
            max_size=8,
        )
    ),
    header=st.booleans(),
    packed=st.booleans(),
)
def test_any_csv_round_trip(tmp_path, rows, header, packed):
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL if packed else csv.QUOTE_MINIMAL)
    names = tuple(f"n{i}" for i in range(len(rows[0][0])))
    if header:
        writer.writerow([*names, "label"])
    writer.writerows([*x, y] for x, y in rows)
    content = text.getvalue().encode()
    name = "any.csv.gz" if packed else "any.csv"
    loaded = load_data(write(tmp_path / name, gzip.compress(content) if packed else content))
    np.testing.assert_array_equal(loaded.X, [x for x, _ in rows])
    np.testing.assert_array_equal(loaded.y, [y for _, y in rows])
    assert loaded.features == (names if header else ())


def test_digits_with_an_underscore_are_not_a_number(tmp_path):
    # Python reads 1_2 as 12.
    message = refused(InputError, write(tmp_path / "t.csv", "a,y\n1_2,0\n3,1\n4,1\n"))
    assert "line 2 has '1_2'" in message
    assert load_data(write(tmp_path / "t.csv", "1_2,y\n3,0\n")).features == ("1_2",)
