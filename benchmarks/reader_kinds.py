"""Small tables of each kind that people have, and what a library makes of them without options."""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

PLAIN = "size,town,label\n1.5,Ulm,wild\n2.5,Bonn,tame\n4,Ulm,wild\n"
COLUMNS = {
    "size": [1.5, 2.5, 4.0],
    "town": ["Ulm", "Bonn", "Ulm"],
    "label": ["wild", "tame", "wild"],
}


class Kind(NamedTuple):
    """A file, and the columns that it holds; a name in brackets may be another one."""

    title: str
    content: bytes
    columns: dict[str, list[Any]]


def changed(**columns: list[Any]) -> dict[str, list[Any]]:
    """Return the plain table with other columns."""
    return {**COLUMNS, **columns}


KINDS = (
    Kind("plain", PLAIN.encode(), COLUMNS),
    Kind(
        "semicolons, decimal commas",
        b"size;town;label\n1,5;Ulm;wild\n2,5;Bonn;tame\n4;Ulm;wild\n",
        COLUMNS,
    ),
    Kind("tabs", PLAIN.replace(",", "\t").encode(), COLUMNS),
    Kind("vertical bars", PLAIN.replace(",", "|").encode(), COLUMNS),
    Kind("UTF-16", PLAIN.encode("utf-16"), COLUMNS),
    Kind(
        "Latin-1",
        PLAIN.replace("Bonn", "Köln").encode("latin-1"),
        changed(town=["Ulm", "Köln", "Ulm"]),
    ),
    Kind("byte-order mark", b"\xef\xbb\xbf" + PLAIN.encode(), COLUMNS),
    Kind("a title line", b"Measured in spring\n\n" + PLAIN.encode(), COLUMNS),
    Kind(
        "quoted newlines",
        PLAIN.replace("Bonn", '"Bad\nEms"').encode(),
        changed(town=["Ulm", "Bad\nEms", "Ulm"]),
    ),
    Kind(
        "two names that are equal",
        b"size,town,size,label\n1.5,Ulm,3,wild\n2.5,Bonn,2,tame\n4,Ulm,1,wild\n",
        {
            "size": [1.5, 2.5, 4],
            "town": COLUMNS["town"],
            "[size]": [3, 2, 1],
            "label": COLUMNS["label"],
        },
    ),
    Kind(
        "thousands separated",
        b'size,town,label\n"1,500",Ulm,wild\n"2,500",Bonn,tame\n"4,000",Ulm,wild\n',
        changed(size=[1500, 2500, 4000]),
    ),
    Kind(
        "percent",
        PLAIN.replace("1.5", "1.5%").replace("2.5", "2.5%").replace("4", "4%").encode(),
        changed(size=[0.015, 0.025, 0.04]),
    ),
    Kind(
        "missing: NA, ?, -, empty",
        b"size,a,b,town,label\nNA,1,,Ulm,wild\n2.5,?,2,Bonn,tame\n4,3,-,Ulm,wild\n",
        {
            "size": [None, 2.5, 4],
            "a": [1, None, 3],
            "b": [None, 2, None],
            "town": COLUMNS["town"],
            "label": COLUMNS["label"],
        },
    ),
    Kind(
        "header of numbers, 0 to 3",
        b"0,1,2,3\n1.5,3,5,0\n2.5,2,7,1\n4,1,6,0\n",
        {"0": [1.5, 2.5, 4], "1": [3, 2, 1], "2": [5, 7, 6], "3": [0, 1, 0]},
    ),
    Kind(
        "the index of a frame, unnamed",
        b",size,town,label\n0,1.5,Ulm,wild\n1,2.5,Bonn,tame\n2,4,Ulm,wild\n",
        COLUMNS,
    ),
    Kind(
        "labels such as 007",
        b"size,town,label\n1.5,Ulm,007\n2.5,Bonn,7\n4,Ulm,007\n",
        changed(label=["007", "7", "007"]),
    ),
)


def by_pandas(path: Path) -> Iterator[Callable[[], dict[str, list[Any]]]]:
    """Yield what pandas reads with its defaults, and with Python's sniffer."""
    import pandas as pd

    for options in ({}, {"sep": None, "engine": "python"}):
        yield lambda options=options: pd.read_csv(path, **options).to_dict("list")


def by_polars(path: Path) -> Iterator[Callable[[], dict[str, list[Any]]]]:
    """Yield what polars reads."""
    import polars as pl

    yield lambda: pl.read_csv(path).to_dict(as_series=False)


def by_pyarrow(path: Path) -> Iterator[Callable[[], dict[str, list[Any]]]]:
    """Yield what pyarrow reads; of names that are equal, the second is called otherwise."""
    import pyarrow.csv

    def read() -> dict[str, list[Any]]:
        table = pyarrow.csv.read_csv(path)
        names = table.column_names
        unique = [name if names.index(name) == i else f"{name}.{i}" for i, name in enumerate(names)]
        return dict(zip(unique, (column.to_pylist() for column in table.columns), strict=True))

    yield read


def by_duckdb(path: Path) -> Iterator[Callable[[], dict[str, list[Any]]]]:
    """Yield what DuckDB reads, which sniffs."""
    import duckdb

    def read() -> dict[str, list[Any]]:
        found = duckdb.read_csv(str(path))
        rows = found.fetchall()
        return dict(zip(found.columns, map(list, zip(*rows, strict=True)), strict=True))

    yield read


def by_xl2(path: Path) -> Iterator[Callable[[], dict[str, list[Any]]]]:
    """Yield what `load_data` reads: the features, and the last column as labels."""
    from xl2 import load_data

    def read() -> dict[str, list[Any]]:
        data = load_data(path)
        found = {}
        for column, cells in zip(data.columns, data.X.T.tolist(), strict=True):
            texts = column.categories
            found[column.name] = [texts[int(code)] for code in cells] if texts else cells
        return {**found, str(data.table.target): data.y.tolist()}

    yield read


READERS = {
    "pandas": by_pandas,
    "polars": by_polars,
    "pyarrow": by_pyarrow,
    "duckdb": by_duckdb,
    "xl2": by_xl2,
}


def is_right(kind: Kind, library: str, folder: Path) -> str:
    """Return whether a library reads a table right: "yes", "-", or "error"."""
    path = folder / "kind.csv"
    path.write_bytes(kind.content)
    marks = set()
    for read in READERS[library](path):
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            try:
                marks.add("yes" if agree(read(), kind.columns) else "-")
            except Exception:  # each library has its own
                marks.add("error")
    return "yes" if "yes" in marks else "-" if "-" in marks else "error"


def agree(found: dict[str, list[Any]], expected: dict[str, list[Any]]) -> bool:
    """Tell whether columns have the expected names, in their order, and the expected values."""
    if len(found) != len(expected):
        return False
    return all(
        (name == right or right.startswith("["))
        and len(cells) == len(values)
        and all(map(equal, cells, values))
        for (name, cells), (right, values) in zip(found.items(), expected.items(), strict=True)
    )


def equal(value: Any, right: Any) -> bool:
    """Tell whether a cell has the right value; whole numbers may have a point."""
    if right is None:
        return value is None or value != value
    if isinstance(right, str) or isinstance(value, str) or value is None:
        return bool(value == right)
    return math.isclose(value, right)
