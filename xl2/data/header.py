"""Tell whether the first row of a table holds the names of its columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

from ..errors import option
from ..nn.cells import MISSING
from .table_file import distinct

# Cells that a header does not have: numbers, also with signs, groups, units and percent, dates,
# times, and True and False.
_NUMBER = re.compile(r"[-+]?(\d[\d., '\u00a0]*|[.,]\d+)([eE][-+]?\d+)?|[-+]?(inf|infinity)", re.I)
_VALUE = re.compile(
    r"[^\w.,]*[-+]?(\d[\d., '\u00a0]*|[.,]\d+)([eE][-+]?\d+)?\s*[^\w\s]?|[-+]?(inf|infinity)"
    r"|true|false|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?",
    re.I,
)


class Header(NamedTuple):
    """What the first rows say about the columns."""

    names: tuple[str, ...] = ()  # empty without a header
    row_names: dict[int, str] = {}  # noqa: RUF012  # never changed
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def find_header(
    rows: Sequence[Sequence[str]], width: int, header: bool | None, known: Collection[str] = ()
) -> Header:
    """Return the names of the columns; `rows` are the first rows, without blanks around cells.

    The first may have one cell less than `width`: then the first column is the names of the rows.
    """
    first, rest = list(rows[0]), rows[1:]
    if len(first) == width - 1 and header is not False:
        names, more = distinct(["", *first])
        return Header(names, {0: "it has no name, as R writes names of rows"}, more)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    if header is None:
        header, notes, warnings = decide(first, rest, known)
    if not header:
        return Header((), {}, notes, warnings)
    names, more = distinct(first)
    return Header(names, {}, (*notes, *more), warnings)


def decide(
    first: list[str], rest: Sequence[Sequence[str]], known: Collection[str]
) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
    """Return whether the first row is a header, with notes and warnings about it."""
    if given(first, known):
        return True, (), ()
    numbers = [cell for cell in first if _NUMBER.fullmatch(cell)]
    counting = first[not first[0] :][: len(numbers)]
    enough = len(numbers) > 1 or (numbers and not first[0])
    if enough and counting == [str(i) for i in range(len(numbers))]:
        if list(first) not in [list(row) for row in rest]:
            shown_as = f"0 to {len(numbers) - 1}" if len(numbers) > 1 else "0"
            return True, (f"The first row ({shown_as}) is read as a header.",), ()
        return False, (), (doubt("The first row counts from 0, but a later row does, too"),)
    below = [[row[i] for row in rest if row[i].lower() not in MISSING] for i in range(len(first))]
    texts = [not is_value(cell) and cell.lower() not in MISSING for cell in first]
    valued = [bool(cells) and all(map(is_value, cells)) for cells in below]
    above = sum(text and value for text, value in zip(texts, valued, strict=True))
    if above and not numbers:
        return True, (), ()
    if above and (above >= len(numbers) or may_be_names(numbers)):
        return True, (f"The first row is read as a header, also its {shown(numbers)}.",), ()
    if above:
        odd = next(
            cell for cell, text, value in zip(first, texts, valued, strict=True) if text and value
        )
        return False, (), (doubt(f"Its first row has {shown(numbers)}, but also {odd!r}"),)
    if not first[0] and len(first) > 1 and all(texts[1:]):
        return True, (), ()
    if all(text or cell.lower() in MISSING for text, cell in zip(texts, first, strict=True)):
        again = [cell for cell, cells in zip(first, below, strict=True) if cell and cell in cells]
        return recurring(again, sum(texts))
    under = [cells for cell, cells in zip(first, below, strict=True) if cell in numbers]
    if looks_like_names(numbers, under):
        return False, (), (doubt(f"Its first row has {shown(numbers)}, which may be names"),)
    return False, ("The file has no header: its first row has numbers.",), ()


def given(first: Sequence[str], known: Collection[str]) -> bool:
    """Tell whether names that the caller knows are in the first row.

    A name that is a number can be a cell, so all of those have to be there.
    """
    found = set(known) & set(first)
    return any(not is_value(name) for name in found) or bool(known and set(known) <= set(first))


def recurring(again: Sequence[str], texts: int) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
    """Return whether a first row of texts is a header, by those that are in a later row."""
    if texts and not again:
        return True, (), ()
    if 2 * len(again) >= texts:
        return False, ("The file has no header: its first row has values of later rows.",), ()
    why = f"The first row has {shown(again)}, as later rows have"
    if 4 * len(again) >= texts:
        return False, (), (doubt(why),)
    doubtful = f"The first row is read as a header. {why}"
    return True, (), (f"{doubtful}: pass {option('header', False)} if it is none.",)


def may_be_names(numbers: Sequence[str]) -> bool:
    """Tell whether numbers all differ and are whole, or go up: years, wavelengths."""
    if len(set(numbers)) < len(numbers):
        return False
    if all(map(str.isdigit, numbers)):
        return True
    plain = [number.replace(",", ".") for number in numbers]
    try:
        return all(float(b) > float(a) for a, b in pairwise(plain))
    except ValueError:  # separators of thousands
        return False


def looks_like_names(numbers: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Tell whether whole numbers that all differ stand above others: years, or steps of time."""
    if len(numbers) < 2 or not all(map(str.isdigit, numbers)) or not may_be_names(numbers):
        return False
    steps = {int(b) - int(a) for a, b in pairwise(numbers)}
    fractions = all(any(not cell.lstrip("-+").isdigit() for cell in cells) for cells in below)
    return fractions or (len(steps) == 1 and len(numbers) > 2)


def is_value(cell: str) -> bool:
    """Tell whether a cell is a number, a date, or True or False, and so hardly a name."""
    return _VALUE.fullmatch(cell) is not None


def doubt(why: str) -> str:
    """Return a warning that a first row was read as values."""
    return (
        f"The file is read as one without a header. {why}: pass {option('header', True)} if that "
        f"row is a header, or {option('header', False)} if it is not."
    )


def shown(numbers: Sequence[str]) -> str:
    """Return the first few numbers of a header."""
    return ", ".join(numbers[:3]) + (", ..." if len(numbers) > 3 else "")
