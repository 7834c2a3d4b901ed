"""Checks of samples, and their conversion to arrays of a backend."""

from __future__ import annotations

from typing import Any

from ..array.api import Array, namespace
from ..array.backend import Backend
from ..array.chunks import chunks
from ..array.libraries import CHUNK
from ..array.rows import HostRows, StoredRows, is_stored, not_finite
from ..array.sparse import SparseRows, is_sparse
from ..errors import InputError, counted
from .frames import is_frame, numbers_of


def check_samples(
    X: Any, inputs: int, backend: Backend, dtype: str, what: str = "X", *, finite: bool = True
) -> Any:
    """Return samples (n, inputs) on a backend; raise `InputError` for other shapes or values.

    Sparse matrices and arrays on disk become `HostRows`, which convert and check their rows
    when they are read. `what` names the samples in error messages; `finite` looks for a NaN or
    an infinity, in one more pass over the samples.
    """
    if is_frame(X):
        X = numbers_of(X, what=what)
    with backend.scope():
        if is_sparse(X):
            x: Any = SparseRows(X, backend, dtype, what)
        elif is_stored(X):
            x = StoredRows(X, backend, dtype, what)
        else:
            x = backend.asarray(X, dtype, what)
        if x.ndim != 2 or x.shape[1] != inputs:
            has = counted(x.shape[1], "feature") if x.ndim == 2 else f"shape {tuple(x.shape)}"
            expects = counted(inputs, "feature")
            raise InputError(f"{what} has {has}, but the network expects {expects}.")
        if x.shape[0] == 0:
            raise InputError(f"{what} is empty. Pass at least one sample.")
        if finite and not isinstance(x, HostRows):
            check_finite(x, what)
    return x


def check_finite(x: Array, what: str) -> None:
    """Raise `InputError` for the first row with a NaN or an infinity, without a large temporary."""
    xp = namespace(x)
    # A finite sum has only finite terms. Finite terms can overflow, so look at each one.
    if bool(xp.isfinite(xp.sum(x))):
        return
    for start, chunk in chunks(x, CHUNK):
        finite = xp.isfinite(chunk)
        if chunk.ndim > 1:
            finite = xp.all(finite, axis=-1)
        if not bool(xp.all(finite)):
            raise not_finite(what, start + int(xp.argmin(xp.astype(finite, xp.int8))))
