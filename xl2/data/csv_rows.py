"""The rows of a table of separated values: where they are, and whether all are equally long."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import FileFormatError, InputError, counted
from ..io.opening import open_bytes

PART = 2**20  # bytes that are looked at together
UTF_8 = ("ascii", "utf-8", "utf-8-sig")
# Encodings in which a text of ASCII is the same bytes as in UTF-8.
LIKE_ASCII = (*UTF_8, "iso8859-1", "cp1252")


class Layout(NamedTuple):
    """Where the rows of a text file are."""

    path: Path
    encoding: str
    sep: str
    width: int
    lines: int  # that are above the first row of values
    above: bytes  # those lines, in UTF-8

    @property
    def is_plain(self) -> bool:
        """Whether a parser of UTF-8 can read the file itself, and skip the lines above the values.

        Parsers differ in whether a line ends inside of quotes.
        """
        return (
            codecs.lookup(self.encoding).name in UTF_8
            and self.path.suffix.lower() != ".gz"
            and b'"' not in self.above
        )


class Extent(NamedTuple):
    """What a look at all bytes tells of the rows of a file."""

    filled: bool  # whether there is a value at all
    empty: int  # rows after the last one that has a value
    separators: int
    quoted: bool
    padded: bool  # whether a cell begins with a blank
    doubtful: bool  # whether some quotes are not around a whole cell, or some empty row is uneven
    returns: bool  # whether lines end in carriage returns alone


def measure(layout: Layout) -> Extent:
    """Look at all bytes of a file; raise `UnicodeDecodeError` if it has another encoding."""
    import numpy as np

    signs, tail = _Signs(layout.sep), _Tail(layout)
    separators, returns, newlines = 0, False, False
    for part in values_of(layout):
        if b"\0" in part:
            raise FileFormatError(f"{layout.path} is not text: it has control characters.")
        separators += int(np.count_nonzero(np.frombuffer(part, np.uint8) == ord(layout.sep)))
        returns, newlines = returns or b"\r" in part, newlines or b"\n" in part
        signs.add(part)
        tail.add(part)
    signs.add(b"\n\n")
    tail.add(b"\n")
    return Extent(
        filled=tail.filled,
        empty=tail.empty,
        separators=separators,
        quoted=signs.quotes > 0,
        padded=signs.padded,
        doubtful=signs.doubtful or tail.uneven,
        returns=returns and not newlines,
    )


class _Tail:
    """The empty rows at the end of a text, part by part."""

    def __init__(self, layout: Layout):
        self._sep, self._width = layout.sep.encode(), layout.width
        self._blank = self._sep + b" \t\f\r\n"
        self._line, self._ended = b"", True  # the last line, and whether it is after all values
        self.filled, self.empty, self.uneven = False, 0, False

    def add(self, part: bytes) -> None:
        """Look at the next bytes."""
        kept = len(part.rstrip(self._blank))
        if kept:
            self.filled, self.empty, self.uneven, self._ended = True, 0, False, False
        lines = (part[kept:] if kept else self._line + part).splitlines(keepends=True)
        self._line = lines.pop() if lines and lines[-1][-1:] not in b"\r\n" else b""
        if lines and not self._ended:
            del lines[0]  # the end of the last row that has a value
            self._ended = True
        for line, count in Counter(lines).items():
            if self._sep in line:
                self.empty += count
                self.uneven |= line.count(self._sep) != self._width - 1


class _Signs:
    """The quotes and blanks of a text, part by part.

    All opening quotes have to follow a separator or a blank, and closing ones to precede a
    separator. A quote inside of quotes is written twice: it closes and opens at once.
    """

    def __init__(self, sep: str):
        ends = [ord(sep), *b'"\r\n']
        self.quotes, self.padded, self._doubtful = 0, False, False
        self._before, self._after = [*ends, ord(" ")], ends
        self._pads = (f"{sep} ".encode(), b"\n ")
        self._rest = b"\n\n"  # the last two bytes, of which the second is still to be looked at

    def add(self, part: bytes) -> None:
        """Look at the next bytes."""
        import numpy as np

        part = self._rest + part
        self._rest = part[-2:]
        if not self.padded and b" " in part:  # many times sooner than to look for two characters
            self.padded = any(pad in part for pad in self._pads)
        if b'"' not in part:
            return
        bytes_ = np.frombuffer(part, dtype=np.uint8)
        quotes = np.flatnonzero(bytes_[1:-1] == ord('"')) + 1
        first = self.quotes % 2
        fits = np.isin(bytes_[quotes[first::2] - 1], self._before).all()
        fits &= np.isin(bytes_[quotes[1 - first :: 2] + 1], self._after).all()
        self._doubtful |= not fits
        self.quotes += len(quotes)

    @property
    def doubtful(self) -> bool:
        """Whether some quotes are not around a whole cell."""
        return self._doubtful or self.quotes % 2 == 1


def check_rows(layout: Layout) -> int:
    """Return how many rows there are; raise `InputError` for one with too few cells or too many."""
    count = 0
    for cells, line in _rows(layout):
        if len(cells) != layout.width:
            raise InputError(
                f"{layout.path}, line {line}: {counted(len(cells), 'cell')}, but the table has "
                f"{layout.width}. All rows must have the same number of cells."
            )
        count += 1
    return count


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
    last = ""

    def lines(text: io.TextIOBase) -> Iterator[str]:
        nonlocal last
        for line in text:
            last = line
            yield line

    with io.TextIOWrapper(open_bytes(layout.path), layout.encoding, newline="") as text:
        for _ in range(layout.lines):
            text.readline()
        if not layout.lines:
            text.read(len(layout.above.decode()))  # a byte-order mark
        reader = csv.reader(
            lines(text), delimiter=layout.sep, skipinitialspace=layout.sep != " ", strict=True
        )
        limit = csv.field_size_limit(2**31 - 1)
        try:
            for cells in reader:
                if last.strip() or len(cells) > 1:
                    yield cells, layout.lines + reader.line_num
        except csv.Error as error:
            raise FileFormatError(
                f"{layout.path}, line {layout.lines + reader.line_num}: {error}. "
                "Check the quotes of that line."
            ) from error
        finally:
            csv.field_size_limit(limit)


def values_of(layout: Layout) -> Iterator[bytes]:
    """Yield parts of a file in UTF-8, from its first row of values on."""
    decoder = codecs.getincrementaldecoder(layout.encoding)()
    like_ascii = codecs.lookup(layout.encoding).name in LIKE_ASCII
    above = len(layout.above)
    with open_bytes(layout.path) as stream:
        while True:
            part = stream.read(PART)
            last = not part
            if last or not (like_ascii and part.isascii() and not decoder.getstate()[0]):
                part = decoder.decode(part, last).encode()
            if part[above:]:
                yield part[above:]
            above = max(0, above - len(part))
            if last:
                return


class Values(io.RawIOBase):
    """`values_of` a file as a stream. `returns`: see `Extent`; pandas would misread some rows."""

    def __init__(self, layout: Layout, returns: bool):
        self._parts, self._rest = values_of(layout), memoryview(b"")
        self._returns = returns

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; return the number of bytes."""
        if not self._rest:
            part = next(self._parts, b"")
            self._rest = memoryview(part.replace(b"\r", b"\n") if self._returns else part)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
