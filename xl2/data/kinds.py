"""What the columns of a table hold, by their cells: numbers, True and False, dates, categories."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import InputError, counted, listed, option
from ..nn.cells import (
    COMPACT,
    TRUTHS,
    date_formats,
    foreign,
    has_parentheses,
    has_thousands,
    is_missing,
    is_text,
    looks_like_dates,
    looks_like_numbers,
    parse_dates,
    parse_numbers,
    parses_as_dates,
    row_number,
    texts_of,
)
from ..nn.columns import UNKNOWN, Column


@dataclass(frozen=True)
class Asked:
    """What the caller says about columns, by their names, or without names by their indices."""

    categories: Collection[str] = ()
    dates: Collection[str] = ()
    no_categories: bool = False  # refuse columns of text
    hint: str = ""  # a sentence for cells that look like numbers, but are none
    of_file: bool = True  # otherwise the caller has the frame itself

    def way(self, what: str, name: str) -> str:
        """Return how the caller reads a column otherwise: an option, or what to do with X."""
        if self.of_file:
            return option(what, name)
        if what == "ignore":
            return f"X.drop(columns={name!r})"
        if what == "categories":
            return f"X[{name!r}].astype('category')"
        return f"(X[{name!r}].astype('datetime64[s]') - pandas.Timestamp(0)).dt.days"


NOTHING = Asked()


def columns_of(
    frame: Any,
    *,
    names: Sequence[str] | None = None,
    positions: Sequence[int] | None = None,
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
    positions : sequence of int, optional
        Where the columns are in the table, by which those without names are called.
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
    labels = list(own) or [str(i) for i in positions or range(frame.shape[1])]
    if not asked.categories and not asked.dates and all(map(_is_plain, frame.dtypes)):
        numbers = frame.to_numpy()  # without a copy if the frame is one array
        known = tuple(Column(name) for name in own or [""] * frame.shape[1])
        return known, numbers, _notes(known, numbers, labels)
    X = np.empty((len(frame), frame.shape[1]))
    columns, grouped, negative = [], list[str](), list[str]()
    for i in range(frame.shape[1]):
        cells = frame.iloc[:, i]
        cells = cells.set_axis(range(len(cells)))
        label = labels[i]
        is_category, is_date = label in asked.categories, label in asked.dates
        if _is_plain(cells.dtype) and not is_category and not is_date:
            column, X[:, i] = Column(own[i] if own else ""), cells
        else:
            shown = f"{where}column {label!r}" if own else f"{where}column {label}"
            column = _column_of(cells, label, is_category, is_date, asked, decimal, shown, at)
            X[:, i] = column.read(cells, decimal, where, at)
            if column.kind == "number" and is_text(cells):
                grouped += [label] * has_thousands(cells, decimal)
                negative += [label] * bool(has_parentheses(cells).any())
            if not own:
                column = replace(column, name="")
        columns.append(column)
    notes = _notes(columns, X, labels)
    if negative:
        notes = (f"Numbers in parentheses are negative: {listed(negative)}.", *notes)
    if grouped:
        notes = (f"Numbers with separators of thousands: {listed(grouped)}.", *notes)
    return tuple(columns), X, notes


def _is_plain(dtype: Any) -> bool:
    """Tell whether a dtype is one of NumPy's numbers; those of pandas may hold its NA."""
    import numpy as np

    return isinstance(dtype, np.dtype) and dtype.kind in "iuf"


