"""Checks of a Dask cluster before a path is sent to it, each with a message that helps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ClusterError, InputError
from ..io.opening import needed
from ..training.fingerprint import own_version
from .dask_worker import backend_of_worker, memory_of_worker

PATIENCE = 5.0  # seconds to wait for a scheduler, for workers, or until these have saved
HOW = "`dask scheduler` starts one, and `dask worker ADDRESS` on each machine its workers"
# It can be asked on any worker: evaluating text needs no function of xl2 there.
VERSION = "__import__('xl2.training.fingerprint', fromlist=['fingerprint']).own_version()"


def check_client(client: Any) -> None:
    """Refuse what is not a connected client of Dask that waits for its results."""
    distributed = needed("distributed", "A cluster", "dask")
    if not isinstance(client, distributed.Client) or client.asynchronous:
        kind = "an asynchronous Client" if isinstance(client, distributed.Client) else repr(client)
        raise InputError(
            f"client must be a dask.distributed.Client, as Client('tcp://HOST:8786') makes it. "
            f"Received: {kind}."
        )
    if client.status != "running":
        raise ClusterError(
            f"The client of Dask is {client.status}, not connected to a scheduler. {HOW}."
        )


def check_workers(client: Any, library: str, device: str | None) -> int:
    """Return the memory of the smallest worker, in bytes for each thread; see `Cluster`.

    Raises `ClusterError` if there is no worker, or for the first that has another version of xl2,
    or on which the library does not work.
    """
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise ClusterError(
            f"The scheduler at {client.scheduler.address} has no workers. `dask worker "
            f"{client.scheduler.address}` starts one; Client.wait_for_workers waits for more."
        ) from None
    own = own_version()
    for worker, version in _ask(client, eval, VERSION).items():
        if version != own:
            there = f"version {version}" if isinstance(version, str) else f"none ({version})"
            raise ClusterError(
                f"The worker {worker} has another xl2: {there}; here it is version {own}. Install "
                f"the same version on all machines of the cluster."
            )
    memory = []
    for worker, answer in _ask(client, _describe, library, device).items():
        if isinstance(answer, BaseException):
            raise ClusterError(f"The worker {worker} cannot compute: {answer}")
        memory.append(answer)
    return int(min(memory))


def _ask(client: Any, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    """Return what a function returns or raises on each worker, without those that just died."""
    found = client.run(function, *arguments, on_error="return")
    alive = {worker: one for worker, one in found.items() if not isinstance(one, OSError)}
    return alive or found


def _describe(library: str, device: str | None, dask_worker: Any = None) -> int:
    """Return the memory of a worker on which a library works."""
    backend_of_worker(library, device)
    return memory_of_worker(dask_worker)
