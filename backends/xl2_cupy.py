"""CuPy on CUDA devices: sequences of batches as CUDA graphs, the rest as portable code.

CuPy for ROCm calls AMD's devices CUDA devices too; there everything is portable code.

Its other modules, each of which calls the ones after it: `xl2_cupy_runs`, `xl2_cupy_check`,
`xl2_cupy_plan`, `xl2_cupy_program`, `xl2_cupy_device`, `xl2_cupy_kernels`, `xl2_cupy_cublas`.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

INSTALL = (
    'run pip install "xl2[cuda13]" (or "xl2[cuda12]" for a CUDA 12 driver, or cupy-rocm-7-0 for '
    "AMD's devices with ROCm 7)"
)
_OF_ROCM = "hipError", "libamdhip", "libhip", "libroc"


def import_namespace(name: str) -> Any:
    """Return CuPy as array-api-compat completes it."""
    import array_api_compat.cupy as xp

    return xp


def accelerators(xp: Any) -> list[str]:
    """Return the names of the CUDA devices; none without a driver."""
    import cupy

    if not cupy.cuda.is_available():
        return []
    return [f"cuda:{i}" for i in range(cupy.cuda.runtime.getDeviceCount())]


def devices(xp: Any) -> list[str]:
    """Return the names of the CUDA devices, the only ones."""
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
    with scope(device):
        return xp.asarray(array)


def to_host(x: Any) -> Any:
    """Copy an array to NumPy, on its device: CuPy would take the current stream of another one."""
    with scope(x.device):
        return x.get()


def here(xp: Any, x: Any) -> Any:
    """Return the array, or a copy on the current device, whose kernels may not read others."""
    return xp.asarray(x)


def in_rows(xp: Any, x: Any, dtype: Any) -> Any:
    """Return the array in C order."""
    return here(xp, x).astype(dtype, order="C", copy=False)


def scope(device: Any) -> AbstractContextManager[Any]:
    """Make the device the current one: CuPy computes on it, whatever the arrays' device."""
    import cupy

    if device is None:
        return contextlib.nullcontext()
    # A new object, because several threads may enter it at once.
    current: AbstractContextManager[Any] = cupy.cuda.Device(device.id)
    return current


def out_of_memory(error: Exception) -> bool:
    """Recognise the errors of CuPy's pool, of the driver and of cuBLAS, and those of AMD."""
    words = (
        "cudaErrorMemoryAllocation",
        "CUDA_ERROR_OUT_OF_MEMORY",
        "CUBLAS_STATUS_ALLOC_FAILED",
        "CUBLAS_STATUS_NOT_INITIALIZED",  # a handle could not be created
        "hipErrorOutOfMemory",
        "HIPBLAS_STATUS_ALLOC_FAILED",
        "rocblas_status_memory_error",
    )
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


def extra_bytes(
    members: int, sizes: Sequence[int], states: int, batch_size: int, dtype: str
) -> int:
    """Return the bytes of the arrays of a stack's graphs."""
    from xl2_cupy_plan import bytes_of
    from xl2_cupy_runs import wanted

    graphs = wanted() and not _on_amd()
    return bytes_of(members, sizes, states, batch_size, dtype) if graphs else 0


def free_memory(device: Any) -> int | None:
    """Return the free bytes of the driver and of CuPy's pool, within the pool's limit."""
    import cupy

    with scope(device):
        pool = cupy.get_default_memory_pool()
        free = cupy.cuda.runtime.memGetInfo()[0] + pool.free_bytes()
        limit = pool.get_limit()
    return int(min(free, limit - pool.used_bytes()) if limit else free)


def run_batches(
    step: Any, carry: Any, constants: Any, samples: Any, batches: Any, xp: Any
) -> tuple[Any, Any]:
    """Take the steps over batches by CUDA graphs, and a shorter last one separately."""
    if _on_amd():
        from xl2.nn.step import run_batches as portable

        return portable(step, carry, constants, samples, batches, xp)
    return _runner().run(step, carry, constants, samples, batches, xp)  # type: ignore[no-any-return]


@functools.cache
def _runner() -> Any:
    import cupy

    from xl2_cupy_device import Cuda
    from xl2_cupy_runs import Runner

    def current() -> tuple[int, int]:
        """Return device and stream: CuPy's pool takes arrays to be used on one stream only."""
        return cupy.cuda.runtime.getDevice(), cupy.cuda.get_current_stream().ptr

    runner = Runner(Cuda, current, out_of_memory)
    atexit.register(runner.release)  # while the driver is there
    return runner


def _on_amd() -> bool:
    """Tell whether CuPy is the one for ROCm: the kernels and cuBLAS are for NVIDIA's devices."""
    cupy = sys.modules.get("cupy")  # no device computes before it is imported
    return cupy is not None and getattr(cupy.cuda.runtime, "is_hip", False)


def slow_because() -> str:
    """Return why there are no graphs."""
    if not _on_amd():
        return ""
    return (
        "this CuPy is for ROCm: the portable code trains, because xl2's CUDA graphs need NVIDIA's."
    )


def release() -> bool:
    """Drop the graphs of this thread's last fit, and their arrays."""
    return bool(_runner.cache_info().currsize) and _runner().release()


def explain(error: Exception) -> str:
    """Distinguish a missing driver, a missing device and a missing toolkit."""
    # CuPy for ROCm says which library it misses in the middle of a page.
    lines = str(error).splitlines()
    if amd := [line.strip() for line in lines if any(word in line for word in _OF_ROCM)]:
        return (
            f"ROCm, or its AMD device, does not work ({amd[0]}). Check `rocminfo`, and that the "
            f"version of ROCm is that of the installed package, such as cupy-rocm-7-0."
        )
    text = f"{type(error).__name__}: {error}".strip().partition("\n")[0]
    if "InsufficientDriver" in text:
        return (
            "no NVIDIA driver is loaded, or it is older than the CUDA version of this CuPy. "
            "Install a driver, or use the xl2[cuda12] extra with an older one."
        )
    if "NoDevice" in text:
        return "the NVIDIA driver sees no CUDA device. Check `nvidia-smi` and CUDA_VISIBLE_DEVICES."
    if any(word in text for word in ("DynamicLibNotFound", "libnvrtc", "libcu", "nvrtc")):
        return (
            f"a library of the CUDA toolkit is missing ({text}). "
            'Run pip install "cupy-cuda13x[ctk]" (or cupy-cuda12x[ctk]).'
        )
    return text
