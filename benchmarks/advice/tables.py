"""The tables of docs/advice.md, of what has been measured."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xl2.diagnosis.actions import Action, actions_of
from xl2.diagnosis.gains import mean
from xl2.diagnosis.limits import first_advice
from xl2.diagnosis.usual_gains import USUAL

from .sets import APART, DEVELOPMENT

EVERY, ONE = slice(None), slice(1)  # of the seeds
TAIL = 0.1  # of the runs at either end: what they gained counts as the next gain inside
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
            lines += ["", _promised(several), "", _usual(several)]
    return "\n".join(lines)


def _runs(folder: Path, name: str) -> list[Any]:
    files = sorted(folder.glob(f"{name.replace(' ', '-')}.*.pickle"))
    return [pickle.loads(file.read_bytes()) for file in files]


def _gain(run: Any, action: Action | None, seeds: slice = EVERY) -> float:
    """Return what following an action gained in the test, on average over seeds; 0 for none."""
    if action is None:
        return 0.0
    if action.kind == "penalty":
        return _mean(run, "path", seeds) - _mean(run, "no penalty", seeds)
    return _mean(run, action.key, seeds) - _mean(run, "path", seeds)


def _mean(run: Any, key: str, seeds: slice = EVERY) -> float:
    """Return the mean test score of some networks, NaN if there are none."""
    return float(np.mean(run["done"].get(key, [np.nan])[seeds]))


def _best(run: Any, samples: bool, seeds: slice = EVERY) -> float:
    """Return the most that any action gained, or 0; with `samples` it may be more of these."""
    left_out = {"path", "no penalty"} if samples else {"path", "no penalty", "rows"}
    scores = [_mean(run, key, seeds) for key in run["done"] if key not in left_out]
    return max(0.0, max(scores) - _mean(run, "path", seeds))


def _row(name: str, runs: list[Any]) -> str:
    def gained(key: str) -> str:
        gains = [_mean(run, key) - _mean(run, "path") for run in runs if key in run["done"]]
        return f"{100 * np.mean(gains):+.1f}" if gains else "-"

    advised = [first_advice(actions_of(run["evidence"])) for run in runs]
    first = [_gain(run, action) for run, action in zip(runs, advised, strict=True)]
    best = [_best(run, False) for run in runs]
    cells = [name, str(len(runs)), f"{100 * np.mean([_mean(run, 'path') for run in runs]):.1f}"]
    cells += [gained(key) for key in ("rows", "wider", "narrower", "longer", "ensemble")]
    cells += [f"{100 * np.mean(first):+.1f}", f"{100 * np.mean(best):+.1f}"]
    return f"| {' | '.join(cells)} |"


def _summary(runs: list[Any]) -> list[str]:
    first, tried = "the first advice", "what was tried"
    lines = [
        "| followed | best of | gained | best | enough | lost |",
        "|---|---|---|---|---|---|",
        _followed(runs, first, tried, True, False),
        _followed(runs, first, f"{tried}, and more samples", True, True),
        _followed(runs, "the best setting advised", tried, False, False),
        _followed(runs, f"{first}, one network", tried, True, False, ONE),
        "",
    ]
    found: dict[bool, list[float]] = {True: [], False: []}
    for run in runs:
        for action in actions_of(run["evidence"]):
            gain = _gain(run, action)
            if not np.isnan(gain):
                low, high = action.interval
                found[action.kind == "rows"].append(low <= gain <= high)
    lines.append(
        f"The 90 % intervals held what was gained in {100 * np.mean(found[False]):.0f} % of the "
        f"{len(found[False])} actions that were tried, and in {100 * np.mean(found[True]):.0f} % "
        f"of the {len(found[True])} extrapolations to twice the samples."
    )
    return lines


def _promised(runs: list[Any]) -> str:
    """Return what the best settings advised were predicted to gain, and what they gained."""
    advised = [(run, first_advice(actions_of(run["evidence"]), False)) for run in runs]
    found = [(action.gain, _gain(run, action)) for run, action in advised if action is not None]
    if not found:
        return "No setting was advised."
    promised, gained = 100 * np.mean(found, axis=0)
    return (
        f"A setting was advised in {len(found)} runs. It was predicted to gain {promised:.2f} "
        f"points, and gained {gained:.2f}."
    )


def _usual(runs: list[Any]) -> str:
    """Return what `xl2.diagnosis.usual_gains.USUAL` is rounded from."""
    parts: dict[str, list[float]] = {}
    for run in runs:
        evidence = run["evidence"]
        error = 1.0 - mean(evidence, evidence.scores[evidence.best])
        for action in actions_of(evidence):
            gain = _gain(run, action)
            if action.key in USUAL and not np.isnan(gain) and error > 0.0:
                parts.setdefault(action.key, []).append(gain / error)
    found = []
    for key in (key for key in USUAL if key in parts):
        own = np.clip(parts[key], *np.quantile(parts[key], [TAIL, 1.0 - TAIL]))
        found.append(f"{key} {own.mean():+.2f} ({own.std():.2f})")
    return f"Usual gains in parts of the error (and their spread): {', '.join(found)}."


def _followed(
    runs: list[Any], what: str, best: str, rows: bool, samples: bool, seeds: slice = EVERY
) -> str:
    """Return what following advice gained, and in how many runs it was enough and lost.

    With `rows` the advice may be more samples, with `samples` the best action may.
    """
    gains = np.array(
        [_gain(run, first_advice(actions_of(run["evidence"]), rows), seeds) for run in runs]
    )
    most = np.array([_best(run, samples, seeds) for run in runs])
    enough = (gains >= 0.8 * most) | (most - gains <= HALF)
    cells = f"{100 * gains.mean():.1f} | {100 * most.mean():.1f} | {enough.sum()}"
    return f"| {what} | {best} | {cells} | {(gains < -HALF).sum()} |"
