"""Intervals from test samples: networks, and test sets that are drawn for each."""

from __future__ import annotations

from typing import Any

import numpy as np

from xl2.diagnosis.comparison import compare_labels, compare_values, mcnemar, paired_t
from xl2.diagnosis.intervals import r2_interval, wilson

from .populations import Population
from .training import COMPARED, STRENGTHS, answers, shares, trained

MANY = 20_000  # samples of a finite population
NETWORKS = 5
TEST_ROWS = (30, 100, 300, 1000)
COLUMNS = (
    *("rows", "training", "score", "low", "high"),
    *("difference", "differing", "found", "difference low", "difference high"),
    *("p", "p of equals"),
)


def measure(
    population: Population, hidden: tuple[int, ...], rows: int, draws: int, rng: Any
) -> Any:
    """Return a line of `COLUMNS` for each test set: `draws` of each size for each network.

    Test sets are drawn with replacement from a finite population, on which the network's score
    is known exactly.
    """
    X, y = population.draw(rng, NETWORKS * rows)
    own = np.arange(len(X)).reshape(NETWORKS, rows)
    network = trained(population, hidden, X, y, own, [STRENGTHS[k] for k in COMPARED])
    X_all, y_all = population.draw(rng, MANY)
    judge = _judge_labels if population.classes else _judge_values
    lines = []
    for group, here in enumerate(own):
        training = shares(population, answers(network, group, X[here], y[here]), y[here])[0].mean()
        answered = answers(network, group, X_all, y_all)
        truth, other = shares(population, answered, y_all).mean(axis=1)
        differing = (answered[0] != answered[1]).mean()
        for count in TEST_ROWS:
            for _ in range(draws):
                drawn = rng.integers(MANY, size=count)
                interval, compared, equal = judge(answered[:, drawn], y_all[drawn], rng)
                lines.append((
                    *(count, training, truth, *interval, other - truth, count * differing),
                    *(compared.difference, *compared.difference_interval, compared.p_value, equal),
                ))  # fmt: skip
    return np.array(lines)


def _judge_labels(answered: Any, _: Any, rng: Any) -> tuple[Any, Any, float]:
    """Return the interval of the first score, the comparison, and the p-value of equals."""
    right = answered == 1.0
    compared = compare_labels(0.0, right[0], 1.0, right[1], 0.95)
    first, second = _exchanged(right, rng)
    equal = mcnemar(int((first & ~second).sum()), int((second & ~first).sum()))
    return wilson(int(right[0].sum()), right.shape[1], 0.95), compared, equal


def _judge_values(answered: Any, y: Any, rng: Any) -> tuple[Any, Any, float]:
    errors, centred = answered[..., None], (y - y.mean())[:, None]
    compared = compare_values(0.0, errors[0], 1.0, errors[1], centred, 0.95)
    first, second = _exchanged(answered, rng)
    gained = first - second
    equal = paired_t(gained.mean(), gained.std(ddof=1), len(gained))
    return r2_interval(centred, errors[0], 0.95), compared, equal


def _exchanged(answered: Any, rng: Any) -> Any:
    """Return the answers of two that are equally good: for each sample, whose is whose is tossed.

    The truth is then a difference of 0, which trained networks do not have.
    """
    return np.where(rng.random(answered.shape[1]) < 0.5, answered, answered[::-1])
