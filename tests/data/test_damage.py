import gzip

import numpy as np
import pytest
from data_files import IN_TMP_PATH, TABLE, X, Y, idx_bytes, write, write_parquet
from hypothesis import given
from hypothesis import strategies as st

from xl2.data import load_data
from xl2.errors import XL2Error

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
    changes = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255))
    # libhdf5 and Arrow are only expected to survive truncation.
    changed = name not in ("g.h5", "g.parquet")
    for position, value in drawn.draw(st.lists(changes, max_size=4)) if changed else ():
        content[position] = value
    end = drawn.draw(st.integers(0, len(content)))
    if not changed or drawn.draw(st.booleans()):
        del content[end:]
    load_or_refuse(write(tmp_path / name, bytes(content)))
