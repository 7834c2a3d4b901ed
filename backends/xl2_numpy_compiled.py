"""The library of compiled/, which trains on NumPy arrays without Python's calls.

It is built when xl2 is installed, and does not know Python: its functions take a `Run`. Products
are those of SciPy's BLAS.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
import threading
from pathlib import Path
from typing import Any

LIBRARY = "libxl2_numpy.dll" if sys.platform == "win32" else "libxl2_numpy.so"

KEPT = 2**23  # bytes of scratch memory that a thread keeps
CACHE_LINE = 64
CHANGE = 2  # as `layout` in run.cpp

FIELDS = (
    *("layers", "loss", "optimizer", "slots", "groups", "members"),
    *("units", "hidden", "constants_1", "constants_2", "constants_3", "scale_rate", "kept"),
    *("least_kept",),
    *("gemm", "x", "y", "weight", "order", "order_stride", "start", "stop", "size", "first"),
    *("rates", "lambdas", "rows", "keys", "parameters", "scales", "logits", "penalties"),
    *("scratch", "scratch_bytes", "together", "parts", "columns", "begin", "end", "next", "done"),
)
_thread = threading.local()
_FLOATS = {"constants_1", "constants_2", "constants_3", "scale_rate", "kept"}


class Run(ctypes.Structure):
    """The `Run` of run.h; pointers are whole numbers."""

    _fields_ = [(name, ctypes.c_double if name in _FLOATS else ctypes.c_int64) for name in FIELDS]


class Outputs(ctypes.Structure):
    """The `Outputs` of outputs.h; pointers are whole numbers."""

    _fields_ = [
        (name, ctypes.c_int64)
        for name in (
            *("layers", "members", "rows", "units", "hidden", "output"),
            *("gemm", "x", "parameters", "outputs", "check", "scratch"),
        )
    ]


class Measured(ctypes.Structure):
    """The `Measured` of outputs.h; pointers are whole numbers."""

    _fields_ = [
        (name, ctypes.c_int64)
        for name in (
            *("loss", "rows", "outputs", "members", "block", "begin", "end"),
            *("logits", "y", "weight", "stride", "losses", "right"),
        )
    ]


@functools.cache
def library() -> Any:
    """Return the compiled code, or None if it was not built or ``XL2_COMPILED=0`` is set."""
    path = Path(__file__).with_name(LIBRARY)
    if os.environ.get("XL2_COMPILED") == "0" or not path.exists():
        return None
    try:
        found = ctypes.CDLL(str(path))
        for name in ("train", "outputs", "measure"):
            for dtype in ("float", "double"):
                function = getattr(found, f"{name}_{dtype}")
                function.argtypes = [ctypes.c_void_p, ctypes.c_int64][: 2 if name == "train" else 1]
                function.restype = None
        for counted in (found.scratch_bytes, found.outputs_bytes):
            counted.argtypes = [ctypes.c_void_p, ctypes.c_int64]
            counted.restype = ctypes.c_int64
        found.layout.restype = ctypes.c_int64
    except (OSError, AttributeError):  # of another system, or an older version: a shared folder
        return None
    run, outputs, measured = map(ctypes.sizeof, (Run, Outputs, Measured))
    return found if found.layout() == CHANGE << 48 | run << 32 | outputs << 16 | measured else None


def missing() -> str:
    """Return why there is no compiled code, and what to do; '' if there is."""
    if os.environ.get("XL2_COMPILED") == "0":
        return "slow: XL2_COMPILED=0 switches the compiled code off"
    if library() is None and Path(__file__).with_name(LIBRARY).exists():
        return "slow: the compiled code is that of another version or system; install xl2 again"
    if library() is None:
        return "slow: xl2 was installed without a C++ compiler; install one, and then xl2 again"
    return ""


@functools.cache
def gemm(name: str) -> int:
    """Return the address of a BLAS product, which SciPy has for Cython."""
    from scipy.linalg import cython_blas

    capsule, api = cython_blas.__pyx_capi__[name], ctypes.pythonapi
    api.PyCapsule_GetName.restype = ctypes.c_char_p
    api.PyCapsule_GetName.argtypes = [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    return int(api.PyCapsule_GetPointer(capsule, api.PyCapsule_GetName(capsule)))


def address(array: Any) -> int:
    """Return the address of an array; 0 for None."""
    if array is None:
        return 0
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))
    except (TypeError, ValueError):  # read-only or empty; this takes three times as long
        return int(array.ctypes.data)


def scratch(size: int) -> tuple[Any, int]:
    """Return memory for a call, and where it begins: at a cache line.

    A thread keeps what its last call used, unless it is much: new pages take time.
    """
    import numpy as np

    found = getattr(_thread, "scratch", None)
    if found is None or found.size < size + CACHE_LINE:
        found = np.empty(size + CACHE_LINE, np.uint8)
        if size <= KEPT:
            _thread.scratch = found
    return found, -(-address(found) // CACHE_LINE) * CACHE_LINE
