"""Measure intervals: `python -m benchmarks.coverage FOLDER`, which can be stopped and resumed."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from .populations import POPULATIONS
from .record import DRAWS, KINDS, record, settings
from .tables import tables


def main() -> None:
    """Measure what the folder does not have yet, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("folder", type=Path, help="with a file for each setting")
    parser.add_argument("--kind", choices=KINDS, help="both by default")
    parser.add_argument("--populations", default=",".join(POPULATIONS))
    parser.add_argument("--draws", type=float, default=1.0, help="a multiple of the usual number")
    parser.add_argument("--tables", action="store_true", help="measure nothing")
    given = parser.parse_args()
    given.folder.mkdir(exist_ok=True)
    for kind in [] if given.tables else [given.kind] if given.kind else KINDS:
        for setting in settings(kind, given.populations.split(",")):
            began = time.perf_counter()
            if record(given.folder, kind, *setting, max(1, round(given.draws * DRAWS[kind]))):
                print(kind, *setting, f"{time.perf_counter() - began:.1f} s", flush=True)
    print(tables(given.folder))


main()
