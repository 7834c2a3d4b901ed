"""The command: `python -m benchmarks.choosing fine FOLDER --sets iris,wine --splits 10`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from .measure import record
from .sets import SETS


def main() -> None:
    """Measure splits, those of all sets by turns."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.choosing", description=__doc__)
    parser.add_argument("kind", choices=["fine", "default"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--every", type=int, default=1, help="of the fine grid's strengths")
    given = parser.parse_args()
    for name in given.sets.split(","):
        for number in range(given.splits):
            began = time.perf_counter()
            if record(given.folder, given.kind, name, number, given.every):
                print(f"{name} {number}: {time.perf_counter() - began:.1f} s", flush=True)


main()
