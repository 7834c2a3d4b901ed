import csv
import gzip
import io
import math
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pathlib import Path

from xl2 import data
from xl2.data import Dataset, check, load_data, split
from xl2.errors import FileFormatError, InputError, XL2Error

IDX_CODES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
X = np.arange(12, dtype=np.uint8).reshape(4, 3)
Y = np.array([0, 1, 1, 0])
TABLE = "a,b,label\n1,2.5,0\n3,4.5,1\n"

IN_TMP_PATH = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def parquet():
    return pytest.importorskip("pyarrow.parquet", reason="pyarrow reads and writes Parquet")


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py", reason="h5py reads and writes HDF5")


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def idx_bytes(array, code=0x08):
    array = np.asarray(array)
    head = bytes([0, 0, code, array.ndim])
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + sizes + array.astype(IDX_CODES[code]).tobytes()


def write_parquet(path, **columns):
    pa = pytest.importorskip("pyarrow", reason="pyarrow writes the file")
    import pyarrow.parquet

    pyarrow.parquet.write_table(pa.table(columns), path)
    return path


def refused(error, path, **options):
    with pytest.raises(error) as caught:
        load_data(path, **options)
    assert type(caught.value) is error
    return str(caught.value)


# What stands for any source.


def test_digits_are_built_in():
    digits = load_data("digits")
    assert digits.X.shape == (1797, 64)
    assert sorted(set(digits.y.tolist())) == list(range(10))
    assert (digits.name, digits.features, digits.X_test, digits.y_test) == (
        "digits",
        (),
        None,
        None,
    )


def test_a_missing_file_is_refused(tmp_path):
    message = refused(InputError, tmp_path / "no.csv")
    assert "no.csv" in message
    assert "digits" in message


def test_a_directory_is_refused(tmp_path):
    assert "cannot be opened" in refused(InputError, tmp_path)


def test_an_unknown_suffix_is_refused(tmp_path):
    message = refused(InputError, write(tmp_path / "data.xlsx", "PK"))
    for suffix in (".xlsx", ".npz", ".h5", ".csv", ".tsv", ".parquet", "IDX"):
        assert suffix in message


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"features_first": True}, "--features-first is for .npz and HDF5"),
        ({"labels": "labels"}, "goes with an IDX file"),
    ],
)
def test_an_option_of_another_format_is_refused(tmp_path, options, said):
    assert said in refused(InputError, write(tmp_path / "t.csv", TABLE), **options)


def test_a_target_column_of_arrays_is_refused_in_training_only(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    assert "for tables" in refused(InputError, tmp_path / "d.npz", target="label")
    assert load_data(tmp_path / "d.npz", target="label", require_target=False).y is not None


# .npz and HDF5.


@pytest.mark.parametrize("x_key", ["x", "X"])
@pytest.mark.parametrize("y_key", ["y", "labels", "target"])
def test_npz_round_trip(tmp_path, x_key, y_key):
    np.savez(tmp_path / "d.npz", **{x_key: X, y_key: Y})
    loaded = load_data(str(tmp_path / "d.npz"))
    np.testing.assert_array_equal(loaded.X, X)
    np.testing.assert_array_equal(loaded.y, Y)
    assert loaded.X.dtype == np.uint8
    assert loaded.name == str(tmp_path / "d.npz")


def test_npz_with_a_test_part_and_images(tmp_path):
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    np.savez(
        tmp_path / "mnist.npz",
        x_train=images,
        y_train=[[1], [2]],
        x_test=images[:1],
        y_test=[1],
    )
    loaded = load_data(tmp_path / "mnist.npz")
    np.testing.assert_array_equal(loaded.X, images.reshape(2, 12))
    np.testing.assert_array_equal(loaded.y, [1, 2])
    np.testing.assert_array_equal(loaded.X_test, images.reshape(2, 12)[:1])
    np.testing.assert_array_equal(loaded.y_test, [1])


def test_npz_with_colour_images(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.zeros((2, 4, 4, 3)), y=[0, 1])
    assert load_data(tmp_path / "d.npz").X.shape == (2, 48)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["cat", "dog", "dog", "cat"], ["cat", "dog", "dog", "cat"]),
        (np.array([b"a", b"b", b"b", b"a"]), ["a", "b", "b", "a"]),
        ([True, False, False, True], [1, 0, 0, 1]),
        ([0.5, 1.5, 2.5, 3.5], [0.5, 1.5, 2.5, 3.5]),
        (np.eye(4), np.eye(4)),
        (np.array([1, 2, 3, 4], dtype=">i4"), [1, 2, 3, 4]),
    ],
)
def test_npz_labels_of_every_kind(tmp_path, labels, expected):
    np.savez(tmp_path / "d.npz", x=X, y=labels)
    loaded = load_data(tmp_path / "d.npz")
    np.testing.assert_array_equal(loaded.y, expected)
    assert loaded.y.dtype.isnative


