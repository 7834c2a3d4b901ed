"""Tables in Parquet files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import FileFormatError, InputError, counted
from ..io.limits import check_declared, text_array
from ..io.opening import needs, reading
from .columns import Wanted, choose
from .dataset import Dataset

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# Rows that are read at once.
BATCH = 2**16


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
    import numpy as np

    with reading(path, "a Parquet file"), opened(path) as file:
        names = tuple(file.schema_arrow.names)
        columns = choose(names, len(names), wanted, path)
        features = tuple(names[i] for i in columns.features)
        target = None if columns.target is None else names[columns.target]
        wide = [*features] if target is None else [*features, target]
        table = read_table(file, wide, path)
        X = [read_column(table, name, "feature", path) for name in features]
        y = None if target is None else read_column(table, target, "target", path)
    return Dataset(np.column_stack(X), y, features, name=str(path))


def opened(path: Path, **options: Any) -> Any:
    """Open a Parquet file such that a text that comes often is held once.

    Raises
    ------
    InputError
        If pyarrow is not installed.
    FileFormatError
        If it is no Parquet file.
    """
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise needs("pyarrow", path) from error
    with reading(path, "a Parquet file"):
        with parquet.ParquetFile(path) as file:
            texts = [field.name for field in file.schema_arrow if is_text(field.type)]
            about = file.metadata
        return parquet.ParquetFile(path, metadata=about, read_dictionary=texts, **options)


def read_table(file: Any, names: Sequence[str], path: Path) -> Any:
    """Read some columns whole, and no more rows than the table declares.

    What a file says of its columns is not asked, only of its row groups: pyarrow ends the
    process over some of them that it refuses to read.

    Raises
    ------
    FileFormatError
        If it declares more than a file of its length can hold, since a run of equal numbers
        takes a few bytes however long it is; or if it has other rows than it declares.
    """
    import pyarrow as pa

    about = file.metadata
    declared = about.num_rows
    unpacked = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
    for what, size in (
        (f"{declared} rows of {counted(len(names), 'column')}", 8 * declared * len(names)),
        ("its columns, unpacked,", unpacked),  # texts are of any length
    ):
        instead = "write it without compression and without dictionaries."
        check_declared(path, what, size, path.stat().st_size, instead)
    rows, batches = 0, []
    for batch in file.iter_batches(BATCH, columns=list(names), use_threads=False):
        rows += batch.num_rows
        batches.append(batch)
        if rows > declared:
            break
    if rows != declared:
        raise FileFormatError(
            f"{path} declares {declared} rows and has {'more' if rows > declared else rows}. "
            "Write it again."
        )
    return pa.Table.from_batches(batches, None if batches else file.schema_arrow)


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
    packed = pa.types.is_dictionary(column.type)
    kind = column.type.value_type if packed else column.type
    if packed and not is_text(kind):
        column = column.cast(kind)
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
        return text_array(words(column), path)
    array: NDArray[Any] = column.to_numpy()
    return array


def words(column: Any) -> list[str]:
    """Return the texts of a column; of a packed one each that comes often is one object."""
    import pyarrow as pa

    found: list[str] = []
    for part in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        if pa.types.is_dictionary(part.type):
            known = part.dictionary.to_pylist()
            found.extend(known[i] for i in part.indices.to_pylist())
        else:
            found.extend(part.to_pylist())
    return found


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
