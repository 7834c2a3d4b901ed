"""The samples of several folds as rows, each fold's converted as it learnt, without a copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..array.backend import connect
from ..array.rows import ConvertedRows, LazyRows, StoredRows, blocks_of
from ..nn.scaling import Scaling


class Conversion(NamedTuple):
    """How samples in their own units become the inputs of a fold's networks."""

    preprocessing: Any = None
    scaling: Scaling | None = None

    def __call__(self, rows: Any) -> Any:
        """Return samples (n, columns) in float64 as inputs (n, inputs)."""
        x = rows if self.preprocessing is None else self.preprocessing.apply(rows)
        return x if self.scaling is None else self.scaling.apply(x, "float64")


class SomeColumns(ConvertedRows):
    """Rows of some columns of others."""

    def __init__(self, source: Any, kept: Any):
        super().__init__(source, len(kept), source.dtype)
        self._kept = kept

    def row(self, index: int) -> int:
        """Return the row of the samples that a row comes from."""
        return self._source.row(index) if isinstance(self._source, LazyRows) else index

    def _converted(self, part: Any) -> Any:
        return part[:, self._kept]


class FoldRows(LazyRows):
    """Samples on disk or in Dask, once for each fold, converted when they are read.

    Row i of fold f is the row f * n + i. A row that several folds need is read once. `what` is the
    name of the samples in error messages.
    """

    gathers = True

    def __init__(self, source: Any, conversions: Sequence[Conversion], width: int, what: str = "X"):
        import numpy as np

        self.samples = int(source.shape[0])
        super().__init__((self.samples * len(conversions), width), "float64")
        self.source, self.conversions = source, list(conversions)
        coded = conversions[0].preprocessing is not None  # which fills in what is missing
        self._read = StoredRows(source, connect("numpy"), "float64", what, finite=not coded)
        edges = blocks_of(source)[1]
        if edges is not None:
            starts = self.samples * np.arange(len(conversions))
            self.edges = np.unique(starts[:, None] + edges)

    def row(self, index: int) -> int:
        """Return the row of the samples that a row comes from."""
        return index % self.samples

    def _between(self, start: int, stop: int) -> Any:
        import numpy as np

        return self._numbered(np.arange(start, stop))

    def _numbered(self, rows: Any) -> Any:
        import numpy as np

        folds, own = np.divmod(rows, self.samples)
        wanted, places = np.unique(own, return_inverse=True)
        read = self._read.take(wanted)
        found = np.empty((len(rows), self.shape[1]))
        for f in np.unique(folds).tolist():
            mine = folds == f
            found[mine] = self.conversions[f](read[places[mine]])
        return found
