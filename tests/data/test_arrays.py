import io
import zipfile

import numpy as np
import pytest
from data_files import IN_TMP_PATH, X, Y, refused
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xl2.data import Dataset, load_data
from xl2.errors import FileFormatError, InputError


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py", reason="h5py reads and writes HDF5")


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


def test_boolean_features_become_numbers(tmp_path):
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
    assert "features_first=True" in message


def test_features_first_of_images_is_refused(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.zeros((2, 3, 4)), y=[0, 1])
    assert "(features, samples)" in refused(InputError, tmp_path / "d.npz", features_first=True)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"images": X, "y": Y}, ["'images', 'y'", "x_train and y_train"]),
        ({}, ["has no arrays"]),
        ({"x": X, "Y_": Y}, ["no labels", "'x', 'Y_'", "'labels'"]),
        ({"x": X, "X": X, "y": Y}, ["'x', 'X'", "one of them"]),
        ({"x": X, "y": Y, "labels": Y}, ["'y', 'labels'", "one of them"]),
        ({"x_train": X, "y_train": Y, "x_test": X}, ["'x_test'", "'y_test'"]),
        ({"x": X, "y": Y[:2]}, ["4 samples", "2 labels"]),
        ({"x": X[:, 0], "y": Y}, ["(4,)", "(samples, features)"]),
        ({"x": X[:0], "y": Y[:0]}, ["(0, 3)", "at least one"]),
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
def test_npz_errors(tmp_path, arrays, words):
    np.savez(tmp_path / "d.npz", **arrays)
    message = refused(InputError, tmp_path / "d.npz")
    for part in words:
        assert part in message


def test_labels_that_are_not_utf8_are_refused(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=np.array([b"\xff"] * 4))
    assert "UTF-8" in refused(FileFormatError, tmp_path / "d.npz")


def test_npz_without_labels_for_prediction(tmp_path):
    np.savez(tmp_path / "d.npz", x=X)
    assert load_data(tmp_path / "d.npz", require_target=False).y is None


def test_the_number_of_features_of_arrays_is_checked(tmp_path):
    np.savez(tmp_path / "d.npz", x=X)
    path = tmp_path / "d.npz"

    def known(features):
        return Dataset(np.zeros((1, features)), None)

    assert load_data(path, require_target=False, like=known(3)).X.shape == (4, 3)
    assert "expects 5 features" in refused(InputError, path, require_target=False, like=known(5))
    message = refused(InputError, path, require_target=False, like=known(4))
    assert "features_first=True" in message


class Unpickled:
    def __reduce__(self):
        return (pytest.fail, ("something was unpickled",))


def test_nothing_is_unpickled(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=np.array([Unpickled()] * 4, dtype=object))
    message = refused(FileFormatError, tmp_path / "d.npz")
    assert "'y'" in message
    assert "not unpickled" in message


def test_objects_under_other_keys_are_ignored(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=Y, other=np.array([Unpickled()], dtype=object))
    np.testing.assert_array_equal(load_data(tmp_path / "d.npz").X, X)


def test_an_archive_without_arrays_is_refused(tmp_path):
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
    assert "no array under 'x'" in refused(InputError, tmp_path / "d.h5")


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
