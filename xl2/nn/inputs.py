"""Samples and targets as a network takes them, or an error that says what is wrong."""

from __future__ import annotations

from typing import Any

from ..array.api import Array, namespace
from ..array.backend import Backend
from ..array.chunks import chunks
from ..array.generic import CHUNK
from ..array.rows import HostRows, StoredRows, is_stored, not_finite
from ..array.sparse import SparseRows, is_sparse
from ..errors import InputError
from . import tasks


def samples(
    X: Any,
    inputs: int,
    backend: Backend,
    dtype: str,
    what: str = "X",
    *,
    finite: bool = True,
) -> Any:
    """Return samples (n, inputs) on a backend, checked.

    Sparse matrices and arrays on disk become `HostRows`: they stay there and are converted,
    and checked, in chunks.

    Parameters
    ----------
    X : array_like, scipy sparse matrix or array on disk, shape (n, inputs)
    inputs : int
        The number of features that the network expects.
    backend, dtype
        The network's.
    what : str, default "X"
        Its name in an error message.
    finite : bool, default True
        Look for a NaN or an infinity: one more pass over the samples.

    Raises
    ------
    InputError
        If it has another shape, no rows, or a NaN or an infinity.
    """
    with backend.scope():
        if is_sparse(X):
            x: Any = SparseRows(X, backend, dtype, what)
        elif is_stored(X):
            x = StoredRows(X, backend, dtype, what)
        else:
            x = backend.asarray(X, dtype, what)
        if x.ndim != 2 or x.shape[1] != inputs:
            came = f"{x.shape[1]} features" if x.ndim == 2 else f"shape {tuple(x.shape)}"
            raise InputError(
                f"{what} has {came}, and the network expects {inputs} features: "
                f"an array (samples, {inputs})."
            )
        if x.shape[0] == 0:
            raise InputError(f"{what} is empty: it has no samples.")
        if finite and not isinstance(x, HostRows):
            check_finite(x, what)
    return x


def targets(
    y: Any,
    rows: int,
    task: str,
    outputs: int,
    backend: Backend,
    dtype: str,
    what: str = "y",
) -> Array:
    """Return class numbers or targets as a matrix (n, outputs) on a backend, checked.

    Raises
    ------
    InputError
        If their number, shape or values do not fit; see `xl2.nn.tasks`.
    """
    with backend.scope():
        array = backend.asarray(y, dtype, what)
        if array.ndim == 0 or array.shape[0] != rows:
            came = "a single value" if array.ndim == 0 else f"{array.shape[0]} values"
            raise InputError(f"X has {rows} samples and {what} has {came}: they must agree.")
        check_finite(array, what)
        return tasks.encode(task, array, outputs)


def weights(sample_weight: Any, rows: int, backend: Backend, dtype: str) -> Array:
    """Return sample weights as a matrix (n, 1) on a backend, checked.

    Raises
    ------
    InputError
        If their number differs, one is negative or not finite, or all are zero.
    """
    with backend.scope():
        array = backend.asarray(sample_weight, dtype, "sample_weight")
        if array.ndim != 1 or array.shape[0] != rows:
            raise InputError(
                f"sample_weight has one number a sample, shape ({rows},). "
                f"Received: shape {tuple(array.shape)}."
            )
        check_finite(array, "sample_weight")
        xp = namespace(array)
        if bool(xp.any(array < 0.0)) or not bool(xp.any(array > 0.0)):
            raise InputError(
                f"sample_weight is 0 or more, and more than 0 for some sample. Received: values "
                f"from {float(xp.min(array)):g} to {float(xp.max(array)):g}."
            )
        return array[:, None]


def check_finite(x: Array, what: str) -> None:
    """Raise if an array holds a NaN or an infinity; no temporary of its size is made.

    Raises
    ------
    InputError
        Naming the first row that has one.
    """
    xp = namespace(x)
    # A sum is finite only of finite numbers; the reverse fails only on overflow.
    if bool(xp.isfinite(xp.sum(x))):
        return
    for start, piece in chunks(x, CHUNK):
        finite = xp.isfinite(piece)
        if piece.ndim > 1:
            finite = xp.all(finite, axis=-1)
        if not bool(xp.all(finite)):
            row = start + int(xp.argmin(xp.astype(finite, xp.int8)))
            raise not_finite(what, row)
