"""Checks of samples, and their conversion to arrays of a backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..array.api import Array, namespace
from ..array.backend import Backend
from ..array.chunks import chunks
from ..array.libraries import CHUNK, Library
from ..array.numbers import not_finite
from ..array.rows import HostRows, StoredRows, is_stored
from ..array.sparse import SparseRows, is_sparse
from ..errors import InputError, counted
from .dask_samples import as_rows
from .frames import is_frame, numbers_of


def check_samples(
    X: Any,
    inputs: int,
    backend: Backend,
    dtype: str,
    what: str = "X",
    *,
    finite: bool = True,
    rows: bool = True,
) -> Any:
    """Return samples (n, inputs) on a backend; raise `InputError` for other shapes or values.

    Sparse matrices, and samples on disk or in Dask, become `HostRows`, which convert and check
    their rows when they are read. `what` names the samples in error messages; `finite` looks for
    a NaN or an infinity, in one more pass over the samples. `rows` is as for `Backend.asarray`:
    without, an array in another order is not copied, as suits samples that are read once.
    """
    X = numbers_of(X, what=what) if is_frame(X) else as_rows(X, what)
    with backend.scope():
        if is_sparse(X):
            x: Any = SparseRows(X, backend, dtype, what)
        elif is_stored(X):
            x = StoredRows(X, backend, dtype, what)
        else:
            x = backend.asarray(X, dtype, what, rows=rows)
        if x.ndim != 2 or x.shape[1] != inputs:
            raise other_shape(what, x.shape, inputs, "network")
        if x.shape[0] == 0:
            raise InputError(f"{what} is empty. Pass at least one sample.")
        if finite and not isinstance(x, HostRows):
            check_finite(x, what, backend.library)
    return x


def other_shape(what: str, shape: Sequence[int], inputs: int, by: str) -> InputError:
    """Return the error for samples whose shape is not (n, inputs), as a network expects them."""
    if len(shape) == 2:
        has, expects = counted(shape[1], "feature"), counted(inputs, "feature")
        return InputError(f"{what} has {has}, but the {by} expects {expects}.")
    advice = f"pass {what}.reshape(len({what}), -1)"
    if len(shape) < 2:
        advice = f"one sample is {what}.reshape(1, -1), and one feature {what}.reshape(-1, 1)"
    return InputError(
        f"{what} has shape {tuple(shape)}. Expected a row for each sample, (samples, features): "
        f"{advice}."
    )


def check_finite(x: Array, what: str, library: Library | None = None) -> None:
    """Raise `InputError` for the first row with a NaN or an infinity, without a large temporary."""
    xp = namespace(x)
    # A finite sum has only finite terms. Finite terms can overflow, so look at each one.
    if bool((library or Library()).compiled(_has_finite_sum)(x)):
        return
    for start, chunk in chunks(x, CHUNK):
        finite = xp.isfinite(chunk)
        if chunk.ndim > 1:
            finite = xp.all(finite, axis=-1)
        if not bool(xp.all(finite)):
            raise not_finite(what, start + int(xp.argmin(xp.astype(finite, xp.int8))))


def _has_finite_sum(x: Array) -> Array:
    xp = namespace(x)
    return xp.isfinite(xp.sum(x))
