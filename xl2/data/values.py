"""Columns of Python values, from formats in which each cell has a type of its own."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from ..nn.cells import MISSING


def series_of(values: Sequence[Any], as_text: bool) -> Any:
    """Return the cells of a column as a pandas Series; see `Source.read`."""
    import numpy as np
    import pandas as pd

    if as_text:
        return pd.Series([text_of(value) for value in values], dtype=str)
    present = [None if is_missing(value) else value for value in values]
    kinds = {type(value) for value in present if value is not None}
    if kinds <= {int, float}:
        numbers = [np.nan if value is None else float(value) for value in present]
        return pd.Series(numbers, dtype=np.float64)
    if kinds == {bool} and None not in present:
        return pd.Series(present, dtype=bool)
    if all(issubclass(kind, datetime.date) for kind in kinds):
        return pd.to_datetime(pd.Series(present))
    texts = [
        np.nan if p is None else value if isinstance(value, str) else text_of(value)
        for p, value in zip(present, values, strict=True)
    ]
    return pd.Series(texts, dtype=object).astype(pd.Series(["a"]).dtype)


def is_missing(value: Any) -> bool:
    """Tell whether a value stands for one that is missing."""
    if isinstance(value, str):
        return value.strip().lower() in MISSING
    return value is None or value != value  # NaN and NaT


def text_of(value: Any) -> str:
    """Return a value as text: whole numbers without a point, "" for no value."""
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return str(value).strip().removesuffix(" 00:00:00")
