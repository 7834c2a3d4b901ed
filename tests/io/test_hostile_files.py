"""Files that lie: damaged by the thousand, and made to fill the memory or to run code."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import time
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from conftest import ROOT
from data_files import write_parquet
from fuzzing import FORMATS

import xl2
from xl2.data import load_data, open_rows
from xl2.data.hdf5_heaps import check_heaps
from xl2.errors import FileFormatError, XL2Error

pytestmark = pytest.mark.host

FUZZING = ROOT / "tests" / "fuzzing.py"
FEW, MANY = 300, 10_000


def check(kind, count, folder):
    done = subprocess.run(
        [sys.executable, "-W", "error", FUZZING, kind, "0", str(count), folder],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((folder / "found").read_text())
    print(kind, found)
    assert found["read"] + found["refused"] == count
    # Neither is all of it refused nor is none: the damage is where the readers look.
    assert min(found["read"], found["refused"]) > 0.02 * count


@pytest.mark.parametrize("kind", FORMATS)
def test_a_damaged_file_is_read_or_refused(tmp_path, kind):
    check(kind, FEW, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_ten_thousand_damaged_files_are_read_or_refused(tmp_path, kind):
    check(kind, MANY, tmp_path)


# Small files that ask for much. Each is refused before it gets it. A file may unpack to 4 MB
# here, where it is 64 otherwise: the bombs are made as much smaller.


def npz(folder, member, method=zipfile.ZIP_DEFLATED, name="x.npy"):
    """Write an archive with one member of these bytes, unpacked."""
    with zipfile.ZipFile(folder / "f.npz", "w", method) as archive, archive.open(name, "w") as file:
        for part in member:
            file.write(part)
    return folder / "f.npz"


def npy(shape, descr="<f8"):
    """Return the header of an array."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": descr, "fortran_order": False, "shape": shape}
    )
    return header.getvalue()


def gz(folder, name, parts):
    """Write a packed file."""
    with gzip.open(folder / name, "wb", 9) as file:
        for part in parts:
            file.write(part)
    return folder / name


def h5(folder, **datasets):
    """Write an HDF5 file of datasets with these arguments."""
    h5py = pytest.importorskip("h5py", reason="h5py writes the file")
    with h5py.File(folder / "f.h5", "w") as file:
        for name, arguments in datasets.items():
            file.create_dataset(name, **arguments)
    return folder / "f.h5"


def h5_of_one_text(folder):
    """Write labels that are all one and the same text of the file, 256 kB long."""
    path = h5(folder, x={"data": np.zeros((1000, 2))}, y={"data": ["a" * 2**18] + [""] * 999})
    import h5py

    with h5py.File(path) as file:
        place = file["y"].id.get_offset()
    content = bytearray(path.read_bytes())
    content[place : place + 16_000] = content[place : place + 16] * 1000
    path.write_bytes(content)
    return path


def h5_that_unpacks(folder, megabytes, shape=(64, 4), pieces=1, **filters):
    """Write chunks that hold more than they declare."""
    path = h5(folder, x={"shape": (pieces * shape[0], 4), "dtype": "f8", "chunks": shape} | filters)
    import h5py

    with h5py.File(path, "r+") as file:
        content = zlib.compress(bytes(megabytes * 2**20))
        for piece in range(pieces):
            file["x"].id.write_direct_chunk((piece * shape[0], 0), content + bytes(4))
    return path


def parquet_of_one_text(folder):
    """Write a label of 64 million characters."""
    pa = pytest.importorskip("pyarrow", reason="pyarrow writes the file")
    from pyarrow import parquet as files

    files.write_table(
        pa.table({"a": [1.0], "y": ["a" * 2**26]}), folder / "f.parquet", compression="zstd"
    )
    return folder / "f.parquet"


def parquet(folder, rows):
    """Write a table of equal numbers and equal words."""
    pa = pytest.importorskip("pyarrow", reason="pyarrow writes the file")
    from pyarrow import parquet as files

    table = pa.table({"a": np.zeros(rows), "y": pa.array(["a" * 10] * rows).dictionary_encode()})
    files.write_table(table, folder / "f.parquet", compression="zstd")
    return folder / "f.parquet"


def model(folder, header):
    """Write a model file with another header."""
    xl2.save(xl2.Network([3, 2], ["softmax"]), folder / "f.safetensors")
    content = (folder / "f.safetensors").read_bytes()
    size = int.from_bytes(content[:8], "little")
    said = json.loads(content[8 : 8 + size])
    said["__metadata__"] |= header
    new = json.dumps(said).encode()
    (folder / "f.safetensors").write_bytes(
        len(new).to_bytes(8, "little") + new + content[8 + size :]
    )
    return folder / "f.safetensors"


