"""Tables of comma-separated and tab-separated values, as in RFC 4180."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, InputError, column_label, counted
from ..io.opening import open_bytes, reading, text_array
from .columns import Wanted, choose
from .dataset import Dataset


def load_csv(path: Path, wanted: Wanted) -> Dataset:
    """Read a ``.csv`` or ``.tsv`` file in UTF-8, unpacked if its name ends in ``.gz``.

    X is float64. y is int64 if all labels are integers, float64 if all are numbers, else text.
    """
    import csv
    import io

    delimiter = "\t" if path.name.lower().removesuffix(".gz").endswith(".tsv") else ","
    with reading(path, "a table of text"), open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True, strict=True)
        try:
            return parse_rows(reader, wanted, path)
        except csv.Error as error:
            message = f"{path}, line {reader.line_num}: {error}. Check the quotes of that line."
            raise FileFormatError(message) from error
        except UnicodeDecodeError as error:
            message = f"{path} is not UTF-8 text: {error}. Save it as UTF-8."
            raise FileFormatError(message) from error


def parse_rows(reader: Any, wanted: Wanted, path: Path) -> Dataset:
    """Read the rows of a `csv.reader` into arrays.

    Values are converted row by row: all cells as text would take several times the memory of
    the file.
    """
    from array import array
    from itertools import chain

    import numpy as np

    rows = filter(None, reader)  # skips blank lines
    first: list[str] = next(rows, [])
    if not first:
        raise InputError(f"{path} is empty. Expected one row per sample, one column per feature.")
    stripped = tuple(cell.strip() for cell in first)
    names = stripped if has_header(stripped, wanted) else ()
    features, target, groups = choose(names, len(first), wanted, path)
    values, labels = array("d"), {i: list[str]() for i in (target, groups) if i is not None}
    for row in rows if names else chain([first], rows):
        if len(row) != len(first):
            raise InputError(
                f"{path}, line {reader.line_num}: {counted(len(row), 'cell')}, but the first row "
                f"has {len(first)}. All rows must have the same number of cells."
            )
        cells = [row[i] for i in features]
        try:
            if "_" in "".join(cells):
                raise ValueError
            values.extend(map(float, cells))
        except ValueError:
            column = next(i for i in features if not is_number(row[i]))
            raise bad_cell(row, column, names, reader.line_num, path) from None
        for i, texts in labels.items():
            label = row[i].strip()
            if not label:
                raise bad_cell(row, i, names, reader.line_num, path)
            texts.append(label)
    if not values:
        raise InputError(f"{path} has a header but no rows. Expected one row per sample.")
    X = np.frombuffer(values, dtype=np.float64).reshape(-1, len(features))
    known = {i: parse_labels(texts, path) for i, texts in labels.items()}
    return Dataset(
        X,
        None if target is None else known[target],
        tuple(names[i] for i in features) if names else (),
        name=str(path),
        groups=None if groups is None else known[groups],
        groups_column=None if groups is None else names[groups] if names else str(groups),
        positions=features,
    )


def has_header(row: Sequence[str], wanted: Wanted) -> bool:
    """Return whether the first row holds the column names.

    It does if the names that the caller gave are in it, or if none of its cells, except the
    target's, is a number. A first row with numbers and texts is data: the error then names the
    text, while treating the row as a header would lose a sample.
    """
    if wanted.features and set(wanted.features) <= set(row):
        return True
    given = {name for name in (wanted.target, wanted.groups) if name and not is_number(name)}
    if given & set(row):
        return True
    target = -1 if wanted.index is None else wanted.index
    cells = list(row)
    if len(cells) not in {1, wanted.n_features} and -len(cells) <= target < len(cells):
        del cells[target]
    return not any(is_number(cell) for cell in cells)


def is_number(text: str) -> bool:
    """Return whether a cell is a number; nan and inf are, ``1_2`` (12 in Python) is not."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def bad_cell(
    row: Sequence[str], column: int, names: Sequence[str], line: int, path: Path
) -> InputError:
    """Return the error for a cell that is empty or not a number."""
    text = row[column].strip()
    where = f"{path}, line {line}, column {column_label(names, column)}"
    if not text:
        return InputError(
            f"{where}: the cell is empty, so a value is missing. Remove the row or fill it in."
        )
    cell = text if len(text) <= 40 else text[:40] + "..."
    hint = "" if names else " The file has no header, because its first row has numbers."
    return InputError(
        f"{where}: {cell!r} is not a number. Features are numeric: encode the column as numbers or "
        f"leave it out.{hint}"
    )


def parse_labels(texts: list[str], path: Path) -> Any:
    """Return labels as int64 if all are integers, float64 if all are numbers, else as text."""
    import numpy as np

    if not all(is_number(text) for text in texts):
        return text_array(texts, path)
    try:
        return np.array([int(text) for text in texts], dtype=np.int64)
    except (ValueError, OverflowError):
        numbers = np.array([float(text) for text in texts])
    # Above 2**53 float64 cannot represent all integers.
    integral = (numbers == np.floor(numbers)) & (abs(numbers) <= 2**53)
    return numbers.astype(np.int64) if integral.all() else numbers
