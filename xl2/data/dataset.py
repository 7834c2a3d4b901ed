"""The data set that every reader returns, and the checks that it has to pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import InputError, column_label, counted, option
from ..nn.columns import Column, Table


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples and their labels.

    Parameters
    ----------
    X : array of shape (samples, features)
        Real numbers, in the dtype of the file.
    y : array of shape (samples,) or (samples, outputs), or None
        Labels: int, float or text.
    features : tuple of str
        The names of the columns of X; empty if the file has no names.
    X_test, y_test : array or None
        The test part, if the file has one.
    name : str
        What error messages call the data set.
    groups : array of shape (samples,), or None
        The group of each sample of X: int, float or text.
    weights : array of shape (samples,), or None
        The weight of each sample.
    columns : tuple of Column
        What each column of X holds, if it comes from a table: of a category X has codes; a
        missing value is NaN.
    table : Table or None
        What the other columns of the table are.
    ids : dict
        The texts of columns that are no features, by name: row numbers, and those left out.
    labelled : array of bool, shape (samples,), or None
        Which rows have a label, if some have none.
    rows : array of int, shape (samples,), or None
        The position of each sample in the file, counted from 0, if some are left out.
    notes : tuple of str
        Sentences about how the file was read.
    """

    X: Any
    y: Any | None
    features: tuple[str, ...] = ()
    X_test: Any | None = None
    y_test: Any | None = None
    name: str = "data"
    groups: Any | None = None
    weights: Any | None = None
    columns: tuple[Column, ...] = ()
    table: Table | None = None
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    labelled: Any | None = None
    rows: Any | None = None
    notes: tuple[str, ...] = ()

    def take(self, rows: Any) -> Dataset:
        """Return some of the rows, by their indices or as a mask."""
        import numpy as np

        index = np.arange(len(self.X))[rows]
        parts: dict[str, Any] = {
            name: None if part is None else part[index]
            for name in ("X", "y", "groups", "weights", "labelled")
            for part in [getattr(self, name)]
        }
        ids = {name: [texts[i] for i in index] for name, texts in self.ids.items()}
        positions = index if self.rows is None else self.rows[index]
        return replace(self, **parts, ids=ids, rows=positions)


def check(dataset: Dataset) -> None:
    """Raise `InputError` if a data set cannot be used for training or prediction.

    X has to have two dimensions and finite real numbers, of which a table may lack some, and y a
    finite value for each sample. The test part is checked as well.
    """
    check_part(dataset.X, dataset.y, dataset, "X", "y")
    if dataset.groups is not None:
        check_finite(dataset.groups.reshape(-1, 1), dataset.name, "groups", ())
    if dataset.X_test is None:
        return
    check_part(dataset.X_test, dataset.y_test, dataset, "X_test", "y_test")
    width, test_width = dataset.X.shape[1], dataset.X_test.shape[1]
    if width != test_width:
        raise InputError(
            f"{dataset.name}: X has {counted(width, 'feature')} and X_test {test_width}. "
            "Both need the same features."
        )


def check_part(X: Any, y: Any, dataset: Dataset, x_name: str, y_name: str) -> None:
    """Check X and y of the training part or of the test part."""
    if X.ndim != 2 or 0 in X.shape:
        raise InputError(
            f"{dataset.name}: {x_name} has shape {X.shape}. Expected (samples, features), with at "
            "least one of each."
        )
    if X.dtype.kind not in "buif":
        raise InputError(
            f"{dataset.name}: {x_name} has dtype {X.dtype}. Expected real numbers. Convert it."
        )
    check_finite(X, dataset.name, x_name, dataset.features, gaps=bool(dataset.columns))
    if y is None:
        return
    if y.ndim not in {1, 2} or len(y) != len(X):
        raise InputError(
            f"{dataset.name}: {x_name} has {counted(len(X), 'sample')} but {y_name} has "
            f"{counted(len(y) if y.ndim else 0, 'label')} (shape {y.shape}). Expected one label "
            "for each sample."
        )
    check_finite(y.reshape(len(y), -1), dataset.name, y_name, ())


def check_finite(
    values: Any, name: str, part: str, features: tuple[str, ...], gaps: bool = False
) -> None:
    """Raise `InputError` for the first NaN or infinity in an array (samples, columns).

    With `gaps` a NaN is a missing value.
    """
    import numpy as np

    if values.dtype.kind != "f":
        return
    # A finite sum proves that all values are finite, without a temporary array. The sum of
    # finite values can overflow, so the search below decides.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum()):
            return
    finite = np.isfinite(values) | np.isnan(values) if gaps else np.isfinite(values)
    if finite.all():
        return
    row, column = divmod(int(finite.argmin()), values.shape[1])
    raise InputError(
        f"{name}: {part} is {values[row, column]} in row {row + 1}, column "
        f"{column_label(features, column)} (a header is not counted). Expected finite numbers. "
        "Remove the row or fill in the value."
    )


def check_width(dataset: Dataset, expected: int | None) -> None:
    """Raise `InputError` if a data set does not have the model's number of features."""
    rows, width = dataset.X.shape
    if expected is None or width == expected:
        return
    hint = ""
    if rows == expected:
        hint = f" It looks features-first: pass {option('features_first', True)}."
    raise InputError(
        f"{dataset.name} has {counted(width, 'feature')}, but the model expects "
        f"{counted(expected, 'feature')}.{hint}"
    )
