"""How the beginning of a text file says that the file is written: encoding, separator, decimals."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import InputError, counted, option
from ..nn.cells import CURRENCY, MISSING
from .header import is_value

SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "vertical bars", ",": "commas", " ": "blanks"}
# Rows that are looked at; of wide tables fewer, because their cells cost time.
ROWS, CELLS, SNIFFED = 500, 100_000, 10_000
UNITS = f"{CURRENCY}% "
BOMS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_COMMA = re.compile(r"[-+]?(\d+|\d{1,3}(\.\d{3})+)?,\d+([eE][-+]?\d+)?")
_POINT = re.compile(r"[-+]?(\d+|\d{1,3}(,\d{3})+)?\.\d+([eE][-+]?\d+)?")
# Three digits after one sign can be thousands, except after a zero or more than three digits.
_EITHER = re.compile(r"[-+]?[1-9]\d{0,2}[.,]\d{3}")
_MILLIONS = {
    sign: re.compile(rf"[-+]?[1-9]\d{{0,2}}(\{sign}\d{{3}}){{2,}}([.,]\d*)?") for sign in ".,"
}


class Row(NamedTuple):
    """A row at the beginning of a file."""

    cells: list[str]  # without blanks around them
    end: int  # the lines of the file up to its end


def find_encodings(head: bytes) -> list[str]:
    """Return the encodings that a file may have, the likeliest first."""
    for bom, encoding in BOMS.items():
        if head.startswith(bom):
            return [encoding]
    nuls = head[:4096].count(0)
    if 4 * nuls > len(head[:4096]):
        return ["utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"]
    return ["utf-8", "cp1252", "latin-1"]


def describe_encoding(encoding: str) -> list[str]:
    """Return a note about an encoding that is not UTF-8."""
    if encoding in ("cp1252", "latin-1"):
        return ["The file is not UTF-8: it is read as Latin-1."]
    if encoding.startswith("utf-8"):
        return []
    return [f"The file is {encoding[:6].upper()}."]


def split_rows(lines: Sequence[str], sep: str, limit: int = ROWS) -> list[Row]:
    """Return the rows of the first lines of a file, without blank ones."""
    reader = csv.reader(lines, delimiter=sep, skipinitialspace=sep != " ")
    rows: list[Row] = []
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped) or len(stripped) > 1:
                rows.append(Row(stripped, reader.line_num))
            if len(rows) >= min(limit, max(5, CELLS // max(1, len(cells)))):
                break
    except csv.Error:  # a quote that does not end: reading the file tells where
        pass
    return rows


def find_width(rows: Sequence[Row]) -> int:
    """Return the most frequent number of cells, the larger of two."""
    counts = Counter(len(row.cells) for row in rows)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def find_separator(lines: Sequence[str], expected: str | None) -> str:
    """Return the separator that gives equal rows and cells of one value each.

    `expected` is what the name of the file says; another one is taken only if it gives no columns.
    """
    best, score = expected or ",", (0.0, 0.0, 0.0)
    for sep in SEPARATORS:
        rows = split_rows(lines, sep, 100)
        width = find_width(rows)
        if width < 2 or (sep == " " and score[0]):
            continue
        whole = [row.cells for row in rows if len(row.cells) == width]
        share = len(whole) / len(rows)
        cells = [cell for row in whole for cell in row if cell.lower() not in MISSING][:SNIFFED]
        texts = [cell for cell in cells if not is_value(cell)]
        others = [other for other in SEPARATORS if other not in (sep, " ")]
        several = sum(any(other in cell for other in others) for cell in texts)
        n = max(1, len(cells))
        found = (round(share, 1), round(1 - several / n, 2), round(1 - len(texts) / n, 2))
        if sep == expected and share > 0.5:
            return sep
        if found > score:
            best, score = sep, found
    return best


def count_trailing(rows: Sequence[Row], width: int) -> int:
    """Return how many columns at the end have no cells: their rows end with separators."""
    whole = [row.cells for row in rows if len(row.cells) == width]
    count = 0
    while count < width - 1 and not any(cells[width - 1 - count] for cells in whole):
        count += 1
    return count


def count_title(rows: Sequence[Row], width: int) -> int:
    """Return how many rows are above the table: they have fewer cells, or only the first filled."""
    count = 0
    for row in rows[:-1]:
        filled = [cell for cell in row.cells if cell]
        short = len(row.cells) < width
        alone = not filled or (width > 2 and filled == row.cells[:1] and not is_value(filled[0]))
        if not (short or alone) or (short and is_row_names(rows[count:], width)):
            break
        count += 1
    return count


def title_note(lines: int) -> list[str]:
    """Return a note about lines above the table."""
    if not lines:
        return []
    return [
        f"The first {lines} lines are a title and were skipped."
        if lines > 1
        else "The first line is a title and was skipped."
    ]


def is_row_names(rows: Sequence[Row], width: int) -> bool:
    """Tell whether a first row has names for all columns but the first, as R writes tables."""
    first, second = rows[0].cells, rows[1].cells
    return (
        len(first) == width - 1 > 0
        and len(second) == width
        and not any(map(is_value, first))
        and all(first)
        and any(map(is_value, second[1:]))
    )


def find_decimal(rows: Sequence[Sequence[str]], sep: str) -> tuple[str, list[str]]:
    """Return the decimal sign, and a warning if numbers can be read in two ways."""
    cells = [cell.strip(UNITS) for row in rows for cell in row if "," in cell or "." in cell]
    either = [cell for cell in cells if _EITHER.fullmatch(cell)]
    sure = [cell for cell in cells if not _EITHER.fullmatch(cell)]
    if any(_POINT.fullmatch(cell) or _MILLIONS[","].fullmatch(cell) for cell in sure):
        return ".", []
    if any(_COMMA.fullmatch(cell) or _MILLIONS["."].fullmatch(cell) for cell in sure):
        return ",", []
    commas = any("," in cell for cell in either)
    if not either or sep == "," or (sep != ";" and not commas):
        return ".", []
    # Where cells are separated by semicolons, decimals have a comma.
    example, decimal = either[0], "," if sep == ";" and commas else "."
    other = "." if decimal == "," else ","
    return decimal, [
        f"{example} is read as {read_as(example, decimal)}. "
        f"If it is {read_as(example, other)}, pass {option('decimal', other)}."
    ]


def read_as(cell: str, decimal: str) -> str:
    """Return a number as it is read, with a decimal point and without separators of thousands."""
    return cell.replace("," if decimal == "." else ".", "").replace(",", ".")


def describe(sep: str, decimal: str, plain: str) -> list[str]:
    """Return a note about a separator or a decimal sign that is not what the name says."""
    name = SEPARATORS.get(sep, repr(sep))
    if decimal == ",":
        return [f"Cells are separated by {name} and decimals have a comma."]
    return [] if sep == plain else [f"Cells are separated by {name}."]


def check_sign(name: str, sign: str | None) -> None:
    """Raise `InputError` unless a separator or decimal sign is one character of ASCII."""
    if sign is not None and (
        len(sign) != 1 or sign in '"\r\n' or sign.isalnum() or not sign.isascii()
    ):
        raise InputError(
            f"{option(name)} must be one character of ASCII, and no letter, digit or quote. "
            f"Received: {sign!r}, {counted(len(sign), 'character')}."
        )
