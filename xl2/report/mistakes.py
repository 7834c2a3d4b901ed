"""What a model gets wrong on test samples, as tables of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import InputError
from ..nn.model import Model
from ..nn.tasks import decode

LISTED = 20  # rows of a table


class Table(NamedTuple):
    """The head of a table and its rows, text throughout."""

    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


@dataclass(frozen=True)
class Classified:
    """Test samples beside what a classifier says of them.

    Attributes
    ----------
    names : list of str
        Of the classes.
    true, found : numpy.ndarray of int, shape (n,)
        The class of each sample and the one predicted, by their places in `names`.
    probability : numpy.ndarray, shape (n,)
        That the model gives to the class predicted.
    """

    names: list[str]
    true: Any
    found: Any
    probability: Any

    @property
    def wrong(self) -> Any:
        """The rows it gets wrong, those it was surest of first."""
        import numpy as np

        rows = np.flatnonzero(self.true != self.found)
        return rows[np.argsort(-self.probability[rows], kind="stable")]

    @property
    def matrix(self) -> Any:
        """The confusion matrix, (classes, classes): a row a true class."""
        from sklearn.metrics import confusion_matrix

        return confusion_matrix(self.true, self.found, labels=range(len(self.names)))


def classify(model: Model, outputs: Any, y: Any) -> Classified:
    """Put the outputs of a classifier beside the labels.

    Parameters
    ----------
    model : Model
        Of the task binary, classes or multilabel. What several labels say of a sample is
        one class here, such as "1 0 1".
    outputs : numpy.ndarray, shape (n, outputs)
        What it gives for the samples.
    y : numpy.ndarray, shape (n,) or (n, outputs)
        Their labels; those that the model does not know become classes too.
    """
    import numpy as np

    task = model.network.task
    found = decode(task, outputs)
    if task == "classes":
        probability = outputs.max(axis=1)
    else:
        # Several labels are taken for independent, as their loss takes them.
        probability = np.where(outputs > 0.5, outputs, 1.0 - outputs).prod(axis=1)
    if task == "multilabel":
        found, y = _joined(found), _joined(y)
        classes: Sequence[Any] = sorted({*found.tolist(), *y.tolist()})
    else:
        classes = model.classes or range(max(2, outputs.shape[1]))
        found = np.asarray(classes)[found]
        if y.ndim == 2:
            y = y[:, 0] if y.shape[1] == 1 else y.argmax(axis=1)
    places = {label: k for k, label in enumerate(classes)}
    true = [places.setdefault(label, len(places)) for label in y.tolist()]
    return Classified(
        [str(label) for label in places],
        np.asarray(true),
        np.asarray([places[label] for label in found.tolist()]),
        probability,
    )


def _joined(rows: Any) -> Any:
    """Return rows of 0 and 1 as one label each."""
    import numpy as np

    return np.asarray([" ".join(map(str, row)) for row in rows.astype(int).tolist()])


def confused_pairs(matrix: Any, names: Sequence[str], limit: int = LISTED) -> Table:
    """Return the pairs of classes that are confused most often.

    Parameters
    ----------
    matrix : numpy.ndarray of int, shape (classes, classes)
        As `Classified.matrix`.
    names : sequence of str
        Of the classes.
    limit : int, default 20
        Pairs listed.
    """
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


def list_samples(samples: Classified, rows: Any) -> Table:
    """Return some of the samples, by their rows, with what was predicted and how surely."""
    names = samples.names
    return Table(
        ("row", "true", "predicted", "probability"),
        [
            (
                str(row),
                names[samples.true[row]],
                names[samples.found[row]],
                _percent(samples.probability[row], 2),
            )
            for row in rows
        ],
    )


def largest_errors(values: Any, y: Any) -> Table:
    """Return the largest errors of a regression, each beside the spread of its output.

    Parameters
    ----------
    values, y : numpy.ndarray, shape (n, outputs)
        Predicted and true.
    """
    import numpy as np

    errors = values - y
    spread = y.std(axis=0)
    sizes = np.abs(errors) / np.where(spread > 0.0, spread, 1.0)
    order = np.argsort(-sizes, axis=None, kind="stable")[:LISTED]
    places = [divmod(int(k), y.shape[1]) for k in order if sizes.flat[k]]
    rows = [
        (str(i), str(j), *(_number(array[i, j], spread[j]) for array in (y, values, errors)))
        for i, j in places
    ]
    table = Table(("row", "output", "true", "predicted", "error"), rows)
    return table if y.shape[1] > 1 else Table(*_without(table, 1))


def _without(table: Table, column: int) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    head, *rows = ((*row[:column], *row[column + 1 :]) for row in (table.head, *table.rows))
    return head, rows


def as_columns(values: Any, outputs: int) -> Any:
    """Return the true values of a regression in float64, a column an output.

    Raises
    ------
    InputError
        If they are no numbers, or have another number of columns.
    """
    if values.dtype.kind not in "fiub" or values.size != len(values) * outputs:
        raise InputError(
            f"y_test is to be numbers (n, {outputs}), one for each output of the model. Received: "
            f"shape {values.shape}, dtype {values.dtype}."
        )
    return values.astype("float64").reshape(len(values), outputs)


def _number(value: float, spread: float) -> str:
    """Return a value with four digits of what it differs by from others."""
    decimals = 3 - math.floor(math.log10(spread)) if spread > 0.0 else 4
    fits = abs(value) < 1e7 and decimals <= 6
    return f"{value:.{max(0, decimals)}f}" if fits else f"{value:.4g}"


def _percent(part: float, digits: int) -> str:
    return f"{100.0 * part:.{digits}f}\N{NO-BREAK SPACE}%"
