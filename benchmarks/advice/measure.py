"""Running a path with all experiments, and then doing what each of them tried."""

from __future__ import annotations

import pickle
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import r2_score

from xl2 import regularization_path

from .sets import SETS

TEST = 10_000  # samples at most


def file_of(folder: Path, name: str, number: int) -> Path:
    """Return the file of a split."""
    return folder / f"{name.replace(' ', '-')}.{number}.pickle"


def record(folder: Path, name: str, number: int, budget: float = 100.0) -> bool:
    """Measure a split and return True, or False if it has been."""
    file = file_of(folder, name, number)
    if file.exists():
        return False
    source, began = SETS[name], time.perf_counter()
    X, y, X_test, y_test = source.split(number)
    if source.own_test is None:
        X_more, y_more = X_test[: len(X)], y_test[: len(X)]
        X_test, y_test = X_test[len(X) :][:TEST], y_test[len(X) :][:TEST]
    else:
        # Another split's training samples, which this one has not.
        X_more, y_more = source.split(number + 1000)[:2]
    options = {"standardize": True, "progress": False}
    options["task"] = "regression" if source.regression else "classification"
    path = regularization_path(X, y, experiments=True, budget=budget, **options)
    test = Test(X_test, y_test, source.regression)
    lam, evidence = path.best_lambda_, path.evidence_
    done = {"path": test.score([path.best_model_])}
    if 0.0 in path.models_:
        done["no penalty"] = test.score([path.models_[0.0]])
    for trial in evidence.trials:
        changed = dict(trial.arguments)
        seeds = changed.pop("seed", [0])
        models = [_model(X, y, lam, options | changed, seed) for seed in seeds]
        done[trial.key] = test.score(models)
    X_both, y_both = np.concatenate([X, X_more]), np.concatenate([y, y_more])
    done["rows"] = test.score([_model(X_both, y_both, lam, options, 0)])
    found = {
        "evidence": evidence,
        "done": done,
        "test_rows": len(y_test),
        "fit_time": path.fit_time_,
        "seconds": time.perf_counter() - began,
    }
    part = file.with_suffix(".part")
    part.write_bytes(pickle.dumps(found))
    part.rename(file)
    return True


class Test:
    """Samples to score models on that had no part in anything."""

    def __init__(self, X: Any, y: Any, regression: bool):
        self.X, self.y, self.regression = X, y, regression

    def score(self, models: list[Any]) -> float:
        """Return the accuracy or R2 of the mean of some models."""
        outputs = np.mean([model.forward(self.X) for model in models], axis=0)
        if self.regression:
            return float(r2_score(self.y, outputs))
        numbers = outputs.argmax(axis=1) if outputs.shape[1] > 1 else outputs[:, 0] > 0.5
        return float((np.asarray(models[0].classes)[numbers.astype(int)] == self.y).mean())


def _model(X: Any, y: Any, lam: float, options: dict[str, Any], seed: int) -> Any:
    """Return a model that is trained on all samples with one lambda."""
    few = X[:50], y[:50]
    path = regularization_path(X, y, [lam], validation=few, seed=seed, refit="best", **options)
    return path.best_model_
