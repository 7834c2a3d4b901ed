"""Exact medians of columns in Dask, digit by digit, without sorting or collecting them.

The bits of a float64, with those below the sign turned over for negative ones, are in the order of
the numbers. A pass over the partitions counts, for each column, the next 11 bits of the numbers
that begin like the median; six passes find all of them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ..array.dask_rows import DaskRows

BITS = 11
SHIFTS = (53, 42, 31, 20, 9, 0)  # the last digit has 9 bits


def medians_in_dask(x: DaskRows, numbers: Any, parts: Any) -> Any:
    """Return the medians of the present values of some columns, (parts, columns); 0 without any.

    `numbers` are the columns, as indices, and `parts` (n, parts) tells how often each has each row.
    """
    import numpy as np

    # Two numbers are in the middle of an even number of them: (parts, columns, 2).
    found = np.zeros((parts.shape[1], len(numbers), 2), dtype=np.uint64)
    ranks = None
    for at, shift in enumerate(SHIFTS):
        count = partial(_counts, numbers=numbers, begun=found, at=at)
        counts = x.map(count, parts, add=np.add)
        if ranks is None:
            present = counts[:, :, 0].sum(axis=-1)
            ranks = np.stack([np.maximum(present - 1, 0) // 2, present // 2], axis=-1)
        upto = counts.cumsum(axis=-1)
        digits = (upto <= ranks[..., None]).sum(axis=-1)
        below = np.take_along_axis(upto - counts, np.minimum(digits, 2**BITS - 1)[..., None], -1)
        ranks = ranks - below[..., 0]
        found |= digits.astype(np.uint64) << np.uint64(shift)
    low, high = np.moveaxis(_numbers(found), -1, 0)
    # Half of each: their sum may overflow.
    return np.where(present > 0, low / 2.0 + high / 2.0, 0.0)


def _counts(rows: Any, parts: Any, numbers: Any, begun: Any, at: int) -> Any:
    """Return how many values have each next digit, (parts, columns, 2, digits)."""
    import numpy as np

    found = np.zeros((*begun.shape, 2**BITS), dtype=np.int64)
    shift, above = np.uint64(SHIFTS[at]), np.uint64(SHIFTS[at - 1])
    for c, k in enumerate(numbers):
        column = np.asarray(rows)[:, k].astype("float64")
        there = ~np.isnan(column)
        keys = _keys(column)
        last = 2 ** (SHIFTS[at - 1] - SHIFTS[at]) - 1 if at else 2**BITS - 1
        digits = ((keys >> shift) & np.uint64(last)).astype(np.int64)
        for p in range(len(begun)):
            times = parts[:, p]
            mine = there & (times > 0)
            for side in range(2):
                same = mine
                if at:
                    same = mine & (keys >> above == begun[p, c, side] >> above)
                if side and begun[p, c, 0] == begun[p, c, 1]:
                    found[p, c, 1] = found[p, c, 0]
                else:
                    own = np.repeat(digits[same], times[same])
                    found[p, c, side] = np.bincount(own, minlength=2**BITS)
    return found


def _keys(x: Any) -> Any:
    """Return whole numbers in the order of the given float64."""
    import numpy as np

    bits = (x + 0.0).view(np.uint64)
    negative = bits >> np.uint64(63) == 1
    return np.where(negative, ~bits, bits | np.uint64(2**63))


def _numbers(keys: Any) -> Any:
    """Return the float64 of whole numbers that `_keys` returns."""
    import numpy as np

    negative = keys >> np.uint64(63) == 0
    return np.where(negative, ~keys, keys ^ np.uint64(2**63)).view(np.float64)
