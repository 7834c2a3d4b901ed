"""Parquet files as sources, compared with the frames that pandas wrote."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from data_files import write_parquet

from xl2.data.rows_on_disk import open_rows
from xl2.data.source import open_source
from xl2.errors import FileFormatError, InputError

pa = pytest.importorskip("pyarrow", reason="pyarrow reads and writes Parquet")

FRAME = pd.DataFrame({"a": [1.5, 2.5, 3.5], "town": ["Ulm", None, "Bonn"], "y": [0, 1, 1]})


def written(tmp_path, frame, **options):
    frame.to_parquet(tmp_path / "t.parquet", **options)
    return open_source(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("index", "name"),
    [
        (pd.Index([7, 3, 5]), "__index_level_0__"),
        (pd.Index(["p", "q", "r"], name="patient"), "patient"),
        (pd.Index([3, 4, 9], name="id"), "id"),
    ],
)
def test_the_index_of_pandas_is_row_names(tmp_path, index, name):
    source = written(tmp_path, FRAME.set_index(index))
    assert source.names == ("a", "town", "y", name)
    assert source.row_names == {3: "the index of the pandas frame"}


def test_the_index_is_no_target_of_rows_on_disk(tmp_path):
    written(tmp_path, FRAME[["a", "y"]].set_index(pd.Index([7, 3, 5])))
    X, y = open_rows(tmp_path / "t.parquet")
    assert X.features == ("a",)
    assert y.tolist() == [0, 1, 1]


@pytest.mark.parametrize("index", [None, False])
def test_a_plain_index_is_no_column(tmp_path, index):
    source = written(tmp_path, FRAME, index=index)
    assert (source.names, source.row_names) == (("a", "town", "y"), {})
    pd.testing.assert_frame_equal(
        source.read(range(3)).set_axis(source.names, axis=1), FRAME, check_dtype=False
    )
    assert source.read([2, 0]).columns.tolist() == [2, 0]


def test_types(tmp_path):
    frame = pd.DataFrame(
        {
            "nullable": pd.array([1, None, 2**53 + 1], dtype="Int64"),
            "big": [2**53 + 1, 2**60 + 1, 3],
            "flag": [True, False, True],
            "day": pd.to_datetime(["2024-01-05", "2024-02-06", None]),
            "colour": pd.Categorical(["red", "blue", "red"], categories=["blue", "green", "red"]),
            "cost": [Decimal("1.50"), Decimal("2.25"), None],
            "nothing": [None, None, None],
        }
    )
    source = written(tmp_path, frame)
    read = source.read(range(7))
    np.testing.assert_array_equal(read[0], [1, np.nan, 2**53 + 1])
    assert read[1].tolist() == frame["big"].tolist()
    assert read[2].dtype == bool
    assert pd.api.types.is_datetime64_any_dtype(read[3])
    assert read[4].cat.categories.tolist() == ["blue", "green", "red"]
    np.testing.assert_array_equal(read[5], [1.5, 2.25, np.nan])
    assert np.isnan(read[6].to_numpy(dtype=float)).all()
    texts = source.read(range(7), as_text=range(7))
    assert texts[0].tolist() == ["1", "", "9007199254740993"]
    assert texts[1].tolist() == [str(2**53 + 1), str(2**60 + 1), "3"]
    assert texts[2].tolist() == ["True", "False", "True"]
    assert texts[3].tolist() == ["2024-01-05", "2024-02-06", ""]
    assert texts[4].tolist() == ["red", "blue", "red"]
    assert texts[5].tolist() == ["1.50", "2.25", ""]


@pytest.mark.parametrize("values", [[[1], [2]], [{"k": 1}, {"k": 2}], [b"x", b"y"]])
def test_other_types_are_refused(tmp_path, values):
    source = open_source(write_parquet(tmp_path / "t.parquet", a=[1, 2], odd=pa.array(values)))
    assert source.read([0])[0].tolist() == [1, 2]
    with pytest.raises(InputError, match="column 'odd': its type is"):
        source.read([0, 1])


def test_names_that_repeat_or_have_points(tmp_path):
    table = pa.table([[1, 2], [3, 4], [5, 6]], names=["a", "a.b", "a"])
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    source = open_source(tmp_path / "t.parquet")
    assert source.names == ("a", "a.b", "a.1")
    assert source.read([2, 1]).to_numpy().tolist() == [[5, 3], [6, 4]]
    pa.parquet.write_table(table.select([0, 1]), tmp_path / "t.parquet")
    assert open_source(tmp_path / "t.parquet").read([0]).to_numpy().tolist() == [[1], [2]]


def test_a_file_that_declares_too_much_is_refused(tmp_path):
    n = 2**24
    zeros = pa.array(np.zeros(n, dtype=np.uint8))
    path = write_parquet(tmp_path / "t.parquet", a=zeros, y=zeros)
    with pytest.raises(FileFormatError, match="declares"):
        open_source(path).read([0, 1])
    write_parquet(tmp_path / "t.parquet", a=[1])
    content = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(content[:-20])
    with pytest.raises(FileFormatError):
        open_source(path)
