"""What is printed of a path beside its table: how it was trained, and its numbers for JSON."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


def how_trained(path: Any, preset: str) -> str:
    """Return in a line how the networks of a path were trained."""
    settings = path._settings
    training, seeds = settings.training, ", ".join(map(str, settings.seeds))
    name = _named(training.optimizer)
    return f"preset {preset}: {name}, batches of {training.batch_size}, seed {seeds}"


def _named(optimizer: Any) -> str:
    """Return the name of an optimizer, with its constants that are not those of the name alone."""
    if isinstance(optimizer, str):
        return optimizer
    own = [
        f"{field.name}={getattr(optimizer, field.name):g}"
        for field in fields(optimizer)
        if getattr(optimizer, field.name) != field.default
    ]
    return type(optimizer).__name__.lower() + (f" ({', '.join(own)})" if own else "")


def numbers_of(path: Any) -> dict[str, Any]:
    """Return the scores of a path for JSON; larger is better."""
    from ..path.notes import notes

    return {
        "lambdas": path.lambdas_,
        "best_lambda": path.best_lambda_,
        "top_lambda": path.top_lambda_,
        "lambda_1se": path.lambda_1se_,
        "scoring": path.score_name_,
        "train_scores": path.train_means_,
        "validation_scores": path.validation_means_,
        "standard_errors": path.standard_errors_,
        "null_score": path.null_score_,
        "temperature": path.temperature_,
        "seconds": path.fit_time_,
        "notes": notes(path),
    }
