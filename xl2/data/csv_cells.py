"""Read the cells of a table of separated values into a frame, some of the rows at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from ..errors import FileFormatError
from .csv_rows import Extent, Layout, text_of
from .table_file import MISSING

# Bytes of a file that pandas parses together, which take several times as much memory. Few stay in
# the processor's cache, but each part takes time for each column.
PART, PER_COLUMN, MOST = 2**23, 2**13, 2**27
INSERTED = 50  # more columns than that are joined at once, which copies all of them


def read_cells(
    layout: Layout, extent: Extent, decimal: str, positions: Sequence[int], as_text: Collection[int]
) -> Any:
    """Return the values of some columns as a pandas.DataFrame; see `Source.read`."""
    import pandas as pd

    cells = _Cells(extent.rows, positions)
    for part in _parse(layout, extent, decimal, positions, set(as_text)):
        cells.add(part)
    if cells.mixed:
        # What was parsed as a number or as True is not text as written, so these are read again.
        again = _parse(layout, extent, decimal, sorted(cells.mixed), set(), dtype=str)
        texts = pd.concat(list(again), ignore_index=True)
        cells.others.update({p: [texts[p]] for p in texts.columns})
    return cells.frame()


class _Cells:
    """The values of columns, of which parts are added.

    All numbers are in one float64 array (rows, columns), which is the only copy of them.
    """

    def __init__(self, count: int, positions: Sequence[int]):
        self._count, self._positions = count, list(positions)
        self._numbers: Any = None
        self._columns: list[int] = []  # of the numbers
        self._filled = 0
        self.others: dict[int, list[Any]] = {}  # the parts of other columns
        self.mixed: set[int] = set()  # columns whose parts are of several kinds

    def add(self, part: Any) -> None:
        """Add the next rows."""
        import numpy as np

        kinds = dict(zip(part.columns, (dtype.kind for dtype in part.dtypes), strict=True))
        if self._numbers is None:
            self._columns = [p for p in self._positions if kinds[p] in "iuf"]
            self._numbers = np.empty((self._count, len(self._columns)))
            self.others = {p: [] for p in self._positions if kinds[p] not in "iuf"}
        start, self._filled = self._filled, self._filled + len(part)
        new = {p for p in self._columns if kinds[p] not in "iuf"}
        if new:
            self.mixed |= new
            self._numbers = self._numbers[:, [p not in new for p in self._columns]]
            self._columns = [p for p in self._columns if p not in new]
            self.others.update({p: [] for p in new})
        for p, parts in self.others.items():
            if not _fits(part[p], parts):
                self.mixed.add(p)
            elif p not in self.mixed:
                parts.append(part[p])
            part[p] = np.nan
        # A selection of columns would take longer: pandas copies each of them.
        numbers = part.to_numpy(dtype=np.float64)
        if list(part.columns) != self._columns:
            numbers = numbers[:, part.columns.get_indexer(self._columns)]
        self._numbers[start : self._filled] = numbers

    def frame(self) -> Any:
        """Return all rows."""
        import pandas as pd

        frame = pd.DataFrame(self._numbers, columns=self._columns, copy=False)
        others = {p: pd.concat(parts, ignore_index=True) for p, parts in self.others.items()}
        if len(others) > INSERTED:
            return pd.concat([frame, pd.DataFrame(others)], axis=1)[self._positions]
        for place, position in enumerate(self._positions):
            if position in others:
                frame.insert(place, position, others[position])
        return frame


def _fits(cells: Any, parts: Sequence[Any]) -> bool:
    """Tell whether cells that are not numbers are text, or True and False, as those before."""
    kind = cells.dtype.kind
    if kind in "iuf":
        return bool(cells.isna().all())
    if kind == "O" and isinstance(_first(cells), bool):
        return False  # True and False beside missing values
    return all((other.dtype.kind == "b") == (kind == "b") for other in parts[:1])


def _first(cells: Any) -> Any:
    """Return the first cell that is not missing, or None."""
    first = cells.first_valid_index()
    return None if first is None else cells[first]


def _marked(cell: str) -> str:
    """Return a cell as no missing value and no number: pandas would take it as one."""
    return "=" + cell.strip()


def _parse(
    layout: Layout,
    extent: Extent,
    decimal: str,
    positions: Sequence[int],
    as_text: Collection[int],
    **options: Any,
) -> Iterator[Any]:
    """Yield the rows as frames."""
    import pandas as pd

    if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1):
        options["float_precision"] = "round_trip"  # later, all numbers are read exactly
    if len(positions) < layout.width:
        options["usecols"] = sorted(positions)
    part_bytes = min(MOST, PART + PER_COLUMN * layout.width)
    found = 0
    with text_of(layout) as text:
        parts = pd.read_csv(
            text,
            sep=layout.sep,
            decimal=decimal,
            header=None,
            names=range(layout.width),
            index_col=False,
            skipinitialspace=layout.sep != " ",
            na_values=list(MISSING),
            keep_default_na=False,
            converters=dict.fromkeys(as_text, _marked),
            low_memory=False,  # with True, a column may have numbers and texts
            nrows=extent.rows,
            chunksize=max(1, extent.rows * part_bytes // max(1, extent.size)),
            **options,
        )
        for part in parts:
            found += len(part)
            for p in as_text:
                part[p] = part[p].str[1:]
            for p, dtype in part.dtypes.items():
                if dtype.kind == "O" and type(_first(part[p])) is int:  # beyond 64 bits
                    part[p] = part[p].astype(float)
            yield part
    if found != extent.rows:
        raise FileFormatError(
            f"{layout.path} has {extent.rows} rows, but {found} were read. Check its quotes."
        )
