"""The samples of a path: checked and converted once, and split into folds."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..array.api import Array
from ..array.backend import Backend, numbers
from ..array.lazy_rows import is_stored
from ..array.operations import Operations
from ..array.sparse import is_sparse
from ..array.switch import to_numpy
from ..errors import InputError, counted
from ..nn import tasks
from ..nn.inputs import check_finite
from ..nn.scaling import Scaling
from ..nn.targets import Targets, is_present
from ..training.data import TrainingData
from .settings import PathSettings


@dataclass(frozen=True)
class Fold:
    """The samples of one fold.

    Attributes
    ----------
    rows : numpy.ndarray of int, shape (n,)
        The training samples, as indices of the path's.
    x, y, weight : array (m, inputs), (m, outputs) and (m, 1); or None
        The validation samples on the backend.
    inputs, outputs : Scaling or None
        As in `xl2.Model`.
    """

    rows: Any
    x: Array | None = None
    y: Array | None = None
    weight: Array | None = None
    inputs: Scaling | None = None
    outputs: Scaling | None = None


@dataclass(frozen=True)
class FoldData:
    """The samples of all folds on one device."""

    training: TrainingData
    folds: Sequence[Fold]

    def to(self, backend: Backend, dtype: str) -> FoldData:
        """Return a copy on another device of the same library."""

        def moved(array: Array | None) -> Array | None:
            return None if array is None else backend.asarray(array, dtype)

        folds = [
            replace(fold, x=moved(fold.x), y=moved(fold.y), weight=moved(fold.weight))
            for fold in self.folds
        ]
        return FoldData(self.training.to(backend, dtype), folds)


class PathData:
    """The samples of a path, from which each kind of fold is made.

    With `standardize` X is held on the host in float64, and each fold has a scaled copy;
    otherwise it is on the backend, and folds are indices.

    Parameters
    ----------
    settings : PathSettings
    X : array (n, features)
    targets : Targets
    standardize : bool
    weight : numpy.ndarray (n,), or None
    """

    def __init__(
        self, settings: PathSettings, X: Any, targets: Targets, standardize: bool, weight: Any
    ):
        self._settings, self._targets, self._weight = settings, targets, weight
        self._standardize, self._blank = standardize, settings.blank()
        self._x = self._read(X, "X")
        if self._x.shape[0] != len(targets.values):
            raise InputError(
                f"X has {counted(self._x.shape[0], 'sample')} and y has {len(targets.values)}: "
                f"they must agree."
            )

    def cross_validation(self, splits: Any) -> FoldData:
        """Return folds of training and validation rows."""
        import numpy as np

        values, weight, rows = self._targets.values, self._weight, len(self._targets.values)
        self._check_folds(splits)
        scalings: list[Any] = [(None, None)] * len(splits)
        x, copies = self._x, 1
        if self._standardize:
            copies = len(splits)
            scalings = [self._scalings(split.training) for split in splits]
            x = np.concatenate([self._scaled(own, x) for own, _ in scalings])
            values = np.concatenate([_scale(own, values, self._settings) for _, own in scalings])
        if weight is not None:
            weight = np.tile(weight, copies)
        training = self._training(x, values, weight)
        folds = []
        for k, (split, (inputs, outputs)) in enumerate(zip(splits, scalings, strict=True)):
            first = k * rows if self._standardize else 0
            x, y, own = self._take(training, split.validation + first)
            folds.append(Fold(split.training + first, x, y, own, inputs, outputs))
        return FoldData(training, folds)

    def held_out(self, validation: Any) -> FoldData:
        """Return one fold: all samples, validated on others."""
        import numpy as np

        try:
            X, y = validation
        except (TypeError, ValueError):
            raise InputError("validation is a pair (X, y).") from None
        labels = self._targets.number(read_labels(y, "validation y"), "validation y")
        held, values, x = self._read(X, "validation X"), self._targets.values, self._x
        if held.shape[0] != len(labels):
            raise InputError(
                f"validation X has {counted(held.shape[0], 'sample')} and validation y has "
                f"{len(labels)}: they must agree."
            )
        self._check_spread(labels, "The path")
        inputs = outputs = None
        rows = np.arange(len(values))
        if self._standardize:
            inputs, outputs = self._scalings(rows)
            x, held = self._scaled(inputs, x), self._scaled(inputs, held)
            values, labels = (_scale(outputs, a, self._settings) for a in (values, labels))
        training = self._training(x, values, self._weight)
        held = self._settings.backend.asarray(held, self._settings.dtype)
        known = self._blank.check_targets(labels, len(labels), "validation y")
        return FoldData(training, [Fold(rows, held, known, None, inputs, outputs)])

    def all_rows(self) -> FoldData:
        """Return one fold without validation: all samples."""
        import numpy as np

        values, x = self._targets.values, self._x
        inputs = outputs = None
        rows = np.arange(len(values))
        if self._standardize:
            inputs, outputs = self._scalings(rows)
            x, values = self._scaled(inputs, x), _scale(outputs, values, self._settings)
        training = self._training(x, values, self._weight)
        return FoldData(training, [Fold(rows, inputs=inputs, outputs=outputs)])

    def _read(self, X: Any, what: str) -> Any:
        """Return samples on the backend, or with `standardize` on the host in float64; checked."""
        if not self._standardize:
            # Folds are drawn from all rows: an array on disk is read into memory.
            return self._blank.check_samples(X[:] if is_stored(X) else X, what)
        x = numbers(on_host(X, what), "float64", what)
        width = self._settings.sizes[0]
        if x.ndim != 2 or x.shape[1] != width or not len(x):
            raise InputError(
                f"{what} is an array (samples, {width}) with one sample or more. Received: shape "
                f"{x.shape}."
            )
        check_finite(x, what)
        return x

    def _training(self, x: Any, values: Any, weight: Any) -> TrainingData:
        return TrainingData.read(self._blank, x, values, weight)

    def _take(self, training: TrainingData, rows: Any) -> Any:
        """Return the x, y and weight of some rows."""
        backend = self._settings.backend
        take = Operations.of(backend.library).take_rows
        with backend.scope():
            index = backend.from_numpy(rows)
            return [None if a is None else take(a, index) for a in training.samples]

    def _scalings(self, rows: Any) -> tuple[Scaling, Scaling | None]:
        """Return the scaling of the inputs, and of a regression's values, by some rows."""
        outputs = Scaling.learn(self._targets.values[rows]) if self._regression() else None
        return Scaling.learn(self._x[rows]), outputs

    def _scaled(self, scaling: Scaling | None, x: Any) -> Any:
        assert scaling is not None
        return scaling.apply(x, self._settings.dtype)

    def _regression(self) -> bool:
        # By the network: rows of 0 and 1 are values too, and several sigmoids learn them unscaled.
        settings = self._settings
        return tasks.task_of(settings.activations[-1], settings.sizes[-1]) == "regression"

    def _check_folds(self, splits: Any) -> None:
        """Warn of folds whose validation values are all equal; refuse if all folds are such."""
        if not self._regression():
            return
        values = self._targets.values
        constant = [
            k for k, split in enumerate(splits) if _constant(values[split.validation]).any()
        ]
        if constant and len(constant) == len(splits):
            self._check_spread(values[splits[0].validation], "Fold 1 of cv")
        elif constant:
            warnings.warn(
                f"In {counted(len(constant), 'fold')} of {len(splits)} in cv, first in fold "
                f"{constant[0] + 1}, all validation values are equal. R2 is 0 or 1 there and says "
                f"nothing about lambda: shuffle the samples.",
                stacklevel=4,
            )

    def _check_spread(self, values: Any, what: str) -> None:
        """Refuse to validate a regression on values that are all equal."""
        if not self._regression():
            return
        constant = _constant(values)
        if constant.any():
            raise InputError(
                f"{what} is validated on {counted(len(values), 'sample')} with one value, in "
                f"column {int(constant.argmax()) + 1} of y. R2 compares the errors with the spread "
                f"of the values: validate on samples with two or more."
            )


