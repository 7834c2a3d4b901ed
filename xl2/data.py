"""Data sets: reading one from a file, checking it, and holding a part of it out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import readers
from .errors import FileFormatError, InputError
from .readers import Table, Wanted, counted, listed, native

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMATS = ".npz, .h5, .hdf5, .csv, .tsv (both also as .gz), .parquet, or IDX (also as .gz)"
# Each name of X goes with the names of y that can stand beside it.
KEYS = {
    "x": ("y", "Y", "labels", "target"),
    "X": ("y", "Y", "labels", "target"),
    "x_train": ("y_train",),
    "X_train": ("y_train", "Y_train"),
}
TEST_KEYS = {"x_test": ("y_test",), "X_test": ("y_test", "Y_test")}
ACCEPTED = frozenset(
    key for pairs in (KEYS, TEST_KEYS) for x, ys in pairs.items() for key in (x, *ys)
)
CHUNK = 1 << 18


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples and their labels.

    Parameters
    ----------
    X : array of shape (samples, features)
        Real numbers, in the type that the file has.
    y : array of shape (samples,) or (samples, outputs), or None
        Labels: int, float or text.
    features : tuple of str
        The names of the columns of X where the file has them.
    X_test, y_test : array or None
        The held-out part where the file has one.
    name : str
        What was loaded.
    """

    X: NDArray[Any]
    y: NDArray[Any] | None
    features: tuple[str, ...] = ()
    X_test: NDArray[Any] | None = None
    y_test: NDArray[Any] | None = None
    name: str = "data"


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
    wanted = Wanted(target, features or None, n_features, require_target)
    if source == "digits":
        kind, dataset = "digits", load_digits()
    else:
        path = Path(source)
        kind = format_of(path)
        refuse_options(path, kind, wanted, labels, features_first)
        dataset = load_file(path, kind, wanted, labels, features_first)
    check(dataset)
    if kind not in {"csv", "parquet"}:
        check_width(dataset, n_features or (len(features) if features else None))
    return dataset


def load_digits() -> Dataset:
    """Return scikit-learn's digits: 1797 images of 8 x 8 and their ten classes."""
    from sklearn.datasets import load_digits as embedded

    X, y = embedded(return_X_y=True)
    return Dataset(X, y, name="digits")


def format_of(path: Path) -> str:
    """Return the format of a file: csv, parquet, npz, h5 or idx.

    Raises
    ------
    InputError
        If the file cannot be opened, or its format is unknown.
    """
    if not path.exists():
        raise InputError(
            f"There is no file {str(path)!r}. Give the path of a data set ({FORMATS}), or the "
            "word digits, a data set that is built in."
        )
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error}. Give a file to read.") from error
    suffixes = [suffix.lower() for suffix in path.suffixes]
    inner = suffixes[:-1] if suffixes[-1:] == [".gz"] else suffixes
    if inner[-1:] in ([".csv"], [".tsv"]):
        return "csv"
    kinds = {".parquet": "parquet", ".npz": "npz", ".h5": "h5", ".hdf5": "h5"}
    if suffixes and suffixes[-1] in kinds:
        return kinds[suffixes[-1]]
    if readers.looks_like_idx(path):
        return "idx"
    raise InputError(
        f"{path} is of no format that is read here: {path.suffix or 'no suffix'}. "
        f"Formats: {FORMATS}."
    )


def refuse_options(
    path: Path, kind: str, wanted: Wanted, labels: str | Path | None, features_first: bool
) -> None:
    """Refuse an option that says nothing about a format.

    The target is let through for a prediction, where it is the model's and not
    the caller's.
    """
    if features_first and kind not in {"npz", "h5"}:
        raise InputError(
            f"--features-first is for .npz and HDF5 files. Received: {path}, which has one row "
            "a sample. Leave the option out."
        )
    if labels is not None and kind != "idx":
        raise InputError(
            f"A file of labels goes with an IDX file. Received: labels={str(labels)!r} with "
            f"{path}, which holds its own labels. Leave it out."
        )
    if wanted.target is not None and wanted.require_target and kind not in {"csv", "parquet"}:
        raise InputError(
            f"A target column is for tables (.csv, .tsv, .parquet). Received: "
            f"target={wanted.target!r} with {path}, which has no columns. Leave it out."
        )


