"""Measurements of training: an epoch, an epoch of a wide network, and a path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from . import candidates, limits, table
from .candidates import Candidate
from .limits import Row
from .measure import measure
from .peers import OWN
from .problem import LAMBDAS, SIZES, WIDE, Problem
from .table import Result

Say = Callable[[str], None]


class Settings(NamedTuple):
    """How much is measured; `peers` are those beside xl2, None for all."""

    rows: int = 60000
    rounds: int = 11
    batches: Sequence[int] = (64, 256)
    peers: frozenset[str] | None = None

    def chosen(self, among: Sequence[Candidate]) -> list[Candidate]:
        """Return the candidates of xl2 and of the chosen peers."""
        return [c for c in among if self.peers is None or c.peer in {OWN, *self.peers}]


def epoch(settings: Settings, say: Say) -> list[Result]:
    """Measure an epoch of the notebook's network."""
    return _compare(SIZES, settings.rows, candidates.EPOCH, limits.EPOCH, settings, say)


def wide(settings: Settings, say: Say) -> list[Result]:
    """Measure an epoch of a wide network, on a sixteenth of the rows."""
    rows = max(settings.rows // 16, 1)
    return _compare(WIDE, rows, candidates.EPOCH, limits.WIDE, settings, say)


def path(settings: Settings, say: Say) -> list[Result]:
    """Measure an epoch of eight lambdas."""
    say(f"lambdas {', '.join(f'{lam:g}' for lam in LAMBDAS)}")
    return _compare(SIZES, settings.rows, candidates.OF_PATH, limits.PATH, settings, say)


def _compare(
    sizes: tuple[int, ...],
    count: int,
    among: Sequence[Candidate],
    rows: Sequence[Row],
    settings: Settings,
    say: Say,
) -> list[Result]:
    found = []
    for batch in settings.batches:
        problem = Problem(sizes, count, batch)
        say(f"{'-'.join(map(str, sizes))}, {count} rows, batches of {batch}")
        measured = measure(settings.chosen(among), problem, settings.rounds)
        results = table.of_rows(rows, measured, batch)
        few, all_rows = measured.apart
        say(f"weights apart by {few:.0e} after few rows, {all_rows:.0e} after an epoch\n")
        for line in [*table.seconds(measured), "", *table.results(results), ""]:
            say(line)
        found += [result._replace(title=f"{result.title}, {batch}") for result in results]
    return found
