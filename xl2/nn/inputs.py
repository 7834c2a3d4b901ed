"""Checks of samples, targets and sample weights, and their conversion to arrays of a backend."""

from __future__ import annotations

from typing import Any

from ..array.api import Array, namespace
from ..array.backend import Backend
from ..array.chunks import chunks
from ..array.generic import CHUNK
from ..array.lazy_rows import is_stored
from ..array.rows import HostRows, StoredRows, not_finite
from ..array.sparse import SparseRows, is_sparse
from ..errors import InputError
from . import tasks


def check_samples(
    X: Any, inputs: int, backend: Backend, dtype: str, what: str = "X", *, finite: bool = True
) -> Any:
    """Return samples (n, inputs) on a backend; raise `InputError` for other shapes or values.

    Sparse matrices and arrays on disk become `HostRows`, which convert and check their rows
    when they are read. `what` names the samples in error messages; `finite` looks for a NaN or
    an infinity, in one more pass over the samples.
    """
    with backend.scope():
        if is_sparse(X):
            x: Any = SparseRows(X, backend, dtype, what)
        elif is_stored(X):
            x = StoredRows(X, backend, dtype, what)
        else:
            x = backend.asarray(X, dtype, what)
        if x.ndim != 2 or x.shape[1] != inputs:
            has = f"{x.shape[1]} features" if x.ndim == 2 else f"shape {tuple(x.shape)}"
            raise InputError(
                f"{what} has {has}, but the network expects {inputs} features: an array of shape "
                f"(samples, {inputs})."
            )
        if x.shape[0] == 0:
            raise InputError(f"{what} is empty. Give at least one sample.")
        if finite and not isinstance(x, HostRows):
            check_finite(x, what)
    return x


def check_targets(
    y: Any, rows: int, task: str, outputs: int, backend: Backend, dtype: str, what: str = "y"
) -> Array:
    """Return targets (n, outputs) on a backend, encoded for the task; see `xl2.nn.tasks`."""
    with backend.scope():
        array = backend.asarray(y, dtype, what)
        if array.ndim == 0 or array.shape[0] != rows:
            received = "a single value" if array.ndim == 0 else f"{array.shape[0]} values"
            raise InputError(f"X has {rows} samples and {what} has {received}: they must agree.")
        check_finite(array, what)
        return tasks.encode(task, array, outputs, what)


def check_weights(sample_weight: Any, rows: int, backend: Backend, dtype: str) -> Array:
    """Return sample weights (n, 1) on a backend; they must be 0 or more, and not all 0."""
    with backend.scope():
        array = backend.asarray(sample_weight, dtype, "sample_weight")
        if array.ndim != 1 or array.shape[0] != rows:
            raise InputError(
                f"sample_weight must have one number for each sample, shape ({rows},). "
                f"Received: shape {tuple(array.shape)}."
            )
        check_finite(array, "sample_weight")
        xp = namespace(array)
        if bool(xp.any(array < 0.0)) or not bool(xp.any(array > 0.0)):
            raise InputError(
                f"sample_weight must be 0 or more, and more than 0 for at least one sample. "
                f"Received: values from {float(xp.min(array)):g} to {float(xp.max(array)):g}."
            )
        return array[:, None]


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
