"""Which trials of `xl2.tune` end early: Optuna's pruners, told the scores of a path's epochs."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

from ..errors import InputError
from ..training.assemble import check_positive
from .epoch_scores import Look
from .presets import choices_of
from .scoring import CHOOSES, judge_of
from .search_space import SearchSpace

REPORTS = 20  # in a trial; each is a record in the storage
# By default a trial ends that is among the worst quarter in the same epoch. After fewer epochs, and
# by the median, the best trial ends too often; see docs/tuning.md.
KEPT, STARTUP, WARMUP = 75.0, 5, 1 / 3  # percent, trials and epochs before


class Pruning:
    """A pruner, and the epochs in which it is asked."""

    def __init__(
        self,
        pruner: Any,
        space: SearchSpace,
        fixed: Mapping[str, Any],
        rows: int,
        regression: bool,
    ):
        from optuna import pruners

        self._epochs = _epochs(space, fixed, rows, regression)
        self._every = math.ceil(self._epochs / REPORTS)
        why = _cannot(space, fixed, regression)
        if isinstance(pruner, str) and pruner == "auto":
            # Of searched numbers of epochs, few trials may have reached the later ones.
            warmup = math.ceil(WARMUP * self._epochs)
            worst = pruners.PercentilePruner(KEPT, STARTUP, warmup, n_min_trials=STARTUP)
            pruner = pruners.NopPruner() if why else worst
        elif pruner is None:
            pruner = pruners.NopPruner()
        elif not isinstance(pruner, pruners.BasePruner):
            raise InputError(
                f'pruner must be "auto", None or a pruner of optuna, such as '
                f"optuna.pruners.MedianPruner(). Received: {pruner!r:.200}."
            )
        elif why and not isinstance(pruner, pruners.NopPruner):
            raise InputError(f"Trials cannot be pruned, {why}. Leave pruner out.")
        self.pruner = copy.deepcopy(pruner)  # some keep what they learn of a study

    def __str__(self) -> str:
        """Return what it is, for a fingerprint."""
        return f"{_described(self.pruner)}, every {self._every} epochs"

    def look(self, trial: Any) -> Look:
        """Return what tells Optuna the epochs of a trial, and ends it by `optuna.TrialPruned`."""
        last = trial.params.get("epochs", self._epochs)

        def look(epoch: int, score: float) -> None:
            import optuna

            if epoch % self._every == 0 and epoch < last:
                trial.report(score, epoch)
                if trial.should_prune():
                    raise optuna.TrialPruned

        return look


def _epochs(space: SearchSpace, fixed: Mapping[str, Any], rows: int, regression: bool) -> int:
    """Return the epochs of a trial; of searched numbers or presets the smallest."""
    searched = space.distributions.get("epochs")
    if searched is None:
        presets = space.distributions.get("preset")
        found = [
            choices_of(preset, rows, regression, epochs=fixed.get("epochs")).epochs
            for preset in (presets.choices if presets else [fixed.get("preset", "default")])
        ]
        check_positive(epochs=found[0])
        return int(min(found))
    return int(min(searched.choices) if hasattr(searched, "choices") else searched.low)


def _cannot(space: SearchSpace, fixed: Mapping[str, Any], regression: bool) -> str:
    """Return why trials cannot be compared while they train; "" if they can."""
    if fixed.get("client") is not None:
        return "because a path on a cluster tells its scores only at the end"
    scoring = fixed.get("scoring") or CHOOSES[regression]
    if judge_of(scoring) == "loss" and "loss" in space.distributions:
        return 'because "loss" is searched, and different losses cannot be compared'
    return ""


def _described(pruner: Any) -> str:
    """Return the class of a pruner and its settings, also of one that it wraps."""
    from optuna.pruners import BasePruner

    own = {
        name: _described(value) if isinstance(value, BasePruner) else value
        for name, value in vars(pruner).items()
        if value is None or isinstance(value, str | int | float | BasePruner)
    }
    return f"{type(pruner).__name__} {own}"
