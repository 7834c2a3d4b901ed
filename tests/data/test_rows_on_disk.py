import numpy as np
import pytest
from data_files import write_parquet

from xl2 import FileFormatError, InputError
from xl2.data import open_rows

pytestmark = pytest.mark.host

DENSE = np.random.default_rng(0).normal(3.0, 2.0, size=(83, 6))
LABELS = np.arange(83) % 3


@pytest.fixture
def columns():
    return {
        **{f"c{i}": column for i, column in enumerate(DENSE.T)},
        "kind": list("abc" * 27 + "ab"),
    }


def test_a_table_with_names_and_labels(tmp_path, columns):
    path = write_parquet(tmp_path / "t.parquet", **columns)
    X, y = open_rows(path)
    assert (X.shape, X.dtype, len(X)) == ((83, 6), np.float64, 83)
    assert X.features == tuple(f"c{i}" for i in range(6))
    assert y.tolist() == columns["kind"]
    np.testing.assert_array_equal(X[10:80], DENSE[10:80])
    np.testing.assert_array_equal(X[np.array([5, 80, 5])], DENSE[[5, 80, 5]])
    assert X[4:4].shape == (0, 6)
    with pytest.raises(TypeError):
        X[::2]


def test_a_named_target_of_a_table(tmp_path):
    path = write_parquet(tmp_path / "t.parquet", a=[1, 2, 3], b=[True, False, True], c=[4, 5, 6])
    X, y = open_rows(path, target="a")
    assert y.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(X[:], [[1, 4], [0, 5], [1, 6]])
    assert X.dtype == np.int64


def test_a_row_group_can_be_read_in_parts_and_in_any_order(tmp_path):
    columns = {f"c{i}": column for i, column in enumerate(DENSE.T)}
    X, _ = open_rows(write_parquet(tmp_path / "t.parquet", row_group_size=40, **columns, y=LABELS))
    for start, stop in [(0, 10), (45, 50), (10, 30), (50, 83), (5, 50), (30, 40), (0, 83)]:
        np.testing.assert_array_equal(X[start:stop], DENSE[start:stop])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"a": ["x", "y"], "y": [0, 1]}, ["column 'a'", "string", "numeric"]),
        ({"a": [1, 2], "y": [0, None]}, ["row 2", "column 'y'", "null"]),
        ({"a": [1.0, 2.0], "y": [0.0, np.nan]}, ["y is nan", "row 2"]),
        ({"a": np.zeros(0), "y": np.zeros(0)}, ["(0, 1)"]),
    ],
)
def test_errors_of_opening_a_table(tmp_path, columns, words):
    path = write_parquet(tmp_path / "t.parquet", **columns)
    with pytest.raises(InputError) as caught:
        open_rows(path)
    for part in words:
        assert part in str(caught.value)


def test_a_null_is_an_error_when_its_row_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("xl2.data.parquet_rows.READ_BYTES", 10 * 8)
    values = [1.0] * 57 + [None] + [2.0] * 25
    X, _ = open_rows(write_parquet(tmp_path / "t.parquet", a=values, y=LABELS))
    with pytest.raises(InputError, match=r"row 58, column 'a'"):
        X[:]


@pytest.mark.parametrize("names", [("x", "y"), ("X", "labels"), ("x_train", "y_train")])
def test_the_names_in_an_hdf5_file(tmp_path, names):
    h5py = pytest.importorskip("h5py", reason='HDF5: pip install "xl2[data]"')
    images = (DENSE > 3).reshape(83, 2, 3)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file[names[0]] = images
        file[names[1]] = [f"class {label}" for label in LABELS]
    X, y = open_rows(tmp_path / "x.h5")
    assert X.shape == (83, 6)
    np.testing.assert_array_equal(X[7:9], DENSE[7:9] > 3)
    assert y[:2].tolist() == ["class 0", "class 1"]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": DENSE}, "no labels"),
        ({"a": DENSE}, "has the keys 'a'"),
        ({"x": DENSE, "y": LABELS[:80]}, "83 samples but y has 80"),
        ({"x": DENSE.T, "y": LABELS}, "features-first"),
        ({"x": DENSE[:, 0], "y": LABELS}, r"shape \(83,\)"),
        ({"x/inner": DENSE, "y": LABELS}, "no array under 'x'"),
    ],
)
def test_errors_of_opening_an_hdf5_file(tmp_path, arrays, words):
    h5py = pytest.importorskip("h5py", reason='HDF5: pip install "xl2[data]"')
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name, array in arrays.items():
            file[name] = array
    with pytest.raises(InputError, match=words):
        open_rows(tmp_path / "x.h5")


def test_a_npy_file_is_mapped(tmp_path):
    np.save(tmp_path / "x.npy", DENSE.reshape(83, 2, 3))
    X, y = open_rows(tmp_path / "x.npy")
    assert y is None
    np.testing.assert_array_equal(X[np.array([3, 80])], DENSE[[3, 80]])
    np.save(tmp_path / "x.npy", DENSE)
    assert isinstance(open_rows(tmp_path / "x.npy")[0], np.memmap)
    with pytest.raises(InputError, match="target='a'"):
        open_rows(tmp_path / "x.npy", target="a")


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("x.npz", b"", InputError, "read whole, with load_data"),
        ("x.csv", b"1,2\n", InputError, "read whole, with load_data"),
        ("x.npy", b"no array", FileFormatError, "x.npy"),
        ("x.h5", b"no file", FileFormatError, "HDF5"),
        ("x.parquet", b"no table", FileFormatError, "Parquet"),
    ],
)
def test_files_that_cannot_be_read_in_parts_are_refused(tmp_path, name, content, error, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=words):
        open_rows(tmp_path / name)
    with pytest.raises(InputError, match="no file"):
        open_rows(tmp_path / f"absent-{name}")


def test_python_objects_are_not_unpickled(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(FileFormatError, match="Python objects"):
        open_rows(tmp_path / "x.npy")