def load_file(
    path: Path, kind: str, wanted: Wanted, labels: str | Path | None, features_first: bool
) -> Dataset:
    """Read a file of a known format."""
    if kind in {"csv", "parquet"}:
        reader = readers.read_csv if kind == "csv" else readers.read_parquet
        table: Table = reader(path, wanted)
        return Dataset(table.X, table.y, table.features, name=str(path))
    if kind == "idx":
        return load_idx(path, labels, wanted.require_target)
    read = readers.read_npz if kind == "npz" else readers.read_h5
    arrays = read(path, ACCEPTED)
    return from_arrays(arrays, path, features_first, wanted.require_target)


def from_arrays(
    arrays: Mapping[str, Any], path: Path, features_first: bool, require_target: bool
) -> Dataset:
    """Return the data set that the named arrays of a file make.

    Parameters
    ----------
    arrays : mapping
        The arrays by their keys, for the keys in `KEYS` and `TEST_KEYS`.
    path : Path
        The file, for the error messages.
    features_first : bool
        Whether X is (features, samples).
    require_target : bool
        Whether an X without its y is an error.

    Raises
    ------
    InputError
        If there is no X or more than one, no y, or if their shapes do not fit.
    """
    X, y = find_pair(arrays, KEYS, path, require_target)
    if X is None:
        raise InputError(
            f"{path} has the keys {listed(arrays) or 'of nothing'}. Expected x (or X) and y (or "
            "labels, target), or x_train and y_train. Save the arrays under these names."
        )
    X_test, y_test = find_pair(arrays, TEST_KEYS, path, require_target)
    X, y = orient(X, y, features_first, path)
    if X_test is not None:
        X_test, y_test = orient(X_test, y_test, features_first, path)
    return Dataset(X, y, X_test=X_test, y_test=y_test, name=str(path))


def find_pair(
    arrays: Mapping[str, Any],
    pairs: Mapping[str, tuple[str, ...]],
    path: Path,
    require_target: bool,
) -> tuple[Any, Any]:
    """Return X and the y beside it, each None where the file has none."""
    found = [key for key in pairs if key in arrays]
    if not found:
        return None, None
    beside = [key for key in pairs[found[0]] if key in arrays]
    for keys in (found, beside):
        if len(keys) > 1:
            raise InputError(
                f"{path} has {listed(keys)}, and one of them is expected. Rename or drop the rest."
            )
    if not beside and require_target:
        raise InputError(
            f"{path} has {found[0]!r} and no labels beside it: its keys are {listed(arrays)}. "
            f"Expected one of {listed(pairs[found[0]])}. Save the labels under that name."
        )
    return arrays[found[0]], arrays[beside[0]] if beside else None


def orient(X: Any, y: Any, features_first: bool, path: Path) -> tuple[Any, Any]:
    """Return X as (samples, features) and y as (samples,) or (samples, outputs)."""
    import numpy as np

    if features_first:
        if X.ndim != 2:
            raise InputError(
                f"{path}: X has shape {X.shape}. With --features-first it is (features, samples)."
            )
        X = np.ascontiguousarray(X.T)
        y = y if y is None else y.T
    elif y is not None and X.ndim == 2 and X.shape[1] == y.size != X.shape[0]:
        raise InputError(
            f"{path} looks features-first: X has shape {X.shape} and y has "
            f"{counted(y.size, 'label')}, one for each column. Pass --features-first "
            "(features_first=True in Python)."
        )
    return as_features(X, path), y if y is None else as_labels(y, path)


def as_features(X: NDArray[Any], path: Path) -> NDArray[Any]:
    """Return X with every sample flattened, and truth values as 0 and 1."""
    if X.ndim < 2:
        raise InputError(
            f"{path}: X has shape {X.shape}. Expected (samples, features), or (samples, height, "
            "width) for images. Reshape it; one feature alone is (samples, 1)."
        )
    if 0 in X.shape:
        raise InputError(
            f"{path}: X has shape {X.shape}, so it is empty. Give at least one sample."
        )
    X = X.view("u1") if X.dtype.kind == "b" else X
    if X.dtype.kind not in "uif":
        raise InputError(
            f"{path}: X is of type {X.dtype}. Expected real numbers. Convert it before saving."
        )
    return native(X).reshape(len(X), math.prod(X.shape[1:]))


