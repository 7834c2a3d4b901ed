"""`Column`: how the cells of a table's column become numbers, and which columns a model knows."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from .cells import (
    CURRENCY,
    is_missing,
    parse_booleans,
    parse_dates,
    parse_numbers,
    row_number,
    texts_of,
)

UNKNOWN = -1.0  # the code of a category that a column does not have


@dataclass(frozen=True)
class Column:
    """A column of a table that is a feature.

    Attributes
    ----------
    name : str
        Empty without a header.
    kind : str
        "number", "boolean" (0 and 1), "date" (days since 1970) or "category" (codes).
    categories : tuple of str
        Of a category: the texts of the codes 0, 1, ...
    unit : str
        What all numbers of the column were written with, "%" (read as hundredths) or a currency;
        of dates: their format.
    """

    name: str = ""
    kind: str = "number"
    categories: tuple[str, ...] = ()
    unit: str = ""

    def read(
        self,
        cells: Any,
        decimal: str = ".",
        where: str = "",
        at: Callable[[int], str] = row_number,
    ) -> Any:
        """Return the cells of a new table, a pandas Series, as numbers.

        Returns
        -------
        numpy.ndarray, shape (n,), float64
            Numbers; codes of `categories`, with `UNKNOWN` for others; NaN for a missing cell.

        Raises
        ------
        InputError
            For the first cell that cannot be read as such a column; `where` begins the message,
            and `at` says where a row, counted from 0, is.
        """
        import numpy as np
        import pandas as pd

        plain = isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "iuf"
        if plain and self.kind == "number" and not self.unit:
            return cells.to_numpy(dtype="float64")
        if self.kind == "category":
            texts = texts_of(cells)
            codes = pd.Index(self.categories).get_indexer(texts).astype("float64")
            codes[is_missing(texts)] = np.nan
            return codes
        values, unit = self._values(cells, decimal)
        missing = is_missing(cells)
        wrong = np.isnan(values) & ~missing
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InputError(
                f"{where}{at(row)}, column {self.name or '?'!r}: {str(cells.iloc[row])!r} is "
                f"not a {self.kind}{self._form()}, as in training. Correct the cell, or leave it "
                "empty if the value is missing."
            )
        if unit != self.unit and self.kind == "number" and not missing.all():
            raise InputError(
                f"{where}column {self.name or '?'!r} is written {written_with(unit)}, but was "
                f"{written_with(self.unit)} in training. Write it as in training."
            )
        return values

    def _form(self) -> str:
        """Return how the dates of a column are written, by an example."""
        if self.kind != "date":
            return ""
        form = "%Y-%m-%d" if self.unit in ("", "ISO8601") else self.unit
        return f" such as {datetime.date(2024, 12, 31).strftime(form)}"

    def _values(self, cells: Any, decimal: str) -> tuple[Any, str]:
        if self.kind == "boolean":
            return parse_booleans(cells), ""
        if self.kind == "date":
            return parse_dates(cells, self.unit), self.unit
        return parse_numbers(cells, decimal)


def written_with(unit: str) -> str:
    """Return in words what numbers are written with."""
    if not unit:
        return "as plain numbers"
    return f"with {'the currency ' if unit in CURRENCY else ''}{unit}"


@dataclass(frozen=True)
class Table:
    """What the columns of the table are that a model was trained on.

    A column is named by its name, or without a header by its index from 0 as text.

    Attributes
    ----------
    width : int
        The number of columns.
    features : tuple of int
        The positions of the features.
    target, groups, weight : str or None
    ids : tuple of str
        Columns that were left out, such as row numbers: `xl2 predict` writes them beside the
        predictions.
    unit : str
        What the values of the target were written with; see `Column`.
    """

    width: int
    features: tuple[int, ...]
    target: str | None = None
    groups: str | None = None
    weight: str | None = None
    ids: tuple[str, ...] = ()
    unit: str = ""
