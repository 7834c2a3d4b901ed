"""NumPy: the library of every laptop."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

INSTALL = 'run pip install "numpy>=2"'


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