def test_truth_values_as_features_are_numbers(tmp_path):
    np.savez(tmp_path / "d.npz", x=X > 4, y=Y)
    loaded = load_data(tmp_path / "d.npz")
    assert loaded.X.dtype == np.uint8
    np.testing.assert_array_equal(loaded.X, X > 4)


def test_features_first(tmp_path):
    np.savez(tmp_path / "d.npz", x=X.T, y=Y[None])
    loaded = load_data(tmp_path / "d.npz", features_first=True)
    np.testing.assert_array_equal(loaded.X, X)
    np.testing.assert_array_equal(loaded.y, Y)
    assert loaded.X.flags.c_contiguous
    message = refused(InputError, tmp_path / "d.npz")
    assert "(3, 4)" in message
    assert "--features-first" in message


def test_features_first_of_images_is_refused(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.zeros((2, 3, 4)), y=[0, 1])
    assert "(features, samples)" in refused(InputError, tmp_path / "d.npz", features_first=True)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"images": X, "y": Y}, ["'images', 'y'", "x_train and y_train"]),
        ({}, ["of nothing"]),
        ({"x": X, "Y_": Y}, ["no labels beside it", "'x', 'Y_'", "'labels'"]),
        ({"x": X, "X": X, "y": Y}, ["'x', 'X'", "one of them"]),
        ({"x": X, "y": Y, "labels": Y}, ["'y', 'labels'", "one of them"]),
        ({"x_train": X, "y_train": Y, "x_test": X}, ["'x_test'", "'y_test'"]),
        ({"x": X, "y": Y[:2]}, ["4 samples", "2 labels"]),
        ({"x": X[:, 0], "y": Y}, ["(4,)", "(samples, features)"]),
        ({"x": X[:0], "y": Y[:0]}, ["(0, 3)", "empty"]),
        ({"x": X.astype(str), "y": Y}, ["<U", "real numbers"]),
        ({"x": X * 1j, "y": Y}, ["complex128", "real numbers"]),
        ({"x": X, "y": Y * 1j}, ["complex128", "text"]),
        ({"x": X, "y": np.float64(1)}, ["shape ()", "(samples,)"]),
        ({"x": X, "y": np.zeros((4, 1, 2))}, ["(4, 1, 2)", "(samples, outputs)"]),
        (
            {"x_train": X, "y_train": Y, "x_test": X[:, :2], "y_test": Y},
            ["3 features", "X_test 2"],
        ),
    ],
)
def test_npz_errors(tmp_path, arrays, said):
    np.savez(tmp_path / "d.npz", **arrays)
    message = refused(InputError, tmp_path / "d.npz")
    for part in said:
        assert part in message


def test_labels_that_are_no_utf8_are_refused(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=np.array([b"\xff"] * 4))
    assert "UTF-8" in refused(FileFormatError, tmp_path / "d.npz")


