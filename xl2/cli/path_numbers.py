"""What is printed of a path beside its table: how it was trained, and its numbers for JSON."""

from __future__ import annotations

from typing import Any


def how_trained(path: Any, preset: str) -> str:
    """Return in a line how the networks of a path were trained."""
    settings = path._settings
    training, seeds = settings.training, ", ".join(map(str, settings.seeds))
    optimizer = training.optimizer
    name = optimizer if isinstance(optimizer, str) else type(optimizer).__name__.lower()
    return f"preset {preset}: {name}, batches of {training.batch_size}, seed {seeds}"


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
