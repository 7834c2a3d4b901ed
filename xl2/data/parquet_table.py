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


def read_column(table: Any, name: str, role: str, path: Path) -> NDArray[Any]:
    """Return a column of an Arrow table, in its own type: text only for the target."""
    import numpy as np
    import pyarrow as pa

    column = table.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif not (
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or (text and role == "target")
    ):
        raise InputError(
            f"{path}, column {name!r}: its type is {kind}, and a {role} is numeric"
            f"{' or text' if role == 'target' else ''}. Convert the column or leave it out."
        )
    if column.null_count:
        row = int(np.argmax(column.is_null().to_numpy())) + 1
        raise InputError(
            f"{path}, row {row}, column {name!r}: the cell is null, so a value is missing "
            f"({counted(column.null_count, 'null')} in the column). Fill it in or leave the row "
            "out."
        )
    array: NDArray[Any] = np.array(column.to_pylist()) if text else column.to_numpy()
    return array
