"""What limits a model's test score, its bias or its gap, and how certain that is."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, NamedTuple

from ..errors import InputError
from ..nn.score_names import shown_score
from .comparison import Comparison, compare_labels, compare_values
from .formats import format_baseline, format_score
from .intervals import FEW, Estimate, Interval, percentiles, r2_draws, square_and_add, wilson
from .predictions import (
    R2,
    Accuracy,
    as_array,
    check_model,
    evaluate_labels,
    evaluate_values,
    predict,
    predicts_values,
)
from .verdict import Diagnosis


def diagnose(
    model: Any,
    X_train: Any,
    y_train: Any,
    X_test: Any,
    y_test: Any,
    target_score: float = 1.0,
    *,
    confidence: float = 0.95,
) -> Diagnosis:
    """Split a model's error into bias and gap, and tell which of the two is worth working on.

    Half the bias and half the gap are compared by what they would do for the test score.
    Accuracies of 96 % in training and 95 % in the test leave a bias of 4 points and a gap
    of 1: with half its bias the model could reach 97 % in the test, and with half its gap
    95.5 %. So the bias is worth the work.

    Parameters
    ----------
    model : Network, Model, estimator or RegularizationPath
        Anything with ``predict(X)``. For the result of `xl2.regularization_path`, the
        model of the best lambda is diagnosed, and the best positive lambda compared
        with no penalty.
    X_train, X_test : array_like, shape (n, features)
        The samples that the model was trained on, and samples that had no part in its
        training or in the choice of lambda.
    y_train, y_test : array_like, shape (n,) or (n, outputs)
        Their labels or values.
    target_score : float, default 1
        The best score one could hope for: that of people, or of the best known model.
    confidence : float, default 0.95
        Of all intervals, and 1 minus the level of the test.
    """
    _check("target_score", target_score, -math.inf, 1.0, "a finite score, 1 or less")
    _check("confidence", confidence, 0.0, 1.0, "a number between 0 and 1, such as 0.95")
    target_score, confidence = float(target_score), float(confidence)
    y_train, y_test = as_array(y_train, "y_train"), as_array(y_test, "y_test")
    choice = _choose(model)
    best, path = choice.models[choice.lam], choice.path
    check_model(best)
    predictions = predict(best, X_train, y_train, "train")
    if path is None:
        regression = predicts_values(best, y_train, predictions)
    else:
        regression = path.task_ == "regression"
    if not regression and target_score < 0.0:
        raise InputError(
            f"target_score must be an accuracy from 0 to 1. Received: target_score={target_score}."
        )
    score_name = "R2" if regression else "accuracy"
    evaluate: Any = evaluate_values if regression else evaluate_labels
    train = evaluate(predictions, y_train, "train")
    tests = {
        lam: evaluate(predict(one, X_test, y_test, "test"), y_test, "test")
        for lam, one in choice.models.items()
    }
    measures = _measures(train, tests[choice.lam], target_score, confidence)
    selected = path is not None and bool(path.selected_on(X_test))
    largest = path is not None and choice.lam == max(path.lambdas_)
    chosen_by = "" if path is None else shown_score(path.score_name_).name
    return Diagnosis(
        task="regression" if regression else "classification",
        target_score=target_score,
        confidence=confidence,
        score_name=score_name,
        **measures,
        lam=choice.lam,
        chosen_by=chosen_by,
        comparison=_compare(choice, tests, confidence),
        cautions=caution(X_train is X_test, selected, score_name, train.rows, len(y_test)),
        advice=advise(
            measures["dominant"],
            target_score,
            score_name,
            choice.lam,
            choice.baseline,
            largest,
            chosen_by,
        ),
    )


def _check(name: str, value: Any, low: float, high: float, wanted: str) -> None:
    # The confidence excludes both ends, the score the lower one only.
    fits = isinstance(value, Real) and not isinstance(value, bool) and low < float(value) <= high
    if not fits or (name == "confidence" and value == high):
        raise InputError(f"{name} must be {wanted}. Received: {name}={value!r}.")


class _Choice(NamedTuple):
    """The models to evaluate by their lambda, the best, and the two to compare."""

    models: dict[Any, Any]
    lam: float | None
    baseline: float | None = None
    positive: float | None = None
    path: Any = None


def _choose(model: Any) -> _Choice:
    """Return a single model, or those of a path's best lambda and of the comparison."""
    if not (hasattr(model, "lambdas_") and hasattr(model, "models_")):
        return _Choice({None: model}, None)
    best, compared = float(model.best_lambda_), lambdas_to_compare(model)
    models = {lam: model.model(lam) for lam in dict.fromkeys([compared[0], best, *compared])}
    positive = compared[1] if len(compared) > 1 else None
    return _Choice(models, best, compared[0], positive, model)


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


def _compare(choice: _Choice, tests: dict[Any, Any], confidence: float) -> Comparison | None:
    a, b = choice.baseline, choice.positive
    if a is None or b is None:
        return None
    if isinstance(tests[a], Accuracy):
        return compare_labels(a, tests[a].right, b, tests[b].right, confidence)
    return compare_values(
        a, tests[a].squared_errors, b, tests[b].squared_errors, tests[a].centred, confidence
    )


