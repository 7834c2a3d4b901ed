"""Spreadsheets as sources, read by pandas with the library calamine."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError, counted, listed
from ..io.opening import check_declared, needed, reading
from .dialect import ROWS, Row, count_title, title_note
from .header import find_header
from .table_file import Source
from .values import series_of, text_of

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def open_excel(
    path: Path, sheet: str, header: bool | None = None, known: Collection[str] = ()
) -> Source:
    """Read a sheet, the first if `sheet` is empty, and find its table."""
    needed("python_calamine", f"Reading {path}", "excel")
    with reading(path, "a spreadsheet"):
        check_zip(path)
        cells, notes = read_sheet(path, sheet)
    filled = cells != ""
    across, down = filled.any(axis=0).nonzero()[0], filled.any(axis=1).nonzero()[0]
    if not len(down):
        raise InputError(f"{path}: the sheet is empty. Expected one row per sample.")
    # The table may begin anywhere in the sheet.
    above = int(down[0])
    cells = cells[above : down[-1] + 1, across[0] : across[-1] + 1]
    width = cells.shape[1]
    head = [Row([text_of(v) for v in row], k + 1) for k, row in enumerate(cells[:ROWS])]
    title = count_title(head, width)
    found = find_header([row.cells for row in head[title:]], width, header, known)
    begin = title + bool(found.names)
    if begin == len(cells):
        raise InputError(f"{path} has a header but no rows. Expected one row per sample.")
    return ExcelSource(
        path=path,
        names=found.names,
        width=width,
        notes=(*notes, *title_note(title), *found.notes),
        warnings=found.warnings,
        cells=cells[begin:],
        above=above + begin,
    )


def check_zip(path: Path) -> None:
    """Refuse a file that would unpack to far more than it stores."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as parts:
            size = sum(part.file_size for part in parts.infolist())
        check_declared(path, "its contents", size, path.stat().st_size, "save it as a .csv file.")


def read_sheet(path: Path, sheet: str) -> tuple[Any, tuple[str, ...]]:
    """Return the cells of a sheet as an array of Python values, "" if empty, and notes."""
    import pandas as pd

    with pd.ExcelFile(path, engine="calamine") as book:
        sheets = list(map(str, book.sheet_names))
        if sheet and sheet not in sheets:
            raise InputError(f"{path} has no sheet {sheet!r}. Its sheets are {listed(sheets)}.")
        frame = pd.read_excel(
            book, sheet_name=sheet or 0, header=None, dtype=object, na_filter=False
        )
    notes: tuple[str, ...] = ()
    if len(sheets) > 1 and not sheet:
        notes = (
            f"The file has {counted(len(sheets), 'sheet')}, of which the first is read, "
            f"{sheets[0]!r}: {path.name}?{sheets[1]} is the second.",
        )
    cells = frame.to_numpy(dtype=object)
    cells[pd.isna(cells)] = ""
    return cells, notes


@dataclass(frozen=True, kw_only=True, eq=False)
class ExcelSource(Source):
    """A table in a spreadsheet."""

    cells: Any  # the values (rows, columns), "" if empty
    above: int  # rows of the sheet

    def read(self, positions: Sequence[int], as_text: Collection[int] = ()) -> Any:
        """Return a pandas.DataFrame of some columns; see `Source.read`."""
        import pandas as pd

        return pd.DataFrame({p: series_of(self.cells[:, p], p in as_text) for p in positions})

    def where(self, row: int) -> str:
        """Return the row of the sheet."""
        return f"row {self.above + row + 1}"
