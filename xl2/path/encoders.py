"""What makes inputs of the samples of a path: each fold learns it from its training rows alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..array.dask_rows import computed
from ..array.rows import in_memory, is_stored
from ..data.kinds import Asked, columns_of
from ..data.row_numbers import warn_of_row_numbers
from ..errors import InputError, counted, listed
from ..nn.columns import Column
from ..nn.dask_samples import as_rows, is_dask_frame
from ..nn.frames import codes_of, is_frame, names_of, numbers_of, select, series_of
from ..nn.preprocessing import Preprocessing
from ..nn.transformers import as_inputs, transformed
from .streamed_columns import read_coded, read_dask_frame

IN_MEMORY = Asked(of_file=False)

Encoder = Any  # an `Encoded`, a `Transformed` or a `StreamedColumns`


def read_samples(
    X: Any, y: Any, preprocessing: Any, dtype: str = "float64"
) -> tuple[Any, Encoder, tuple[str, ...]]:
    """Return the samples of a path, their encoder or None, and the names of their columns.

    The encoder has the samples itself; `y` are their labels, as they were passed.
    """
    automatic = isinstance(preprocessing, str) and preprocessing == "auto"
    if automatic and is_dask_frame(X):
        _check_names(names_of(X))
        names, (X, streamed) = names_of(X), read_dask_frame(X)
        if streamed is not None:
            return X, streamed, names
    X = in_memory(as_rows(X), dtype)
    names = names_of(X) if is_frame(X) else getattr(X, "features", ())
    _check_names(names)
    if automatic:
        if is_frame(X):
            frame = as_pandas(X)
            warn_of_row_numbers(frame, names)
            columns, coded, notes = columns_of(frame, names=names, asked=IN_MEMORY, where="X: ")
            return X, Encoded(columns, coded, notes), names
        preprocessing = None
    none = preprocessing is None or (isinstance(preprocessing, Sequence) and not preprocessing)
    if none:
        return numbers_of(X) if is_frame(X) else X, None, names
    if is_stored(X):
        raise InputError(
            "preprocessing is learnt from samples in memory, but these stay on disk or in Dask. "
            "Prepare them first, for example with dask-ml, or pass a part of them."
        )
    if _is_transformer(preprocessing):
        return X, Transformed(preprocessing, X, y), names
    if isinstance(preprocessing, Sequence) and all(isinstance(c, Column) for c in preprocessing):
        coded = codes_of(X, preprocessing) if is_frame(X) else X
        names = tuple(one.name for one in preprocessing)
        return X, Encoded(preprocessing, coded), names if any(names) else ()
    raise InputError(
        f"preprocessing must be 'auto', None, or a transformer with fit and transform, such as "
        f"scikit-learn's ColumnTransformer. Received: {preprocessing!r:.200}."
    )


def _check_names(names: Sequence[str]) -> None:
    """Refuse several columns of the same name."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"X has several columns of the name {listed(twice)}. Rename them.")


class Encoded:
    """Coded samples, of which each fold learns medians and values in the layout of all."""

    def __init__(self, columns: Sequence[Column], X: Any, notes: tuple[str, ...] = ()):
        self.layout = Preprocessing.learn(columns, X)
        self._x = self.layout.coded(X)
        self.rows, self.width = len(self._x), self.layout.width
        self.columns, self.sources = len(columns), self.layout.sources
        self.notes = notes  # what was understood of a frame, in sentences

    def __str__(self) -> str:
        kinds = Counter(one.kind for one in self.layout.columns)
        return f"{', '.join(f'{n} {kind}' for kind, n in kinds.items())}; {self.width} inputs"

    def learn(self, rows: Any) -> tuple[Preprocessing, Any]:
        """Return what some rows teach, and all samples as inputs by it."""
        if not self._has_gaps_or_categories():
            return self.everything()  # medians replace nothing
        learnt = self.layout.on(self._x[rows])
        return learnt, learnt.apply(self._x)

    def everything(self) -> tuple[Preprocessing, Any]:
        """Return what all rows teach, and all samples as inputs by it."""
        return self.layout, self.layout.apply(self._x)

    def varies(self, parts: Sequence[Any]) -> bool:
        """Tell whether the samples differ by which of some parts of the rows was learnt from."""
        return self._has_gaps_or_categories() and (
            bool(self.layout.indicators)
            or any(self.layout.on(self._x[rows]).silent for rows in parts)
        )

    def _has_gaps_or_categories(self) -> bool:
        return bool(self.layout.indicators or self.layout.categories)

    def read(self, X: Any) -> Any:
        """Return other samples of the same columns, to be given to `encode`."""
        return read_coded(self.layout, X)

    def encode(self, learnt: Preprocessing, X: Any, width: int) -> Any:
        """Return other samples as inputs."""
        return learnt.apply(X)

    def numbers(self) -> Any:
        """Return the samples as numbers of which equal ones are equal samples."""
        return self._x

    def comparable(self, X: Any, width: int) -> Any:
        """Return other samples as `numbers` returns those of the path."""
        return X


