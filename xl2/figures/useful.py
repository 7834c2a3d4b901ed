"""Which lambdas of a path a picture shows in full: those that learn."""

from __future__ import annotations

from typing import Any

LEAD = 0.9  # part of the best lead over the null model
ERRORS = 10.0  # standard errors below the best
LEAST = 0.5  # part of the axis that the lambdas which learn must have


def that_learn(scores: Any, errors: Any, null_score: float, one_class: Any) -> Any:
    """Return which lambdas learn, as an array of bool (lambdas,).

    They do not diverge or predict one class only, and their score, of which larger is better, has
    nine tenths of the best one's lead over the null model, or is at most ten standard errors below
    the best. If none does, all that are finite are returned.
    """
    import numpy as np

    known = np.isfinite(scores)
    if not known.any():
        return known
    top = int(np.nanargmax(scores))
    limits = [scores[top]]
    if np.isfinite(null_score) and scores[top] > null_score:
        limits.append(null_score + LEAD * (scores[top] - null_score))
    if np.isfinite(errors[top]):
        limits.append(scores[top] - ERRORS * errors[top])
    if len(limits) == 1:
        return known
    learn = known & (np.where(known, scores, -np.inf) >= min(limits)) & ~one_class
    return learn if learn.any() else known


def why_not(score: float, error: float, null_score: float, one_class: bool) -> str:
    """Return in a few words, of at most two lines, why a lambda does not learn; "" if it does."""
    if score != score:
        return "diverged"
    if one_class:
        return "one class\nonly"
    if score <= null_score + (error if error == error else 0.0):
        return "no better than\nthe null model"
    return ""
