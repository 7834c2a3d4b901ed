import gzip
import sys
from pathlib import Path

import numpy as np
import pytest
from data_files import TABLE, X, Y, refused, write

from xl2 import data
from xl2.data import Dataset, load_data
from xl2.errors import FileFormatError, InputError


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
    assert "is a folder, a pipe or a device" in refused(InputError, tmp_path)


def test_an_unknown_suffix_is_refused(tmp_path):
    message = refused(InputError, write(tmp_path / "data.docx", "PK"))
    for suffix in (".docx", ".xlsx", ".npz", ".h5", ".csv", ".tsv", ".parquet", "IDX"):
        assert suffix in message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"features_first": True}, "features_first=True applies only to .npz and HDF5"),
        ({"labels": "labels"}, "labels='labels' applies only to IDX files"),
    ],
)
def test_an_option_of_another_format_is_refused(tmp_path, options, words):
    assert words in refused(InputError, write(tmp_path / "t.csv", TABLE), **options)


@pytest.mark.parametrize(
    "options",
    [
        {"weight": "w"},
        {"ignore": ["a", "b"]},
        {"categories": ["1"]},
        {"sep": ";"},
        {"header": False},
    ],
)
def test_options_of_tables_are_refused_for_arrays(tmp_path, options):
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    for source in (tmp_path / "d.npz", "digits"):
        message = refused(InputError, source, **options)
        assert f"{next(iter(options))}=" in message
        assert "applies only to tables" in message


def test_a_target_column_of_arrays_is_only_refused_for_training(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    assert "only to tables" in refused(InputError, tmp_path / "d.npz", target="label")
    assert load_data(tmp_path / "d.npz", target="label", like=Dataset(X, Y)).y is not None


@pytest.mark.parametrize(("module", "suffix"), [("h5py", ".h5"), ("pyarrow.parquet", ".parquet")])
def test_an_absent_library_is_named(tmp_path, monkeypatch, module, suffix):
    monkeypatch.setitem(sys.modules, module, None)
    message = refused(InputError, write(tmp_path / f"d{suffix}", "x"))
    assert module.partition(".")[0] in message
    assert 'pip install "xl2[data]"' in message


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", b'a,b\n1,"2\n', "line 2"),
        ("t.csv.gz", TABLE.encode(), "cannot be read"),
        ("t.csv.gz", gzip.compress(TABLE.encode(), mtime=0)[:-9], "cannot be read"),
        ("t.npz", TABLE.encode(), "not a NumPy .npz archive"),
        ("t.parquet", TABLE.encode(), "cannot be read as a Parquet file"),
        ("t.h5", TABLE.encode(), "cannot be read as an HDF5 file"),
    ],
)
def test_files_that_are_not_what_their_names_say(tmp_path, name, content, words):
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow", reason="pyarrow reads the file")
    if name.endswith(".h5"):
        pytest.importorskip("h5py", reason="h5py reads the file")
    assert words in refused(FileFormatError, write(tmp_path / name, content))


def test_importing_is_light():
    import subprocess

    code = (
        "import sys, types; sys.modules['xl2'] = p = types.ModuleType('xl2');"
        f"p.__path__ = {[str(Path(data.__file__).parents[1])]!r};"
        "import xl2.data; heavy = {'numpy', 'pandas', 'sklearn', 'h5py', 'pyarrow', 'gzip'};"
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
