"""What limits a model's score on new samples, what to do next, and how certain that is."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

from ..errors import InputError, option
from ..nn.label_arrays import read_labels
from ..nn.labels import check_new_labels, like_training
from ..nn.trained import Trained
from .calibration import about_probabilities, reliability_of
from .cautions import SEARCHED, SELECTED, caution, if_said
from .choice import Choice, choose, compare
from .evidence import Evidence
from .held_out import Found, importance_in_folds, importance_on
from .intervals import FEW, Interval, r2_interval, wilson
from .limits import limits_of
from .next_step import python_line
from .null_model import beside_the_null_model
from .predictions import (
    Accuracy,
    as_labels,
    check_model,
    classes_of,
    evaluate_labels,
    evaluate_values,
    predict,
    predicts_values,
)
from .selection import bias_corrected
from .verdict import Diagnosis


def diagnose(
    model: Any,
    X_train: Any = None,
    y_train: Any = None,
    X_test: Any = None,
    y_test: Any = None,
    target_score: float = 1.0,
    *,
    confidence: float = 0.95,
    new_labels: bool = False,
    importance: bool | None = None,
) -> Diagnosis:
    """Tell what limits a model, which action gains most, and how sure that is.

    The advice rests on what a path tried: pass one of
    ``regularization_path(..., experiments=True)``, or its best model, also from a model file. Of
    another model only the scores are known: how far the training score is below the target, the
    bias, and how far the test score is below the training score, the gap.

    Parameters
    ----------
    model : Network, Model, Ensemble, estimator or RegularizationPath
        Anything with ``predict(X)``. For the result of `xl2.regularization_path`, the
        model of the best lambda is diagnosed, and the best positive lambda compared
        with no penalty.
    X_train, X_test : array_like, shape (n, features), optional
        The samples that the model was trained on, and samples that had no part in its
        training or in the choice of lambda. Without any, a path is diagnosed by the validation
        samples of its folds, with a score that is corrected for the choice of lambda.
    y_train, y_test : array_like, shape (n,) or (n, outputs), optional
        Their labels or values.
    target_score : float, default 1
        The best score one could hope for: that of people, or of the best known model.
    confidence : float, default 0.95
        Of the intervals of scores, and 1 minus the level of the test.
    new_labels : bool, default False
        Count test labels that no training sample has as errors, instead of refusing them.
    importance : bool, optional
        Whether to shuffle each column of the test samples, to tell which of them matter. By default
        for a model of xl2 with up to 100 columns that are no pixels, unless its path has done so
        on the samples of its folds; see docs/importance.md.

    Returns
    -------
    Diagnosis

    Raises
    ------
    InputError
        If an argument cannot be used.
    """
    _check("target_score", target_score, -math.inf, 1.0, "a finite score, 1 or less")
    _check("confidence", confidence, 0.0, 1.0, "a number between 0 and 1, such as 0.95")
    target_score, confidence = float(target_score), float(confidence)
    samples = (X_train, y_train, X_test, y_test)
    by_folds = all(one is None for one in samples)
    choice = choose(model, by_folds)
    path, tried = choice.path, choice.tried
    if by_folds:
        evidence: Evidence | None = getattr(path, "evidence_", None)
        if evidence is None:
            raise InputError(
                "diagnose needs the training and the test samples of a model. Pass X_train, "
                "y_train, X_test and y_test; only a path can do without."
            )
        scores = _of_the_folds(path, evidence, target_score, confidence)
        cautions: tuple[str, ...] = (SELECTED,) if path.n_folds_ == 1 else ()
        if (found := getattr(path, "calibration_", None)) is not None:
            bins = found.calibrated_reliability if found.used else found.reliability
            cautions += if_said(about_probabilities(bins, "validation", found.used))
        if (trials := getattr(path, "searched_", 0)) > 1:
            cautions += (SEARCHED.format(trials),)
        matters = importance_in_folds(tried, importance) or (None, "")
    else:
        scores, cautions, shuffled = _of_samples(
            choice, samples, target_score, confidence, new_labels
        )
        of_folds = None if importance else importance_in_folds(tried, importance)
        matters = of_folds or shuffled(importance)
    name = scores["score_name"]
    if name == "accuracy" and target_score < 0.0:
        raise InputError(
            f"{option('target_score')} must be an accuracy from 0 to 1. Received: {target_score}."
        )
    actions = () if tried is None or not tried.found_signal else tried.actions
    folds, averaged = (0, 0) if tried is None else (tried.folds, tried.averaged)
    return Diagnosis(
        target_score=target_score,
        confidence=confidence,
        **scores,
        lam=None if tried is None else tried.lam,
        chosen_by="" if tried is None else tried.chosen_by,
        signal=None if tried is None else tried.signal,
        limits=limits_of(tried, target_score - scores["test_score"]),
        actions=actions,
        left_out=() if tried is None else tried.left_out,
        folds=folds,
        importance=matters[0],
        not_shuffled=matters[1],
        cautions=cautions,
        next_step=python_line(actions, folds, averaged),
    )


def _of_samples(
    choice: Choice, samples: Any, target: float, confidence: float, new_labels: bool
) -> tuple[dict[str, Any], tuple[str, ...], Callable[[bool | None], Found]]:
    """Return the scores of a `Diagnosis` on training and test samples, and cautions.

    The last one returns the importance of the columns, by whether it is wanted.
    """
    X_train, y_train, X_test, y_test = samples
    for name, one in zip(("X_train", "y_train", "X_test", "y_test"), samples, strict=True):
        if one is None:
            raise InputError(f"diagnose needs {name} too: pass all four of the samples, or none.")
    y_train, y_test = read_labels(y_train, "y_train"), read_labels(y_test, "y_test")
    best, path, tried = choice.models[choice.lam], choice.path, choice.tried
    check_model(best)
    predictions = predict(best, X_train, y_train, "train")
    if path is None:
        regression = predicts_values(best, y_train, predictions)
    else:
        regression = path.task_ == "regression"
    score_name = "R2" if regression else "accuracy"
    evaluate: Any = evaluate_values if regression else evaluate_labels
    of_labels = not regression and (predictions.ndim == 1 or predictions.shape[1] == 1)
    if of_labels:
        classes = classes_of(best, predictions)
        y_train, y_test = like_training(y_train, classes), like_training(y_test, classes)
        given = classes is not predictions and y_train.ndim == 1
        if y_train.dtype.kind == "O" or (given and not set(classes) & set(y_train.tolist())):
            check_new_labels(y_train, classes, "")
    train = evaluate(predictions, y_train, "train")
    tests = {
        lam: evaluate(predict(one, X_test, y_test, "test"), y_test, "test")
        for lam, one in choice.models.items()
    }
    truth = y_test

    def shuffled(wanted: bool | None) -> Found:
        def score(predictions: Any, rows: Any) -> float:
            return float(evaluate(predictions, truth[rows], "test").score)

        return importance_on(best, X_test, truth, score, not regression, wanted)

    if of_labels:
        y_train, y_test = as_labels(y_train), as_labels(y_test)
        if not new_labels:
            check_new_labels(y_test, y_train)
    test = tests[choice.lam]
    interval = _interval(test, confidence)
    null = beside_the_null_model(test, y_train, y_test)
    selected = tried is not None and tried.selected_on(
        best.coded(X_test) if isinstance(best, Trained) else X_test
    )
    # Without a signal the advice says it already.
    doubt = null.caution(test) if tried is None or tried.found_signal else ""
    cautions = caution(X_train is X_test, selected, score_name, len(y_test), doubt)
    if isinstance(best, Trained) and not regression and X_train is not X_test:
        bins = reliability_of(best, X_test, y_test)
        if bins is not None:
            cautions += if_said(about_probabilities(bins, "test", best.is_calibrated))
    scores = _scores(train.score, train.rows, test.score, test.rows, interval, target)
    found = scores | {
        "task": "regression" if regression else "classification",
        "score_name": score_name,
        "null_score": null.score,
        "null_answer": null.answer,
        "null_p_value": null.p_value,
        "comparison": compare(choice, tests, confidence),
        "of_folds": False,
        "is_certain": _is_certain(scores, test),
    }
    return found, cautions, shuffled


def _of_the_folds(
    path: Any, evidence: Evidence, target: float, confidence: float
) -> dict[str, Any]:
    """Return the scores of a `Diagnosis` by the validation samples of a path's folds."""
    import numpy as np

    regression = path.task_ == "regression"
    train = float(np.mean(path.curves_["score"][-1, path.best_index_]))
    if len(evidence.folds) < 2:
        raise InputError("A path with one validation sample cannot be diagnosed. Pass samples.")
    weights = evidence.weights
    found = bias_corrected(evidence.scores, confidence, chosen_by=evidence.losses, weights=weights)
    null = float((evidence.signal.null_scores * weights).sum() / weights.sum())
    rows = len(evidence.folds)
    interval = (found.low, found.high)
    return _scores(train, round(evidence.rows), found.value, rows, interval, target) | {
        "task": "regression" if regression else "classification",
        "score_name": "R2" if regression else "accuracy",
        "null_score": null,
        "null_answer": evidence.signal.answer,
        "null_p_value": evidence.signal.p_value,
        "comparison": None,
        "of_folds": True,
        "is_certain": False,
    }


