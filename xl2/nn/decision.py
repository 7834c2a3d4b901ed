"""Whether targets are classes, labels that a sample has or has not, or values; and a note of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import InputError, counted, listed, option, unknown

TASKS = ("auto", "classification", "multilabel", "regression")
# Classes that a data set of whole numbers may have without a doubt that it has amounts.
FEW, MANY = 10, 20


class Decision(NamedTuple):
    """What targets are."""

    task: str  # "classification", "multilabel" or "regression"
    labels: Any  # labels (n,), rows of 0 and 1 (n, labels), or values (n,) or (n, outputs)
    note: str = ""  # a sentence about a decision that may be wrong; empty without a doubt


def decide(y: Any, task: str = "auto", names: Sequence[str] = ()) -> Decision:
    """Tell what targets (n,) or (n, outputs) are.

    `task` is one of `TASKS`. With "auto", text and numbers of few different whole values are
    classes, other numbers are values, and columns of 0 and 1 are classes if each row has a single
    1, or else several labels. `names` are those of the columns, for the note.
    """
    if task not in TASKS:
        raise InputError(unknown("task", task, TASKS))
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    numeric = y.dtype.kind in "fiub"
    if task == "regression":
        if not numeric:
            raise InputError("A regression needs numbers as targets. Received: text labels.")
        return Decision(task, y)
    if y.ndim == 1:
        if task == "multilabel":
            raise InputError(
                f"{option('task', task)} needs a column of 0 and 1 for each label. Received: one "
                "column."
            )
        if task == "auto" and numeric and y.dtype.kind != "b":
            return _of_numbers(y)
        return Decision("classification", y)
    if numeric and bool(((y == 0) | (y == 1)).all()):
        return _of_indicators(y, task, names)
    if numeric and task == "auto":
        return Decision("regression", y)
    raise InputError(
        f"Labels must be one column, or columns of 0 and 1. Received: {y.shape[1]} columns."
    )


def _of_indicators(y: Any, task: str, names: Sequence[str]) -> Decision:
    """Decide about columns of 0 and 1."""
    count = y.shape[1]
    named = f" ({listed(names)})" if names else ""
    instead = f"for values pass {option('task', 'regression')}."
    if task != "multilabel" and bool((y.sum(axis=1) == 1).all()):
        note = (
            f"Each row of the target has a single 1 in its {count} columns{named}, taken as "
            f"classes 0 to {count - 1}; {instead}"
        )
        return Decision("classification", y.argmax(axis=1), note if task == "auto" else "")
    note = (
        f"The target has {count} columns of 0 and 1{named}, not a single 1 in each row, taken as "
        f"{count} labels that a sample has or has not; {instead}"
    )
    return Decision("multilabel", y, note if task == "auto" else "")


def _of_numbers(y: Any) -> Decision:
    """Decide about a column of numbers."""
    import numpy as np

    if y.dtype.kind == "f" and (y % 1 != 0).any():
        return Decision("regression", y)
    values, counts = np.unique(y, return_counts=True)
    count, low, high = len(values), int(values[0]), int(values[-1])
    numbered = high - low + 1 == count and low in (0, 1)
    found = f"{counted(count, 'different whole number')} from {low} to {high}"
    amounts = f"for amounts pass {option('task', 'regression')}."
    classes = Decision("classification", y, f"The target has {found}, taken as classes; {amounts}")
    least = int(counts.min())
    if count <= MANY:
        uneven = count > FEW and 4 * least < counts.mean()
        return classes if count > 2 and (uneven or not numbered) else classes._replace(note="")
    if numbered and least >= 5 and 10 * least >= counts.mean():
        return classes
    if 3 * count >= high - low + 1:
        instead = f"for classes pass {option('task', 'classification')}."
        note = f"The target has {found}, taken as amounts: a regression; {instead}"
        return Decision("regression", y, note)
    raise InputError(
        f"The target has {found}, which may be codes of classes, or amounts. Pass "
        f"{option('task', 'classification')}, or {amounts}"
    )
