"""Dask arrays and data frames as samples: rows that are computed a few partitions at a time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ..array.dask_rows import DaskRows, check_kind, is_dask, lengths_of, rows_of_array
from ..errors import InputError, column_label
from .columns import Column
from .frames import codes_of, names_of, read_numbers, select


def as_rows(X: Any, what: str = "X") -> Any:
    """Return a Dask array or data frame of numbers as `DaskRows`, and anything else unchanged."""
    if not is_dask(X):
        return X
    if X.ndim != 2:
        raise InputError(
            f"{what} is a Dask collection of {X.ndim} dimensions. Expected a row for each sample, "
            f"(samples, features); one feature is a frame of one column, or {what}.reshape(-1, 1)."
        )
    return rows_of_frame(X, what=what) if is_dask_frame(X) else rows_of_array(X, what)


def is_dask_frame(X: object) -> bool:
    """Tell whether something is a data frame of Dask."""
    return is_dask(X) and hasattr(type(X), "map_partitions") and hasattr(X, "columns")


def rows_of_frame(
    X: Any, names: Sequence[str] = (), what: str = "X", lengths: Sequence[int] = ()
) -> DaskRows:
    """Return a Dask data frame of numbers as rows, of the columns of these names, or of all.

    Without the `lengths` of the partitions, rows are counted, which is one pass over the frame. A
    missing number is a NaN.
    """
    import dask
    import numpy as np

    X = select(X, names) if names else X
    refuse_types(X, what)
    plain = all(isinstance(t, np.dtype) and t.kind in "iuf" for t in X.dtypes)
    dtype = np.result_type(*X.dtypes) if plain and len(X.columns) else np.dtype("float64")
    convert = dask.delayed(_as_array, pure=True)
    parts = [convert(part, str(dtype), what) for part in X.to_delayed()]
    lengths = lengths or counted_rows(X)
    return DaskRows(parts, lengths, len(X.columns), dtype, names_of(X))


def coded_rows(X: Any, columns: Sequence[Column], lengths: Sequence[int] = ()) -> DaskRows:
    """Return a Dask data frame as coded rows, as `codes_of` returns those of a frame."""
    import dask
    import numpy as np

    lengths = lengths or counted_rows(X)
    # As an argument, Dask would look for tasks in each of the columns, for each partition.
    convert = dask.delayed(partial(codes_of, columns=tuple(columns)), pure=True)
    starts = np.cumsum([0, *lengths]).tolist()
    parts = [
        convert(part, first=start) for part, start in zip(X.to_delayed(), starts[:-1], strict=True)
    ]
    return DaskRows(parts, lengths, len(columns), "float64", names_of(X))


def counted_rows(X: Any) -> list[int]:
    """Return how many rows the partitions of a Dask data frame have."""
    # Of some columns of a Parquet file Dask joins partitions in `X.map_partitions`, but not here.
    return lengths_of(X.to_delayed())


def refuse_types(X: Any, what: str = "X") -> None:
    """Refuse a Dask data frame with a column that is not numbers, by its name."""
    import pandas as pd

    for k, dtype in enumerate(X.dtypes):
        if not pd.api.types.is_numeric_dtype(dtype):
            raise InputError(
                f"{what}: column {column_label(names_of(X), k)} has the type {dtype}. Expected "
                f"numbers. Leave it out, or convert it, such as by astype(float)."
            )


def _as_array(frame: Any, dtype: str, what: str) -> Any:
    """Return a partition of numbers as an array."""
    found = read_numbers(frame, what=what)
    check_kind(found.dtype, dtype, f"A partition of {what}")
    return found.astype(dtype, copy=False)
