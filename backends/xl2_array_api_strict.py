"""array-api-strict: exactly the standard, for tests.

Its simulated devices refuse conversion to NumPy and mixed operands as a GPU does, so that
mistakes are found on machines without one.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

INSTALL = "run pip install array-api-strict"
FLOAT64 = "choose the dtype float32, or a device that has it"


def devices(xp: Any) -> list[str]:
    """Return the names of its devices; "cpu" is the one that converts to NumPy."""
    return [_short(device) for device in xp.__array_namespace_info__().devices()]


def find_device(xp: Any, name: str) -> Any:
    """Return the device with a name."""
    for device in xp.__array_namespace_info__().devices():
        if _short(device) == name:
            return device
    raise LookupError(name)


def to_host(x: Any) -> Any:
    """Move an array to NumPy by way of the one device that converts."""
    import array_api_strict as xp
    import numpy as np

    return np.asarray(x.to_device(xp.Device("CPU_DEVICE")))


def scope(device: Any) -> AbstractContextManager[Any]:
    """Silence floating-point warnings: it computes with NumPy."""
    import numpy as np

    return np.errstate(all="ignore")


def _short(device: Any) -> str:
    name = str(device).partition("'")[2].rstrip("')")
    return {"CPU_DEVICE": "cpu"}.get(name, name)
