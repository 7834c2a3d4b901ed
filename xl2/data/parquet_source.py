"""Tables in Parquet files as sources, read with pyarrow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError, option
from ..io.opening import reading
from .parquet_table import INDEX, index_columns, open_file, read_table
from .table_file import Source, distinct
from .values import series_of


def open_parquet_source(path: Path) -> Source:
    """Find out which columns a Parquet file has, and which of them are the index of a frame."""
    with reading(path, "a Parquet file"), open_file(path) as file:
        stored = tuple(file.schema_arrow.names)
        index = index_columns(file)
    names, notes = distinct([name.strip() for name in stored])
    return ParquetSource(
        path=path,
        names=names,
        width=len(names),
        row_names={p: INDEX for p, name in enumerate(stored) if name in index},
        notes=notes,
        stored=stored,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class ParquetSource(Source):
    """A table in a Parquet file."""

    stored: tuple[str, ...]  # the names of its columns in the file

    def read(self, positions: Sequence[int], as_text: Collection[int] = ()) -> Any:
        """Return a pandas.DataFrame of some columns; see `Source.read`."""
        import pyarrow as pa

        names = [self.stored[p] for p in positions]
        repeated = len(set(self.stored)) < len(self.stored)  # then a name does not say which
        with reading(self.path, "a Parquet file"), open_file(self.path) as file:
            table = read_table(file, None if repeated else names, self.path)
            # Of the names "a" and "a.b", pyarrow reads both for "a".
            columns = [table.column(key) for key in (positions if repeated else names)]
            columns = [
                self._plain(column, p, p in as_text)
                for p, column in zip(positions, columns, strict=True)
            ]
            frame = pa.table(columns, names=list(map(str, positions))).to_pandas(
                date_as_object=False
            )
        frame.columns = list(positions)
        for p in as_text:
            if p in frame:
                frame[p] = series_of(frame[p].tolist(), as_text=True)
        return frame

    def _plain(self, column: Any, position: int, as_text: bool) -> Any:
        """Return a column as pandas knows it; whole numbers stay exact if they become text."""
        import pyarrow as pa

        types = pa.types
        kind = column.type.value_type if types.is_dictionary(column.type) else column.type
        if types.is_null(kind):
            return column.cast(pa.float64())
        if types.is_decimal(kind) and not as_text:
            return column.cast(pa.float64())
        known = ("integer", "floating", "boolean", "decimal", "date", "timestamp", "string")
        if not any(getattr(types, f"is_{name}")(kind) for name in (*known, "large_string")):
            raise InputError(
                f"{self.path}, column {self.names[position]!r}: its type is {kind}. Expected "
                f"numbers, True and False, text or dates. Convert the column, or leave it out by "
                f"{option('ignore', self.names[position])}."
            )
        return column.cast(pa.string()) if as_text and types.is_integer(kind) else column