def as_labels(y: NDArray[Any], path: Path) -> NDArray[Any]:
    """Return labels as (samples,), or (samples, outputs) where there are several outputs."""
    import numpy as np

    if y.dtype.kind == "S":
        try:
            y = np.char.decode(y, "utf-8")
        except UnicodeDecodeError as error:
            message = f"{path}: the labels are not UTF-8 text: {error}. Save them as UTF-8."
            raise FileFormatError(message) from error
    y = y.astype(np.int64) if y.dtype.kind == "b" else y
    if y.dtype.kind not in "uifU":
        raise InputError(
            f"{path}: y is of type {y.dtype}. Expected integers, real numbers or text. "
            "Convert it before saving."
        )
    if y.ndim not in {1, 2}:
        raise InputError(
            f"{path}: y has shape {y.shape}. Expected (samples,) or (samples, outputs). Reshape it."
        )
    return native(y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y)


def load_idx(path: Path, labels: str | Path | None, require_target: bool) -> Dataset:
    """Read a file of images in the IDX format, and the file of its labels.

    Raises
    ------
    InputError
        If `path` is itself a file of labels, or its labels are not found.
    FileFormatError
        If a file is damaged.
    """
    X = readers.read_idx(path)
    if X.ndim == 1:
        raise InputError(
            f"{path} has one number a sample, so it is a file of labels. Give the file of the "
            "images, and this one as its labels."
        )
    beside = labels_beside(path) if labels is None else Path(labels)
    if labels is not None and not Path(labels).is_file():
        raise InputError(f"There is no file {str(labels)!r}. Give the path of the labels.")
    if beside is None and require_target:
        raise InputError(
            f"The labels of {path} were not found: expected a file beside it of that name with "
            "labels for images and idx1 for idx3. Give its path by --labels."
        )
    y = None if beside is None else as_labels(readers.read_idx(beside), beside)
    return Dataset(as_features(X, path), y, name=str(path))


def labels_beside(path: Path) -> Path | None:
    """Return the file that holds the labels of an IDX file by its name, or None."""
    import re

    name = re.sub(r"idx\d", "idx1", path.name.replace("images", "labels"))
    other = name[: -len(".gz")] if name.endswith(".gz") else name + ".gz"
    candidates = [path.with_name(name), path.with_name(other)] if name != path.name else []
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def check(dataset: Dataset) -> None:
    """Refuse a data set that nothing can be learned or predicted from.

    Parameters
    ----------
    dataset : Dataset
        Its test part is checked as well.

    Raises
    ------
    InputError
        If X is not of two dimensions, not of real numbers, or empty; if X and y
        differ in their number of samples; or if a value is nan or inf.
    """
    check_part(dataset.X, dataset.y, dataset, "X", "y")
    if dataset.X_test is None:
        return
    check_part(dataset.X_test, dataset.y_test, dataset, "X_test", "y_test")
    width, test_width = dataset.X.shape[1], dataset.X_test.shape[1]
    if width != test_width:
        raise InputError(
            f"{dataset.name}: X has {counted(width, 'feature')} and X_test {test_width}. "
            "Give both the same features."
        )


def check_part(X: Any, y: Any, dataset: Dataset, x_name: str, y_name: str) -> None:
    """Check X and y of the training part or of the test part."""
    if X.ndim != 2 or 0 in X.shape:
        raise InputError(
            f"{dataset.name}: {x_name} has shape {X.shape}. Expected (samples, features), at least "
            "one of each."
        )
    if X.dtype.kind not in "buif":
        raise InputError(
            f"{dataset.name}: {x_name} is of type {X.dtype}. Expected real numbers. Convert it."
        )
    check_finite(X, dataset.name, x_name, dataset.features)
    if y is None:
        return
    if y.ndim not in {1, 2} or len(y) != len(X):
        raise InputError(
            f"{dataset.name}: {x_name} has {counted(len(X), 'sample')} and {y_name} has "
            f"{counted(len(y) if y.ndim else 0, 'label')}, of shape {y.shape}. Expected one label "
            "for each sample. Give both the same samples."
        )
    check_finite(y.reshape(len(y), math.prod(y.shape[1:])), dataset.name, y_name, ())


