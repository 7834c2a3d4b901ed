"""Results, as lines of at most 80 characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .limits import Row
from .measure import Measured
from .timing import Spread, ratio, spread_of


class Result(NamedTuple):
    """A measured value and its limit.

    Without a value, `why` has the reason, and `failed` is whether that was an error, not a
    library that is not installed. The limit is the highest value that meets it, or with `least`
    the lowest.
    """

    title: str
    spread: Spread | None
    limit: float | None = None
    why: str = ""
    failed: bool = False
    least: bool = False

    @property
    def missed(self) -> bool:
        """Whether it is beyond the limit by more than its spread, or failed."""
        if self.spread is None or self.limit is None:
            return self.failed
        return self.spread.high < self.limit if self.least else self.spread.low > self.limit

    def __str__(self) -> str:
        if self.spread is None:
            return clipped(f"{self.title:<44} {self.why}")
        limit = "" if self.limit is None else f"{self.limit:g}"
        return f"{self.title:<44} {self.spread!s:<21}{limit:>5}  {self._verdict()}".rstrip()

    def _verdict(self) -> str:
        if self.spread is None or self.limit is None:
            return ""
        if self.missed:
            return "MISSED"
        median = self.spread.median
        well = median >= self.limit if self.least else median <= self.limit
        return "met" if well else "unclear"


def of_rows(rows: Sequence[Row], measured: Measured, batch: int) -> list[Result]:
    """Return the ratios of the measured candidates."""
    found = []
    taken, absent, failed = measured.seconds, measured.absent, measured.failed
    known = {*taken, *absent, *failed}
    for row in rows:
        names = row.over, row.under
        if not known.issuperset(names):
            continue
        limit = row.limits.get(batch)
        if all(name in taken for name in names):
            found.append(Result(str(row), ratio(*(taken[name] for name in names)), limit))
        elif any(name in failed for name in names):
            found.append(Result(str(row), None, limit, "failed", True))
        else:
            found.append(Result(str(row), None, limit, "not installed"))
    return found


def seconds(measured: Measured, title: str = "seconds an epoch") -> list[str]:
    """Return a line per candidate with its seconds and threads."""
    lines = [f"{title:<44} {'median [quartiles]':<27}threads"]
    lines += [
        f"{name:<44} {spread_of(taken)!s:<27}{measured.threads[name]}"
        for name, taken in measured.seconds.items()
    ]
    missing = {name: f"not installed: {what}" for name, what in measured.absent.items()}
    missing |= {name: f"failed: {why}" for name, why in measured.failed.items()}
    return lines + [clipped(f"{name:<44} {why}") for name, why in missing.items()]


def results(
    found: Iterable[Result], title: str = "ratio within a round", bound: str = "at most"
) -> list[str]:
    """Return a line per result, below a heading."""
    head = f"{title:<44} {'median [quartiles]':<17}{bound:>9}"
    return [head, *map(str, found)]


def clipped(line: str) -> str:
    """Return a line, cut to 80 characters."""
    return line[:77] + "..." if len(line) > 80 else line.rstrip()
