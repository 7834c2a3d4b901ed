"""What to run next to follow the advice."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import on_command_line
from .actions import Action
from .findings import Findings
from .limits import first_advice


def next_heading(d: Findings) -> str:
    """Return what stands before the next step."""
    python = on_command_line() and not d.next_step.startswith("xl2 ")
    return "Next, in Python:" if python else "Next:"


def python_line(actions: Sequence[Action], folds: int, averaged: int = 0) -> str:
    """Return the line of Python that follows the advice; "" if it is none or more samples.

    `folds` are those of the path: with one, its members were trained on all samples. `averaged` is
    the number of networks of its ensemble that were trained on all samples.
    """
    found = first_advice(actions, samples=False)
    if found is None or found.kind == "features" or not found.arguments:
        return ""
    changed = ", ".join(f"{name}={value!r}" for name, value in found.arguments.items())
    if found.kind == "ensemble":
        if averaged > 1:
            return f"path.ensemble_  # the mean of {averaged} networks, trained already"
        seeds = found.arguments["seed"]
        several = f"refit_seeds={len(seeds)}" if folds > 1 else f"seed={seeds}"
        return f"regularization_path(X, y, ..., {several}).ensemble_"
    return f"regularization_path(X, y, ..., {changed}, experiments=True)"