def check_finite(values: Any, name: str, part: str, features: tuple[str, ...]) -> None:
    """Refuse nan and inf in an array of (samples, columns), naming the first of them."""
    import numpy as np

    if values.dtype.kind != "f":
        return
    # A finite sum means finite values, for a read and no memory. The sum of
    # finite values can overflow, so that only the search below refuses them.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum()):
            return
    for start, block in chunks(values):
        finite = np.isfinite(block)
        if finite.all():
            continue
        row, column = np.argwhere(~finite)[0]
        raise InputError(
            f"{name}: {part} is {block[row, column]} in row {start + row + 1}, column "
            f"{readers.column_label(features, int(column))} (rows are counted from 1, without a "
            "header). Expected finite numbers. Fill the value in or leave the row out."
        )


def chunks(values: Any) -> Iterator[tuple[int, Any]]:
    """Yield the rows of an array in blocks of bounded size, each after its first row's number."""
    rows = max(1, CHUNK // max(1, values.shape[1]))
    for start in range(0, len(values), rows):
        yield start, values[start : start + rows]


def check_width(dataset: Dataset, expected: int | None) -> None:
    """Refuse a data set with another number of features than the model has."""
    rows, width = dataset.X.shape
    if expected is None or width == expected:
        return
    hint = (
        " It looks features-first: pass --features-first (features_first=True in Python)."
        if rows == expected
        else ""
    )
    raise InputError(
        f"{dataset.name} has {counted(width, 'feature')} and the model has {expected}. Give a data "
        f"set with the model's features.{hint}"
    )


def split(
    X: Any, y: Any, *, fraction: float = 0.2, seed: int = 0, stratify: bool
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Hold a part of the samples out, by scikit-learn's `train_test_split`.

    Parameters
    ----------
    X : array of shape (samples, features)
        The samples.
    y : array of shape (samples,) or (samples, outputs)
        Their labels.
    fraction : float, default 0.2
        The share of the samples to hold out, between 0 and 1.
    seed : int, default 0
        Seed of the shuffle.
    stratify : bool
        Whether both parts have the classes in the same proportions.

    Returns
    -------
    X_train, X_test, y_train, y_test : arrays

    Raises
    ------
    InputError
        If a part would be empty, or if the classes cannot be in both parts.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    X, y = np.asarray(X), np.asarray(y)
    if len(X) != len(y):
        raise InputError(f"X has {counted(len(X), 'sample')} and y has {counted(len(y), 'label')}.")
    if not 0.0 < fraction < 1.0:
        raise InputError(
            f"The held-out fraction is between 0 and 1. Received: fraction={fraction!r}."
        )
    held_out = math.ceil(fraction * len(X))
    if not 0 < held_out < len(X):
        raise InputError(
            f"Holding {fraction} of {counted(len(X), 'sample')} out leaves none to train on. "
            "Give more samples or a smaller fraction."
        )
    if stratify:
        check_classes(y, held_out)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=fraction, random_state=seed, stratify=y if stratify else None
    )
    return X_train, X_test, y_train, y_test


def check_classes(y: NDArray[Any], held_out: int) -> None:
    """Refuse labels whose classes cannot all be in both parts of a split."""
    import numpy as np

    classes, counts = np.unique(y, axis=0 if y.ndim > 1 else None, return_counts=True)
    rarest = f"{classes[counts.argmin()].tolist()!r} has {counted(int(counts.min()), 'sample')}"
    if counts.min() < 2:
        raise InputError(
            f"A stratified split needs 2 samples of every class, and the class {rarest}. Give it "
            "more samples, leave it out, or split without stratifying."
        )
    smaller = min(held_out, len(y) - held_out)
    if smaller < len(classes):
        raise InputError(
            f"A stratified split of {len(y)} samples with {held_out} held out has a part of "
            f"{smaller}, fewer than the {len(classes)} classes; the rarest class {rarest}. Choose "
            "another fraction, or split without stratifying."
        )
