"""Count the rows of a table of separated values, and check that they are equally long."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import FileFormatError, InputError, counted
from ..io.opening import open_bytes

PART = 2**20  # bytes that are looked at together


class Layout(NamedTuple):
    """Where the rows of a text file are."""

    path: Path
    encoding: str
    sep: str
    width: int
    lines: int  # that are above the first row of values
    characters: int  # of those lines


class Extent(NamedTuple):
    """How many rows of values a file has."""

    rows: int
    empty: int  # rows after them, of which all cells are empty
    size: int  # in characters


def text_of(layout: Layout) -> io.TextIOWrapper:
    """Open a file as text, at its first row of values."""
    text = io.TextIOWrapper(open_bytes(layout.path), encoding=layout.encoding, newline="")
    text.read(layout.characters)
    return text


def count_rows(layout: Layout) -> Extent:
    """Count the rows; raise `InputError` for one that has too few cells or too many."""
    return _count_fast(layout) or _count_exactly(layout)


def line_of(layout: Layout, row: int) -> int:
    """Return the line of the file in which a row of values, counted from 0, begins."""
    before = layout.lines
    for number, (_, line) in enumerate(_rows(layout)):
        if number == row:
            return before + 1
        before = line
    return before + 1


def _rows(layout: Layout) -> Iterator[tuple[list[str], int]]:
    """Yield the cells of each row that is not blank, and the line in which it ends."""
    with text_of(layout) as text:
        reader = csv.reader(
            text, delimiter=layout.sep, skipinitialspace=layout.sep != " ", strict=True
        )
        try:
            for cells in reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield cells, layout.lines + reader.line_num
        except csv.Error as error:
            raise FileFormatError(
                f"{layout.path}, line {layout.lines + reader.line_num}: {error}. "
                "Check the quotes of that line."
            ) from error


def _count_fast(layout: Layout) -> Extent | None:
    """Count separators and line ends; None if that cannot tell, or if some row does not fit."""
    import numpy as np

    if layout.width == 1:
        return None
    sep, count, empty, size = ord(layout.sep), 0, 0, 0
    for block in _blocks(layout):
        if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
            return None
        bytes_ = np.frombuffer(block, dtype=np.uint8)
        newline = bytes_ == 10
        is_end = newline | (bytes_ == sep)
        if b'"' in block:
            outside = _outside_quotes(bytes_, is_end)
            if outside is None:
                return None
            newline, is_end = newline & outside, is_end & outside
        ends = np.flatnonzero(is_end)
        stops = ends[layout.width - 1 :: layout.width]
        regular = len(stops) == np.count_nonzero(newline) and len(ends) % layout.width == 0
        if not (regular and newline[stops].all()):
            stops = _without_blank_lines(bytes_, ends, newline, layout.width)
            if stops is None:
                return None
        begins = np.concatenate([[-1], np.flatnonzero(newline)])
        lengths = stops - begins[np.searchsorted(begins, stops) - 1] - (bytes_[stops - 1] == 13)
        filled = np.flatnonzero(lengths > layout.width)  # its cells are not all empty
        count, size = count + len(stops), size + len(block)
        empty = len(stops) - 1 - int(filled[-1]) if len(filled) else empty + len(stops)
    return Extent(count - empty, empty, size)


def _without_blank_lines(bytes_: Any, ends: Any, newline: Any, width: int) -> Any:
    """Return where the lines end that are not blank; None if some have another number of cells."""
    import numpy as np

    last = np.flatnonzero(newline[ends])
    cells, stops = np.diff(last, prepend=-1), ends[last]
    lengths = np.diff(stops, prepend=-1) - (bytes_[stops - 1] == 13)
    whole = cells == width
    return stops[whole] if (lengths[~whole] == 1).all() else None


def _blocks(layout: Layout) -> Iterator[bytes]:
    """Yield the values in UTF-8 as blocks of whole lines, outside of quotes at both ends."""
    rest = b""
    with text_of(layout) as text:
        while part := text.read(PART):
            block = rest + part.encode()
            end = block.rfind(b"\n") + 1
            if b'"' in block:
                end = _outside(block, end)
            rest = block[end:]
            if end:
                yield block[:end]
    if rest:
        yield rest + b"\n"


def _outside(block: bytes, end: int) -> int:
    """Return the end of a line before which all quotes end, or of some line if there is none near.

    `_count_exactly` then counts the cell of so many lines.
    """
    for _ in range(100):
        if not block.count(b'"', 0, end) % 2:
            break
        end = block.rfind(b"\n", 0, max(0, end - 1)) + 1
    return end


def _outside_quotes(bytes_: Any, ends: Any) -> Any:
    """Return which bytes are outside of quotes; None if a quote is not around a whole cell."""
    import numpy as np

    quotes = np.flatnonzero(bytes_ == 34)
    if len(quotes) % 2:
        return None
    opening, closing = quotes[::2], quotes[1::2]
    before, after = opening - 1, np.minimum(closing + 1, len(bytes_) - 1)
    # A quote inside of quotes is written twice: it closes and opens at once.
    doubled = bytes_[before] == 34
    begins = (opening == 0) | ends[before] | doubled
    stops = ends[after] | (bytes_[after] == 34) | (bytes_[after] == 13)
    if not (begins.all() and stops.all()):
        return None
    change = np.zeros(len(bytes_), dtype=np.int8)
    change[opening], change[closing] = 1, -1
    return np.cumsum(change, dtype=np.int8) == 0


def _count_exactly(layout: Layout) -> Extent:
    count = empty = size = 0
    for cells, line in _rows(layout):
        if len(cells) != layout.width:
            raise InputError(
                f"{layout.path}, line {line}: {counted(len(cells), 'cell')}, but the table has "
                f"{layout.width}. All rows must have the same number of cells."
            )
        count, size = count + 1, size + sum(map(len, cells)) + len(cells)
        empty = 0 if any(cell.strip() for cell in cells) else empty + 1
    return Extent(count - empty, empty, size)
