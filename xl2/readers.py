"""One reader for each file format of a data set.

Tables (`read_csv`, `read_parquet`) say which column is the target by `choose`.
Files of arrays (`read_npz`, `read_h5`, `read_idx`) return what they hold, and
`xl2.data` decides what it means.

References
----------
.. [1] Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten
   digits": the IDX file format.
.. [2] Y. Shafranovich, "Common format and MIME type for comma-separated values
   (CSV) files", RFC 4180, 2005.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from .errors import FileFormatError, InputError, XL2Error

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CHUNK = 1 << 20


@dataclass(frozen=True)
class Wanted:
    """What the caller asks of a table.

    Parameters
    ----------
    target : str or None
        A column name, or an integer index as text; None for the last column.
    features : tuple of str or None
        The names of the columns that a model was trained on.
    n_features : int or None
        How many features a model was trained on.
    require_target : bool
        Whether a table without a target is an error.
    """

    target: str | None = None
    features: tuple[str, ...] | None = None
    n_features: int | None = None
    require_target: bool = True


@dataclass(frozen=True)
class Table:
    """What was read from a table: X of (samples, features), y of (samples,) or None."""

    X: NDArray[Any]
    y: NDArray[Any] | None
    features: tuple[str, ...]


@dataclass(frozen=True)
class Columns:
    """The positions of the features, in order, and of the target, counted from 0."""

    features: tuple[int, ...]
    target: int | None


def listed(names: Iterable[object], limit: int = 12) -> str:
    """Return names for an error message, the first `limit` of them if there are many."""
    shown = [repr(name) for name in names]
    more = f" and {len(shown) - limit} more" if len(shown) > limit else ""
    return ", ".join(shown[:limit]) + more


def column_label(names: Sequence[str], position: int) -> str:
    """Return what an error message calls a column: its name, else its number from 1."""
    return repr(names[position]) if names else str(position + 1)


def counted(count: int, thing: str) -> str:
    """Return a count with its noun."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a parser raises on a damaged file into `FileFormatError`.

    The parsers of damaged files raise nearly anything (KeyError, struct.error,
    zlib.error, RuntimeError), and their lists are not documented.
    """
    try:
        yield
    except XL2Error:
        raise
    except MemoryError as error:
        message = f"{path} declares more data than there is memory for: {error}"
        raise FileFormatError(message) from error
    except Exception as error:
        raise FileFormatError(
            f"{path} cannot be read as {kind}: {error}. "
            "Check that the file is complete and that its name has the right suffix."
        ) from error


def needs(library: str, path: Path) -> InputError:
    """Return the error for a format whose library is not installed."""
    return InputError(
        f'Reading {path} needs {library}, which is not installed: pip install "xl2[data]".'
    )


def integer(text: str | None) -> int | None:
    """Return the integer that a text is, or None."""
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def choose(names: Sequence[str], width: int, wanted: Wanted, path: Path) -> Columns:
    """Decide which columns of a table are the features and which is the target.

    Parameters
    ----------
    names : sequence of str
        The column names; empty for a table without a header.
    width : int
        The number of columns.
    wanted : Wanted
        What the caller asked for.
    path : Path
        The file, for the error messages.

    Returns
    -------
    Columns

    Raises
    ------
    InputError
        If the table does not have what is wanted, or has two columns of one name.
    """
    if len(set(names)) < len(names):
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise InputError(
            f"{path} has more than one column of the name {listed(repeated)}. "
            "Rename columns until all names differ."
        )
    if names and wanted.features:
        return choose_by_name(names, wanted.features, wanted, path)
    expected = wanted.n_features or (len(wanted.features) if wanted.features else None)
    target = target_position(names, width, expected, wanted, path)
    features = tuple(i for i in range(width) if i != target)
    if expected is not None and len(features) != expected:
        raise InputError(
            f"{path} has {counted(width, 'column')}, and {len(features)} of them would be "
            f"features; the model has {counted(expected, 'feature')}. Give a file of {expected} "
            f"columns, or of {expected + 1} with the target among them."
        )
    if not features:
        raise InputError(
            f"{path} has {counted(width, 'column')} and no feature beside the target: "
            f"{column_label(names, 0)}. Cells are separated by commas in a .csv file and by tabs "
            "in a .tsv file."
        )
    return Columns(features, target)


def target_position(
    names: Sequence[str], width: int, expected: int | None, wanted: Wanted, path: Path
) -> int | None:
    """Return where the target is when the features are not known by name, or None."""
    target, index = wanted.target, integer(wanted.target)
    if target is not None and target in names:
        return names.index(target)
    if target is not None and index is None:
        if not wanted.require_target:
            return None
        has = f"Its columns are {listed(names)}" if names else "Its first row is no header"
        raise InputError(
            f"{path} has no column {target!r} for the target. {has}. "
            "Give one of its column names, or an index such as -1 for the last column."
        )
    if expected is not None and width == expected:
        if wanted.require_target:
            raise no_target(path, f"its {counted(width, 'column')} are the model's features")
        return None
    if index is None:
        return width - 1
    if not -width <= index < width:
        raise InputError(
            f"{path} has {counted(width, 'column')}, so the target's index is between {-width} "
            f"and {width - 1}. Received: target={target!r}."
        )
    return index % width


def choose_by_name(
    names: Sequence[str], features: tuple[str, ...], wanted: Wanted, path: Path
) -> Columns:
    """Return the columns of the names that a model was trained on, in their order."""
    missing = [name for name in features if name not in names]
    if missing:
        raise InputError(
            f"{path} lacks {counted(len(missing), 'column')} that the model was trained on: "
            f"{listed(missing)}. Its columns are {listed(names)}. Rename or add columns."
        )
    chosen = tuple(names.index(name) for name in features)
    rest = [i for i in range(len(names)) if i not in set(chosen)]
    index = integer(wanted.target)
    target: int | None = None
    if wanted.target is not None and wanted.target in names:
        target = names.index(wanted.target)
        if target in chosen:
            raise InputError(
                f"The target {wanted.target!r} of {path} is one of the model's features. "
                "Give the name of another column, or none."
            )
    elif index is not None and -len(names) <= index < len(names) and index % len(names) in rest:
        target = index % len(names)
    elif len(rest) == 1 and (wanted.target is None or index is not None):
        target = rest[0]
    if target is None and wanted.require_target:
        spare = listed(names[i] for i in rest)
        raise no_target(path, f"beside the model's features it has {spare or 'no column'}")
    return Columns(chosen, target)


def no_target(path: Path, why: str) -> InputError:
    """Return the error for a table in which no column can be the target."""
    return InputError(
        f"{path} has no target column: {why}. Add the target column, or name it by `target`."
    )


def is_number(text: str) -> bool:
    """Say whether a cell is a number (nan and inf are)."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def has_header(row: Sequence[str], wanted: Wanted) -> bool:
    """Decide whether the first row of a CSV file holds the column names.

    It does if the names that the caller gave are in it; else if no cell of it is
    a number, the target's cell aside, since labels may be text. A first row of
    both numbers and texts is data: the reader then names the text that is not a
    number, where a guess would have lost a sample.
    """
    if wanted.features and set(wanted.features) <= set(row):
        return True
    if wanted.target is not None and wanted.target in row and not is_number(wanted.target):
        return True
    index = integer(wanted.target)
    target = -1 if index is None else index
    expected = wanted.n_features or (len(wanted.features) if wanted.features else None)
    cells = list(row)
    if len(cells) > 1 and len(cells) != expected and -len(cells) <= target < len(cells):
        del cells[target]
    return not any(is_number(cell) for cell in cells)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for its bytes, unpacked if its name ends in ``.gz``."""
    if path.suffix.lower() != ".gz":
        with path.open("rb") as plain:
            yield plain
        return
    import gzip

    with gzip.open(path, "rb") as packed:
        yield packed  # type: ignore[misc]


def read_csv(path: Path, wanted: Wanted) -> Table:
    """Read a table of comma-separated (``.csv``) or tab-separated (``.tsv``) values [2]_.

    The text is UTF-8, with or without a byte order mark, and packed if the name
    ends in ``.gz``. Blank lines are skipped. `has_header` says when the first row
    is a header.

    Parameters
    ----------
    path : Path
        The file.
    wanted : Wanted
        Which columns.

    Returns
    -------
    Table
        X is float64; y is int64 if all labels are integral, float64 if all are
        numbers, else text.

    Raises
    ------
    InputError
        If a cell is missing or no number, if a row is of another length, or if
        the columns are not those wanted. Lines are counted from 1.
    FileFormatError
        If the file is not UTF-8 text or its quotes do not match.
    """
    import csv
    import io
    import zlib

    delimiter = "\t" if path.name.lower().removesuffix(".gz").endswith(".tsv") else ","
    try:
        with opened(path) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
            reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True, strict=True)
            return parse_rows(reader, wanted, path)
    except csv.Error as error:
        message = f"{path}, line {reader.line_num}: {error}. Check the quotes of that line."
        raise FileFormatError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 text: {error}. Save it as UTF-8."
        raise FileFormatError(message) from error
    except (OSError, EOFError, zlib.error) as error:
        message = f"{path} cannot be read: {error}. Check that the file is complete."
        raise FileFormatError(message) from error


def parse_rows(reader: Any, wanted: Wanted, path: Path) -> Table:
    """Read the rows of a `csv.reader` into arrays, one row at a time.

    The values go straight to their eight bytes: keeping the cells as texts would
    take several times the memory of the file.
    """
    from array import array

    import numpy as np

    first: list[str] = next((row for row in reader if row), [])
    if not first:
        raise InputError(f"{path} is empty. Expected one row a sample, one column a feature.")
    stripped = tuple(cell.strip() for cell in first)
    names = stripped if has_header(stripped, wanted) else ()
    columns = choose(names, len(first), wanted, path)
    values, labels = array("d"), []

    def parse(row: list[str]) -> None:
        if len(row) != len(first):
            raise InputError(
                f"{path}, line {reader.line_num}: {counted(len(row), 'cell')}, where the first "
                f"row has {len(first)}. Give all rows the same number of cells."
            )
        try:
            values.extend(map(float, [row[i] for i in columns.features]))
        except ValueError:
            raise InputError(bad_cell(row, names, columns, reader.line_num, path)) from None
        if columns.target is not None:
            label = row[columns.target].strip()
            if not label:
                raise InputError(missing_cell(names, columns.target, reader.line_num, path))
            labels.append(label)

    if not names:
        parse(first)
    for row in reader:
        if row:
            parse(row)
    if not values:
        raise InputError(f"{path} has a header and no row under it. Expected one row a sample.")
    X = np.frombuffer(values, dtype=np.float64).reshape(-1, len(columns.features))
    y = None if columns.target is None else parse_labels(labels)
    return Table(X, y, tuple(names[i] for i in columns.features) if names else ())


def missing_cell(names: Sequence[str], position: int, line: int, path: Path) -> str:
    """Say where a cell is empty."""
    return (
        f"{path}, line {line}, column {column_label(names, position)}: the cell is empty, so a "
        "value is missing. Fill it in or leave the row out."
    )


def bad_cell(
    row: Sequence[str], names: Sequence[str], columns: Columns, line: int, path: Path
) -> str:
    """Say which cell of a row is no number."""
    position = next(i for i in columns.features if not is_number(row[i]))
    text = row[position].strip()
    if not text:
        return missing_cell(names, position, line, path)
    cell = text if len(text) <= 40 else text[:40] + "..."
    hint = "" if names else " The file has no header, since its first row has numbers."
    return (
        f"{path}, line {line}, column {column_label(names, position)}: {cell!r} is not a number. "
        f"Features are numeric: encode the column as numbers or leave it out.{hint}"
    )


def parse_labels(texts: list[str]) -> NDArray[Any]:
    """Return labels as int64 if all are integral, float64 if all are numbers, else text.

    Python reads ``1_2`` as 12, which would make one class of two: an underscore
    makes the labels text.
    """
    import numpy as np

    if any("_" in text for text in texts):
        return np.array(texts)
    try:
        return np.array([int(text) for text in texts], dtype=np.int64)
    except (ValueError, OverflowError):
        pass
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return np.array(texts)
    # Above 2**53 a float no longer tells neighbouring integers apart.
    if all(number.is_integer() and abs(number) <= 2**53 for number in numbers):
        return np.array(numbers, dtype=np.int64)
    return np.array(numbers)


def read_parquet(path: Path, wanted: Wanted) -> Table:
    """Read a Parquet table through pyarrow.

    Parameters
    ----------
    path : Path
        The file.
    wanted : Wanted
        Which columns; no other column is read.

    Returns
    -------
    Table
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
    with reading(path, "a Parquet file"), parquet.ParquetFile(path) as file:
        names = tuple(file.schema_arrow.names)
        columns = choose(names, len(names), wanted, path)
        positions = [i for i in (*columns.features, columns.target) if i is not None]
        table = file.read(columns=[names[i] for i in positions])
        features = [parquet_column(table, names[i], "feature", path) for i in columns.features]
        y = None
        if columns.target is not None:
            y = parquet_column(table, names[columns.target], "target", path)
    return Table(stack_columns(features), y, tuple(names[i] for i in columns.features))


