"""PyTorch's process group as the peers of a fit: each process passes a part of a mini-batch."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from xl2.array.peers import Peers
from xl2.errors import BackendError, InputError, PeerError, option

# Numbers of an array that is summed alone; smaller ones are joined, because each sum has to wait
# for an answer of the other processes.
ALONE = 2**15

_made: Any = None  # the process group that xl2 made, of which each process has its own GPU


class Processes(Peers):
    """The default process group."""

    def __init__(self, device: Any, own: bool):
        import torch.distributed as dist

        self.rank, self.count = dist.get_rank(), dist.get_world_size()
        self.parts = self.count
        self._device, self._own = device, own

    def all_sum(self, arrays: Iterable[Any]) -> list[Any]:
        """Sum in place: large arrays while the next ones are computed, small ones together."""
        import torch
        import torch.distributed as dist

        found, begun, small = [], [], []
        for array in arrays:  # which computes it, and may fail without another process's fault
            found.append(array)
            if array.numel() < ALONE or not array.is_contiguous():
                small.append(array)
            elif self.count > 1:
                with self._lost():
                    begun.append(dist.all_reduce(array, async_op=True))
        with self._lost():
            if small and self.count > 1:
                joined = torch.cat([array.reshape(-1) for array in small])
                dist.all_reduce(joined)
                sums = joined.split([array.numel() for array in small])
                for array, total in zip(small, sums, strict=True):
                    array.copy_(total.reshape(array.shape))
            for work in begun:
                work.wait()
        return found

    def gather(self, value: Any) -> list[Any]:
        """Return what every process passed, by rank."""
        import torch
        import torch.distributed as dist

        # As JSON: PyTorch's own way unpickles what arrives.
        own = torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)
        length = torch.tensor([own.numel()], device=self._device)
        with self._lost():
            lengths = [torch.empty_like(length) for _ in range(self.count)]
            dist.all_gather(lengths, length)
            sizes = [int(one) for one in lengths]
            padded = torch.zeros(max(sizes), dtype=torch.uint8, device=self._device)
            padded[: own.numel()] = own.to(self._device)
            every = [torch.empty_like(padded) for _ in sizes]
            dist.all_gather(every, padded)
        texts = [one[:size].cpu().numpy() for one, size in zip(every, sizes, strict=True)]
        return [json.loads(text.tobytes()) for text in texts]

    def place(self, backend: Any) -> Any:
        """Return a backend on this process's own GPU, if xl2 made the process group."""
        if not (self._own and self._device.type == "cuda"):
            return backend
        return dataclasses.replace(backend, device=self._device)

    @contextlib.contextmanager
    def _lost(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            first = str(error).strip().partition("\n")[0]
            raise PeerError(
                f"Process {self.rank} of {self.count} has lost another one: {first} Look at what "
                f"the others wrote last: one ended, failed, or took longer than the process "
                f"group's timeout. Then start all of them again; with {option('checkpoint')} and "
                f"{option('resume', True)} they continue from the last checkpoint."
            ) from error


def processes(device: Any, start: str) -> Processes:
    """Return the peers by the default process group, which is made as torchrun asks for it.

    `start` says how to start the processes.
    """
    import torch
    import torch.distributed as dist

    global _made
    device = torch.empty(0).device if device is None else device
    if not dist.is_available():
        raise BackendError("This build of PyTorch has no torch.distributed. Install another one.")
    if device.type not in ("cpu", "cuda"):
        raise BackendError(
            f"torch.distributed does not sum arrays of the device {device}. Choose "
            f"{option('device', 'cpu')} or {option('device', 'cuda')}."
        )
    if not dist.is_initialized():
        _join(device, start)
        _made = dist.group.WORLD
    own = dist.group.WORLD is _made
    if own and device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    return Processes(device, own)


def _join(device: Any, start: str) -> None:
    """Make the default process group, as torchrun asks for it."""
    import torch
    import torch.distributed as dist

    missing = [name for name in ("RANK", "WORLD_SIZE") if name not in os.environ]
    if missing:
        raise InputError(
            f"{option('distributed', True)} found no other processes: {' and '.join(missing)} "
            f"{'are' if missing[1:] else 'is'} not set. To start them, {start}; or call "
            f"torch.distributed.init_process_group before fit."
        )
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
    try:
        dist.init_process_group("gloo" if device.type == "cpu" else "cpu:gloo,cuda:nccl")
    except (RuntimeError, ValueError) as error:
        at = ":".join(os.environ.get(name, "?") for name in ("MASTER_ADDR", "MASTER_PORT"))
        raise PeerError(
            f"Process {os.environ['RANK']} of {os.environ['WORLD_SIZE']} did not meet the others "
            f"at {at}: {str(error).strip().partition(chr(10))[0]} Check that all were started, and "
            f"that the address is that of the first machine."
        ) from error
    atexit.register(_leave)


def _leave() -> None:
    import torch.distributed as dist

    global _made
    _made = None  # else the group's threads live until Python ends, and abort it
    if dist.is_initialized():
        dist.destroy_process_group()
