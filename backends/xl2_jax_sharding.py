"""JAX's devices as the peers of a fit: one program, whose mini-batches are divided among them.

Parameters and samples are on every device. XLA divides the work of a step by the rows of its
mini-batch, and inserts the sums of the gradients.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from xl2.array.peers import Peers


@dataclass(frozen=True)
class Devices(Peers):
    """All devices of a kind, of all processes if `jax.distributed` is initialised."""

    mesh: Any

    @property
    def rank(self) -> int:  # type: ignore[override]
        """The number of this process."""
        import jax

        return int(jax.process_index())

    @property
    def count(self) -> int:  # type: ignore[override]
        """The number of processes."""
        import jax

        return int(jax.process_count())

    def gather(self, value: Any) -> list[Any]:
        """Return what every process passed, by rank."""
        if self.count == 1:
            return [value]
        import json

        import numpy as np
        from jax.experimental.multihost_utils import process_allgather

        text = np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)
        lengths = np.asarray(process_allgather(np.asarray(text.size))).reshape(-1)
        padded = np.zeros(lengths.max(), dtype=np.uint8)
        padded[: text.size] = text
        every = np.asarray(process_allgather(padded)).reshape(self.count, -1)
        return [json.loads(row[:n].tobytes()) for row, n in zip(every, lengths, strict=True)]

    def place(self, backend: Any) -> Any:
        """Return a backend whose arrays are on all devices."""
        return dataclasses.replace(backend, device=self.sharding())

    def home(self, backend: Any) -> Any:
        """Return the backend that the network was on."""
        return backend

    def sharding(self, *axes: str | None) -> Any:
        """Return the place of an array on all devices; without axes the whole is on each."""
        import jax

        return jax.sharding.NamedSharding(self.mesh, jax.sharding.PartitionSpec(*axes))

    def divided(self, x: Any) -> Any:
        """Divide the rows, the axis before the last, of an array in a program."""
        import jax

        if x is None:
            return None
        axes = (*(None for _ in x.shape[:-2]), "rows", None)
        return jax.lax.with_sharding_constraint(x, self.sharding(*axes))

    def whole(self, arrays: Any) -> Any:
        """Let arrays in a program be on every device as a whole."""
        import jax

        return jax.lax.with_sharding_constraint(arrays, self.sharding())


def devices(device: Any) -> Devices:
    """Return the peers: all devices of the platform of a device, or of JAX's default."""
    import jax
    import numpy as np

    found = jax.devices(None if device is None else device.platform)
    return Devices(jax.sharding.Mesh(np.array(found), ("rows",)))


def put(array: Any, where: Any) -> Any:
    """Move a NumPy array to a device, or the whole of it to each of all processes' devices."""
    import jax

    if isinstance(where, jax.sharding.Sharding) and not where.is_fully_addressable:
        return jax.make_array_from_callback(array.shape, where, array.__getitem__)
    return jax.device_put(array, where)
