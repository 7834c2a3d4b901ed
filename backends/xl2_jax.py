"""JAX: a whole run of batches as one compiled scan."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

INSTALL = 'run pip install "xl2[jax]"'
FLOAT64 = (
    "set JAX_ENABLE_X64=1 in the environment, or call jax.config.update('jax_enable_x64', True) "
    "before JAX is first used; or choose dtype='float32'"
)


def import_namespace(name: str) -> Any:
    """Return jax.numpy, which is an Array API namespace."""
    import jax.numpy as xp

    return xp


def accelerators(xp: Any) -> list[str]:
    """Name the GPUs and TPUs."""
    return [name for name in devices(xp) if not name.startswith("cpu")]


def devices(xp: Any) -> list[str]:
    """Name the devices of JAX's default platform, then the CPU."""
    import jax

    found = [*jax.devices(), *jax.devices("cpu")]
    return list(dict.fromkeys(_name(device) for device in found))


def find_device(xp: Any, name: str) -> Any:
    """Return a jax.Device: "cuda" is the first one, "cuda:1" the second."""
    import jax

    for device in [*jax.devices(), *jax.devices("cpu")]:
        if _name(device) in (name, f"{name}:0"):
            return device
    raise LookupError(name)


def to_host(x: Any) -> Any:
    """Move an array to NumPy."""
    import numpy as np

    return np.asarray(x)


def out_of_memory(error: Exception) -> bool:
    """Tell by XLA's word for it: its errors are of one class."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)


def run_batches(
    step: Any, carry: Any, constants: Any, samples: Any, batches: Any, xp: Any
) -> tuple[Any, Any]:
    """Take all steps over whole batches in one compiled scan, and a short last one by itself."""
    whole = (batches.stop - batches.start) // batches.size
    end = batches.start + whole * batches.size
    order = xp.arange(samples.x.shape[0]) if batches.order is None else batches.order
    lead = order.shape[:-1]
    reports = []
    if whole:
        rows = xp.reshape(order[..., batches.start : end], (*lead, whole, batches.size))
        rows = xp.moveaxis(rows, -2, 0)
        steps = _steps(samples, rows, batches.rates[:whole], batches.first, xp)
        carry, report = _scan(step)(carry, constants, samples, *steps)
        reports.append(report)
    if end < batches.stop:
        rows = order[None, ..., end : batches.stop]
        steps = _steps(samples, rows, batches.rates[whole:], batches.first + whole, xp)
        carry, report = _scan(step)(carry, constants, samples, *steps)
        reports.append(report)
    return carry, reports[0] if len(reports) == 1 else xp.concat(reports, axis=-2)


def _steps(samples: Any, rows: Any, rates: Any, first: int, xp: Any) -> tuple[Any, Any, Any]:
    """Return the rows, the rate and the number of each step."""
    numbers = xp.arange(first, first + len(rates), dtype=xp.int32)
    return rows, xp.asarray(rates, dtype=samples.x.dtype), numbers


@functools.lru_cache(maxsize=64)
def _scan(step: Any) -> Callable[..., Any]:
    """Compile a scan of a step; equal steps share what was compiled."""
    import jax
    import jax.numpy as jnp

    from xl2.nn.step import Batch, beside_members

    def scan(carry: Any, constants: Any, samples: Any, rows: Any, rates: Any, numbers: Any) -> Any:
        def one(carry: Any, which: Any) -> Any:
            chosen, rate, number = which
            x, y, weight = (None if a is None else a[chosen] for a in samples)
            batch = Batch(x, beside_members(y), beside_members(weight), rate, number)
            return step(carry, constants, batch)

        carry, reports = jax.lax.scan(one, carry, (rows, rates, numbers))
        # (steps, ..., rows, columns) to (..., steps * rows, columns)
        reports = jnp.moveaxis(reports, 0, -3)
        return carry, jnp.reshape(reports, (*reports.shape[:-3], -1, reports.shape[-1]))

    compiled: Callable[..., Any] = jax.jit(scan)
    return compiled


def _name(device: Any) -> str:
    if device.platform == "cpu" and device.id == 0:
        return "cpu"
    platform = "cuda" if device.platform == "gpu" else device.platform
    return f"{platform}:{device.id}"
