"""Damaged files, and files made to fill the memory, to block or to run code."""

from __future__ import annotations

import dataclasses
import gzip
import io
import json
import os
import subprocess
import sys
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from conftest import ROOT
from data_files import write_parquet
from fuzzing import FORMATS
from model_files import ensemble, preprocessing, tried, with_preprocessing

import xl2
from xl2.data import load_data, open_rows
from xl2.data.table_file import distinct
from xl2.errors import FileFormatError, XL2Error
from xl2.io.model_header import header_of
from xl2.io.preprocessing_header import described, is_preprocessing, restored, width_of
from xl2.io.tried_values import is_tried

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
    # Some files are read and some refused: the damage is where the readers look.
    assert min(found["read"], found["refused"]) > 0.02 * count


@pytest.mark.parametrize("kind", FORMATS)
def test_a_damaged_file_is_read_or_refused(tmp_path, kind):
    check(kind, FEW, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_ten_thousand_damaged_files_are_read_or_refused(tmp_path, kind):
    check(kind, MANY, tmp_path)


# Small files that declare or unpack to much. In these tests a file may unpack to 1 MB instead of
# 64 MB, so that the bombs can be smaller.


def npz(folder, member, method=zipfile.ZIP_DEFLATED, name="x.npy"):
    """Write an archive with one member of these bytes."""
    with zipfile.ZipFile(folder / "f.npz", "w", method) as archive, archive.open(name, "w") as file:
        for part in member:
            file.write(part)
    return folder / "f.npz"


def npy(shape, descr="<f8"):
    """Return the header of a .npy file."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": descr, "fortran_order": False, "shape": shape}
    )
    return header.getvalue()


def gz(folder, name, parts):
    """Write a gzip file."""
    with gzip.open(folder / name, "wb", 9) as file:
        for part in parts:
            file.write(part)
    return folder / name


def model(folder, header, saved=None):
    """Write a model file with another header."""
    xl2.save(saved or xl2.Network([3, 2], ["softmax"]), folder / "f.safetensors")
    content = (folder / "f.safetensors").read_bytes()
    size = int.from_bytes(content[:8], "little")
    described = json.loads(content[8 : 8 + size])
    described["__metadata__"] |= header
    new = json.dumps(described).encode()
    (folder / "f.safetensors").write_bytes(
        len(new).to_bytes(8, "little") + new + content[8 + size :]
    )
    return folder / "f.safetensors"


def members():
    """Return what each network of an ensemble has of its own, as in the header of its file."""
    return json.loads(header_of(ensemble().models[0], ensemble())["members"])


def long_label(folder):
    """Write a table with one long label among short ones."""
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
    "a csv.gz of equal rows": lambda f: gz(f, "f.csv.gz", [b"0,0\n" * 2**18] * 2**3),
    "an IDX file that declares more than it has": lambda f: written(
        f, "f.idx", b"\0\0\x0e\2" + b"\x7f\xff\xff\xff" * 2 + bytes(64)
    ),
    "an IDX file of 255 dimensions": lambda f: written(
        f, "f.idx", b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + bytes(1)
    ),
    "a packed IDX file of zeros": lambda f: gz(
        f, "f.idx.gz", [b"\0\0\x08\2" + b"\0\0\x20\0" * 2, *ZEROS]
    ),
    "a csv with one label of 100000 characters": long_label,
    "a model file that declares a long header": lambda f: written(
        f, "f.safetensors", (99_000_000).to_bytes(8, "little") + b"{}"
    ),
    "a model file with a long header": lambda f: model(f, {"features": " " * 2**24 + "[]"}),
    "a model file of deep lists": lambda f: model(f, {"classes": "[" * 10**6}),
    "a model file of many layers": lambda f: model(f, {"sizes": json.dumps([1] * 10**6)}),
    "a model file of a long number": lambda f: model(f, {"sizes": f"[{10**400}, 2]"}),
    "a model file of a huge layer": lambda f: model(f, {"sizes": "[1000000000, 1000000000]"}),
    "a model file of many columns": lambda f: model(
        f, {"preprocessing": json.dumps({**STORED, "columns": 2**52})}, with_preprocessing()
    ),
    "a model file of many texts": lambda f: model(
        f,
        {
            "preprocessing": json.dumps(
                {**STORED, "kinds": [[k, "date", "", []] for k in range(10**5)]}
            )
        },
        with_preprocessing(),
    ),
    "an ensemble of many networks": lambda f: model(
        f, {"members": json.dumps([members()[0]] * 10**5)}, ensemble()
    ),
    "an ensemble of many layers": lambda f: model(
        f, {"members": json.dumps([{**members()[0], "sizes": [1] * 10**6}] * 3)}, ensemble()
    ),
    "an ensemble of deep lists": lambda f: model(f, {"members": "[" * 10**6}, ensemble()),
    "an ensemble of a huge layer": lambda f: model(
        f, {"members": json.dumps([{**members()[0], "sizes": [3, 10**9, 2]}] * 3)}, ensemble()
    ),
    "an ensemble of many errors": lambda f: model(
        f, {"residuals": json.dumps({"counts": [10**15, 1], "folds": [0, 1, 1]})}, ensemble()
    ),
    "an ensemble of many folds": lambda f: model(
        f, {"residuals": json.dumps({"counts": [1] * 10**6, "folds": [0, 1, 1]})}, ensemble()
    ),
    "a model file of deep findings": lambda f: model(f, {"tried": '{"lam":' * 10**5}),
    "a model file of many actions": lambda f: model(
        f, {"tried": json.dumps({**tried(), "actions": tried()["actions"] * 5000})}
    ),
    "a model file of a long action": lambda f: model(
        f, {"tried": json.dumps({**tried(), "left_out": [["a" * 10**7, "b"]]})}
    ),
}


def places(value, place=()):
    """Return the places of all values in nested ones, each a tuple of names and indices."""
    found = [place]
    for name, one in value.items() if isinstance(value, dict) else enumerate(value):
        inner = isinstance(one, dict | list)
        found += places(one, (*place, name)) if inner else [(*place, name)]
    return found


def with_another(place, value):
    """Return what a path may have tried, with another value at a place."""
    if not place:
        return value
    found = at = tried()
    for name in place[:-1]:
        at = at[name]
    at[place[-1]] = value
    return found


HUGE = (10**400, 10**30, 2**63, -1, -0.5, 1e101, float("inf"), float("nan"), True)
TEXTS = ("a" * 10_001, "\x1b[2J", "\u202eb", "\ud800", "a\nb", "network")
OTHERS = ([], {}, [[]], [1, 2, 3], [2.0, 1.0], ["a"], [None], {"a": 1}, {"seed": []}, None)


@pytest.mark.parametrize("place", places(tried()), ids=str)
def test_what_a_stranger_says_was_tried_is_refused_or_printed(place):
    network = xl2.Network([1, 1], "sigmoid", backend="numpy")
    X, y = np.zeros((4, 1)), np.array([0, 1, 0, 1])
    refused = 0
    for value in (*HUGE, *TEXTS, *OTHERS):
        found = with_another(place, value)
        if not is_tried(found):
            refused += 1
            continue
        diagnosis = xl2.diagnose(xl2.Model(network, tried=found), X, y, X + 1.0, y)
        assert str(diagnosis).replace("\n", "").isprintable()
        json.dumps(diagnosis.to_dict(), allow_nan=False)
        assert diagnosis._repr_html_().isprintable()
    # Most of the values are wrong wherever they stand.
    assert refused >= len((*HUGE, *TEXTS, *OTHERS)) - 9


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((), []),
        ((), {}),
        ((), {**tried(), "more": 1}),
        (("lam",), -1.0),
        (("signal",), 1.5),
        (("signal",), "0.5"),
        (("folds",), 2.0),
        (("folds",), True),
        (("actions",), {}),
        (("actions", 0), []),
        (("actions", 0, "kind"), "magic"),
        (("actions", 0, "kind"), ["network"]),
        (("actions", 0, "basis"), "guessed"),
        (("actions", 0, "what"), "\x1b]0;evil\x07"),
        (("actions", 0, "gain"), float("nan")),
        (("actions", 0, "gain"), 10**400),
        (("actions", 0, "interval"), [0.1]),
        (("actions", 0, "interval"), [0.1, 0.2, 0.3]),
        (("actions", 0, "interval"), [0.2, 0.1]),
        (("actions", 0, "interval"), "01"),
        (("actions", 0, "seconds"), float("inf")),
        (("actions", 0, "measured"), "0.03"),
        (("actions", 0, "arguments"), {"hidden": "os.system('x')"}),
        (("actions", 0, "arguments"), {"hidden": [1.5]}),
        (("actions", 0, "arguments"), {"x=print(1), y": [1]}),
        (("actions", 0, "arguments"), {"epochs": "3"}),
        (("actions", 3, "arguments"), {}),
        (("actions", 3, "arguments"), None),
        (("left_out", 0), ["one text"]),
        (("left_out", 0, 1), "\u202e"),
        (("all_samples",), "a"),
        (("unavoidable",), 2),
        (("validation",), "0f"),
        (("validation",), "g" * 64),
        (("options",), "--epochs"),
        (("options",), ["\n"]),
    ],
)
def test_a_model_file_with_impossible_findings_is_refused(tmp_path, place, value):
    path = model(tmp_path, {"tried": json.dumps(with_another(place, value))})
    with pytest.raises(FileFormatError, match=r"value of tried is invalid|tried cannot be read"):
        xl2.load(path)


@pytest.mark.parametrize("name", ["f.csv", "f.npy", "f.parquet", "f-idx", "f", "f.safetensors"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_pipes_devices_and_folders_are_refused_at_once(tmp_path, name, kind):
    path = tmp_path / name
    if kind == "pipe":
        os.mkfifo(path)  # opening it would wait for a writer
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    for read in (load_data, open_rows, xl2.load):
        with pytest.raises(xl2.InputError, match="is a folder, a pipe or a device"):
            read(path)


@pytest.mark.parametrize("name", ["a" * 300, "a\0", "a\ud800", "loop"])
@pytest.mark.parametrize("suffix", [".csv", ".npy"])
def test_an_impossible_file_name_is_refused(tmp_path, name, suffix):
    (tmp_path / f"loop{suffix}").symlink_to(f"loop{suffix}")
    for read in (load_data, open_rows, xl2.load):
        with pytest.raises(xl2.InputError, match="cannot be opened"):
            read(tmp_path / (name + suffix))


def test_equal_names_are_counted_at_once():
    # Looking for a free number from 1 on for each name would take hours.
    begun = time.perf_counter()
    names, _ = distinct(("a",) * 400_000)
    assert time.perf_counter() - begun < 20  # it takes less than a second
    assert names[:3] == ("a", "a.1", "a.2")
    assert len(set(names)) == 400_000


def test_a_table_of_many_columns_is_opened(tmp_path):
    # Reading the schema for each column would take quadratic time.
    write_parquet(tmp_path / "f.parquet", **{f"c{i}": [1.0, 2.0] for i in range(10_000)})
    begun = time.perf_counter()
    X, y = open_rows(tmp_path / "f.parquet")
    assert time.perf_counter() - begun < 10  # it takes half a second
    assert (X.shape, y.tolist()) == ((2, 9_999), [1.0, 2.0])


@pytest.mark.parametrize("code", [0xD800, 0x110000, 0xFFFFFFFF])
def test_labels_that_are_not_unicode_are_refused(tmp_path, code):
    y = np.array([97, code], dtype="u4").view("<U1")
    np.savez(tmp_path / "f.npz", x=np.ones((2, 1)), y=y)
    with pytest.raises(FileFormatError, match="the labels are not valid Unicode"):
        load_data(tmp_path / "f.npz")


def test_labels_without_columns_are_refused(tmp_path):
    np.savez(tmp_path / "f.npz", x=np.ones((2, 1)), y=np.ones((2, 0)))
    with pytest.raises(xl2.InputError, match=r"y has shape \(2, 0\)"):
        load_data(tmp_path / "f.npz")


def test_an_empty_dataset_is_refused(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py writes the file")
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["x"] = h5py.Empty("f8")
    for read in (load_data, open_rows):
        with pytest.raises(xl2.InputError, match="no array under 'x'"):
            read(tmp_path / "f.h5", require_target=False)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a NumPy .npy file"),
        (b"\x80\x04.", "is not a NumPy .npy file"),
        (npy((4, 2), "|O"), "holds Python objects"),
        (b"\x93NUMPY\x02\0" + (2**20).to_bytes(4, "little") + b" " * 2**20, "is large"),
        (npy((2**62, 2)), "cannot be read"),
    ],
)
def test_an_error_says_why_a_file_is_not_a_npy_file(tmp_path, content, words):
    with pytest.raises(FileFormatError, match=words):
        open_rows(written(tmp_path, "f.npy", content))


def written(folder, name, content):
    (folder / name).write_bytes(content)
    return folder / name


LEARNT = dataclasses.replace(preprocessing(), silent=(5, 9))  # as of a fold
STORED = described(LEARNT, with_preprocessing().features)


def test_what_was_learnt_of_columns_is_the_same_again():
    assert is_preprocessing(json.loads(json.dumps(STORED)))
    again = restored(STORED, with_preprocessing().features, preprocessing().medians)
    assert again.columns == preprocessing().columns
    assert (again.names, again.sources) == (preprocessing().names, preprocessing().sources)


@pytest.mark.parametrize("place", places(STORED), ids=str)
def test_columns_of_a_stranger_are_refused_or_can_be_used(tmp_path, place):
    refused = 0
    texts = (*TEXTS, "category", "number", "blue", "%", "")
    lists = (*OTHERS, [0], [True], [0, 0], [1, 0], [3], [9], [[0], [0]], [["a"]], [0, 1.0])
    for value in (*HUGE, *texts, *lists, 0, 1, 2, 3, 6):
        stored = json.loads(json.dumps(STORED))
        at = stored
        for name in place[:-1]:
            at = at[name]
        if place:
            at[place[-1]] = value
        else:
            stored = value
        if stored is not None and not is_preprocessing(stored):
            refused += 1
            continue
        path = model(tmp_path, {"preprocessing": json.dumps(stored)}, with_preprocessing())
        try:
            found = xl2.load(path)
        except FileFormatError:
            refused += 1
            continue
        assert width_of(stored) == found.network.sizes[0]
        X = np.full((3, len(found.features)), np.nan)
        assert found.predict(X).shape == (3,)
        xl2.save(found, tmp_path / "again")
    assert refused >= 20


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_cannot_take_much_memory(tmp_path, monkeypatch, bomb):
    monkeypatch.setattr("xl2.io.opening.UNPACKED", 2**20)
    path = BOMBS[bomb](tmp_path)
    is_model = path.suffix == ".safetensors"
    tracemalloc.start()
    try:
        with pytest.raises(XL2Error if bomb.startswith("a csv with") else FileFormatError):
            xl2.load(path) if is_model else load_data(path, require_target=False)
        # A header of 16 MB is read before it can be checked.
        assert tracemalloc.get_traced_memory()[1] < (2**28 if is_model else 2**25)
    finally:
        tracemalloc.stop()


def test_an_hdf5_file_cannot_declare_more_than_it_has(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py writes the file")
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file.create_dataset("x", (2**30, 4), "f8", chunks=(64, 4))  # never written
    with pytest.raises(FileFormatError, match="declares 34359738368 bytes"):
        load_data(tmp_path / "f.h5", require_target=False)


def test_a_parquet_file_cannot_declare_more_than_it_has(tmp_path):
    path = write_parquet(tmp_path / "f.parquet", a=np.zeros(2**23), y=np.zeros(2**23))
    with pytest.raises(FileFormatError, match="declares 134217728 bytes"):
        load_data(path)


@pytest.mark.parametrize("how", ["link", "path through a link", "raw data", "virtual"])
def test_an_hdf5_file_with_links_to_another_is_refused(tmp_path, how):
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
        with pytest.raises(FileFormatError, match="values of 'x' in another file"):
            read(tmp_path / "f.h5")


def test_a_damaged_chunk_is_a_format_error_when_it_is_read(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py writes the file")
    path = tmp_path / "f.h5"
    X = np.random.default_rng(0).normal(size=(400, 4))
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=X, chunks=(100, 4), compression="gzip")
        file["y"] = np.zeros(400)
    with h5py.File(path) as file:
        start = file["x"].id.get_chunk_info(2).byte_offset
    content = bytearray(path.read_bytes())
    content[start : start + 50] = bytes(50)
    path.write_bytes(content)
    rows, y = open_rows(path)
    network = xl2.Network([4, 1], backend="numpy")
    with pytest.raises(FileFormatError, match="X cannot be read from its file"):
        xl2.fit(network, rows, y, epochs=1)


def test_names_too_long_for_a_model_file_are_not_written(tmp_path):
    model = xl2.Model(xl2.Network([2, 1]), features=("a" * 2**24, "b"))
    with pytest.raises(xl2.InputError, match="16777216 bytes"):
        xl2.save(model, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_valid_file_that_compresses_well_is_read(tmp_path):
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
