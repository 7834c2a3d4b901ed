import numpy as np
import pytest
from data_files import TABLE, refused, write

from xl2.data import Dataset, load_data
from xl2.errors import InputError
from xl2.nn.columns import Table


def known(*names, table=None):
    """Return a training set with two features, or with these."""
    return Dataset(np.zeros((1, len(names) or 2)), None, names, table=table)


NAMED = {"like": known("b", "a"), "require_target": False}


@pytest.mark.parametrize(
    ("text", "options", "X", "y"),
    [
        ("a,b\n1,2\n", {}, [[2, 1]], None),
        ("a,b\n1,2\n", {"target": "-1"}, [[2, 1]], None),
        ("a,b\n1,2\n", {"target": "label"}, [[2, 1]], None),
        ("a,label,b\n1,0,2\n", {}, [[2, 1]], [0]),
        ("a,label,b\n1,0,2\n", {"target": "label"}, [[2, 1]], [0]),
        ("a,label,b\n1,0,2\n", {"target": "1"}, [[2, 1]], [0]),
        ("a,label,b\n1,0,2\n", {"target": "-1"}, [[2, 1]], [0]),
        ("id,a,label,b\n7,1,0,2\n", {"target": "label"}, [[2, 1]], [0]),
        ("id,a,label,b\nx,1,,2\n", {}, [[2, 1]], None),
        ("id,a,b\nx,1,2\n", {"target": "label"}, [[2, 1]], None),
        ("1,2\n", {"header": False}, [[1, 2]], None),
        ("1,2,0\n", {"header": False}, [[1, 2]], [0]),
        ("0,1,2\n", {"header": False, "target": "0"}, [[1, 2]], [0]),
    ],
)
def test_a_table_for_a_model_with_names(tmp_path, text, options, X, y):
    loaded = load_data(write(tmp_path / "t.csv", text), **NAMED, **options)
    np.testing.assert_array_equal(loaded.X, X)
    assert loaded.y is None if y is None else loaded.y.tolist() == y


@pytest.mark.parametrize(
    ("text", "options", "X", "y"),
    [
        ("1,2\n", {}, [[1, 2]], None),
        ("c,d\n1,2\n", {}, [[1, 2]], None),
        ("1,2\n", {"target": "label"}, [[1, 2]], None),
        ("c,d,e\n1,2,0\n", {}, [[1, 2]], [0]),
        ("c,d,e\n1,0,2\n", {"target": "d"}, [[1, 2]], [0]),
        ("1,0,2\n", {"target": "-2"}, [[1, 2]], [0]),
        ("1,2,cat\n", {}, [[1, 2]], ["cat"]),
    ],
)
def test_a_table_for_a_model_without_names(tmp_path, text, options, X, y):
    path = write(tmp_path / "t.csv", text)
    loaded = load_data(path, like=known(), require_target=False, **options)
    np.testing.assert_array_equal(loaded.X, X)
    assert loaded.y is None if y is None else loaded.y.tolist() == y


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("a,c\n1,2\n", NAMED, ["lacks 1 column", "'b'", "'a', 'c'"]),
        ("c,d\n1,2\n", NAMED, ["lacks 2 columns", "'b', 'a'"]),
        ("a,b\n1,2\n", {**NAMED, "target": "a"}, ["'a'", "one of the model's features"]),
        ("a,b\n1,2\n", {"like": known("a", "b")}, ["no target column", "no column"]),
        ("i,a,b,y\n1,2,3,4\n", {"like": known("a", "b")}, ["no target column", "'i', 'y'"]),
        ("1,2\n", {"like": known()}, ["no target column", "2 columns"]),
        ("1,2,3,4\n", {"like": known()}, ["4 columns", "2 features", "of 3"]),
        ("1\n", {"like": known(), "require_target": False}, ["1 column ", "2 features"]),
        (
            "a,b,c\n1,2,3\n",
            {"like": known(), "require_target": False, "target": "z"},
            ["3 columns", "2 features"],
        ),
    ],
)
def test_a_table_that_does_not_fit_the_model(tmp_path, text, options, words):
    message = refused(InputError, write(tmp_path / "t.csv", text), **options)
    for part in words:
        assert part in message


def test_a_long_list_of_missing_columns_is_shortened(tmp_path):
    names = tuple(f"p{i}" for i in range(784))
    message = refused(InputError, write(tmp_path / "t.csv", TABLE), like=known(*names))
    assert "784 columns" in message
    assert len(message) < 500


