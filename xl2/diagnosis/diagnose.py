"""What keeps a model from a better test score, its bias or its gap, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple

from ..errors import InputError
from .comparison import Comparison, compare_labels, compare_values
from .intervals import FEW, Estimate, Interval, percentiles, r2_draws, square_and_add, wilson
from .predictions import Errors, Hits, check_model, judge, plain, predictions, predicts_values
from .verdict import advise, as_html, as_text, caution_words


@dataclass(frozen=True)
class Diagnosis:
    """Bias and gap of a model, what each costs, and what to do.

    The bias is what its training score lacks of the target. It is not the bias of an
    estimator in statistics: it is of one model and not of the mean of many, and it
    contains whatever error no model could avoid, unless `target` leaves that out. The
    gap is the training score minus the test score, which the notebook this library
    comes from calls the variance. It is not the variance over training sets, nor is it
    overfitting alone: the luck of the test samples is in it, and whatever makes them
    different from the training samples.

    The intervals take the samples of either set for random draws. For the training
    samples that is an approximation, since the model was fitted to them.

    Attributes
    ----------
    task : {"classification", "regression"}
    target, confidence : float
        As they were given.
    score_name : {"accuracy", "R2"}
    train_score, test_score : float
    train_interval, test_interval : (float, float)
        Wilson's intervals of the accuracies; of R2 from resampled rows.
    train_rows, test_rows : int
        Numbers of samples.
    bias, gap : float
        ``target - train_score`` and ``train_score - test_score``.
    bias_interval, gap_interval : (float, float)
    excess_interval : (float, float)
        Of ``bias - gap``.
    dominates : {"bias", "gap", "neither"}
        The larger one; neither where the intervals of both reach down to 0.
    sure : bool
        Whether `excess_interval` leaves 0 out, so that the other is not the larger one
        by luck. False for "neither", since that there is none cannot be shown, and for a
        regression of fewer than 30 samples, whose intervals are too narrow.
    halving_bias, halving_gap : float
        The test score that half the bias would leave at best, if all of it reaches the
        test samples, and the one that half the gap would leave.
    lam : float or None
        lambda of the model, where a path was diagnosed.
    comparison : Comparison or None
        The best positive lambda beside no penalty, where a path was diagnosed.
    cautions, advice : tuple of str
        What the figures do not show, and what to try, in sentences.
    """

    task: str
    target: float
    confidence: float
    score_name: str
    train_score: float
    train_interval: Interval
    train_rows: int
    test_score: float
    test_interval: Interval
    test_rows: int
    bias: float
    bias_interval: Interval
    gap: float
    gap_interval: Interval
    excess_interval: Interval
    dominates: str
    sure: bool
    halving_bias: float
    halving_gap: float
    lam: float | None
    comparison: Comparison | None
    cautions: tuple[str, ...]
    advice: tuple[str, ...]

    def __str__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


def diagnose(
    model: Any,
    X_train: Any,
    y_train: Any,
    X_test: Any,
    y_test: Any,
    target: float = 1.0,
    *,
    confidence: float = 0.95,
) -> Diagnosis:
    """Say whether a model's bias or its gap to unseen samples is worth working on.

    Half the bias and half the gap are compared in what they would do for the test
    score. Accuracies of 96 % in training and 95 % in the test leave a bias of 4 points
    and a gap of 1: without half its bias the model could reach 97 % in the test, and
    without half its gap 95.5 %. So it is the bias that is worth the work.

    Parameters
    ----------
    model : Network, Model, estimator or Path
        Anything with ``predict(X)``. Of the result of `xl2.regularization_path` the
        model of the best lambda is diagnosed, and the best positive lambda compared
        with none.
    X_train, X_test : array_like, shape (n, features)
        The samples it learnt from, and samples that neither it nor the choice of lambda
        has seen, as the model takes them.
    y_train, y_test : array_like, shape (n,) or (n, outputs)
        Their labels or values.
    target : float, default 1
        The score one could hope for: what people reach, or the best model known.
    confidence : float, default 0.95
        Of all intervals, and 1 minus the level of the test.

    Returns
    -------
    Diagnosis
        Print it for the verdict in words.

    Raises
    ------
    InputError
        If the model, the samples, `target` or `confidence` cannot be used.
    """
    _check("target", target, -math.inf, 1.0, "a finite score, 1 or less")
    _check("confidence", confidence, 0.0, 1.0, "a number between 0 and 1, such as 0.95")
    y_train, y_test = plain(y_train, "y_train"), plain(y_test, "y_test")
    choice = _choose(model)
    best = choice.models[choice.lam]
    check_model(best)
    found = predictions(best, X_train, y_train, "train")
    regression = choice.score_name == "R2" or (
        choice.score_name is None and predicts_values(best, y_train, found)
    )
    if not regression and target < 0.0:
        raise InputError(f"The target is an accuracy between 0 and 1. Received: target={target}.")
    train = judge(found, y_train, regression, "train")
    tests = {
        lam: judge(predictions(one, X_test, y_test, "test"), y_test, regression, "test")
        for lam, one in choice.models.items()
    }
    comparison = _compare(choice, tests, confidence)
    measures = _measures(train, tests[choice.lam], float(target), confidence)
    selected = choice.path is not None and bool(choice.path.selected_on(X_test))
    largest = choice.path is not None and choice.lam == max(choice.path.lambdas_)
    return Diagnosis(
        task="regression" if regression else "classification",
        target=float(target),
        confidence=float(confidence),
        score_name="R2" if regression else "accuracy",
        **measures,
        lam=choice.lam,
        comparison=comparison,
        cautions=caution_words(X_train is X_test, selected, regression, train.rows, len(y_test)),
        advice=advise(
            measures["dominates"], float(target), choice.lam, choice.none, largest, regression
        ),
    )


def _check(name: str, value: Any, low: float, high: float, wanted: str) -> None:
    # Of the confidence both ends are out, of the target only the lower one.
    fits = isinstance(value, Real) and not isinstance(value, bool) and low < float(value) <= high
    if not fits or (name == "confidence" and value == high):
        raise InputError(f"The {name} is {wanted}. Received: {name}={value!r}.")


class _Choice(NamedTuple):
    """The models to look at, by their lambda; a single one has none."""

    models: dict[float | None, Any]
    lam: float | None
    none: float | None = None
    positive: float | None = None
    score_name: str | None = None
    path: Any = None


def _choose(model: Any) -> _Choice:
    """Return the model itself, or of a path those of the best lambda and of the comparison."""
    if not (hasattr(model, "lambdas_") and hasattr(model, "models")):
        return _Choice({None: model}, None)
    lambdas = [float(lam) for lam in model.lambdas_]
    # A lambda with a member that diverged has no mean score, and is no choice.
    scores = {
        lam: float(score)
        for lam, score in zip(lambdas, model.validation_means_, strict=True)
        if not math.isnan(score)
    }
    if not scores:
        raise InputError("Every lambda of this path diverged. Lower the learning rate.")
    best, none = float(model.best_lambda_), min(scores)
    others = [lam for lam in scores if lam not in (0.0, none)]
    # The path's own choice among equal scores is kept.
    positive = best if best in others else max(others, key=scores.__getitem__, default=None)
    wanted = list(dict.fromkeys(lam for lam in (none, best, positive) if lam is not None))
    models: dict[float | None, Any] = dict(zip(wanted, model.models(wanted), strict=True))
    return _Choice(models, best, none, positive, model.score_name, model)


def _compare(choice: _Choice, tests: dict[float | None, Any], confidence: float) -> Any:
    a, b = choice.none, choice.positive
    if a is None or b is None:
        return None
    if isinstance(tests[a], Hits):
        return compare_labels(a, tests[a].right, b, tests[b].right, confidence)
    squared = tests[a].squared, tests[b].squared
    return compare_values(a, squared[0], b, squared[1], tests[a].centred, confidence)


def _measures(train: Any, test: Any, target: float, confidence: float) -> dict[str, Any]:
    """Return the numbers of a `Diagnosis`: scores, bias, gap, and which dominates."""
    intervals = _of_accuracies if isinstance(train, Hits) else _of_r2
    train_interval, test_interval, gap_interval, twice = intervals(train, test, confidence)
    bias, gap = target - train.score, train.score - test.score
    bias_interval = target - train_interval[1], target - train_interval[0]
    # bias - gap is target - (2 training - test).
    excess_interval = target - twice[1], target - twice[0]
    dominates = "bias" if bias > gap else "gap"
    if bias_interval[0] <= 0.0 and gap_interval[0] <= 0.0:
        dominates = "neither"
    apart = excess_interval[0] > 0.0 or excess_interval[1] < 0.0
    enough = isinstance(train, Hits) or min(train.rows, test.rows) >= FEW
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
        "excess_interval": excess_interval,
        "dominates": dominates,
        "sure": apart and enough and dominates != "neither",
        "halving_bias": min(1.0, test.score + max(bias, 0.0) / 2.0),
        "halving_gap": min(1.0, test.score + max(gap, 0.0) / 2.0),
    }


def _of_accuracies(train: Hits, test: Hits, confidence: float) -> tuple[Interval, ...]:
    """Return the intervals of training, test, training - test and 2 training - test."""
    one, other = (
        Estimate(hits.score, *wilson(int(hits.right.sum()), hits.rows, confidence))
        for hits in (train, test)
    )
    gap, twice = (square_and_add(one.times(factor), other) for factor in (1.0, 2.0))
    return (one.low, one.high), (other.low, other.high), gap, twice


def _of_r2(train: Errors, test: Errors, confidence: float) -> tuple[Interval, ...]:
    """Return the same intervals of R2."""
    a, b = train.score, test.score
    # Two seeds, since the two sets are drawn independently of each other.
    draws_a = r2_draws(train.centred, train.squared, seed=1)[0]
    draws_b = r2_draws(test.centred, test.squared, seed=2)[0]
    return (
        percentiles(draws_a, a, confidence),
        percentiles(draws_b, b, confidence),
        percentiles(draws_a - draws_b, a - b, confidence),
        percentiles(2.0 * draws_a - draws_b, 2.0 * a - b, confidence),
    )
