"""Jobs side by side, in threads, where the library leaves cores or devices free."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextvars import copy_context
from typing import TypeVar

from ..errors import blame_in_threads, calling_frame
from .interrupts import Interrupts
from .libraries import Library

Job = TypeVar("Job")
Device = TypeVar("Device")


def side_by_side(
    library: Library,
    workers: int,
    work: Callable[[Device, Job, Callable[[], bool]], None],
    jobs: Sequence[Job],
    devices: Sequence[Device],
) -> None:
    """Do jobs, `workers` at a time on each device, each on one thread.

    Each is done by ``work(device, job, wanted)``, which should return soon once ``wanted()`` is
    False. Give the longest jobs first. The first error that a job raises, or an interrupt, is
    raised after the others have stopped.
    """
    threads, caller = workers * len(devices), calling_frame()
    if threads == 1 or len(jobs) == 1:
        for job in jobs:
            work(devices[0], job, lambda: True)
        return
    stop = threading.Event()
    free: queue.SimpleQueue[Device] = queue.SimpleQueue()
    for device in [*devices] * workers:
        free.put(device)

    def take(job: Job) -> None:
        device = free.get()  # there is one for each thread: this never waits
        try:
            work(device, job, lambda: not stop.is_set())
        finally:
            free.put(device)

    with library.threads(), ThreadPoolExecutor(threads) as pool:
        running: list[Future[None]] = []
        try:
            # A thread has no context of its own: messages would name Python's options there, and
            # warnings blame no line of the user.
            contexts = [copy_context() for _ in jobs]
            for context in contexts:
                context.run(blame_in_threads, caller)
            # If the start of a thread were interrupted, the pool would not wait for it.
            with Interrupts():
                pairs = zip(contexts, jobs, strict=True)
                running += [pool.submit(context.run, take, job) for context, job in pairs]
            for done in as_completed(running):
                done.result()
        except BaseException:
            stop.set()
            for one in running:
                one.cancel()
            raise