class Transformed:
    """Samples for a transformer of scikit-learn, of which each fold fits a clone."""

    def __init__(self, transformer: Any, X: Any, y: Any):
        import numpy as np

        sized = hasattr(X, "shape")
        self._transformer, self._x, self._y = transformer, X if sized else np.asarray(X), y
        self._names = names_of(X) if is_frame(X) else ()
        self.rows, self.columns = self._x.shape[0], 0
        check_rows(self.rows, len(y))
        self._everything = self.learn(np.arange(self.rows))
        # Of a fold it may be more.
        self.width = self._everything[1].shape[1]
        self.sources, self.notes = (), ()

    def __str__(self) -> str:
        import re

        return re.sub(r" at 0x[0-9a-f]+", "", repr(self._transformer))

    def learn(self, rows: Any) -> tuple[Any, Any]:
        """Return a transformer fitted on some rows, and all samples as its output."""
        import numpy as np
        from sklearn.base import clone
        from sklearn.utils import _safe_indexing

        def of(part: Any) -> Any:
            return _safe_indexing(self._x, part)

        fitted, y = clone(self._transformer, safe=False), self._y[rows]
        if hasattr(fitted, "fit_transform"):  # may differ from `transform`, on purpose
            own = as_inputs(fitted, fitted.fit_transform(of(rows), y))
        else:
            fitted.fit(of(rows), y)
            own = as_inputs(fitted, fitted.transform(of(rows)))
        found = np.empty((self.rows, own.shape[1]))
        found[rows] = own
        others = np.setdiff1d(np.arange(self.rows), rows)
        if len(others):
            found[others] = as_inputs(fitted, fitted.transform(of(others)))
        return fitted, found

    def everything(self) -> tuple[Any, Any]:
        """Return the transformer fitted on all samples, and its output."""
        return self._everything

    def varies(self, parts: Sequence[Any]) -> bool:
        """Tell that each fold has inputs of its own."""
        return True

    def read(self, X: Any) -> Any:
        """Return other samples in memory, to be given to `encode`."""
        import numpy as np

        X = np.asarray(X) if is_stored(X) else computed(X)
        if is_frame(X):
            return select(X, self._names) if self._names else X
        return X if hasattr(X, "shape") else np.asarray(X)

    def encode(self, learnt: Any, X: Any, width: int) -> Any:
        """Return other samples as inputs."""
        return transformed(learnt, X, width)

    def numbers(self) -> Any:
        """Return the samples as numbers of which equal ones are equal samples."""
        return self._everything[1]

    def comparable(self, X: Any, width: int) -> Any:
        """Return other samples as `numbers` returns those of the path."""
        return transformed(self._everything[0], X, width)


def check_rows(samples: int, targets: int, prefix: str = "") -> None:
    """Refuse samples without a target, and targets without a sample."""
    if samples != targets:
        raise InputError(
            f"{prefix}X has {counted(samples, 'sample')} but {prefix}y has {targets}. Expected "
            f"one target for each sample."
        )


def _is_transformer(thing: Any) -> bool:
    methods = ("fit", "transform")
    return not isinstance(thing, type) and all(callable(getattr(thing, m, None)) for m in methods)


def as_pandas(frame: Any) -> Any:
    """Return a frame of polars as one of pandas, and one of pandas as it is."""
    import pandas as pd

    if isinstance(frame, pd.DataFrame):
        return frame
    return pd.DataFrame(dict(enumerate(series_of(frame, (), len(frame.columns)))))
