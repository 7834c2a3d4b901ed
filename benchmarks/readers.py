"""Which library reads tables: `python -m benchmarks.readers` times them, and counts what is right.

Each library reads in a process of its own, three times. Libraries that are not installed are left
out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .machine import describe
from .reader_kinds import KINDS, is_right

LIBRARIES = ("pandas", "polars", "pyarrow", "duckdb", "xl2")
SIZES = {"300,000 x 20": (300_000, 20), "2,000 x 20,000": (2_000, 20_000)}
ROUNDS, LIMIT = 3, 120  # seconds, for one reading


def write_table(path: Path, rows: int, columns: int) -> None:
    """Write random numbers with five digits, and a label of 0 and 1."""
    import numpy as np

    rng = np.random.default_rng(0)
    with path.open("w") as file:
        file.write(",".join(f"c{i}" for i in range(columns)) + ",label\n")
        for _ in range(rows):
            row = rng.normal(size=columns).round(5).tolist()
            file.write(",".join(map(repr, row)) + f",{int(row[0] > 0)}\n")


def read_pandas(path: str) -> Any:
    """Read the features with pandas."""
    import pandas as pd

    return pd.read_csv(path).iloc[:, :-1].to_numpy()


def read_polars(path: str) -> Any:
    """Read the features with polars."""
    import polars as pl

    return pl.read_csv(path)[:, :-1].to_numpy()


def read_pyarrow(path: str) -> Any:
    """Read the features with pyarrow; its blocks have to hold a row of the wide table."""
    import numpy as np
    import pyarrow.csv

    options = pyarrow.csv.ReadOptions(block_size=2**22)
    table = pyarrow.csv.read_csv(path, read_options=options)
    X = np.empty((table.num_rows, table.num_columns - 1))
    for i in range(X.shape[1]):
        X[:, i] = table.column(i).to_numpy()
    return X


def read_duckdb(path: str) -> Any:
    """Read the features with DuckDB, whose lines are limited."""
    import duckdb
    import numpy as np

    columns = duckdb.read_csv(path, max_line_size=10_000_000).fetchnumpy()
    return np.column_stack([np.asarray(column) for column in list(columns.values())[:-1]])


def read_xl2(path: str) -> Any:
    """Read the features with xl2."""
    from xl2 import load_data

    return load_data(path).X


def read_source(path: str) -> Any:
    """Read what xl2 reads with pandas, before it looks at the columns."""
    from xl2.data.source import open_source

    source = open_source(path)
    return source.read(range(source.width - 1)).to_numpy()


TIMED = {
    "pandas": read_pandas,
    "polars": read_polars,
    "pyarrow": read_pyarrow,
    "duckdb": read_duckdb,
    "xl2's source": read_source,
    "xl2": read_xl2,
}


def peak() -> float:
    """Return the largest memory that this process has had, in MB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1e6 if sys.platform == "darwin" else 1e3
    )


def measure_here(name: str, path: str) -> None:
    """Read a table; print seconds, those of all cores together, and MB above the memory before."""
    read = TIMED[name]
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.csv"
        write_table(small, 20, 2)
        read(str(small))  # imports what it needs
    before, start, cores = peak(), time.perf_counter(), os.times()
    read(path)
    end = os.times()
    print(
        time.perf_counter() - start,
        (end.user - cores.user) + (end.system - cores.system),
        peak() - before,
    )


def timed(name: str, path: Path) -> str:
    """Return a line of the table about one library and one file."""
    found = []
    command = [sys.executable, "-m", f"{__package__}.readers", "--one", name, "--file", str(path)]
    for _ in range(ROUNDS):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=LIMIT, check=False
            )
        except subprocess.TimeoutExpired:
            return f"more than {LIMIT} s"
        if done.returncode:
            return "fails: " + done.stderr.strip().splitlines()[-1][:60]
        found.append([float(part) for part in done.stdout.split()])
    seconds, used, memory = (statistics.median(column) for column in zip(*found, strict=True))
    return f"{seconds:.2f} s, {used:.2f} s of all cores, {memory:.0f} MB"


def installed() -> list[str]:
    """Return the libraries that can be imported."""
    from importlib.util import find_spec

    return [name for name in LIBRARIES if find_spec(name)]


def main() -> None:
    """Print the tables of README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", choices=list(TIMED), help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=["kinds", "sizes"], help="one of the two tables")
    given = parser.parse_args()
    if given.one:
        measure_here(given.one, given.file)
        return
    import numpy  # noqa: F401  # its BLAS is described

    names = installed()
    print("\n".join(describe(["xl2", "numpy", *(name for name in names if name != "xl2")])))
    with tempfile.TemporaryDirectory() as folder:
        if given.only != "kinds":
            for title, size in SIZES.items():
                path = Path(folder) / "table.csv"
                write_table(path, *size)
                print(f"\n{title} numbers, {path.stat().st_size / 1e6:.0f} MB")
                for name in TIMED:
                    if name.partition("'")[0] in names:
                        print(f"  {name:14}{timed(name, path)}", flush=True)
        if given.only != "sizes":
            print(f"\n{'':34}" + " ".join(f"{name:8}" for name in names))
            for kind in KINDS:
                marks = (is_right(kind, name, Path(folder)) for name in names)
                print(f"{kind.title:34}" + " ".join(f"{mark:8}" for mark in marks))


if __name__ == "__main__":
    main()
