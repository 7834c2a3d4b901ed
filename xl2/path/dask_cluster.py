"""Training the stacks of a path on the workers of a Dask cluster."""

from __future__ import annotations

import contextlib
import queue
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..array.backend import Backend, connect
from ..errors import ClusterError, Kept, XL2Error, counted, current_face, option, warn_caller
from .dask_checks import PATIENCE, check_client, check_workers
from .dask_data import data_of
from .dask_sender import Sender
from .dask_worker import Task
from .fold_data import FoldData
from .members import Members
from .planning import PlannedStack
from .train_stacks import SharedProgress, StackTraining

# How often a stack is sent whose worker dies; Dask itself tries four times for each.
TRIES = 6
WHOLE = 2  # of these, before the stack is halved: its worker may lack memory
LOOK = 0.2  # seconds between two looks at the client


class Cluster:
    """The workers of a `distributed.Client`, which have this xl2 and its array library.

    `device` is a name, or None if each worker may choose its own accelerator. `memory` is what each
    thread of the smallest worker has for networks in training, in bytes.
    """

    def __init__(self, client: Any, library: str, device: str | None):
        check_client(client)
        self._library, self._device = library, device
        self.memory = check_workers(client, library, device)
        self.sender = Sender(client)

    def threads(self) -> int:
        """Return how many stacks can be trained side by side."""
        return max(1, sum(map(int, self.sender.client.nthreads().values())))

    def train(
        self,
        training: StackTraining,
        data: FoldData,
        stacks: list[PlannedStack],
        members: Members,
        advance: Callable[[int], Any],
        wanted: Callable[[], bool],
    ) -> None:
        """Train stacks and record their members; it ends early once ``wanted()`` is False."""
        _Training(self, training, data, stacks, members, advance).finish(wanted)

    def forget(self, data: FoldData) -> None:
        """Let the workers forget the inputs of samples that are not trained on again."""
        for x in (data.training.samples.x, *(fold.x for fold in data.folds)):
            self.sender.forget(x)

    def task(self, training: StackTraining, data: FoldData, members: Members, run: str) -> Task:
        """Return a task without its stack and samples."""
        return Task(
            run=run,
            stack=PlannedStack([], []),
            library=self._library,
            device=self._device,
            settings=replace(training.settings, cluster=None, backend=connect("numpy")),
            data=data,
            scorers=members.scorers,
            keep_parameters=members.parameters is not None,
            curves=training.curves,
            checkpoint=None if training.folder is None else training.folder.of_workers(),
            face=current_face(),
        )


