"""Means and variances of columns, of one part of the samples after another.

Samples in Dask are summed up where they are: a partition becomes a few numbers, which are combined
by the formula of Chan, Golub and LeVeque, in the order of the partitions.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any, NamedTuple

from ..array.backend import connect
from ..array.chunks import chunk_ranges
from ..array.dask_rows import DaskRows
from ..array.numbers import not_finite
from ..array.rows import StoredRows
from ..errors import InputError


class Moments(NamedTuple):
    """What is known of the columns of some samples, of each of several parts of them."""

    weight: Any  # the samples, or their weight: (parts, 1) or (parts, columns)
    mean: Any  # (parts, columns)
    squares: Any  # the sum of the squared deviations from the mean: (parts, columns)

    def variance(self) -> Any:
        """Return the variances, (parts, columns)."""
        import numpy as np

        return self.squares / np.where(self.weight > 0.0, self.weight, 1.0)

    def is_constant(self) -> Any:
        """Tell which columns differ by no more than rounding errors, as scikit-learn does."""
        import numpy as np

        lost, variance = self.weight * np.finfo("float64").eps, self.variance()
        return variance <= lost * variance + (lost * self.mean) ** 2


def moments(rows: Any, parts: Any = None, weight: Any = None) -> Moments:
    """Return the moments of samples (n, columns) in memory.

    `parts` (n, parts) tells how often each part has each sample, by default once; `weight` is (n,).
    """
    import numpy as np

    x = np.asarray(rows, dtype="float64")
    given = np.ones(len(x)) if weight is None else weight
    found = []
    for k in range(1 if parts is None else parts.shape[1]):
        mine = slice(None) if parts is None else np.repeat(np.arange(len(x)), parts[:, k])
        found.append(_of_part(x[mine], given[mine, None].astype("float64")))
    return Moments(*(np.stack(one) for one in zip(*found, strict=True)))


def present_moments(rows: Any, parts: Any, weight: Any = None) -> list[Moments]:
    """Return the moments of the values in memory that are not NaN, and of 0 for each of the others.

    Their weights are those of the present and of the missing values, (parts, columns).
    """
    import numpy as np

    x = np.asarray(rows, dtype="float64")
    there, own = ~np.isnan(x), (np.ones(len(x)) if weight is None else weight)[:, None]
    x, given = np.where(there, x, 0.0), there * own
    mine = [np.repeat(np.arange(len(x)), times) for times in parts.T]
    found = [_of_part(x[at], given[at]) for at in mine]
    missing = np.stack([(~there * own)[at].sum(axis=0) for at in mine])
    zeros = np.zeros(missing.shape)
    present = Moments(*(np.stack(one) for one in zip(*found, strict=True)))
    return [present, Moments(missing, zeros, zeros)]


def filled(present: Moments, missing: Moments, values: Any) -> Moments:
    """Return the moments with a value in place of each missing one, (parts, columns)."""
    return joined([present, missing._replace(mean=values)])


def _of_part(x: Any, weight: Any) -> tuple[Any, Any, Any]:
    """Return the moments of samples (n, columns) with weights (n, 1) or (n, columns)."""
    import numpy as np

    total = weight.sum(axis=0)
    divisor = np.where(total > 0.0, total, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = (x * weight).sum(axis=0) / divisor
        deviations = x - mean
        left = (deviations * weight).sum(axis=0)  # 0 but for rounding
        squares = (deviations**2 * weight).sum(axis=0) - left**2 / divisor
        # Of a constant column rounding may leave less than nothing.
        return total, mean + left / divisor, np.maximum(squares, 0.0)


def joined(found: Iterable[Moments]) -> Moments:
    """Return the moments of samples by those of parts of them."""
    return reduce(_add, found)


def _add(one: Moments, other: Moments) -> Moments:
    import numpy as np

    weight = one.weight + other.weight
    share = other.weight / np.where(weight > 0.0, weight, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        apart = other.mean - one.mean
        squares = one.squares + other.squares + apart**2 * one.weight * share
        return Moments(weight, one.mean + apart * share, squares)


def moments_of(x: Any, parts: Any = None, weight: Any = None, what: str = "X") -> Moments:
    """Return the moments of samples on disk or in Dask, in one pass; see `moments`.

    A row that is not finite is an error.
    """
    if not x.shape[0]:
        raise InputError(f"{what} is empty. Pass at least one sample.")
    if not isinstance(x, DaskRows):
        rows = StoredRows(x, connect("numpy"), "float64", what)
        return joined(
            moments(
                rows.between(start, stop),
                None if parts is None else parts[start:stop],
                None if weight is None else weight[start:stop],
            )
            for start, stop in chunk_ranges(rows, rows.rows_at_once)
        )
    found = x.map(_checked_moments, parts, weight)
    for start, (row, _) in zip(x.edges.tolist(), found, strict=False):
        if row is not None:
            raise not_finite(what, start + row)
    return joined(own for _, own in found)


def _checked_moments(rows: Any, parts: Any, weight: Any) -> tuple[int | None, Moments]:
    """Return the first row of a partition that is not finite, or None, and its moments."""
    import numpy as np

    rows = np.asarray(rows)
    finite = np.isfinite(rows).all(axis=1)
    row = None if finite.all() else int(finite.argmin())
    return row, moments(rows, parts, weight)
