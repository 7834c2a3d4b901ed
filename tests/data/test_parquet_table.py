import math

import numpy as np
import pandas as pd
import pytest
from data_files import refused, write_parquet

from xl2.data import Dataset, load_data
from xl2.errors import InputError
from xl2.nn.columns import Column


@pytest.fixture
def parquet():
    return pytest.importorskip("pyarrow.parquet", reason="pyarrow reads and writes Parquet")


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
    like = Dataset(np.zeros((1, 2)), None, ("b", "a"))
    loaded = load_data(path, like=like, target="y", require_target=False)
    np.testing.assert_array_equal(loaded.X, [[3, 1], [4, 2]])
    assert loaded.y is None
    like = Dataset(np.zeros((1, 2)), None, ("c", "a"))
    assert "'c'" in refused(InputError, path, like=like)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"a": [[1], [2]], "y": [0, 1]}, ["column 'a'"]),
        ({"a": [1, 2], "y": [[0], [1]]}, ["column 'y'", "list"]),
        ({"a": [1, 2], "y": [None, "b"]}, ["target 'y'", "missing, in row 1."]),
        ({"a": [1.0, math.inf], "y": [0, 1]}, ["inf", "row 2", "column 'a'"]),
        ({"a": [1, 2]}, ["1 column ", "no feature"]),
    ],
)
def test_parquet_errors(tmp_path, parquet, columns, words):
    message = refused(InputError, write_parquet(tmp_path / "t.parquet", **columns))
    for part in words:
        assert part in message


def test_gaps_and_texts(tmp_path, parquet):
    path = write_parquet(
        tmp_path / "t.parquet", a=[1, None], b=["x", None], c=[1.5, math.nan], y=[0, 1]
    )
    loaded = load_data(path)
    np.testing.assert_array_equal(loaded.X, [[1, 0, 1.5], [math.nan] * 3])
    assert loaded.columns[1] == Column("b", "category", ("x",))


def test_parquet_without_rows_is_refused(tmp_path, parquet):
    path = write_parquet(tmp_path / "t.parquet", a=np.zeros(0), y=np.zeros(0))
    assert "has no rows" in refused(InputError, path)


@pytest.mark.parametrize("index", ["range", "shuffled", "named", "text"])
def test_pandas_index_is_no_feature_and_no_target(tmp_path, parquet, index):
    frame = pd.DataFrame({"a": [1.5, 2.5, 3.5], "label": ["x", "y", "x"]})
    if index != "range":
        frame.index = list("pqr") if index == "text" else [5, 3, 4]
        frame.index.name = "key" if index == "named" else None
    frame.to_parquet(tmp_path / "t.parquet")
    loaded = load_data(tmp_path / "t.parquet")
    np.testing.assert_array_equal(loaded.X, [[1.5], [2.5], [3.5]])
    assert loaded.y.tolist() == ["x", "y", "x"]
    said = any("row" in note for note in loaded.notes)
    assert said == (index != "range")