def _check(name: str, value: Any, low: float, high: float, wanted: str) -> None:
    # The confidence excludes both ends, the score the lower one only.
    fits = isinstance(value, Real) and not isinstance(value, bool) and low < float(value) <= high
    if not fits or (name == "confidence" and value == high):
        raise InputError(f"{option(name)} must be {wanted}. Received: {value!r}.")


def _scores(
    train: float, train_rows: int, test: float, test_rows: int, interval: Interval, target: float
) -> dict[str, Any]:
    """Return the numbers of a `Diagnosis`: scores, bias and gap, and which is larger.

    The training score is that of these very samples, a number without an error.
    """
    low, high = interval
    bias, gap = target - train, train - test
    return {
        "train_score": train,
        "train_rows": train_rows,
        "test_score": test,
        "test_interval": (low, high),
        "test_rows": test_rows,
        "bias": bias,
        "gap": gap,
        "gap_interval": (train - high, train - low),
        "bias_minus_gap_interval": (bias - train + low, bias - train + high),
        "dominant": "bias" if bias > max(gap, 0.0) else "gap" if gap > 0.0 else "neither",
    }


def _is_certain(scores: dict[str, Any], test: Any) -> bool:
    low, high = scores["bias_minus_gap_interval"]
    enough = isinstance(test, Accuracy) or test.rows >= FEW
    return bool(enough and scores["dominant"] != "neither" and (low > 0.0 or high < 0.0))


def _interval(test: Any, confidence: float) -> Interval:
    """Return the interval of a test score."""
    if isinstance(test, Accuracy):
        return wilson(int(test.right.sum()), test.rows, confidence)
    return r2_interval(test.centred, test.squared_errors, confidence)
