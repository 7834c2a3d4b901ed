"""What could be done next, what it would gain, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .evidence import Evidence, Trial
from .formats import format_lambda
from .gains import CONFIDENCE, paired_gain
from .intervals import Interval
from .learning_curve import extrapolated

# An action is advised if its predicted gain is above this part of the interval's half. Parts from 0
# to a fifth advised about equally well on the sets of docs/advice.md.
ENOUGH = 0.1
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
        """Whether a gain is more likely than not, though perhaps not certain."""
        half = (self.interval[1] - self.interval[0]) / 2.0
        return self.gain > max(ROUNDING, ENOUGH * half)

    @property
    def loses(self) -> bool:
        """Whether the whole interval is a loss."""
        return self.gain < 0.0 and self.interval[1] <= 0.0


def actions_of(evidence: Evidence) -> list[Action]:
    """Return what was tried and what more rows would do, the largest gain first."""
    found = [_tried(evidence, trial) for trial in evidence.trials]
    smallest = min(range(len(evidence.lambdas)), key=lambda k: evidence.lambdas[k])
    if smallest != evidence.best:
        found.append(_penalty(evidence, smallest))
    more = extrapolated(evidence, CONFIDENCE)
    if more is not None:
        count = evidence.all_rows
        what = f"twice the samples, {2 * count}"
        found.append(Action("rows", "rows", what, *more, "extrapolated", count))
    return sorted(found, key=lambda action: -action.gain)


def _tried(evidence: Evidence, trial: Trial) -> Action:
    best = evidence.best
    gain, interval = paired_gain(
        evidence, trial.scores - evidence.scores[best], trial.losses - evidence.losses[best]
    )
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
    scores, losses = (
        each[evidence.best] - each[smallest] for each in (evidence.scores, evidence.losses)
    )
    gain, interval = paired_gain(evidence, scores, losses)
    what = f"{format_lambda(best)} for {format_lambda(least).removeprefix('lambda ')}"
    return Action("penalty", "penalty", what, gain, interval, arguments={"lambdas": [best]})
