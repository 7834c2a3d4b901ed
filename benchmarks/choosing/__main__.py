"""Measure the choice of lambda: `python -m benchmarks.choosing fine FOLDER --sets iris,wine`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from .measure import FINE, record
from .sets import SETS


def main() -> None:
    """Measure the splits of sets, or print the tables of those that have been measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.choosing", description=__doc__)
    parser.add_argument("kind", choices=["fine", "default", "tables"])
    parser.add_argument("folder", type=Path, help="with a file for each set and split")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--every", type=int, default=1, help="of the 40 strengths")
    parser.add_argument("--least", type=float, default=0.0, help="of the strengths, beside 0")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--no-folds", action="store_true", help="test scores only")
    given = parser.parse_args()
    names = given.sets.split(",")
    if given.kind == "tables":
        from .tables import tables

        print(tables(given.folder, names))
        return
    strengths = FINE[(given.least <= FINE) | (FINE == 0.0)]
    strengths = strengths[sorted({0, *range(1, len(strengths), given.every)})]
    given.folder.mkdir(exist_ok=True)
    for name in names:
        for number in range(given.splits):
            began = time.perf_counter()
            where = given.folder, given.kind, name, number
            if record(*where, strengths, not given.no_folds, given.epochs):
                print(f"{name} {number}: {time.perf_counter() - began:.1f} s", flush=True)


main()