def _measures(train: Any, test: Any, target: float, confidence: float) -> dict[str, Any]:
    """Return the numbers of a `Diagnosis`: scores, bias, gap, and which dominates."""
    intervals = _accuracy_intervals if isinstance(train, Accuracy) else _r2_intervals
    train_interval, test_interval, gap_interval, twice = intervals(train, test, confidence)
    bias, gap = target - train.score, train.score - test.score
    bias_interval = target - train_interval[1], target - train_interval[0]
    # bias - gap is target - (2 training - test).
    bias_minus_gap_interval = target - twice[1], target - twice[0]
    dominates = "bias" if bias > gap else "gap"
    if bias_interval[0] <= 0.0 and gap_interval[0] <= 0.0:
        dominates = "neither"
    apart = bias_minus_gap_interval[0] > 0.0 or bias_minus_gap_interval[1] < 0.0
    enough = isinstance(train, Accuracy) or min(train.rows, test.rows) >= FEW
    return {
        "train_score": train.score,
        "train_interval": train_interval,
        "train_rows": train.rows,
        "test_score": test.score,
        "test_interval": test_interval,
        "test_rows": test.rows,
        "bias": bias,
        "bias_interval": bias_interval,
        "gap": gap,
        "gap_interval": gap_interval,
        "bias_minus_gap_interval": bias_minus_gap_interval,
        "dominant": dominates,
        "is_certain": apart and enough and dominates != "neither",
        "score_with_half_bias": min(1.0, test.score + max(bias, 0.0) / 2.0),
        "score_with_half_gap": min(1.0, test.score + max(gap, 0.0) / 2.0),
    }


def _accuracy_intervals(train: Accuracy, test: Accuracy, confidence: float) -> tuple[Interval, ...]:
    """Return the intervals of training, test, training - test and 2 training - test."""
    a, b = (
        Estimate(part.score, *wilson(int(part.right.sum()), part.rows, confidence))
        for part in (train, test)
    )
    gap, twice = (square_and_add(a.times(factor), b) for factor in (1.0, 2.0))
    return (a.low, a.high), (b.low, b.high), gap, twice


def _r2_intervals(train: R2, test: R2, confidence: float) -> tuple[Interval, ...]:
    """Return the same intervals for R2."""
    a, b = train.score, test.score
    # Two seeds, because the two sets are drawn independently of each other.
    draws_a = r2_draws(train.centred, train.squared_errors, seed=1)[0]
    draws_b = r2_draws(test.centred, test.squared_errors, seed=2)[0]
    return (
        percentiles(draws_a, a, confidence),
        percentiles(draws_b, b, confidence),
        percentiles(draws_a - draws_b, a - b, confidence),
        percentiles(2.0 * draws_a - draws_b, 2.0 * a - b, confidence),
    )


def advise(
    dominates: str,
    target_score: float,
    score_name: str,
    lam: float | None,
    baseline: float | None,
    largest: bool,
    chosen_by: str,
) -> tuple[str, ...]:
    """Return what to try, in one to three sentences.

    `lam` is the best lambda of a path, None for a single model, and `largest` whether no
    larger one was tried. `baseline` is no penalty, or the smallest lambda. `chosen_by` is the
    validation score by which it is the best.
    """
    idle = lam is not None and lam == baseline
    useless = f"{'More ' if lam else ''}L2 does not help here: "
    useless += f"by validation {chosen_by} {format_baseline(lam or 0.0)} is best"
    if dominates == "bias":
        work = "Work on the bias: a larger network, longer training or better features."
        ask = (
            f"If {format_score(target_score, score_name)} is out of reach, set a lower target "
            f"score (target_score=, or --target-score)."
        )
        if idle:
            return f"{useless}, and a penalty adds to the bias.", work, ask
        less = (
            "A weaker L2 penalty (if there is one)" if lam is None else f"A lambda below {lam:.4g}"
        )
        return work, f"{less} reduces the bias too, but may widen the gap.", ask
    if dominates == "gap":
        rest = "more training samples or a smaller network."
        if lam is None:
            return (f"Work on the gap: a stronger L2 penalty, {rest}",)
        if idle:
            return f"{useless}.", f"Work on the gap: {rest}"
        if largest:
            return (f"The best lambda is the largest tried: try larger ones, then {rest}",)
        return (f"The penalty already narrows the gap; to narrow it further, use {rest}",)
    stop = "Stop here, or take more test samples to see what is left."
    return (f"{useless}.", stop) if idle else (stop,)


def caution(
    same: bool, selected: bool, score_name: str, train_rows: int, test_rows: int
) -> tuple[str, ...]:
    """Return what the numbers do not show, in sentences.

    `same` tells whether training and test samples are one object, `selected` whether
    lambda was chosen on the test samples.
    """
    found = []
    if same:
        found.append("the test samples are the training samples, so the gap shows nothing.")
    if selected:
        found.append(
            "lambda was chosen by the scores on these very test samples. That flatters the test "
            "score, the difference and its p-value. Use test samples that had no part in the "
            "choice."
        )
    few = [f"{n} {part}" for n, part in ((train_rows, "training"), (test_rows, "test")) if n < FEW]
    if score_name == "R2" and few:
        found.append(f"with only {' and '.join(few)} samples the intervals of R2 are too narrow.")
    return tuple(found)