def test_npz_without_labels_is_for_prediction(tmp_path):
    np.savez(tmp_path / "d.npz", x=X)
    assert load_data(tmp_path / "d.npz", require_target=False).y is None


def test_the_number_of_features_of_arrays_is_checked(tmp_path):
    np.savez(tmp_path / "d.npz", x=X)
    path = tmp_path / "d.npz"
    assert load_data(path, require_target=False, n_features=3).X.shape == (4, 3)
    assert "has 5" in refused(InputError, path, require_target=False, n_features=5)
    assert "has 2" in refused(InputError, path, require_target=False, features=("a", "b"))
    message = refused(InputError, path, require_target=False, n_features=4)
    assert "--features-first" in message


class Unpickled:
    def __reduce__(self):
        return (pytest.fail, ("something was unpickled",))


def test_nothing_is_unpickled(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=np.array([Unpickled()] * 4, dtype=object))
    message = refused(FileFormatError, tmp_path / "d.npz")
    assert "'y'" in message
    assert "nothing is unpickled" in message


def test_objects_under_other_keys_are_left_alone(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=Y, other=np.array([Unpickled()], dtype=object))
    np.testing.assert_array_equal(load_data(tmp_path / "d.npz").X, X)


def test_an_archive_of_no_arrays_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.writestr("x", "text")
        archive.writestr("y", "text")
    assert "no NumPy array under 'x'" in refused(FileFormatError, tmp_path / "d.npz")


def test_an_array_that_declares_too_much_is_refused(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (2**45, 2**10)}
    )
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
    assert "d.npz" in refused(FileFormatError, tmp_path / "d.npz")


def test_h5_round_trip(tmp_path, h5py):
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["x_train"] = X.reshape(4, 1, 3)
        file["y_train"] = Y[:, None]
        file["x_test"] = X[:2]
        file["y_test"] = Y[:2]
        file.create_group("more")
    loaded = load_data(tmp_path / "d.h5")
    np.testing.assert_array_equal(loaded.X, X)
    np.testing.assert_array_equal(loaded.y, Y)
    np.testing.assert_array_equal(loaded.y_test, Y[:2])
    assert loaded.X.dtype == np.uint8


def test_h5_with_text_labels_and_features_first(tmp_path, h5py):
    with h5py.File(tmp_path / "d.hdf5", "w") as file:
        file["X"] = X.T
        file["labels"] = ["a", "b", "b", "\N{GREEK SMALL LETTER ALPHA}"]
    loaded = load_data(tmp_path / "d.hdf5", features_first=True)
    np.testing.assert_array_equal(loaded.X, X)
    assert loaded.y.tolist() == ["a", "b", "b", "\N{GREEK SMALL LETTER ALPHA}"]


def test_an_h5_group_is_refused(tmp_path, h5py):
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file.create_group("x")
    assert "group at 'x'" in refused(InputError, tmp_path / "d.h5")


@pytest.mark.parametrize(("module", "suffix"), [("h5py", ".h5"), ("pyarrow.parquet", ".parquet")])
def test_an_absent_library_is_named(tmp_path, monkeypatch, module, suffix):
    monkeypatch.setitem(sys.modules, module, None)
    message = refused(InputError, write(tmp_path / f"d{suffix}", "x"))
    assert module.partition(".")[0] in message
    assert 'pip install "xl2[data]"' in message


# .csv and .tsv.


