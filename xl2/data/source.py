"""Open the file of a table, whatever its kind: `open_source`."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError, option
from ..io.opening import check_file
from .csv_source import Format, open_csv
from .excel_source import SUFFIXES as EXCEL
from .excel_source import open_excel
from .parquet_source import open_parquet_source
from .sqlite_source import open_sqlite
from .table_file import Source

FORMATS = (
    ".csv, .tsv, .txt (all three also as .gz), .parquet, .xlsx, .xls, .ods (also FILE.xlsx?SHEET), "
    "sqlite:FILE?TABLE"
)
CSV = (".csv", ".tsv", ".txt")


class Table(NamedTuple):
    """What the name of a table says."""

    kind: str  # csv, parquet, excel or sqlite
    path: Path
    part: str = ""  # the sheet of a spreadsheet or the table of a database


def table_of(source: str | Path) -> Table | None:
    """Return what a source is by its name, or None if it is no table."""
    text = str(source)
    name, _, part = text.partition("?")
    if text.startswith("sqlite:"):
        return Table("sqlite", Path(name.removeprefix("sqlite:")), part)
    if name.lower().endswith(EXCEL):
        return Table("excel", Path(name), part)
    if text.lower().endswith(".parquet"):
        return Table("parquet", Path(text))
    return Table("csv", Path(text)) if text.lower().removesuffix(".gz").endswith(CSV) else None


def is_table(source: str | Path) -> bool:
    """Tell whether a source is a table by its name."""
    return table_of(source) is not None


def open_source(
    source: str | Path,
    *,
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    known: Collection[str] = (),
) -> Source:
    """Find out what a table holds, without reading all of its cells.

    Parameters
    ----------
    source : str or Path
        A file, or ``FILE.xlsx?SHEET``, or ``sqlite:FILE?TABLE``.
    sep, decimal, encoding : str, optional
        How a text file is written; found out from its beginning by default.
    header : bool, optional
        Whether the first row holds the names of the columns; found out by default.
    known : collection of str
        Names of columns that the caller gave or that a model has: a row that has them is a header.
    """
    table = table_of(source)
    if table is None:
        raise InputError(f"{source} is not a table. Tables are {FORMATS}.")
    check_file(table.path, f"Pass the path of a table ({FORMATS}).")
    if table.kind == "csv":
        return open_csv(table.path, Format(sep, decimal, encoding), header, known)
    given = {"sep": sep, "decimal": decimal, "encoding": encoding}
    if table.kind != "excel":
        given["header"] = None if header is None else str(header)
    for name, value in given.items():
        if value is not None:
            raise InputError(
                f"{option(name)} applies only to text files, but {table.path} says itself how it "
                "is written. Leave it out."
            )
    if table.kind == "excel":
        return open_excel(table.path, table.part, header, known)
    if table.kind == "sqlite":
        return open_sqlite(table.path, table.part)
    return open_parquet_source(table.path)
