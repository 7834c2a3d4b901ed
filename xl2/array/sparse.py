"""Samples in a sparse matrix, made dense a few rows at a time.

Text and one-hot tables have many columns and few numbers in a row. The matrix stays on the
host as scipy has it; what the network sees is dense, and never all of it at once.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .api import Array
from .rows import PIECE, HostRows, not_finite

if TYPE_CHECKING:
    from .backend import Backend


def is_sparse(X: object) -> bool:
    """Tell whether something is a sparse matrix or array of scipy, without importing it."""
    return type(X).__module__.startswith("scipy.sparse")


class SparseRows(HostRows):
    """The rows of a sparse matrix, for a network on a backend.

    Parameters
    ----------
    X : scipy sparse matrix or array, shape (n, features)
    backend : Backend
    dtype : {"float32", "float64"}
    what : str, default "X"
        Its name in an error message.

    Raises
    ------
    InputError
        If it does not hold real numbers, or one of them is not finite.
    """

    def __init__(self, X: Any, backend: Backend, dtype: str, what: str = "X"):
        import numpy as np

        if X.dtype.kind not in "fiub":
            raise InputError(f"{what} is not a matrix of real numbers. Received: dtype {X.dtype}.")
        self._rows = X.tocsr().astype(dtype, copy=False)
        super().__init__(backend, X.shape, PIECE // (X.shape[1] * self._rows.dtype.itemsize))
        finite = np.isfinite(self._rows.data)
        if not finite.all():
            row = int(np.searchsorted(self._rows.indptr, finite.argmin(), side="right")) - 1
            raise not_finite(what, row)

    def only(self, rows: Any) -> SparseRows:
        """Return some rows, by their numbers on the host, as a set of their own."""
        part = copy.copy(self)
        part._rows = self._rows[rows]
        part.shape = part._rows.shape
        return part

    def take(self, rows: Any) -> Array:
        """Return some rows, by their numbers on the host, dense on the backend."""
        return self._moved(self._rows[rows])

    def between(self, start: int, stop: int) -> Array:
        """Return consecutive rows, dense on the backend."""
        return self._moved(self._rows[start:stop])

    def _moved(self, part: Any) -> Array:
        return self._to_backend(part.toarray())
