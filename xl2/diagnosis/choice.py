"""The model to diagnose, and the two lambdas of a path to compare."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ..nn.trained import Trained
from .comparison import Comparison, compare_labels, compare_values
from .predictions import Accuracy
from .tried import Tried


class Choice(NamedTuple):
    """The models to evaluate by their lambda, the best, the two to compare, and what was tried."""

    models: dict[Any, Any]
    lam: float | None
    baseline: float | None = None
    positive: float | None = None
    path: Any = None
    tried: Tried | None = None


def choose(model: Any, by_folds: bool) -> Choice:
    """Return a single model, or those of a path's best lambda and of the comparison.

    Of a path that is diagnosed by its folds no model is needed.
    """
    if not (hasattr(model, "lambdas_") and hasattr(model, "models_")):
        stored = model.tried if isinstance(model, Trained) else None
        return Choice({None: model}, None, tried=None if stored is None else Tried.of_dict(stored))
    best = float(model.best_lambda_)
    if by_folds:
        return Choice({}, best, path=model, tried=model.tried_)
    compared = lambdas_to_compare(model)
    models = {lam: model.model(lam) for lam in dict.fromkeys([compared[0], best, *compared])}
    positive = compared[1] if len(compared) > 1 else None
    return Choice(models, best, compared[0], positive, model, model.tried_)


def lambdas_to_compare(path: Any) -> list[float]:
    """Return the smallest lambda of a path, and the best positive one if there is another."""
    # A lambda with a member that diverged has no mean score.
    scores = {
        float(lam): float(score)
        for lam, score in zip(path.lambdas_, path.validation_means_, strict=True)
        if not math.isnan(score)
    }
    best, smallest = float(path.best_lambda_), min(scores)
    others = [lam for lam in scores if lam not in (0.0, smallest)]
    if not others:
        return [smallest]
    # Among equal scores, the choice of the path holds.
    return [smallest, best if best in others else max(others, key=scores.__getitem__)]


def compare(choice: Choice, tests: dict[Any, Any], confidence: float) -> Comparison | None:
    """Compare the two lambdas of a path; None if there are no two."""
    a, b = choice.baseline, choice.positive
    if a is None or b is None:
        return None
    if isinstance(tests[a], Accuracy):
        return compare_labels(a, tests[a].right, b, tests[b].right, confidence)
    return compare_values(
        a, tests[a].squared_errors, b, tests[b].squared_errors, tests[a].centred, confidence
    )
