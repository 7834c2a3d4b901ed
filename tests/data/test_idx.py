import gzip

import numpy as np
import pytest
from data_files import IDX_CODES, X, Y, idx_bytes, refused, write

from xl2.data import load_data
from xl2.errors import FileFormatError, InputError


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


def test_idx_labels_given_or_absent(tmp_path):
    images = write(tmp_path / "a.idx", idx_bytes(X))
    labels = write(tmp_path / "b.idx", idx_bytes(Y))
    np.testing.assert_array_equal(load_data(images, labels=str(labels)).y, Y)
    assert load_data(images, require_target=False).y is None
    assert "by labels." in refused(InputError, images)
    assert "c.idx" in refused(InputError, images, labels=tmp_path / "c.idx")
    assert "contains labels, not images" in refused(InputError, labels)


@pytest.mark.parametrize(
    ("content", "words"),
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
def test_damaged_idx(tmp_path, content, words, packed):
    path = tmp_path / ("d.idx.gz" if packed else "d.idx")
    message = refused(FileFormatError, write(path, gzip.compress(content) if packed else content))
    for part in words:
        assert part in message


def test_truncated_gz_of_idx(tmp_path):
    path = write(tmp_path / "d-idx3-ubyte.gz", gzip.compress(idx_bytes(X))[:-9])
    assert "cannot be read as an IDX file" in refused(FileFormatError, path)