def words(folder):
    """Write a table whose labels are short, but for one."""
    (folder / "f.csv").write_text("a,y\n" + "1,b\n" * 10_000 + "1," + "b" * 100_000 + "\n")
    return folder / "f.csv"


ZEROS = [bytes(2**20)] * 64
BOMBS = {
    "an npz that declares more than it has": lambda f: npz(f, [npy((2**30, 4)), bytes(64)]),
    "an npz whose product of sizes wraps to 0": lambda f: npz(f, [npy((2**32, 2**32, 2**32))]),
    "an npz of negative sizes": lambda f: npz(f, [npy((-2, -4)), bytes(64)]),
    "an npz of elements without size": lambda f: npz(f, [npy((2**40, 2), "<U0")]),
    "an npz that packs zeros": lambda f: npz(f, [npy((2**23, 1)), *ZEROS]),
    "an npz packed by bzip2": lambda f: npz(f, [npy((4, 2)), bytes(64)], zipfile.ZIP_BZIP2),
    "an npz with a header of a gigabyte": lambda f: npz(
        f, [b"\x93NUMPY\x02\x00\xff\xff\xff\x3f", *ZEROS]
    ),
    "a csv.gz of one endless line": lambda f: gz(f, "f.csv.gz", ZEROS),
    "a csv.gz of equal rows": lambda f: gz(f, "f.csv.gz", [b"0,0\n" * 2**18] * 2**5),
    "an IDX file that declares more than it has": lambda f: written(
        f, "f.idx", b"\0\0\x0e\2" + b"\x7f\xff\xff\xff" * 2 + bytes(64)
    ),
    "an IDX file of 255 dimensions": lambda f: written(
        f, "f.idx", b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + bytes(1)
    ),
    "a packed IDX file of zeros": lambda f: gz(
        f, "f.idx.gz", [b"\0\0\x08\2" + b"\0\0\x20\0" * 2, *ZEROS]
    ),
    "an h5 whose values were never written": lambda f: h5(
        f, x={"shape": (2**30, 4), "dtype": "f8", "chunks": (64, 4)}
    ),
    "an h5 with a chunk of gigabytes": lambda f: h5(
        f, x={"shape": (2**27, 4), "dtype": "f8", "chunks": (2**26, 4), "compression": "gzip"}
    ),
    "an h5 whose labels are one long text": h5_of_one_text,
    "an h5 with a chunk that unpacks to more than it declares": lambda f: h5_that_unpacks(
        f, 64, compression="gzip"
    ),
    "an h5 with such a chunk that has a sum": lambda f: h5_that_unpacks(
        f, 64, compression="gzip", shuffle=True, fletcher32=True
    ),
    "an h5 with such a chunk that declares what a file may": lambda f: h5_that_unpacks(
        f, 64, (2**17, 4), compression="gzip"
    ),
    "a parquet with one label of a text": parquet_of_one_text,
    "a parquet of equal rows": lambda f: parquet(f, 2**22),
    "a csv with one label of 100000 characters": words,
    "a model file that declares a long header": lambda f: written(
        f, "f.safetensors", (99_000_000).to_bytes(8, "little") + b"{}"
    ),
    "a model file with a long header": lambda f: model(f, {"features": " " * 2**24 + "[]"}),
    "a model file of deep lists": lambda f: model(f, {"classes": "[" * 10**6}),
    "a model file of many layers": lambda f: model(f, {"sizes": json.dumps([1] * 10**6)}),
    "a model file of a long number": lambda f: model(f, {"split": f"[{10**400}, 0]"}),
    "a model file of a huge layer": lambda f: model(f, {"sizes": "[1000000000, 1000000000]"}),
}


# Bytes that may be taken meanwhile. A header of 16 MB is read before it can be checked, and
# texts of HDF5 until they are a hundred times the file.
LIMITS = {".safetensors": 2**28, ".h5": 2**28}


def h5_packed_twice(folder):
    """Write a chunk that is packed by gzip two times over."""
    h5py = pytest.importorskip("h5py", reason="h5py writes the file")
    with h5py.File(folder / "f.h5", "w") as file:
        how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        how.set_chunk((64, 4))
        how.set_deflate(9)
        how.set_deflate(9)
        space = h5py.h5s.create_simple((64, 4))
        h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F64LE, space, how)
        file["x"][:] = 1.0
    return folder / "f.h5"


def test_an_hdf5_file_that_is_packed_twice_is_refused(tmp_path):
    path = h5_packed_twice(tmp_path)
    for read in (load_data, open_rows):
        with pytest.raises(FileFormatError, match="gzip and then by something else"):
            read(path, require_target=False)


