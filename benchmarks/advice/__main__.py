"""Follow the advice of a verdict: `python -m benchmarks.advice measure FOLDER --sets moons`."""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path
from typing import Any

from xl2.path.presets import PRESETS

from .measure import record
from .sets import SETS


def main() -> None:
    """Measure the splits of sets, or print the tables of those that have been measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.advice", description=__doc__)
    parser.add_argument("kind", choices=["measure", "tables"])
    parser.add_argument("folder", type=Path, help="with a file for each set and split")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--splits", type=int, default=4)
    parser.add_argument("--budget", type=float, default=100.0, help="as in xl2 path; default: 100")
    parser.add_argument("--preset", choices=list(PRESETS), default="default")
    parser.add_argument("--hidden", help="units of each hidden layer, such as 128")
    parser.add_argument("--epochs", type=int)
    given = parser.parse_args()
    if given.kind == "tables":
        from .tables import tables

        print(tables(given.folder, given.sets.split(",")))
        return
    warnings.simplefilter("ignore")
    given.folder.mkdir(exist_ok=True)
    settings: dict[str, Any] = {"preset": given.preset}
    if given.epochs is not None:
        settings["epochs"] = given.epochs
    if given.hidden is not None:
        settings["hidden"] = tuple(int(units) for units in given.hidden.split(","))
    for number in range(given.splits):
        for name in given.sets.split(","):
            began = time.perf_counter()
            if record(given.folder, name, number, given.budget, **settings):
                print(f"{name} {number}: {time.perf_counter() - began:.1f} s", flush=True)


main()
