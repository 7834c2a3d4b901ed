"""The labels or values of a table's target column, as they are written."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import InputError, counted, listed, option, warn_caller
from ..io.opening import text_array
from ..nn.cells import (
    CURRENCY,
    MISSING,
    date_formats,
    foreign,
    is_text,
    looks_like_numbers,
    parse_numbers,
    row_number,
    texts_of,
)
from ..nn.columns import Table, written_with

# Among texts not -, which is a class beside +, and not "none", which is often the mildest.
MISSING_LABELS = MISSING - {"-", "--", ".", "none", "nil"}
EXACT = 2**53  # above, a float64 cannot represent all integers


def missing_labels(cells: Any) -> Any:
    """Tell which cells of a target column are missing, as booleans (n,)."""
    import numpy as np

    cells, which = _distinct(cells)
    found = np.array(cells.isna(), dtype=bool)
    if is_text(cells):
        texts = texts_of(cells)
        found |= np.asarray(texts.str.lower().isin(MISSING_LABELS) | (texts == "None"), dtype=bool)
        rest = texts[~found]
        doubtful = rest.str.lower().isin(MISSING)
        if doubtful.any() and not np.isnan(parse_numbers(rest[~doubtful])[0]).any():
            found[~found] |= np.asarray(doubtful, dtype=bool)
    return found[which]


def _distinct(cells: Any) -> tuple[Any, Any]:
    """Return the texts that differ, each in its first row, and for each cell which one it is.

    Labels are few, and each operation on all of their texts takes as long as reading them.
    """
    import numpy as np
    import pandas as pd

    if not pd.api.types.is_string_dtype(cells):
        return cells, np.arange(len(cells))
    which, _ = pd.factorize(cells, use_na_sentinel=False)
    first = np.flatnonzero(np.diff(np.maximum.accumulate(which), prepend=-1))
    return cells.iloc[first], which


def read_labels(
    cells: Any,
    task: str,
    decimal: str,
    path: Path,
    where: str,
    text: bool = False,
    at: Callable[[int], str] = row_number,
) -> Any:
    """Return the labels or values of cells, a pandas Series without missing ones, as an array (n,).

    Text is returned as it is written, unless numbers say the same: whole numbers become int64,
    others float64. Numbers that would lose something stay text (007, 5E2, beyond 2**53), except
    for `task` "regression", which needs numbers. `text` asks for text, as the labels of a
    training set are.
    """
    distinct, which = _distinct(cells)
    found = _read_distinct(distinct, task, decimal, where, text, at)
    if isinstance(found, list):
        return text_array([found[k] for k in which], path)
    return found[which]


def _read_distinct(
    cells: Any, task: str, decimal: str, where: str, text: bool, at: Callable[[int], str]
) -> Any:
    """Return labels as numbers in an array, or as a list of texts; see `read_labels`."""
    import numpy as np
    import pandas as pd

    if pd.api.types.is_bool_dtype(cells):
        return cells.to_numpy(dtype=str if text else np.int64)
    what = foreign(cells)
    if pd.api.types.infer_dtype(cells, skipna=True) in ("date", "datetime", "datetime64"):
        what = "dates"
    if not what and not is_text(cells) and not pd.api.types.is_numeric_dtype(cells):
        what = str(cells.dtype)
    if what:
        raise InputError(
            f"{where} has {what}. A target is numbers or text: choose another by "
            f"{option('target')}, or convert it."
        )
    texts = texts_of(cells)
    if text and task != "regression":
        return texts.tolist()
    if not is_text(cells):
        return _whole(cells, cells.to_numpy(dtype="float64"))
    numbers, unit = parse_numbers(texts, decimal)
    if task == "regression":
        wrong = np.isnan(numbers)
        if wrong.any():
            first = texts.index[int(np.argmax(wrong))]
            raise InputError(
                f"{where}, {at(first)}: {texts[first]!r} is not a number, which a regression needs "
                f"({option('task', 'regression')} of training)."
            )
        return _whole(texts, numbers)
    if np.isnan(numbers).any() or not (unit or _says_the_same(texts, numbers)):
        return texts.tolist()
    return _whole(texts, numbers)


def _whole(cells: Any, numbers: Any) -> Any:
    """Return numbers as int64 if all are whole."""
    import numpy as np

    if cells.dtype.kind in "iu" and cells.dtype != np.uint64:
        return cells.to_numpy(dtype=np.int64)
    whole = (numbers == np.floor(numbers)) & (abs(numbers) < EXACT)
    return numbers.astype(np.int64) if whole.all() else numbers


def _says_the_same(texts: Any, numbers: Any) -> bool:
    """Tell whether labels can be numbers: values, or whole numbers as one writes them."""
    import numpy as np

    if (numbers != np.floor(numbers)).any() or np.isinf(numbers).any():
        return True
    plain = texts.str.fullmatch(r"[+-]?(0(\.0*)?|[1-9][0-9.,'\s]*)")
    distinct = len(np.unique(numbers)) == texts.nunique()
    return bool(plain.all() and distinct and (abs(numbers) < EXACT).all())


def refuse_missing(missing: Any, where: str, at: Callable[[int], str]) -> None:
    """Raise `InputError` if labels are missing; `at` says where a row is."""
    import numpy as np

    rows = np.flatnonzero(missing).tolist()
    if not rows:
        return
    if len(rows) == len(missing):
        raise InputError(
            f"{where}: {'the label is' if len(rows) == 1 else f'all {len(rows)} labels are'} "
            f"missing. Choose the target column: {option('target')}."
        )
    shown = ", ".join(map(at, rows[:3])) + (", ..." if len(rows) > 3 else "")
    raise InputError(
        f"{where}: {counted(len(rows), 'label')} of {len(missing)} "
        f"{'is' if len(rows) == 1 else 'are'} missing, in {shown}. Fill them in, or pass "
        f"{option('drop_missing_labels', True)} to leave these rows out."
    )


def unit_of(cells: Any, found: Any) -> str:
    """Return what the numbers `found` in cells are written with, "%" or a currency; else empty."""
    if found.dtype.kind == "U" or not is_text(cells):
        return ""
    first = texts_of(cells.iloc[:1]).iloc[0]
    return next((unit for unit in f"%{CURRENCY}" if unit in first), "")


def check_unit(unit: str, table: Table, where: str) -> None:
    """Refuse values that are not written as those of training."""
    if unit != table.unit:
        raise InputError(
            f"{where} is written {written_with(unit)}, but was {written_with(table.unit)} in "
            "training. Write it as in training."
        )


def check_text(
    cells: Any, where: str, decimal: str, at: Callable[[int], str], hint: str = ""
) -> None:
    """Refuse labels of text that are meant as dates or numbers; warn of those that look alike."""
    texts = texts_of(_distinct(cells)[0]).drop_duplicates()
    if date_formats(texts):
        raise InputError(
            f"{where} has dates, such as {texts.iloc[0]!r}. A target is numbers or text: choose "
            f"another by {option('target')}, or convert it."
        )
    numbers, _ = parse_numbers(texts, decimal)
    wrong = numbers != numbers
    if wrong.any() and looks_like_numbers(texts).all():
        raise InputError(
            f"{where}: the labels look like numbers, but {at(texts.index[wrong][0])} has "
            f"{texts[wrong].iloc[0]!r}, which cannot be read as one. {hint}Write it as 1234.5."
        )
    alike: dict[str, list[str]] = {}
    for one in texts:
        plain = unicodedata.normalize("NFKC", one.replace("\u200b", "")).casefold()
        alike.setdefault(plain, []).append(one)
    for names in alike.values():
        if len(names) > 1:
            warn_caller(
                f"{where}: {listed(names)} differ only in capitals or in characters that look "
                "alike, and are different classes. Write them alike if they are one."
            )
