"""Pictures as files."""

from __future__ import annotations

import io
from typing import Any


def drawn(path: Any, kind: str) -> bytes:
    """Return the picture of a path as a file of a kind: png, svg or pdf."""
    from matplotlib.figure import Figure

    figure, file = Figure(figsize=(7.2, 4.4), layout="constrained"), io.BytesIO()
    path.plot(figure.add_subplot())
    figure.savefig(file, dpi=150, format=kind)
    return file.getvalue()
