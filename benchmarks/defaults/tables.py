"""The tables of docs/defaults.md, of what has been measured.

Errors are averaged over the splits of a set, and then over the sets by the geometric mean, to
which a set with large errors contributes as much as one with small errors.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .ablation import DEFAULT, REFIT
from .measure import Record

REFERENCE, BEFORE = "xl2 ensemble", "xl2 plain"
LEAST = 0.005  # less counts as that much: 0 has no logarithm

Runs = Mapping[str, Mapping[tuple[str, int], Record]]  # by method, set and split


class Compared(NamedTuple):
    """The errors of a method over those of another, on the splits that both have."""

    ratios: Mapping[str, float]  # of the mean errors, by set
    pairs: int

    @property
    def ratio(self) -> float:
        """The geometric mean over the sets, NaN if there are none."""
        return geometric(self.ratios.values())

    @property
    def worst(self) -> str:
        """The set with the largest ratio, after that ratio."""
        if not self.ratios:
            return ""
        name = max(self.ratios, key=lambda name: self.ratios[name])
        return f"{self.ratios[name]:.2f}, {name}"


def geometric(values: Iterable[float]) -> float:
    """Return the geometric mean, NaN of none."""
    logarithms = [math.log(max(value, LEAST)) for value in values]
    return math.exp(statistics.fmean(logarithms)) if logarithms else math.nan


def runs_of(records: Iterable[Record]) -> Runs:
    """Return records by method, and then by set and split."""
    found: dict[str, dict[tuple[str, int], Record]] = {}
    for one in records:
        found.setdefault(one.method, {})[one.set, one.split] = one
    return found


def mean_errors(runs: Iterable[Record]) -> dict[str, float]:
    """Return the mean error over the splits of each set."""
    errors: dict[str, list[float]] = {}
    for one in runs:
        errors.setdefault(one.set, []).append(one.error)
    return {name: statistics.fmean(own) for name, own in errors.items()}


def compared(runs: Runs, method: str, reference: str) -> Compared:
    """Compare a method with a reference."""
    own, other = runs.get(method, {}), runs.get(reference, {})
    common = own.keys() & other.keys()
    mine = mean_errors(own[key] for key in common)
    theirs = mean_errors(other[key] for key in common)
    return Compared(
        {name: max(mine[name], LEAST) / max(theirs[name], LEAST) for name in sorted(mine)},
        len(common),
    )


def mean_log_loss(runs: Iterable[Record]) -> float:
    """Return the mean over the sets, NaN without probabilities."""
    losses: dict[str, list[float]] = {}
    for one in runs:
        if one.log_loss is not None:
            losses.setdefault(one.set, []).append(one.log_loss)
    return statistics.fmean(map(statistics.fmean, losses.values())) if losses else math.nan


def tables(records: Sequence[Record], sets: Sequence[str], reference: str = REFERENCE) -> str:
    """Return both tables of the methods as Markdown: their means, and the errors by set."""
    runs = runs_of(one for one in records if one.set in sets)
    if not runs:
        return "Nothing has been measured."
    if reference not in runs:
        reference = next(iter(runs))
    methods = _sorted(runs, reference)
    lines = [
        f"| method | runs | error | over {reference} | on runs | worst over {BEFORE} | "
        "log loss | seconds |",
        "|---|---:|---:|---:|---:|---|---:|---:|",
    ]
    for method in methods:
        own = runs[method].values()
        ratio, before = compared(runs, method, reference), compared(runs, method, BEFORE)
        cells = [
            method,
            str(len(own)),
            f"{geometric(mean_errors(own).values()):.3g}",
            _number(ratio.ratio, 3),
            str(ratio.pairs),
            "" if method == BEFORE else before.worst,
            _number(mean_log_loss(own), 3),
            f"{statistics.median(one.seconds for one in own):.2f}",
        ]
        lines.append(_row(cells))
    return "\n".join([*lines, "", *_by_set(runs, methods, sets)])


def _by_set(runs: Runs, methods: Sequence[str], sets: Sequence[str]) -> list[str]:
    errors = {method: mean_errors(runs[method].values()) for method in methods}
    lines = [_row(["set", *methods]), "|---|" + "---:|" * len(methods)]
    for name in sets:
        own = [errors[method].get(name, math.nan) for method in methods]
        if not all(map(math.isnan, own)):
            lines.append(_row([name, *(_error(value) for value in own)]))
    return lines


def ablation_table(records: Sequence[Record], sets: Sequence[str]) -> str:
    """Return the table of the changes: their errors over those of the default, as Markdown."""
    runs = runs_of(one for one in records if one.set in sets)
    if DEFAULT not in runs:
        return "The default has not been measured."
    lines = [
        "| change | runs | ensemble | refit | worst of the ensemble | log loss | seconds |",
        "|---|---:|---:|---:|---|---:|---:|",
    ]
    for change in _sorted(runs, DEFAULT):
        if change.endswith(REFIT):
            continue
        own = runs[change].values()
        ensemble = compared(runs, change, DEFAULT)
        refit = compared(runs, change + REFIT, DEFAULT + REFIT)
        cells = [
            change,
            str(ensemble.pairs),
            _number(ensemble.ratio, 3),
            _number(refit.ratio, 3),
            "" if change == DEFAULT else ensemble.worst,
            _number(mean_log_loss(own), 3),
            f"{statistics.median(one.seconds for one in own):.2f}",
        ]
        lines.append(_row(cells))
    return "\n".join(lines)


def _sorted(runs: Runs, reference: str) -> list[str]:
    """Return the methods by their ratio to a reference, those without one last."""

    def order(method: str) -> tuple[bool, float]:
        ratio = compared(runs, method, reference).ratio
        return (True, 0.0) if math.isnan(ratio) else (False, ratio)

    return sorted(runs, key=order)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def _error(value: float) -> str:
    """Return an error in %, or a smaller one of a regression with more digits."""
    return _number(value, 2 if value >= 2.0 else 3)
