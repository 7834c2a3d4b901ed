"""The tables of docs/choosing.md, from the files that `measure` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .rules import RULES
from .sets import SETS

# Its 10 training samples let no rule choose; it is shown, but not part of the means.
LEFT_OUT = "linnerud"
POWERS = np.array([0.0, *np.logspace(-3, 3, 7)]) / 64  # the default before, as strengths
SCORINGS = ("accuracy, R2", "log loss, MSE")


class Measured(NamedTuple):
    """A set's splits: (S, ...), and scores in points."""

    fine: list[Any]  # the file of each split
    default: list[Any]
    best: Any  # the best test score of each split, (S,)
    fixed: float  # the best mean test score of one strength for all splits
    strength: float  # that strength


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
    return Measured(
        fine[:count], default[:count], np.nanmax(scores, axis=1), float(means[top]), strength
    )


def chosen(one: Any, scoring: str, rule: str, only: Any = None) -> float:
    """Return the test score of the lambda that a rule chooses, of all or of some lambdas."""
    indices = np.arange(len(one["lambdas"])) if only is None else only
    by_fold = one["validation_scores"] if scoring == SCORINGS[0] else -one["validation_loss"][-1]
    return float(100.0 * one["test_score"][indices[RULES[rule](by_fold[indices])]])


def useless(one: Any, regression: bool) -> int:
    """Return how many lambdas, from the largest down, are no better than the null model."""
    null = 0.0 if regression else one["null"]
    better = np.flatnonzero(one["validation_scores"].mean(axis=1) > null + 0.005)
    return len(one["lambdas"]) - 1 - int(better[-1]) if len(better) else len(one["lambdas"])


def powers_of(one: Any) -> Any:
    """Return which of the fine grid's lambdas are nearest to the powers of ten of before."""
    logs = np.log(one["lambdas"] / one["rows"] + 1e-9)
    return np.unique([int(np.abs(logs - np.log(s + 1e-9)).argmin()) for s in POWERS])


def tables(folder: Path, names: list[str]) -> str:
    """Return both tables as Markdown."""
    found = {name: read(folder, name) for name in names}
    measured = {name: one for name, one in found.items() if one is not None}
    return "\n".join([*_grids(measured), "", *_rules(measured)])


def _grids(measured: dict[str, Measured]) -> list[str]:
    lines = [
        "| set | train, test | splits | best strength | score | powers of ten | best of split | "
        "best strength | useless |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    means = []
    for name, one in measured.items():
        source = SETS[name]
        split = source.split(0)
        before = "-"
        if "validation_scores" in one.fine[0]:
            old = [chosen(r, SCORINGS[0], "minimum", powers_of(r)) for r in one.fine]
            before = f"{one.fixed - np.mean(old):.2f}"
        mine = np.array([chosen(r, SCORINGS[1], "half paired SE") for r in one.default])
        lost = [float((one.best - mine).mean()), float(one.fixed - mine.mean())]
        if name != LEFT_OUT:
            means.append(lost)
        nothing = max(useless(r, source.regression) for r in one.default)
        lines.append(
            f"| {name} | {len(split.X)}, {len(split.X_test)} | {len(one.fine)} | "
            f"{one.strength:.2g} | {one.fixed:.1f} | {before} | {lost[0]:.2f} | {lost[1]:.2f} | "
            f"{nothing} |"
        )
    mean = " | ".join(f"{x:.2f}" for x in np.mean(means, axis=0))
    lines.append(f"| mean without {LEFT_OUT} | | | | | | {mean} | |")
    return lines


def _rules(measured: dict[str, Measured]) -> list[str]:
    lines = [
        "| scoring | rule | mean loss | largest |",
        "|---|---|---|---|",
    ]
    for scoring in SCORINGS:
        for rule in RULES:
            lost = {
                name: one.fixed - np.mean([chosen(r, scoring, rule) for r in one.default])
                for name, one in measured.items()
                if name != LEFT_OUT
            }
            worst = max(lost, key=lambda name: lost[name])
            mean = np.mean(list(lost.values()))
            lines.append(f"| {scoring} | {rule} | {mean:.2f} | {lost[worst]:.2f} ({worst}) |")
    return lines
