"""The samples of a path that are larger than memory: they stay on disk or in Dask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..array.rows import is_stored
from ..nn.moments import moments_of
from ..nn.scaling import Scaling
from ..nn.step import Samples
from ..training.data import TrainingData
from .fold_data import FoldData
from .fold_rows import Conversion, FoldRows
from .folds import Split
from .path_data import Inputs, PathData
from .settings import PathSettings


def data_of_path(settings: PathSettings, X: Any, *arguments: Any) -> PathData:
    """Return the samples of a path, in memory or where they are; the arguments are `PathData`'s."""
    kind = StreamedData if is_stored(X) else PathData
    return kind(settings, X, *arguments)


class StreamedData(PathData):
    """As `PathData`, but each fold's inputs are converted when they are read.

    What the folds learn of the samples, and what all samples teach, is learnt together.
    """

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self._everything: Inputs | None = None  # once the folds have been learnt
        if self._encoder is not None:
            self._x = self._encoder.source

    def on_host(self) -> Any:
        """Return the samples, in their own units, as rows that can be sliced."""
        return self._x

    def cross_validation(self, splits: Sequence[Split]) -> FoldData:
        """Return folds; their validation rows are in an order in which each block is read once."""
        import numpy as np

        return super().cross_validation(
            [split._replace(validation=np.sort(split.validation)) for split in splits]
        )

    def _inputs(self, parts: Sequence[Any]) -> list[Inputs]:
        import numpy as np

        if not self._standardize and self._encoder is None:
            return [Inputs(self._x)] * len(parts)
        *found, self._everything = self._learnt([*parts, np.arange(len(self.targets.values))])
        return found

    def _of_all_rows(self) -> Inputs:
        if self._everything is None:
            self._inputs([])
        return self._everything or Inputs(self._x)

    def _learnt(self, parts: Sequence[Any]) -> list[Inputs]:
        """Return the inputs of all samples by what each of some parts of them teaches."""
        import numpy as np

        times = np.zeros((len(self.targets.values), len(parts)), dtype=np.uint32)
        for f, rows in enumerate(parts):  # which may have a sample several times
            times[:, f] = np.bincount(rows, minlength=len(times))
        times = times.astype(np.min_scalar_type(times.max()))  # it travels to every partition
        if self._encoder is not None:
            learnt = self._encoder.learn_each(times, self.weight, self._standardize)
        else:
            scalings = Scaling.of_moments(moments_of(self._x, times, self.weight))
            learnt = [(None, scaling) for scaling in scalings]
        width = self.settings.sizes[0]
        return [
            Inputs(FoldRows(self._x, [Conversion(own, scaling)], width), scaling, own)
            for own, scaling in learnt
        ]

    def _take(self, training: TrainingData, rows: Any) -> Any:
        x, *known = training.samples
        others = replace(training, samples=Samples(None, *known))
        return [x.subset(rows), *super()._take(others, rows)[1:]]

    def _joined(self, copies: Sequence[Any]) -> Any:
        conversions = [Conversion()] * len(copies)
        if isinstance(copies[0], FoldRows):
            conversions = [one.conversions[0] for one in copies]
        return FoldRows(self._x, conversions, self.settings.sizes[0])
