"""The tables of a diagnosis: what each action would gain, and the measured scores."""

from __future__ import annotations

from ..errors import counted
from .actions import Action
from .findings import Findings
from .formats import format_confidence, format_score
from .gains import CONFIDENCE
from .sentences import tested

Row = tuple[str, ...]


def action_table(d: Findings) -> list[Row]:
    """Return a table: an action, its gain, the interval, what it costs, and whether it is a tie."""
    name = d.score_name
    head = ("action", "gain", f"{format_confidence(CONFIDENCE)} interval", "cost", "")
    rows: list[Row] = []
    for action in d.actions:
        low, high = (_signed(limit, name) for limit in action.interval)
        cost = f"{action.rows} samples" if action.rows else f"{action.seconds:.1f} s"
        if action.kind == "penalty":
            cost = "in use"
        gain = _signed(action.gain, name)
        rows.append((action.what, gain, f"{low} to {high}", cost, _remark(action)))
    return [head, *rows]


def _remark(action: Action) -> str:
    return "loses" if action.loses else "" if action.is_certain else "tie"


def _signed(value: float, name: str) -> str:
    factor, digits = (100.0, 2) if name == "accuracy" else (1.0, 3)
    if abs(factor * value) >= 1e4:
        return f"{factor * value:+.1e}"
    return f"{round(factor * value, digits) + 0.0:+.{digits}f}"


def score_table(d: Findings) -> list[Row]:
    """Return the head and the rows of a table: name, value, interval, and what it is of."""
    name = d.score_name
    measures = (
        ("training", d.train_score, None, counted(d.train_rows, "sample")),
        (tested(d), d.test_score, d.test_interval, counted(d.test_rows, "sample")),
        ("bias", d.bias, None, "target minus training"),
        ("gap", d.gap, d.gap_interval, f"training minus {tested(d)}"),
    )
    rows: list[Row] = [("", name, f"{format_confidence(d.confidence)} interval", "")]
    for label, value, interval, samples in measures:
        limits = ""
        if interval is not None:
            low = format_score(interval[0], name).removesuffix(" %")
            limits = f"{low} to {format_score(interval[1], name)}"
        rows.append((label, format_score(value, name), limits, samples))
    return rows
