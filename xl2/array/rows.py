"""Samples that stay on the host, or on its disk, and of which a device sees a few at a time.

Data larger than memory cannot be an array of a backend. What a network is given instead knows
its shape, and hands out rows: dense, in the network's dtype, on its device. Files are read
where they lie, by whoever opened them: an object is known by the module of its class, and no
library for files is imported here.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..errors import FileFormatError, InputError
from .api import Array

if TYPE_CHECKING:
    from .backend import Backend

# What the dense rows of one piece may take, in bytes.
PIECE = 2**24
# What is asked of a file at once, in bytes: its own numbers may be wider than the network's.
READ = 2**22
# The least that is worth finding in a file: rows that lie together are read together.
BLOCK = 2**18


def is_stored(X: object) -> bool:
    """Tell whether something is an array on disk, or rows of our own, without importing h5py."""
    import numpy as np

    if isinstance(X, np.memmap | LazyRows):
        return True
    library = type(X).__module__.partition(".")[0]
    return library in ("h5py", "zarr") and hasattr(X, "shape") and hasattr(X, "dtype")


def not_finite(what: str, row: int) -> InputError:
    """Return the error for a NaN or an infinity at the index `row`; its message counts from 1."""
    return InputError(
        f"{what} holds a NaN or an infinity, first in row {row + 1}. "
        f"Drop such rows or fill them in; xl2 does not guess."
    )


class LazyRows:
    """Rows that are read or worked out when they are asked for: the base of our own.

    Parameters
    ----------
    shape : (int, int)
    dtype : numpy.dtype
        Of what slices return.
    features : tuple of str
        The names of the columns; empty without names.

    Attributes
    ----------
    unit : int
        Rows that it is best read in multiples of.
    """

    ndim, unit = 2, 1

    def __init__(self, shape: tuple[int, int], dtype: Any, features: tuple[str, ...] = ()):
        import numpy as np

        self.shape, self.dtype, self.features = shape, np.dtype(dtype), features

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        """Return all rows, for whoever wants them in memory."""
        import numpy as np

        return np.asarray(self[:], dtype=dtype)

    def __getitem__(self, rows: Any) -> Any:
        """Return rows as a NumPy array: those of a slice, or by their numbers.

        Raises
        ------
        TypeError
            If they are neither.
        """
        import numpy as np

        if isinstance(rows, slice) and rows.step in (None, 1):
            start, stop, _ = rows.indices(len(self))
            return self._between(start, max(start, stop))
        if isinstance(rows, np.ndarray) and rows.ndim == 1 and rows.dtype.kind in "iu":
            return self._numbered(rows)
        raise TypeError("Index rows with a slice without a step, or with an integer array.")

    def edges(self) -> Any:
        """Return where blocks begin that are read as one, and the end; None for any order."""
        raise NotImplementedError

    def _between(self, start: int, stop: int) -> Any:
        raise NotImplementedError

    def _numbered(self, rows: Any) -> Any:
        import numpy as np

        found = np.empty((len(rows), self.shape[1]), dtype=self.dtype)
        stored = max(1, self.shape[1] * self.dtype.itemsize)
        runs = _runs(rows, max(1, BLOCK // stored), max(1, READ // stored))
        for first, stop, part, places in runs:
            found[places] = self._between(first, stop)[part]
        return found


class HostRows:
    """Rows for a network on a backend: dense there when asked for, never all at once.

    Parameters
    ----------
    backend : Backend
    shape : tuple of int
    rows_at_once : int
        How many may be dense at once.

    Attributes
    ----------
    edges : numpy.ndarray of int, or None
        Where blocks begin that are read as one, and the end of the last; None where rows
        are had in any order.
    """

    edges: Any = None

    def __init__(self, backend: Backend, shape: tuple[int, ...], rows_at_once: int):
        self._backend = backend
        self.shape, self.ndim = shape, len(shape)
        self.rows_at_once = max(1, rows_at_once)

    def only(self, rows: Any) -> HostRows:
        """Return some rows, by their numbers on the host, as a set of their own."""
        raise NotImplementedError

    def take(self, rows: Any) -> Array:
        """Return some rows, by their numbers on the host, dense on the backend."""
        raise NotImplementedError

    def between(self, start: int, stop: int) -> Array:
        """Return consecutive rows, dense on the backend."""
        raise NotImplementedError

    def _to_backend(self, dense: Any) -> Array:
        backend = self._backend
        return backend.library.from_host(backend.xp, dense, backend.device)


class StoredRows(HostRows):
    """The rows of an array on disk.

    Parameters
    ----------
    X : numpy.memmap, h5py.Dataset, zarr.Array or LazyRows, shape (n, features)
        A memory map is read in any order. The others are read in blocks: their chunks, or
        several of them.
    backend : Backend
    dtype : {"float32", "float64"}
        What each piece is converted to when it is read.
    what : str, default "X"
        Its name in an error message.

    Raises
    ------
    InputError
        If it does not hold real numbers; a NaN or an infinity is found when it is read.
    """

    def __init__(self, X: Any, backend: Backend, dtype: str, what: str = "X"):
        import numpy as np

        if X.dtype.kind not in "fiub":
            raise InputError(f"{what} is not an array of real numbers. Received: dtype {X.dtype}.")
        self._source, self._dtype, self._what = X, np.dtype(dtype), what
        self._chosen: Any = None
        width = max(1, math.prod(X.shape[1:]))
        super().__init__(backend, tuple(X.shape), PIECE // (width * self._dtype.itemsize))
        stored = width * X.dtype.itemsize
        self._read_rows, self._gap = max(1, READ // stored), max(1, BLOCK // stored)
        self.edges, unit = edges_of(X), unit_of(X)
        if unit > 1:
            # Whole blocks, so that none is unpacked twice; but for those too large to be held.
            self._gap = max(self._gap, unit)
            whole = max(1, self._read_rows // unit) * unit
            self._read_rows = max(1, min(whole, PIECE // stored))

    def only(self, rows: Any) -> StoredRows:
        """Return some rows, by their numbers on the host, as a set of their own."""
        import numpy as np

        part = copy.copy(self)
        part._chosen = self._numbers(np.asarray(rows))
        part.shape = (len(part._chosen), *self.shape[1:])
        if self.edges is not None:
            part.edges = np.unique(np.searchsorted(np.sort(part._chosen), self.edges))
        return part

    def take(self, rows: Any) -> Array:
        """Return some rows, by their numbers on the host, on the backend.

        Raises
        ------
        InputError
            If one holds a NaN or an infinity.
        """
        return self._to_backend(self._read(self._numbers(rows)))

    def between(self, start: int, stop: int) -> Array:
        """Return consecutive rows on the backend; raises as `take` does."""
        import numpy as np

        return self.take(np.arange(start, stop))

    def _numbers(self, rows: Any) -> Any:
        return rows if self._chosen is None else self._chosen[rows]

    def _fill(self, found: Any, rows: Any) -> None:
        """Read rows by their numbers into an array."""
        import numpy as np

        if self.edges is None:
            for start in range(0, len(rows), self._read_rows):
                part = slice(start, start + self._read_rows)
                found[part] = self._source[rows[part]]
        else:
            runs = _runs(rows, self._gap, self._read_rows)
            for first, stop, part, places in runs:
                found[places] = np.asarray(self._source[first:stop])[part]

    def _read(self, rows: Any) -> Any:
        """Read rows by their numbers into a new array of the network's dtype, and check them."""
        import numpy as np

        found = np.empty((len(rows), *self.shape[1:]), dtype=self._dtype)
        # What overflows in a narrower dtype is an infinity, and said to be one.
        with np.errstate(all="ignore"):
            try:
                self._fill(found, rows)
            except OSError as error:
                raise FileFormatError(
                    f"{self._what} cannot be read from its file: {error}. Check that the file is "
                    "complete, and still where it was."
                ) from error
            # A sum is finite only of finite numbers; the reverse fails only on overflow.
            if np.isfinite(found.sum()):
                return found
            finite = np.isfinite(found).all(axis=tuple(range(1, found.ndim)))
        if not finite.all():
            raise not_finite(self._what, int(rows[~finite].min()))
        return found


