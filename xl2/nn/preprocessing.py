"""`Preprocessing`: columns with missing values and categories as the inputs of a network.

Missing numbers become the median, and an input tells where they were missing. A category becomes
an input of 0 and 1 for each of its values, and one for all rare values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ..array.numbers import numbers
from ..errors import InputError, counted, on_command_line, option
from .columns import Column

RARE = 5  # samples: with fewer, a value has no input of its own
MOST = 100  # inputs of one column
# A column of more values than this, and than half of the samples, is an id or free text.
FEW = 20
BLOCK = 2**18  # numbers that are sorted at once


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """What was learnt from samples to turn coded columns into inputs, in plain arrays and texts.

    A coded column has NaN where a value is missing; a category has the indices of its values,
    and -1 for an unknown one. The inputs are first all columns of numbers, then the indicators,
    then the values of each category.

    Attributes
    ----------
    columns : tuple of Column
        The columns, in their order.
    medians : numpy.ndarray, shape (number columns,)
        Of the present values of each column that is no category; 0 if there are none.
    indicators : tuple of int
        The columns, as indices, with an input that is 1 where the value is missing.
    values : tuple of tuple of int
        For each category the codes with an input of their own; after the last code, a missing
        value has one too.
    others : tuple of bool
        For each category whether rare and unknown values have an input in common.
    silent : tuple of int
        Inputs that are always 0, because the samples of a fold had nothing for them.
    """

    columns: tuple[Column, ...]
    medians: Any
    indicators: tuple[int, ...] = ()
    values: tuple[tuple[int, ...], ...] = ()
    others: tuple[bool, ...] = ()
    silent: tuple[int, ...] = ()

    @classmethod
    def learn(cls, columns: Sequence[Column], X: Any) -> Preprocessing:
        """Learn from coded samples (n, columns); refuse a column that cannot be an input."""
        import numpy as np

        blank = cls(tuple(columns), np.zeros(0))
        x = blank.coded(X)
        _check_finite(blank, x)
        medians, missing = _medians(x, blank.numbers)
        counts = [blank.counts(x, k) for k in blank.categories]
        return blank.laid_out(len(x), missing, counts, medians)

    def laid_out(
        self, rows: int, missing: Sequence[int], counts: Sequence[Any], medians: Any
    ) -> Preprocessing:
        """Return the inputs of these columns, by what was counted in all samples."""
        import numpy as np

        indicators = tuple(k for k, some in zip(self.numbers, missing, strict=True) if some)
        for k, some in zip(self.numbers, missing, strict=True):
            if some == rows:
                raise self.refusal(k, f"has no value in {counted(rows, 'row')}")
        for k, found in zip(self.categories, counts, strict=True):
            _check_values(self, k, found, rows)
        return replace(
            self,
            medians=medians,
            indicators=indicators,
            values=tuple(tuple(np.flatnonzero(found >= RARE).tolist()) for found in counts),
            others=tuple(bool(_rare(found).any()) for found in counts),
        )

    def on(self, X: Any) -> Preprocessing:
        """Learn from a fold's coded samples, but with the same inputs in the same order."""
        x = self.coded(X)
        medians, missing = _medians(x, self.numbers)
        return self.taught(medians, missing, [self.counts(x, k) for k in self.categories])

    def taught(self, medians: Any, missing: Sequence[int], counts: Sequence[Any]) -> Preprocessing:
        """Return the same inputs by what was counted in a fold's samples."""
        some = dict(zip(self.numbers, missing, strict=True))
        silent = [at for at, k in enumerate(self.indicators, len(self.numbers)) if not some[k]]
        for (_, own, other, start), found in zip(self._encoded(), counts, strict=True):
            silent += [at for at, code in enumerate(own, start) if found[code] < RARE]
            if other and not _rare(found).any():
                silent.append(start + len(own))
        return replace(self, medians=medians, silent=tuple(silent))

    def counts(self, x: Any, k: int) -> Any:
        """Return how many coded samples have each code of a category, and none."""
        import numpy as np

        size = len(self.columns[k].categories) + 2
        return np.bincount(self._codes(x, k), minlength=size)[:-1]

    def apply(self, X: Any) -> Any:
        """Return coded samples (n, columns) as inputs (n, width) in float64.

        Samples without anything to do are returned as they are.
        """
        import numpy as np

        x, count = self.coded(X), len(self.numbers)
        with np.errstate(all="ignore"):
            complete = self.categories == () and not np.isnan(x.sum())
        if complete and self.width == count:
            return x
        found = np.zeros((len(x), self.width))
        np.take(x, self.numbers, axis=1, out=found[:, :count], mode="clip")
        missing = np.isnan(found[:, :count])
        if missing.any():
            rows, at = np.nonzero(missing)
            found[rows, at] = self.medians[at]
            told = self.indicator_of[at]
            found[rows[told >= 0], told[told >= 0]] = 1.0
        for k, table in self.tables:
            told = table[self._codes(x, k)]
            found[np.flatnonzero(told >= 0), told[told >= 0]] = 1.0
        return found

    def coded(self, X: Any) -> Any:
        """Return coded samples as an array (n, columns) in float64, checked."""
        x = numbers(X, "float64", "X")
        if x.ndim != 2 or x.shape[1] != len(self.columns):
            has = counted(x.shape[1], "column") if x.ndim == 2 else f"shape {tuple(x.shape)}"
            raise InputError(f"X has {has}. Expected {counted(len(self.columns), 'column')}.")
        return x

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The columns that are no categories, as indices."""
        return tuple(k for k, one in enumerate(self.columns) if one.kind != "category")

    @cached_property
    def categories(self) -> tuple[int, ...]:
        """The columns that are categories, as indices."""
        return tuple(k for k, one in enumerate(self.columns) if one.kind == "category")

    @cached_property
    def width(self) -> int:
        """The number of inputs."""
        return len(self.sources)

    @cached_property
    def sources(self) -> tuple[int, ...]:
        """The column of each input, as an index."""
        encoded = [k for k, own, other, _ in self._encoded() for _ in range(len(own) + other)]
        return (*self.numbers, *self.indicators, *encoded)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The name of each input, such as ``age``, ``age missing`` and ``colour=red``."""
        found = [self.label(k) for k in self.numbers]
        found += [f"{self.label(k)} missing" for k in self.indicators]
        for k, own, other, _ in self._encoded():
            texts = (*self.columns[k].categories, "(missing)")
            found += [f"{self.label(k)}={texts[code]}" for code in own]
            found += [f"{self.label(k)}=(other)"] * other
        return tuple(found)

    @cached_property
    def plain(self) -> Any:
        """Which inputs are 0 or 1 and not to be standardised, (width,) of bool."""
        import numpy as np

        return np.arange(self.width) >= len(self.numbers)

    def label(self, k: int) -> str:
        """Return the name of a column, or its number from 1."""
        return self.columns[k].name or f"column {k + 1}"

    def refusal(self, k: int, what: str) -> InputError:
        """Return the error for a column that cannot be an input, with the way out."""
        name = self.columns[k].name
        shown = f"Column {name!r}" if name else f"Column {k + 1}"
        out = option("ignore", name) if name else option("ignore")
        if not on_command_line():
            drop = f"X.drop(columns={name!r})" if name else "numpy.delete"
            out = f"{out} of load_data, or {drop}"
        return InputError(f"{shown} {what}. Leave it out with {out}.")

    def _encoded(self) -> Iterator[tuple[int, tuple[int, ...], bool, int]]:
        """Yield each category: its column, own codes, whether it has others, its first input."""
        start = len(self.numbers) + len(self.indicators)
        for k, own, other in zip(self.categories, self.values, self.others, strict=True):
            yield k, own, other, start
            start += len(own) + other

    @cached_property
    def indicator_of(self) -> Any:
        """The indicator of each column of numbers, as an index of the inputs; -1 without."""
        import numpy as np

        found, silent = np.full(len(self.columns), -1), set(self.silent)
        for at, k in enumerate(self.indicators, len(self.numbers)):
            found[k] = -1 if at in silent else at
        return found[list(self.numbers)]

    @cached_property
    def tables(self) -> list[tuple[int, Any]]:
        """The input of each code of each category, -1 for none; the last code is unknown."""
        import numpy as np

        found, silent = [], set(self.silent)
        for k, own, other, start in self._encoded():
            rest = start + len(own)
            rest = rest if other and rest not in silent else -1
            table = np.full(len(self.columns[k].categories) + 2, rest)
            for at, code in enumerate(own, start):
                table[code] = rest if at in silent else at
            found.append((k, table))
        return found

    def _codes(self, x: Any, k: int) -> Any:
        """Return the codes of a category as indices (n,): after the last, missing and unknown."""
        import numpy as np

        count = len(self.columns[k].categories)
        column = np.where(np.isnan(x[:, k]), count, x[:, k])
        column = np.where(column == -1.0, count + 1, column)
        wrong = (column < 0) | (column > count + 1) | (column % 1 != 0) | (x[:, k] >= count)
        if wrong.any():
            row = int(wrong.argmax())
            raise InputError(
                f"X has {x[row, k]:g} in row {row + 1}, {self.label(k)!r}, which is a category "
                f"with {counted(count, 'value')}. Expected an index of one, -1 or NaN."
            )
        return column.astype(np.int64)


