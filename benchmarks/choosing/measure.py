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


def file_of(folder: Path, kind: str, name: str, number: int) -> Path:
    """Return the file of a split."""
    return folder / f"{name.replace(' ', '-')}.{kind}.{number}.npz"


def record(folder: Path, kind: str, name: str, number: int, every: int = 1) -> bool:
    """Measure a split unless it has been, with every so-manieth strength of the fine grid."""
    file = file_of(folder, kind, name, number)
    if file.exists():
        return False
    split = SETS[name].split(number)
    lambdas: Any = 8
    if kind == "fine":
        lambdas = len(split.X) * np.concatenate([FINE[:1], FINE[1::every]])
    began = time.perf_counter()
    found = measured(split, lambdas, SETS[name].regression)
    found["seconds"] = time.perf_counter() - began
    np.savez(file.with_suffix(".part.npz"), **found)
    file.with_suffix(".part.npz").rename(file)
    return True


def measured(split: Split, lambdas: Any, regression: bool) -> dict[str, Any]:
    """Return the scores of a path in its folds, and on the test samples of all its models."""
    X, y, X_test, y_test = split
    settings: Any = {"per": "dataset", "standardize": True, "progress": False}
    settings["task"] = "regression" if regression else "classification"
    path = regularization_path(X, y, lambdas, refit=False, **settings)
    # Validated on a few samples after each epoch, the models are trained on all of X.
    few = X_test[:50], y_test[:50]
    whole = regularization_path(
        X, y, path.lambdas_, validation=few, refit=path.lambdas_, **settings
    )
    scores, losses = np.full((2, len(path.lambdas_)), np.nan)
    for k, lam in enumerate(path.lambdas_.tolist()):
        if lam in whole.models_:
            scores[k], losses[k] = judged(whole.models_[lam], X_test, y_test, regression)
    if regression:
        null = 0.0
    else:
        classes, counts = np.unique(y, return_counts=True)
        null = float((y_test == classes[counts.argmax()]).mean())
    curves = {k: v[..., 0].astype(np.float32) for k, v in path.curves_.items() if k != "penalty"}
    return {
        "lambdas": path.lambdas_,
        "rows": len(X),
        "test_score": scores,
        "test_loss": losses,
        "null": null,
        "fit_time": path.fit_time_,
        "train_scores": path.train_scores_,
        "validation_scores": path.validation_scores_,
        **curves,
    }


def judged(model: Any, X: Any, y: Any, regression: bool) -> tuple[float, float]:
    """Return the test score of a model, and its log loss or the unexplained share of variance."""
    score = model.score(X, y)
    if regression:
        return score, 1.0 - score
    chances = model.forward(X).astype(np.float64)
    if chances.shape[1] == 1:
        chances = np.hstack([1.0 - chances, chances])
    return score, log_loss(y, chances / chances.sum(axis=1, keepdims=True))
