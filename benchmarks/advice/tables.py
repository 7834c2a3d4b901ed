"""The tables of docs/advice.md, of what has been measured."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xl2.diagnosis.actions import Action, actions_of
from xl2.diagnosis.limits import first_advice

from .sets import APART, DEVELOPMENT

HALF = 0.005  # a point of accuracy, or 0.01 of R2, times a half: less is no loss


def tables(folder: Path, names: Sequence[str]) -> str:
    """Return a table of the sets, and the summary of those for development and those apart."""
    runs = {name: _runs(folder, name) for name in names}
    lines = [
        "| set | runs | path | rows | wider | narrower | longer | ensemble | first advice | best |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, own in runs.items():
        if own:
            lines.append(_row(name, own))
    for title, sets in (("development", DEVELOPMENT), ("kept apart", APART)):
        several = [run for name in names if name in sets for run in runs[name]]
        if several:
            lines += ["", f"**{title}** ({len(several)} runs)", "", *_summary(several)]
    return "\n".join(lines)


def _runs(folder: Path, name: str) -> list[Any]:
    files = sorted(folder.glob(f"{name.replace(' ', '-')}.*.pickle"))
    return [pickle.loads(file.read_bytes()) for file in files]


def _gain(run: Any, action: Action | None) -> float:
    """Return what following an action gained in the test; 0 for none."""
    done = run["done"]
    if action is None:
        return 0.0
    if action.kind == "penalty":
        return float(done["path"] - done.get("no penalty", np.nan))
    return float(done[action.key] - done["path"])


def _best(run: Any, samples: bool) -> float:
    """Return the most that any action gained, or 0."""
    done = run["done"]
    others = {k: v for k, v in done.items() if k not in ("path", "no penalty")}
    if not samples:
        others.pop("rows")
    return max(0.0, max(others.values()) - done["path"])


def _row(name: str, runs: list[Any]) -> str:
    def mean(key: str) -> str:
        gains = [run["done"][key] - run["done"]["path"] for run in runs if key in run["done"]]
        return f"{100 * np.mean(gains):+.1f}" if gains else "-"

    first = [_gain(run, first_advice(actions_of(run["evidence"]), samples=False)) for run in runs]
    best = [_best(run, False) for run in runs]
    cells = [name, str(len(runs)), f"{100 * np.mean([r['done']['path'] for r in runs]):.1f}"]
    cells += [mean(key) for key in ("rows", "wider", "narrower", "longer", "ensemble")]
    cells += [f"{100 * np.mean(first):+.1f}", f"{100 * np.mean(best):+.1f}"]
    return f"| {' | '.join(cells)} |"


def _summary(runs: list[Any]) -> list[str]:
    lines = []
    for title, samples in (("the first advice", True), ("the first setting", False)):
        gains = np.array(
            [_gain(run, first_advice(actions_of(run["evidence"]), samples)) for run in runs]
        )
        best = np.array([_best(run, samples) for run in runs])
        enough = (gains >= 0.8 * best) | (best - gains <= HALF)
        lines.append(
            f"- Following {title} gained {100 * gains.mean():.1f} points on average, the best "
            f"action {100 * best.mean():.1f}. It gained 80 % of the best, or half a point less, in "
            f"{enough.sum()} of {len(runs)} runs, and lost more than half a point in "
            f"{(gains < -HALF).sum()}."
        )
    held: dict[bool, list[bool]] = {True: [], False: []}
    for run in runs:
        for action in actions_of(run["evidence"]):
            gain = _gain(run, action)
            if not np.isnan(gain):
                low, high = action.interval
                held[action.kind == "rows"].append(low <= gain <= high)
    lines.append(
        f"- The 90 % intervals held what was gained in {100 * np.mean(held[False]):.0f} % of the "
        f"{len(held[False])} actions that were tried, and in {100 * np.mean(held[True]):.0f} % of "
        f"the {len(held[True])} extrapolations to twice the samples."
    )
    return lines
