"""Open the file of a table, whatever its kind: `open_source`."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ..errors import InputError
from ..io.opening import check_file
from .csv_source import Format, open_csv
from .parquet_source import open_parquet_source
from .table_file import MISSING, Source

__all__ = ["FORMATS", "MISSING", "Source", "is_table", "open_source"]

FORMATS = ".csv, .tsv, .txt (all three also as .gz), .parquet, .xlsx, .xls, .ods, sqlite:FILE?TABLE"
CSV = (".csv", ".tsv", ".txt")


def is_table(source: str | Path) -> bool:
    """Tell whether a source is a table by its name."""
    return kind_of(source) is not None


def kind_of(source: str | Path) -> str | None:
    """Return csv or parquet, or None if a source is no table by its name."""
    name = str(source).lower()
    if name.endswith(".parquet"):
        return "parquet"
    return "csv" if name.removesuffix(".gz").endswith(CSV) else None


def open_source(
    source: str | Path,
    *,
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    known: Collection[str] = (),
) -> Source:
    """Find out what a table file holds, without reading its cells.

    Parameters
    ----------
    source : str or Path
        A file, or ``sqlite:FILE?TABLE``, or ``FILE.xlsx?SHEET``.
    sep, decimal, encoding : str, optional
        How a text file is written; found out from its beginning by default.
    header : bool, optional
        Whether the first row holds the names of the columns; found out by default.
    known : collection of str
        Names of columns that the caller gave or that a model has: a row that has them is a header.
    """
    path, kind = Path(source), kind_of(source)
    if kind is not None:
        check_file(path, f"Pass the path of a table ({FORMATS}).")
    if kind == "parquet":
        return open_parquet_source(path)
    if kind == "csv":
        return open_csv(path, Format(sep, decimal, encoding), header, known)
    raise InputError(f"{path} is not a table: {path.suffix or 'no suffix'}. Known are {FORMATS}.")