@pytest.mark.parametrize(
    ("text", "features"),
    [
        (TABLE, ("a", "b")),
        ("1,2.5,0\n3,4.5,1\n", ()),
        ("\ufeff" + TABLE, ("a", "b")),
        (TABLE.replace("\n", "\r\n"), ("a", "b")),
        ('"a", "b",label\n\n"1", 2.5 ,0\n 3,"4.5",1\n\n', ("a", "b")),
        (",b,label\n1,2.5,0\n3,4.5,1", ("", "b")),
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
        ("t.csv.gz", gzip.compress(TABLE.encode())),
        ("t.tsv.gz", gzip.compress(TABLE.replace(",", "\t").encode())),
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
        (["9007199254740993", "1"], [9007199254740993, 1], "i"),
        (["1e30", "1"], [1e30, 1], "f"),
        (["\u03b1", "\u03b2"], ["\u03b1", "\u03b2"], "U"),
    ],
)
def test_csv_labels(tmp_path, labels, expected, kind):
    text = "".join(f"{i},{label}\n" for i, label in enumerate(labels))
    loaded = load_data(write(tmp_path / "t.csv", text))
    assert loaded.y.dtype.kind == kind
    assert loaded.y.tolist() == expected


@pytest.mark.parametrize("target", ["b", "1", "-2"])
def test_csv_target(tmp_path, target):
    loaded = load_data(write(tmp_path / "t.csv", "a,b,c\n1,x,3\n4,y,6\n"), target=target)
    np.testing.assert_array_equal(loaded.X, [[1, 3], [4, 6]])
    assert loaded.y.tolist() == ["x", "y"]
    assert loaded.features == ("a", "c")


def test_a_header_of_numbers_is_a_header_where_its_names_are_given(tmp_path):
    path = write(tmp_path / "t.csv", "2019,2020,label\n1,2,0\n3,4,1\n")
    assert load_data(path, target="label").features == ("2019", "2020")
    predicted = load_data(path, features=("2020", "2019"), require_target=False)
    np.testing.assert_array_equal(predicted.X, [[2, 1], [4, 3]])
    np.testing.assert_array_equal(predicted.y, [0, 1])


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", {}, ["is empty"]),
        ("\n\n", {}, ["is empty"]),
        ("a,b\n", {}, ["no row under it"]),
        ("a,b\n1,2\n\n,3\n", {}, ["line 4", "column 'a'", "empty", "missing"]),
        ("a,b\n1,2\n3, \n", {}, ["line 3", "column 'b'", "missing"]),
        ("a,b\n1,2\nred,3\n", {}, ["line 3", "column 'a'", "'red'", "not a number"]),
        ("1,2,3\nid,4,5\n", {}, ["line 2", "column 1", "'id'", "no header"]),
        ("a,1,x\n", {}, ["line 1", "column 1", "'a'", "no header"]),
        ("a,b\n" + "z" * 100 + ",1\n", {}, ["'" + "z" * 40 + "...'"]),
        ("a,b\n1,2\n1,2,3\n", {}, ["line 3", "3 cells", "has 2"]),
        ("a,b\n1\n", {}, ["line 2", "1 cell,", "has 2"]),
        ("a;b;y\n1;2;3\n", {}, ["1 column ", "'a;b;y'", "commas"]),
        ("a,a,y\n1,2,3\n", {}, ["more than one column", "'a'"]),
        (TABLE, {"target": "z"}, ["no column 'z'", "'a', 'b', 'label'"]),
        ("1,2\n", {"target": "z"}, ["no column 'z'", "no header"]),
        (TABLE, {"target": "3"}, ["3 columns", "between -3 and 2", "'3'"]),
        ("a,b\nnan,1\n", {}, ["nan", "row 1", "column 'a'"]),
        ("1,2\n3,4\n5,inf\n", {}, ["y is inf", "row 3"]),
    ],
)
def test_csv_errors(tmp_path, text, options, said):
    message = refused(InputError, write(tmp_path / "t.csv", text), **options)
    for part in said:
        assert part in message


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", b"a,b\n1,\xff\n", "not UTF-8"),
        ("t.csv", TABLE.encode("utf-16"), "not UTF-8"),
        ("t.csv", b'a,b\n1,"2\n', "line 2"),
        ("t.csv", b"a,b\n1," + b"2" * 200_000, "line 2"),
        ("t.csv.gz", TABLE.encode(), "cannot be read"),
        ("t.csv.gz", gzip.compress(TABLE.encode())[:-9], "cannot be read"),
        ("t.npz", TABLE.encode(), "not a NumPy .npz archive"),
        ("t.parquet", TABLE.encode(), "cannot be read as a Parquet file"),
        ("t.h5", TABLE.encode(), "cannot be read as an HDF5 file"),
    ],
)
def test_files_that_are_not_what_their_names_say(tmp_path, name, content, said):
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow", reason="pyarrow reads the file")
    if name.endswith(".h5"):
        pytest.importorskip("h5py", reason="h5py reads the file")
    assert said in refused(FileFormatError, write(tmp_path / name, content))


