"""Data sets: reading one from a file, checking it, and holding a part of it out."""

from __future__ import annotations

from pathlib import Path

from .arrays import load_arrays
from .checks import check, check_width
from .columns import Wanted
from .csv_table import load_csv
from .dataset import Dataset
from .formats import format_of, refuse_options
from .idx import load_idx
from .parquet_table import load_parquet
from .splitting import split
from .stored import open_rows

__all__ = ["Dataset", "check", "load_data", "open_rows", "split"]


def load_data(
    source: str | Path,
    *,
    target: str | None = None,
    labels: str | Path | None = None,
    features_first: bool = False,
    require_target: bool = True,
    features: tuple[str, ...] | None = None,
    n_features: int | None = None,
) -> Dataset:
    """Read a data set.

    Parameters
    ----------
    source : str or Path
        A file, or ``"digits"`` for the digits that come with scikit-learn. NumPy
        archives (.npz) and HDF5 files hold x (or X) and y (or labels, target),
        or x_train, y_train and perhaps x_test, y_test; images are flattened.
        Tables (.csv, .tsv, .parquet) have one row a sample; the first row of a
        .csv is a header if no cell of it, the target's aside, is a number. IDX
        files, MNIST's format, have their labels in a second file.
    target : str, optional
        The target column of a table: a name, or an index as text, which may be
        negative. The last column unless given.
    labels : str or Path, optional
        The labels of an IDX file. Unless given, the file beside it that has
        ``labels`` and ``idx1`` in its name for ``images`` and ``idx3``.
    features_first : bool, default False
        Whether X of an .npz or HDF5 file is (features, samples).
    require_target : bool, default True
        Whether a data set without labels is an error. Without them y is None.
    features : tuple of str, optional
        The columns that a model was trained on. A table that has names has to
        have these; X is these columns in this order, whatever else is there.
    n_features : int, optional
        How many features a model was trained on. A table without names may have
        one column more, the target.

    Returns
    -------
    Dataset
        It has passed `check`.

    Raises
    ------
    InputError
        If there is no such file, if xl2 does not read its format, or if it does
        not hold what it has to.
    FileFormatError
        If the file is damaged or not what its name says.
    """
    width = n_features or len(features or ()) or None
    wanted = Wanted(target, features or (), width, require_target)
    if source == "digits":
        dataset = load_digits()
    else:
        path = Path(source)
        kind = format_of(path)
        refuse_options(path, kind, wanted, labels, features_first)
        dataset = load_file(path, kind, wanted, labels, features_first)
    check(dataset)
    check_width(dataset, width)
    return dataset


def load_digits() -> Dataset:
    """Return scikit-learn's digits: 1797 images of 8 x 8 and their ten classes."""
    from sklearn.datasets import load_digits as embedded

    X, y = embedded(return_X_y=True)
    return Dataset(X, y, name="digits")


def load_file(
    path: Path, kind: str, wanted: Wanted, labels: str | Path | None, features_first: bool
) -> Dataset:
    """Read a file of a known format."""
    if kind == "csv":
        return load_csv(path, wanted)
    if kind == "parquet":
        return load_parquet(path, wanted)
    if kind == "idx":
        return load_idx(path, labels, wanted.require_target)
    return load_arrays(path, kind, features_first, wanted.require_target)
