"""The columns of Parquet files, read with pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError, counted
from ..io.opening import check_declared, needed, text_array
from .columns import Layout, Wanted, choose

INDEX = "the index of the pandas frame"


def open_file(path: Path, **options: Any) -> Any:
    """Open a `pyarrow.parquet.ParquetFile`."""
    return needed("pyarrow.parquet", f"Reading {path}", "data").ParquetFile(path, **options)


def choose_names(file: Any, wanted: Wanted, path: Path) -> tuple[tuple[str, ...], str | None]:
    """Return the names of the feature columns, and of the target or None."""
    names, index = tuple(file.schema_arrow.names), index_columns(file)
    row_names = {i: INDEX for i, name in enumerate(names) if name in index}
    chosen = choose(Layout(names, len(names), row_names, False, str(path)), wanted)
    target = None if chosen.target is None else names[chosen.target]
    return tuple(names[i] for i in chosen.features), target


def index_columns(file: Any) -> set[str]:
    """Return the names of the columns that are the index of the pandas frame that was written."""
    about = file.schema_arrow.pandas_metadata or {}
    return {name for name in about.get("index_columns", ()) if isinstance(name, str)}


def read_table(file: Any, names: Sequence[str] | None, path: Path) -> Any:
    """Read some columns, or all, unless they declare far more than the file can hold."""
    rows, width = file.metadata.num_rows, len(names or file.schema_arrow.names)
    what = f"{rows} rows of {counted(width, 'column')}"
    instead = "write it without compression and without dictionaries."
    check_declared(path, what, 8 * rows * width, path.stat().st_size, instead)
    return file.read(columns=None if names is None else list(names))


def read_column(table: Any, name: str, role: str, path: Path, first_row: int = 0) -> Any:
    """Return a column of an Arrow table or record batch as a NumPy array.

    `role` is "feature", "target" or "groups": a feature may not be text. `first_row` is the
    index of the table's first row in the file.
    """
    import numpy as np
    import pyarrow as pa

    column, types = table.column(name), pa.types
    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    is_text = types.is_string(kind) or types.is_large_string(kind)
    if types.is_decimal(kind):
        kind = pa.float64()
    elif types.is_boolean(kind):
        kind = pa.uint8()
    elif is_text and role != "feature":
        pass
    elif not (types.is_integer(kind) or types.is_floating(kind)):
        raise InputError(
            f"{path}, column {name!r}: its type is {kind}. A {role} column must be numeric"
            f"{'' if role == 'feature' else ' or text'}. Convert the column or leave it out."
        )
    column = column.cast(kind)
    if column.null_count:
        row = first_row + int(np.argmax(column.is_null().to_numpy(zero_copy_only=False))) + 1
        raise InputError(
            f"{path}, row {row}, column {name!r}: the cell is null, so a value is missing. "
            "Remove the row or fill it in."
        )
    if not is_text:
        array: Any = column.to_numpy()
        return array
    # Equal texts become one Python object, to save memory.
    packed = column.cast(pa.large_string()).combine_chunks().dictionary_encode()
    texts = packed.dictionary.to_pylist()
    return text_array([texts[i] for i in packed.indices.to_pylist()], path)
