"""Compare defaults: `python -m benchmarks.defaults FOLDER`, which can be stopped and resumed."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """Measure what the folder does not have yet, and print the tables."""
    given = parse()
    # Before the imports, because libraries read them once.
    os.environ.update(dict.fromkeys(THREADS, str(given.threads)), PYTHONWARNINGS="ignore")
    from xl2.errors import XL2Error

    try:
        print(run(given))
    except XL2Error as error:
        raise SystemExit(str(error)) from None


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line, or of some words."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.defaults", description=__doc__)
    parser.add_argument("folder", type=Path, help="with a file of methods, and one of changes")
    parser.add_argument(
        "--sets", default="development", help="development, apart, or names divided by ,"
    )
    parser.add_argument("--regression", action="store_true", help="those of the group that are")
    parser.add_argument("--rows", type=int, default=600, help="for training, at most 60 %%")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2, help="of each method")
    parser.add_argument("--methods", help="or names of changes; all by default")
    parser.add_argument("--ablation", action="store_true", help="changes of the default preset")
    parser.add_argument("--tables", action="store_true", help="measure nothing")
    return parser.parse_args(words)


def run(given: argparse.Namespace) -> str:
    """Do what the options say, and return the tables."""
    from . import methods, sets
    from .ablation import trainings
    from .measure import measure, read
    from .tables import ablation_table, tables

    own = sets.chosen(given.sets, given.regression)
    file = given.folder / ("ablation.jsonl" if given.ablation else "methods.jsonl")

    def known(regression: bool) -> Mapping[str, Any]:
        if not given.ablation:
            return methods.METHODS
        from xl2.path.presets import PRESETS

        return trainings(PRESETS["default"](given.rows, regression), regression)

    for regression in [] if given.tables else sorted({one.regression for one in own.values()}):
        given.folder.mkdir(exist_ok=True)
        measure(
            file,
            {name: one for name, one in own.items() if one.regression is regression},
            methods.chosen(given.methods, known(regression)),
            splits=given.splits,
            rows=given.rows,
            threads=given.threads,
            say=lambda line: print(line, flush=True),
        )
    found = [one for one in read(file) if one.rows == given.rows and one.threads == given.threads]
    return (ablation_table if given.ablation else tables)(found, list(own))


if __name__ == "__main__":
    main()
