"""Samples and targets as a network takes them, or an error that says what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..array.api import Array, namespace
from ..array.chunks import chunks
from ..array.generic import CHUNK
from ..array.rows import HostRows, StoredRows, is_stored, not_finite
from ..array.sparse import SparseRows, is_sparse
from ..errors import InputError
from . import tasks

if TYPE_CHECKING:
    from .network import Network


def samples(
    network: Network, X: Any, what: str = "X", *, finite: bool = True, stored: bool = False
) -> Array:
    """Return samples as an array of the network's backend, checked.

    Parameters
    ----------
    network : Network
        Whose inputs they are to be.
    X : array_like, scipy sparse matrix or array on disk, shape (n, inputs)
        The samples.
    what : str, default "X"
        Its name in an error message.
    finite : bool, default True
        Look for a NaN or an infinity: one more pass over the samples. In those on disk it
        is looked for as they are read.
    stored : bool, default False
        Leave an array on disk where it is; otherwise it is read whole.

    Returns
    -------
    array or HostRows, shape (n, inputs)

    Raises
    ------
    InputError
        If it has another shape, no rows, or a NaN or an infinity.
    """
    with network.backend.scope():
        if is_sparse(X):
            x: Any = SparseRows(X, network.backend, network.dtype, what)
        elif stored and is_stored(X):
            x = StoredRows(X, network.backend, network.dtype, what)
        else:
            x = network.backend.asarray(X, network.dtype, what)
        if x.ndim != 2 or x.shape[1] != network.sizes[0]:
            came = f"{x.shape[1]} features" if x.ndim == 2 else f"shape {tuple(x.shape)}"
            raise InputError(
                f"{what} has {came}, and the network expects {network.sizes[0]} features: "
                f"an array (samples, {network.sizes[0]})."
            )
        if x.shape[0] == 0:
            raise InputError(f"{what} is empty: it has no samples.")
        if finite and not isinstance(x, HostRows):
            check_finite(x, what)
    return x


def targets(network: Network, y: Any, samples: int, what: str = "y") -> Array:
    """Return targets as a matrix (n, outputs) of the network's backend, checked.

    Parameters
    ----------
    network : Network
        Whose outputs they are to be compared with.
    y : array_like, shape (n,) or (n, outputs)
        Class numbers or targets, as `xl2.nn.tasks` says.
    samples : int
        How many there must be.
    what : str, default "y"
        Its name in an error message.

    Returns
    -------
    array, shape (n, outputs)

    Raises
    ------
    InputError
        If their number, shape or values do not fit.
    """
    with network.backend.scope():
        array = network.backend.asarray(y, network.dtype, what)
        if array.ndim == 0 or array.shape[0] != samples:
            came = "a single value" if array.ndim == 0 else f"{array.shape[0]} values"
            raise InputError(f"X has {samples} samples and {what} has {came}: they must agree.")
        check_finite(array, what)
        return tasks.encode(network.task, array, network.sizes[-1])


def weights(network: Network, sample_weight: Any, samples: int) -> Array:
    """Return how much each sample counts as a matrix (n, 1) of the network's backend, checked.

    Parameters
    ----------
    network : Network
    sample_weight : array_like, shape (n,)
    samples : int
        How many there must be.

    Raises
    ------
    InputError
        If their number differs, one is negative or not finite, or all are zero.
    """
    with network.backend.scope():
        array = network.backend.asarray(sample_weight, network.dtype, "sample_weight")
        if array.ndim != 1 or array.shape[0] != samples:
            raise InputError(
                f"sample_weight has one number a sample, shape ({samples},). "
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
    for start, chunk in chunks(x, CHUNK):
        finite = xp.isfinite(chunk)
        if chunk.ndim > 1:
            finite = xp.all(finite, axis=-1)
        if not bool(xp.all(finite)):
            row = start + int(xp.argmin(xp.astype(finite, xp.int8)))
            raise not_finite(what, row)
