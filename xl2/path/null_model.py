"""The null model: it answers the most frequent class, or the mean, whatever the sample."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import InputError
from .fold_data import FoldData, Truth
from .predictions import Predictions
from .scoring import Scorers, check_score


class NullScores(NamedTuple):
    """The scores of the null model on the validation samples of each fold."""

    metrics: dict[str, Any]  # by the names of the scorers, (F,)
    sample_errors: Any  # of the chosen one, due to the samples: (F,); NaN with several folds


def score_null_model(scorers: Scorers, data: FoldData) -> NullScores:
    """Return the scores of the null model; raise `InputError` if the chosen one has none.

    A scorer that cannot score this task is found here, before anything is trained.
    """
    import numpy as np

    folds = data.folds
    metrics = {name: np.full(len(folds), np.nan) for name in scorers.names}
    errors = np.full(len(folds), np.nan)
    for f, fold in enumerate(folds):
        known = data.training_truth(fold)
        for part, weight in (("training", known.weight), ("validation", fold.held.weight)):
            if weight is not None and not weight.any():
                raise InputError(f"All {part} samples of fold {f + 1} have the weight 0.")
        where = f"the null model {data.where(f)}"
        X = data.own_units(fold, data.validation_chunks(fold)) if scorers.needs_samples else None
        found = answer_of(scorers, known, len(fold.held.y))
        for name in scorers.names:
            metrics[name][f] = scorers.score(name, found, fold.held, where, X)
        if np.isnan(metrics[scorers.name][f]):
            # Undefined for constant predictions, perhaps, or for these samples?
            where, name = f"perfect predictions {data.where(f)}", scorers.name
            perfect = _perfect(scorers, fold.held)
            check_score(scorers.score(name, perfect, fold.held, where, X), name, where)
        elif len(folds) == 1:
            errors[f] = scorers.sample_error(found, fold.held, where, X)
    return NullScores(metrics, errors)


def answer_of(scorers: Scorers, training: Truth, count: int) -> Predictions:
    """Return what the null model predicts for `count` samples."""
    import numpy as np

    y, weight = training
    if scorers.task == "classes":
        answer = np.bincount(y, weight, minlength=len(scorers.classes))
        answer = answer / answer.sum()
    else:
        answer = np.atleast_1d(np.average(y, axis=0, weights=weight))
    return Predictions(scorers.task, np.broadcast_to(answer, (count, len(answer))))


def _perfect(scorers: Scorers, truth: Truth) -> Predictions:
    import numpy as np

    if scorers.task == "classes":
        return Predictions(scorers.task, np.eye(len(scorers.classes))[truth.y])
    return Predictions(scorers.task, truth.y.reshape(len(truth.y), -1).astype("float64"))
