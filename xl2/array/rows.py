"""Samples that stay on the host or its disk, and are moved to a device a few rows at a time.

Data larger than the memory cannot be an array of a backend. `HostRows` replace it: they have
a shape, and return rows that are dense, in the network's dtype, and on its device.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

from ..errors import FileFormatError, InputError
from .api import Array
from .lazy_rows import BLOCK_BYTES, READ_BYTES, blocks_of, slices_of

if TYPE_CHECKING:
    from .backend import Backend

# Bytes of the dense rows of one chunk.
CHUNK_BYTES = 2**24


def not_finite(what: str, row: int) -> InputError:
    """Return the error for a NaN or an infinity at the index `row`; its message counts from 1."""
    return InputError(
        f"{what} holds a NaN or an infinity, first in row {row + 1}. "
        f"Drop such rows or fill them in; xl2 does not guess."
    )


class HostRows:
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

    def between(self, start: int, stop: int) -> Array:
        """Return consecutive rows on the backend."""
        import numpy as np

        return self.take(np.arange(start, stop))


class StoredRows(HostRows):
    """The rows of an array on disk; a NaN or an infinity raises `InputError` when it is read.

    `X` (n, features) is a numpy.memmap, h5py.Dataset, zarr.Array or LazyRows. A memory map is
    read in any order, the others in blocks: their chunks, or several. Rows are converted to
    `dtype`, and `what` is the name of `X` in error messages.
    """

    def __init__(self, X: Any, backend: Backend, dtype: str, what: str = "X"):
        import numpy as np

        if X.dtype.kind not in "fiub":
            raise InputError(f"{what} is not an array of real numbers. Received: dtype {X.dtype}.")
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

    def take(self, rows: Any) -> Array:
        """Return the rows at the indices `rows`, on the backend."""
        return self._backend.from_numpy(self._read(self._indices(rows)))

    def _indices(self, rows: Any) -> Any:
        """Return the indices in the file of some of these rows."""
        return rows if self._chosen is None else self._chosen[rows]

    def _fill(self, found: Any, rows: Any) -> None:
        """Read rows of the file into an array."""
        import numpy as np

        if self.edges is None:
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
            if np.isfinite(found.sum()):
                return found
            finite = np.isfinite(found).all(axis=tuple(range(1, found.ndim)))
        if not finite.all():
            raise not_finite(self._what, int(rows[~finite].min()))
        return found
