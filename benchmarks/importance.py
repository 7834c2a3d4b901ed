"""How often columns of noise are said to matter: `python -m benchmarks.importance`.

The table of docs/importance.md: paths are trained on data sets with four columns that say
something, of which two only together, and twelve that do not.
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import numpy as np

from xl2 import regularization_path

TELLING, COLUMNS = 4, 16
TASKS = ("classification", "regression")
ROWS = (60, 150, 400)
SETS = 300


def data_set(task: str, rows: int, seed: int) -> tuple[Any, Any]:
    """Return samples (rows, COLUMNS) and their labels or values."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, COLUMNS))
    values = X[:, 0] + X[:, 1] * X[:, 2] + 0.5 * X[:, 3] + rng.normal(size=rows)
    return X, (values > 0.0).astype(int) if task == "classification" else values


def measure(task: str, rows: int, sets: int) -> tuple[int, float, Any]:
    """Return the data sets with a signal, in which part of them noise matters, and what is found.

    The last is how often each of the telling columns is.
    """
    matters = []
    for seed in range(sets):
        X, y = data_set(task, rows, seed)
        path = regularization_path(
            X,
            y,
            [1.0, 10.0],
            preset="plain",
            cv=5,
            hidden=(20,),
            epochs=40,
            learning_rate=0.01,
            refit=False,
            experiments=["importance"],
            budget=1e9,
            progress=False,
        )
        found = path.evidence_.importance
        if found is not None:
            ordered = sorted(found.columns, key=lambda one: one.column)
            matters.append([one.matters for one in ordered])
    known = np.array(matters, dtype=bool).reshape(-1, COLUMNS)
    if not len(known):
        return 0, float("nan"), np.full(TELLING, np.nan)
    return len(known), float(known[:, TELLING:].any(axis=1).mean()), known[:, :TELLING].mean(axis=0)


def row(task: str, rows: int, count: int, false: float, found: Any) -> str:
    """Return a row of the table."""
    error = 100.0 * np.sqrt(false * (1.0 - false) / max(1, count))
    shares = ", ".join(f"{100.0 * share:.0f}" for share in found)
    return f"| {task} | {rows} | {count} | {100.0 * false:.1f} +- {error:.1f} % | {shares} % |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.importance", description=__doc__)
    parser.add_argument("--sets", type=int, default=SETS, help="for each row of the table")
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # that training has not finished
    for task in TASKS:
        for rows in ROWS:
            print(row(task, rows, *measure(task, rows, given.sets)), flush=True)


if __name__ == "__main__":
    main()