# Tables for a model that is already trained.

NAMED = {"features": ("b", "a"), "n_features": 2, "require_target": False}


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
        ("1,2\n", {}, [[1, 2]], None),
        ("1,2,0\n", {}, [[1, 2]], [0]),
        ("0,1,2\n", {"target": "0"}, [[1, 2]], [0]),
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
    loaded = load_data(path, n_features=2, require_target=False, **options)
    np.testing.assert_array_equal(loaded.X, X)
    assert loaded.y is None if y is None else loaded.y.tolist() == y


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("a,c\n1,2\n", NAMED, ["lacks 1 column", "'b'", "'a', 'c'"]),
        ("c,d\n1,2\n", NAMED, ["lacks 2 columns", "'b', 'a'"]),
        ("a,b\n1,2\n", {**NAMED, "target": "a"}, ["'a'", "one of the model's features"]),
        ("a,b\n1,2\n", {"features": ("a", "b")}, ["no target column", "no column"]),
        ("i,a,b,y\n1,2,3,4\n", {"features": ("a", "b")}, ["no target column", "'i', 'y'"]),
        ("1,2\n", {"n_features": 2}, ["no target column", "2 columns"]),
        ("1,2,3,4\n", {"n_features": 2}, ["4 columns", "2 features", "of 3"]),
        ("1\n", {"n_features": 2, "require_target": False}, ["1 column,", "2 features"]),
        (
            "a,b,c\n1,2,3\n",
            {"n_features": 2, "require_target": False, "target": "z"},
            ["3 columns", "2 features"],
        ),
    ],
)
def test_a_table_that_does_not_fit_the_model(tmp_path, text, options, said):
    message = refused(InputError, write(tmp_path / "t.csv", text), **options)
    for part in said:
        assert part in message


def test_a_long_list_of_missing_columns_is_cut(tmp_path):
    names = tuple(f"p{i}" for i in range(784))
    message = refused(InputError, write(tmp_path / "t.csv", TABLE), features=names)
    assert "784 columns" in message
    assert len(message) < 500


def test_a_table_without_its_target_is_for_prediction(tmp_path):
    path = write(tmp_path / "t.csv", "a,b\n1,2\n")
    loaded = load_data(path, target="label", require_target=False)
    assert loaded.y is None
    assert loaded.features == ("a", "b")


# Parquet.


def test_parquet_round_trip(tmp_path, parquet):
    path = write_parquet(
        tmp_path / "t.parquet",
        a=np.array([1, 2], dtype=np.uint8),
        label=["x", "y"],
        b=np.array([3, 4], dtype=np.uint8),
    )
    loaded = load_data(path, target="label")
    np.testing.assert_array_equal(loaded.X, [[1, 3], [2, 4]])
    assert loaded.X.dtype == np.uint8
    assert loaded.y.tolist() == ["x", "y"]
    assert loaded.features == ("a", "b")


