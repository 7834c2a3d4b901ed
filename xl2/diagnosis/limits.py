"""What limits a model: its samples, its network and training, or neither of what was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .actions import Action
from .tried import Tried

SMALL = 1e-9


@dataclass(frozen=True)
class Limits:
    """What is missing to the target score, and what would give how much of it.

    The parts overlap: a larger network may gain what more samples would gain too.

    Attributes
    ----------
    by : {"unknown", "signal", "nothing", "samples", "network", "neither"}
        What limits the model: unknown because nothing was tried; that there is no signal; nothing
        that these samples show; the number of training samples; the network or its training;
        neither of these, as far as was tried.
    missing : float
        The target score minus the test score.
    penalty : float or None
        What the chosen lambda gains, compared with the smallest. The model has it already.
    network : float or None
        What the best other network, training or ensemble gains of those that were tried.
    samples, all_samples : float or None
        What twice as many training samples would gain, and any number of them: the asymptote of
        the learning curve.
    repeated : int or None
        Training samples whose features equal those of another one; None if nothing was tried.
    unavoidable : float or None
        The part of the training samples that any model gets wrong, because samples with the same
        features have different labels.
    rest : float or None
        What neither any number of samples nor what was tried would give: noise in the labels,
        missing features, or a better network than those tried.
    """

    by: str
    missing: float
    penalty: float | None = None
    network: float | None = None
    samples: float | None = None
    all_samples: float | None = None
    repeated: int | None = None
    unavoidable: float | None = None
    rest: float | None = None


def limits_of(tried: Tried | None, missing: float) -> Limits:
    """Return what limits a model that lacks `missing` to its target score."""
    if tried is None:
        return Limits("unknown" if missing > SMALL else "nothing", missing)
    actions, limit = tried.actions, tried.all_samples
    gains = {action.kind: action.gain for action in reversed(actions)}
    network = [a.gain for a in actions if a.kind not in ("rows", "penalty", "features")]
    best = max(network, default=None)
    rest = None
    if best is not None and limit is not None:
        rest = max(0.0, missing - max(best, 0.0) - limit)
    found = first_advice(actions)
    by = "neither" if network or limit is not None else "unknown"
    if not tried.found_signal:
        by = "signal"
    elif missing <= SMALL:
        by = "nothing"
    elif found is not None:
        by = "samples" if found.kind == "rows" else "network"
    return Limits(
        by,
        missing,
        gains.get("penalty"),
        best,
        gains.get("rows"),
        limit,
        tried.repeated,
        tried.unavoidable,
        rest,
    )


def first_advice(actions: Sequence[Action], samples: bool = True) -> Action | None:
    """Return the advised action that gains most; with `samples` it may be more of these.

    The penalty is none: the model has it already.
    """
    for action in actions:
        if action.kind == "penalty" or (action.kind == "rows" and not samples):
            continue
        if action.is_advised:
            return action
    return None
