"""The Dask cluster that `--dask` names: a scheduler's, or processes of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from typing import Any

from ..errors import ClusterError, InputError
from ..io.opening import needed
from ..path.dask_checks import HOW, PATIENCE


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect to the scheduler at an address, or start workers here: "local:4" for four.

    Raises `ClusterError` if nobody answers.
    """
    distributed = needed("distributed", "A cluster", "dask")
    if address == "local" or address.startswith("local:"):
        with _local(distributed, address) as client:
            yield client
        return
    # A client that cannot connect takes a long time to close, so it is not made before.
    try:
        kind = asyncio.run(_kind_of(address))
    except Exception as error:  # whatever listens there, or nothing
        raise ClusterError(
            f"No scheduler of Dask answers at {address!r} ({type(error).__name__}). {HOW}. --dask "
            f"local:4 starts four workers on this machine instead."
        ) from None
    if kind != "Scheduler":
        raise ClusterError(f"At {address!r} is a {kind.lower()} of Dask. Pass its scheduler's.")
    with distributed.Client(address, timeout=PATIENCE, set_as_default=False) as client:
        yield client


async def _kind_of(address: str) -> str:
    """Ask what of Dask is at an address."""
    from distributed import Security
    from distributed.core import rpc

    arguments = Security().get_connection_args("client")
    async with rpc(address, timeout=PATIENCE, connection_args=arguments) as there:
        return str((await asyncio.wait_for(there.identity(), PATIENCE))["type"])


@contextlib.contextmanager
def _local(distributed: Any, address: str) -> Iterator[Any]:
    _, _, count = address.partition(":")
    if count and not (count.isdecimal() and int(count) > 0):
        raise InputError(
            f"--dask local:4 starts four workers on this machine. Received: {address!r}."
        )
    with (
        distributed.LocalCluster(
            n_workers=int(count) if count else None,
            threads_per_worker=1,
            dashboard_address=":0",
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        # Ctrl-C in a terminal goes to its processes too. They are told to save, and then to end.
        client.register_worker_callbacks(setup=_ignore_interrupts)
        yield client


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
