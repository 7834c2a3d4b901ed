"""Labels or values of a data set, turned into the targets of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InputError, counted, offers, option
from .decision import Decision, decide
from .labels import like_training


@dataclass(frozen=True)
class Targets:
    """Class numbers of labels, rows of 0 and 1, or values, and the output layer for them."""

    values: Any  # class numbers (n,); or rows (n, labels) or values in their units (n, outputs)
    classes: tuple[Any, ...] | None  # the label of each class number; None for other targets
    outputs: int  # units of the output layer
    output: str  # its activation
    labels: Any  # the targets as `Decision` has them
    note: str = ""  # a sentence about what the targets were taken for

    @property
    def regression(self) -> bool:
        """Whether the targets are values rather than classes or labels."""
        return self.output == "identity"

    def number(self, y: Any, what: str = "y") -> Any:
        """Return other samples' class numbers (n,), or rows or values (n, outputs)."""
        import numpy as np

        if self.classes is not None:
            y = like_training(y, self.classes)
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
        known = {label: number for number, label in enumerate(self.classes)}
        found = [known.get(label, -1) for label in y.ravel().tolist()]
        if -1 in found:
            first = y.ravel().tolist()[found.index(-1)]
            raise InputError(
                f"{what} has the label {first!r}, which no "
                f"training sample has. Known labels: {', '.join(map(repr, self.classes[:12]))}"
                f"{', ...' if len(self.classes) > 12 else ''}."
            )
        return np.asarray(found)


def read_targets(y: Any, task: str = "auto", names: Sequence[str] = ()) -> Targets:
    """Return the targets of labels (n,) or values (n, outputs); see `decide`."""
    return targets_of(decide(y, task, names))


def targets_of(decision: Decision) -> Targets:
    """Return the targets of a decision."""
    task, y, note = decision
    if task != "classification":
        values = y.reshape(len(y), -1)
        output = "identity" if task == "regression" else "sigmoid"
        return Targets(values, None, values.shape[1], output, y, note)
    classes, numbers = number_classes(y)
    if len(classes) == 2:
        return Targets(numbers, classes, 1, "sigmoid", y, note)
    return Targets(numbers, classes, len(classes), "softmax", y, note)


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

    classes, numbers = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise InputError(
            f"The labels have only one class, {classes[0].item()!r}, so there is nothing to learn. "
            f"Check {option('y')}."
        )
    if len(classes) > max(20, len(y) // 2):
        advice = "Check"
        if offers("task") and y.dtype.kind in "fiu":
            advice = f"To predict numbers, pass {option('task', 'regression')}. Otherwise check"
        raise InputError(
            f"{len(y)} samples have {len(classes)} classes, too many to learn from. "
            f"{advice} {option('y')}."
        )
    return tuple(label.item() for label in classes), numbers
