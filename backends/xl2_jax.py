"""JAX, with a sequence of batches as one compiled scan."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_ALIGNMENT = 64  # bytes
INSTALL = 'run pip install "xl2[jax]"'
FLOAT64 = (
    "choose the dtype float32, or before JAX is first used set the environment variable "
    "JAX_ENABLE_X64=1 or call jax.config.update('jax_enable_x64', True)"
)

START = "it takes all of jax.devices()"


def import_namespace(name: str) -> Any:
    """Return jax.numpy, which is an Array API namespace; compiled programs are kept on disk."""
    import jax.numpy as xp

    from xl2_jax_programs import keep_programs

    keep_programs()
    return xp


def accelerators(xp: Any) -> list[str]:
    """Return the names of the GPUs and TPUs."""
    return [name for name in devices(xp) if not name.startswith("cpu")]


def devices(xp: Any) -> list[str]:
    """Return the names of the default platform's devices, then of the CPUs."""
    return list(dict.fromkeys(map(_name, _every_device())))


def find_device(xp: Any, name: str) -> Any:
    """Return a jax.Device: "cuda" is the first one, "cuda:1" the second."""
    for device in _every_device():
        if _name(device) in (name, f"{name}:0"):
            return device
    raise LookupError(name)


def from_host(xp: Any, array: Any, device: Any) -> Any:
    """Copy a NumPy array to a device; jax.numpy.asarray would compile a program for its shape."""
    import numpy as np

    from xl2_jax_sharding import put

    # JAX 0.10 shares aligned memory in spite of `may_alias=False`. So it gets a copy, which is
    # aligned, for JAX to share instead of copying once more.
    buffer = np.empty(array.nbytes + _ALIGNMENT, np.uint8)
    start = -buffer.ctypes.data % _ALIGNMENT
    copy = buffer[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return put(copy, device)


def to_host(x: Any) -> Any:
    """Move an array to NumPy."""
    import numpy as np

    return np.asarray(x)


def peers(device: Any) -> Any:
    """Return all devices."""
    from xl2_jax_sharding import devices

    return devices(device)


def out_of_memory(error: Exception) -> bool:
    """Recognise XLA's message: all its errors are of one class."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)


@functools.lru_cache(maxsize=256)
def compiled(function: Any, *first: Any) -> Any:
    """Compile a function as one program, where JAX would compile each of its operations."""
    import jax

    return jax.jit(functools.partial(function, *first))


def take_rows(x: Any, rows: Any) -> Any:
    """Gather rows by indices of any shape in one call; on the host if that has them anyway.

    There NumPy is as fast, and JAX would compile a program for every shape.
    """
    import jax
    import jax.numpy as jnp
    import numpy as np

    traced = isinstance(x, jax.core.Tracer) or isinstance(rows, jax.core.Tracer)
    if traced or any(device.platform != "cpu" for device in x.devices()):
        return jnp.take(x, rows, axis=0)
    return _beside(x, np.take(np.asarray(x), np.asarray(rows), axis=0))


def copy_layers(layers: Any) -> Any:
    """Return the arrays themselves: those of JAX never change."""
    from xl2.array.operations import Layer

    return tuple(Layer(*layer) for layer in layers)


def initial_states(optimizer: Any, parameters: Any) -> Any:
    """Make the states on the host, without a program for each kind of network."""
    import jax
    import numpy as np

    from xl2.nn.step import initial_states

    host = jax.tree.map(np.asarray, parameters)
    return tuple(
        tuple(
            jax.tree.map(functools.partial(_beside, parameter), states)
            for parameter, states in zip(layer, own, strict=True)
        )
        for layer, own in zip(parameters, initial_states(optimizer, host), strict=True)
    )


def targets_of(ops: Any, samples: Any, batches: Any) -> Any:
    """Gather targets and weights in one program."""
    count, order = batches.stop - batches.start, batches.order
    return _targets(count)(samples.y, samples.weight, order, batches.start)


def run_batches(
    step: Any, carry: Any, constants: Any, samples: Any, batches: Any, xp: Any
) -> tuple[Any, Any]:
    """Take the steps over batches in one compiled scan, and a shorter last one separately."""
    import numpy as np

    size, rates, number = batches.size, batches.rates, batches.first
    whole = (batches.stop - batches.start) // size
    end = batches.start + whole * size
    order = xp.arange(samples.x.shape[0]) if batches.order is None else batches.order
    reports = []
    for start, stop, count in ((batches.start, end, whole), (end, batches.stop, 1)):
        if start < stop:
            own = np.asarray(rates[:count], dtype=samples.x.dtype)
            numbers = np.arange(number, number + count, dtype=np.int32)
            scan = _scan(step, (stop - start) // count)
            carry, report = scan(carry, constants, samples, order, start, own, numbers)
            reports.append(report)
            rates, number = rates[count:], number + count
    return carry, reports[0] if len(reports) == 1 else xp.concat(reports, axis=-2)


@functools.lru_cache(maxsize=64)
def _scan(step: Any, size: int) -> Callable[..., Any]:
    """Compile a scan of a step over batches of a size; equal steps share the compiled function."""
    import jax
    import jax.numpy as jnp

    from xl2.nn.step import Batch, beside_members

    def scan(
        carry: Any, constants: Any, samples: Any, order: Any, start: Any, rates: Any, numbers: Any
    ) -> Any:
        rows = jax.lax.dynamic_slice_in_dim(order, start, len(rates) * size, axis=-1)
        rows = jnp.moveaxis(jnp.reshape(rows, (*order.shape[:-1], len(rates), size)), -2, 0)

        def one(carry: Any, which: Any) -> Any:
            chosen, rate, number = which
            x, y, weight = (None if a is None else a[chosen] for a in samples)
            if step.peers is not None:
                x, y, weight = map(step.peers.divided, (x, y, weight))
            batch = Batch(x, beside_members(y), beside_members(weight), rate, number)
            after = step(carry, constants, batch)
            return after if step.peers is None else step.peers.whole(after)

        carry, reports = jax.lax.scan(one, carry, (rows, rates, numbers))
        # (steps, ..., rows, columns) to (..., steps * rows, columns)
        reports = jnp.moveaxis(reports, 0, -3)
        return carry, jnp.reshape(reports, (*reports.shape[:-3], -1, reports.shape[-1]))

    compiled: Callable[..., Any] = jax.jit(scan)
    return compiled


@functools.lru_cache(maxsize=64)
def _targets(count: int) -> Callable[..., Any]:
    """Compile the gathering of the targets of a number of samples."""
    import jax
    import jax.numpy as jnp

    from xl2.nn.step import beside_members

    def targets(y: Any, weight: Any, order: Any, start: Any) -> Any:
        def part(a: Any) -> Any:
            if a is None:
                return None
            if order is None:
                return jax.lax.dynamic_slice_in_dim(a, start, count)
            rows = jax.lax.dynamic_slice_in_dim(order, start, count, axis=-1)
            return beside_members(jnp.take(a, rows, axis=0))

        return part(y), part(weight)

    compiled: Callable[..., Any] = jax.jit(targets)
    return compiled


def _beside(x: Any, array: Any) -> Any:
    """Move a new NumPy array to the device of `x`, as much bound to it as `x` is."""
    from xl2_jax_sharding import put

    return put(array, x.sharding if x.committed else None)


def _every_device() -> list[Any]:
    import jax

    return [*jax.devices(), *jax.devices("cpu")]


def _name(device: Any) -> str:
    if device.platform == "cpu" and device.id == 0:
        return "cpu"
    platform = "cuda" if device.platform == "gpu" else device.platform
    return f"{platform}:{device.id}"
