"""The samples of the folds of a path, on a device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..array.api import Array
from ..array.backend import Backend
from ..array.chunks import chunks
from ..array.libraries import CHUNK
from ..array.operations import Operations
from ..array.rows import HostRows, StoredRows
from ..errors import InputError, option
from ..nn.scaling import Scaling
from ..nn.step import Samples
from ..nn.targets import Targets
from ..training.batching import cut
from ..training.data import TrainingData
from .fold_rows import SomeColumns


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
    x: Any = None  # validation samples (m, inputs), an array or `HostRows`; None without
    y: Array | None = None  # (m, outputs)
    weight: Array | None = None  # (m, 1)
    inputs: Scaling | None = None  # as in `Model`
    outputs: Scaling | None = None
    preprocessing: Any = None
    held: Truth = UNKNOWN  # the targets of the validation samples


@dataclass(frozen=True)
class FoldData:
    """The samples of all folds on one device."""

    backend: Backend
    training: TrainingData
    folds: Sequence[Fold]
    targets: Targets
    truth: Truth  # of all samples of the path
    sources: Sequence[int]  # the column of each input, as an index
    # The rows of each fold's validation samples, as indices of the path's samples, or of others.
    validated: Sequence[Any] = ()

    def where(self, f: int) -> str:
        """Return where fold `f` validates, for messages."""
        return f"in fold {f + 1}" if len(self.folds) > 1 else "on the validation samples"

    def training_truth(self, fold: Fold) -> Truth:
        """Return the targets of a fold's training samples, in the order of `training_chunks`."""
        # With `standardize` the folds' copies of the samples follow one another.
        return self.truth.take(self._read_rows(fold) % len(self.truth.y))

    def _read_rows(self, fold: Fold) -> Any:
        """Return a fold's training rows in an order in which each block is read once."""
        import numpy as np

        in_blocks = getattr(self.training.samples.x, "edges", None) is not None
        return np.sort(fold.rows) if in_blocks else fold.rows

    def copies_of(self, folds: Iterable[int]) -> range | None:
        """Return which copies of the samples some folds need, the first to the last.

        None if all folds have the same samples, or if these are not in memory.
        """
        x, n = self.training.samples.x, len(self.truth.y)
        if isinstance(x, HostRows) or x.shape[0] <= n:
            return None
        needed = [int(self.folds[f].rows[0]) // n for f in folds]
        return range(min(needed), max(needed) + 1)

    def of_folds(self, folds: Iterable[int]) -> FoldData:
        """Return the same data without the copies of the samples that other folds have."""
        folds = set(folds)
        copies, n = self.copies_of(folds), len(self.truth.y)
        if copies is None or len(copies) * n == self.training.samples.x.shape[0]:
            return self
        start, stop = copies.start * n, copies.stop * n
        samples = Samples(
            *(None if a is None else a[start:stop, ...] for a in self.training.samples)
        )
        own = [
            replace(fold, rows=fold.rows - start) if f in folds else fold
            for f, fold in enumerate(self.folds)
        ]
        return replace(self, training=replace(self.training, samples=samples), folds=own)

    def training_chunks(self, fold: Fold) -> Iterator[Array]:
        """Yield a fold's training samples on the device."""
        import numpy as np

        take, x = Operations.of(self.backend.library).take_rows, self.training.samples.x
        if isinstance(x, HostRows):
            chosen = self._read_rows(fold)
            for start, stop in cut(len(chosen), x.rows_at_once):
                yield x.take(chosen[start:stop])
            return
        if np.array_equal(fold.rows, np.arange(x.shape[0])):  # gathering would copy all of them
            yield x
            return
        rows = self.backend.from_numpy(fold.rows)
        for start, stop in cut(len(fold.rows), CHUNK):
            yield take(x, rows[start:stop])

    def validation_chunks(self, fold: Fold) -> Iterator[Array]:
        """Yield a fold's validation samples on the device."""
        assert fold.x is not None
        if not isinstance(fold.x, HostRows):
            yield fold.x
            return
        for _, chunk in chunks(fold.x, fold.x.rows_at_once):
            yield chunk

    def own_units(self, fold: Fold, chunks: Iterable[Any]) -> Any:
        """Return samples of a fold (n, inputs) on the host, not standardised."""
        import numpy as np

        if isinstance(self.training.samples.x, HostRows) or isinstance(fold.x, HostRows):
            raise InputError(
                f"{option('scoring')} is a function, which is given the samples, but these stay on "
                f"disk or in Dask. Pass the name of a scorer of scikit-learn, such as 'accuracy'."
            )
        x = np.concatenate([self.backend.to_numpy(chunk) for chunk in chunks])
        return x if fold.inputs is None else fold.inputs.undo(x)

    def columns(self, kept: Sequence[int]) -> FoldData:
        """Return the same samples with some of their inputs."""
        import numpy as np

        backend, x = self.backend, self.training.samples.x
        with backend.scope():
            at = np.asarray(kept, dtype=np.int64)
            index = backend.from_numpy(at)

            def some(array: Any) -> Any:
                if isinstance(array, StoredRows):
                    return array.of_other(lambda source: SomeColumns(source, at))
                return backend.xp.take(array, index, axis=1)

            samples = self.training.samples._replace(x=some(x))
            folds = [
                replace(fold, x=None if fold.x is None else some(fold.x)) for fold in self.folds
            ]
        return replace(self, training=replace(self.training, samples=samples), folds=folds)

    def to(self, backend: Backend, dtype: str) -> FoldData:
        """Return a copy on another device of the same library."""

        def moved(array: Any) -> Any:
            if isinstance(array, HostRows):
                return array.to(backend)
            return None if array is None else backend.asarray(array, dtype)

        folds = [
            replace(fold, x=moved(fold.x), y=moved(fold.y), weight=moved(fold.weight))
            for fold in self.folds
        ]
        training = self.training.to(backend, dtype)
        return replace(self, backend=backend, training=training, folds=folds)
