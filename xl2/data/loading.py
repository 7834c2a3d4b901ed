"""Read a data set into memory: `load_data`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError, option
from ..io.opening import check_file
from ..nn.columns import Column
from ..nn.decision import decide
from .arrays import load_arrays
from .columns import Known, Wanted, as_index
from .dataset import Dataset, check, check_width
from .idx import load_idx, looks_like_idx
from .kinds import Asked
from .source import FORMATS as TABLES
from .source import is_table, open_source
from .table import read_table

FORMATS = f"{TABLES}, .npz, .h5, .hdf5, or IDX (also as .gz)"
SUFFIXES = {
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
    like: Any = None,
    task: str = "auto",
    groups: str | None = None,
    weight: str | None = None,
    ignore: Sequence[str] = (),
    categories: Sequence[str] = (),
    dates: Sequence[str] = (),
    keep_row_numbers: bool = False,
    drop_missing_labels: bool = False,
    fill: bool = True,
    encode: bool = True,
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
) -> Dataset:
    """Read a data set, and `check` it.

    Parameters
    ----------
    source : str or Path
        A file, or ``"digits"`` for the digits of scikit-learn. NumPy archives
        (.npz) and HDF5 files hold x (or X) and y (or labels, target), or x_train,
        y_train and optionally x_test, y_test; images are flattened. Tables (.csv,
        .tsv, .txt, .parquet, .xlsx, or ``sqlite:FILE?TABLE``) have one row per sample;
        docs/tables.md says how they are read. IDX files, the format of MNIST, have their
        labels in a second file.
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
    like : Model or Dataset, optional
        A trained model, or the training set of a test set. Columns are found by their names,
        in any order, and read as in training; others are ignored.
    task : {"auto", "classification", "multilabel", "regression"}, default "auto"
        What the target is for.
    groups, weight : str, optional
        The columns of a table that have the group, or the weight, of each sample, as names or
        indices. They are not features. A table for a trained model may lack them.
    ignore : sequence of str, optional
        Columns that are not features, such as ids.
    categories, dates : sequence of str, optional
        Columns of numbers that are categories, such as postal codes, and columns of dates to
        be read as days since 1970.
    keep_row_numbers : bool, default False
        Take columns that number the rows as features.
    drop_missing_labels : bool, default False
        Leave out rows without a label; otherwise they are refused, or for prediction not scored.
    fill, encode : bool, default True
        Whether values may be missing, and columns may be text. The model then learns what to fill
        in, and an input for each category; see `xl2.regularization_path`.
    sep, decimal, encoding : str, optional
        Of a table of text: what separates cells, the decimal point, and the encoding, by
        default as the file suggests.
    header : bool, optional
        Whether the first row of a table of text has the names of its columns. False for a
        model with names takes the columns in the order of the training data.
    """
    of_tables = {
        "target": target,
        "groups": groups,
        "weight": weight,
        "ignore": ", ".join(ignore),
        "categories": ", ".join(categories),
        "dates": ", ".join(dates),
        "sep": sep,
        "decimal": decimal,
        "encoding": encoding,
        "header": header,
    }
    if source == "digits":
        check_options(Path(source), "digits", labels, features_first, of_tables, like)
        from sklearn.datasets import load_digits

        X, y = load_digits(return_X_y=True)
        dataset = Dataset(X, y, name="digits")
        check(dataset)
        check_width(dataset, width_of(like))
        return dataset
    kind = format_of(source)
    path = Path(source)
    check_options(path, kind, labels, features_first, of_tables, like)
    if kind == "table":
        known = known_by(like, task)
        given = (target, groups, weight, *ignore, *categories, *dates)
        names = {name for name in given if name is not None and as_index(name) is None}
        opened = open_source(
            source,
            sep=sep,
            decimal=decimal,
            encoding=encoding,
            header=header,
            known=names | set(known.names if known else ()) - {""},
        )
        wanted = Wanted(
            target=target,
            groups=groups,
            weight=weight,
            ignore=tuple(ignore),
            require_target=require_target,
            keep_row_numbers=keep_row_numbers,
            drop_missing_labels=drop_missing_labels,
            fill=fill,
            task=task,
            asked=Asked(categories, dates, not encode),
            known=known,
        )
        dataset = read_table(opened, wanted, by_position=header is False)
    elif kind == "idx":
        dataset = load_idx(path, labels, require_target)
    else:
        dataset = load_arrays(path, kind, features_first, require_target)
    check(dataset)
    check_width(dataset, width_of(like))
    return dataset


def known_by(like: Any, task: str = "auto") -> Known | None:
    """Return what a model or a data set says about the columns of a table; None without any.

    `task` is what the target of a data set is for.
    """
    if like is None:
        return None
    learnt = getattr(like, "preprocessing", None)
    columns = like.columns if isinstance(like, Dataset) else getattr(learnt, "columns", ())
    if not columns:
        names = like.features or ("",) * (width_of(like) or 0)
        columns = tuple(map(Column, names))
    is_text = None
    if isinstance(like, Dataset):
        is_text = None if like.y is None else like.y.dtype.kind == "U"
        fills = bool(like.columns)
        regression = like.y is not None and decide(like.y, task).task == "regression"
    else:
        fills = learnt is not None
        regression = like.task == "regression"
        if like.classes is not None:
            is_text = isinstance(like.classes[0], str)
    return Known(columns, like.table, is_text, fills, regression)


def width_of(like: Any) -> int | None:
    """Return the number of features that a model or a data set has; None without any."""
    if like is None:
        return None
    if isinstance(like, Dataset):
        return int(like.X.shape[1])
    return int(like.width)


def format_of(source: str | Path) -> str:
    """Return the format of a file: table, npz, h5 or idx."""
    path, instead = Path(source), f"Pass the path of a data set ({FORMATS}), or 'digits'."
    if is_table(source):
        if "?" not in str(source) and not str(source).startswith("sqlite:"):
            check_file(path, instead)
        return "table"
    check_file(path, instead)
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    if looks_like_idx(path):
        return "idx"
    raise InputError(
        f"{path} has an unknown format: {path.suffix or 'no suffix'}. Known formats: {FORMATS}."
    )


def check_options(
    path: Path,
    kind: str,
    labels: str | Path | None,
    features_first: bool,
    of_tables: Mapping[str, Any],
    like: Any,
) -> None:
    """Raise `InputError` for an option that does not apply to a format.

    With a model those of tables are accepted: they may be those of its training.
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
    if kind == "table" or like is not None:
        return
    for name, given in of_tables.items():
        if given not in (None, ""):
            raise InputError(
                f"{option(name, given)} applies only to tables, such as .csv and .parquet, but "
                f"{path} has no columns. Leave it out."
            )