def edges_of(X: Any) -> Any:
    """Return where the blocks of an array on disk begin, and its end; None for any order."""
    import numpy as np

    if isinstance(X, np.ndarray):
        return None
    if isinstance(X, LazyRows):
        return X.edges()
    rows = unit_of(X)
    return np.append(np.arange(0, X.shape[0], rows), X.shape[0])


def unit_of(X: Any) -> int:
    """Return the rows that an array on disk is best read in multiples of."""
    import numpy as np

    if isinstance(X, np.ndarray):
        return 1
    if isinstance(X, LazyRows):
        return X.unit
    rows = X.chunks[0] if X.chunks else 1
    stored = max(1, math.prod(X.shape[1:]) * X.dtype.itemsize)
    return int(rows * math.ceil(BLOCK / (rows * stored)))


def _runs(rows: Any, gap: int, most: int) -> Iterator[tuple[int, int, Any, Any]]:
    """Say how rows in any order are read as slices, in the order of the file.

    Parameters
    ----------
    rows : numpy.ndarray of int, shape (n,)
    gap : int
        Rows are read through where as many, or fewer, are between two that are wanted.
    most : int
        Rows of a slice; slices end at its multiples.

    Yields
    ------
    first, stop : int
        The slice.
    part : numpy.ndarray of int
        Which of its rows are wanted.
    places : numpy.ndarray of int
        Where they are in `rows`.
    """
    import numpy as np

    places = np.argsort(rows, kind="stable")
    ordered = rows[places]
    cuts = (np.diff(ordered) > gap) | (np.diff(ordered // most) > 0)
    starts = [0, *(np.flatnonzero(cuts) + 1).tolist(), len(rows)]
    for start, stop in pairwise(starts):
        if start < stop:
            run = ordered[start:stop]
            yield int(run[0]), int(run[-1]) + 1, run - run[0], places[start:stop]
