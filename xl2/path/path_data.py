"""The samples of a path: checked and converted once, and divided into folds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ..array.api import library_of
from ..array.backend import Backend, connect
from ..array.digests import digest
from ..array.numbers import numbers
from ..array.operations import Operations
from ..array.rows import in_memory, is_stored
from ..array.switch import to_numpy
from ..errors import InputError
from ..nn import tasks
from ..nn.dask_samples import as_rows
from ..nn.inputs import check_finite, check_samples, other_shape
from ..nn.label_arrays import read_labels
from ..nn.preprocessing import Preprocessing
from ..nn.scaling import Scaling
from ..nn.targets import Targets
from ..nn.transformers import padded
from ..training.data import TrainingData
from .arguments import on_host
from .encoders import Encoder, check_rows
from .fold_data import Fold, FoldData, Truth
from .fold_rows import Conversion, FoldRows
from .folds import Split
from .settings import PathSettings


class Inputs(NamedTuple):
    """All samples of a path as a fold's networks take them, and what the fold learnt for that."""

    x: Any
    scaling: Scaling | None = None
    preprocessing: Any = None


class PathData:
    """The samples of a path, from which each kind of fold is made.

    With `standardize` X is on the host in float64; otherwise it is on the backend. With an
    encoder, which has the samples, each fold learns what makes inputs of them. Where folds have
    inputs or values of their own, each has a copy of both; otherwise folds are indices.
    """

    def __init__(
        self,
        settings: PathSettings,
        X: Any,
        targets: Targets,
        standardize: bool,
        sample_weight: Any,
        encoder: Encoder = None,
        features: tuple[str, ...] = (),
    ):
        self.settings, self.targets, self.weight = settings, targets, None
        self.features, self._encoder = features, encoder
        if sample_weight is not None:
            self.weight = numbers(to_numpy(sample_weight), "float64", "sample_weight")
        self._standardize, self._blank = standardize, settings.blank()
        self._blank.check_weights(self.weight, len(targets.values))
        if encoder is None:
            self._x = self._read(X, len(targets.values))
        else:
            check_rows(encoder.rows, len(targets.values))

    def on_host(self) -> Any:
        """Return the samples, in their own units, as a NumPy array."""
        return to_numpy(self._x) if self._encoder is None else self._encoder.numbers()

    def digest_of(self, X: Any) -> str:
        """Return a digest of other samples, such as a path's `validation`."""
        if self._encoder is not None:
            X = self._encoder.comparable(self._encoder.read(X), self.settings.sizes[0])
        return digest(as_rows(X))

    def cross_validation(self, splits: Sequence[Split]) -> FoldData:
        """Return folds of training and validation rows.

        The settings have as many inputs as these folds need.
        """
        import numpy as np

        values, weight = self.targets.values, self.weight
        inputs = self._inputs([split.training for split in splits])
        outputs = [self._values_scaling(split.training) for split in splits]
        x, starts = inputs[0].x, [0] * len(splits)
        if self._scales_values() or any(one.x is not x for one in inputs):
            starts = [k * len(values) for k in range(len(splits))]
            x = self._joined([one.x for one in inputs])
            values = np.concatenate([self._scaled(scaling, values) for scaling in outputs])
            weight = None if weight is None else np.tile(weight, len(splits))
        training = TrainingData.read(self._blank, x, values, weight)
        truth, folds = self._truth(self.targets.values, self.weight), []
        for split, start, own, scaling in zip(splits, starts, inputs, outputs, strict=True):
            x, y, weight = self._take(training, split.validation + start)
            folds.append(
                Fold(
                    split.training + start,
                    x,
                    y,
                    weight,
                    own.scaling,
                    scaling,
                    own.preprocessing,
                    truth.take(split.validation),
                )
            )
        validated = [split.validation for split in splits]
        return self._fold_data(training, folds, truth, validated)

    def all_rows(self, validation: Any = None) -> FoldData:
        """Return one fold with all samples, validated on others if they are given."""
        import numpy as np

        held = None if validation is None else self._read_validation(validation)
        validated = [] if held is None else [np.arange(len(held[1]))]
        values = self.targets.values
        rows = np.arange(len(values))
        own, outputs = self._of_all_rows(), self._values_scaling(rows)
        training = TrainingData.read(self._blank, own.x, self._scaled(outputs, values), self.weight)
        fold = Fold(rows, inputs=own.scaling, outputs=outputs, preprocessing=own.preprocessing)
        if held is not None:
            x = self._blank.check_samples(self._held_inputs(own, held[0]), "validation X")
            scaled = self._scaled(outputs, held[1])
            y = self._blank.check_targets(scaled, len(scaled), "validation y")
            fold = replace(fold, x=x, y=y, held=self._truth(held[1]))
        return self._fold_data(training, [fold], self._truth(values, self.weight), validated)

    def _fold_data(
        self,
        training: TrainingData,
        folds: Sequence[Fold],
        truth: Truth,
        validated: Sequence[Any],
    ) -> FoldData:
        encoder, backend = self._encoder, self.settings.backend
        sources = range(self.settings.sizes[0]) if encoder is None else encoder.sources
        return FoldData(backend, training, folds, self.targets, truth, sources, validated)

    def _inputs(self, parts: Sequence[Any]) -> list[Inputs]:
        """Return the inputs of folds, by the training rows of each."""
        encoder = self._encoder
        if not self._standardize and (encoder is None or not encoder.varies(parts)):
            return [self._of_all_rows()] * len(parts)
        found = []
        for rows in parts:
            learnt, x = (None, self._x) if encoder is None else encoder.learn(rows)
            found.append(self._scaled_inputs(learnt, x, rows))
        width = max(self.settings.sizes[0], *(one.x.shape[1] for one in found))
        if width > self.settings.sizes[0]:
            sizes = (width, *self.settings.sizes[1:])
            self.settings = replace(self.settings, sizes=sizes)
            self._blank = self.settings.blank()
        return [self._widened(one) for one in found]

    def _of_all_rows(self) -> Inputs:
        import numpy as np

        if self._encoder is None and not self._standardize:
            return Inputs(self._x)
        learnt, x = (None, self._x) if self._encoder is None else self._encoder.everything()
        return self._widened(self._scaled_inputs(learnt, x, np.arange(len(x))))

    def _scaled_inputs(self, learnt: Any, x: Any, rows: Any) -> Inputs:
        """Return samples as inputs, standardised by some rows if that is wanted."""
        if not self._standardize:
            x = numbers(x, self.settings.dtype, "X", "C")
            check_finite(x, "X")  # a number may overflow in float32
            return Inputs(x, None, learnt)
        x = numbers(x, "float64", "X", "C")  # a sum of squares depends on the order
        scaling = Scaling.of_chunks([x[rows]], self._weights_of(rows), "X")
        if isinstance(learnt, Preprocessing):
            scaling = scaling.sparing(learnt.plain)
        return Inputs(scaling.apply(x, self.settings.dtype), scaling, learnt)

    def _widened(self, one: Inputs) -> Inputs:
        """Return inputs with zeros at the end, as many as the networks have inputs."""
        width = self.settings.sizes[0]
        if one.x.shape[1] == width:
            return one
        scaling = one.scaling and one.scaling.widened(width)
        return one._replace(x=padded(one.x, width), scaling=scaling)

    def _held_inputs(self, own: Inputs, x: Any) -> Any:
        """Return validation samples as inputs of networks that were trained on others."""
        width = self.settings.sizes[0]
        if is_stored(x):
            conversion = Conversion(own.preprocessing, own.scaling)
            return FoldRows(x, [conversion], width, "validation X")
        if self._encoder is not None:
            x = self._encoder.encode(own.preprocessing, x, width)
        return self._scaled(own.scaling, x)

    def _read_validation(self, validation: Any) -> tuple[Any, Any]:
        """Return validation samples and their class numbers or values, checked."""
        try:
            X, y = validation
        except (TypeError, ValueError):
            kind = type(validation).__name__
            raise InputError(f"validation must be a pair (X, y). Received: {kind}.") from None
        values = self.targets.number(read_labels(y, "validation y"), "validation y")
        if self._encoder is None:
            return self._read(X, len(values), "validation "), values
        x = self._encoder.read(X)
        check_rows(x.shape[0], len(values), "validation ")
        return x, values

    def _read(self, X: Any, rows: int, prefix: str = "") -> Any:
        """Return samples on the backend, or with `standardize` on the host in float64; checked.

        Those on disk or in Dask stay there, unless they are few.
        """
        what, settings = f"{prefix}X", self.settings
        backend, dtype = settings.backend, settings.dtype
        X = in_memory(as_rows(X, what), dtype)
        if is_stored(X):
            if len(X.shape) != 2 or X.shape[1] != settings.sizes[0]:
                raise other_shape(what, X.shape, settings.sizes[0], "network")
            check_rows(X.shape[0], rows, prefix)
            return X
        if self._standardize:
            X, backend, dtype = on_host(X, what), connect("numpy"), "float64"
        X = self._in_rows(X, backend, dtype)
        x = check_samples(X, settings.sizes[0], backend, dtype, what)
        check_rows(x.shape[0], rows, prefix)
        return x

    def _in_rows(self, X: Any, backend: Backend, dtype: str) -> Any:
        """Return samples with their rows one after another in memory; count a copy of them.

        Samples that are copied for another reason, such as their dtype, stay as they are for now.
        """
        if library_of(X) != backend.name or X.dtype != backend.dtype(dtype):
            return X
        with backend.scope():
            x = backend.library.in_rows(backend.xp, X, X.dtype)
        if x is not X:
            copied = math.prod(x.shape) * (8 if dtype == "float64" else 4)
            self.settings = replace(self.settings, copied=self.settings.copied + copied)
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

    def _weights_of(self, rows: Any) -> Sequence[Any]:
        """Return the weights of some rows as `Scaling.of_chunks` takes them."""
        if self.weight is None or not self.weight[rows].any():
            return ()  # with zeros only nothing is learnt from these rows
        return [self.weight[rows]]

    def _values_scaling(self, rows: Any) -> Scaling | None:
        """Return the scaling of a regression's values, by some rows."""
        if not self._scales_values():
            return None
        return Scaling.of_chunks([self.targets.values[rows]], self._weights_of(rows), "y")

    def _scales_values(self) -> bool:
        """Tell whether the network learns scaled values: any other output layer has a range."""
        return self.settings.activations[-1] == "identity"

    def _scaled(self, scaling: Scaling | None, values: Any) -> Any:
        return values if scaling is None else scaling.apply(values, self.settings.dtype)

    def _joined(self, copies: Sequence[Any]) -> Any:
        """Return the samples of all folds as one array."""
        import numpy as np

        if self._standardize or self._encoder is not None:
            return np.concatenate(copies)
        backend = self.settings.backend
        with backend.scope():
            return backend.xp.concat(copies)

    def regression(self) -> bool:
        """Tell whether the network learns values."""
        # By the network: rows of 0 and 1 are values too, and several sigmoids learn them unscaled.
        settings = self.settings
        return tasks.task_of(settings.activations[-1], settings.sizes[-1]) == "regression"
