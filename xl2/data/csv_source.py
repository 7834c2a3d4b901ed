"""Tables of separated values, read by pandas' parser: `open_csv`."""

from __future__ import annotations

import codecs
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import FileFormatError, InputError, option
from ..io.opening import open_bytes, reading
from .csv_cells import read_cells
from .csv_rows import Extent, Layout, line_of, measure
from .dialect import (
    check_sign,
    count_title,
    count_trailing,
    describe,
    describe_encoding,
    find_decimal,
    find_encodings,
    find_separator,
    find_width,
    is_row_names,
    split_rows,
    title_note,
)
from .header import find_header
from .table_file import Source

# What is looked at to find out how a file is written: at least so many bytes and lines.
HEAD, LINES, LONGEST = 2**18, 12, 2**25


class Format(NamedTuple):
    """How a text file is written, as far as the caller says it."""

    sep: str | None = None
    decimal: str | None = None
    encoding: str | None = None


def open_csv(
    path: Path, given: Format, header: bool | None = None, known: Collection[str] = ()
) -> Source:
    """Find out how a text file is written."""
    check_sign("sep", given.sep)
    check_sign("decimal", given.decimal)
    if given.encoding is not None:
        check_encoding(given.encoding)
    with reading(path, "a table of text"):
        with open_bytes(path) as stream:
            head = read_head(stream)
        encodings = [given.encoding] if given.encoding else find_encodings(head)
        for encoding in encodings:
            try:
                return understand(path, head, given._replace(encoding=encoding), header, known)
            except UnicodeDecodeError as error:
                why = error
        raise FileFormatError(
            f"{path} is not {encodings[0].upper()} text: {why}. Save it as UTF-8, or pass "
            f"{option('encoding', 'latin-1')}, or what else it is."
        ) from why


def check_encoding(encoding: str) -> None:
    """Raise `InputError` unless Python knows an encoding."""
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise InputError(
            f"{option('encoding')} must be the name of an encoding such as utf-8, latin-1 or "
            f"utf-16. Received: {encoding!r}."
        ) from None


def read_head(stream: Any) -> bytes:
    """Return the beginning of a file, with at least some of its lines."""
    head: bytes = stream.read(HEAD)
    while len(head) < LONGEST and head.count(b"\n") + head.count(b"\r") < LINES:
        more = stream.read(len(head))
        if not more:
            break
        head += more
    return head


def understand(
    path: Path, head: bytes, given: Format, header: bool | None, known: Collection[str]
) -> Source:
    """Return a source for an encoding; raise `UnicodeDecodeError` if the file does not have it."""
    encoding = str(given.encoding)
    text = codecs.getincrementaldecoder(encoding)().decode(head)
    bom = text.startswith("\ufeff")  # with an encoding that does not speak of it
    text = text[bom:]
    if any(ord(c) < 32 and c not in "\t\n\r\f" for c in set(text)):
        raise FileFormatError(f"{path} is not text: it has control characters.")
    lines = io.StringIO(text, newline="").readlines()
    if len(head) >= HEAD and len(lines) > 1:
        del lines[-1]  # cut off
    declared = lines[0].strip() if lines else ""  # "sep=;", which Excel obeys
    own = declared[4:] if declared.startswith("sep=") and len(declared) == 5 else None
    check_sign("sep", own)
    plain = "\t" if ".tsv" in path.suffixes else ","
    sep = given.sep or own or find_separator(lines, "\t" if plain == "\t" else None)
    rows = split_rows(lines[own is not None :], sep)
    if not rows:
        raise InputError(f"{path} is empty. Expected one row per sample, one column per feature.")
    if sep == " " and 2 * sum("" in row.cells for row in rows) > len(rows):
        raise InputError(
            f"{path}: cells are separated by several blanks. Separate them by one sign, such as a "
            "comma or a tab; pandas.read_csv(path, sep=r'\\s+') reads such a file."
        )
    width = find_width(rows)
    trailing = count_trailing(rows, width)
    if trailing:  # the header may lack the separators at the end
        short = range(width - trailing, width)
        rows = [
            row._replace(cells=[*row.cells, *[""] * (width - len(row.cells))])
            if len(row.cells) in short
            else row
            for row in rows
        ]
    title = count_title(rows, width)
    notes = [*describe_encoding(encoding)]
    warnings: list[str] = []
    above = rows[title - 1].end if title else 0
    rows = rows[title:]
    decimal = given.decimal
    if decimal is None:
        decimal, warnings = find_decimal([row.cells for row in rows[:200]], sep)
    notes += describe(sep, decimal, plain)
    notes += title_note(above)
    whole = [
        row.cells
        for k, row in enumerate(rows)
        if len(row.cells) == width or (k == 0 and len(rows) > 1 and is_row_names(rows, width))
    ]
    found = find_header(whole, width, header, known)
    skipped = (rows[0].end if found.names else above) + (own is not None)
    above_values = "\ufeff" * bom + "".join(lines[:skipped])
    layout = Layout(path, encoding, sep, width, skipped, above_values.encode())
    extent = measure(layout)
    empty = extent.empty
    if not extent.filled:
        raise InputError(f"{path} has a header but no rows. Expected one row per sample.")
    if empty:
        what = "row is empty and was" if empty == 1 else f"{empty} rows are empty and were"
        notes.append(f"The last {what} skipped.")
    if trailing:
        notes.append(
            "The last column has no name and no cells, and is left out."
            if trailing == 1
            else f"The last {trailing} columns have no name and no cells, and are left out."
        )
    return CsvSource(
        path=path,
        names=found.names[: width - trailing],
        width=width - trailing,
        row_names=found.row_names,
        notes=(*notes, *found.notes),
        warnings=(*warnings, *found.warnings),
        decimal=decimal,
        layout=layout,
        extent=extent,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class CsvSource(Source):
    """A table of separated values."""

    layout: Layout
    extent: Extent

    def read(self, positions: Sequence[int], as_text: Collection[int] = ()) -> Any:
        """Return a pandas.DataFrame of some columns; see `Source.read`."""
        with reading(self.path, "a table of text"):
            trailing = range(self.width, self.layout.width)
            read = [*positions, *trailing]
            frame = read_cells(self.layout, self.extent, self.decimal, read, as_text)
        for position in trailing:
            cells = frame.pop(position)
            if cells.notna().any():
                row = int(cells.notna().argmax())
                raise InputError(
                    f"{self.path}, {self.where(row)}: {cells[row]!r} is beyond the last column "
                    "with a name. All rows must have the same number of cells."
                )
        return frame

    def where(self, row: int) -> str:
        """Return the line of the file where a row is."""
        return f"line {line_of(self.layout, row)}"
