"""CuPy, on CUDA devices."""

from __future__ import annotations

from typing import Any

INSTALL = 'run pip install "xl2[cuda13]" (or "xl2[cuda12]" for a CUDA 12 driver)'


def import_namespace(name: str) -> Any:
    """Return CuPy as array-api-compat completes it."""
    import array_api_compat.cupy as xp

    return xp


def accelerators(xp: Any) -> list[str]:
    """Name the CUDA devices; a machine without a driver has none."""
    import cupy

    if not cupy.cuda.is_available():
        return []
    return [f"cuda:{i}" for i in range(cupy.cuda.runtime.getDeviceCount())]


def devices(xp: Any) -> list[str]:
    """Name the CUDA devices: there is no other kind."""
    return accelerators(xp)


def find_device(xp: Any, name: str) -> Any:
    """Return a cupy.cuda.Device; "cuda" is the current one."""
    import cupy

    if name == "cuda" and accelerators(xp):
        return cupy.cuda.Device()
    if name not in devices(xp):
        raise LookupError(name)
    return cupy.cuda.Device(int(name.partition(":")[2]))


def from_host(xp: Any, array: Any, device: Any) -> Any:
    """Copy a NumPy array to the device."""
    import contextlib

    with device or contextlib.nullcontext():
        return xp.asarray(array)


def to_host(x: Any) -> Any:
    """Copy an array to NumPy."""
    return x.get()


def explain(error: Exception) -> str:
    """Tell a missing driver from a missing device and from a missing toolkit."""
    text = f"{type(error).__name__}: {error}".strip().partition("\n")[0]
    if "InsufficientDriver" in text:
        return (
            "no NVIDIA driver is loaded, or one older than this CuPy's CUDA. Install the "
            "driver, or take the xl2[cuda12] extra for an older one."
        )
    if "NoDevice" in text or "ErrorNoDevice" in text:
        return "the NVIDIA driver sees no CUDA device. Check `nvidia-smi` and CUDA_VISIBLE_DEVICES."
    if any(word in text for word in ("DynamicLibNotFound", "libnvrtc", "libcu", "nvrtc")):
        return (
            f"a library of the CUDA toolkit is missing ({text}). "
            'Run pip install "cupy-cuda13x[ctk]" (or cupy-cuda12x[ctk]).'
        )
    return text
