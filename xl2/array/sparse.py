"""Samples in a sparse matrix, such as text or one-hot tables: a few rows are dense at a time."""

from __future__ import annotations

import copy
from typing import Any

from ..errors import InputError
from .api import Array
from .backend import Backend
from .numbers import not_finite
from .rows import CHUNK_BYTES, HostRows


def is_sparse(X: object) -> bool:
    """Tell whether something is a sparse matrix or array of scipy, without importing it."""
    return type(X).__module__.startswith("scipy.sparse")


class SparseRows(HostRows):
    """The rows of a scipy sparse matrix or array (n, features)."""

    def __init__(self, X: Any, backend: Backend, dtype: str, what: str = "X"):
        import numpy as np

        if X.dtype.kind not in "fiub":
            raise InputError(f"{what} must be a matrix of real numbers. Received: dtype {X.dtype}.")
        given = X.tocsr()
        with np.errstate(over="ignore"):
            self._rows = given.astype(dtype, copy=False)
        super().__init__(backend, X.shape, CHUNK_BYTES // (X.shape[1] * self._rows.dtype.itemsize))
        finite = np.isfinite(self._rows.data)
        if not finite.all():
            row = int(np.searchsorted(self._rows.indptr, finite.argmin(), side="right")) - 1
            raise not_finite(what, row, given[[row]].toarray()[0], dtype)

    def subset(self, rows: Any) -> SparseRows:
        """Return the rows at the indices `rows`, still sparse."""
        part = copy.copy(self)
        part._rows = self._rows[rows]
        part.shape = part._rows.shape
        return part

    def take(self, rows: Any) -> Array:
        """Return the rows at the indices `rows`, on the backend."""
        return self._backend.from_numpy(self._rows[rows].toarray())

    def between(self, start: int, stop: int) -> Array:
        """Return consecutive rows on the backend."""
        return self._backend.from_numpy(self._rows[start:stop].toarray())
