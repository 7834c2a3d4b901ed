"""Tables of SQLite databases as sources."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError, listed
from ..io.opening import reading
from .table_file import Source, distinct
from .values import series_of

TABLES = (
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' "
    "ORDER BY name"
)


def open_sqlite(path: Path, table: str) -> Source:
    """Find the columns of a table; `table` may be empty if the database has one."""
    with reading(path, "an SQLite database"), _connected(path) as database:
        tables = [name for (name,) in database.execute(TABLES)]
        if not table and len(tables) == 1:
            (table,) = tables
        if table not in tables:
            what = f"no table {table!r}" if table else f"{len(tables)} tables"
            raise InputError(
                f"{path} has {what}. Its tables are {listed(tables)}: pass sqlite:{path}?TABLE."
            )
        columns = database.execute(f"PRAGMA table_xinfo({_quoted(table)})").fetchall()
    stored = tuple(str(column[1]) for column in columns)
    names, notes = distinct([name.strip() for name in stored])
    keys = [position for position, column in enumerate(columns) if column[5]]
    return SqliteSource(
        path=path,
        names=names,
        width=len(names),
        row_names=dict.fromkeys(keys, "the primary key of the table") if len(keys) == 1 else {},
        notes=notes,
        table=table,
        stored=stored,
    )


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[Any]:
    """Open a database that cannot be changed."""
    import sqlite3

    uri = f"{path.resolve().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
        database.execute("PRAGMA trusted_schema = OFF")  # a view is a stranger's program
        yield database


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, kw_only=True, eq=False)
class SqliteSource(Source):
    """A table of a database."""

    table: str
    stored: tuple[str, ...]  # the names of its columns

    def read(self, positions: Sequence[int], as_text: Collection[int] = ()) -> Any:
        """Return a pandas.DataFrame of some columns; see `Source.read`."""
        import pandas as pd

        columns = ", ".join(_quoted(self.stored[p]) for p in positions)
        with reading(self.path, "an SQLite database"), _connected(self.path) as database:
            rows = database.execute(f"SELECT {columns} FROM {_quoted(self.table)}").fetchall()
        if not rows:
            raise InputError(f"{self.path}: the table {self.table!r} has no rows.")
        found = {}
        for p, values in zip(positions, zip(*rows, strict=True), strict=True):
            if any(isinstance(value, bytes) for value in values):
                raise InputError(
                    f"{self.path}, column {self.names[p]!r} has bytes (BLOB). Expected numbers or "
                    "text. Leave it out."
                )
            found[p] = series_of(values, p in as_text)
        return pd.DataFrame(found)
