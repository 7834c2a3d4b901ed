"""The processes of a simulated cluster: ``scheduler``, or ``workers ADDRESS COUNT``."""

from __future__ import annotations

import asyncio
import sys
import time

# What each worker does beside its tasks, which hundreds of them would do in one process.
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "1h",
}


def sleep(seconds: float, size: int, number: int) -> bytes:
    """Be a stack that takes some seconds and returns some bytes."""
    time.sleep(seconds)
    return bytes(size)


async def run_scheduler() -> None:
    """Run a scheduler, and print its address."""
    from distributed import Scheduler

    async with Scheduler(dashboard_address=":0", host="127.0.0.1", port=0) as scheduler:
        print(scheduler.address, flush=True)
        await scheduler.finished()


async def run_workers(address: str, count: int) -> None:
    """Run workers with a thread each."""
    import dask
    from distributed import Worker

    with dask.config.set(QUIET):
        options = {"nthreads": 1, "memory_limit": None, "dashboard_address": ":0"}
        workers = [Worker(address, **options) for _ in range(count)]
        await asyncio.gather(*workers)
        await asyncio.gather(*(worker.finished() for worker in workers))


if __name__ == "__main__":
    if sys.argv[1] == "scheduler":
        asyncio.run(run_scheduler())
    else:
        asyncio.run(run_workers(sys.argv[2], int(sys.argv[3])))
