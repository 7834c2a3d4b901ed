"""Tables in Parquet files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .columns import Wanted, choose
from .dataset import Dataset
from .messages import counted
from .opening import needs, reading

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def load_parquet(path: Path, wanted: Wanted) -> Dataset:
    """Read a Parquet table through pyarrow.

    Parameters
    ----------
    path : Path
        The file.
    wanted : Wanted
        Which columns; no other column is read.

    Returns
    -------
    Dataset
        X has the type that holds all feature columns, y the type of its column.

    Raises
    ------
    InputError
        If pyarrow is not installed, if a column is not numeric or has a null, or
        if the columns are not those wanted.
    FileFormatError
        If the file is no Parquet file or is damaged.
    """
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise needs("pyarrow", path) from error
    import numpy as np

    with reading(path, "a Parquet file"), parquet.ParquetFile(path) as file:
        names = tuple(file.schema_arrow.names)
        columns = choose(names, len(names), wanted, path)
        features = tuple(names[i] for i in columns.features)
        target = None if columns.target is None else names[columns.target]
        table = file.read(columns=[*features] if target is None else [*features, target])
        X = [read_column(table, name, "feature", path) for name in features]
        y = None if target is None else read_column(table, target, "target", path)
    return Dataset(np.column_stack(X), y, features, name=str(path))


def read_column(table: Any, name: str, role: str, path: Path, first_row: int = 0) -> NDArray[Any]:
    """Return a column of an Arrow table, in its own type: text only for the target.

    Parameters
    ----------
    table : pyarrow.Table or pyarrow.RecordBatch
    name : str
        The column's.
    role : {"feature", "target"}
    path : Path
        The file, for the error messages.
    first_row : int, default 0
        Where the table begins in the file, from 0.
    """
    import numpy as np
    import pyarrow as pa

    column = table.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    check_type(kind, name, role, path)
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    if column.null_count:
        nulls = column.is_null().to_numpy(zero_copy_only=False)
        row = first_row + int(np.argmax(nulls)) + 1
        raise InputError(
            f"{path}, row {row}, column {name!r}: the cell is null, so a value is missing "
            f"({counted(column.null_count, 'null')} in the column). Fill it in or leave the row "
            "out."
        )
    if is_text(kind):
        return np.array(column.to_pylist())
    array: NDArray[Any] = column.to_numpy()
    return array


def is_text(kind: Any) -> bool:
    """Tell whether an Arrow type is text."""
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def check_type(kind: Any, name: str, role: str, path: Path) -> None:
    """Refuse a column whose Arrow type cannot be learnt from."""
    import pyarrow as pa

    types = pa.types
    numeric = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)
    if any(test(kind) for test in numeric) or (role == "target" and is_text(kind)):
        return
    raise InputError(
        f"{path}, column {name!r}: its type is {kind}, and a {role} is numeric"
        f"{' or text' if role == 'target' else ''}. Convert the column or leave it out."
    )
