"""Measurements of training: an epoch, also of a wide network, a path, and a choice of lambda."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from . import candidates, limits, roofline, table
from .candidates import Candidate
from .limits import Row
from .measure import Measured, measure
from .peers import OWN
from .problem import (
    DIGITS,
    FOLDS,
    LAMBDAS,
    NARROW,
    OF_DIGITS,
    OF_FOLDS,
    SIZES,
    WIDE,
    Choice,
    Digits,
    Images,
    Problem,
)
from .table import Result

Say = Callable[[str], None]
BATCH, OF_IMAGES = 64, 8000  # samples in a mini-batch and rows, of a choice


class Settings(NamedTuple):
    """How much is measured; `peers` are those beside xl2, None for all."""

    rows: int = 60000
    rounds: int = 11
    batches: Sequence[int] = (64, 256)
    peers: frozenset[str] | None = None

    @property
    def few(self) -> int:
        """The rounds of what takes long: a quarter."""
        return -(-self.rounds // 4)

    def chosen(self, among: Sequence[Candidate]) -> list[Candidate]:
        """Return the candidates of xl2 and of the chosen peers."""
        return [c for c in among if self.peers is None or c.peer in {OWN, *self.peers}]


def epoch(settings: Settings, say: Say) -> list[Result]:
    """Measure an epoch of the notebook's network, and the parts of its steps."""
    among, rows = candidates.EPOCH, limits.EPOCH
    return _compare(SIZES, settings.rows, among, rows, settings, say, _parts)


def _parts(problem: Problem, measured: Measured) -> list[str]:
    """Measure the parts of a step of xl2."""
    taken = measured.seconds.get(candidates.XL2)
    return [*roofline.lines(problem, statistics.median(taken) if taken else None), ""]


def wide(settings: Settings, say: Say) -> list[Result]:
    """Measure an epoch of a wide network, on a sixteenth of the rows."""
    rows = max(settings.rows // 16, 1)
    return _compare(WIDE, rows, candidates.EPOCH, limits.WIDE, settings, say)


def order(settings: Settings, say: Say) -> list[Result]:
    """Measure an epoch of samples whose columns follow one another in memory, not their rows."""
    rows, fewer = 4 * settings.rows, settings._replace(rounds=settings.few)
    return _compare(NARROW, rows, candidates.IN_ORDERS, limits.ORDER, fewer, say)


def path(settings: Settings, say: Say) -> list[Result]:
    """Measure an epoch of eight lambdas."""
    say(f"lambdas {', '.join(f'{lam:g}' for lam in LAMBDAS)}")
    return _compare(SIZES, settings.rows, candidates.OF_PATH, limits.PATH, settings, say)


def decision(settings: Settings, say: Say) -> list[Result]:
    """Measure choices of lambda by folds: on the digits, and on more and larger samples."""
    digits = Digits(DIGITS, min(OF_DIGITS, settings.rows), BATCH)
    images = Images(SIZES, min(OF_IMAGES, settings.rows), BATCH)
    return [
        *_choose("digits", digits, candidates.ON_DIGITS, limits.ON_DIGITS, settings, say),
        *_choose("images", images, candidates.ON_IMAGES, limits.ON_IMAGES, settings, say),
    ]


def _choose(
    name: str,
    problem: Choice,
    among: Sequence[Candidate],
    rows: Sequence[Row],
    settings: Settings,
    say: Say,
) -> list[Result]:
    epochs = among[0].options["epochs"]
    sizes = "-".join(map(str, problem.sizes))
    say(f"{name}: {len(OF_FOLDS)} lambdas x {FOLDS} folds x {epochs} epochs")
    say(f"{sizes}, {problem.rows} rows, batches of {problem.batch}")
    measured = measure(settings.chosen(among), problem, settings.few)
    results = table.of_rows(rows, measured, problem.batch)
    few, all_rows = measured.apart
    say(f"weights apart by {few:.0e} after few rows, {all_rows:.0e} after an epoch\n")
    for line in [*table.seconds(measured, "seconds"), "", *table.results(results), ""]:
        say(line)
    return [result._replace(title=f"{result.title}, {name}") for result in results]


def _compare(
    sizes: tuple[int, ...],
    count: int,
    among: Sequence[Candidate],
    rows: Sequence[Row],
    settings: Settings,
    say: Say,
    more: Callable[[Problem, Measured], list[str]] = lambda *_: [],
) -> list[Result]:
    found = []
    for batch in settings.batches:
        problem = Problem(sizes, count, batch)
        say(f"{'-'.join(map(str, sizes))}, {count} rows, batches of {batch}")
        measured = measure(settings.chosen(among), problem, settings.rounds)
        results = table.of_rows(rows, measured, batch)
        few, all_rows = measured.apart
        say(f"weights apart by {few:.0e} after few rows, {all_rows:.0e} after an epoch\n")
        shown = [*table.seconds(measured), "", *table.results(results), ""]
        for line in [*shown, *more(problem, measured)]:
            say(line)
        found += [result._replace(title=f"{result.title}, {batch}") for result in results]
    return found
