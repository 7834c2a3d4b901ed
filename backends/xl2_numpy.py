"""NumPy: the library of every laptop."""

from __future__ import annotations

import contextlib
import functools
from contextlib import AbstractContextManager
from typing import Any

INSTALL = 'run pip install "numpy>=2"'

# Multiplications of a product from which on a second thread is worth waiting for.
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


def threads(product: int) -> AbstractContextManager[Any]:
    """Let small products run on one thread of the BLAS.

    Its threads wait for each other at every product. Where another program has a core,
    that wait is a time slice long, and a fit of small products takes twenty times as long.
    """
    if product >= LARGE:
        return contextlib.nullcontext()
    limited: AbstractContextManager[Any] = _blas().limit(limits=1)
    return limited


def workers() -> int:
    """Return the number of threads that the BLAS would use."""
    return max((pool["num_threads"] for pool in _blas().info()), default=1)


@functools.cache
def _blas() -> Any:
    import numpy  # noqa: F401 - the BLAS is found among the libraries that are loaded
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
