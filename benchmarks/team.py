"""The processes of a measurement, from the side that asks."""

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


# JAX would take most of the memory for itself, beside other processes.
ON_GPU = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
# Of CuPy and PyTorch it is off unless asked for, of JAX on.
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
    """A measurement that would mean nothing."""


class WorkerError(Exception):
    """What went wrong in another process."""


class Worker:
    """A process with a number of threads; see `worker.Desk` for what it can be asked.

    Parameters
    ----------
    threads : int
        Of whatever library it comes to import.
    accelerated : bool, default False
        Let libraries find a GPU.
    tf32 : bool, default False
        Let them round products on it to TF32.
    """

    def __init__(self, threads: int, accelerated: bool = False, tf32: bool = False):
        path = [os.path.abspath(folder) for folder in sys.path]
        code = f"import sys; sys.path[:] = {path!r}; import {__package__}.worker as w; w.main()"
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=environment(threads, accelerated, tf32),
        )

    def ask(self, method: str, *arguments: Any) -> Any:
        """Return what a method of the other side's `Desk` returns.

        Raises
        ------
        WorkerError
            If it raised, or the process is no more.
        """
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
        """End the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.errors):
            # A pipe to a process that ended by itself may hold a question still.
            with contextlib.suppress(BrokenPipeError):
                pipe.close()  # type: ignore[union-attr] # both pipes were asked for

    def _last_words(self) -> str:
        code = self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip().splitlines()
        return said[-1] if said else f"its process ended with code {code}"


class Team:
    """Workers, started when they are first needed, and ended together."""

    def __init__(self, accelerated: bool = False, tf32: bool = False) -> None:
        self._accelerated, self._tf32 = accelerated, tf32
        self._workers: dict[tuple[str, int], Worker] = {}

    def __enter__(self) -> Team:
        return self

    def __exit__(self, *_: object) -> None:
        self.keep(set())

    def worker(self, peer: str, threads: int) -> Worker:
        """Return the process of a library with a number of threads."""
        if (peer, threads) not in self._workers:
            self._workers[peer, threads] = Worker(threads, self._accelerated, self._tf32)
        return self._workers[peer, threads]

    def keep(self, wanted: set[tuple[str, int]]) -> None:
        """End the others: a process holds the samples."""
        for name in set(self._workers) - wanted:
            self._workers.pop(name).close()


def environment(threads: int, accelerated: bool = False, tf32: bool = False) -> dict[str, str]:
    """Return the environment of a process: threads, and libraries as they come."""
    unwanted = ("JAX_ENABLE_X64", "XL2_BACKEND", "XL2_DEVICE", "XL2_CUPY_GRAPHS", "XLA_FLAGS")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    several = "true" if threads > 1 else "false"
    return kept | {
        **dict.fromkeys(THREADS, str(threads)),
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={several}",
        "KERAS_BACKEND": "jax",
        **(ON_GPU | TF32[tf32] if accelerated else {"JAX_PLATFORMS": "cpu"}),
    }