class _Training:
    """The stacks of one call of `Cluster.train`, from the first that is sent to the last result."""

    def __init__(
        self,
        cluster: Cluster,
        training: StackTraining,
        data: FoldData,
        stacks: list[PlannedStack],
        members: Members,
        advance: Callable[[int], Any],
    ):
        self._sender, self._client = cluster.sender, cluster.sender.client
        self._training, self._data = training, data
        self._members, self._epochs = members, training.settings.epochs
        self._run = f"xl2-{uuid.uuid4().hex}"
        self._task = cluster.task(training, data, members, self._run)
        self._waiting: dict[str, tuple[Any, PlannedStack]] = {}  # by the keys of the futures
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._tries: dict[str, int] = {}
        self._progress = {s.name: SharedProgress(s.size(), advance) for s in stacks}
        self._stacks, self._warned, self._lost = stacks, set[str](), 0.0
        self._stopped = False

    def finish(self, wanted: Callable[[], bool]) -> None:
        """Send all stacks and record what comes back."""
        from distributed import Event

        stop = Event(self._run, client=self._client)
        with self._reports():
            try:
                for number, stack in enumerate(self._stacks):
                    self._send(stack, -number)
                while self._waiting:
                    if not self._stopped and not wanted():
                        stop.set()
                        self._stopped = True
                    self._look()
                if self._stopped:
                    stop.clear()  # which the scheduler would keep
            except BaseException as error:
                self._give_up(stop)
                if isinstance(error, OSError) and self._client.status != "running":
                    raise self._gone() from None
                raise

    def _send(self, stack: PlannedStack, priority: int = 0) -> None:
        data = data_of(self._data, {f for f, _ in stack.groups}, self._sender.once)
        future = self._sender.submit(replace(self._task, stack=stack, data=data), priority)
        self._waiting[future.key] = future, stack
        future.add_done_callback(self._done.put)

    def _look(self) -> None:
        """Wait for a result or a report, not for long, and act on it."""
        try:
            future = self._done.get(timeout=LOOK)
        except queue.Empty:
            self._check_connection()
            return
        if isinstance(future, Sequence):  # a report
            name, epochs = future
            for _, stack in self._waiting.values():
                if stack.name == name:
                    self._reached(stack, epochs)
            return
        if future.key not in self._waiting:
            return
        _, stack = self._waiting.pop(future.key)
        if future.status == "finished":
            self._record(stack, *future.result())
        elif future.status == "error":
            self._failed(stack, future.exception())
        else:  # its samples were on a worker that died
            self._again(stack)

    def _record(self, stack: PlannedStack, part: Any, warnings: Kept) -> None:
        for text, category in warnings:
            if text not in self._warned:
                self._warned.add(text)
                warn_caller(text, category)
        if part is not None:
            self._members.put(stack, part)
            self._reached(stack, self._epochs)
        elif not self._stopped:  # it saved the stack because it could not ask the scheduler
            self._again(stack)

    def _failed(self, stack: PlannedStack, error: BaseException) -> None:
        from distributed.scheduler import KilledWorker

        if isinstance(error, XL2Error) or not isinstance(error, KilledWorker | OSError):
            raise error
        tries = self._tries[stack.name] = self._tries.get(stack.name, 0) + 1
        folder = self._training.folder
        # With `patience`, what a stack is made of decides which lambdas are dropped.
        whole = self._training.settings.patience is not None
        whole = whole or (folder is not None and folder.has(stack))
        halves = [] if whole else stack.halves()
        if tries >= WHOLE and halves:
            self._reached(stack, 0)
            for half in halves:
                self._send(half)
        elif tries < TRIES:
            self._again(stack)
        else:
            raise ClusterError(
                f"The workers that trained {counted(stack.size(), 'network')} at once died each of "
                f"{TRIES} times: {error}. If they lack memory, give each more, or fewer threads."
            )

    def _again(self, stack: PlannedStack) -> None:
        self._reached(stack, 0)
        self._send(stack)

    def _reached(self, stack: PlannedStack, epochs: int) -> None:
        self._progress[stack.name.partition("-")[0]].reach(stack, epochs)

    def _check_connection(self) -> None:
        """Send again what a scheduler that restarted has lost; raise if there is none any more."""
        client = self._client
        if client.status == "running":
            self._lost = 0.0
            for future, stack in list(self._waiting.values()):
                if future.status == "lost":
                    del self._waiting[future.key]
                    self._again(stack)
            return
        self._lost = self._lost or time.monotonic()
        if client.status != "closed" and time.monotonic() - self._lost < PATIENCE:
            return
        raise self._gone()

    def _gone(self) -> ClusterError:
        folder = self._training.folder
        kept = (
            f"Start one, and do the same again, with {option('resume', True)} if it had "
            f"{option('checkpoint')}."
        )
        if folder is not None:
            kept = (
                f"What was trained until the last checkpoints is in {str(folder.path)!r}: to go "
                f"on, do the same with {option('resume', True)}."
            )
        return ClusterError(f"The scheduler of the cluster does not answer any more. {kept}")

    @contextlib.contextmanager
    def _reports(self) -> Iterator[None]:
        """Show the progress that workers report."""
        client = self._client
        # Called in the thread of the client, but only one thread may change what is known here.
        client.subscribe_topic(self._run, lambda event: self._done.put(event[1]))
        try:
            yield
        finally:
            if client.status == "running":
                client.unsubscribe_topic(self._run)

    def _give_up(self, stop: Any) -> None:
        """Let workers save what they have, and forget the rest."""
        client = self._client
        if client.status != "running":
            return
        with contextlib.suppress(Exception):
            stop.set()
            ends = time.monotonic() + PATIENCE
            if self._task.checkpoint is not None:
                while time.monotonic() < ends and self._unfinished():
                    time.sleep(LOOK)
            client.cancel([future for future, _ in self._waiting.values()], force=True)

    def _unfinished(self) -> bool:
        return any(future.status == "pending" for future, _ in self._waiting.values())


def cluster_of(client: Any, backend: Backend, device_is_open: bool) -> Cluster | None:
    """Return the cluster of a path's `client`; each worker chooses a device that is open."""
    if client is None:
        return None
    return Cluster(client, backend.name, None if device_is_open else backend.device_name())
