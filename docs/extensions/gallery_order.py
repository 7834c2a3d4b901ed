"""The order of the examples in the gallery: what most people look for first."""

from __future__ import annotations

from pathlib import Path

ORDER = [
    "lesson_mnist",
    "lesson_cats",
    "spreadsheet",
    "rare_illness",
    "regression_intervals",
    "groups",
    "sklearn_dropin",
    "four_backends",
    "resume_killed_run",
    "cluster",
    "onnx_export",
]


def place_of(file: str) -> int:
    """Return the place of an example's file; a new one needs a place."""
    return ORDER.index(Path(file).stem)