def _column_of(
    cells: Any,
    name: str,
    is_category: bool,
    is_date: bool,
    asked: Asked,
    decimal: str,
    where: str,
    at: Callable[[int], str],
) -> Column:
    """Return what a column that is not plain numbers holds, or refuse it."""
    import pandas as pd

    ways_out = f"Leave the column out with {asked.way('ignore', name)}, or convert it."
    if what := foreign(cells):
        raise InputError(f"{where} has {what}. {ways_out}")
    if is_category or isinstance(cells.dtype, pd.CategoricalDtype):
        return _category(name, cells, asked, where)
    if pd.api.types.is_datetime64_any_dtype(cells):
        return _date(name, cells, [""], is_date, asked, where)
    if is_date and not is_text(cells):
        days = parse_dates(cells.dropna(), COMPACT)
        if (days != days).any():
            raise InputError(
                f"{where} has no dates, as {asked.way('dates', name)} says. {ways_out}"
            )
        return Column(name, "date", unit=COMPACT)
    if pd.api.types.is_bool_dtype(cells):
        return Column(name, "boolean")
    if pd.api.types.infer_dtype(cells, skipna=True) in ("date", "datetime"):
        return _date(name, cells, [""], is_date, asked, where)
    if not is_text(cells):
        return Column(name)
    missing = is_missing(cells)
    present = texts_of(cells)[~missing]
    if present.empty:
        return Column(name)
    different = set(present.tolist())
    if not is_date and not any(map(_has_digit, different)):
        # Neither numbers nor dates. Looking at each cell for them takes long in many columns.
        truths = {text.lower() for text in different} <= TRUTHS.keys()
        return Column(name, "boolean") if truths else _category(name, cells, asked, where)
    if formats := date_formats(present):
        return _date(name, cells, formats, is_date, asked, where)
    if is_date:
        wrong = present[~parses_as_dates(present)]
        first = (present if wrong.empty else wrong).index[0]
        raise InputError(
            f"{where}: {asked.way('dates', name)} needs dates of one form, but {at(first)} has "
            f"{_short(present[first])}. Write them as 2024-01-31, or leave the column out with "
            f"{asked.way('ignore', name)}."
        )
    numbers, unit = parse_numbers(present, decimal)
    is_number = numbers == numbers
    if is_number.all():
        return Column(name, unit=unit)
    for what, right in (
        ("numbers", is_number),
        ("dates", looks_like_dates(present)),
        ("written as numbers", is_number | looks_like_numbers(present)),
    ):
        if right.mean() >= 0.5:
            _refuse_mixture(name, present, what, right, is_number, asked, where, at)
    return _category(name, cells, asked, where)


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _refuse_mixture(
    name: str,
    present: Any,
    what: str,
    right: Any,
    is_number: Any,
    asked: Asked,
    where: str,
    at: Callable[[int], str],
) -> None:
    """Refuse a column of which many cells, but not all, are numbers or dates."""
    parsed = right
    if right.all():
        parsed = parses_as_dates(present) if what == "dates" else is_number
    wrong = present[~parsed]
    how = "Write it as 2024-01-31" if what == "dates" else "Correct the cell"
    hint = asked.hint if what == "written as numbers" and "," in wrong.iloc[0] else ""
    raise InputError(
        f"{where}: {int(right.sum())} of {counted(len(present), 'cell')} are {what}, but "
        f"{at(wrong.index[0])} has {_short(wrong.iloc[0])}"
        f"{', which cannot be read as one' if right.all() else ''}. {how}, or leave it "
        f"empty if the value is missing. {hint}"
        f"{asked.way('categories', name)} reads the column as categories, "
        f"{asked.way('ignore', name)} leaves it out."
    )


def _category(name: str, cells: Any, asked: Asked, where: str) -> Column:
    if asked.no_categories:
        out = asked.way("ignore", name)
        raise InputError(f"{where} has text. Leave it out with {out}, or encode it as numbers.")
    texts = texts_of(cells)
    return Column(name, "category", tuple(sorted(set(texts[~is_missing(cells)]))))


def _date(
    name: str, cells: Any, formats: list[str], is_asked: bool, asked: Asked, where: str
) -> Column:
    """Return a column of dates, if they are asked for."""
    if not is_asked:
        first = cells[cells.notna()]
        example = f", such as {str(first.iloc[0])!r}" if len(first) else ""
        raise InputError(
            f"{where} has dates{example}. {asked.way('dates', name)} reads them as days "
            f"since 1970, {asked.way('ignore', name)} leaves the column out."
        )
    if len(formats) > 1:
        raise InputError(
            f"{where} has dates in which the day or the month may come first. Write them as "
            "2024-01-31."
        )
    return Column(name, "date", unit=formats[0])


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


def _notes(columns: Sequence[Column], X: Any, labels: Sequence[str]) -> tuple[str, ...]:
    """Say which columns are not plain numbers, and where values are missing."""
    notes = []
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