def _constant(values: Any) -> Any:
    return (values == values[0]).all(axis=0)


def _scale(scaling: Scaling | None, values: Any, settings: PathSettings) -> Any:
    return values if scaling is None else scaling.apply(values, settings.dtype)


def on_host(x: Any, what: str) -> Any:
    """Return an array of any library, or lists, as a NumPy array.

    Raises
    ------
    InputError
        If the rows have unequal lengths, or the array is a sparse matrix.
    """
    if is_sparse(x):
        raise InputError(
            f"{what} is a sparse matrix, and a path takes dense samples. Give {what}.toarray(), "
            f"or train one lambda at a time with xl2.fit, which makes a few rows dense at a time."
        )
    try:
        return to_numpy(x)
    except ValueError as error:
        raise InputError(f"{what} is not an array: {str(error).rstrip('.')}.") from None


def read_labels(y: Any, what: str) -> Any:
    """Return labels or values as a NumPy array (n,) or (n, outputs) without a missing one."""
    labels = on_host(y, what)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim not in (1, 2) or not len(labels):
        raise InputError(
            f"{what} is one label a sample, (n,), or values (n, outputs). Received: shape "
            f"{labels.shape}."
        )
    if labels.dtype.kind in "OT":
        # From pandas, lists with a None, and NumPy's text of variable length.
        listed = labels.ravel().tolist()
        present = [is_present(label) for label in listed]
        if not all(present):
            row = present.index(False) // (labels.size // len(labels))
            raise InputError(
                f"{what} has a missing label, first in row {row + 1}. Drop such rows or fill them "
                f"in; xl2 does not guess."
            )
        kinds = {type(label).__name__ for label in listed}
        if len(kinds) > 1:
            raise InputError(f"{what} mixes {', '.join(sorted(kinds))}: labels have one type.")
        labels = on_host(labels.tolist(), what)
    if labels.dtype.kind not in "biufSU":
        raise InputError(
            f"{what} is text or numbers. Received: {labels.dtype}. Convert it to text, with "
            f"y.astype(str), or to numbers."
        )
    if labels.dtype.kind == "f":
        check_finite(labels, what)
    return labels
