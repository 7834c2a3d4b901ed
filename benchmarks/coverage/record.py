"""A file for each population, network and number of training samples."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from . import folds, held_out
from .populations import POPULATIONS

HIDDEN = ((), (10,), (50, 25))
KINDS = {"tests": held_out, "folds": folds}
ROWS = {"tests": (40, 200, 2000), "folds": (50, 200)}
DRAWS = {"tests": 10, "folds": 60}
OF_VALUES = 0.4  # of the test sets: the intervals of R2 take longer
IN_FOLDS = ("50 : 50", "50 : 50 (weak)", "90 : 10", "five classes", "normal errors")
IN_FOLDS += ("errors with long tails",)


def settings(kind: str, populations: list[str]) -> Iterator[tuple[str, tuple[int, ...], int]]:
    """Yield population, hidden layers and training samples: of folds fewer, as each costs more."""
    if kind == "folds":
        populations = [name for name in populations if name in IN_FOLDS]
    yield from product(populations, HIDDEN[1:] if kind == "folds" else HIDDEN, ROWS[kind])


def record(
    folder: Path, kind: str, name: str, hidden: tuple[int, ...], rows: int, draws: int
) -> bool:
    """Measure a setting and return True, or False if it has been."""
    units = "-".join(map(str, hidden)) or "none"
    file = folder / f"{kind}.{name.replace(' ', '_')}.{units}.{rows}.npz"
    if file.exists():
        return False
    if kind == "tests" and not POPULATIONS[name].classes:
        draws = max(1, round(OF_VALUES * draws))
    rng = np.random.default_rng([list(POPULATIONS).index(name), sum(hidden), rows])
    found = KINDS[kind].measure(POPULATIONS[name], hidden, rows, draws, rng)
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez(stream, population=name, hidden=units, training=rows, found=found)
    part.rename(file)
    return True


def read(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Return what was measured of a kind: an array for each column, and the setting."""
    columns, tables = KINDS[kind].COLUMNS, []
    for name in POPULATIONS:
        for file in sorted(folder.glob(f"{kind}.{name.replace(' ', '_')}.*.npz")):
            with np.load(file) as stored:
                setting = {key: stored[key].item() for key in stored if key != "found"}
                values = dict(zip(columns, stored["found"].T, strict=True))
            tables.append({"setting": setting, **values})
    return tables
