import math

import numpy as np
import pytest
from data_files import refused, write_parquet

from xl2.data import load_data
from xl2.errors import InputError


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
    loaded = load_data(path, features=("b", "a"), target="y", require_target=False)
    np.testing.assert_array_equal(loaded.X, [[3, 1], [4, 2]])
    assert loaded.y is None
    assert "'c'" in refused(InputError, path, features=("c", "a"))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"a": ["x", "y"], "y": [0, 1]}, ["column 'a'", "string", "numeric"]),
        ({"a": [1, 2], "y": [[0], [1]]}, ["column 'y'", "list", "numeric or text"]),
        ({"a": [1, None], "y": [0, 1]}, ["row 2", "column 'a'", "null"]),
        ({"a": [1, 2], "y": [None, "b"]}, ["row 1", "column 'y'", "null"]),
        ({"a": [1.0, math.nan], "y": [0, 1]}, ["nan", "row 2", "column 'a'"]),
        ({"a": [1, 2]}, ["1 column ", "no feature"]),
    ],
)
def test_parquet_errors(tmp_path, parquet, columns, words):
    message = refused(InputError, write_parquet(tmp_path / "t.parquet", **columns))
    for part in words:
        assert part in message


def test_parquet_without_rows_is_refused(tmp_path, parquet):
    path = write_parquet(tmp_path / "t.parquet", a=np.zeros(0), y=np.zeros(0))
    assert "(0, 1)" in refused(InputError, path)
