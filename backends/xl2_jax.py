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


def run_batches(
    step: Any, carry: Any, coefficients: Any, x: Any, y: Any, batches: Any, xp: Any
) -> tuple[Any, Any]:
    """Take all steps over whole batches in one compiled scan, and a short last one by itself."""
    whole = (batches.stop - batches.start) // batches.size
    end = batches.start + whole * batches.size
    order = xp.arange(x.shape[0]) if batches.order is None else batches.order
    lead = order.shape[:-1]
    pieces = []
    if whole:
        rows = xp.reshape(order[..., batches.start : end], (*lead, whole, batches.size))
        rows = xp.moveaxis(rows, -2, 0)
        rates = xp.asarray(batches.rates[:whole], dtype=x.dtype)
        carry, logits = _scan(step)(carry, coefficients, x, y, rows, rates)
        pieces.append(logits)
    if end < batches.stop:
        rows = order[None, ..., end : batches.stop]
        rates = xp.asarray(batches.rates[whole:], dtype=x.dtype)
        carry, logits = _scan(step)(carry, coefficients, x, y, rows, rates)
        pieces.append(logits)
    return carry, pieces[0] if len(pieces) == 1 else xp.concat(pieces, axis=-2)


@functools.lru_cache(maxsize=64)
def _scan(step: Any) -> Callable[..., Any]:
    """Compile a scan of a step; equal steps share what was compiled."""
    import jax
    import jax.numpy as jnp

    from xl2.step import beside_members

    def scan(carry: Any, coefficients: Any, x: Any, y: Any, rows: Any, rates: Any) -> Any:
        def one(carry: Any, batch: Any) -> Any:
            chosen, rate = batch
            return step(carry, coefficients, x[chosen], beside_members(y[chosen]), rate)

        carry, logits = jax.lax.scan(one, carry, (rows, rates))
        # (steps, ..., batch, outputs) to (..., steps * batch, outputs)
        logits = jnp.moveaxis(logits, 0, -3)
        return carry, jnp.reshape(logits, (*logits.shape[:-3], -1, logits.shape[-1]))

    compiled: Callable[..., Any] = jax.jit(scan)
    return compiled


def _name(device: Any) -> str:
    if device.platform == "cpu" and device.id == 0:
        return "cpu"
    platform = "cuda" if device.platform == "gpu" else device.platform
    return f"{platform}:{device.id}"
