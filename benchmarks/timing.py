"""Timings on a machine that may have other work to do.

All candidates take turns, round by round, and are compared within a round, so that a slow
moment affects both sides of a ratio. The result is the median over the rounds, with the
quartiles.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

# OpenBLAS's threads spin for a few hundredths of a second after their last product, and
# would take a core from the next candidate.
PAUSE = 0.1

Key = TypeVar("Key")


class Spread(NamedTuple):
    """A median with the first and the third quartile."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3f} [{self.low:.3f}, {self.high:.3f}]"


def interleave(
    candidates: Mapping[Key, Callable[[], float]], rounds: int
) -> dict[Key, list[float]]:
    """Return the seconds of each candidate, one value per round.

    A candidate runs once and returns its seconds. Every other round is in reverse order. Call
    candidates once before, for what they do the first time only, such as compiling.
    """
    seconds: dict[Key, list[float]] = {name: [] for name in candidates}
    names = list(candidates)
    for _ in range(rounds):
        for name in names:
            time.sleep(PAUSE)
            seconds[name].append(candidates[name]())
        names.reverse()
    return seconds


def timed(candidate: Callable[[], object]) -> float:
    """Return the seconds of one run."""
    began = time.perf_counter()
    candidate()
    return time.perf_counter() - began


def spread_of(values: Sequence[float]) -> Spread:
    """Return the quartiles of values; of a single one, that value."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


def ratio(seconds: Sequence[float], over: Sequence[float]) -> Spread:
    """Return the quartiles of the ratios of two candidates, taken round by round."""
    return spread_of([a / b for a, b in zip(seconds, over, strict=True)])
