"""The samples of a path: checked and converted once, and divided into folds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..array.api import Array
from ..array.backend import Backend, connect, numbers
from ..array.libraries import CHUNK
from ..array.operations import Operations
from ..array.rows import is_stored
from ..array.switch import to_numpy
from ..errors import InputError, counted
from ..nn import tasks
from ..nn.inputs import check_samples
from ..nn.scaling import Scaling
from ..nn.targets import Targets
from ..training.batching import cut
from ..training.data import TrainingData
from .arguments import on_host, read_labels
from .folds import Split
from .settings import PathSettings


class Truth(NamedTuple):
    """The targets of samples as scorers take them: on the host, in their own units."""

    y: Any  # class numbers (n,), 0 and 1 (n, labels), or values (n, outputs)
    weight: Any = None  # (n,); None for equal weights

    def take(self, rows: Any) -> Truth:
        """Return the targets of some of the samples."""
        return Truth(*(None if part is None else part[rows] for part in self))


UNKNOWN = Truth(None)


@dataclass(frozen=True)
class Fold:
    """The samples of one fold."""

    rows: Any  # of the training samples, as indices of the path's: a NumPy array (n,)
    x: Array | None = None  # validation samples (m, inputs) on the backend; None without
    y: Array | None = None  # (m, outputs)
    weight: Array | None = None  # (m, 1)
    inputs: Scaling | None = None  # as in `Model`
    outputs: Scaling | None = None
    held: Truth = UNKNOWN  # the targets of the validation samples


@dataclass(frozen=True)
class FoldData:
    """The samples of all folds on one device."""

    backend: Backend
    training: TrainingData
    folds: Sequence[Fold]
    targets: Targets
    truth: Truth  # of all samples of the path

    def where(self, f: int) -> str:
        """Return where fold `f` validates, for messages."""
        return f"in fold {f + 1}" if len(self.folds) > 1 else "on the validation samples"

    def training_truth(self, fold: Fold) -> Truth:
        """Return the targets of a fold's training samples."""
        # With `standardize` the folds' copies of the samples follow one another.
        return self.truth.take(fold.rows % len(self.truth.y))

    def training_chunks(self, fold: Fold) -> Iterator[Array]:
        """Yield a fold's training samples on the device."""
        take, x = Operations.of(self.backend.library).take_rows, self.training.samples.x
        rows = self.backend.from_numpy(fold.rows)
        for start, stop in cut(len(fold.rows), CHUNK):
            yield take(x, rows[start:stop])

    def validation_chunks(self, fold: Fold) -> Iterator[Array]:
        """Yield a fold's validation samples on the device."""
        assert fold.x is not None
        yield fold.x

    def own_units(self, fold: Fold, chunks: Iterable[Any]) -> Any:
        """Return samples of a fold (n, features) on the host, in their own units."""
        import numpy as np

        x = np.concatenate([self.backend.to_numpy(chunk) for chunk in chunks])
        return x if fold.inputs is None else fold.inputs.undo(x)

    def columns(self, kept: Sequence[int]) -> FoldData:
        """Return the same samples with some of their features."""
        import numpy as np

        backend, x = self.backend, self.training.samples.x
        with backend.scope():
            index = backend.from_numpy(np.asarray(kept, dtype=np.int64))

            def some(array: Array) -> Array:
                return backend.xp.take(array, index, axis=1)

            samples = self.training.samples._replace(x=some(x))
            folds = [
                replace(fold, x=None if fold.x is None else some(fold.x)) for fold in self.folds
            ]
        return replace(self, training=replace(self.training, samples=samples), folds=folds)

    def to(self, backend: Backend, dtype: str) -> FoldData:
        """Return a copy on another device of the same library."""

        def moved(array: Array | None) -> Array | None:
            return None if array is None else backend.asarray(array, dtype)

        folds = [
            replace(fold, x=moved(fold.x), y=moved(fold.y), weight=moved(fold.weight))
            for fold in self.folds
        ]
        training = self.training.to(backend, dtype)
        return replace(self, backend=backend, training=training, folds=folds)


