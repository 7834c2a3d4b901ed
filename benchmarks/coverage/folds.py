"""Intervals from folds: the gain of another lambda, and the score of the best of eight."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from xl2.diagnosis.gains import paired_gain
from xl2.diagnosis.selection import bias_corrected

from .held_out import MANY
from .populations import Population
from .training import COMPARED, STRENGTHS, answers, shares, trained

FOLDS = 5
AT_ONCE = 20  # data sets in a stack
COLUMNS = (
    *("gain", "realised", "differing", "low", "high", "plain low", "plain high"),
    *("highest", "corrected", "best low", "best high", "score", "score of refit"),
)


def measure(
    population: Population, hidden: tuple[int, ...], rows: int, draws: int, rng: Any
) -> Any:
    """Return a line of `COLUMNS` for each of `draws` data sets, which are cut into five folds."""
    everything = population.draw(rng, MANY)
    lines = []
    for start in range(0, draws, AT_ONCE):
        sets = min(AT_ONCE, draws - start)
        X, y = population.draw(rng, sets * rows)
        own = np.arange(len(X)).reshape(sets, rows)
        held = own.reshape(sets * FOLDS, rows // FOLDS)
        kept = [np.setdiff1d(own[k // FOLDS], fold) for k, fold in enumerate(held)]
        network = trained(population, hidden, X, y, np.array(kept), STRENGTHS)
        refit = trained(population, hidden, X, y, own, STRENGTHS)

        def truth(network: Any, group: int, among: Any) -> Any:
            answered = answers(network, group, *everything, among)
            return shares(population, answered, everything[1]).mean(axis=1)

        for k, here in enumerate(own):
            groups = range(FOLDS * k, FOLDS * (k + 1))
            answered = [answers(network, g, X[held[g]], y[held[g]]) for g in groups]
            found = shares(population, np.concatenate(answered, axis=1), y[here])
            among = (*COMPARED, int(found.mean(axis=1).argmax()))
            true = np.mean([truth(network, g, among) for g in groups], axis=0)
            after = truth(refit, k, among)
            lines.append((
                *(true[1] - true[0], after[1] - after[0], *_gain(found[COMPARED, :], rows)),
                *(found.mean(axis=1).max(), *bias_corrected(found, 0.95), true[2], after[2]),
            ))  # fmt: skip
    return np.array(lines)


def _gain(found: Any, rows: int) -> tuple[float, ...]:
    """Return on how many samples two settings differ, and two intervals of the difference.

    The second one takes the folds for independent.
    """
    gained = found[1] - found[0]
    folds, held = np.repeat(np.arange(FOLDS), rows // FOLDS), rows // FOLDS
    intervals = [
        paired_gain(SimpleNamespace(folds=folds, weights=np.ones(rows), rows=kept), gained, gained)[
            1
        ]
        for kept in (rows - held, np.inf)
    ]
    return (gained != 0.0).sum(), *intervals[0], *intervals[1]