# Groups.


@pytest.mark.parametrize(
    ("text", "options", "X", "y", "groups", "column"),
    [
        ("who,a,b,k\nann,1,2,0\n", {"groups": "who"}, [[1, 2]], [0], ["ann"], "who"),
        ("a,b,k,who\n1,2,0,7\n", {"groups": "who"}, [[1, 2]], [0], [7], "who"),
        ("a,k,b,who\n1,0,2,7\n", {"groups": "3", "target": "1"}, [[1, 2]], [0], [7], "who"),
        ("who,k,b\n7,0,2\n", {"groups": "0", "target": "-2"}, [[2]], [0], [7], "who"),
        ("who,a,k\n7,1,0\n", {"groups": "who", "target": "a"}, [[0]], [1], [7], "who"),
        ("ann,1,2,0\n", {"groups": "0"}, [[1, 2]], [0], ["ann"], "0"),
        ("1,2,0,7\n", {"groups": "-1"}, [[1, 2]], [0], [7], "3"),
        # For a trained model.
        ("k,who,b,a\n0,ann,2,1\n", {"groups": "who", **NAMED}, [[2, 1]], [0], ["ann"], "who"),
        ("who,b,a\nann,2,1\n", {"groups": "who", **NAMED}, [[2, 1]], None, ["ann"], "who"),
        ("b,a\n2,1\n", {"groups": "who", **NAMED}, [[2, 1]], None, None, None),
        ("k,b,a\n0,2,1\n", {"groups": "0", **NAMED}, [[2, 1]], [0], None, None),
        (
            "ann,1,2,0\n",
            {"like": known(table=Table(4, (1, 2), "3", "0"))},
            [[1, 2]],
            [0],
            ["ann"],
            "0",
        ),
        (
            "1,2\n",
            {"groups": "0", "like": known(), "require_target": False},
            [[1, 2]],
            None,
            None,
            None,
        ),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_groups_are_a_column_of_their_own(tmp_path, kind, text, options, X, y, groups, column):
    path = write(tmp_path / "t.csv", text)
    if kind == "parquet":
        if not text[0].isalpha() or text.startswith("ann"):
            pytest.skip("A Parquet file has names.")
        pandas = pytest.importorskip("pandas", reason="it writes Parquet files")
        pytest.importorskip("pyarrow", reason="it reads Parquet files")
        pandas.read_csv(path).to_parquet(path.with_suffix(".parquet"))
        path = path.with_suffix(".parquet")
    loaded = load_data(path, **options)
    np.testing.assert_array_equal(loaded.X, X)
    assert (None if loaded.y is None else loaded.y.tolist()) == y
    assert (None if loaded.groups is None else loaded.groups.tolist()) == groups
    assert loaded.table.groups == column


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("a,b\n1,2\n", {"groups": "who"}, ["no column 'who' for groups", "'a', 'b'"]),
        ("a,b\n1,2\n", {"groups": "2"}, ["no column '2'", "index from 0 to 1"]),
        ("1,2\n", {"groups": "who"}, ["no column 'who'", "has no header"]),
        ("a,b,c\n1,2,3\n", {"groups": "c", "target": "c"}, ["'c' cannot be both"]),
        ("a,b,c\n1,2,3\n", {"groups": "c", "target": "-1"}, ["'c' cannot be both"]),
        ("a,b,c\n1,2,3\n", {"groups": "c", "target": "3"}, ["no column '3'", "from 0 to 2"]),
        ("a,b,c\n1,2,\n", {"groups": "c"}, ["groups 'c', line 2", "empty"]),
        ("a,b,c\n1,2,nan\n", {"groups": "c"}, ["groups 'c', line 2", "missing"]),
        (
            "1,2,3\n",
            {"like": known(table=Table(4, (1, 2), "3", "0"))},
            ["Which of the columns is missing cannot be known"],
        ),
    ],
)
def test_unusable_groups_are_refused(tmp_path, text, options, words):
    message = refused(InputError, write(tmp_path / "t.csv", text), **options)
    for part in words:
        assert part in message


def test_only_a_table_has_a_column_of_groups(tmp_path):
    np.savez(tmp_path / "t.npz", x=np.ones((2, 2)), y=[0, 1])
    for source in (tmp_path / "t.npz", "digits"):
        with pytest.raises(InputError, match=r"groups='who' applies only to tables"):
            load_data(source, groups="who")
