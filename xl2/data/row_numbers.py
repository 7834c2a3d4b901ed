"""Columns that number or name the rows of a table, and say nothing about them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from numbers import Number
from typing import Any

from ..errors import column_label, warn_caller
from ..nn.cells import is_missing, is_text, parse_numbers, texts_of

ROW_NUMBERS = re.compile(
    r"(|unnamed: 0(\.\d+)*|index|level_\d|row|row_?names?|row_?numbers?|no\.?|nr\.?|#|obs)", re.I
)
IDS = re.compile(r"(?i:id|uid|uuid|guid|.*[_\s.-]id)|.*[a-z](Id|ID)")
FEWEST = 10  # rows for which counting up cannot be chance in a table without a header


def numbering(frame: Any, names: Sequence[str]) -> list[int]:
    """Return the columns of a frame that number or name its rows, by their names and cells.

    Columns are labelled by their positions; `names` is empty without a header.
    """
    if not names:
        first = 0 in frame.columns and len(frame) >= FEWEST and _counts_up(frame[0])
        return [0] if first else []
    return [i for i in frame.columns if _numbers_rows(frame, names[i].strip(), i)]


def _numbers_rows(frame: Any, name: str, position: int) -> bool:
    if position == 0 and name.lower() in ("", "unnamed: 0"):
        return True  # where pandas writes the index of a frame
    import numpy as np

    if not is_id(name):
        return False
    missing, numbers, texts = _cells_of(frame[position])
    if not len(numbers) or missing > len(numbers) or not texts.is_unique:
        return False
    return bool(((numbers != numbers) | (numbers == np.floor(numbers))).all())


def _cells_of(cells: Any) -> tuple[int, Any, Any]:
    """Return how many cells are missing, and the others as numbers and as text."""
    if cells.dtype.kind not in "iuf" and not is_text(cells):
        return 0, [], cells  # dates, or True and False
    missing = is_missing(cells)
    present = cells[~missing]
    return int(missing.sum()), parse_numbers(present)[0], texts_of(present)


def is_id(name: str) -> bool:
    """Tell whether a column has a name of row numbers or ids."""
    return bool(ROW_NUMBERS.fullmatch(name.strip()) or IDS.fullmatch(name.strip()))


def recurring_ids(frame: Any, names: Sequence[str]) -> list[int]:
    """Return the columns with names of ids that are whole numbers, some of them equal."""
    import numpy as np

    found = []
    for i in frame.columns:
        if names and IDS.fullmatch(names[i].strip()):
            _, numbers, texts = _cells_of(frame[i])
            if len(numbers) and (numbers == np.floor(numbers)).all() and not texts.is_unique:
                found.append(i)
    return found


def numbers_rows_last(frame: Any, names: Sequence[str], position: int) -> bool:
    """Tell whether a last column, which would be the target, numbers the rows."""
    if not names:
        return False
    if not names[position].startswith("Unnamed: "):
        return _numbers_rows(frame, names[position], position)
    _, numbers, _ = _cells_of(frame[position])
    return len(numbers) > 1 and bool((numbers[1:] - numbers[:-1] == 1.0).all())


def counting(frame: Any) -> list[int]:
    """Return the columns of a frame that count its rows from 0 or 1, whatever their names."""
    if len(frame) < 2 * FEWEST:
        return []
    # Of a wide table, each column takes a while.
    start: Any = zip(frame.columns, frame.iloc[0], strict=True)
    numbers: list[tuple[int, Any]] = [one for one in start if isinstance(one[1], Number)]
    likely = [i for i, number in numbers if number in (0, 1)]
    return [i for i in likely if _counts_up(frame[i])]


def _counts_up(cells: Any) -> bool:
    """Tell whether cells are 0, 1, 2, ... or 1, 2, 3, ..."""
    if cells.dtype.kind not in "iuf" or cells.isna().any() or cells.iloc[0] not in (0, 1):
        return False
    return bool((cells.diff().iloc[1:] == 1).all())


def warn_of_row_numbers(frame: Any, names: Sequence[str]) -> None:
    """Warn of columns of samples in memory that number their rows."""
    numbered = frame.set_axis(range(frame.shape[1]), axis=1)
    found = sorted({*numbering(numbered, names), *counting(numbered)})
    if found:
        shown = ", ".join(column_label(names, i) for i in found)
        warn_caller(
            f"X: {shown} {'numbers' if len(found) == 1 else 'number'} the rows. Drop what is no "
            "measurement: a network can learn the order of the rows from it."
        )
