"""What every data set has to be, wherever it comes from."""

from __future__ import annotations

from typing import Any

from ..errors import InputError, column_label, counted
from .dataset import Dataset


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
    check_finite(y.reshape(len(y), -1), dataset.name, y_name, ())


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
    finite = np.isfinite(values)
    if finite.all():
        return
    row, column = divmod(int(finite.argmin()), values.shape[1])
    raise InputError(
        f"{name}: {part} is {values[row, column]} in row {row + 1}, column "
        f"{column_label(features, column)} (rows are counted from 1, without a header). Expected "
        "finite numbers. Fill the value in or leave the row out."
    )


def check_width(dataset: Dataset, expected: int | None) -> None:
    """Refuse a data set with another number of features than the model has."""
    rows, width = dataset.X.shape
    if expected is None or width == expected:
        return
    hint = ""
    if rows == expected:
        hint = " It looks features-first: pass --features-first (features_first=True in Python)."
    raise InputError(
        f"{dataset.name} has {counted(width, 'feature')} and the model has {expected}. Give a data "
        f"set with the model's features.{hint}"
    )