MANY_SMALL = """
import sys, resource
from xl2.data import load_data, open_rows
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
load_data(sys.argv[1], require_target=False)
X, _ = open_rows(sys.argv[1], require_target=False)
for start in range(0, len(X), 64):
    X[start : start + 64]
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_chunks_that_unpack_to_more_than_they_declare_are_not_kept(tmp_path):
    # Each of them is below the limit; libhdf5 counts 2 kB for each, and kept up to 521.
    path = h5_that_unpacks(tmp_path, 16, pieces=60, compression="gzip")
    done = subprocess.run(
        [sys.executable, "-c", MANY_SMALL, path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 300 * 1024  # kB; all of them are 960 MB


@pytest.mark.parametrize("name", ["f.csv", "f.npy", "f.parquet", "f-idx", "f", "f.safetensors"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_is_refused_at_once(tmp_path, name, kind):
    path = tmp_path / name
    if kind == "pipe":
        os.mkfifo(path)  # whoever opens it waits for a writer
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    for read in (load_data, open_rows, xl2.load):
        with pytest.raises(xl2.InputError, match="is a folder, a pipe or a device"):
            read(path)


@pytest.mark.parametrize("name", ["a" * 300, "a\0", "a\ud800", "loop"])
@pytest.mark.parametrize("suffix", [".csv", ".npy"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, name, suffix):
    (tmp_path / f"loop{suffix}").symlink_to(f"loop{suffix}")
    for read in (load_data, open_rows, xl2.load):
        with pytest.raises(xl2.InputError, match="cannot be opened"):
            read(tmp_path / (name + suffix))


def test_a_table_of_equal_names_is_refused_at_once(tmp_path):
    # Counting each name by itself would take an hour.
    path = written(tmp_path, "f.csv", b"a," * 400_000 + b"y\n" + b"1," * 400_000 + b"1\n")
    with pytest.raises(xl2.InputError, match="more than one column of the name 'a'"):
        load_data(path)


def test_a_table_of_many_columns_is_opened(tmp_path):
    # The schema, asked for again for each column, took time in the square of their number.
    write_parquet(tmp_path / "f.parquet", **{f"c{i}": [1.0, 2.0] for i in range(10_000)})
    begun = time.perf_counter()
    X, y = open_rows(tmp_path / "f.parquet")
    assert time.perf_counter() - begun < 10  # it takes half a second
    assert (X.shape, y.tolist()) == ((2, 9_999), [1.0, 2.0])


@pytest.mark.parametrize("code", [0xD800, 0x110000, 0xFFFFFFFF])
def test_labels_that_are_no_text_are_refused(tmp_path, code):
    y = np.array([97, code], dtype="u4").view("<U1")
    np.savez(tmp_path / "f.npz", x=np.ones((2, 1)), y=y)
    with pytest.raises(FileFormatError, match="the labels are no text"):
        load_data(tmp_path / "f.npz")


def test_labels_without_a_column_are_refused(tmp_path):
    np.savez(tmp_path / "f.npz", x=np.ones((2, 1)), y=np.ones((2, 0)))
    with pytest.raises(xl2.InputError, match=r"y has shape \(2, 0\)"):
        load_data(tmp_path / "f.npz")


def test_a_dataset_of_nothing_is_refused(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py writes the file")
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["x"] = h5py.Empty("f8")
    for read in (load_data, open_rows):
        with pytest.raises(xl2.InputError, match="nothing in 'x'"):
            read(tmp_path / "f.h5", require_target=False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a NumPy .npy file"),
        (b"\x80\x04.", "is not a NumPy .npy file"),
        (npy((4, 2), "|O"), "holds Python objects"),
        (b"\x93NUMPY\x02\0" + (2**20).to_bytes(4, "little") + b" " * 2**20, "is large"),
        (npy((2**62, 2)), "cannot be read"),
    ],
)
def test_what_is_no_npy_file_is_called_what_it_is(tmp_path, content, said):
    with pytest.raises(FileFormatError, match=said):
        open_rows(written(tmp_path, "f.npy", content))


def written(folder, name, content):
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_cannot_ask_for_much_memory(tmp_path, monkeypatch, bomb):
    monkeypatch.setattr("xl2.io.limits.UNPACKED", 2**22)
    path = BOMBS[bomb](tmp_path)
    readers = [xl2.load] if path.suffix == ".safetensors" else [load_data]
    # A chunk is unpacked whole by whoever reads in pieces too.
    readers += [open_rows] if "chunk" in bomb or "text" in bomb else []
    for read in readers:
        tracemalloc.start()
        try:
            with pytest.raises(XL2Error if bomb.startswith("a csv with") else FileFormatError):
                read(path) if read is xl2.load else read(path, require_target=False)
            assert tracemalloc.get_traced_memory()[1] < LIMITS.get(path.suffix, 2**25)
        finally:
            tracemalloc.stop()


# Files that lead elsewhere.


@pytest.mark.parametrize("how", ["link", "path through a link", "raw data", "virtual"])
def test_an_hdf5_file_that_leads_to_another_is_refused(tmp_path, how):
    h5py = pytest.importorskip("h5py", reason="h5py writes the file")
    secret = tmp_path / "secret"
    with h5py.File(secret, "w") as file:
        file["x"] = np.ones((4, 2))
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["y"] = np.ones(4)
        if how == "link":
            file["x"] = h5py.ExternalLink("secret", "x")
        elif how == "path through a link":
            file["other"] = h5py.ExternalLink("secret", "/")
            file["x"] = h5py.SoftLink("/other/x")
        elif how == "raw data":
            file.create_dataset("x", (4, 2), "f8", external=[(str(secret), 0, 64)])
        else:
            layout = h5py.VirtualLayout((4, 2), "f8")
            layout[:] = h5py.VirtualSource("secret", "x", (4, 2))
            file.create_virtual_dataset("x", layout)
    for read in (load_data, open_rows):
        with pytest.raises(FileFormatError, match="'x' in another file"):
            read(tmp_path / "f.h5")


# libhdf5 would not come back from the first; the second would keep a check busy for hours.


def heap(*objects, size=2**40):
    """Return a heap of texts: its own size, and an index and a size for each object."""
    head = b"GCOL\x01\0\0\0" + size.to_bytes(8, "little")
    return head + b"".join(
        index.to_bytes(2, "little") + bytes(6) + declared.to_bytes(8, "little") + content
        for index, declared, content in objects
    )


TEXT = (1, 3, b"abc" + bytes(5))


@pytest.mark.parametrize(
    "content",
    [
        bytes(100) + heap(TEXT, (0, 0, bytes(40))),
        heap(TEXT, (0, 2**63, bytes(40))),
        heap(*[(1, 24, heap() + bytes(8))] * 10_000),
        heap(TEXT, (0, 16, b"")) + heap((0, 0, bytes(40))),
    ],
    ids=["free space of no size", "free space beyond the heap", "heaps in heaps", "the second"],
)
def test_heaps_that_would_be_walked_for_ever_are_refused(tmp_path, content):
    with pytest.raises(FileFormatError, match="where texts of any length lie"):
        check_heaps(written(tmp_path, "f.h5", content), 8)


@pytest.mark.parametrize("texts", [["a", "bcd"] * 1000, ["GCOL\x01\x02"] * 500, ["", "a" * 9000]])
def test_heaps_of_whole_files_pass(tmp_path, texts):
    path = h5(tmp_path, x={"data": np.zeros((len(texts), 1))}, y={"data": texts})
    assert load_data(path).y.tolist() == texts


def test_a_dataset_that_is_damaged_on_the_disk_is_a_format_error_when_it_is_read(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py writes the file")
    path = tmp_path / "f.h5"
    X = np.random.default_rng(0).normal(size=(400, 4))
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=X, chunks=(100, 4), compression="gzip")
        file["y"] = np.zeros(400)
    with h5py.File(path) as file:
        place = file["x"].id.get_chunk_info(2).byte_offset
    content = bytearray(path.read_bytes())
    content[place : place + 50] = bytes(50)
    path.write_bytes(content)
    rows, y = open_rows(path)
    network = xl2.Network([4, 1], backend="numpy")
    with pytest.raises(FileFormatError, match="X cannot be read from its file"):
        xl2.fit(network, rows, y, epochs=1)


def test_names_that_no_model_file_has_room_for_are_not_written(tmp_path):
    model = xl2.Model(xl2.Network([2, 1]), features=("a" * 2**24, "b"))
    with pytest.raises(xl2.InputError, match="16777216 bytes"):
        xl2.save(model, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_what_is_packed_well_and_honestly_is_read(tmp_path):
    X = np.zeros((2000, 50))
    X[::7, 3] = 1
    np.savez_compressed(tmp_path / "f.npz", x=X, y=X[:, 3].astype(int))
    assert X.nbytes > 100 * (tmp_path / "f.npz").stat().st_size
    np.testing.assert_array_equal(load_data(tmp_path / "f.npz").X, X)
    write_parquet(tmp_path / "f.parquet", a=X[:, 3], y=["a", "bc"] * 1000)
    loaded = load_data(tmp_path / "f.parquet")
    assert loaded.y.tolist() == ["a", "bc"] * 1000
    rows, labels = open_rows(tmp_path / "f.parquet")
    np.testing.assert_array_equal(rows[:][:, 0], X[:, 3])
    assert labels.tolist() == ["a", "bc"] * 1000