def test_parquet_types(tmp_path, parquet):
    from decimal import Decimal

    import pyarrow as pa

    path = write_parquet(
        tmp_path / "t.parquet",
        a=np.array([1, 2], dtype=np.int64),
        b=[True, False],
        c=[Decimal("1.5"), Decimal("2.5")],
        y=pa.array(["x", "y"]).dictionary_encode(),
    )
    loaded = load_data(path)
    np.testing.assert_array_equal(loaded.X, [[1, 1, 1.5], [2, 0, 2.5]])
    assert loaded.X.dtype == np.float64
    assert loaded.y.tolist() == ["x", "y"]


def test_parquet_for_a_trained_model(tmp_path, parquet):
    path = write_parquet(tmp_path / "t.parquet", i=["p", "q"], a=[1, 2], b=[3, 4])
    loaded = load_data(path, features=("b", "a"), target="y", require_target=False)
    np.testing.assert_array_equal(loaded.X, [[3, 1], [4, 2]])
    assert loaded.y is None
    assert "'c'" in refused(InputError, path, features=("c", "a"))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"a": ["x", "y"], "y": [0, 1]}, ["column 'a'", "string", "numeric"]),
        ({"a": [1, 2], "y": [[0], [1]]}, ["column 'y'", "list", "numeric or text"]),
        ({"a": [1, None], "y": [0, 1]}, ["row 2", "column 'a'", "null", "1 null "]),
        ({"a": [1, 2], "y": [None, "b"]}, ["row 1", "column 'y'", "null"]),
        ({"a": [1.0, math.nan], "y": [0, 1]}, ["nan", "row 2", "column 'a'"]),
        ({"a": [1, 2]}, ["1 column ", "no feature"]),
    ],
)
def test_parquet_errors(tmp_path, parquet, columns, said):
    message = refused(InputError, write_parquet(tmp_path / "t.parquet", **columns))
    for part in said:
        assert part in message


def test_parquet_without_rows_is_refused(tmp_path, parquet):
    path = write_parquet(tmp_path / "t.parquet", a=np.zeros(0), y=np.zeros(0))
    assert "(0, 1)" in refused(InputError, path)


# IDX.


@pytest.mark.parametrize("code", IDX_CODES)
def test_every_idx_type(tmp_path, code):
    values = np.array([[[1, 2], [3, 4]], [[5, 6], [7, 100]]])
    if code != 0x08:
        values = -values
    write(tmp_path / "train-images-idx3-ubyte", idx_bytes(values, code))
    write(tmp_path / "train-labels-idx1-ubyte", idx_bytes([0, 1], code))
    loaded = load_data(tmp_path / "train-images-idx3-ubyte")
    np.testing.assert_array_equal(loaded.X, values.reshape(2, 4))
    np.testing.assert_array_equal(loaded.y, [0, 1])
    assert loaded.X.dtype == np.dtype(IDX_CODES[code]).newbyteorder("=")
    assert loaded.X.dtype.isnative


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
        ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte"),
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte"),
        ("images", "labels"),
        ("images.gz", "labels.gz"),
    ],
)
def test_idx_pairs(tmp_path, images, labels):
    for name, array in ((images, X.reshape(4, 3, 1)), (labels, Y)):
        content = idx_bytes(array)
        write(tmp_path / name, gzip.compress(content) if name.endswith(".gz") else content)
    loaded = load_data(tmp_path / images)
    np.testing.assert_array_equal(loaded.X, X)
    np.testing.assert_array_equal(loaded.y, Y)


