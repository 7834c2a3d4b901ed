"""Training what the choice of lambda is judged by, and recording it: a file for each split."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import log_loss

from xl2 import regularization_path

from .sets import SETS, Split

# lambda / n: no penalty, and 40 strengths in equal steps on a logarithmic scale.
FINE = np.concatenate([[0.0], np.geomspace(1e-7, 3.0, 40)])
SETTINGS: Any = {"per": "dataset", "standardize": True, "progress": False}


def file_of(folder: Path, kind: str, name: str, number: int) -> Path:
    """Return the file of a split."""
    return folder / f"{name.replace(' ', '-')}.{kind}.{number}.npz"


def record(
    folder: Path,
    kind: str,
    name: str,
    number: int,
    strengths: Any = FINE,
    folds: bool = True,
    epochs: int = 100,
) -> bool:
    """Measure a split and return True, or False if it has been.

    The kind is "fine", for these strengths, or "default", for the lambdas of
    `regularization_path`. Without `folds` there are test scores only.
    """
    file = file_of(folder, kind, name, number)
    if file.exists():
        return False
    source = SETS[name]
    split = source.split(number)
    options = SETTINGS | {"epochs": epochs}
    options |= {"task": "regression" if source.regression else "classification"}
    lambdas = 8 if kind == "default" else len(split.X) * strengths
    began = time.perf_counter()
    found = scores_in_folds(split, lambdas, options) if folds else {"lambdas": lambdas}
    found |= scores_in_test(split, found["lambdas"], options)
    found["seconds"] = time.perf_counter() - began
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez(stream, rows=len(split.X), **found)
    part.rename(file)
    return True


def scores_in_folds(split: Split, lambdas: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Return the lambdas of a path, and what it measured in its folds."""
    path = regularization_path(split.X, split.y, lambdas, preset="plain", refit=False, **options)
    curves = {k: v[..., 0].astype(np.float32) for k, v in path.curves_.items() if k != "penalty"}
    return {
        "lambdas": path.lambdas_,
        "fit_time": path.fit_time_,
        "train_scores": path.train_scores_,
        "validation_scores": path.validation_scores_,
        **curves,
    }


def scores_in_test(split: Split, lambdas: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Return the test scores and losses of networks trained on all training samples."""
    X, y, X_test, y_test = split
    # Validated on a few samples after each epoch, the models are trained on all of X.
    few = X_test[:50], y_test[:50]
    path = regularization_path(
        X, y, lambdas, preset="plain", validation=few, refit=lambdas, **options
    )
    regression = options["task"] == "regression"
    scores, losses = np.full((2, len(lambdas)), np.nan)
    for k, lam in enumerate(path.lambdas_.tolist()):
        if lam in path.models_:
            scores[k], losses[k] = judged(path.models_[lam], X_test, y_test, regression)
    null = 0.0
    if not regression:
        classes, counts = np.unique(y, return_counts=True)
        null = float((y_test == classes[counts.argmax()]).mean())
    return {"test_score": scores, "test_loss": losses, "null": null}


def judged(model: Any, X: Any, y: Any, regression: bool) -> tuple[float, float]:
    """Return the test score of a model, and its log loss or the unexplained share of variance."""
    score = model.score(X, y)
    if regression:
        return score, 1.0 - score
    chances = model.forward(X).astype(np.float64)
    if chances.shape[1] == 1:
        chances = np.hstack([1.0 - chances, chances])
    return score, log_loss(y, chances / chances.sum(axis=1, keepdims=True))