def _medians(x: Any, numbers: Sequence[int]) -> tuple[Any, list[int]]:
    """Return the medians of the present values of columns (n, numbers), and how many lack one."""
    import numpy as np

    medians, missing = np.zeros(len(numbers)), np.zeros(len(numbers), dtype=np.int64)
    step = max(1, BLOCK // max(1, len(x)))
    for start in range(0, len(numbers), step):
        # A copy with the columns one after another is sorted fastest.
        part = np.take(x, numbers[start : start + step], axis=1).T.copy()
        lacking = np.isnan(part).sum(axis=1)
        missing[start : start + step] = lacking
        for present in np.unique(len(x) - lacking):
            if not present:
                continue
            own = np.flatnonzero(lacking == len(x) - present)
            low, high = (present - 1) // 2, present // 2
            ordered = np.partition(part[own], (low, high), axis=1)  # NaN comes last
            # Half of each: their sum may overflow.
            medians[start + own] = ordered[:, low] / 2.0 + ordered[:, high] / 2.0
    return medians, missing.tolist()


def _rare(counts: Any) -> Any:
    return (counts > 0) & (counts < RARE)


def _check_values(learnt: Preprocessing, k: int, counts: Any, rows: int) -> None:
    """Refuse a category without a value, or with too many."""
    different = int((counts[:-1] > 0).sum())
    if counts[-1] == rows:
        raise learnt.refusal(k, f"has no value in {counted(rows, 'row')}")
    if int((counts >= RARE).sum()) > MOST or (different > FEW and 2 * different > rows):
        raise learnt.refusal(
            k,
            f"has {different} different texts in {counted(rows, 'row')}, too many for an input "
            f"each",
        )


def _check_finite(learnt: Preprocessing, x: Any) -> None:
    """Refuse infinities."""
    import numpy as np

    infinite = np.isinf(x)
    if infinite.any():
        row, k = divmod(int(infinite.argmax()), x.shape[1])
        raise InputError(
            f"X is {x[row, k]} in row {row + 1}, {learnt.label(k)!r}. Expected finite numbers, or "
            f"NaN for a missing one."
        )
