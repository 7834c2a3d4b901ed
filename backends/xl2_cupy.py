"""CuPy, on CUDA devices."""

from __future__ import annotations

INSTALL = 'run pip install "xl2[cuda13]" (CUDA 13 drivers) or "xl2[cuda12]" (CUDA 12)'
