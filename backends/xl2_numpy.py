"""NumPy, with mini-batches in compiled code, and large products divided among the cores."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any

INSTALL = 'run pip install "numpy>=2"'
UPDATE = "update NumPy, or install one with another BLAS"

# Rows of a chunk outside training: the outputs of their layers stay in the cache. 200000 rows
# through 784-50-25-10 on two cores took 0.126 s, with 256 0.134 s, with 1024 or more 0.142 s.
CHUNK = 512

# Multiplications from which a product is divided among cores, and those of a part. Handing a
# part to another thread takes 50 us, 2**24 multiplications take 0.4 ms.
LARGE, PART = 2**25, 2**24


def import_namespace(name: str) -> Any:
    """Return NumPy as array-api-compat completes it."""
    import array_api_compat.numpy as xp

    return xp


def to_host(x: Any) -> Any:
    """Return the array itself."""
    return x


def in_rows(xp: Any, x: Any, dtype: Any) -> Any:
    """Return the array in C order: `take` copies all of any other at each call."""
    return x.astype(dtype, order="C", copy=False)


def scope(device: Any) -> AbstractContextManager[Any]:
    """Silence floating-point warnings: xl2 detects divergence by the loss."""
    import numpy as np

    return np.errstate(all="ignore")


def threads() -> AbstractContextManager[Any]:
    """Limit the BLAS to one thread; `_product` and compiled code divide what is worth it.

    Threads of a BLAS wait for each other at every product. If another program uses a core,
    the wait is a time slice, and a fit of small products takes twenty times as long.
    """
    return _limit


class _Limit(AbstractContextManager[None]):
    """Limits the BLAS to one thread from the first fit that begins to the last that ends.

    The limit holds for the process. Fits in several Python threads end in any order, so they
    cannot each restore the number of threads that they found.
    """

    def __init__(self) -> None:
        self._lock, self._inside, self._cores = threading.Lock(), 0, 1
        self._computing = 0  # runs of mini-batches
        self._limiter: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._cores = workers()
                self._limiter = _blas().limit(limits=1)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limiter.restore_original_limits()

    def free_cores(self) -> int:
        """Return the cores that a fit may use: one if fits run side by side."""
        return self._cores if self._inside == 1 else 1

    @contextmanager
    def share(self) -> Iterator[int]:
        """Yield the cores that a run of mini-batches may use, beside all others that compute."""
        with self._lock:
            self._computing += 1
            cores = max(1, self._cores // self._computing)
        try:
            yield cores
        finally:
            with self._lock:
                self._computing = max(0, self._computing - 1)

    def forget_others(self) -> None:
        """Forget the runs of other threads, which a fork does not have; one may hold the lock."""
        self._lock, self._computing = threading.Lock(), 0


_limit = _Limit()


@functools.cache
def _others() -> ThreadPoolExecutor:
    """Return threads for the other cores."""
    return ThreadPoolExecutor(max(1, _limit._cores - 1), "xl2")


# A fork does not have the threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_others.cache_clear)
    os.register_at_fork(after_in_child=_limit.forget_others)


def workers() -> int:
    """Return the number of threads that the BLAS would use."""
    return max((pool["num_threads"] for pool in _blas().info()), default=1)


@functools.cache
def _blas() -> Any:
    # threadpoolctl finds the BLAS among the loaded libraries; SciPy's is another copy.
    import numpy  # noqa: F401
    from scipy.linalg import cython_blas  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def compiled(function: Any, *first: Any) -> Any:
    """Return a function; those of outputs, losses and scores are in compiled code."""
    import xl2_numpy_outputs

    return xl2_numpy_outputs.compiled(function, *first)


def slow_because() -> str:
    """Return why the portable code trains instead of the compiled one."""
    import xl2_numpy_compiled

    return xl2_numpy_compiled.missing()


def run_batches(
    step: Any, carry: Any, constants: Any, samples: Any, batches: Any, xp: Any
) -> tuple[Any, Any]:
    """Take the steps in compiled code, or in portable code where one is not compiled."""
    import xl2_numpy_runs
    from xl2.nn.step import run_batches as portable

    runner = xl2_numpy_runs.runner(step, carry, constants, samples, batches)
    if runner is None:
        return portable(step, carry, constants, samples, batches, xp)
    return runner.run(_limit.share, _others)


def affine(x: Any, weight: Any, bias: Any) -> Any:
    """Return ``x @ weight + bias``."""
    z = _product(x, weight)
    z += bias if z.ndim == 2 else bias[..., None, :]
    return z


def affine_shared(x: Any, weight: Any, bias: Any) -> Any:
    """Apply the first layer of a stack."""
    *lead, inputs, members, outputs = weight.shape
    z = _product(x, weight.reshape(*lead, inputs, members * outputs))
    z = z.reshape(*lead, x.shape[-2], members, outputs)
    z += bias[..., None, :, :]
    return z.swapaxes(-3, -2)


def backpropagate(delta: Any, weight: Any, outputs: Any, activation: Any) -> Any:
    """Propagate a delta back through a layer."""
    before = _product(delta, weight.mT)
    before *= activation.derivative(outputs)
    return before


def gradient(x: Any, delta: Any) -> Any:
    """Return the gradient of a weight."""
    return _product(x.mT, delta)


def gradient_shared(x: Any, delta: Any) -> Any:
    """Return the gradient of a stack's first weight."""
    *lead, members, samples, outputs = delta.shape
    wide = delta.swapaxes(-3, -2).reshape(*lead, samples, members * outputs)
    return _product(x.mT, wide).reshape(*lead, x.shape[-1], members, outputs)


