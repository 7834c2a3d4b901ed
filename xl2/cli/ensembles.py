"""What the commands say of an ensemble."""

from __future__ import annotations

from typing import Any

from ..diagnosis.formats import capitalised, format_lambda, format_score
from ..errors import InputError, counted
from ..nn.ensemble import Ensemble
from ..nn.trained import Trained


def name_of(model: Trained) -> str:
    """Return what a model is, such as "ensemble of 5 networks, lambda 3"; "" for one network."""
    if not isinstance(model, Ensemble):
        return ""
    name = f"ensemble of {counted(len(model.models), 'network')}"
    return name if model.tried is None else f"{name}, {format_lambda(model.tried['lam'])}"


def interval_of(model: Trained, X: Any, level: float) -> tuple[Any, Any]:
    """Return the ends of prediction intervals, or refuse a model that has none."""
    if model.task != "regression":
        raise InputError(
            "--interval is for values, but this model predicts labels, each with its probability. "
            "Leave it out."
        )
    if not isinstance(model, Ensemble) or model.residuals is None:
        raise InputError(
            "--interval needs errors on samples that networks were not trained on, which only the "
            "model of xl2 path --ensemble has."
        )
    return model.interval(X, level)


def score_line(result: Any) -> str:
    """Return the score of a path's ensemble on the test samples, beside that of its model."""
    score, name = result.diagnosis.test_score, result.diagnosis.score_name
    own = format_score(test_score(result), name)
    return (
        f"{capitalised(name_of(result.ensemble))}: test {name} {own}; that of the network above is "
        f"{format_score(score, name)}."
    )


def numbers(result: Any) -> dict[str, Any]:
    """Return the same for JSON."""
    return {"networks": len(result.ensemble.models), "test_score": test_score(result)}


def test_score(result: Any) -> float:
    """Return the accuracy or R2 of a path's ensemble on the test samples."""
    found: float = result.ensemble.score(result.parts.test.X, result.parts.test.y)
    return found
