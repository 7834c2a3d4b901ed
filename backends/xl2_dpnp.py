"""dpnp on Intel's GPUs, and on CPUs by way of OpenCL: the portable code.

Devices have the names of SYCL's filters, such as "level_zero:gpu:0"; "gpu" and "cpu" are the first
of a kind.
"""

from __future__ import annotations

import os
from typing import Any

INSTALL = "run pip install dpnp"
FLOAT64 = "choose the dtype float32, or a device that has it"
UPDATE = "update dpnp and Intel's driver"


def import_namespace(name: str) -> Any:
    """Return dpnp, with more threads for the tasks by which it frees arrays.

    With one, SYCL's default, dpnp 0.20 sometimes waits for itself forever.
    """
    os.environ.setdefault("SYCL_QUEUE_THREAD_POOL_SIZE", "16")
    import dpnp

    return dpnp


def accelerators(xp: Any) -> list[str]:
    """Return the names of the GPUs of one driver: each may also have one of OpenCL."""
    import dpctl

    found = dpctl.get_devices(device_type="gpu")
    driver = dpctl.select_gpu_device().backend if found else None
    return [device.filter_string for device in found if device.backend == driver]


def devices(xp: Any) -> list[str]:
    """Return the names of the GPUs, then of the CPU."""
    import dpctl

    cpus = dpctl.get_devices(device_type="cpu")
    return accelerators(xp) + [device.filter_string for device in cpus]


def find_device(xp: Any, name: str) -> Any:
    """Return a dpnp.tensor.Device; dpctl finds devices by other names than `devices` lists too."""
    import dpctl

    try:
        dpctl.SyclDevice(name)
    except (ValueError, dpctl.SyclDeviceCreationError):
        raise LookupError(name) from None
    # The device of an array: dpnp has one queue for each, and refuses to mix two.
    return xp.empty(0, device=name).device


def to_host(x: Any) -> Any:
    """Copy an array to NumPy."""
    return x.asnumpy()


def in_rows(xp: Any, x: Any, dtype: Any) -> Any:
    """Return the array in C order."""
    return x.astype(dtype, order="C", copy=False)


def out_of_memory(error: Exception) -> bool:
    """Recognise the error of dpctl's allocations, and SYCL's words for it."""
    words = "USM allocation failed", "OUT_OF_DEVICE_MEMORY", "OUT_OF_HOST_MEMORY"
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


def explain(error: Exception) -> str:
    """Distinguish a missing driver: the wheels of dpnp bring none that a program finds."""
    text = f"{type(error).__name__}: {error}".strip().partition("\n")[0]
    if "SyclDeviceCreationError" in text:
        return (
            "SYCL finds no device. Install the driver of Intel's GPU (Level Zero); for the CPU set "
            "OCL_ICD_FILENAMES to the path of libintelocl.so, which pip installs with dpnp."
        )
    return text
