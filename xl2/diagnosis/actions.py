"""What could be done next, what it would gain, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .evidence import Evidence
from .formats import format_lambda
from .gains import CONFIDENCE, mean
from .intervals import Interval
from .learning_curve import extrapolated
from .usual_gains import predicted_gains

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
        Which action of which kind: "penalty", "rows", or that of a setting that was tried.
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
    measured : float or None
        The gain on the validation samples. What such actions usually gain moves the predicted one
        from it; see docs/verdict.md. None for more rows.
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
    measured: float | None = None

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
    base, compared = evidence.best, list[tuple[dict[str, Any], Any, Any]]()
    for trial in evidence.trials:
        own = {
            name: getattr(trial, name) for name in ("key", "kind", "what", "seconds", "arguments")
        }
        scores, losses = evidence.scores[base], evidence.losses[base]
        compared.append((own, trial.scores - scores, trial.losses - losses))
    least = min(range(len(evidence.lambdas)), key=lambda k: evidence.lambdas[k])
    if least != base:
        gained = (each[base] - each[least] for each in (evidence.scores, evidence.losses))
        compared.append((_penalty(evidence.lambdas[base], evidence.lambdas[least]), *gained))
    predicted = predicted_gains(evidence, [(own["key"], *gained) for own, *gained in compared])
    actions = [
        Action(**own, gain=gain, interval=interval, measured=mean(evidence, scores))
        for (own, scores, _), (gain, interval) in zip(compared, predicted, strict=True)
    ]
    more = extrapolated(evidence, CONFIDENCE)
    if more is not None:
        count = evidence.all_rows
        what = f"twice the samples, {2 * count}"
        actions.append(Action("rows", "rows", what, *more, "extrapolated", count))
    return sorted(actions, key=lambda action: -action.gain)


def _penalty(lam: float, least: float) -> dict[str, Any]:
    what = f"{format_lambda(lam)} for {format_lambda(least).removeprefix('lambda ')}"
    return {"key": "penalty", "kind": "penalty", "what": what, "arguments": {"lambdas": [lam]}}
