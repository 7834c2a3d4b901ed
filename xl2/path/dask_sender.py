"""Sending tasks to the workers of a Dask cluster, and their arrays once."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable
from typing import Any

from ..array.switch import to_numpy
from ..training.fingerprint import own_version
from .dask_data import packed
from .dask_worker import Task, train_on_worker

TRIES = 6  # how often arrays are sent, if workers die meanwhile


class Sender:
    """Sends tasks by a client; arrays go to two workers, and the others get them from these."""

    def __init__(self, client: Any):
        self.client, self._lock = client, threading.Lock()
        self._sent: dict[int, tuple[Any, Any]] = {}  # arrays by identity, and their futures
        self._made: dict[Any, tuple[Any, Any]] = {}  # arrays, and what was made of them

    def submit(self, task: Task, priority: int) -> Any:
        """Send a task, and its arrays that were not sent yet, or were lost; return a future."""
        text, arrays = packed(task)
        with self._lock:
            if lacking := [a for a in arrays if not self._is_there(a)]:
                for array, future in zip(lacking, self._scattered(lacking), strict=True):
                    self._sent[id(array)] = array, future
            sent = [self._sent[id(a)][1] for a in arrays]
        return self.client.submit(
            train_on_worker,
            text,
            sent,
            own_version(),
            key=f"xl2-stack-{uuid.uuid4().hex}",
            priority=priority,
        )

    def _scattered(self, arrays: list[Any]) -> list[Any]:
        """Return futures of arrays; if a worker dies while it is sent one, they are sent again."""
        host = [*map(to_numpy, arrays)]
        for left in reversed(range(TRIES)):
            try:
                futures = list(self.client.scatter(host, hash=False))
                break
            except OSError:
                if not left or self.client.status != "running":
                    raise
        if len(self.client.nthreads()) > 1:
            # What only a worker that dies has would be lost, and all that depends on it. If one
            # dies now, Dask may raise a ValueError.
            with contextlib.suppress(OSError, ValueError):
                self.client.replicate(futures, n=2)
        return futures

    def _is_there(self, array: Any) -> bool:
        return id(array) in self._sent and self._sent[id(array)][1].status == "finished"

    def forget(self, array: Any) -> None:
        """Let the workers forget an array, and what was made of it."""
        with self._lock:
            made = [at for at in self._made if at[1] == id(array)]
            for one in (array, *(self._made.pop(at)[1] for at in made)):
                self._sent.pop(id(one), None)

    def once(self, function: Callable[..., Any], array: Any, *numbers: int) -> Any:
        """Return ``function(array, *numbers)``, the same object each time: it is sent once."""
        at = (function, id(array), numbers)
        with self._lock:
            if at not in self._made:
                self._made[at] = array, function(array, *numbers)
            return self._made[at][1]
