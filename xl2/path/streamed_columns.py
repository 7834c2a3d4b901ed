"""Data frames of Dask with gaps, text and categories: what their columns are, and what folds learn.

Passes over the partitions count texts, gaps and values, and find the medians. Cells become numbers
where the partitions are computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from ..array import rows
from ..array.dask_rows import DaskRows, added
from ..data.kinds import Asked, columns_of
from ..errors import InputError, column_label, listed
from ..nn.columns import Column
from ..nn.dask_samples import coded_rows, counted_rows, is_dask_frame, rows_of_frame
from ..nn.frames import codes_of, is_frame, names_of
from ..nn.medians import medians_in_dask
from ..nn.preprocessing import Preprocessing

MOST_TEXTS = 100_000  # different ones of a column


def read_dask_frame(X: Any) -> tuple[Any, Any]:
    """Return a Dask data frame as samples of a path, and its encoder or None.

    Few rows are computed to a frame of pandas. Columns of numbers without gaps need no encoder.
    """
    import dask

    lengths = counted_rows(X)
    if sum(lengths) * len(X.columns) * 8 <= rows.CHUNK_BYTES:
        return X.compute(), None
    found = added([dask.delayed(_survey)(part) for part in X.to_delayed()], _both)
    if all(one.plain and not one.gaps for one in found):
        return rows_of_frame(X), None
    columns = [_column(X, k, list(one.texts.values())) for k, one in enumerate(found)]
    encoder = StreamedColumns(columns, coded_rows(X, columns, lengths))
    return encoder.source, encoder


def read_coded(layout: Preprocessing, X: Any) -> Any:
    """Return samples of a layout's columns as coded samples; many of them stay in Dask."""
    if is_frame(X):
        return codes_of(X, layout.columns)
    if is_dask_frame(X):
        return rows.in_memory(coded_rows(X, layout.columns), "float64")
    return layout.coded(X)


class Surveyed(NamedTuple):
    """What a column of some partitions has."""

    gaps: bool
    plain: bool  # only numbers of NumPy
    texts: dict[Any, Any]  # else its different cells, one more than are allowed at most


def _survey(frame: Any) -> list[Surveyed]:
    return [_surveyed(frame.iloc[:, k]) for k in range(frame.shape[1])]


def _surveyed(cells: Any) -> Surveyed:
    import numpy as np
    import pandas as pd

    plain, different = isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "iuf", []
    if not pd.api.types.is_numeric_dtype(cells.dtype):
        different = cells.dropna()
        if not pd.api.types.is_object_dtype(cells):  # whose cells need not have a hash
            different = different.drop_duplicates()
    # 1, 1.0 and True are equal, but not the same text.
    texts = {(type(cell).__name__, str(cell)): cell for cell in different}
    return Surveyed(bool(cells.isna().any()), plain, _at_most(texts))


def _both(one: Sequence[Surveyed], other: Sequence[Surveyed]) -> list[Surveyed]:
    return [
        Surveyed(a.gaps or b.gaps, a.plain and b.plain, _at_most(a.texts | b.texts))
        for a, b in zip(one, other, strict=True)
    ]


def _at_most(texts: dict[Any, Any]) -> dict[Any, Any]:
    return dict(islice(texts.items(), MOST_TEXTS + 1))


def _column(X: Any, k: int, texts: Sequence[Any]) -> Column:
    """Return what a column holds, by its type and its different texts."""
    import pandas as pd

    dtype, names = X.dtypes.iloc[k], names_of(X)
    if len(texts) > MOST_TEXTS:
        raise InputError(
            f"X: column {column_label(names, k)} has more than {MOST_TEXTS} different texts, too "
            f"many for an input each. Leave it out by X.drop(columns=...), or convert it."
        )
    category = isinstance(dtype, pd.CategoricalDtype)
    cells = pd.Series(texts, dtype=object if category else dtype)
    frame = pd.DataFrame({X.columns[k]: cells.astype("category") if category else cells})
    known, _, _ = columns_of(
        frame,
        names=names[k : k + 1],
        asked=Asked(of_file=False),
        where="X: ",
        at=lambda row: "a row",
    )
    return known[0]


