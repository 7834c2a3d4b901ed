"""Rules that choose a lambda by the scores of folds: (lambdas, folds), larger is better."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from xl2.path.scores import near_highest


def minimum(scores: Any) -> int:
    """Choose the best mean."""
    return int(np.argmax(scores.mean(axis=1)))


def within_error(part: float) -> Callable[[Any], int]:
    """Return the rule: the largest lambda within `part` of the standard error of the best."""

    def choose(scores: Any) -> int:
        means, top = scores.mean(axis=1), minimum(scores)
        error = scores[top].std(ddof=1) / np.sqrt(scores.shape[1])
        return int(np.flatnonzero(means >= means[top] - part * error)[-1])

    return choose


def within_paired_error(part: float) -> Callable[[Any], int]:
    """Return the rule with the standard error of the difference to the best, fold by fold."""
    return lambda scores: int(np.flatnonzero(near_highest(scores, minimum(scores), part))[-1])


RULES = {
    "minimum": minimum,
    "half SE": within_error(0.5),
    "one SE": within_error(1.0),
    "half paired SE": within_paired_error(0.5),
    "paired SE": within_paired_error(1.0),
}
