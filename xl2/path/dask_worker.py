"""What a worker of a cluster does: it trains a stack, and tells how far it is."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..array.backend import Backend, connect
from ..errors import ClusterError, Face, Kept, facing, keeping_warnings
from ..training.fingerprint import own_version
from .checkpoints import Folder
from .dask_data import on_worker, unpacked
from .fold_data import FoldData
from .members import Members
from .planning import PlannedStack
from .scoring import Scorers
from .settings import DEFAULT_MEMORY, PathSettings
from .train_stacks import SharedProgress, StackTraining

OFTEN = 0.5  # seconds between two reports, and between two questions whether to stop

# The stacks of an accelerator are trained one after another, as on a single machine.
_accelerator = threading.Lock()


@dataclass(frozen=True)
class Task:
    """A stack to train, with all that a worker needs; its arrays travel apart."""

    run: str  # the name of the event that stops it, and of the topic of its reports
    stack: PlannedStack
    library: str
    device: str | None  # None: the worker's own accelerator, if it has one
    settings: PathSettings
    data: FoldData
    scorers: Scorers | None
    keep_parameters: bool
    curves: bool
    checkpoint: tuple[str, float] | None  # the folder, and the epochs between two checkpoints
    face: Face | None  # how messages name options


def memory_of_worker(worker: Any) -> int:
    """Return the bytes that each thread of a worker may use for networks in training.

    Half of its memory is left to the samples, to results and to Python.
    """
    limit = worker.memory_manager.memory_limit
    if not limit:
        return DEFAULT_MEMORY
    return min(DEFAULT_MEMORY, int(limit) // (2 * int(worker.state.nthreads)))


def backend_of_worker(library: str, device: str | None) -> Backend:
    """Return where this worker computes."""
    return connect(library, "auto" if device is None else device)


def train_on_worker(
    text: bytes, arrays: Sequence[Any], version: str
) -> tuple[dict[str, Any] | None, Kept]:
    """Train a stack; return the record of its members, or None if it was stopped, and warnings.

    Raises `ClusterError` if `version` is not this xl2's: the worker joined after the others had
    been checked.
    """
    if version != own_version():
        raise ClusterError(
            f"A worker that joined the cluster has version {own_version()} of xl2, but the path "
            f"was called with version {version}. Install the same version on all machines."
        )
    task = _opened(text, arrays)
    face = contextlib.nullcontext() if task.face is None else facing(task.face)
    with keeping_warnings() as warnings, face:
        backend = backend_of_worker(task.library, task.device)
        with _accelerator if backend.on_accelerator() else contextlib.nullcontext():
            try:
                return _train(task, backend), warnings
            except KeyboardInterrupt:  # raised by the checkpoint once the run is stopped
                return None, warnings


def _opened(text: bytes, arrays: Sequence[Any]) -> Task:
    """Return a task, whose samples may be in a file that only the sender has."""
    from distributed import get_worker

    try:
        task: Task = unpacked(text, arrays)
    except OSError as error:
        raise ClusterError(
            f"The worker {get_worker().address} cannot open a file of the samples: {error}. Files "
            f"have to be on storage that all machines mount under the same name; samples in memory "
            f"are sent."
        ) from None
    return task


def _train(task: Task, backend: Backend) -> dict[str, Any]:
    from distributed import Event, get_worker

    worker, stack = get_worker(), task.stack
    settings = replace(task.settings, backend=backend)
    if settings.max_memory is None:
        settings = replace(settings, max_memory=memory_of_worker(worker))
    data = on_worker(task.data, backend, settings.dtype)
    folder = None
    if task.checkpoint is not None:
        folder = Folder.on_worker(*task.checkpoint, worker.address)
    members = Members(settings, data, task.keep_parameters, task.scorers)
    most = settings.members_at_once() if settings.fits() else 1
    training = StackTraining(settings, folder, task.curves, most, stack.size())
    stop = Event(task.run)
    if stop.is_set():
        raise KeyboardInterrupt

    def stopped() -> bool:
        try:
            return bool(stop.is_set())
        except OSError:  # the scheduler is gone, or busy: save the stack if it can be resumed
            return task.checkpoint is not None

    asked = _Often(stopped)
    report = _Often(lambda: worker.log_event(task.run, (stack.name, progress.epochs)))
    progress = SharedProgress(stack.size(), lambda epochs, earlier: report())

    def running() -> bool:
        return not asked()

    training.train(data, stack, members, training.halving(), progress, running, running)
    return members.part(stack)


class _Often:
    """Calls a function, at most every `OFTEN` seconds; in between its last result holds."""

    def __init__(self, function: Callable[[], Any]):
        self._function, self._result, self._called = function, None, time.monotonic()

    def __call__(self) -> Any:
        if time.monotonic() - self._called >= OFTEN:
            self._result, self._called = self._function(), time.monotonic()
        return self._result
