"""Tables in Parquet files that are read a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

from ..array.rows import READ_BYTES, LazyRows
from ..errors import FileFormatError
from ..io.opening import reading
from .columns import Wanted
from .parquet_table import choose_names, open_file, read_column, read_table

# Row groups that can be partly read at the same time: a window of an epoch begins in the middle
# of one and ends in the middle of another.
PARTLY_READ = 2


def open_parquet(path: Path, wanted: Wanted) -> tuple[ParquetRows, Any]:
    """Return the features of a table as rows on disk, and its target as an array."""
    with reading(path, "a Parquet file"):
        file = _opened(path)
        features, target = choose_names(file, wanted, path)
        y = None
        if target is not None:
            y = read_column(read_table(file, [target], path), target, "target", path)
        return ParquetRows(file, features, path), y


def _opened(path: Path) -> Any:
    # These options limit what is read ahead. The file stays open as long as the rows exist.
    return open_file(path, pre_buffer=False, buffer_size=2**16)


def _reopened(path: Path, features: tuple[str, ...]) -> ParquetRows:
    """Return rows of a pickle; another process has the file under the same name."""
    return ParquetRows(_opened(path), features, path)


class ParquetRows(LazyRows):
    """The numeric columns `features` of an open Parquet file, read on access.

    A row group can only be read from its beginning. If it is read in several parts and in order,
    as in an epoch, it is decoded once.
    """

    def __init__(self, file: Any, features: tuple[str, ...], path: Path):
        import numpy as np

        self._file, self._path = file, path
        about, no_rows = file.metadata, file.schema_arrow.empty_table()
        dtypes = [read_column(no_rows, name, "feature", path).dtype for name in features]
        counts = [about.row_group(i).num_rows for i in range(about.num_row_groups)]
        self.edges = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        super().__init__((int(self.edges[-1]), len(features)), np.result_type(*dtypes), features)
        self._partly_read: dict[int, _RowGroup] = {}
        self._lock = Lock()  # stacks of a path read in several threads

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopened, (self._path.absolute(), self.features)

    def _between(self, start: int, stop: int) -> Any:
        import numpy as np

        found = np.empty((stop - start, self.shape[1]), dtype=self.dtype)
        if start == stop:
            return found
        first, last = np.searchsorted(self.edges, [start, stop - 1], side="right") - 1
        with self._lock:
            for group in range(int(first), int(last) + 1):
                begin = max(start, int(self.edges[group]))
                end = min(stop, int(self.edges[group + 1]))
                self._read(group, begin, end, found[begin - start : end - start])
        return found

    def _read(self, group: int, start: int, stop: int, into: Any) -> None:
        """Read rows of one row group into an array (n, features)."""
        rows = self._partly_read.pop(group, None)
        if rows is None or rows.position > start:
            rows = _RowGroup(self._batches(group), int(self.edges[group]), self._path)
        for _ in rows.take(start - rows.position):
            pass
        filled = 0
        for part in rows.take(stop - start):
            into[filled : filled + len(part)] = part
            filled += len(part)
        if stop < self.edges[group + 1]:
            self._partly_read[group] = rows
        for old in list(self._partly_read)[:-PARTLY_READ]:
            del self._partly_read[old]

    def _batches(self, group: int) -> Iterator[Any]:
        """Yield a row group as small arrays (n, features)."""
        import numpy as np

        position = int(self.edges[group])
        size = max(1, READ_BYTES // (self.shape[1] * self.dtype.itemsize))
        with reading(self._path, "a Parquet file"):
            for batch in self._file.iter_batches(
                size, row_groups=[group], columns=list(self.features), use_threads=False
            ):
                rows = np.empty((batch.num_rows, self.shape[1]), dtype=self.dtype)
                for i, name in enumerate(self.features):
                    rows[:, i] = read_column(batch, name, "feature", self._path, position)
                position += batch.num_rows
                yield rows


class _RowGroup:
    """A row group that is being read; `position` is the index of its next row."""

    def __init__(self, batches: Iterator[Any], position: int, path: Path):
        self._batches, self.position, self._path = batches, position, path
        self._rest: Any = ()

    def take(self, count: int) -> Iterator[Any]:
        """Yield the next `count` rows as arrays."""
        while count:
            if not len(self._rest):
                self._rest = next(self._batches, None)
                if self._rest is None:
                    raise FileFormatError(
                        f"{self._path} is damaged: a row group has fewer rows than it declares. "
                        "Write it again."
                    )
            part, self._rest = self._rest[:count], self._rest[count:]
            self.position += len(part)
            count -= len(part)
            yield part