class PathData:
    """The samples of a path, from which each kind of fold is made.

    With `standardize` X is on the host in float64; otherwise it is on the backend. Where a fold
    scales X or y by its own training samples, it has its own copy of both; otherwise folds are
    indices.
    """

    def __init__(
        self,
        settings: PathSettings,
        X: Any,
        targets: Targets,
        standardize: bool,
        sample_weight: Any,
    ):
        self.settings, self.targets, self.weight = settings, targets, None
        if sample_weight is not None:
            self.weight = numbers(to_numpy(sample_weight), "float64", "sample_weight")
        self._standardize, self._blank = standardize, settings.blank()
        self._blank.check_weights(self.weight, len(targets.values))
        self._x = self._read(X, len(targets.values))

    def on_host(self) -> Any:
        """Return the samples, in their own units, as a NumPy array."""
        return to_numpy(self._x)

    def cross_validation(self, splits: Sequence[Split]) -> FoldData:
        """Return folds of training and validation rows."""
        import numpy as np

        x, values, weight = self._x, self.targets.values, self.weight
        scalings = [self._scalings(split.training) for split in splits]
        starts = [0] * len(splits)
        if self._standardize or self._scales_values():
            starts = [k * len(values) for k in range(len(splits))]
            x = self._joined([self._scaled(inputs, x) for inputs, _ in scalings])
            values = np.concatenate([self._scaled(outputs, values) for _, outputs in scalings])
            weight = None if weight is None else np.tile(weight, len(splits))
        training = TrainingData.read(self._blank, x, values, weight)
        truth, folds = self._truth(self.targets.values, self.weight), []
        for split, start, (inputs, outputs) in zip(splits, starts, scalings, strict=True):
            x, y, weight = self._take(training, split.validation + start)
            held = truth.take(split.validation)
            folds.append(Fold(split.training + start, x, y, weight, inputs, outputs, held))
        return FoldData(self.settings.backend, training, folds, self.targets, truth)

    def all_rows(self, validation: Any = None) -> FoldData:
        """Return one fold with all samples, validated on others if they are given."""
        import numpy as np

        held = None if validation is None else self._read_validation(validation)
        values, backend = self.targets.values, self.settings.backend
        rows = np.arange(len(values))
        inputs, outputs = self._scalings(rows)
        training = TrainingData.read(
            self._blank, self._scaled(inputs, self._x), self._scaled(outputs, values), self.weight
        )
        fold = Fold(rows, inputs=inputs, outputs=outputs)
        if held is not None:
            x = backend.asarray(self._scaled(inputs, held[0]), self.settings.dtype)
            scaled = self._scaled(outputs, held[1])
            y = self._blank.check_targets(scaled, len(scaled), "validation y")
            fold = replace(fold, x=x, y=y, held=self._truth(held[1]))
        truth = self._truth(values, self.weight)
        return FoldData(backend, training, [fold], self.targets, truth)

    def _read_validation(self, validation: Any) -> tuple[Any, Any]:
        """Return validation samples and their class numbers or values, checked."""
        try:
            X, y = validation
        except (TypeError, ValueError):
            kind = type(validation).__name__
            raise InputError(f"validation must be a pair (X, y). Received: {kind}.") from None
        values = self.targets.number(read_labels(y, "validation y"), "validation y")
        x = self._read(X, len(values), "validation ")
        return x, values

    def _read(self, X: Any, rows: int, prefix: str = "") -> Any:
        """Return samples on the backend, or with `standardize` on the host in float64; checked."""
        what = f"{prefix}X"
        if self._standardize:
            inputs, x = self.settings.sizes[0], on_host(X, what)
            x = check_samples(x, inputs, connect("numpy"), "float64", what)
        else:
            # Folds are drawn from all rows: an array on disk is read into memory.
            x = self._blank.check_samples(X[:] if is_stored(X) else X, what)
        if x.shape[0] != rows:
            raise InputError(
                f"{what} has {counted(x.shape[0], 'sample')} but {prefix}y has {rows}. Expected "
                f"one target for each sample."
            )
        return x

    def _take(self, training: TrainingData, rows: Any) -> Any:
        """Return the x, y and weight of some rows."""
        backend = self.settings.backend
        take = Operations.of(backend.library).take_rows
        with backend.scope():
            index = backend.from_numpy(rows)
            return [None if a is None else take(a, index) for a in training.samples]

    def _truth(self, values: Any, weight: Any = None) -> Truth:
        """Return class numbers or values as scorers take them; soft targets become classes."""
        task = self._blank.task  # as the training data were read
        if task == "regression":
            return Truth(values.astype("float64"), weight)
        soft = self.targets.classes is None
        return Truth(tasks.decode(task, values) if soft else values, weight)

    def _scalings(self, rows: Any) -> tuple[Scaling | None, Scaling | None]:
        """Return the scaling of the inputs, and of a regression's values, by some rows."""
        weight = None if self.weight is None else self.weight[rows]
        if weight is not None and not weight.any():
            weight = None  # nothing is learnt from these rows

        def learnt(values: Any, what: str) -> Scaling:
            return Scaling.of_chunks([values[rows]], () if weight is None else [weight], what)

        return (
            learnt(self._x, "X") if self._standardize else None,
            learnt(self.targets.values, "y") if self._scales_values() else None,
        )

    def _scales_values(self) -> bool:
        """Tell whether the network learns scaled values: any other output layer has a range."""
        return self.settings.activations[-1] == "identity"

    def _scaled(self, scaling: Scaling | None, values: Any) -> Any:
        return values if scaling is None else scaling.apply(values, self.settings.dtype)

    def _joined(self, copies: Sequence[Any]) -> Any:
        """Return the samples of all folds as one array."""
        import numpy as np

        if self._standardize:
            return np.concatenate(copies)
        backend = self.settings.backend
        with backend.scope():
            return backend.xp.concat(copies)

    def regression(self) -> bool:
        """Tell whether the network learns values."""
        # By the network: rows of 0 and 1 are values too, and several sigmoids learn them unscaled.
        settings = self.settings
        return tasks.task_of(settings.activations[-1], settings.sizes[-1]) == "regression"
