"""The processes of a measurement, seen from the one that measures."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection
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

ON_GPU = {
    # JAX would reserve most of the memory.
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    # The portable code would be timed under the name of the graphs.
    "PYTHONWARNINGS": "error:CUDA graphs are not used",
}
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
    """An error in another process, with its traceback or the end of what the process printed."""

    def __init__(self, words: str, details: str = ""):
        super().__init__(words)
        self.details = details


class Worker:
    """A process whose libraries use a number of threads, and perhaps a GPU and TF32.

    `worker.Desk` has the methods that it can be asked for. If `confined`, it can use as many cores
    as threads only, where the system allows to say so. It is killed if an answer takes longer than
    `limit` seconds, and `late` then.
    """

    def __init__(
        self,
        threads: int,
        accelerated: bool = False,
        tf32: bool = False,
        confined: bool = False,
        limit: float | None = None,
    ):
        path = [os.path.abspath(folder) for folder in sys.path]
        code = f"import sys; sys.path[:] = {path!r}; import {__package__}.worker as w; w.main()"
        if confined and hasattr(os, "sched_setaffinity"):
            # Before the imports, because threads that a library starts have their own affinity.
            mine = sorted(os.sched_getaffinity(0))[:threads]
            code = f"import os; os.sched_setaffinity(0, {mine!r}); {code}"
        self.limit, self.late = limit, False
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
        timer = threading.Timer(self.limit or 0.0, self._give_up)
        timer.daemon = True
        if self.limit is not None:
            timer.start()
        try:
            pickle.dump((method, *arguments), self.process.stdin)
            self.process.stdin.flush()
            answer, *failure = pickle.load(self.process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            words, printed = self._last_words()
            raise WorkerError(words, "\n".join(printed[-20:])) from None
        finally:
            timer.cancel()
        if failure:
            raise WorkerError(*failure)
        return answer

    def dismiss(self) -> None:
        """Let the process end by itself, which lets it end its own."""
        assert self.process.stdin is not None
        # The pipe to a process that ended by itself may still hold a question.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()

    def close(self) -> None:
        """End the process; one that is busy is killed."""
        self.dismiss()
        self._wait()
        for pipe in (self.process.stdout, self.errors):
            pipe.close()  # type: ignore[union-attr] # it was asked for

    def _give_up(self) -> None:
        self.late = True
        if hasattr(signal, "SIGUSR1"):
            self.process.send_signal(signal.SIGUSR1)  # it prints where it is
            time.sleep(0.5)
        self.process.kill()

    def _wait(self) -> int | None:
        """Return the exit code of the process, which is ending; kill it if it does not end."""
        # A driver may hold a process that was killed.
        for _ in range(2):
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.process.wait(LAST)
            self.process.kill()
        return None

    def _last_words(self) -> tuple[str, list[str]]:
        """Return why the process has ended, and what it printed."""
        code = self._wait()
        self.errors.seek(0)
        printed = self.errors.read().decode(errors="replace").strip().splitlines()
        if self.late:
            return f"no answer within {self.limit:g} s", printed
        return (printed[-1] if printed else f"its process ended with code {code}"), printed


class Team:
    """Workers, started when first needed and ended together.

    On a GPU (`accelerated`) each candidate has a process of its own: an error of CUDA spoils all
    that follows in its process. One that took longer than `limit` seconds for an answer is not
    asked again. `note` gets a line for each answer.
    """

    def __init__(
        self,
        accelerated: bool = False,
        tf32: bool = False,
        confined: bool = False,
        limit: float | None = None,
        note: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._how = accelerated, tf32, confined, limit
        self.accelerated, self.tf32, self.note = accelerated, tf32, note
        self._workers: dict[tuple[str, int], Worker] = {}
        self._late: dict[tuple[str, int], str] = {}

    def __enter__(self) -> Team:
        return self

    def __exit__(self, *_: object) -> None:
        self.keep(set())

    def worker(self, name: str, threads: int) -> Worker:
        """Return the process for a library, or a candidate, and a number of threads."""
        key = name, threads
        if key in self._late:
            raise WorkerError(f"{self._late[key]} in an earlier section")
        if key not in self._workers:
            self._workers[key] = Worker(threads, *self._how)
        return self._workers[key]

    def keep(self, wanted: Collection[tuple[str, int]]) -> None:
        """End the other processes, because each holds the samples."""
        ending = [self._workers.pop(key) for key in set(self._workers) - set(wanted)]
        for step in (Worker.dismiss, Worker.close):
            for worker in ending:
                step(worker)

    def drop(self, names: Collection[str]) -> None:
        """End the processes of candidates that failed, so that they begin anew."""
        for key, worker in self._workers.items():
            if key[0] in names and worker.late:
                self._late[key] = f"no answer within {worker.limit:g} s"
        self.keep({key for key in self._workers if key[0] not in names})


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
