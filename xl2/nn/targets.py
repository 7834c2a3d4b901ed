"""Labels or values of a data set, turned into the targets of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import InputError, counted, offers, option, unknown


@dataclass(frozen=True)
class Targets:
    """Class numbers of labels, or values as a matrix, and the output layer for them."""

    values: Any  # class numbers (n,), or values (n, outputs) in their original units
    classes: tuple[Any, ...] | None  # the label of each class number; None for a regression
    outputs: int  # units of the output layer
    output: str  # its activation

    @property
    def regression(self) -> bool:
        """Whether the targets are values rather than classes."""
        return self.classes is None

    def number(self, y: Any, what: str = "y") -> Any:
        """Return other samples' class numbers (n,) or values (n, outputs), like `values`."""
        import numpy as np

        columns = self.outputs if self.classes is None else 1
        if y.size != len(y) * columns:
            raise InputError(
                f"{what} has {counted(y.size // len(y), 'column')}, but the training targets have "
                f"{columns}."
            )
        if self.classes is None:
            if y.dtype.kind not in "fiub":
                raise InputError(f"{what} must be numbers, as in training. Received: text labels.")
            return y.reshape(len(y), -1)
        known = np.asarray(self.classes)
        numbers = np.searchsorted(known, y).clip(max=len(known) - 1)
        unseen = known[numbers] != y
        if np.any(unseen):
            first = y[np.argmax(unseen)]
            raise InputError(
                f"{what} has the label {getattr(first, 'item', lambda: first)()!r}, which no "
                f"training sample has. Known labels: {', '.join(map(repr, self.classes[:12]))}"
                f"{', ...' if len(self.classes) > 12 else ''}."
            )
        return numbers


def read_targets(y: Any, task: str = "auto") -> Targets:
    """Return the targets of labels (n,) or values (n, outputs); `task` as for `is_regression`."""
    if is_regression(y, task):
        values = y.reshape(len(y), -1)
        return Targets(values, None, values.shape[1], "identity")
    classes, numbers = number_classes(y)
    if len(classes) == 2:
        return Targets(numbers, classes, 1, "sigmoid")
    return Targets(numbers, classes, len(classes), "softmax")


def is_regression(y: Any, task: str = "auto") -> bool:
    """Tell whether targets (n,) or (n, outputs) are values rather than labels.

    `task` is "classification", "regression", or "auto": then several columns, and numbers that
    are not whole, are values.
    """
    available = ("auto", "classification", "regression")
    if task not in available:
        raise InputError(unknown("task", task, available))
    numeric = y.dtype.kind in "fiub"
    if task == "regression" and not numeric:
        raise InputError("A regression needs numbers as targets. Received: text labels.")
    if task != "auto":
        return task == "regression"
    return bool(numeric and (y.ndim > 1 or (y.dtype.kind == "f" and (y % 1 != 0).any())))


def constant_columns(y: Any) -> Any:
    """Tell of each column of values (n, outputs) whether all are equal."""
    return (y == y[0]).all(axis=0)


def check_spread(y: Any, what: str) -> None:
    """Raise `InputError` if a column of values (n, outputs) has no R2, because all are equal."""
    constant = constant_columns(y)
    if constant.any():
        raise InputError(
            f"Column {int(constant.argmax()) + 1} of {what} holds one value only. R2 compares the "
            f"errors with the spread of the targets: pass at least two different values in each "
            f"column."
        )


def is_present(value: Any) -> bool:
    """Tell whether a label is not None, NaN or pandas.NA."""
    try:
        return value is not None and bool(value == value)
    except (TypeError, ValueError):
        return False  # pandas.NA == pandas.NA has no truth value


def number_classes(y: Any) -> tuple[tuple[Any, ...], Any]:
    """Return the sorted labels, and the class number of each sample."""
    import numpy as np

    if y.ndim != 1:
        raise InputError(f"Labels must be one column. Received: {y.shape[1]} columns.")
    classes, numbers = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise InputError(
            f"The labels have only one class, {classes[0].item()!r}, so there is nothing to learn. "
            f"Check {option('y')}."
        )
    if len(classes) > max(20, len(y) // 2):
        advice = "Check"
        if offers("task"):
            advice = f"To predict numbers, pass {option('task', 'regression')}. Otherwise check"
        raise InputError(
            f"{len(y)} samples have {len(classes)} classes, too many to learn from. "
            f"{advice} {option('y')}."
        )
    return tuple(label.item() for label in classes), numbers
