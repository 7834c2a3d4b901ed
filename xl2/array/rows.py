"""Samples that stay on the host or its disk, and are moved to a device a few rows at a time.

Data larger than the memory cannot be an array of a backend. `HostRows` replace it: they have
a shape, and return rows that are dense, in the network's dtype, and on its device. h5py and
zarr are not imported here: an array on disk is recognised by the module of its class.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from ..errors import FileFormatError, InputError
from .api import Array
from .backend import Backend
from .numbers import not_finite
from .references import Portable

# Bytes of the dense rows of one chunk.
CHUNK_BYTES = 2**24
# Bytes read from a file at once; its numbers may be wider than the network's.
READ_BYTES = 2**22
# A gap of this many bytes starts a new read; rows closer together are read in one go.
BLOCK_BYTES = 2**18


def is_stored(X: object) -> bool:
    """Tell whether something is an array on disk, or `LazyRows`."""
    import numpy as np

    if isinstance(X, np.memmap | LazyRows):
        return True
    library = type(X).__module__.partition(".")[0]
    return library in ("h5py", "zarr") and hasattr(X, "shape") and hasattr(X, "dtype")


def is_mapped(X: object) -> bool:
    """Tell whether a NumPy array is a memory map, or a view of one."""
    import numpy as np

    while isinstance(X, np.ndarray) and not isinstance(X, np.memmap):
        X = X.base
    return isinstance(X, np.memmap)


def in_memory(X: Any, dtype: str) -> Any:
    """Return samples on disk or in Dask as an array if a chunk of a dtype holds them all.

    Larger ones, and others, are returned as they are.
    """
    import numpy as np

    if not is_stored(X) or math.prod(X.shape) * np.dtype(dtype).itemsize > CHUNK_BYTES:
        return X
    return np.asarray(X[:])


class LazyRows(Portable):
    """Base of the array-like objects (n, columns) whose rows are read or computed on access.

    `dtype` is that of slices. `features` are the names of the columns, empty without names.
    """

    ndim = 2
    unit = 1  # reading is fastest in multiples of this many rows
    edges: Any = None  # the first row of each block, and the end; None if any order is fast
    gathers = False  # whether rows by index are read in the order of the blocks, each block once

    def __init__(self, shape: tuple[int, int], dtype: Any, features: tuple[str, ...] = ()):
        import numpy as np

        self.shape, self.dtype, self.features = shape, np.dtype(dtype), features

    def row(self, index: int) -> int:
        """Return the row of the file that a row comes from, for messages."""
        return index

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        """Return all rows in memory."""
        import numpy as np

        return np.asarray(self[:], dtype=dtype)

    def __getitem__(self, rows: Any) -> Any:
        """Return the rows of a slice or of an integer array, as a NumPy array."""
        import numpy as np

        if isinstance(rows, slice) and rows.step in (None, 1):
            start, stop, _ = rows.indices(len(self))
            return self._between(start, max(start, stop))
        if isinstance(rows, np.ndarray) and rows.ndim == 1 and rows.dtype.kind in "iu":
            return self._numbered(rows)
        raise TypeError("Index rows with a slice without a step, or with an integer array.")

    def _between(self, start: int, stop: int) -> Any:
        raise NotImplementedError

    def _numbered(self, rows: Any) -> Any:
        """Return rows by index."""
        import numpy as np

        found = np.empty((len(rows), self.shape[1]), dtype=self.dtype)
        width = max(1, self.shape[1] * self.dtype.itemsize)
        for first, stop, part, targets in slices_of(
            rows, max(1, BLOCK_BYTES // width), max(1, READ_BYTES // width)
        ):
            found[targets] = self._between(first, stop)[part]
        return found


class ConvertedRows(LazyRows):
    """The rows of another array, converted when they are read."""

    def __init__(self, source: Any, columns: int, dtype: Any, features: tuple[str, ...] = ()):
        super().__init__((source.shape[0], columns), dtype, features)
        self._source, (self.unit, self.edges) = source, blocks_of(source)
        self.gathers = is_gathering(source)

    def _converted(self, part: Any) -> Any:
        raise NotImplementedError

    def _between(self, start: int, stop: int) -> Any:
        return self._converted(self._source[start:stop])

    def _numbered(self, rows: Any) -> Any:
        if self.edges is None or self.gathers:
            return self._converted(self._source[rows])
        return super()._numbered(rows)


def is_gathering(X: Any) -> bool:
    """Tell whether an array on disk takes rows in any order at once; see `LazyRows`."""
    return isinstance(X, LazyRows) and X.gathers


def blocks_of(X: Any) -> tuple[int, Any]:
    """Return `unit` and `edges` of any array on disk; see `LazyRows`."""
    import numpy as np

    if isinstance(X, LazyRows):
        return X.unit, X.edges
    if isinstance(X, np.ndarray):
        return 1, None
    rows = X.chunks[0] if X.chunks else 1
    width = max(1, math.prod(X.shape[1:]) * X.dtype.itemsize)
    unit = int(rows * math.ceil(BLOCK_BYTES / (rows * width)))
    return unit, np.append(np.arange(0, X.shape[0], unit), X.shape[0])


def slices_of(rows: Any, gap: int, most: int) -> Iterator[tuple[int, int, Any, Any]]:
    """Yield the slices by which rows in any order are read in the order of the file.

    Slices end at multiples of `most` rows, and where more than `gap` rows are not wanted. Each
    is the first row, the row after the last, the indices of the wanted rows in the slice, and
    their indices in `rows`, an integer array (n,).
    """
    import numpy as np

    targets = np.argsort(rows, kind="stable")
    ordered = rows[targets]
    cuts = (np.diff(ordered) > gap) | (np.diff(ordered // most) > 0)
    starts = [0, *(np.flatnonzero(cuts) + 1).tolist(), len(rows)]
    for start, stop in pairwise(starts):
        if start < stop:
            run = ordered[start:stop]
            yield int(run[0]), int(run[-1]) + 1, run - run[0], targets[start:stop]


class HostRows(Portable):
    """Base of the samples of a network that are not an array of its backend."""

    # The first row of each block of a file, and the end; None if any order is fast.
    edges: Any = None

    def __init__(self, backend: Backend, shape: tuple[int, ...], rows_at_once: int):
        self._backend = backend
        self.shape, self.ndim = shape, len(shape)
        self.rows_at_once = max(1, rows_at_once)  # the most that are dense at once

    def subset(self, rows: Any) -> HostRows:
        """Return the rows at the indices `rows`, still on the host."""
        raise NotImplementedError

    def take(self, rows: Any) -> Array:
        """Return the rows at the indices `rows`, on the backend."""
        raise NotImplementedError

    def to(self, backend: Backend) -> HostRows:
        """Return the same rows for another device of the same library."""
        moved = copy.copy(self)
        moved._backend = backend
        return moved

    def between(self, start: int, stop: int) -> Array:
        """Return consecutive rows on the backend."""
        import numpy as np

        return self.take(np.arange(start, stop))


class StoredRows(HostRows):
    """The rows of an array on disk; one that is not finite raises `InputError` when it is read.

    `X` (n, features) is a numpy.memmap, h5py.Dataset, zarr.Array or LazyRows. A memory map is
    read in any order, the others in blocks: their chunks, or several. Rows are converted to
    `dtype`, and `what` is the name of `X` in error messages. Without `finite` any number will do.
    """

    def __init__(
        self, X: Any, backend: Backend, dtype: str, what: str = "X", *, finite: bool = True
    ):
        import numpy as np

        self._finite = finite
        if X.dtype.kind not in "fiub":
            raise InputError(f"{what} must be an array of real numbers. Received: dtype {X.dtype}.")
        self._source, self._dtype, self._what = X, np.dtype(dtype), what
        self._chosen: Any = None
        width = max(1, math.prod(X.shape[1:]))
        super().__init__(backend, tuple(X.shape), CHUNK_BYTES // (width * self._dtype.itemsize))
        stored = width * X.dtype.itemsize
        self._read_rows, self._gap = max(1, READ_BYTES // stored), max(1, BLOCK_BYTES // stored)
        unit, self.edges = blocks_of(X)
        if unit > 1:
            # Read whole blocks, so that none is decompressed twice, except too large ones.
            self._gap = max(self._gap, unit)
            whole = max(1, self._read_rows // unit) * unit
            self._read_rows = max(1, min(whole, CHUNK_BYTES // stored))

    def subset(self, rows: Any) -> StoredRows:
        """Return the rows at the indices `rows`, still on disk."""
        import numpy as np

        part = copy.copy(self)
        part._chosen = self._indices(np.asarray(rows))
        part.shape = (len(part._chosen), *self.shape[1:])
        if self.edges is not None:
            part.edges = np.unique(np.searchsorted(np.sort(part._chosen), self.edges))
        return part

    def of_other(self, change: Callable[[Any], Any]) -> StoredRows:
        """Return the same rows of what a function makes of the array on disk."""
        part = StoredRows(change(self._source), self._backend, str(self._dtype), self._what)
        return part if self._chosen is None else part.subset(self._chosen)

    def take(self, rows: Any) -> Array:
        """Return the rows at the indices `rows`, on the backend."""
        return self._backend.from_numpy(self._read(self._indices(rows)))

    def _indices(self, rows: Any) -> Any:
        """Return the indices in the file of some of these rows."""
        return rows if self._chosen is None else self._chosen[rows]

    def _fill(self, found: Any, rows: Any) -> None:
        """Read rows of the file into an array."""
        import numpy as np

        if is_gathering(self._source):
            found[...] = self._source[rows]
        elif self.edges is None:
            for start in range(0, len(rows), self._read_rows):
                part = slice(start, start + self._read_rows)
                found[part] = self._source[rows[part]]
        else:
            for first, stop, part, targets in slices_of(rows, self._gap, self._read_rows):
                found[targets] = np.asarray(self._source[first:stop])[part]

    def _read(self, rows: Any) -> Any:
        """Return rows of the file as a new array of the network's dtype, checked."""
        import numpy as np

        found = np.empty((len(rows), *self.shape[1:]), dtype=self._dtype)
        # A number that overflows in a narrower dtype is reported as an infinity.
        with np.errstate(all="ignore"):
            try:
                self._fill(found, rows)
            except OSError as error:
                raise FileFormatError(
                    f"{self._what} cannot be read from its file: {error}. Check that the file is "
                    "complete and has not been moved."
                ) from error
            # A sum is finite only of finite numbers; the reverse fails only on overflow.
            if not self._finite or np.isfinite(found.sum()):
                return found
            finite = np.isfinite(found).all(axis=tuple(range(1, found.ndim)))
        if not finite.all():
            row = int(rows[~finite].min())
            given = np.asarray(self._source[row : row + 1])[0]
            if isinstance(self._source, LazyRows):
                row = self._source.row(row)
            raise not_finite(self._what, row, given, str(self._dtype))
        return found
