"""Data frames as samples: their columns by name, and errors that name a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import InputError, column_label, counted, listed, on_command_line
from .cells import row_number
from .columns import Column

# Numbers of a frame that are copied to an array at once, and the most rows. With 8192 rows the
# numbers of a row have the same places in the cache: twice as slow.
BLOCK, ROWS = 2**22, 4099


def is_frame(X: object) -> bool:
    """Tell whether something is a DataFrame of pandas or polars, without importing them."""
    library = type(X).__module__.partition(".")[0]
    return library in ("pandas", "polars") and hasattr(X, "columns")


def names_of(frame: Any) -> tuple[str, ...]:
    """Return the names of a frame's columns as texts; none if pandas has numbered them."""
    found = list(frame.columns)
    return () if found == list(range(len(found))) else tuple(map(str, found))


def series_of(frame: Any, names: Sequence[str], count: int) -> Iterator[Any]:
    """Yield columns of a frame as pandas Series: those of these names, in any order.

    Without names the frame has to have `count` columns.
    """
    import pandas as pd

    for at in places_of(frame, names, count):
        if isinstance(frame, pd.DataFrame):
            yield frame.iloc[:, at].set_axis(range(len(frame)))
        else:
            yield pd.Series(frame[frame.columns[at]].to_numpy())


def places_of(frame: Any, names: Sequence[str], count: int) -> list[int]:
    """Return where a frame has the columns of `series_of`."""
    width, own = len(frame.columns), names_of(frame)
    if names and own:
        return _places(own, names)
    if width != count:
        expects = counted(count, "feature")
        raise InputError(f"X has {counted(width, 'feature')}, but the model expects {expects}.")
    return list(range(count))


def plain_numbers(frame: Any, places: Sequence[int]) -> Any:
    """Return columns of a frame that are all plain numbers as one array; None for others.

    It is the memory of the frame if that holds these columns as one array, else a copy in C order.
    """
    import numpy as np

    # Columns one by one take 0.4 ms each: seconds for thousands.
    if not _is_plain(frame, places):
        return None
    every = list(places) == list(range(len(frame.columns)))
    chosen = frame if every else frame.iloc[:, places]
    head = chosen.iloc[:1]
    if np.may_share_memory(np.asarray(head), np.asarray(head)):
        return np.asarray(chosen)
    # pandas copies to an array of columns, which would be copied again to be trained on.
    found = np.empty(chosen.shape, np.asarray(head).dtype)
    step = max(1, min(ROWS, BLOCK // max(1, chosen.shape[1])))
    for start in range(0, len(chosen), step):
        found[start : start + step] = chosen.iloc[start : start + step]
    return found


def _is_plain(frame: Any, places: Sequence[int]) -> bool:
    """Tell whether columns of a frame of pandas are all plain numbers."""
    import numpy as np
    import pandas as pd

    return isinstance(frame, pd.DataFrame) and all(
        isinstance(t, np.dtype) and t.kind in "iuf" for t in frame.dtypes.iloc[places]
    )


def select(frame: Any, names: Sequence[str]) -> Any:
    """Return a frame with the columns of these names only, in this order."""
    own = names_of(frame)
    if not own or own == tuple(names):
        return frame
    places = _places(own, names)
    return frame[[frame.columns[at] for at in places]]


def _places(own: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return where a frame has the columns of these names."""
    known = dict(zip(own, range(len(own)), strict=True))
    absent = [name for name in names if name not in known]
    if absent:
        raise InputError(
            f"X lacks {counted(len(absent), 'column')} that the model was trained on: "
            f"{listed(absent)}. Its columns are {listed(own)}. Add or rename them."
        )
    counts = Counter(own)
    twice = [name for name in names if counts[name] > 1]
    if twice:
        raise InputError(f"X has several columns of the name {listed(twice)}. Rename them.")
    return [known[name] for name in names]


def codes_of(frame: Any, columns: Sequence[Column], where: str = "X: ", first: int = 0) -> Any:
    """Return a frame as coded samples (n, columns) in float64; see `Column.read`.

    Messages count its rows from `first`.
    """
    import numpy as np

    names, count = [one.name for one in columns], len(columns)
    names = names if any(names) else []
    if all(one.kind == "number" and not one.unit for one in columns):
        found = plain_numbers(frame, places_of(frame, names, count))
        if found is not None:
            return found.astype("float64", copy=False)
    found = np.empty((len(frame), count))
    for k, (own, cells) in enumerate(zip(columns, series_of(frame, names, count), strict=True)):
        found[:, k] = own.read(cells, where=where, at=lambda row: row_number(row + first))
    return found


def numbers_of(
    frame: Any, names: Sequence[str] = (), count: int | None = None, what: str = "X"
) -> Any:
    """Return a frame of numbers as samples (n, columns) in float64; see `series_of`.

    A column of text and a missing value are refused by name.
    """
    import numpy as np

    own, found = names or names_of(frame), read_numbers(frame, names, count, what)
    with np.errstate(all="ignore"):
        if found.dtype.kind in "iu" or np.isfinite(found.sum()):
            return found
    missing = np.isnan(found)
    if missing.any():
        row, k = divmod(int(missing.argmax()), found.shape[1])
        cells = counted(int(missing[:, k].sum()), "cell")
        raise InputError(
            f"{what}: column {column_label(own, k)} has {cells} "
            f"without a value, first in row {row + 1}. Fill in the values, or remove these rows"
            f"{_preprocessing('fills them in')}."
        )
    return found


def read_numbers(
    frame: Any, names: Sequence[str] = (), count: int | None = None, what: str = "X"
) -> Any:
    """Return a frame of numbers as `numbers_of` does, with NaN where a value is missing."""
    import numpy as np

    own, count = names or names_of(frame), len(frame.columns) if count is None else count
    found = plain_numbers(frame, places_of(frame, names, count))
    if found is None:
        found = np.empty((len(frame), count))
        for k, cells in enumerate(series_of(frame, names, count)):
            found[:, k] = _numbers(cells, f"{what}: column {column_label(own, k)}")
    return found


def refuse_text(frame: Any, what: str = "X") -> None:
    """Refuse a frame with a column that is not numbers, by its name."""
    names, count = names_of(frame), len(frame.columns)
    if _is_plain(frame, range(count)):
        return
    for k, cells in enumerate(series_of(frame, (), count)):
        if cells.dtype.kind not in "iufb":
            _numbers(cells, f"{what}: column {column_label(names, k)}")


def _numbers(cells: Any, where: str) -> Any:
    """Return a column as numbers, NaN where it has no value; refuse text."""
    import numpy as np
    import pandas as pd

    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(cells.cat.categories.dtype)
    try:
        if cells.dtype.kind in "mM":
            raise TypeError
        return cells.to_numpy(dtype="float64", na_value=np.nan)
    except (TypeError, ValueError, OverflowError):
        kind = "text" if cells.dtype.kind in "OTU" else f"the type {cells.dtype}"
        first = cells[cells.notna()]
        example = f", such as {str(first.iloc[0])!r:.60}" if len(first) else ""
        raise InputError(
            f"{where} has {kind}{example}. Expected numbers. Leave it out, or encode it"
            f"{_preprocessing('encodes it')}."
        ) from None


def _preprocessing(does: str) -> str:
    """Return what does the work, in Python."""
    return "" if on_command_line() else f"; xl2.regularization_path(frame, y) {does}"
