"""Tables in Parquet files that are read a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..array.rows import READ, LazyRows
from ..errors import FileFormatError
from ..io.opening import reading
from .columns import Wanted, choose
from .parquet_table import check_type, opened, read_column, read_table

if TYPE_CHECKING:
    from pathlib import Path

# Row groups that may be half read at once. An epoch's windows begin and end in the middle
# of one each.
HALF_READ = 2
# Such that what a file holds is read when it is asked for.
LAZILY: dict[str, Any] = {"pre_buffer": False, "buffer_size": 2**16}


class ParquetRows(LazyRows):
    """The numeric columns of a Parquet file, read a row group after the other.

    A row group can be read from its beginning only. One that is read in several parts is
    gone through once if the parts come in order, as those of an epoch do.

    Parameters
    ----------
    path : Path
    features : tuple of str
        The names of the columns.

    Raises
    ------
    InputError
        If a column is not numeric; for a null when it is read.
    FileFormatError
        If the file is no Parquet file or is damaged.
    """

    def __init__(self, path: Path, features: tuple[str, ...]):
        import numpy as np

        self._path = path
        with reading(path, "a Parquet file"):
            self._file = opened(path, **LAZILY)
            schema = self._file.schema_arrow  # made anew each time it is asked for
            kinds = [number_type(schema.field(name).type, name, path) for name in features]
            about = self._file.metadata
            counts = [about.row_group(i).num_rows for i in range(about.num_row_groups)]
            if min(counts, default=0) < 0 or sum(counts) != about.num_rows:
                raise FileFormatError(
                    f"{path} declares {about.num_rows} rows, and {counts} in its row groups. "
                    "Write it again."
                )
        self._edges = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        super().__init__((int(self._edges[-1]), len(features)), np.result_type(*kinds), features)
        self._half_read: dict[int, _Group] = {}

    def edges(self) -> Any:
        """Return where row groups begin, and the end of the last."""
        return self._edges

    def _between(self, start: int, stop: int) -> Any:
        import numpy as np

        found = np.empty((stop - start, self.shape[1]), dtype=self.dtype)
        if start == stop:
            return found
        first, last = np.searchsorted(self._edges, [start, stop - 1], side="right") - 1
        for group in range(int(first), int(last) + 1):
            begin = max(start, int(self._edges[group]))
            end = min(stop, int(self._edges[group + 1]))
            self._read(group, begin, end, found[begin - start : end - start])
        return found

    def _read(self, group: int, start: int, stop: int, into: Any) -> None:
        """Read rows of one row group into an array."""
        half = self._half_read.pop(group, None)
        if half is None or half.at > start:
            half = _Group(self._batches(group), int(self._edges[group]))
        half.skip(start)
        half.read(into)
        if half.at < self._edges[group + 1]:
            self._half_read[group] = half
        for old in list(self._half_read)[:-HALF_READ]:
            del self._half_read[old]

    def _batches(self, group: int) -> Iterator[Any]:
        """Yield a row group in pieces (n, features) that take little memory."""
        import numpy as np

        at = int(self._edges[group])
        size = max(1, READ // (self.shape[1] * self.dtype.itemsize))
        with reading(self._path, "a Parquet file"):
            for batch in self._file.iter_batches(
                size, row_groups=[group], columns=list(self.features), use_threads=False
            ):
                piece = np.empty((batch.num_rows, self.shape[1]), dtype=self.dtype)
                for i, name in enumerate(self.features):
                    piece[:, i] = read_column(batch, name, "feature", self._path, at)
                at += batch.num_rows
                yield piece


class _Group:
    """A row group that is being read.

    Parameters
    ----------
    batches : iterator of numpy.ndarray, shape (n, features)
    at : int
        The number of its first row, and then of the next one.
    """

    def __init__(self, batches: Iterator[Any], at: int):
        self._batches, self.at = batches, at
        self._rest: Any = None

    def skip(self, to: int) -> None:
        """Go on to a row."""
        while self.at < to:
            self._next(to - self.at)

    def read(self, into: Any) -> None:
        """Read the next rows into an array (n, features)."""
        done = 0
        while done < len(into):
            part = self._next(len(into) - done)
            into[done : done + len(part)] = part
            done += len(part)

    def _next(self, most: int) -> Any:
        """Return the next rows, so many or fewer."""
        if self._rest is None or not len(self._rest):
            self._rest = next(self._batches, None)
            if self._rest is None:
                raise FileFormatError(
                    "A row group of a Parquet file has fewer rows than it declares. Write it again."
                )
        part, self._rest = self._rest[:most], self._rest[most:]
        self.at += len(part)
        return part


def open_parquet(path: Path, wanted: Wanted) -> tuple[ParquetRows, Any]:
    """Return the features of a table as rows on disk, and its target as an array."""
    with reading(path, "a Parquet file"), opened(path, **LAZILY) as file:
        names = tuple(file.schema_arrow.names)
        columns = choose(names, len(names), wanted, path)
        features = tuple(names[i] for i in columns.features)
        y = None
        if columns.target is not None:
            name = names[columns.target]
            y = read_column(read_table(file, [name], path), name, "target", path)
    return ParquetRows(path, features), y


def number_type(kind: Any, name: str, path: Path) -> Any:
    """Return the NumPy type of a feature's column, as `read_column` returns it."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    check_type(kind, name, "feature", path)
    if pa.types.is_decimal(kind):
        return "float64"
    return "uint8" if pa.types.is_boolean(kind) else kind.to_pandas_dtype()
