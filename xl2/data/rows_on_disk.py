"""Data sets larger than memory, read a few rows at a time: `open_rows`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ..array.rows import ConvertedRows
from ..errors import FileFormatError, InputError, option
from ..io.opening import check_file, reading
from .arrays import datasets_of, open_h5, read_dataset, training_pair
from .columns import Wanted
from .dataset import Dataset, check
from .loading import format_of
from .parquet_rows import open_parquet
from .shapes import orient


def open_rows(
    source: str | Path, *, target: str | None = None, require_target: bool = True
) -> tuple[Any, Any]:
    """Open a data set that may be larger than memory.

    Parameters
    ----------
    source : str or Path
        A table (.parquet), an HDF5 file (.h5, .hdf5) with x (or X) and y (or labels,
        target), or x_train and y_train, or one array (.npy), whose targets are in
        another file. Other formats can only be read whole, with `load_data`.
    target : str, optional
        The target column of a table: a name, or an index as text, which may be negative.
        The last column by default.
    require_target : bool, default True
        Whether a table or an HDF5 file without labels is an error.

    Returns
    -------
    X : numpy.memmap, h5py.Dataset or LazyRows, shape (n, features)
        For `fit`, `Network.forward` and `Scaling`. Rows are read, and checked for NaN,
        when they are needed. The file stays open as long as X exists.
    y : numpy.ndarray, shape (n,) or (n, outputs), or None
        In memory: int, float or text. None without labels, and for .npy.
    """
    path = Path(source)
    if path.suffix.lower() == ".npy":
        kind = "npy"
        check_file(path, "Pass the path of a .npy file, as numpy.save writes it.")
    else:
        kind = format_of(path)
        kind = "parquet" if path.suffix.lower() == ".parquet" else kind
    if kind not in ("npy", "parquet", "h5"):
        raise InputError(
            f"{path} can only be read whole, with load_data. Formats that can be read in parts: "
            ".parquet, .h5, .hdf5, .npy."
        )
    if kind != "parquet" and target is not None:
        raise InputError(
            f"{option('target', target)} applies only to tables, but {path} has no columns. Leave "
            "it out."
        )
    wanted = Wanted(target, require_target=require_target)
    if kind == "npy":
        X, y = _open_npy(path), None
    elif kind == "parquet":
        X, y = open_parquet(path, wanted)
    else:
        X, y = _open_h5(path, require_target)
    stand_in, y = orient(_stand_in(X), y, False, path)
    check(Dataset(stand_in, y, name=str(path)))
    return (X if X.ndim == 2 else FlatRows(X)), y


class FlatRows(ConvertedRows):
    """An array on disk (n, ...), such as images, as rows (n, features)."""

    def __init__(self, source: Any):
        super().__init__(source, math.prod(source.shape[1:]), source.dtype)

    def _converted(self, part: Any) -> Any:
        return part.reshape(-1, self.shape[1])


def _open_npy(path: Path) -> Any:
    import numpy as np

    with path.open("rb") as stream:
        # numpy.load would take any other file for a pickle.
        if stream.read(6) != b"\x93NUMPY":
            raise FileFormatError(f"{path} is not a NumPy .npy file. Save it with numpy.save.")
    try:
        with reading(path, "a NumPy .npy file"), np.errstate(over="ignore"):
            return np.load(path, mmap_mode="r", allow_pickle=False)
    except FileFormatError as error:
        if "Python objects" not in str(error):
            raise
        raise FileFormatError(
            f"{path} holds Python objects. They are not unpickled, because that can run code. "
            "Save an array of numbers."
        ) from error


def _open_h5(path: Path, require_target: bool) -> tuple[Any, Any]:
    with reading(path, "an HDF5 file"):
        # h5py closes the file when its last dataset is deleted.
        datasets = datasets_of(open_h5(path), path)
        X, y = training_pair(datasets, path, require_target)
        return X, None if y is None else read_dataset(y, path)


def _stand_in(X: Any) -> Any:
    """Return an array of X's shape that takes no memory, for the checks of shape and dtype."""
    import numpy as np

    dtype = np.uint8 if X.dtype.kind in "buif" else X.dtype
    return np.broadcast_to(np.zeros((), dtype=dtype), X.shape)
