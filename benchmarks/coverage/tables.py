"""The tables of docs/coverage.md, from the files that `record` wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .held_out import TEST_ROWS
from .populations import POPULATIONS
from .record import read

Table = list[list[str]]


def tables(folder: Path) -> str:
    """Return all tables as Markdown, with the number of draws."""
    tested, folded = read(folder, "tests"), read(folder, "folds")
    labels = [one for one in tested if POPULATIONS[one["setting"]["population"]].classes]
    values = [one for one in tested if one not in labels]
    parts = [f"{_count(tested)} test sets, {_count(folded)} data sets in folds"]
    if tested:
        parts += [_by_rows(labels, values), _by_population(tested), _sentences(labels, values)]
    if folded:
        parts += [_gains(folded), _selection(folded)]
    return "\n\n".join(part if isinstance(part, str) else _markdown(part) for part in parts)


def _count(measured: Iterable[Any]) -> int:
    return sum(len(next(reversed(one.values()))) for one in measured)


def _together(measured: Iterable[Any], column: str) -> Any:
    return np.concatenate([one[column] for one in measured] or [np.empty(0)])


def covered(measured: Any, truth: str, low: str, high: str) -> Any:
    """Return whether each interval holds the truth."""
    low, truth, high = (_together(measured, column) for column in (low, truth, high))
    # A sum in another order may differ in the last bits.
    return (low <= truth + 1e-12) & (truth - 1e-12 <= high)


def percent(hits: Any, error: bool = False) -> str:
    """Return the part of the hits in percent, and its standard error if asked for."""
    if not len(hits):
        return ""
    part = hits.mean()
    text = f"{100.0 * part:.1f}"
    return f"{text} +- {100.0 * np.sqrt(part * (1.0 - part) / len(hits)):.1f}" if error else text


SCORE = ("score", "low", "high")
DIFFERENCE = ("difference", "difference low", "difference high")


def _by_rows(labels: Any, values: Any) -> Table:
    found = [["interval", *(f"{rows} samples" for rows in TEST_ROWS), "all", "width"]]
    for title, measured, columns, least in (
        ("accuracy", labels, SCORE, 0.0),
        ("difference of two accuracies", labels, DIFFERENCE, 0.0),
        ("of two that differ on 5 samples or more", labels, DIFFERENCE, 5.0),
        ("R2", values, SCORE, 0.0),
        ("difference of two R2", values, DIFFERENCE, 0.0),
    ):
        if measured:
            hits, rows = covered(measured, *columns), _together(measured, "rows")
            width = _together(measured, columns[2]) - _together(measured, columns[1])
            counts = _together(measured, "differing") >= least
            cells = [percent(hits[counts & (rows == count)]) for count in TEST_ROWS]
            cells += [percent(hits[counts], error=True), f"{np.median(width[counts]):.3f}"]
            found.append([title, *cells])
    return found


def _by_population(tested: Any) -> Table:
    found = [["population", "true score", "score", "lowest", "difference", "lowest"]]
    for name in POPULATIONS:
        measured = [one for one in tested if one["setting"]["population"] == name]
        if measured:
            rows, cells = _together(measured, "rows"), []
            for columns in (SCORE, DIFFERENCE):
                hits = covered(measured, *columns)
                means = [hits[rows == count].mean() for count in TEST_ROWS]
                low = TEST_ROWS[int(np.argmin(means))]
                cells += [percent(hits), f"{percent(hits[rows == low])} ({low})"]
            found.append([name, f"{_together(measured, 'score').mean():.2f}", *cells])
    return found


def _sentences(labels: Any, values: Any) -> Table:
    found = [["sentence", "said", "false", "of those said, %", "of all, %"]]
    for title, measured in (("accuracy", labels), ("R2", values)):
        if measured:
            for what, said, false in (
                ("the bias or the gap dominates", *_dominates(measured)),
                ("two lambdas differ", *_differ(measured)),
                ("the same of two that are equally good", *_equal(measured)),
            ):
                found.append([
                    *(f"{what}, {title}", f"{int(said.sum())}", f"{int(false.sum())}"),
                    *(percent(false[said]), percent(false, error=True)),
                ])  # fmt: skip
    return found


def _dominates(measured: Any) -> tuple[Any, Any]:
    """Return where bias minus gap, 1 - 2 training + test, is certain, and where falsely so."""
    constant = 1.0 - 2.0 * _together(measured, "training")
    low, truth, high = (constant + _together(measured, c) for c in ("low", "score", "high"))
    said = (low > 0.0) | (high < 0.0)
    return said, said & (np.where(low > 0.0, truth, -truth) <= 0.0)


def _differ(measured: Any) -> tuple[Any, Any]:
    said = _together(measured, "p") < 0.05
    return said, said & (_together(measured, "found") * _together(measured, "difference") <= 0.0)


def _equal(measured: Any) -> tuple[Any, Any]:
    said = _together(measured, "p of equals") < 0.05
    return said, said


def _gains(folded: Any) -> Table:
    """Compare the 90 % intervals with the mean gain of a setting's networks, and the realised.

    The last two columns take the folds for independent.
    """
    head = ["training samples", "no sample differs", "mean gain", "realised", "width"]
    found = [[*head, "independent: mean gain", "realised"]]
    for title, measured in _by_training(folded):
        truth = [one | {"mean": 0.0 * one["low"] + one["gain"].mean()} for one in measured]
        width = _together(measured, "high") - _together(measured, "low")
        cells = [
            percent(covered(truth, of, *columns), error=True)
            for columns in (("low", "high"), ("plain low", "plain high"))
            for of in ("mean", "realised")
        ]
        same = percent(_together(measured, "differing") == 0.0)
        found.append([title, same, *cells[:2], f"{np.median(width):.3f}", *cells[2:]])
    return found


def _selection(folded: Any) -> Table:
    """Compare the highest of eight means, and the corrected one, with the truth, in points."""
    head = ["training samples", "highest mean", "corrected", "folds' networks", "refit", "width"]
    found = [head]
    for title, measured in _by_training(folded):
        score = _together(measured, "score")
        off = [_together(measured, column) - score for column in ("highest", "corrected")]
        width = _together(measured, "best high") - _together(measured, "best low")
        found.append([
            *(title, *map(_points, off)),
            percent(covered(measured, "score", "best low", "best high"), error=True),
            percent(covered(measured, "score of refit", "best low", "best high"), error=True),
            f"{np.median(width):.3f}",
        ])  # fmt: skip
    return found


def _by_training(folded: Any) -> list[tuple[str, Any]]:
    sizes = sorted({one["setting"]["training"] for one in folded})
    parts: list[tuple[str, Callable[[Any], bool]]] = [
        (str(n), lambda one, n=n: one["setting"]["training"] == n) for n in sizes
    ]
    return [(title, [*filter(part, folded)]) for title, part in (*parts, ("all", lambda _: True))]


def _points(values: Any) -> str:
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{100.0 * values.mean():+.2f} +- {100.0 * error:.2f}"


def _markdown(table: Table) -> str:
    head, *lines = ("| " + " | ".join(row) + " |" for row in table)
    return "\n".join([head, "|" + "---|" * len(table[0]), *lines])
