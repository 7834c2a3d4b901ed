"""The tables of docs/lambda_measured.md, from the files that `measure` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .rules import RULES
from .sets import SETS

# Its 10 training samples let no rule choose. It is shown, but not part of the means; nor are sets
# that were measured in fewer splits.
LEFT_OUT, ENOUGH = "linnerud", 10
POWERS = np.array([0.0, *np.logspace(-3, 3, 7)]) / 64  # the default before, as strengths
SCORINGS = ("accuracy, R2", "log loss, MSE")
DEFAULT = SCORINGS[1], "half paired SE"


class Measured(NamedTuple):
    """A set's splits: (S, ...), and scores in points."""

    fine: list[Any]  # the file of each split
    default: list[Any]
    best: Any  # the best test score of each split, (S,)
    fixed: float  # the best mean test score of one strength for all splits
    strength: float  # that strength
    folds: bool  # whether the fine grid was measured in folds too

    def counts(self, name: str) -> bool:
        """Tell whether the set is part of the means."""
        return name != LEFT_OUT and len(self.fine) >= ENOUGH


def read(folder: Path, name: str) -> Measured | None:
    """Return what was measured of a set; None if nothing was."""

    def files(kind: str) -> list[Any]:
        found = sorted(folder.glob(f"{name.replace(' ', '-')}.{kind}.*.npz"))
        return [dict(np.load(file)) for file in found]

    fine, default = files("fine"), files("default")
    count = min(len(fine), len(default))
    if not count:
        return None
    scores = 100.0 * np.array([one["test_score"] for one in fine[:count]])
    means = scores.mean(axis=0)
    top = int(np.nanargmax(means))
    strength = float(fine[0]["lambdas"][top] / fine[0]["rows"])
    best, folds = np.nanmax(scores, axis=1), "validation_scores" in fine[0]
    return Measured(fine[:count], default[:count], best, float(means[top]), strength, folds)


def chosen(one: Any, scoring: str, rule: str) -> float:
    """Return the test score of the lambda that a rule chooses."""
    by_fold = one["validation_scores"] if scoring == SCORINGS[0] else -one["validation_loss"][-1]
    return float(100.0 * one["test_score"][RULES[rule](by_fold)])


def useless(one: Any, regression: bool) -> int:
    """Return how many lambdas, from the largest down, are no better than the null model."""
    null = 0.0 if regression else one["null"]
    better = np.flatnonzero(one["validation_scores"].mean(axis=1) > null + 0.005)
    return len(one["lambdas"]) - 1 - int(better[-1]) if len(better) else len(one["lambdas"])


def before_of(one: Any) -> float:
    """Return the test score of the lambda that was chosen before, of the nearest strengths."""
    logs = np.log(one["lambdas"] / one["rows"] + 1e-9)
    near = np.unique([int(np.abs(logs - np.log(s + 1e-9)).argmin()) for s in POWERS])
    means = one["validation_scores"][near].mean(axis=1)
    # Of equally good ones the largest was chosen.
    return float(100.0 * one["test_score"][near[np.flatnonzero(means >= means.max() - 1e-12)[-1]]])


def tables(folder: Path, names: list[str]) -> str:
    """Return both tables as Markdown."""
    found = {name: read(folder, name) for name in names}
    measured = {name: one for name, one in found.items() if one is not None}
    return "\n".join([*_grids(measured), "", *_rules(measured)])


def _grids(measured: dict[str, Measured]) -> list[str]:
    lines = [
        "| set | train, test | splits | best strength | score | powers of ten | of best strength | "
        "of each split | no use |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    means = []
    for name, one in measured.items():
        source = SETS[name]
        split = source.split(0)
        mine = np.array([chosen(r, *DEFAULT) for r in one.default])
        lost = [float(one.fixed - mine.mean()), float((one.best - mine).mean())]
        before = one.fixed - np.mean([before_of(r) for r in one.fine]) if one.folds else np.nan
        if one.counts(name):
            means.append([before, *lost])
        nothing = max(useless(r, source.regression) for r in one.default)
        lines.append(
            f"| {name} | {len(split.X)}, {len(split.X_test)} | {len(one.fine)} | "
            f"{one.strength:.2g} | {one.fixed:.1f} | {_points(before)} | {_points(lost[0])} | "
            f"{_points(lost[1])} | {nothing} |"
        )
    if means:
        mean = " | ".join(map(_points, np.mean(means, axis=0)))
        lines.append(f"| mean of {len(means)}, without {LEFT_OUT} | | {ENOUGH} | | | {mean} | |")
    return lines


def _rules(measured: dict[str, Measured]) -> list[str]:
    lines = [
        "| score | rule | 8 lambdas | the worst set | 41 lambdas |",
        "|---|---|---|---|---|",
    ]

    def lost(one: Measured, files: list[Any], scoring: str, rule: str) -> float:
        return float(one.fixed - np.mean([chosen(r, scoring, rule) for r in files]))

    sets = {name: one for name, one in measured.items() if one.counts(name) and one.folds}
    if not sets:
        return []
    for scoring in SCORINGS:
        for rule in RULES:
            few = {name: lost(one, one.default, scoring, rule) for name, one in sets.items()}
            worst = max(few, key=lambda name: few[name])
            many = [lost(one, one.fine, scoring, rule) for one in sets.values()]
            lines.append(
                f"| {scoring} | {rule} | {np.mean(list(few.values())):.2f} | "
                f"{few[worst]:.2f}, {worst} | {np.mean(many):.2f} |"
            )
    return lines


def _points(value: float) -> str:
    return "" if np.isnan(value) else f"{value + 0.0:.2f}".replace("-0.00", "0.00")
