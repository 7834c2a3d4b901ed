"""Whether L2 helps, in words."""

from __future__ import annotations

from .findings import Findings
from .formats import format_confidence, format_difference, format_interval
from .gains import CONFIDENCE


def about_the_penalty(d: Findings) -> str:
    """Return whether the chosen lambda gains beside none; "" if that was not tried."""
    found = next((action for action in d.actions if action.kind == "penalty"), None)
    if d.lam is None or d.limits.by == "signal":
        return ""
    if found is None:
        best = f"by validation {d.chosen_by}, no penalty is best."
        return f"L2 does not help here: {best}" if d.lam == 0.0 else ""
    gain = format_difference(found.gain, d.score_name)
    interval = f"{format_confidence(CONFIDENCE)} interval "
    interval += format_interval(found.interval, d.score_name)
    tried = f"{found.what} is predicted to gain {gain} ({interval})"
    if found.measured is not None:
        measured = format_difference(found.measured, d.score_name)
        tried += f"; in validation it gained {measured}"
    if found.loses:
        return f"L2 does not help here: {tried}."
    return f"L2 {'helps' if found.is_certain else 'is not shown to help'} here: {tried}."
