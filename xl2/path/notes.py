"""What the table of a path does not show by itself, in words."""

from __future__ import annotations

import math

from ..nn.score_names import shown_score
from .pruning import ROUNDING
from .scores import PathScores

ANSWERS = {"regression": "mean of the target", "multilabel": "most frequent labels"}
ONE_CLASS = "one class only"


def null_answer(path: PathScores) -> str:
    """Return what the null model answers to every sample."""
    return ANSWERS.get(path.task_, "most frequent class")


def notes(path: PathScores, null_model: bool = True) -> list[str]:
    """Return what a reader of the table should know, in sentences.

    Without `null_model` nothing about it: a verdict above the table can have said it.
    """
    return [
        note
        for note in (
            *path.understood_,
            path.unfinished_,
            _beside_the_null_model(path) if null_model else "",
            _without_spread(path),
            _at_an_edge(path),
            _calibrated(path),
        )
        if note
    ]


def _beside_the_null_model(path: PathScores) -> str:
    """Return whether the lambdas that are chosen beat the null model; "" if they clearly do."""
    shown, top = shown_score(path.score_name_), path.top_index_
    gains = path.validation_scores_ - path.null_scores_
    gain = float(gains[top].mean())
    if math.isnan(gain):
        return ""
    null = f"the null model ({null_answer(path)})"
    if gain <= ROUNDING:
        mine, its = shown.cell(path.validation_means_[top]), shown.cell(path.null_score_)
        return f"No lambda beats {null}: {mine} at best, against {its}."
    error = path.standard_errors_[top]
    if path.n_folds_ > 1:
        error = gains[top].std(ddof=1) / math.sqrt(path.n_folds_)
    if gain < 2.0 * error:
        return (
            f"The lambdas beat {null} by {shown.spread(gain)} at best, with a standard error of "
            f"{shown.spread(error)}: this may be chance."
        )
    if gains[path.index_1se_].mean() <= ROUNDING:
        return f"Lambda {path.lambda_1se_:g}, the largest within 1 SE, does not beat {null}."
    return ""


def _without_spread(path: PathScores) -> str:
    """Return what a standard error of 0 means, if the choice depends on one."""
    error = path.standard_errors_[path.top_index_]
    if not error <= ROUNDING:
        return ""
    zero = shown_score(path.score_name_).spread(0.0)
    same = "all folds gave the same score" if path.n_folds_ > 1 else "all samples scored the same"
    return f"A standard error of {zero} means that {same}, not that it is certain."


def _at_an_edge(path: PathScores) -> str:
    """Return which lambdas to add, if the best one is the largest, or the smallest positive one.

    Without any signal no lambda is advised.
    """
    if path.evidence_ is not None and not path.evidence_.signal.found:
        return ""
    lambdas, best = path.lambdas_, path.best_index_
    positive = lambdas[lambdas > 0.0]
    if len(positive) < 2 or path.validation_means_[best] <= path.null_score_ + ROUNDING:
        return ""
    if lambdas[best] == positive[-1]:
        place, step = "largest", max(2.0, positive[-1] / positive[-2])
    elif lambdas[best] == positive[0] and best == path.top_index_:
        place, step = "smallest positive one", min(0.5, positive[0] / positive[1])
    else:
        return ""
    more = " and ".join(f"{float(f'{lambdas[best] * step**k:.1g}'):g}" for k in (1, 2))
    return f"Lambda {lambdas[best]:g}, the best, is the {place}: also try {more}."


def _calibrated(path: PathScores) -> str:
    """Return what the temperature of the models changes, if they have one."""
    found = path.calibration_
    if found is None or not found.used:
        return ""
    clearly = abs(found.gain) >= 2.0 * found.gain_error
    return (
        f"Probabilities are calibrated by the temperature {found.temperature:.2f}: it takes the "
        f"log loss of lambda {path.best_lambda_:g} from {found.log_loss:.4f} to "
        f"{found.calibrated_log_loss:.4f}{'' if clearly else ' (which may be chance)'}, in samples "
        f"that had no part in finding it."
    )
