"""Cells of a table as people write them: numbers, percentages, money, True and False, dates."""

from __future__ import annotations

from typing import Any

# What stands for a value that is missing, in lower case.
MISSING = frozenset(
    ("", "na", "n/a", "nan", "null", "none", "<na>", "#n/a", "#na", "?", "-", "--", ".", "nil")
)
CURRENCY = "$€£¥₹"
DATE_FORMATS = (
    "ISO8601",
    *(
        f"{day}{time}"
        for day in ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
        for time in ("", " %H:%M", " %H:%M:%S")
    ),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y"),
    *("%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"),
)
COMPACT = "%Y%m%d"  # dates that are numbers, read only if they are asked for
_DATE = (
    r"(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:\d{4}|\d{2})"
    r"|\d{1,2}[- ][A-Za-z]{3,9}[- ](?:\d{4}|\d{2})|[A-Za-z]{3,9} \d{1,2}, \d{4})(?:[T ].*)?"
)
TRUTHS = {"true": 1.0, "false": 0.0}
SPACES = " \u00a0\u202f'\u2019"  # thousands are also separated by these
# What a person takes for a number, whatever the decimal sign.
_NUMBER = (
    rf"[-+\u2212(]?\s*[{CURRENCY}]?\s*[-+\u2212]?"
    rf"(?:\d+(?:[.,]\d*)?|[.,]\d+|\d{{1,3}}(?:[.,{SPACES}]\d{{3}})+(?:[.,]\d*)?)"
    rf"\s*[%{CURRENCY}]?\)?"
)
# Bookkeepers write negative amounts in parentheses.
_INSIDE = rf"[{CURRENCY}]?\s*\d[^()]*"
_PARENTHESES = rf"^\(\s*{_INSIDE}\)$"
_NEGATIVE = rf"^\(\s*({_INSIDE})\)$"


def row_number(row: int) -> str:
    """Return where a row, counted from 0, is."""
    return f"row {row + 1}"


def is_missing(cells: Any) -> Any:
    """Tell which cells of a pandas Series are missing, as booleans (n,)."""
    import numpy as np

    if not is_text(cells):
        return np.array(cells.isna(), dtype=bool)
    texts = texts_of(cells).tolist()
    return np.array([not isinstance(t, str) or t.lower() in MISSING for t in texts], dtype=bool)


def is_text(cells: Any) -> bool:
    """Tell whether a pandas Series may hold text."""
    import pandas as pd

    if isinstance(cells.dtype, pd.CategoricalDtype):
        return is_text(cells.cat.categories.to_series())
    return bool(pd.api.types.is_object_dtype(cells) or pd.api.types.is_string_dtype(cells))


def foreign(cells: Any) -> str:
    """Return what cells hold if that is neither text nor numbers, such as "lists"; else empty."""
    import pandas as pd

    own = isinstance(cells.dtype, pd.PeriodDtype | pd.IntervalDtype)
    if own or cells.dtype.kind in "cmV":
        return str(cells.dtype)
    if not pd.api.types.is_object_dtype(cells):
        return ""
    kind = pd.api.types.infer_dtype(cells, skipna=True)
    if kind in ("bytes", "complex", "timedelta", "time", "period", "interval"):
        return f"{kind} values"
    if kind == "mixed" and any(hasattr(cell, "__len__") != isinstance(cell, str) for cell in cells):
        return "lists or other objects"
    return ""


def texts_of(cells: Any) -> Any:
    """Return cells as a Series of text without blanks at the ends; a missing cell is NaN."""
    import numpy as np
    import pandas as pd

    if is_text(cells):  # in Python: pandas' functions take a millisecond each, also of few cells
        gaps = cells.isna().tolist()
        texts = [
            np.nan if gap else str(cell).strip()
            for cell, gap in zip(cells.tolist(), gaps, strict=True)
        ]
        return pd.Series(texts, index=cells.index, dtype=object)
    present = cells[cells.notna()]
    if pd.api.types.is_float_dtype(present) and (present % 1 == 0).all():
        present = present.astype("int64")  # whole numbers beside a missing one
    return present.astype(str).str.strip().astype(object).reindex(cells.index)


def parse_numbers(cells: Any, decimal: str = ".") -> tuple[Any, str]:
    """Return cells as numbers (n,), NaN where they are none, and what all are written with.

    Thousands may be separated; all cells may have a currency, or a percent sign, which makes
    hundredths. If only some have one, these are no numbers. With decimal commas a point separates
    thousands, or the cell is no number. Beside other numbers, those in parentheses are negative.
    """
    import numpy as np
    import pandas as pd

    if not is_text(cells):
        if isinstance(cells.dtype, pd.CategoricalDtype):
            cells = cells.astype(cells.cat.categories.dtype)
        return cells.to_numpy(dtype="float64", na_value=np.nan), ""
    texts = texts_of(cells)
    values = pd.to_numeric(texts, errors="coerce").to_numpy(dtype="float64", copy=True)
    # Not Python's 1_000, and no point where decimals have a comma.
    others = "[_.]" if decimal == "," else "_"
    values[np.asarray(texts.str.contains(others, na=False))] = np.nan
    missing = is_missing(cells)
    left = texts[np.isnan(values) & ~missing]
    if left.empty:
        return values, ""
    left = left.str.replace("\u2212", "-", regex=False)
    only = len(left) == (~missing).sum()
    if not only or not has_parentheses(left).all():
        left = left.str.replace(_NEGATIVE, r"-\1", regex=True)
    plain, unit = _without_unit(left) if only else (left, "")
    numbers = pd.to_numeric(_without_thousands(plain, decimal), errors="coerce")
    found = numbers.to_numpy(dtype="float64") / (100.0 if unit == "%" else 1.0)
    values[texts.index.get_indexer(left.index)] = found
    return values, unit


