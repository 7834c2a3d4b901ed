"""Running a path with all experiments, and then doing what each of them tried."""

from __future__ import annotations

import pickle
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import r2_score

from xl2 import regularization_path
from xl2.diagnosis.evidence import Evidence
from xl2.nn.model import Model

from .sets import SETS

TEST = 10_000  # samples at most
SEEDS = range(5)  # of each network that does what was tried: a gain is the mean over them


def file_of(folder: Path, name: str, number: int) -> Path:
    """Return the file of a split."""
    return folder / f"{name.replace(' ', '-')}.{number}.pickle"


def record(folder: Path, name: str, number: int, budget: float, **settings: Any) -> bool:
    """Measure a split and return True, or False if it has been.

    `settings` are those of `xl2.regularization_path`.
    """
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
    options = {"standardize": True, "progress": False, **settings}
    options["task"] = "regression" if source.regression else "classification"
    path = regularization_path(X, y, experiments=True, budget=budget, refit=False, **options)
    fitted = time.perf_counter() - began
    test = Test(X_test, y_test, source.regression)
    rows = {"X": np.concatenate([X, X_more]), "y": np.concatenate([y, y_more])}
    found = {
        "evidence": path.evidence_,
        "done": follow(path.evidence_, test, options | {"X": X, "y": y}, rows),
        "test_rows": len(y_test),
        "fit_time": path.fit_time_,
        "seconds": (fitted, time.perf_counter() - began - fitted),
    }
    part = file.with_suffix(".part")
    part.write_bytes(pickle.dumps(found))
    part.rename(file)
    return True


def follow(
    evidence: Evidence, test: Test, options: dict[str, Any], rows: dict[str, Any]
) -> dict[str, list[float]]:
    """Return the test scores of networks that do what was tried, for each seed.

    `rows` are the options of twice the samples.
    """
    lam, least = evidence.lambdas[evidence.best], min(evidence.lambdas)
    own = _models(lam, options)
    done = {"path": [test.score([model]) for model in own]}

    def add(key: str, lam: float, changed: dict[str, Any]) -> None:
        done[key] = [test.score([model]) for model in _models(lam, options | changed)]

    add("rows", lam, rows)
    if least != lam:
        add("no penalty", least, {})
    for trial in evidence.trials:
        if trial.kind == "ensemble":
            done[trial.key] = [test.score(own)]
        else:
            add(trial.key, lam, dict(trial.arguments))
    return done


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


def _models(lam: float, options: dict[str, Any]) -> list[Model]:
    """Return models that are trained on all samples, one for each seed.

    They are not calibrated: the samples of the validation are also those of the training.
    """
    X, y = options["X"], options["y"]
    path = regularization_path(
        lambdas=[lam],
        validation=(X[:50], y[:50]),
        seed=list(SEEDS),
        refit="best",
        return_members=True,
        **options | {"calibrate": False},
    )
    networks = [path.member(lam, seed=k) for k in range(len(SEEDS))]
    return [replace(path.best_model_, network=network) for network in networks]
