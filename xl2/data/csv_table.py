"""Tables of comma-separated and tab-separated values.

References
----------
.. [1] Y. Shafranovich, "Common format and MIME type for comma-separated values
   (CSV) files", RFC 4180, 2005.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import FileFormatError, InputError, column_label, counted
from ..io.limits import text_array
from ..io.opening import open_bytes, reading
from .columns import Columns, Wanted, choose
from .dataset import Dataset

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def load_csv(path: Path, wanted: Wanted) -> Dataset:
    """Read a table of comma-separated (``.csv``) or tab-separated (``.tsv``) values [1]_.

    The text is UTF-8, with or without a byte order mark, and packed if the name
    ends in ``.gz``. Blank lines are skipped. `has_header` says when the first row
    is a header.

    Parameters
    ----------
    path : Path
        The file.
    wanted : Wanted
        Which columns.

    Returns
    -------
    Dataset
        X is float64; y is int64 if all labels are integral, float64 if all are
        numbers, else text.

    Raises
    ------
    InputError
        If a cell is missing or no number, if a row is of another length, or if
        the columns are not those wanted. Lines are counted from 1.
    FileFormatError
        If the file is not UTF-8 text or its quotes do not match.
    """
    import csv
    import io

    delimiter = "\t" if path.name.lower().removesuffix(".gz").endswith(".tsv") else ","
    try:
        with (
            reading(path, "a table of text", but=(csv.Error, UnicodeDecodeError)),
            open_bytes(path) as stream,
        ):
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
            reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True, strict=True)
            return parse_rows(reader, wanted, path)
    except csv.Error as error:
        message = f"{path}, line {reader.line_num}: {error}. Check the quotes of that line."
        raise FileFormatError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 text: {error}. Save it as UTF-8."
        raise FileFormatError(message) from error


def parse_rows(reader: Any, wanted: Wanted, path: Path) -> Dataset:
    """Read the rows of a `csv.reader` into arrays, one row at a time.

    The values go straight to their eight bytes: keeping the cells as texts would
    take several times the memory of the file.
    """
    from array import array
    from itertools import chain

    import numpy as np

    rows = filter(None, reader)
    first: list[str] = next(rows, [])
    if not first:
        raise InputError(f"{path} is empty. Expected one row a sample, one column a feature.")
    stripped = tuple(cell.strip() for cell in first)
    names = stripped if has_header(stripped, wanted) else ()
    columns = choose(names, len(first), wanted, path)
    values, labels = array("d"), []
    for row in rows if names else chain([first], rows):
        if len(row) != len(first):
            raise InputError(
                f"{path}, line {reader.line_num}: {counted(len(row), 'cell')}, where the first "
                f"row has {len(first)}. Give all rows the same number of cells."
            )
        cells = [row[i] for i in columns.features]
        try:
            if "_" in "".join(cells):
                raise ValueError
            values.extend(map(float, cells))
        except ValueError:
            raise InputError(bad_cell(row, names, columns, reader.line_num, path)) from None
        if columns.target is not None:
            label = row[columns.target].strip()
            if not label:
                raise InputError(missing_cell(names, columns.target, reader.line_num, path))
            labels.append(label)
    if not values:
        raise InputError(f"{path} has a header and no row under it. Expected one row a sample.")
    X = np.frombuffer(values, dtype=np.float64).reshape(-1, len(columns.features))
    y = None if columns.target is None else parse_labels(labels, path)
    return Dataset(X, y, tuple(names[i] for i in columns.features) if names else (), name=str(path))


def has_header(row: Sequence[str], wanted: Wanted) -> bool:
    """Decide whether the first row of a CSV file holds the column names.

    It does if the names that the caller gave are in it; else if no cell of it is
    a number, the target's cell aside, since labels may be text. A first row of
    both numbers and texts is data: the reader then names the text that is not a
    number, where a guess would have lost a sample.
    """
    if wanted.features and set(wanted.features) <= set(row):
        return True
    if wanted.target is not None and wanted.target in row and not is_number(wanted.target):
        return True
    target = -1 if wanted.index is None else wanted.index
    cells = list(row)
    if len(cells) not in {1, wanted.n_features} and -len(cells) <= target < len(cells):
        del cells[target]
    return not any(is_number(cell) for cell in cells)


def is_number(text: str) -> bool:
    """Say whether a cell is a number: nan and inf are, ``1_2``, to Python 12, is none."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def missing_cell(names: Sequence[str], position: int, line: int, path: Path) -> str:
    """Say where a cell is empty."""
    return (
        f"{path}, line {line}, column {column_label(names, position)}: the cell is empty, so a "
        "value is missing. Fill it in or leave the row out."
    )


def bad_cell(
    row: Sequence[str], names: Sequence[str], columns: Columns, line: int, path: Path
) -> str:
    """Say which cell of a row is no number."""
    position = next(i for i in columns.features if not is_number(row[i]))
    text = row[position].strip()
    if not text:
        return missing_cell(names, position, line, path)
    cell = text if len(text) <= 40 else text[:40] + "..."
    hint = "" if names else " The file has no header, since its first row has numbers."
    return (
        f"{path}, line {line}, column {column_label(names, position)}: {cell!r} is not a number. "
        f"Features are numeric: encode the column as numbers or leave it out.{hint}"
    )


def parse_labels(texts: list[str], path: Path) -> NDArray[Any]:
    """Return labels as int64 if all are integral, float64 if all are numbers, else text.

    Python reads ``1_2`` as 12, which would make one class of two: an underscore
    makes the labels text.
    """
    import numpy as np

    if any("_" in text for text in texts):
        return text_array(texts, path)
    try:
        return np.array([int(text) for text in texts], dtype=np.int64)
    except (ValueError, OverflowError):
        pass
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return text_array(texts, path)
    # Above 2**53 a float no longer tells neighbouring integers apart.
    if all(number.is_integer() and abs(number) <= 2**53 for number in numbers):
        return np.array(numbers, dtype=np.int64)
    return np.array(numbers)