def _without_unit(texts: Any) -> tuple[Any, str]:
    """Return texts without the unit that all of them have."""
    first = texts.iloc[0]
    for unit in f"%{CURRENCY}":
        if unit in first and texts.str.count(_escaped(unit)).eq(1).all():
            bare = texts.str.replace(_escaped(unit) + r"\s*$", "", regex=True)
            if unit != "%":
                bare = bare.str.replace(r"^([+-]?)\s*" + _escaped(unit), r"\1", regex=True)
            return bare.str.strip(), unit
    return texts, ""


def _escaped(unit: str) -> str:
    return "\\" + unit if unit == "$" else unit


def _without_thousands(texts: Any, decimal: str) -> Any:
    """Return numbers with a decimal point and without separators of thousands."""
    point, comma = ("\\.", ",") if decimal == "." else (",", "\\.")
    separators = f"[{comma}{SPACES}]"
    grouped = texts.str.fullmatch(rf"[+-]?\d{{1,3}}(?:{separators}\d{{3}})+(?:{point}\d*)?").fillna(
        False
    )
    bare = texts.where(~grouped.astype(bool), texts.str.replace(separators, "", regex=True))
    if decimal == ".":
        return bare
    return bare.mask(bare.str.contains(".", regex=False)).str.replace(",", ".", regex=False)


def has_thousands(cells: Any, decimal: str = ".") -> bool:
    """Tell whether any of the numbers in a Series of text has separators of thousands."""
    comma = "," if decimal == "." else "."
    return bool(texts_of(cells).str.contains(rf"\d[{comma}{SPACES}]\d{{3}}(?!\d)", na=False).any())


def has_parentheses(cells: Any) -> Any:
    """Tell which cells of a Series of text are numbers in parentheses."""
    return texts_of(cells).str.contains(_PARENTHESES, na=False)


def looks_like_numbers(texts: Any) -> Any:
    """Tell which texts a person takes for numbers, although they may not be read as such."""
    return texts.str.fullmatch(_NUMBER).fillna(False).to_numpy(dtype=bool)


def looks_like_dates(texts: Any) -> Any:
    """Tell which texts a person takes for dates, although they may not be read as such."""
    return texts.str.fullmatch(_DATE).fillna(False).to_numpy(dtype=bool)


def parse_booleans(cells: Any) -> Any:
    """Return True and False, also as text, as 1 and 0 (n,); NaN for other cells."""
    import numpy as np
    import pandas as pd

    if is_text(cells):
        texts = texts_of(cells).tolist()
        return np.array([TRUTHS.get(str(text).lower(), np.nan) for text in texts])
    values = cells.to_numpy(dtype="float64", na_value=np.nan)
    if not pd.api.types.is_bool_dtype(cells):
        values = np.where((values == 0.0) | (values == 1.0), values, np.nan)
    return values


def parse_dates(cells: Any, form: str) -> Any:
    """Return dates, as text of a format or as pandas' datetimes, as days since 1970 (n,)."""
    import numpy as np
    import pandas as pd

    times = texts_of(cells) if is_text(cells) or form == COMPACT else cells
    if pd.api.types.is_numeric_dtype(times):
        return np.full(len(cells), np.nan)
    found = pd.to_datetime(times, format=form or None, errors="coerce", utc=True)
    # Nanoseconds, of which pandas makes dates, do not reach the year 1 or 9999.
    moments = found.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    days = moments.astype("int64") / 86_400e6
    days[np.isnat(moments)] = np.nan
    return days


def date_formats(texts: Any) -> list[str]:
    """Return the formats in which all texts, none missing, are dates."""
    head = texts.iloc[:50]
    if not looks_like_dates(head).all():
        return []
    likely = [form for form in DATE_FORMATS if _all_parse(head, form)]
    return [form for form in likely if _all_parse(texts, form)]


def parses_as_dates(texts: Any) -> Any:
    """Tell which texts are dates in the format of most of them."""
    found = [parse_dates(texts, form) for form in DATE_FORMATS]
    best = min(found, key=lambda days: (days != days).sum())
    return best == best


def _all_parse(texts: Any, form: str) -> bool:
    import numpy as np

    return not np.isnan(parse_dates(texts, form)).any()
