"""Read a data set into memory: `load_data`."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError, option
from ..io.opening import check_file
from .arrays import load_arrays
from .columns import Wanted
from .csv_table import load_csv
from .dataset import Dataset, check, check_width
from .idx import load_idx, looks_like_idx
from .parquet_table import load_parquet

FORMATS = ".npz, .h5, .hdf5, .csv, .tsv (both also as .gz), .parquet, or IDX (also as .gz)"
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".npz": "npz",
    ".h5": "h5",
    ".hdf5": "h5",
}


def load_data(
    source: str | Path,
    *,
    target: str | None = None,
    labels: str | Path | None = None,
    features_first: bool = False,
    require_target: bool = True,
    features: tuple[str, ...] | None = None,
    n_features: int | None = None,
    groups: str | None = None,
) -> Dataset:
    """Read a data set, and `check` it.

    Parameters
    ----------
    source : str or Path
        A file, or ``"digits"`` for the digits of scikit-learn. NumPy archives
        (.npz) and HDF5 files hold x (or X) and y (or labels, target), or x_train,
        y_train and optionally x_test, y_test; images are flattened. Tables (.csv,
        .tsv, .parquet) have one row per sample; the first row of a .csv is a header
        if none of its cells, except the target's, is a number. IDX files, the
        format of MNIST, have their labels in a second file.
    target : str, optional
        The target column of a table: a name, or an index as text, which may be
        negative. The last column by default.
    labels : str or Path, optional
        The labels of an IDX file. By default the file beside it that has
        ``labels`` and ``idx1`` in its name instead of ``images`` and ``idx3``.
    features_first : bool, default False
        Whether X of an .npz or HDF5 file is (features, samples).
    require_target : bool, default True
        Whether a data set without labels is an error. If not, y is None.
    features : tuple of str, optional
        The feature names of a trained model. A table with names has to have these
        columns; X is these columns in this order, and other columns are ignored.
    n_features : int, optional
        The number of features of a trained model. A table without names may have
        one more column, the target.
    groups : str, optional
        The column of a table that has the group of each sample, as a name or an index; it is
        not a feature. A table for a trained model may lack it.
    """
    width = n_features or len(features or ()) or None
    wanted = Wanted(target, features or (), width, require_target, groups)
    if source == "digits":
        check_options(Path(source), "digits", wanted, labels, features_first)
        from sklearn.datasets import load_digits

        X, y = load_digits(return_X_y=True)
        dataset = Dataset(X, y, name="digits")
    else:
        path = Path(source)
        kind = format_of(path)
        check_options(path, kind, wanted, labels, features_first)
        if kind == "csv":
            dataset = load_csv(path, wanted)
        elif kind == "parquet":
            dataset = load_parquet(path, wanted)
        elif kind == "idx":
            dataset = load_idx(path, labels, require_target)
        else:
            dataset = load_arrays(path, kind, features_first, require_target)
    check(dataset)
    check_width(dataset, width)
    return dataset


def format_of(path: Path) -> str:
    """Return the format of a file: csv, parquet, npz, h5 or idx."""
    check_file(
        path,
        f"Pass the path of a data set ({FORMATS}), or 'digits' for the built-in one.",
    )
    name = path.name.lower()
    if name.endswith((".csv.gz", ".tsv.gz")):
        return "csv"
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    if looks_like_idx(path):
        return "idx"
    raise InputError(
        f"{path} has an unknown format: {path.suffix or 'no suffix'}. Known formats: {FORMATS}."
    )


def check_options(
    path: Path, kind: str, wanted: Wanted, labels: str | Path | None, features_first: bool
) -> None:
    """Raise `InputError` for an option that does not apply to a format.

    A target is accepted for prediction, where it comes from the model and not from the caller.
    """
    if features_first and kind not in {"npz", "h5"}:
        raise InputError(
            f"{option('features_first', True)} applies only to .npz and HDF5 files, but {path} "
            "has one row per sample. Leave it out."
        )
    if labels is not None and kind != "idx":
        raise InputError(
            f"{option('labels', str(labels))} applies only to IDX files, but {path} contains its "
            f"own labels. Leave it out."
        )
    if wanted.target is not None and wanted.require_target and kind not in {"csv", "parquet"}:
        raise InputError(
            f"{option('target', wanted.target)} applies only to tables (.csv, .tsv, .parquet), "
            f"but {path} has no columns. Leave it out."
        )
    if wanted.groups is not None and wanted.n_features is None and kind not in {"csv", "parquet"}:
        raise InputError(
            f"{option('groups', wanted.groups)} applies only to tables (.csv, .tsv, .parquet), "
            f"but {path} has no columns. Leave it out."
        )