def test_idx_labels_by_name_or_not_at_all(tmp_path):
    images = write(tmp_path / "a.idx", idx_bytes(X))
    labels = write(tmp_path / "b.idx", idx_bytes(Y))
    np.testing.assert_array_equal(load_data(images, labels=str(labels)).y, Y)
    assert load_data(images, require_target=False).y is None
    assert "--labels" in refused(InputError, images)
    assert "c.idx" in refused(InputError, images, labels=tmp_path / "c.idx")
    assert "file of labels" in refused(InputError, labels)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (idx_bytes(X)[:-1], ["(4, 3)", "12 bytes", "only 11"]),
        (idx_bytes(X) + b"\0", ["12 bytes", "more"]),
        (idx_bytes(X)[:9], ["declares 2 dimensions"]),
        (b"\0\0\x08\x03" + b"\xff" * 12, ["declares 3 dimensions", "only 0"]),
        (b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"x", ["cannot be read as an IDX file"]),
        (b"\0\0\x0a\x01" + b"\0" * 4, ["not an IDX file", "00 00 0a 01", "0d"]),
        (b"text", ["not an IDX file"]),
        (b"", ["not an IDX file"]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_damaged_idx(tmp_path, content, said, packed):
    path = tmp_path / ("d.idx.gz" if packed else "d.idx")
    message = refused(FileFormatError, write(path, gzip.compress(content) if packed else content))
    for part in said:
        assert part in message


def test_truncated_gz_of_idx(tmp_path):
    path = write(tmp_path / "d-idx3-ubyte.gz", gzip.compress(idx_bytes(X))[:-9])
    assert "cannot be read as an IDX file" in refused(FileFormatError, path)


# The checks common to all.


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_value_that_is_not_finite_is_found(value, dtype):
    values = np.zeros((3000, 200), dtype=dtype)
    values[2000, 7] = values[2500, 3] = value
    with pytest.raises(InputError, match=f"X is {value} in row 2001, column 8 "):
        check(Dataset(values, None))
    names = tuple(f"n{i}" for i in range(200))
    with pytest.raises(InputError, match="column 'n7'"):
        check(Dataset(values, None, names))
    with pytest.raises(InputError, match=f"X_test is {value}"):
        check(Dataset(np.zeros((1, 200)), None, X_test=values))


def test_values_whose_sum_overflows_are_finite():
    check(Dataset(np.full((10, 10), 1e308), np.full(10, 1e308)))
    check(Dataset(np.full((10, 10), 60000, dtype=np.float16), None))


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        (np.zeros(3), None, r"shape \(3,\)"),
        (np.zeros((3, 0)), None, r"shape \(3, 0\)"),
        (np.array([["a"]]), None, "type <U1"),
        (np.zeros((3, 1)), np.zeros(2), "3 samples and y has 2 labels"),
        (np.zeros((3, 1)), np.array(1), "0 labels"),
        (np.zeros((2, 1)), np.array([0, math.nan]), "y is nan in row 2"),
        (np.zeros((2, 1)), np.array([[0, 1], [0, math.inf]]), "y is inf in row 2, column 2"),
    ],
)
def test_check_refuses(X, y, said):
    with pytest.raises(InputError, match=said):
        check(Dataset(X, y))


