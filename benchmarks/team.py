"""The processes of a measurement, seen from the one that measures."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
from typing import Any

from xl2.errors import XL2Error

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NPROC",  # XLA's pool
)

LAST = 5  # seconds that a process has for its own end

# JAX would reserve most of the memory.
ON_GPU = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
# The default of CuPy and PyTorch is off, that of JAX on.
TF32 = {
    True: {
        "CUPY_TF32": "1",
        "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1",
        "JAX_DEFAULT_MATMUL_PRECISION": "tensorfloat32",
    },
    False: {
        "CUPY_TF32": "0",
        "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "0",
        "JAX_DEFAULT_MATMUL_PRECISION": "highest",
    },
}


class BenchmarkError(XL2Error):
    """A measurement that would be meaningless."""


class WorkerError(Exception):
    """An error in another process."""


class Worker:
    """A process whose libraries use a number of threads, and perhaps a GPU and TF32.

    `worker.Desk` has the methods that it can be asked for. If `confined`, it can use as many cores
    as threads only, where the system allows to say so.
    """

    def __init__(
        self, threads: int, accelerated: bool = False, tf32: bool = False, confined: bool = False
    ):
        path = [os.path.abspath(folder) for folder in sys.path]
        code = f"import sys; sys.path[:] = {path!r}; import {__package__}.worker as w; w.main()"
        if confined and hasattr(os, "sched_setaffinity"):
            # Before the imports, because threads that a library starts have their own affinity.
            mine = sorted(os.sched_getaffinity(0))[:threads]
            code = f"import os; os.sched_setaffinity(0, {mine!r}); {code}"
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=environment(threads, accelerated, tf32),
        )

    def ask(self, method: str, *arguments: Any) -> Any:
        """Return the result of a method of the process's `Desk`; its errors are `WorkerError`s."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            pickle.dump((method, *arguments), self.process.stdin)
            self.process.stdin.flush()
            well, answer = pickle.load(self.process.stdout)
        except (EOFError, OSError):
            raise WorkerError(self._last_words()) from None
        if not well:
            raise WorkerError(answer)
        return answer

    def close(self) -> None:
        """End the process, and let it end its own; one that is busy is killed."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError, subprocess.TimeoutExpired):
            self.process.stdin.close()
            self.process.wait(LAST)
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.errors):
            # The pipe to a process that ended by itself may still hold a question.
            with contextlib.suppress(BrokenPipeError):
                pipe.close()  # type: ignore[union-attr] # both pipes were asked for

    def _last_words(self) -> str:
        code = self.process.wait()
        self.errors.seek(0)
        printed = self.errors.read().decode(errors="replace").strip().splitlines()
        return printed[-1] if printed else f"its process ended with code {code}"


class Team:
    """Workers, started when first needed and ended together."""

    def __init__(
        self, accelerated: bool = False, tf32: bool = False, confined: bool = False
    ) -> None:
        self._how = accelerated, tf32, confined
        self._workers: dict[tuple[str, int], Worker] = {}

    def __enter__(self) -> Team:
        return self

    def __exit__(self, *_: object) -> None:
        self.keep(set())

    def worker(self, peer: str, threads: int) -> Worker:
        """Return the process for a library and a number of threads."""
        if (peer, threads) not in self._workers:
            self._workers[peer, threads] = Worker(threads, *self._how)
        return self._workers[peer, threads]

    def keep(self, wanted: set[tuple[str, int]]) -> None:
        """End the other processes, because each holds the samples."""
        for name in set(self._workers) - wanted:
            self._workers.pop(name).close()


def environment(threads: int, accelerated: bool = False, tf32: bool = False) -> dict[str, str]:
    """Return the environment of a process: its threads, and the libraries' defaults."""
    unwanted = ("JAX_ENABLE_X64", "XL2_BACKEND", "XL2_DEVICE", "XL2_CUPY_GRAPHS", "XLA_FLAGS")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    several = "true" if threads > 1 else "false"
    return kept | {
        **dict.fromkeys(THREADS, str(threads)),
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={several}",
        "KERAS_BACKEND": "jax",
        **(ON_GPU | TF32[tf32] if accelerated else {"JAX_PLATFORMS": "cpu"}),
    }
