"""JAX: the whole run of batches as one compiled scan."""

from __future__ import annotations

INSTALL = 'run pip install "xl2[jax]"'
