"""Data frames of Dask with gaps, text and categories: what their columns are, and what folds learn.

Four passes over the partitions learn everything: one looks at types and texts, one counts what the
columns have, one counts it for each fold, and one finds the medians that are not known by then.
Where too many numbers may be a median, two more passes come before the last one. Cells become
numbers where the partitions are computed.
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
from ..nn.dask_samples import coded_rows, is_dask_frame, rows_of_frame
from ..nn.frames import codes_of, is_frame, names_of
from ..nn.medians import Edges, counted_values, edges_in, joined_edges, medians_by
from ..nn.moments import Moments, filled, joined, present_moments
from ..nn.preprocessing import Preprocessing
from ..nn.scaling import Scaling

MOST_TEXTS = 100_000  # different ones of a column


def read_dask_frame(X: Any) -> tuple[Any, Any]:
    """Return a Dask data frame as samples of a path, and its encoder or None.

    Few rows are computed to a frame of pandas. Columns of numbers without gaps need no encoder.
    """
    import dask

    surveys = [dask.delayed(_survey)(part) for part in X.to_delayed()]
    lengths, found = added(surveys, _both)
    if sum(lengths) * len(X.columns) * 8 <= rows.CHUNK_BYTES:
        return X.compute(), None
    if all(one.plain and not one.gaps for one in found):
        return rows_of_frame(X, lengths=lengths), None
    names, meta = names_of(X), X._meta
    columns = [_column(meta, names, k, list(one.texts.values())) for k, one in enumerate(found)]
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


def _survey(frame: Any) -> tuple[list[int], list[Surveyed]]:
    """Return the rows of a partition, as a list, and what its columns have."""
    return [len(frame)], [_surveyed(frame.iloc[:, k]) for k in range(frame.shape[1])]


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


def _both(one: Any, other: Any) -> tuple[list[int], list[Surveyed]]:
    columns = [
        Surveyed(a.gaps or b.gaps, a.plain and b.plain, _at_most(a.texts | b.texts))
        for a, b in zip(one[1], other[1], strict=True)
    ]
    return one[0] + other[0], columns


def _at_most(texts: dict[Any, Any]) -> dict[Any, Any]:
    return dict(islice(texts.items(), MOST_TEXTS + 1))


def _column(meta: Any, names: Sequence[str], k: int, texts: Sequence[Any]) -> Column:
    """Return what a column holds, by its type in an empty frame and its different texts."""
    import pandas as pd

    dtype = meta.iloc[:, k].dtype
    if len(texts) > MOST_TEXTS:
        raise InputError(
            f"X: column {column_label(names, k)} has more than {MOST_TEXTS} different texts, too "
            f"many for an input each. Leave it out by X.drop(columns=...), or convert it."
        )
    category = isinstance(dtype, pd.CategoricalDtype)
    cells = pd.Series(texts, dtype=object if category else dtype)
    frame = pd.DataFrame({meta.columns[k]: cells.astype("category") if category else cells})
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
        found, self._edges = source.map(partial(_look, layout=blank), add=_both_looks)
        if found.infinite is not None:
            row, k, value = found.infinite
            raise InputError(
                f"X is {value} in row {row + 1}, {blank.label(k)!r}. Expected finite numbers, or "
                f"NaN for a missing one."
            )
        missing, codes = found.missing[0], [one[0] for one in found.codes]
        medians = np.zeros(len(blank.numbers))
        self.layout = blank.laid_out(self.rows, missing.tolist(), codes, medians)
        self.width, self.sources = self.layout.width, self.layout.sources
        gaps = missing.any() or any(one[-1] for one in codes)
        self.notes = _notes(columns, bool(gaps))

    def __str__(self) -> str:
        return f"{self.columns} columns in Dask; {self.width} inputs"

    def learn_each(
        self, parts: Any, weight: Any, standardize: bool
    ) -> list[tuple[Preprocessing, Scaling | None]]:
        """Return what parts of the rows teach, and the scaling if it is wanted.

        `parts` (n, parts) tells how often each has each row. `weight` (n,) or None counts for the
        scaling only.
        """
        layout = self.layout
        learn = partial(_learn, layout=layout, edges=self._edges, standardize=standardize)
        found, counts, moments = self.source.map(learn, parts, weight, add=_both_learnt)
        medians = medians_by(self.source, layout.numbers, parts, self._edges, counts)
        scalings: Sequence[Scaling | None] = [None] * len(medians)
        if standardize:
            present, missing = moments
            known = filled(present, missing, medians)
            scalings = [one.widened(self.width) for one in Scaling.of_moments(known)]
        return [
            (layout.taught(medians[p], found.missing[p].tolist(), [c[p] for c in found.codes]), own)
            for p, own in enumerate(scalings)
        ]

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
    missing: Any  # of each column of numbers, (parts, numbers)
    codes: Sequence[Any]  # of each category how often it has each code, (parts, codes)


def _counted(x: Any, parts: Any, layout: Preprocessing) -> Counted:
    """Return what a partition has."""
    import numpy as np

    infinite = np.argwhere(np.isinf(x))
    first = None
    if len(infinite):
        row, k = map(int, infinite[0])
        first = row, k, float(x[row, k])
    every = np.arange(len(x))
    lacking = np.isnan(x[:, list(layout.numbers)]).astype(np.int64)
    codes = list[Any]()
    if layout.categories:
        mine = (x[np.repeat(every, own)] for own in parts.T)
        of_parts = [[layout.counts(part, k) for k in layout.categories] for part in mine]
        codes = [np.stack(one) for one in zip(*of_parts, strict=True)]
    return Counted(len(x), first, parts.T.astype(np.int64) @ lacking, codes)


def _add(one: Counted, other: Counted) -> Counted:
    infinite = one.infinite
    if infinite is None and other.infinite is not None:
        row, k, value = other.infinite
        infinite = one.rows + row, k, value
    codes = [a + b for a, b in zip(one.codes, other.codes, strict=True)]
    return Counted(one.rows + other.rows, infinite, one.missing + other.missing, codes)


def _look(x: Any, layout: Preprocessing) -> tuple[Counted, Edges]:
    """Count in all rows of a partition, and take some values of its columns."""
    import numpy as np

    once = np.ones((len(x), 1), dtype=np.int64)
    return _counted(x, once, layout), edges_in(x, layout.numbers)


def _both_looks(one: Any, other: Any) -> tuple[Counted, Edges]:
    return _add(one[0], other[0]), joined_edges(one[1], other[1])


def _learn(
    x: Any, parts: Any, weight: Any, layout: Preprocessing, edges: Edges, standardize: bool
) -> tuple[Counted, Any, list[Moments]]:
    """Count in parts of a partition's rows, also the values at the edges and between them."""
    import numpy as np

    counts = counted_values(x, parts, layout.numbers, edges)
    moments = list[Moments]()
    if standardize:
        moments = present_moments(np.take(x, layout.numbers, axis=1), parts, weight)
    return _counted(x, parts, layout), counts, moments


def _both_learnt(one: Any, other: Any) -> tuple[Counted, Any, list[Moments]]:
    moments = [joined(pair) for pair in zip(one[2], other[2], strict=True)]
    return _add(one[0], other[0]), one[1] + other[1], moments


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
