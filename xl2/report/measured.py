"""More scores of the model on the test samples."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from ..nn.costs import class_probabilities
from ..nn.trained import Trained
from .mistakes import Classified, Table

HEAD = ("score", "on the test samples")


def scores_of_classes(model: Trained, outputs: Any, samples: Classified) -> Table:
    """Return scores that count each class as much, or depend on the probabilities."""
    from sklearn import metrics

    true, predicted = samples.true, samples.predicted
    f1 = _score(metrics.f1_score, true, predicted, average="macro", zero_division=0.0)
    found = [
        ("balanced accuracy", _score(metrics.balanced_accuracy_score, true, predicted), 100.0, "%"),
        ("F1, mean of the classes", f1, 1.0, ""),
    ]
    classes = max(2, outputs.shape[1])
    if model.task != "multilabel" and true.max() < classes:
        p = class_probabilities(outputs)
        each = range(classes)
        if classes == 2:
            area = _score(metrics.roc_auc_score, true, p[:, 1])
        else:
            area = _score(metrics.roc_auc_score, true, p, multi_class="ovr", labels=each)
        found.append(("ROC AUC", area, 1.0, ""))
        found.append(("log loss", _score(metrics.log_loss, true, p, labels=each), 1.0, ""))
        squares = ((p - (true[:, None] == list(each))) ** 2).sum(axis=1).mean()
        # That of two classes is by convention the one of the second alone.
        found.append(("Brier score", float(squares) / (2.0 if classes == 2 else 1.0), 1.0, ""))
    return _table(found)


def scores_of_values(outputs: Any, y: Any) -> Table:
    """Return errors of a regression in the unit of its values."""
    import numpy as np

    errors = np.abs(y - outputs)
    return _table(
        [
            ("RMSE", math.sqrt(float((errors**2).mean())), 1.0, ""),
            ("mean absolute error", float(errors.mean()), 1.0, ""),
            ("median absolute error", float(np.median(errors)), 1.0, ""),
            ("largest error", float(errors.max()), 1.0, ""),
        ]
    )


def _score(score: Callable[..., Any], *given: Any, **more: Any) -> float:
    """Return a score; NaN if the samples lack classes that it needs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes without samples
        try:
            return float(score(*given, **more))
        except ValueError:
            return math.nan


def _table(found: list[tuple[str, float, float, str]]) -> Table:
    """Return a table of the scores that are known."""
    rows: list[tuple[Any, ...]] = []
    for name, value, factor, unit in found:
        if math.isfinite(value):
            text = f"{factor * value:.2f}\N{NO-BREAK SPACE}{unit}" if unit else _digits(value)
            rows.append((name, text))
    return Table(HEAD, rows)


def _digits(value: float) -> str:
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e3 else f"{value:.4g}"
