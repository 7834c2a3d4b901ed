"""cuBLAS, called directly: CuPy does not call it while a graph is captured."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from typing import Any

WORKSPACE = 32 * 2**20  # bytes: what NVIDIA recommends for Hopper
DEVICE_POINTERS = 1
NOT_INITIALIZED, NO_MEMORY = 1, 3  # CUBLAS_STATUS_NOT_INITIALIZED, CUBLAS_STATUS_ALLOC_FAILED
LARGEST = 2**31 - 1  # that a c_int holds; ctypes would pass another number
TF32 = 3  # CUBLAS_TF32_TENSOR_OP_MATH

_INT, _LONG, _POINTER = ctypes.c_int, ctypes.c_longlong, ctypes.c_void_p
_GEMM = [_POINTER, *[_INT] * 5, *[_POINTER, _POINTER, _INT], *[_POINTER, _INT]]
_GEMM += [_POINTER, _POINTER, _INT]
_BATCHED = [_POINTER, *[_INT] * 5, *[_POINTER, _POINTER, _INT, _LONG], *[_POINTER, _INT, _LONG]]
_BATCHED += [_POINTER, _POINTER, _INT, _LONG, _INT]
SIGNATURES: dict[str, list[Any]] = {
    "cublasCreate_v2": [ctypes.POINTER(_POINTER)],
    "cublasDestroy_v2": [_POINTER],
    "cublasSetStream_v2": [_POINTER, _POINTER],
    "cublasSetWorkspace_v2": [_POINTER, _POINTER, ctypes.c_size_t],
    "cublasSetPointerMode_v2": [_POINTER, _INT],
    "cublasSetMathMode": [_POINTER, _INT],
    "cublasSgemm_v2": _GEMM,
    "cublasDgemm_v2": _GEMM,
    "cublasSgemmStridedBatched": _BATCHED,
    "cublasDgemmStridedBatched": _BATCHED,
}


def load() -> Any:
    """Return the library that CuPy computes with."""
    from cuda.pathfinder import load_nvidia_dynamic_lib

    return ctypes.CDLL(load_nvidia_dynamic_lib("cublas").abs_path)


class Cublas:
    """A handle for one thread and one device.

    `library` is the result of `load`, and `pointer` a function from an array to its address.
    Without `workspace`, an array of `WORKSPACE` bytes, cuBLAS would allocate inside a graph.
    With `tf32` products of float32 are rounded to TF32, as CuPy does with CUPY_TF32=1.
    """

    def __init__(
        self, library: Any, pointer: Callable[[Any], int], workspace: Any, tf32: bool = False
    ):
        self._library, self._pointer, self._workspace = library, pointer, workspace
        for name, types in SIGNATURES.items():
            function = getattr(library, name)
            function.argtypes, function.restype = types, _INT
        self._handle = _POINTER()
        self._call("cublasCreate_v2", ctypes.byref(self._handle))
        # Not at the exit of the interpreter, when the driver may be unloaded.
        weakref.finalize(self, library.cublasDestroy_v2, self._handle).atexit = False
        # Learning rates and decays change between replays. On the host, a graph would keep
        # their values from the capture.
        self._call("cublasSetPointerMode_v2", self._handle, DEVICE_POINTERS)
        self._call("cublasSetMathMode", self._handle, TF32 if tf32 else 0)

    def use(self, stream: int) -> None:
        """Compute on a stream from now on; cuBLAS then needs the workspace again."""
        self._call("cublasSetStream_v2", self._handle, stream)
        address = self._pointer(self._workspace)
        self._call("cublasSetWorkspace_v2", self._handle, address, WORKSPACE)

    def multiply(
        self, a: Any, transposed_a: bool, b: Any, transposed_b: bool, c: Any, alpha: Any, beta: Any
    ) -> None:
        """Set ``c = alpha * a @ b + beta * c``, of matrices in C order.

        The shapes are (count, m, k), (count, k, n) and (count, m, n); transposed (count, k, m) and
        (count, n, k). `alpha` and `beta` are arrays of one number on the device.
        """
        count, m, n = c.shape
        k = a.shape[-2] if transposed_a else a.shape[-1]
        if max(count, m, n, k) > LARGEST:
            raise OverflowError(
                f"cuBLAS multiplies matrices with at most {LARGEST} rows and columns. Received: "
                f"{count} products of ({m}, {k}) and ({k}, {n})."
            )
        # cuBLAS reads columns first, so a matrix in C order is its transpose: the transpose of
        # c is the product of those of b and a.
        sizes = [int(transposed_b), int(transposed_a), n, m, k]  # CUBLAS_OP_T is 1
        letter, at = {4: "S", 8: "D"}[c.dtype.itemsize], self._pointer
        if count == 1:
            parts = [at(alpha), at(b), b.shape[-1], at(a), a.shape[-1], at(beta), at(c), n]
            self._call(f"cublas{letter}gemm_v2", self._handle, *sizes, *parts)
            return
        strides = (x.shape[-2] * x.shape[-1] for x in (b, a, c))
        of_b, of_a, of_c = strides
        parts = [at(alpha), at(b), b.shape[-1], of_b, at(a), a.shape[-1], of_a]
        parts += [at(beta), at(c), n, of_c, count]
        self._call(f"cublas{letter}gemmStridedBatched", self._handle, *sizes, *parts)

    def _call(self, name: str, *arguments: Any) -> None:
        status = getattr(self._library, name)(*arguments)
        if not status:
            return
        # A device on which the workspace could be allocated works, but a handle needs more memory.
        short = status == NO_MEMORY or (name, status) == ("cublasCreate_v2", NOT_INITIALIZED)
        raise (MemoryError if short else RuntimeError)(f"{name} returned status {status}")
