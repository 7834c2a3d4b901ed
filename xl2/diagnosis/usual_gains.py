"""What an action usually gains, combined with what it gained here: an empirical Bayes estimate.

Gains measured on a few hundred validation samples are noisy, and the largest of ten is too large.
What the same actions gained on other sets tells which of them to believe.

References
----------
.. [1] C. Morris (1983). Parametric empirical Bayes inference: theory and applications. Journal of
   the American Statistical Association 78, 47-55.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .evidence import Evidence
from .gains import CONFIDENCE, mean, paired_gain
from .intervals import Interval


class Usual(NamedTuple):
    """What an action gains over sets, in parts of the error that the chosen lambda has there."""

    mean: float
    spread: float  # the standard deviation
    more: int = 0  # 1 if it lets the network fit more, -1 if less


# As measured on the development sets of docs/advice.md with the default preset, rounded. Most
# spreads are wider than there: where training is less tuned, more is gained.
USUAL = {
    "wider": Usual(0.0, 0.15, 1),
    "deeper": Usual(0.0, 0.15, 1),
    "longer": Usual(-0.05, 0.15, 1),
    "faster": Usual(0.0, 0.15, 1),
    "shallower": Usual(-0.05, 0.15, -1),
    "narrower": Usual(-0.05, 0.15, -1),
    "shorter": Usual(-0.15, 0.25, -1),
    "slower": Usual(0.0, 0.15, -1),
    "ensemble": Usual(0.05, 0.1),
    "penalty": Usual(0.2, 0.2),
}
WHOLE = 1.0  # score: more is only lost by networks that explode, to which nothing usual applies
# What lets a network fit more gains together, and where it does, what lets it fit less loses.
TOGETHER = 0.5  # the correlation of their gains
STEP = 1.2  # of widening their spread
WIDENED = 1.3  # times: so much larger are the errors of these predictions than they should be


def predicted_gains(
    evidence: Evidence, tried: Sequence[tuple[str, Any, Any]]
) -> list[tuple[float, Interval]]:
    """Return what each action is predicted to gain, and its 90 % interval.

    Of each action `tried` has the key, and the differences (n,) of the samples' scores and losses
    that it makes.
    """
    found = [paired_gain(evidence, scores, losses) for _, scores, losses in tried]
    usable = [k for k, (gain, _) in enumerate(found) if abs(gain) < WHOLE]
    if usable:
        own, measured = [tried[k] for k in usable], [found[k] for k in usable]
        for k, predicted in zip(usable, _combined(evidence, own, measured), strict=True):
            found[k] = predicted
    return found


def _combined(
    evidence: Evidence,
    tried: Sequence[tuple[str, Any, Any]],
    found: Sequence[tuple[float, Interval]],
) -> list[tuple[float, Interval]]:
    """Return measured gains and their intervals, combined with what is usual.

    The gains are jointly normal: those usual for the actions, and the measured ones around them
    with the errors of `paired_gain`, correlated as the differences are. A network can lose many
    times the error that it has: where a measured gain is further below the usual one than both
    explain, the spread of its action is widened until they do. Where all together are still
    further from the usual ones, this set is unlike the others, and all spreads are widened.
    Leaving out features has no usual gain, as they may have been all that a network knows: only
    its errors are shared with other actions.
    """
    import numpy as np
    from scipy.stats import chi2, norm

    quantile = float(norm.ppf(0.5 + CONFIDENCE / 2.0))
    error = 1.0 - mean(evidence, evidence.scores[evidence.best])
    # Where no answer is wrong, one may be on new samples.
    unit = max(error, 0.5 / len(evidence.weights))
    measured = np.array([gain for gain, _ in found])
    errors = np.array([(high - low) / 2.0 for _, (low, high) in found]) / quantile
    usual = [USUAL.get(key, Usual(0.0, WHOLE / unit)) for key, _, _ in tried]
    means = error * np.array([one.mean for one in usual])
    spreads = unit * np.array([one.spread for one in usual])
    off = measured - means
    below = np.minimum(off, 0.0) / quantile
    spreads = np.sqrt(np.maximum(spreads**2, below**2 - errors**2))
    leanings = spreads * np.array([one.more for one in usual])
    between = TOGETHER * np.outer(leanings, leanings)
    np.fill_diagonal(between, spreads**2)
    within = np.outer(errors, errors) * _correlations(evidence, [d for _, d, _ in tried])
    most = float(chi2.ppf(CONFIDENCE, max(1, sum(key in USUAL for key, _, _ in tried))))
    while off @ np.linalg.solve(between + within, off) > most:
        between *= STEP
    trust = np.linalg.solve(between + within, between).T
    gains = means + trust @ off
    left = np.diag(between - trust @ between)
    margins = WIDENED * quantile * np.sqrt(np.maximum(left, 0.0))
    return [
        (gain, (gain - margin, gain + margin))
        for gain, margin in zip(gains.tolist(), margins.tolist(), strict=True)
    ]


def _correlations(evidence: Evidence, differences: Sequence[Any]) -> Any:
    """Return the correlations of differences within the folds; a constant one has none."""
    import numpy as np

    folds, weights = evidence.folds, evidence.weights
    sums = np.bincount(folds, weights)
    centred = np.stack(
        [d - (np.bincount(folds, weights * d) / sums)[folds] for d in differences]
    ) * np.sqrt(weights)
    lengths = np.sqrt((centred**2).sum(axis=1))
    centred /= np.where(lengths > 0.0, lengths, 1.0)[:, None]
    found = centred @ centred.T
    np.fill_diagonal(found, 1.0)
    return found
