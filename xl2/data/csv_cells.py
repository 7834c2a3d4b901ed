"""Read the cells of a table of separated values into a frame."""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from ..errors import FileFormatError
from .csv_rows import Extent, Layout, Values, check_rows
from .table_file import MISSING

INSERTED = 50  # more columns than that are joined at once, which copies all of them


def read_cells(
    layout: Layout, extent: Extent, decimal: str, positions: Sequence[int], as_text: Collection[int]
) -> Any:
    """Return the values of some columns as a pandas.DataFrame; see `Source.read`."""
    texts = _Texts()
    convert = dict.fromkeys(as_text, texts.__getitem__)
    parse = partial(_parse, layout, extent, decimal)
    frame = parse({*positions, layout.width - 1}, converters=convert)
    rows = len(frame) - extent.empty
    _check(layout, extent, frame, rows)
    frame = frame[:rows]
    kinds = {p: dtype.kind for p, dtype in frame.dtypes.items()}
    others = {p: frame[p] for p in positions if kinds[p] not in "iuf"}
    mixed = []
    for p in others.keys() - convert.keys():
        held = _infer(others[p])
        if held == "integer":  # beyond 64 bits
            others[p] = others[p].astype(float)
        elif held == "boolean" and others[p].notna().all():  # there were gaps in empty rows alone
            others[p] = others[p].astype(bool)
        elif held not in ("string", "empty"):
            mixed.append(p)
    if mixed:  # what was parsed as a number or as True is not text as written
        again = parse(mixed, dtype=str)[:rows]
        others.update((p, again[p]) for p in mixed)
    if not MISSING.isdisjoint(texts):  # pandas takes these for missing values
        written = parse(as_text, dtype=str, na_filter=False)[:rows]
        others.update((p, written[p].str.strip()) for p in as_text)
    return _frame(frame, positions, others)


def _frame(frame: Any, positions: Sequence[int], others: dict[int, Any]) -> Any:
    """Return columns in one frame, with the numbers of `frame` in one array of float64."""
    import numpy as np
    import pandas as pd

    columns = [p for p in positions if p not in others]
    frame = frame.drop(columns=list({*frame.columns} - {*columns}))
    numbers = np.ascontiguousarray(frame.to_numpy(dtype=np.float64))
    if list(frame.columns) != columns:
        numbers = numbers[:, frame.columns.get_indexer(columns)]
    found = pd.DataFrame(numbers, columns=columns, copy=False)
    if len(others) > INSERTED:
        return pd.concat([found, pd.DataFrame(others)], axis=1)[list(positions)]
    for place, position in enumerate(positions):
        if position in others:
            found.insert(place, position, others[position])
    return found


class _Texts(dict[str, str]):
    """Texts without blanks at the ends, each of which is kept once."""

    def __missing__(self, cell: str) -> str:
        return self.setdefault(cell, cell.strip())


def _parse(
    layout: Layout, extent: Extent, decimal: str, positions: Collection[int], **options: Any
) -> Any:
    """Return all rows, of at least some columns."""
    import pandas as pd

    if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1):
        options["float_precision"] = "round_trip"  # later, all numbers are read exactly
        options["low_memory"] = False  # later, True and 1 in two parts do not become numbers
    if 2 * len(positions) <= layout.width:
        options["usecols"] = sorted(positions)
    source: Any
    if layout.is_plain and not extent.returns:  # pandas parses a file in several threads
        source, options["skiprows"] = layout.path.absolute(), layout.lines
    else:  # and a stream in one
        source = io.BufferedReader(Values(layout, extent.returns), 2**18)
    with warnings.catch_warnings():
        # A part of the rows can have numbers where another has text: `_infer` finds that.
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            return pd.read_csv(
                source,
                sep=layout.sep,
                decimal=decimal,
                header=None,
                names=range(layout.width),
                index_col=False,
                # Blanks matter before quotes and missing values; to look for them takes time.
                skipinitialspace=layout.sep != " " and (extent.quoted or extent.padded),
                na_values=sorted(MISSING),
                keep_default_na=False,
                **options,
            )
        except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
            check_rows(layout)
            raise _doubtful(layout) from error


def _infer(cells: Any) -> str:
    """Return what the objects in cells are, "string" for text and for cells without objects."""
    import pandas as pd

    if not pd.api.types.is_object_dtype(cells):
        return "string"
    return str(pd.api.types.infer_dtype(cells, skipna=True))


def _check(layout: Layout, extent: Extent, frame: Any, rows: int) -> None:
    """Raise `InputError` if a row has too few cells or too many.

    pandas refuses rows with too many if it reads all columns, and fills others with missing values
    or empty texts.
    """
    last = layout.width - 1
    ends = frame[last].iloc[:rows]
    full = not (ends.isna() | (ends == "")).any()
    all_read = len(frame.columns) == layout.width
    if extent.quoted:
        even = full and all_read and not extent.doubtful
    else:
        even = extent.separators == last * len(frame) and (full or all_read)
    if not even and check_rows(layout) != len(frame):
        raise _doubtful(layout)


def _doubtful(layout: Layout) -> FileFormatError:
    return FileFormatError(f"{layout.path}: where some rows end is doubtful. Check its quotes.")