def _product(a: Any, b: Any) -> Any:
    """Multiply matrices; large ones in parts, on the free cores.

    The parts depend on the shapes alone, so the result is the same bits on any number of
    cores. Those of a multithreaded BLAS are not.
    """
    if a.ndim > 2 or b.ndim > 2 or a.size * b.shape[-1] < LARGE:
        return a @ b
    import numpy as np

    (rows, inner), columns = a.shape, b.shape[1]
    out = np.empty((rows, columns), np.result_type(a, b))
    longest = max(rows, columns)
    count = min(8, rows * inner * columns // PART)
    cuts = [slice(longest * i // count, longest * (i + 1) // count) for i in range(count)]
    if columns == longest:
        parts = [(a, b[:, cut], out[:, cut]) for cut in cuts]
    else:
        parts = [(a[cut], b, out[cut]) for cut in cuts]
    if _limit.free_cores() == 1:
        for part in parts:
            np.matmul(*part)
        return out
    begun = [_others().submit(_multiply, *part) for part in parts[1:]]
    np.matmul(*parts[0])
    for job, part in reversed(list(zip(begun, parts[1:], strict=True))):
        # Parts that no other thread has begun are computed in this one.
        if job.cancel():
            np.matmul(*part)
        else:
            job.result()
    return out


def _multiply(a: Any, b: Any, out: Any) -> None:
    import numpy as np

    with scope(None):  # each thread needs its own
        np.matmul(a, b, out)


# The same functions with fewer calls, which take most of the time of small mini-batches.


def take_rows(x: Any, rows: Any) -> Any:
    """Gather rows by the method of the array."""
    return x.take(rows, axis=0)


def bias_gradient(delta: Any) -> Any:
    """Sum over the samples by the BLAS."""
    return _ones(delta.shape[-2], delta.dtype) @ delta


@functools.lru_cache(maxsize=16)
def _ones(count: int, dtype: Any) -> Any:
    import numpy as np

    return np.ones(count, dtype)


def sigmoid(z: Any) -> Any:
    """Return the logistic function of scipy, a single loop."""
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
    """Return 1 where the output is positive, by methods of the array."""
    return (a > 0).astype(a.dtype)
