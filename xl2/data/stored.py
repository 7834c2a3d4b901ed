"""Data sets that stay in their files while they are learnt from: `open_rows`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ..array.rows import LazyRows, edges_of, unit_of
from ..errors import FileFormatError, InputError, listed
from ..io.opening import check_file, reading
from .arrays import ACCEPTED, KEYS, find_pair
from .checks import check_part
from .columns import Wanted
from .dataset import Dataset
from .formats import format_of, refuse_options
from .hdf5 import SLOTS, datasets_of, library, read_dataset
from .parquet_rows import open_parquet
from .shapes import orient


def open_rows(
    source: str | Path, *, target: str | None = None, require_target: bool = True
) -> tuple[Any, Any]:
    """Open a data set that may be larger than memory.

    Parameters
    ----------
    source : str or Path
        A table (.parquet), an HDF5 file (.h5, .hdf5) that holds x (or X) and y (or labels,
        target), or x_train and y_train, or one array (.npy), whose targets are elsewhere.
        Other formats are read whole, by `load_data`.
    target : str, optional
        The target column of a table: a name, or an index as text, which may be negative.
        The last column unless given.
    require_target : bool, default True
        Whether a table or an HDF5 file without labels is an error.

    Returns
    -------
    X : numpy.memmap, h5py.Dataset or LazyRows, shape (n, features)
        For `fit`, `Network.forward` and `Scaling`. Its rows are read when they are needed,
        and looked at for a NaN then. It has the file open while it exists.
    y : numpy.ndarray, shape (n,) or (n, outputs), or None
        In memory: int, float or text. None without one, and for .npy.

    Raises
    ------
    InputError
        If there is no such file, its format cannot be read in parts, or it does not hold
        what it has to.
    FileFormatError
        If the file is damaged or not what its name says.
    """
    path = Path(source)
    if path.suffix.lower() == ".npy":
        check_file(path, "Give the path of a .npy file, as numpy.save writes it.")
        return _open_npy(path, target), None
    kind = format_of(path)
    wanted = Wanted(target, (), None, require_target)
    if kind == "npz":
        raise InputError(
            f"{path} is an archive, and the arrays in one cannot be mapped. Save X with numpy.save "
            f"as a .npy file and open that, or read {path} whole with load_data."
        )
    if kind not in ("parquet", "h5"):
        raise InputError(
            f"{path} can only be read whole, with load_data. Formats that are read in parts: "
            f".parquet, .h5, .hdf5, .npy."
        )
    refuse_options(path, kind, wanted, None, False)
    X, y = open_parquet(path, wanted) if kind == "parquet" else _open_h5(path, require_target)
    return X, _checked(X, y, path)


class FlatRows(LazyRows):
    """Samples of several axes, such as images, each as one row.

    Parameters
    ----------
    source : array on disk, shape (n, ...)
    """

    def __init__(self, source: Any):
        shape = (source.shape[0], math.prod(source.shape[1:]))
        super().__init__(shape, source.dtype)
        self._source, self.unit = source, unit_of(source)

    def edges(self) -> Any:
        """Return where the source's blocks begin."""
        return edges_of(self._source)

    def _between(self, start: int, stop: int) -> Any:
        return self._source[start:stop].reshape(-1, self.shape[1])

    def _numbered(self, rows: Any) -> Any:
        if self.edges() is None:
            return self._source[rows].reshape(-1, self.shape[1])
        return super()._numbered(rows)


def _open_npy(path: Path, target: str | None) -> Any:
    import numpy as np

    if target is not None:
        raise InputError(
            f"A target column is for tables (.parquet). Received: target={target!r} with {path}, "
            f"which holds one array. Leave it out, and load the targets from their own file."
        )
    with path.open("rb") as stream:
        # Of anything else numpy.load says that it is a pickle.
        if stream.read(6) != b"\x93NUMPY":
            raise FileFormatError(f"{path} is not a NumPy .npy file. Save it with numpy.save.")
    try:
        with reading(path, "a NumPy .npy file"), np.errstate(over="ignore"):
            X = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileFormatError as error:
        if "Python objects" not in str(error):
            raise
        raise FileFormatError(
            f"{path} holds Python objects, and nothing is unpickled, since that can run code. "
            f"Save an array of numbers."
        ) from error
    orient(_stand_in(X), None, False, path)
    return X if X.ndim == 2 else FlatRows(X)


def _open_h5(path: Path, require_target: bool) -> tuple[Any, Any]:
    h5py = library(path)
    with reading(path, "an HDF5 file"):
        # Left open: it is closed when no dataset of it is left.
        file = h5py.File(path, "r", rdcc_nslots=SLOTS)
        X, y = find_pair(datasets_of(file, path, ACCEPTED), KEYS, path, require_target)
        if X is None:
            raise InputError(
                f"{path} has the keys {listed(file) or 'of nothing'}. Expected x (or X) and y (or "
                "labels, target), or x_train and y_train. Save the arrays under these names."
            )
        y = None if y is None else read_dataset(y, path)
        if y is not None and X.ndim == 2 and X.shape[1] == y.size != X.shape[0]:
            raise InputError(
                f"{path} looks features-first: X has shape {X.shape} and y has {y.size} labels, "
                f"one for each column. Write it as (samples, features), or read it whole with "
                f"load_data(..., features_first=True)."
            )
        _, y = orient(_stand_in(X), y, False, path)
    return (X if X.ndim == 2 else FlatRows(X)), y


def _stand_in(X: Any) -> Any:
    """Return an array of the shape and the type of another one that takes no memory."""
    import numpy as np

    native = X.dtype.newbyteorder("=") if X.dtype.kind in "biufc" else X.dtype
    return np.broadcast_to(np.zeros((), dtype=native), X.shape)


def _checked(X: Any, y: Any, path: Path) -> Any:
    """Check all that a data set has to be, but for the values of X; return y."""
    import numpy as np

    stand_in = np.broadcast_to(np.zeros((), dtype="u1"), X.shape)
    check_part(stand_in, y, Dataset(stand_in, y, name=str(path)), "X", "y")
    return y