class StreamedColumns:
    """As `Encoded`, for rows in Dask. It learns of all folds at once."""

    def __init__(self, columns: Sequence[Column], source: DaskRows):
        import numpy as np

        self.source, self.rows, self.columns = source, len(source), len(columns)
        blank = Preprocessing(tuple(columns), np.zeros(0))
        total, missing, counts = self._counted(blank, np.ones((self.rows, 1), dtype=bool))
        medians = np.zeros(len(blank.numbers))
        own = [one[0] for one in counts]
        self.layout = blank.laid_out(int(total[0]), missing[0].tolist(), own, medians)
        self.width, self.sources = self.layout.width, self.layout.sources
        gaps = missing[0].any() or any(one[-1] for one in own)
        self.notes = _notes(columns, bool(gaps))

    def __str__(self) -> str:
        return f"{self.columns} columns in Dask; {self.width} inputs"

    def learn_each(self, parts: Any) -> list[Preprocessing]:
        """Return what parts of the rows teach; `parts` (n, parts) tells how often each has them."""
        layout = self.layout
        _, missing, counts = self._counted(layout, parts)
        medians = medians_in_dask(self.source, list(layout.numbers), parts)
        return [
            layout.taught(medians[p], missing[p].tolist(), [one[p] for one in counts])
            for p in range(parts.shape[1])
        ]

    def _counted(self, layout: Preprocessing, parts: Any) -> Any:
        """Return the rows of each part, their missing numbers, and the codes of each category."""
        found = self.source.map(partial(_count, layout=layout), parts, add=_add)
        if found.infinite is not None:
            row, k, value = found.infinite
            raise InputError(
                f"X is {value} in row {row + 1}, {layout.label(k)!r}. Expected finite numbers, or "
                f"NaN for a missing one."
            )
        return found.total, found.missing, found.counts

    def read(self, X: Any) -> Any:
        """Return other samples of the same columns, to be given to `encode`."""
        return read_coded(self.layout, X)

    def encode(self, learnt: Preprocessing, X: Any, width: int) -> Any:
        """Return other samples as inputs."""
        return learnt.apply(X)

    def comparable(self, X: Any, width: int) -> Any:
        """Return other samples as those of the path are."""
        return X


class Counted(NamedTuple):
    """What some partitions have, of each of several parts of the rows."""

    rows: int
    infinite: tuple[int, int, float] | None  # the first: row, column and value
    total: Any  # rows of each part, (parts,)
    missing: Any  # of each part and column of numbers
    counts: Sequence[Any]  # of each category, (parts, codes)


def _add(one: Counted, other: Counted) -> Counted:
    infinite = one.infinite
    if infinite is None and other.infinite is not None:
        row, k, value = other.infinite
        infinite = one.rows + row, k, value
    counts = [a + b for a, b in zip(one.counts, other.counts, strict=True)]
    total, missing = one.total + other.total, one.missing + other.missing
    return Counted(one.rows + other.rows, infinite, total, missing, counts)


def _count(x: Any, parts: Any, layout: Preprocessing) -> Counted:
    """Return what a partition has."""
    import numpy as np

    infinite = np.argwhere(np.isinf(x))
    first = None
    if len(infinite):
        row, k = map(int, infinite[0])
        first = row, k, float(x[row, k])
    parts, every = parts.astype(np.int64), np.arange(len(x))
    missing = parts.T @ np.isnan(x[:, list(layout.numbers)]).astype(np.int64)
    counts = [
        np.stack([layout.counts(x[np.repeat(every, own)], k) for own in parts.T])
        for k in layout.categories
    ]
    return Counted(len(x), first, parts.sum(axis=0), missing, counts)


def _notes(columns: Sequence[Column], gaps: bool) -> tuple[str, ...]:
    """Say what was understood of the columns."""
    found = []
    for kind, words in (
        ("category", "Categories, each an input of 0 and 1"),
        ("boolean", "True and False, read as 1 and 0"),
    ):
        names = [one.name for one in columns if one.kind == kind]
        found += [f"{words}: {listed(names)}."] if names else []
    if gaps:
        found.append(
            "Missing values are filled with the median, or taken as a category of their own."
        )
    return tuple(found)
