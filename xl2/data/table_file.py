"""What every file of a table is before its cells are read: `Source`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import listed
from ..nn import cells

# How missing values are spelled, also with a blank at either side.
MISSING = frozenset(
    {"NaN", "N/a", "  "}
    | {
        f"{before}{token}{after}"
        for plain in sorted(cells.MISSING)
        for token in (plain, plain.upper(), plain.capitalize(), plain.title())
        for before in ("", " ")
        for after in ("", " ")
    }
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A table in a file: its columns, and how to read their cells.

    Parameters
    ----------
    path : Path
        The file.
    names : tuple of str
        The name of each column, without surrounding blanks; empty without a header.
    width : int
        The number of columns.
    row_names : dict of int to str
        The positions of columns that the file itself declares as the names of its rows, and why.
    notes : tuple of str
        What was understood that is not the plain default, one sentence each.
    warnings : tuple of str
        What was understood and may be wrong, one sentence or two each, with the way out.
    decimal : str
        The decimal sign of the numbers.
    """

    path: Path
    names: tuple[str, ...]
    width: int
    row_names: dict[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    decimal: str = "."

    def read(self, positions: Sequence[int], as_text: Collection[int] = ()) -> Any:
        """Return a pandas.DataFrame of some columns, each labelled by its position.

        Columns in `as_text` come as text, exactly as written except for blanks around it, with ""
        for an empty cell. Of the others numbers are float64, columns of True and False bool, dates
        of a format that has dates datetime64, and text is as written, with NaN for `MISSING`.
        """
        raise NotImplementedError

    def where(self, row: int) -> str:
        """Return where a row of `read` is in the file, for messages: "line 17"."""
        return f"row {row + 1}"


def distinct(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return names made distinct as pandas does it (``a``, ``a.1``), and notes about it.

    A name that is missing stays empty in the first column and is ``Unnamed: 3`` in others.
    """
    found: dict[str, None] = {}
    repeated: dict[str, int] = {}  # the last number after each name
    given = set(names)
    for position, name in enumerate(names):
        plain = name or (f"Unnamed: {position}" if position else "")
        new, count = plain, repeated.get(plain, 0)
        while new in found or (new != plain and new in given):
            count += 1
            new = f"{plain}.{count}"
        if count:
            repeated[plain] = count
        found[new] = None
    if not repeated:
        return tuple(found), ()
    first = next(iter(repeated))
    return tuple(found), (
        f"Several columns have the name {listed(repeated)}: the second is called {first + '.1'!r}, "
        "and so on.",
    )
