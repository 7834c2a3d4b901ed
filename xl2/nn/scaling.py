"""`Scaling`: column-wise standardisation of samples and targets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from ..array.backend import connect
from ..array.chunks import chunks
from ..array.dask_rows import DaskRows
from ..array.numbers import numbers, place, unmasked
from ..array.rows import ConvertedRows, StoredRows, is_stored
from ..array.switch import to_numpy
from ..errors import InputError, counted, option
from .dask_samples import as_rows
from .frames import is_frame, numbers_of
from .moments import Moments, moments_of
from .streams import Pairs


@dataclass(frozen=True)
class Scaling:
    """A column-wise ``(x - mean) / scale`` in float64, learnt from training samples.

    `mean` and `scale` are NumPy arrays (columns,); the scale of a constant column is 1.
    """

    mean: Any
    scale: Any

    @classmethod
    def learn(cls, x: Any) -> Scaling:
        """Learn from samples by `sklearn.preprocessing.StandardScaler`.

        Parameters
        ----------
        x : array_like, array on disk or Dask collection, (n, columns); or iterable of (X, y)
            Arrays on disk and iterables are read once, chunk by chunk. Of a Dask array or data
            frame each partition becomes a mean and a sum of squares where it is computed, by the
            workers of a cluster if there are some.
        """
        x = as_rows(x)
        if isinstance(x, DaskRows):
            return cls.of_moments(moments_of(x))[0]
        return cls.of_chunks(_dense_chunks(x) if is_stored(x) or _is_stream(x) else [_in_memory(x)])

    @classmethod
    def of_chunks(
        cls, chunks: Iterable[Any], weights: Sequence[Any] = (), what: str = "X"
    ) -> Scaling:
        """Learn from arrays (n, columns) in memory, one after another, with weights (n,)."""
        import numpy as np
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler()
        with np.errstate(over="ignore", invalid="ignore"):
            for chunk, weight in zip(chunks, weights or repeat(None), strict=False):
                scaler.partial_fit(chunk, sample_weight=weight)
        _check_usable(scaler.mean_, scaler.var_, what)
        return cls(scaler.mean_, scaler.scale_)

    @classmethod
    def of_moments(cls, found: Moments, what: str = "X") -> list[Scaling]:
        """Return the scaling of each part of some samples."""
        import numpy as np

        variance, scalings = found.variance(), list[Scaling]()
        scales = np.sqrt(variance)
        scales[found.is_constant() | (scales == 0.0)] = 1.0
        for mean, own, scale in zip(found.mean, variance, scales, strict=True):
            _check_usable(mean, own, what)
            scalings.append(cls(mean, scale))
        return scalings

    def apply(self, x: Any, dtype: str) -> Any:
        """Return scaled samples (n, columns).

        An overflow of float64 gives an infinity, without a warning. A number that only float32
        does not hold is an error.
        """
        import numpy as np

        x = _in_memory(x)
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (x - self.mean) / self.scale
            found = scaled.astype(dtype, copy=False)
            if found is scaled or np.isfinite(found.sum()):
                return found
        lost = np.argwhere(np.isfinite(scaled) & ~np.isfinite(found))
        if len(lost):
            at, wider = tuple(lost[0]), option("dtype", "float64")
            raise InputError(
                f"The value {x[at]:g} in {place(at)} is too far from the others to be standardised "
                f"in {dtype}. Correct it, leave its row out, or pass {wider}."
            )
        return found

    def sparing(self, columns: Any) -> Scaling:
        """Return a scaling that leaves some columns as they are, (columns,) of bool."""
        import numpy as np

        return Scaling(np.where(columns, 0.0, self.mean), np.where(columns, 1.0, self.scale))

    def widened(self, width: int) -> Scaling:
        """Return a scaling for further columns at the end, which stay as they are."""
        import numpy as np

        lacking = width - len(self.mean)
        ones = np.pad(self.scale, (0, lacking), constant_values=1.0)
        return Scaling(np.pad(self.mean, (0, lacking)), ones)

    def lazily(self, x: Any) -> Any:
        """Return samples that are scaled when read, for `fit` and `Network.forward`.

        Parameters
        ----------
        x : array_like, array on disk or Dask collection, (n, columns); or iterable of (X, y)
            For an iterable, the result is an iterable of the same pairs with X scaled.
        """
        x = as_rows(x)
        if _is_stream(x):
            return ScaledBatches(self, x)
        return ScaledRows(self, x if is_stored(x) else _in_memory(x))

    def undo(self, x: Any) -> Any:
        """Return scaled samples in their original units; an overflow gives an infinity."""
        import numpy as np

        with np.errstate(over="ignore"):
            return x * self.scale + self.mean


class ScaledRows(ConvertedRows):
    """Samples (n, columns), in memory or on disk, that are scaled when read."""

    def __init__(self, scaling: Scaling, source: Any):
        if len(source.shape) != 2 or source.shape[1] != len(scaling.mean):
            raise InputError(
                f"X has shape {tuple(source.shape)}, but the scaling expects "
                f"{counted(len(scaling.mean), 'feature')}."
            )
        super().__init__(source, source.shape[1], "float64", getattr(source, "features", ()))
        self._scaling = scaling

    def _converted(self, part: Any) -> Any:
        return self._scaling.apply(numbers(part, "float64", "X"), "float64")


class ScaledBatches:
    """An iterable of (X, y) or (X, y, sample_weight) with X scaled."""

    def __init__(self, scaling: Scaling, batches: Iterable[Any]):
        self._scaling, self._batches = scaling, batches

    def __iter__(self) -> Iterator[Any]:
        for X, *others in self._batches:
            X = as_rows(X)
            if is_stored(X):
                yield self._scaling.lazily(X), *others
            else:
                dense = numbers(to_numpy(X), "float64", "X")
                yield self._scaling.apply(dense, "float64"), *others


def _check_usable(mean: Any, variance: Any, what: str) -> None:
    """Refuse a column whose sum of squares overflows."""
    import numpy as np

    usable = np.isfinite(mean) & np.isfinite(variance)
    if not usable.all():
        raise InputError(
            f"Column {int(np.argmin(usable)) + 1} of {what} holds numbers too large to be "
            "standardised: the sum of their squares overflows. Divide the column by its "
            "largest number."
        )


def _in_memory(x: Any) -> Any:
    """Return samples in memory as a NumPy array of real numbers."""
    import numpy as np

    if isinstance(x, np.ndarray) and x.dtype.kind in "fiub":
        return unmasked(x, "X")
    return numbers_of(x) if is_frame(x) else numbers(to_numpy(unmasked(x, "X")), "float64", "X")


def _is_stream(x: Any) -> bool:
    """Tell whether x is an iterable of (X, y) rather than samples."""
    if isinstance(x, Iterator):
        return True
    if hasattr(x, "shape") or not isinstance(x, Iterable):
        return False
    first = x[0] if isinstance(x, list | tuple) and x else None
    return not isinstance(x, list | tuple) or (
        isinstance(first, tuple | list) and hasattr(first[0] if first else None, "shape")
    )


def _dense_chunks(x: Any) -> Iterator[Any]:
    """Yield the samples of an array on disk or of an iterable, chunk by chunk in float64."""
    if is_stored(x):
        rows = StoredRows(x, connect("numpy"), "float64")
        yield from (chunk for _, chunk in chunks(rows, rows.rows_at_once))
        return
    for X, *_ in Pairs(x):
        X = as_rows(X)
        if is_stored(X):
            yield from _dense_chunks(X)
        else:
            yield numbers(to_numpy(X), "float64", "X")
