"""From labels as a table has them to what a network learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import InputError, counted


@dataclass(frozen=True)
class Targets:
    """Labels numbered, or values as a matrix, and the output layer that goes with them.

    Attributes
    ----------
    values : numpy.ndarray, shape (n,) of int or (n, outputs) of float
        Class numbers, or the values of a regression in their own units.
    classes : tuple or None
        The label of each class number; None for a regression.
    outputs : int
        Units of the output layer.
    output : str
        Its activation.
    """

    values: Any
    classes: tuple[Any, ...] | None
    outputs: int
    output: str

    @property
    def regression(self) -> bool:
        """Whether they are values and not classes."""
        return self.classes is None

    def number(self, y: Any, what: str = "y") -> Any:
        """Return other samples' labels as these are: numbered, or as a matrix.

        Raises
        ------
        InputError
            If there is a label that these have not, or another number of columns.
        """
        import numpy as np

        columns = self.outputs if self.classes is None else 1
        if y.size != len(y) * columns:
            raise InputError(
                f"{what} has {counted(y.size // len(y), 'column')}, and the training samples' "
                f"targets have {columns}: they must agree."
            )
        if self.classes is None:
            if y.dtype.kind not in "fiub":
                raise InputError(f"{what} is to be numbers, as in training. Received: text labels.")
            return as_values(y)
        known = np.asarray(self.classes)
        places = np.searchsorted(known, y).clip(max=len(known) - 1)
        strange = known[places] != y
        if np.any(strange):
            first = y[np.argmax(strange)]
            raise InputError(
                f"{what} has the label {getattr(first, 'item', lambda: first)()!r}, which no "
                f"training sample has. Known labels: {', '.join(map(repr, self.classes[:12]))}"
                f"{', ...' if len(self.classes) > 12 else ''}."
            )
        return places


def read_targets(y: Any, task: str = "auto") -> Targets:
    """Tell what kind of targets these are, and number the classes.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,) or (n, outputs)
        Labels, text or numbers, or values.
    task : {"auto", "classification", "regression"}, default "auto"
        See `is_regression`.

    Raises
    ------
    InputError
        If they cannot be learnt.
    """
    if is_regression(y, task):
        values = as_values(y)
        return Targets(values, None, values.shape[1], "identity")
    classes, numbers = number_classes(y)
    if len(classes) == 2:
        return Targets(numbers, classes, 1, "sigmoid")
    return Targets(numbers, classes, len(classes), "softmax")


def as_values(y: Any) -> Any:
    """Return the values of a regression as a matrix (n, outputs)."""
    return y.reshape(len(y), -1)


def is_regression(y: Any, task: str = "auto") -> bool:
    """Tell whether targets are values to be met, or labels to be told apart.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,) or (n, outputs)
        The targets.
    task : {"auto", "classification", "regression"}, default "auto"
        By default numbers that are not whole, and several columns, are values.

    Raises
    ------
    InputError
        If `task` is unknown, or text is to be a regression's target.
    """
    if task not in ("auto", "classification", "regression"):
        raise InputError(
            f"Available tasks are auto, classification, regression. Received: task={task!r}."
        )
    numeric = y.dtype.kind in "fiub"
    if task == "regression" and not numeric:
        raise InputError("A regression needs numbers as its target. Received: text labels.")
    if task != "auto":
        return task == "regression"
    return bool(numeric and (y.ndim > 1 or (y.dtype.kind == "f" and (y % 1 != 0).any())))


def is_present(value: Any) -> bool:
    """Tell whether a label is present: not None, NaN or pandas.NA."""
    try:
        return value is not None and bool(value == value)
    except (TypeError, ValueError):
        return False  # pandas.NA == pandas.NA has no truth value


def number_classes(y: Any) -> tuple[tuple[Any, ...], Any]:
    """Return the labels in order, and each sample's class number.

    Raises
    ------
    InputError
        If there is one class only, or nearly as many as samples.
    """
    import numpy as np

    if y.ndim != 1:
        raise InputError(f"Labels are one column. Received: {y.shape[1]} columns.")
    classes, numbers = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise InputError(
            f"There is one class only, {classes[0].item()!r}: nothing can be told apart. Check the "
            f"label column, --target."
        )
    if len(classes) > max(20, len(y) // 2):
        raise InputError(
            f"{len(y)} samples have {len(classes)} classes, too many to learn from. Check the "
            f"label column, --target; for numbers to be predicted, use --task regression."
        )
    return tuple(label.item() for label in classes), numbers


def default_initializer(activation: str) -> str:
    """Return the initial weights that suit a hidden activation."""
    return "he" if activation == "relu" else "glorot_uniform"
