"""Which rows of a data set a model was trained on, by digests of their features."""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

CHUNK = 2**20  # numbers that are rounded at once
# Of training rows that repeat others. With more, equal features are no proof that a row was
# trained on.
MANY_REPEATS = 0.01


def row_digests(X: Any) -> Any:
    """Return a digest of each row of X (n, features) as a NumPy array (n,) of uint64.

    Numbers are rounded to the 24 bits of a float32. So a table has the same digests as CSV and as
    Parquet of float32, in which 0.1 is another number.
    """
    import numpy as np

    rows, width = X.shape
    found, step = bytearray(), max(1, CHUNK // width)
    for start in range(0, rows, step):
        part = np.asarray(X[start : start + step], dtype="<f8")
        with np.errstate(over="ignore", invalid="ignore"):
            # Dekker's and Veltkamp's splitting: unlike astype, it has the range of a float64.
            high = part * (2.0**29 + 1.0)
            part = high - (high - part) + 0.0  # -0.0 becomes 0.0
        part[part != part] = np.nan  # missing values of other bytes are equal, too
        content = part.tobytes()
        for i in range(0, len(content), 8 * width):
            found += blake2b(content[i : i + 8 * width], digest_size=8).digest()
    return np.frombuffer(found, dtype="<u8").astype("uint64")


@dataclass(frozen=True)
class Found:
    """Which of the rows of a data set a model was trained on.

    Attributes
    ----------
    trained : array of bool, shape (n,)
        The rows that it was trained on.
    missing : int
        The training rows that are not in the data set.
    equal : int
        The other rows whose features are those of a training row.
    repeats : float
        The share of the training rows that have the features of another one.
    """

    trained: Any
    missing: int
    equal: int
    repeats: float

    @property
    def count(self) -> int:
        """The number of rows that the model was trained on."""
        return int(self.trained.sum())


def find_trained(digests: Any, trained_rows: Any, first: int | None = None) -> Found:
    """Find the rows that a model was trained on, by their digests (n,).

    `trained_rows` are the sorted digests of the training rows. If all of them occur, exactly as
    many rows as there are of each were trained on, those among the `first` rows first, the
    others drawn. If some are missing, every row with the digest of a training row was. But if
    training rows repeat each other, new rows repeat them too: as many equal rows as that makes
    likely were not trained on.
    """
    import numpy as np

    rows = len(digests)
    # Drawn, because the labels of equal rows may be sorted.
    order = np.random.default_rng(0).permutation(rows)
    order = order[np.argsort(order >= (rows if first is None else first), kind="stable")]
    order = order[np.argsort(digests[order], kind="stable")]
    ordered = digests[order]
    earlier = np.arange(rows) - np.searchsorted(ordered, ordered)
    times = np.searchsorted(trained_rows, ordered, "right") - np.searchsorted(trained_rows, ordered)
    known, exact = np.zeros((2, rows), dtype=bool)
    known[order], exact[order] = times > 0, earlier < times
    missing = len(trained_rows) - int(exact.sum())
    counts = np.unique(trained_rows, return_counts=True)[1]
    repeats = float(counts[counts > 1].sum() / len(trained_rows))
    trained = exact if missing == 0 else known
    if missing and _by_chance(int(known.sum()), rows, repeats, len(trained_rows)):
        trained = np.zeros(rows, dtype=bool)
    return Found(trained, missing, int((known & ~trained).sum()), repeats)


def _by_chance(equal: int, rows: int, repeats: float, known: int) -> bool:
    """Tell whether new rows may equal one of `known` training rows as often as these repeat.

    The share of repeats estimates the probability. Its variance counts twice, because rows that
    repeat are at least two.
    """
    if repeats <= MANY_REPEATS:
        return False
    variance = repeats * (1.0 - repeats) * (1.0 / rows + 2.0 / known)
    return equal <= rows * (repeats + 3.0 * math.sqrt(variance))
