"""Tables of SQLite databases as sources."""

import contextlib
import sqlite3

import numpy as np
import pytest
from data_files import write

from xl2.data.source import open_source
from xl2.errors import FileFormatError, InputError

ROWS = [(1.5, 7, "Köln", None), (None, 2**53 + 1, "007", "x"), (2.0, 3, " NA ", "y")]


def database(path, *statements, rows=ROWS):
    with contextlib.closing(sqlite3.connect(path)) as opened:
        for statement in statements or ('CREATE TABLE t (size REAL, n INTEGER, town TEXT, "a b")',):
            opened.execute(statement)
        if rows:
            opened.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
        opened.commit()
    return path


@pytest.mark.parametrize("table", ["", "?t"])
def test_a_table(tmp_path, table):
    path = database(tmp_path / "a b.db")
    source = open_source(f"sqlite:{path}{table}")
    assert source.names == ("size", "n", "town", "a b")
    frame = source.read([0, 2, 3])
    np.testing.assert_array_equal(frame[0], [1.5, np.nan, 2])
    assert frame[2].tolist()[:2] == ["Köln", "007"]
    assert frame.isna().sum().tolist() == [1, 1, 1]
    texts = source.read([3, 2, 1, 0], as_text=[0, 1, 2, 3])
    assert texts.to_numpy().tolist() == [
        ["", "Köln", "7", "1.5"],
        ["x", "007", "9007199254740993", ""],
        ["y", "NA", "3", "2"],
    ]


@pytest.mark.parametrize("key", ["id INTEGER PRIMARY KEY", "id TEXT PRIMARY KEY"])
def test_the_primary_key_names_rows(tmp_path, key):
    path = database(tmp_path / "t.db", f"CREATE TABLE t ({key}, x)", rows=())
    assert open_source(f"sqlite:{path}").row_names == {0: "the primary key of the table"}


def test_names_that_need_quotes(tmp_path):
    path = database(
        tmp_path / "t.db",
        'CREATE TABLE "odd ""name; DROP TABLE t" ("a""b" REAL, "SELECT" REAL)',
        'INSERT INTO "odd ""name; DROP TABLE t" VALUES (1, 2)',
        'CREATE VIEW half AS SELECT "SELECT" AS one FROM "odd ""name; DROP TABLE t"',
        rows=(),
    )
    source = open_source(f'sqlite:{path}?odd "name; DROP TABLE t')
    assert source.read([1, 0]).to_numpy().tolist() == [[2, 1]]
    assert open_source(f"sqlite:{path}?half").read([0]).to_numpy().tolist() == [[2]]


@pytest.mark.parametrize(
    ("part", "words"),
    [("", "2 tables.*'t', 'u'"), ("?gone", "no table 'gone'.*'t', 'u'"), ("?u", "no rows")],
)
def test_refused(tmp_path, part, words):
    path = database(tmp_path / "t.db", "CREATE TABLE t (a, b, c, d)", "CREATE TABLE u (a)")
    with pytest.raises(InputError, match=words):
        open_source(f"sqlite:{path}{part}").read([0])


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileFormatError, match="cannot be read as an SQLite database"):
        open_source(f"sqlite:{write(tmp_path / 't.db', b'SQLite format 4' * 100)}?t")
    with pytest.raises(InputError, match="no file"):
        open_source(f"sqlite:{tmp_path / 'gone.db'}")
    assert not (tmp_path / "gone.db").exists()
    path = database(tmp_path / "b.db", "CREATE TABLE t (a, b, c, d)", rows=[(b"x", 1, 2, 3)])
    with pytest.raises(InputError, match="column 'a' has bytes"):
        open_source(f"sqlite:{path}").read([0])
