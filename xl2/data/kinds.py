"""What the columns of a table hold, by their cells: numbers, True and False, dates, categories."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InputError, column_label, counted, listed, option
from ..nn.cells import (
    date_formats,
    foreign,
    has_thousands,
    is_missing,
    is_text,
    parse_booleans,
    parse_numbers,
    row_number,
    texts_of,
)
from ..nn.columns import UNKNOWN, Column


@dataclass(frozen=True)
class Asked:
    """What the caller says about columns, by their names or indices; see `load_data`."""

    categories: Collection[str] = ()
    dates: Collection[str] = ()
    no_categories: bool = False  # refuse columns of text


NOTHING = Asked()


def columns_of(
    frame: Any,
    *,
    names: Sequence[str] | None = None,
    asked: Asked = NOTHING,
    decimal: str = ".",
    where: str = "",
    at: Callable[[int], str] = row_number,
) -> tuple[tuple[Column, ...], Any, tuple[str, ...]]:
    """Find out what the columns of a data frame hold, and read them.

    Parameters
    ----------
    frame : pandas.DataFrame, shape (n, columns)
    names : sequence of str, optional
        The names of its columns if these are not its own, empty for a table without a header.
    asked, decimal, where, at
        What the caller says; the decimal point of numbers in text; how messages begin, and where
        they say that a row is.

    Returns
    -------
    columns : tuple of Column
    X : numpy.ndarray, shape (n, columns)
        As `Column.read` returns each, or plain numbers in a dtype for all of them.
    notes : tuple of str
        What was understood that is not plain numbers.
    """
    import numpy as np

    own = [str(name) for name in frame.columns] if names is None else names
    plain = all(isinstance(t, np.dtype) and t.kind in "iuf" for t in frame.dtypes)
    if plain and not asked.categories:
        numbers = frame.to_numpy()  # without a copy if the frame is one array
        known = tuple(Column(name) for name in own or [""] * frame.shape[1])
        return known, numbers, _notes(known, numbers)
    X = np.empty((len(frame), frame.shape[1]))
    columns, grouped = [], list[str]()
    for i in range(frame.shape[1]):
        cells = frame.iloc[:, i]
        cells = cells.set_axis(range(len(cells)))
        label = column_label(own, i)
        if cells.dtype.kind in "iuf" and not _asked_for(asked.categories, label, i):
            column, X[:, i] = Column(own[i] if own else ""), cells
        else:
            column = _column_of(cells, own, i, asked, decimal, f"{where}column {label}", at)
            X[:, i] = column.read(cells, decimal, where, at)
            if column.kind == "number" and is_text(cells) and has_thousands(cells, decimal):
                grouped.append(own[i] if own else str(i))
        columns.append(column)
    notes = _notes(columns, X)
    if grouped:
        notes = (f"Numbers with separators of thousands: {listed(grouped)}.", *notes)
    return tuple(columns), X, notes


def _column_of(
    cells: Any,
    names: Sequence[str],
    i: int,
    asked: Asked,
    decimal: str,
    where: str,
    at: Callable[[int], str],
) -> Column:
    """Return what a column that is not plain numbers holds, or refuse it."""
    import pandas as pd

    name, label = names[i] if names else "", column_label(names, i)
    ways_out = f"Leave the column out with {option('ignore', name or str(i))}, or convert it."
    if what := foreign(cells):
        raise InputError(f"{where} has {what}. {ways_out}")
    is_category = _asked_for(asked.categories, label, i)
    if is_category or isinstance(cells.dtype, pd.CategoricalDtype):
        return _category(name, cells, asked, where)
    if pd.api.types.is_datetime64_any_dtype(cells):
        return _date(name, i, label, cells, [""], asked, where)
    if pd.api.types.is_bool_dtype(cells):
        return Column(name, "boolean")
    if pd.api.types.infer_dtype(cells, skipna=True) in ("date", "datetime"):
        return _date(name, i, label, cells, [""], asked, where)
    if not is_text(cells):
        return Column(name)
    missing = is_missing(cells)
    present = texts_of(cells)[~missing]
    if present.empty:
        return Column(name)
    numbers, unit = parse_numbers(present, decimal)
    is_number = numbers == numbers
    if is_number.all():
        return Column(name, unit=unit)
    if (parse_booleans(present) >= 0.0).all():
        return Column(name, "boolean")
    if formats := date_formats(present):
        return _date(name, i, label, cells, formats, asked, where)
    if is_number.mean() >= 0.5:
        wrong = present[~is_number]
        raise InputError(
            f"{where}: {int(is_number.sum())} of {counted(len(present), 'cell')} are numbers, but "
            f"{at(wrong.index[0])} has {_short(wrong.iloc[0])}. Correct the cell, or leave it "
            f"empty if the value is missing. {option('categories', name or str(i))} reads the "
            f"column as categories, {option('ignore', name or str(i))} leaves it out."
        )
    return _category(name, cells, asked, where)


def _category(name: str, cells: Any, asked: Asked, where: str) -> Column:
    if asked.no_categories:
        raise InputError(f"{where} has text. Leave it out, or encode it as numbers.")
    texts = texts_of(cells)
    return Column(name, "category", tuple(sorted(set(texts[~is_missing(cells)]))))


def _date(
    name: str, i: int, label: str, cells: Any, formats: list[str], asked: Asked, where: str
) -> Column:
    """Return a column of dates, if they are asked for."""
    given = name or str(i)
    if not _asked_for(asked.dates, label, i):
        first = cells[cells.notna()]
        example = f", such as {str(first.iloc[0])!r}" if len(first) else ""
        raise InputError(
            f"{where} has dates{example}. {option('dates', given)} reads them as days since 1970, "
            f"{option('ignore', given)} leaves the column out."
        )
    if len(formats) > 1:
        raise InputError(
            f"{where} has dates in which the day or the month may come first. Write them as "
            "2024-01-31."
        )
    return Column(name, "date", unit=formats[0])


def _asked_for(columns: Collection[str], label: str, i: int) -> bool:
    return bool(columns) and (label in map(repr, columns) or str(i) in columns)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


def _notes(columns: Sequence[Column], X: Any) -> tuple[str, ...]:
    """Say which columns are not plain numbers, and where values are missing."""
    notes = []
    labels = [column.name or str(i) for i, column in enumerate(columns)]
    for kind, words in (
        ("category", "Categories, each an input of 0 and 1"),
        ("boolean", "True and False, read as 1 and 0"),
        ("date", "Dates, read as days since 1970"),
    ):
        found = [label for label, c in zip(labels, columns, strict=True) if c.kind == kind]
        if found:
            notes.append(f"{words}: {listed(found)}.")
    for unit in sorted({c.unit for c in columns if c.kind == "number"} - {""}):
        found = [label for label, c in zip(labels, columns, strict=True) if c.unit == unit]
        read = "hundredths" if unit == "%" else "numbers"
        notes.append(f"Written with {unit}, read as {read}: {listed(found)}.")
    return (*notes, *notes_of_gaps(labels, columns, X))


def notes_of_gaps(labels: Sequence[str], columns: Sequence[Column], X: Any) -> list[str]:
    """Say in which columns values are missing, and which have texts that training never had."""
    import numpy as np

    notes = []
    if X.dtype.kind == "f" and (missing := np.isnan(X).sum(axis=0)).any():
        notes.append(
            "Missing values, filled with the median or taken as a category of their own: "
            f"{_counts(labels, missing)}."
        )
    categories = [i for i, column in enumerate(columns) if column.kind == "category"]
    unknown = np.zeros(len(columns), dtype=int)
    unknown[categories] = (X[:, categories] == UNKNOWN).sum(axis=0)
    if unknown.any():
        notes.append(
            f"Texts that training never had, taken as other ones: {_counts(labels, unknown)}."
        )
    return notes


def _counts(labels: Sequence[str], counts: Any) -> str:
    """Return the columns that have a count, and it."""
    import numpy as np

    found = [f"{labels[i]!r} ({counts[i]})" for i in map(int, np.flatnonzero(counts))]
    more = f" and {len(found) - 12} more" if len(found) > 12 else ""
    return ", ".join(found[:12]) + more
