"""A digest of samples that does not depend on the array library."""

from __future__ import annotations

import hashlib
from typing import Any

from .numbers import numbers
from .rows import is_stored
from .sparse import is_sparse
from .switch import to_numpy

ROWS = 512  # digested at a time: their copies in float64 stay in the processor's cache


def digest(X: Any) -> str:
    """Return a digest of samples (n, features), the same for any library, dtype and sparsity.

    It is that of the shape, and of the values in float64. Raises `ValueError` if they are not
    numbers.
    """
    import numpy as np

    x = X.tocsr() if is_sparse(X) else X if is_stored(X) else to_numpy(X)
    found = hashlib.sha256(repr(tuple(map(int, x.shape))).encode())
    for start in range(0, x.shape[0] if x.shape else 0, ROWS):
        chunk = x[start : start + ROWS]
        dense = numbers(chunk.toarray() if is_sparse(X) else chunk, "float64", "X")
        # -0.0 equals 0.0, but its bytes differ, and so do those of missing values.
        dense = dense + 0.0
        dense[dense != dense] = np.nan
        found.update(dense.astype("<f8", copy=False).tobytes())
    return found.hexdigest()
