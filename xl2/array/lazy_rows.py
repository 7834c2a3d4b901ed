"""Arrays on disk, of which a few rows at a time are read.

h5py and zarr are not imported here: an array is recognised by the module of its class.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

# Bytes read from a file at once; its numbers may be wider than the network's.
READ_BYTES = 2**22
# Bytes from which a block of a file is read by itself; rows closer together are read through.
BLOCK_BYTES = 2**18


def is_stored(X: object) -> bool:
    """Tell whether something is an array on disk, or `LazyRows`."""
    import numpy as np

    if isinstance(X, np.memmap | LazyRows):
        return True
    library = type(X).__module__.partition(".")[0]
    return library in ("h5py", "zarr") and hasattr(X, "shape") and hasattr(X, "dtype")


class LazyRows:
    """Base of the array-like objects (n, columns) whose rows are read or computed on access.

    `dtype` is that of slices. `features` are the names of the columns, empty without names.
    """

    ndim = 2
    unit = 1  # reading is fastest in multiples of this many rows
    edges: Any = None  # the first row of each block, and the end; None if any order is fast

    def __init__(self, shape: tuple[int, int], dtype: Any, features: tuple[str, ...] = ()):
        import numpy as np

        self.shape, self.dtype, self.features = shape, np.dtype(dtype), features

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

    def _converted(self, part: Any) -> Any:
        raise NotImplementedError

    def _between(self, start: int, stop: int) -> Any:
        return self._converted(self._source[start:stop])

    def _numbered(self, rows: Any) -> Any:
        if self.edges is None:
            return self._converted(self._source[rows])
        return super()._numbered(rows)


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