def parquet_column(table: Any, name: str, role: str, path: Path) -> NDArray[Any]:
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
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)) and not (
        text and role == "target"
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


def stack_columns(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Put columns of (samples,) beside each other, in the type that holds them all."""
    import numpy as np

    dtype = np.result_type(*(column.dtype for column in columns))
    X = np.empty((len(columns[0]), len(columns)), dtype=dtype)
    for i, column in enumerate(columns):
        X[:, i] = column
    return X


def read_npz(path: Path, accepted: Iterable[str]) -> dict[str, Any]:
    """Read the arrays of a NumPy archive, and unpickle nothing.

    Parameters
    ----------
    path : Path
        The file.
    accepted : iterable of str
        The keys to read where they are there.

    Returns
    -------
    dict
        For every key of the file its array, or None for a key that is not accepted.

    Raises
    ------
    FileFormatError
        If the file is no archive, is damaged, or has an array of Python objects.
    """
    import zipfile

    import numpy as np

    if not zipfile.is_zipfile(path):
        raise FileFormatError(
            f"{path} is not a NumPy .npz archive, or is cut short. Save it with numpy.savez."
        )
    wanted = frozenset(accepted)
    arrays: dict[str, Any] = {}
    with (
        reading(path, "a NumPy .npz archive"),
        path.open("rb") as stream,  # np.load leaves a file that it opens open on an error
        np.load(stream, allow_pickle=False) as archive,
    ):
        for key in archive.files:
            try:
                arrays[key] = archive[key] if key in wanted else None
            except ValueError as error:
                if "pickle" not in str(error):
                    raise
                raise FileFormatError(
                    f"{path} holds Python objects under {key!r}, and nothing is unpickled, since "
                    "that can run code. Save an array of numbers or of text."
                ) from error
            if key in wanted and not isinstance(arrays[key], np.ndarray):
                raise FileFormatError(
                    f"{path} holds no NumPy array under {key!r}. Save it with numpy.savez."
                )
    return arrays


def read_h5(path: Path, accepted: Iterable[str]) -> dict[str, Any]:
    """Read the datasets at the root of an HDF5 file through h5py.

    The parameters and the result are those of `read_npz`.

    Raises
    ------
    InputError
        If h5py is not installed, or an accepted key is a group.
    FileFormatError
        If the file is no HDF5 file or is damaged.
    """
    try:
        import h5py
    except ImportError as error:
        raise needs("h5py", path) from error
    import numpy as np

    wanted = frozenset(accepted)
    arrays: dict[str, Any] = {}
    with reading(path, "an HDF5 file"), h5py.File(path, "r") as file:
        for key in file:
            arrays[key] = None
            if key not in wanted:
                continue
            dataset = file[key]
            if not isinstance(dataset, h5py.Dataset):
                raise InputError(f"{path} has a group at {key!r}. Expected a dataset of numbers.")
            if h5py.check_string_dtype(dataset.dtype) is None:
                arrays[key] = np.asarray(dataset[()])
            else:
                arrays[key] = np.asarray(dataset.asstr()[()]).astype(np.str_)
    return arrays


def looks_like_idx(path: Path) -> bool:
    """Say whether a file is an IDX file by its name or by its first four bytes."""
    if "idx" in path.name.lower():
        return True
    try:
        with opened(path) as stream:
            head = stream.read(4)
    except Exception:
        return False
    return len(head) == 4 and head[:2] == b"\0\0" and head[2] in IDX_TYPES and head[3] > 0


def read_idx(path: Path) -> NDArray[Any]:
    """Read an IDX file, the format of MNIST [1]_, packed if its name ends in ``.gz``.

    The file starts with two zero bytes, a byte for the type and one for the
    number of dimensions, then the dimensions and the values, all big-endian.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    array
        In the byte order of the machine.

    Raises
    ------
    FileFormatError
        If the file is no IDX file, or not as long as its dimensions say.
    """
    import numpy as np

    with reading(path, "an IDX file"), opened(path) as stream:
        head = stream.read(4)
        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in IDX_TYPES or head[3] == 0:
            raise FileFormatError(
                f"{path} is not an IDX file: it starts with the bytes {head.hex(' ')!r}. Expected "
                f"00 00, a type of {', '.join(f'{code:02x}' for code in IDX_TYPES)}, and the "
                "number of dimensions."
            )
        dtype = np.dtype(IDX_TYPES[head[2]])
        sizes = stream.read(4 * head[3])
        shape = tuple(int.from_bytes(sizes[i : i + 4], "big") for i in range(0, len(sizes), 4))
        size = math.prod(shape) * dtype.itemsize
        values = read_at_most(stream.read, size + 1)
        if len(sizes) != 4 * head[3] or len(values) != size:
            raise FileFormatError(
                f"{path} declares {head[3]} dimensions {shape} of {dtype.name}, which is {size} "
                f"bytes, and holds {'more' if len(values) > size else f'only {len(values)}'}. "
                "Get the file again."
            )
        return native(np.frombuffer(values, dtype=dtype).reshape(shape))


def read_at_most(read: Callable[[int], bytes], size: int) -> bytearray:
    """Read a number of bytes, or fewer at the end of the file.

    A plain ``read(size)`` makes room for all of `size` first, and a damaged file
    can declare any.
    """
    values = bytearray()
    while len(values) < size and (chunk := read(min(CHUNK, size - len(values)))):
        values += chunk
    return values


def native(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array in the byte order of the machine, itself where it already is."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)