@pytest.mark.parametrize("stratify", [False, True])
def test_split(stratify):
    X = np.arange(100).reshape(50, 2)
    y = np.array(["a"] * 40 + ["b"] * 10)
    X_train, X_test, y_train, y_test = split(X, y, stratify=stratify)
    assert X_train.shape == (40, 2)
    assert X_test.shape == (10, 2)
    np.testing.assert_array_equal(y_train, y[X_train[:, 0] // 2])
    np.testing.assert_array_equal(y_test, y[X_test[:, 0] // 2])
    if stratify:
        assert (y_test == "b").sum() == 2
    np.testing.assert_array_equal(split(X, y, stratify=stratify)[1], X_test)
    assert (split(X, y, seed=1, stratify=stratify)[1] != X_test).any()


def test_split_of_one_hot_labels():
    assert split(np.zeros((20, 1)), np.eye(2)[[0, 1] * 10], stratify=True)[3].sum() == 4


@pytest.mark.parametrize(
    ("y", "options", "said"),
    [
        (["a"] * 9 + ["b"], {}, "class 'b' has 1 sample"),
        ([[0, 1]] * 9 + [[1, 0]], {}, r"class \[1, 0\] has 1 sample"),
        ([0, 1, 2] * 3 + [0], {}, "2 held out .* fewer than the 3 classes; .* class 1 has 3"),
        ([0, 1, 2] * 3 + [0], {"fraction": 0.8}, "has a part of 2"),
        ([0] * 10, {"fraction": 0.0}, "fraction=0.0"),
        ([0] * 10, {"fraction": 1.0}, "fraction=1.0"),
        ([0] * 10, {"fraction": math.nan}, "fraction=nan"),
        ([0] * 10, {"fraction": 0.95}, "leaves none to train on"),
        ([0] * 9, {}, "10 samples and y has 9 labels"),
    ],
)
def test_split_refuses(y, options, said):
    with pytest.raises(InputError, match=said):
        split(np.zeros((10, 1)), y, stratify=True, **options)


def test_importing_is_light():
    import subprocess

    code = (
        "import sys, types; sys.modules['xl2'] = p = types.ModuleType('xl2');"
        f"p.__path__ = {[str(Path(data.__file__).parents[1])]!r};"
        "import xl2.data; heavy = {'numpy', 'sklearn', 'h5py', 'pyarrow', 'csv', 'gzip'};"
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# Properties.

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@IN_TMP_PATH
@given(
    X=hnp.arrays(
        st.sampled_from([np.uint8, np.int32, np.int64, np.float16, np.float32, np.float64]),
        hnp.array_shapes(min_dims=2, max_dims=4, max_side=5),
    ).filter(lambda X: np.isfinite(X).all()),
    key=st.sampled_from(["x", "X"]),
)
def test_any_npz_round_trip(tmp_path, X, key):
    y = np.arange(len(X))
    np.savez(tmp_path / "any.npz", **{key: X, "y": y})
    loaded = load_data(tmp_path / "any.npz")
    np.testing.assert_array_equal(loaded.X, X.reshape(len(X), -1))
    np.testing.assert_array_equal(loaded.y, y)
    assert loaded.X.dtype == X.dtype


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


SUFFIXES = [
    "g.npz",
    "g.h5",
    "g.csv",
    "g.tsv",
    "g.csv.gz",
    "g.parquet",
    "g.idx",
    "g.idx.gz",
    "g.gz",
    "g",
]


def load_or_refuse(path):
    try:
        loaded = load_data(path, require_target=False)
    except XL2Error:
        return
    assert loaded.X.ndim == 2


@pytest.mark.parametrize("name", SUFFIXES)
@IN_TMP_PATH
@given(content=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_garbage_is_refused(tmp_path, name, content):
    load_or_refuse(write(tmp_path / name, content))


def whole_file(folder, name):
    path = folder / ("whole" + name)
    if name == "g.npz":
        np.savez_compressed(path, x=X, y=Y)
    elif name == "g.h5":
        h5py = pytest.importorskip("h5py", reason="h5py writes the file")
        with h5py.File(path, "w") as file:
            file.create_dataset("x", data=X, compression="gzip")
            file["y"] = ["a", "b", "b", "a"]
    elif name == "g.parquet":
        write_parquet(path, a=[1, 2, 3], b=[0.5, 1.5, 2.5], y=["a", "b", "c"])
    else:
        content = idx_bytes(X) if "csv" not in name and "tsv" not in name else TABLE.encode()
        write(path, gzip.compress(content) if name.endswith(".gz") else content)
    return path.read_bytes()


@pytest.mark.parametrize("name", SUFFIXES)
@IN_TMP_PATH
@given(drawn=st.data())
def test_a_damaged_file_is_read_or_refused(tmp_path, name, drawn):
    content = bytearray(whole_file(tmp_path, name))
    cut = drawn.draw(st.integers(0, len(content)))
    changes = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255))
    for position, value in drawn.draw(st.lists(changes, max_size=4)):
        content[position] = value
    kept = content[:cut] if drawn.draw(st.booleans()) else content
    load_or_refuse(write(tmp_path / name, bytes(kept)))
