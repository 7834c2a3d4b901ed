"""What is logged of a path, its verdict, its model and its report."""

from __future__ import annotations

import importlib.util
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..diagnosis.verdict import Diagnosis
from ..errors import InputError
from ..figures.files import drawn
from ..io.model_file import save
from ..io.writing import as_path
from ..path.result import RegularizationPath
from ..training.history import CURVES
from ..training.watching import name_of

REPORT, MODEL, PICTURE = "report.html", "model.safetensors", "path.png"
VERDICT, NUMBERS, SCORES = "verdict.txt", "verdict.json", "scores.txt"


@dataclass
class Logged:
    """Everything that `Tracker.log` writes."""

    parameters: dict[str, str] = field(default_factory=dict)
    # Of the run, "", and of each lambda, by its name.
    numbers: dict[str, dict[str, float]] = field(default_factory=dict)
    curves: dict[str, dict[str, Any]] = field(default_factory=dict)  # NumPy arrays (epochs,)
    texts: dict[str, str] = field(default_factory=dict)  # by the names of files
    files: dict[str, bytes] = field(default_factory=dict)


def of(
    path: RegularizationPath | None,
    diagnosis: Diagnosis | None,
    model: Any,
    report: str | Path | None,
) -> Logged:
    """Describe what `Tracker.log` was given."""
    logged = Logged()
    if path is not None:
        _add_path(logged, path)
    if diagnosis is not None:
        _add_diagnosis(logged, diagnosis)
    if model is not None:
        with tempfile.TemporaryDirectory() as folder:
            save(model, Path(folder, MODEL))
            logged.files[MODEL] = Path(folder, MODEL).read_bytes()
    if report is not None:
        try:
            logged.files[REPORT] = as_path(report).read_bytes()
        except OSError as error:
            raise InputError(
                f"The report {str(report)!r} cannot be read: {error.strerror}. Pass the name of "
                f"an HTML file."
            ) from None
    return logged


def _add_path(logged: Logged, path: RegularizationPath) -> None:
    import numpy as np

    logged.parameters = _parameters(path)
    best = path.best_index_
    logged.numbers[""] = {
        "best_lambda": path.best_lambda_,
        "top_lambda": path.top_lambda_,
        "lambda_1se": path.lambda_1se_,
        **_scores(path, best, "best"),
        "null_score": path.null_score_,
        "fit_seconds": path.fit_time_,
    }
    for k, lam in enumerate(path.lambdas_.tolist()):
        name = name_of(lam)
        logged.numbers[name] = _scores(path, k, "final")
        # A member that diverged has NaN, and so has the mean.
        means = {curve: path.curves_[curve][:, k].mean(axis=(1, 2)) for curve in CURVES}
        logged.curves[name] = {c: mean for c, mean in means.items() if not np.isnan(mean).all()}
    logged.texts[SCORES] = str(path)
    if importlib.util.find_spec("matplotlib") is not None:
        logged.files[PICTURE] = drawn(path, "png")


def _scores(path: RegularizationPath, k: int, prefix: str) -> dict[str, float]:
    """Return the scores of a lambda; the names differ from those of curves, as MLflow wants."""
    return {
        f"{prefix}_train_score": path.train_means_[k],
        f"{prefix}_validation_score": path.validation_means_[k],
        f"{prefix}_standard_error": path.standard_errors_[k],
    }


def _parameters(path: RegularizationPath) -> dict[str, str]:
    settings = path._settings
    training = settings.training
    return {
        "network": f"{'-'.join(map(str, settings.sizes))}, {', '.join(settings.activations)}",
        "dtype": settings.dtype,
        "lambdas": ", ".join(f"{lam:g}" for lam in path.lambdas_),
        "per": str(settings.penalties[0].per),
        "folds": str(path.n_folds_),
        "seeds": ", ".join(map(str, settings.seeds)),
        "scoring": path.score_name_,
        "task": path.task_,
        "epochs": str(settings.epochs),
        "patience": str(settings.patience),
        "optimizer": str(training.optimizer),
        "learning rate": f"{training.learning_rate:g}",
        "batch size": str(training.batch_size),
        "dropout": f"{training.dropout:g}",
        "schedule": training.schedule,
        "label smoothing": f"{training.label_smoothing:g}",
        "backend": str(settings.backend),
    }


def _add_diagnosis(logged: Logged, diagnosis: Diagnosis) -> None:
    numbers = {
        "train_score": diagnosis.train_score,
        "test_score": diagnosis.test_score,
        "bias": diagnosis.bias,
        "gap": diagnosis.gap,
        "null_test_score": diagnosis.null_score,
    }
    logged.numbers.setdefault("", {}).update(numbers)
    logged.texts[VERDICT] = str(diagnosis)
    logged.files[NUMBERS] = json.dumps(diagnosis.to_dict(), indent=2).encode()
