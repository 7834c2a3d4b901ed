"""Training several stacks side by side, where the library leaves cores or devices free."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TypeVar

from .generic import Library
from .interrupts import Interrupts

Job = TypeVar("Job")
Place = TypeVar("Place")


def side_by_side(
    library: Library,
    workers: int,
    work: Callable[[Place, Job, Callable[[], bool]], None],
    jobs: Sequence[Job],
    places: Sequence[Place],
) -> None:
    """Do jobs, several at a time.

    Parameters
    ----------
    library : Library
        Whose products the jobs consist of; each job's run on one thread.
    workers : int
        How many at a time in each place.
    work : callable
        ``work(place, job, wanted)``; it is to return soon once ``wanted()`` is False.
    jobs : sequence
        The jobs, the longest first where that is known.
    places : sequence
        Where they can be done, such as devices.

    Raises
    ------
    Exception
        The first that a job raised, or an interrupt, after the others have stopped.
    """
    threads = workers * len(places)
    if threads == 1 or len(jobs) == 1:
        for job in jobs:
            work(places[0], job, lambda: True)
        return
    stop = threading.Event()
    free: queue.SimpleQueue[Place] = queue.SimpleQueue()
    for place in [*places] * workers:
        free.put(place)

    def take(job: Job) -> None:
        # There is a place for each thread: nobody waits.
        place = free.get()
        try:
            work(place, job, lambda: not stop.is_set())
        finally:
            free.put(place)

    with library.threads(), ThreadPoolExecutor(threads) as pool:
        running: list[Future[None]] = []
        try:
            # A pool does not know, and does not wait for, a thread whose start is interrupted.
            with Interrupts():
                running += [pool.submit(take, job) for job in jobs]
            for done in as_completed(running):
                done.result()
        except BaseException:
            stop.set()
            for one in running:
                one.cancel()
            raise
