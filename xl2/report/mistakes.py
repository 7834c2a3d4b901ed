"""A model's mistakes on test samples, as tables of text. Rows and outputs count from 1.

`rows` are the positions of the samples in their file, counted from 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import InputError
from ..nn.labels import like_training
from ..nn.tasks import decode
from ..nn.trained import Trained

LISTED = 20  # rows of a table
SHARED = 12  # classes; a matrix of more has no room for shares


class Table(NamedTuple):
    """The head of a table and its rows: texts, or images by their address and their text."""

    head: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True)
class Classified:
    """The true class of each test sample and the predicted one, as indices of `names`."""

    names: list[str]  # of the classes
    true: Any  # integers (n,)
    predicted: Any  # integers (n,)
    probability: Any  # of the predicted class, according to the model, (n,)

    @property
    def wrong(self) -> Any:
        """The indices of the samples classified wrongly, most confident first."""
        import numpy as np

        indices = np.flatnonzero(self.true != self.predicted)
        return indices[np.argsort(-self.probability[indices], kind="stable")]

    @property
    def matrix(self) -> Any:
        """The confusion matrix, (classes, classes), with a row for each true class."""
        from sklearn.metrics import confusion_matrix

        return confusion_matrix(self.true, self.predicted, labels=range(len(self.names)))


def classify(model: Trained, outputs: Any, y: Any) -> Classified:
    """Compare a classifier's outputs (n, outputs) with the labels.

    Labels that the model does not know become classes too. For the task multilabel, each
    combination of labels is one class, such as "1 0 1".
    """
    import numpy as np

    task = model.task
    predicted = decode(task, outputs)
    if task == "classes":
        probability = outputs.max(axis=1)
    else:
        # Several labels are taken as independent, as in their loss.
        probability = np.where(outputs > 0.5, outputs, 1.0 - outputs).prod(axis=1)
    if task == "multilabel":
        predicted, y = _joined(predicted), _joined(y)
        classes: Sequence[Any] = sorted({*predicted.tolist(), *y.tolist()})
    else:
        classes = model.classes or range(max(2, outputs.shape[1]))
        predicted = np.asarray(classes)[predicted]
        y = like_training(y, classes)
        if y.ndim == 2:  # soft targets
            y = y.argmax(axis=1)
    indices = {label: k for k, label in enumerate(classes)}
    true = [indices.setdefault(label, len(indices)) for label in y.tolist()]
    return Classified(
        [str(label) for label in indices],
        np.asarray(true),
        np.asarray([indices[label] for label in predicted.tolist()]),
        probability,
    )


def _joined(rows: Any) -> Any:
    """Return each row of 0 and 1 as one label."""
    import numpy as np

    return np.asarray([" ".join(map(str, row)) for row in rows.astype(int).tolist()])


def matrix_table(matrix: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return a confusion matrix with the shares of each row, and the levels of their shading.

    Levels are from 1 to 10: of right answers by their share, of mistakes by its root, because
    few of them are much.
    """
    totals, found = matrix.sum(axis=1), matrix.sum(axis=0)
    right = matrix.diagonal()
    rows = []
    for i, counts in enumerate(matrix.tolist()):
        cells = []
        for j, count in enumerate(counts):
            share = count / max(1, totals[i])
            level = max(1, math.ceil(10.0 * (share if i == j else math.sqrt(share))))
            cells.append({"count": count, "share": f"{100.0 * share:.0f}", "level": level})
        rows.append(
            {
                "name": names[i],
                "cells": cells,
                "right": _share(right[i], totals[i]),
                "samples": str(totals[i]),
            }
        )
    return {
        "names": names,
        "rows": rows,
        "shares": len(names) <= SHARED,
        "precision": [_share(right[j], found[j], 0) for j in range(len(names))],
        "right": _share(right.sum(), totals.sum()),
        "samples": str(totals.sum()),
    }


def _share(part: int, whole: int, digits: int = 1) -> str:
    return f"{100.0 * part / whole:.{digits}f}" if whole else "-"


def confused_pairs(matrix: Any, names: Sequence[str], limit: int = LISTED) -> Table:
    """Return the pairs of classes that a confusion matrix has confused most often."""
    import numpy as np

    wrong = matrix * ~np.eye(len(matrix), dtype=bool)
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    pairs = [divmod(int(k), len(matrix)) for k in order if wrong.flat[k]]
    return Table(
        ("true", "predicted", "times", "of the true class"),
        [
            (names[i], names[j], str(wrong[i, j]), _percent(wrong[i, j] / matrix[i].sum(), 1))
            for i, j in pairs
        ],
    )


def list_samples(samples: Classified, indices: Any, rows: Any) -> Table:
    """Return some of the samples, with their predictions and the probabilities of these."""
    return Table(
        ("row", "true", "predicted", "probability"),
        [
            (
                str(rows[k] + 1),
                samples.names[samples.true[k]],
                samples.names[samples.predicted[k]],
                _percent(samples.probability[k], 2),
            )
            for k in indices
        ],
    )


def largest_errors(predicted: Any, y: Any, rows: Any) -> Table:
    """Return the largest errors of a regression, relative to the spread of their output.

    `predicted` and `y` are arrays (n, outputs).
    """
    import numpy as np

    errors, spread, several = predicted - y, y.std(axis=0), y.shape[1] > 1
    sizes = np.abs(errors) / np.where(spread > 0.0, spread, 1.0)
    order = np.argsort(-sizes, axis=None, kind="stable")[:LISTED]
    found = []
    for i, j in (divmod(int(k), y.shape[1]) for k in order if sizes.flat[k]):
        numbers = [_number(array[i, j], spread[j]) for array in (y, predicted, errors)]
        found.append((str(rows[i] + 1), *([str(j + 1)] if several else []), *numbers))
    return Table(("row", *(["output"] if several else []), "true", "predicted", "error"), found)


def as_columns(y: Any, outputs: int) -> Any:
    """Return the true values of a regression in float64, (n, outputs); raise if they do not fit."""
    if y.dtype.kind not in "fiub" or y.size != len(y) * outputs:
        raise InputError(
            f"y_test must be numbers (n, {outputs}), one for each output of the model. Received: "
            f"shape {y.shape}, dtype {y.dtype}."
        )
    return y.astype("float64").reshape(len(y), outputs)


def _number(value: float, spread: float) -> str:
    """Format a value with four digits of what distinguishes it from others."""
    decimals = 3 - math.floor(math.log10(spread)) if spread > 0.0 else 4
    fits = abs(value) < 1e7 and decimals <= 6
    return f"{value:.{max(0, decimals)}f}" if fits else f"{value:.4g}"


def _percent(part: float, digits: int) -> str:
    return f"{100.0 * part:.{digits}f}\N{NO-BREAK SPACE}%"
