"""What could be done next, what it would gain, and how sure that is.

References
----------
.. [1] C. Nadeau, Y. Bengio (2003). Inference for the generalization error. Machine Learning 52,
   239-281: scores of folds that share training samples are correlated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .evidence import Evidence, Trial
from .formats import format_baseline, format_lambda
from .intervals import Interval
from .learning_curve import extrapolated

CONFIDENCE = 0.9  # of the intervals of gains
# An action is advised if its gain is above 0 with this probability, by its interval.
LIKELY = 0.75
ROUNDING = 1e-9


@dataclass(frozen=True)
class Action:
    """Something to do, and the gain in accuracy or R2 that it promises.

    Attributes
    ----------
    key, kind : str
        As in `xl2.diagnosis.evidence.Trial`; "penalty" and "rows" too.
    what : str
        In words: "200-100 units for 50-25".
    gain, interval : float, and (float, float)
        The predicted gain, compared with the chosen lambda, and its 90 % interval. That of the
        penalty is compared with no penalty: the chosen model has it already.
    basis : {"tried", "extrapolated"}
    rows : int
        Training samples to collect.
    seconds : float
        What trying it took.
    arguments : mapping
        The arguments of `xl2.regularization_path` that do it.
    """

    key: str
    kind: str
    what: str
    gain: float
    interval: Interval
    basis: str = "tried"
    rows: int = 0
    seconds: float = 0.0
    arguments: Mapping[str, Any] | None = None

    @property
    def is_certain(self) -> bool:
        """Whether the whole interval is a gain."""
        return self.interval[0] > 0.0

    @property
    def is_advised(self) -> bool:
        """Whether a gain is likely, though perhaps not certain."""
        spread = (self.interval[1] - self.interval[0]) / (2.0 * 1.645)
        return self.gain > ROUNDING and self.gain >= 0.674 * spread

    @property
    def loses(self) -> bool:
        """Whether the whole interval is a loss."""
        return self.gain < 0.0 and self.interval[1] <= 0.0


def actions_of(evidence: Evidence) -> list[Action]:
    """Return what was tried and what more rows would do, the largest gain first."""
    base = evidence.scores[evidence.best]
    found = [_tried(evidence, trial, base) for trial in evidence.trials]
    smallest = min(range(len(evidence.lambdas)), key=lambda k: evidence.lambdas[k])
    if smallest != evidence.best:
        found.append(_penalty(evidence, smallest))
    more = extrapolated(evidence, CONFIDENCE)
    if more is not None:
        count = evidence.all_rows
        what = f"twice the samples, {2 * count}"
        found.append(Action("rows", "rows", what, *more, "extrapolated", count))
    return sorted(found, key=lambda action: -action.gain)


def _tried(evidence: Evidence, trial: Trial, base: Any) -> Action:
    gain, interval = paired_gain(evidence, trial.scores - base)
    return Action(
        trial.key,
        trial.kind,
        trial.what,
        gain,
        interval,
        seconds=trial.seconds,
        arguments=trial.arguments,
    )


def _penalty(evidence: Evidence, smallest: int) -> Action:
    best, least = evidence.lambdas[evidence.best], evidence.lambdas[smallest]
    gain, interval = paired_gain(
        evidence, evidence.scores[evidence.best] - evidence.scores[smallest]
    )
    what = f"{format_lambda(best)} for {format_baseline(least)}"
    return Action("penalty", "penalty", what, gain, interval, arguments={"lambdas": [best]})


def paired_gain(evidence: Evidence, differences: Any) -> tuple[float, Interval]:
    """Return the mean difference of two settings, (n,), and the 90 % interval of what it gains.

    The spread of a fold's mean is estimated twice, by the folds' means and by the samples in
    them, which is the mean of the two variances; folds of a single sample have the first only.
    Folds share most of their training samples: the
    variance of their mean is that of Nadeau and Bengio [1]_.
    """
    import numpy as np
    from scipy.stats import t

    weights, folds = evidence.weights, evidence.folds
    sums = np.bincount(folds, weights)
    means = np.bincount(folds, weights * differences) / sums
    gain, count = float((weights * differences).sum() / weights.sum()), len(means)
    squares = np.bincount(folds, (weights * (differences - means[folds])) ** 2)
    within = float((squares / sums**2).mean())
    if count == 1:
        variance, degrees = 2.0 * within, len(folds) - 1
    else:
        size = len(folds) / count
        between = float(means.var(ddof=1))
        if len(folds) > count:
            between = (between + within) / 2.0
        variance = between * (1.0 / count + size / evidence.rows)
        degrees = 2 * (count - 1)
    margin = float(t.ppf(0.5 + CONFIDENCE / 2.0, max(degrees, 1))) * math.sqrt(variance)
    return gain, (gain - margin, gain + margin)
