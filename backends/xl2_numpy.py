"""NumPy: the library of every laptop."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

INSTALL = 'run pip install "numpy>=2"'

# Rows sent through a network at once outside training: their layers' outputs stay in the
# cache. Of 200000 rows through 784-50-25-10, 512 at once took 0.71 s, 1024 and more 0.9 to 1.0.
CHUNK = 1024

# Multiplications of a product from which on several threads of the BLAS may pay. A choice:
# where it turns was not measured. A stack with products of 2^24 took 1.0 s an epoch on two
# threads and 1.3 s on one with the machine idle, and 12 s and 2 s with it busy.
LARGE = 2**26


def import_namespace(name: str) -> Any:
    """Return NumPy as array-api-compat completes it."""
    import array_api_compat.numpy as xp

    return xp


def to_host(x: Any) -> Any:
    """Return the array itself."""
    return x


def scope() -> AbstractContextManager[Any]:
    """Silence floating-point warnings: a divergence is found by looking at the loss."""
    import numpy as np

    return np.errstate(all="ignore")


@contextlib.contextmanager
def threads(product: int) -> Iterator[None]:
    """Let products run on one thread of the BLAS, unless they are large and several pay.

    Its threads wait for each other at every product. Where another program has a core,
    that wait is a time slice long: a fit of small products takes twenty times as long, and
    one of large products six times.
    """
    if product >= LARGE and _several_pay():
        yield
        return
    _limit.enter()
    try:
        yield
    finally:
        _limit.leave()


def _several_pay() -> bool:
    """Tell whether large products are faster now on all threads of the BLAS than on one."""
    import numpy as np

    if workers() == 1:
        return False
    a, b = np.ones((256, 1024), "float32"), np.ones((1024, 512), "float32")

    def seconds() -> float:
        taken = []
        for _ in range(4):
            began = time.perf_counter()
            a @ b
            taken.append(time.perf_counter() - began)
        return sorted(taken)[2]  # not the best: what counts is what they mostly take

    several = seconds()
    with _blas().limit(limits=1):
        return several < 0.9 * seconds()


class _Limit:
    """One thread for the BLAS from the first fit that wants it to the last that ends.

    The number of threads is the whole process's. Fits in several threads of Python end in
    any order, and each putting back what it found would leave the number of another.
    """

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._limiter: Any = None

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                self._limiter = _blas().limit(limits=1)
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limiter.restore_original_limits()


_limit = _Limit()


def workers() -> int:
    """Return the number of threads that the BLAS would use."""
    return max((pool["num_threads"] for pool in _blas().info()), default=1)


@functools.cache
def _blas() -> Any:
    import numpy  # noqa: F401 - the BLAS is found among the libraries that are loaded
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


# The same functions with fewer calls: on small mini-batches a call costs what its numbers do.


def take_rows(x: Any, rows: Any) -> Any:
    """Gather rows by the array's own method."""
    return x.take(rows, axis=0)


def bias_gradient(delta: Any) -> Any:
    """Sum over the samples; of one network by the BLAS."""
    import numpy as np

    if delta.ndim == 2:
        return _ones(delta.shape[0], delta.dtype) @ delta
    return np.add.reduce(delta, axis=-2)


@functools.lru_cache(maxsize=16)
def _ones(count: int, dtype: Any) -> Any:
    import numpy as np

    return np.ones(count, dtype)


def sigmoid(z: Any) -> Any:
    """Return scipy's logistic function, which is one loop."""
    return _expit()(z)


@functools.cache
def _expit() -> Any:
    from scipy.special import expit

    return expit


def binary_cross_entropy_delta(z: Any, y: Any) -> Any:
    """Return ``sigmoid(z) - y`` in one new array."""
    delta = sigmoid(z)
    delta -= y
    return delta


def relu_derivative(a: Any) -> Any:
    """Return 1 where the output is positive, by the array's own methods."""
    return (a > 0).astype(a.dtype)
