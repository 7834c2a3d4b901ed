"""Training several stacks side by side, where the library leaves cores free."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from .generic import Library

Job = TypeVar("Job")


def side_by_side(
    library: Library,
    workers: int,
    work: Callable[[Job, Callable[[], bool]], None],
    jobs: Sequence[Job],
) -> None:
    """Do jobs, several at a time.

    Parameters
    ----------
    library : Library
        Whose products the jobs consist of; each job's run on one thread.
    workers : int
        How many at a time.
    work : callable
        ``work(job, wanted)``; it is to return soon once ``wanted()`` is False.
    jobs : sequence
        The jobs, the longest first where that is known.

    Raises
    ------
    Exception
        The first that a job raised, or an interrupt, after the others have stopped.
    """
    if workers == 1 or len(jobs) == 1:
        for job in jobs:
            work(job, lambda: True)
        return
    stop = threading.Event()
    with library.threads(), ThreadPoolExecutor(workers) as pool:
        running = [pool.submit(work, job, lambda: not stop.is_set()) for job in jobs]
        try:
            for done in as_completed(running):
                done.result()
        except BaseException:
            stop.set()
            for one in running:
                one.cancel()
            raise
