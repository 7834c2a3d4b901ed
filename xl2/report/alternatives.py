"""What the pictures of the page show, in words and numbers: alternative texts, and values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..diagnosis.formats import (
    capitalised,
    format_confidence,
    format_difference,
    format_interval,
    format_lambda,
    format_score,
)
from ..diagnosis.importance import ColumnImportance
from ..diagnosis.learning_curve import LearningCurve
from ..diagnosis.sentences import tested
from ..diagnosis.tables import Row, action_table
from ..diagnosis.verdict import Diagnosis
from ..figures.dependence import Dependence
from ..nn.score_names import shown_score
from ..path.result import RegularizationPath

MOST = 8  # parts of a picture that its text lists


def verdict(d: Diagnosis) -> str:
    """Return what the picture of bias and gap shows."""
    said = scores(d)
    return f"Bias and gap on an axis of {d.score_name}. {' '.join(said[part] for part in said)}"


def scores(d: Diagnosis) -> dict[str, str]:
    """Return the value of each part of that picture."""
    name, test = d.score_name, tested(d)
    low, high = (format_score(limit, name) for limit in d.test_interval)
    level = format_confidence(d.confidence)
    gap = format_interval(d.gap_interval, name)
    return {
        "target": f"Target: {format_score(d.target_score, name)}.",
        "bias": f"Bias, target minus training: {format_difference(d.bias, name)}.",
        "training": f"Training: {format_score(d.train_score, name)}.",
        "gap": f"Gap, training minus {test}: {format_difference(d.gap, name)} ({level} interval "
        f"{gap}).",
        "test": f"{capitalised(test)}: {format_score(d.test_score, name)}.",
        "test-interval": f"{level} interval of the {test} score: {low.removesuffix(' %')} to "
        f"{high}.",
    }


def of_lambda(path: RegularizationPath, k: int, remark: str) -> str:
    """Return the scores of a lambda in a sentence."""
    shown = shown_score(path.score_name_)
    validation = shown.cell(path.validation_means_[k])
    error = path.standard_errors_[k]
    if math.isfinite(error):
        validation += f" ± {shown.spread(error)}"
    other = next(name for name in path.metrics_ if name != path.score_name_)
    more, unit = shown_score(other), f" {shown.unit}" if shown.unit else ""
    mean = float(path.metrics_[other].mean(axis=(1, 2))[k])
    return (
        f"Lambda {path.lambdas_[k]:g}{f' ({remark})' if remark else ''}: {shown.name} "
        f"{validation}{unit} in validation, {shown.cell(path.train_means_[k])}{unit} in training; "
        f"{more.name} {more.cell(mean)}{f' {more.unit}' if more.unit else ''} in validation."
    )


def path(path: RegularizationPath) -> str:
    """Return what the picture of the scores against lambda shows."""
    shown, lambdas = shown_score(path.score_name_), path.lambdas_
    means = path.validation_means_

    def score(k: int) -> str:
        return f"{shown.cell(means[k])} at {lambdas[k]:g}"

    every = [*range(len(lambdas))]
    if len(lambdas) > MOST:
        every = sorted({0, path.best_index_, path.top_index_, path.index_1se_, len(lambdas) - 1})
    return (
        f"The {shown.title} in training and validation against {len(lambdas)} lambdas, with a band "
        f"of one standard error. Validation: {', '.join(map(score, every))}. The best lambda is "
        f"{path.best_lambda_:g}; the null model has {shown.cell(path.null_score_)}."
    )


def gains(d: Diagnosis) -> str:
    """Return what the picture of the actions shows."""
    rows = action_table(d)[1:]
    more = f" {len(rows) - MOST} more gain less." if len(rows) > MOST else ""
    return f"Gains and their intervals. {' '.join(gain(d, row) for row in rows[:MOST])}{more}"


def gain(d: Diagnosis, row: Row) -> str:
    """Return a row of the table of actions as a sentence."""
    what, gained, interval, _, remark = row
    unit = "points" if d.score_name == "accuracy" else d.score_name
    return f"{capitalised(what)}: {gained} {unit}, {interval}{f' ({remark})' if remark else ''}."


def learning_curve(curve: LearningCurve, score_name: str) -> str:
    """Return what the picture of the learning curve shows."""
    points = points_of(curve, score_name)
    said = [*points["measured"].values(), *points["twice"].values()]
    return f"The validation {score_name} grows with the training samples. {' '.join(said)}"


def points_of(curve: LearningCurve, score_name: str) -> dict[str, Mapping[int, str]]:
    """Return the value of each point of a learning curve."""
    measured = {
        k: f"{int(rows)} samples: {format_score(float(score), score_name)} ± "
        f"{format_difference(float(error), score_name)}."
        for k, (rows, score, error) in enumerate(
            zip(curve.rows, curve.scores, curve.errors, strict=True)
        )
    }
    rows, score = curve.predicted[0][-1], float(curve.predicted[1][-1])
    low, high = (format_score(limit, score_name) for limit in curve.interval)
    twice = (
        f"{round(rows)} samples, extrapolated: {format_score(score, score_name)} (90 % interval "
        f"{low.removesuffix(' %')} to {high})."
    )
    return {"measured": measured, "twice": {0: twice}}


def importance(shown: Sequence[ColumnImportance], score_name: str) -> str:
    """Return what the picture of the costs shows."""
    said = " ".join(cost(one, score_name) for one in shown[:MOST])
    more = f" {len(shown) - MOST} more cost less." if len(shown) > MOST else ""
    return f"What shuffling each column costs. {said}{more}"


def cost(one: ColumnImportance, score_name: str) -> str:
    """Return what shuffling a column costs, in a sentence."""
    lost = format_difference(one.loss, score_name)
    error = format_difference(one.error, score_name).removesuffix(" points")
    chance = "" if one.matters else ", may be chance"
    return f"{one.name}: {lost} ± {error}{chance}."


def dependences(found: Sequence[Dependence], names: Sequence[str]) -> str:
    """Return what the picture of partial dependence shows."""
    said = []
    for one, name in zip(found, names, strict=True):
        for k in one.drawn():
            means = one.means[k]
            ends = f"{means[0]:.4g} at {_value(one, 0)} to {means[-1]:.4g} at {_value(one, -1)}"
            said.append(f"{name}: the mean {one.outputs[k]} goes from {ends}.")
    return f"How predictions depend on a column. {' '.join(said)}"


def _value(one: Dependence, at: int) -> str:
    value = one.values[at]
    return one.texts[int(value)] if one.texts else f"{float(value):.4g}"


def losses(path: RegularizationPath) -> tuple[str, dict[str, str]]:
    """Return what the picture of the loss curves shows, and of each curve where it ends."""
    import numpy as np

    tips, said = {}, []
    for kind, name in (("loss", "training"), ("validation_loss", "validation")):
        means = np.asarray(path.curves_[kind]).mean(axis=(2, 3))
        for k, lam in enumerate(path.lambdas_.tolist()):
            end = f"{means[-1, k]:.4g}" if math.isfinite(means[-1, k]) else "no number"
            tips[f"{name}-{k}"] = (
                f"Lambda {lam:g}: {name} loss {means[0, k]:.4g} after the first epoch, {end} after "
                f"{len(means)}."
            )
        said.append(tips[f"{name}-{path.best_index_}"])
    text = f"The {format_lambda(path.best_lambda_)}, which is the best, and its losses: "
    return text + " ".join(said), tips


def reliability(path: RegularizationPath) -> tuple[str, dict[str, Mapping[int, str]]]:
    """Return what the picture of the reliability shows, and of each bin its numbers."""
    found, tips = path.calibration_, dict[str, Mapping[int, str]]()
    if found is None:
        return "", tips
    bins = {"trained": found.reliability, "calibrated": found.calibrated_reliability}
    for series, one in bins.items():
        shares = 100.0 * one.counts / one.counts.sum()
        numbers = zip(one.predicted, one.observed, shares, strict=True)
        said = {
            k: f"Predicted {predicted:.2f}, right {observed:.2f}, {share:.1f} % of the samples."
            for k, (predicted, observed, share) in enumerate(numbers)
        }
        tips |= {series: said, f"{series}-share": said}
    errors = " and ".join(f"{100.0 * one.error:.1f} points {name}" for name, one in bins.items())
    text = (
        "How often predictions of each probability are right, and how many there are. The mean "
        f"distance from the line of as often as predicted is {errors}."
    )
    return text, tips


def values(predicted: Any, true: Any) -> str:
    """Return what the picture of predicted against true values shows."""
    import numpy as np

    parts = []
    for k in range(min(6, true.shape[1])):
        spread = float(np.std(true[:, k]))
        fits = float(np.corrcoef(true[:, k], predicted[:, k])[0, 1]) if spread else math.nan
        name = f"output {k + 1}" if true.shape[1] > 1 else "the values"
        low, high = (f"{limit:.4g}" for limit in (true[:, k].min(), true[:, k].max()))
        parts.append(f"{name} from {low} to {high}, correlation with the predictions {fits:.2f}")
    return f"Predicted against true values of {len(true)} test samples: {'; '.join(parts)}."


def samples(predicted: Any, true: Any, rows: Any) -> dict[int, str]:
    """Return the true value and the predicted one of each test sample, by its row in the file."""
    return {
        k: f"Row {rows[k] + 1}: true {float(y):.5g}, predicted {float(p):.5g}."
        for k, (y, p) in enumerate(zip(true[:, 0], predicted[:, 0], strict=True))
        if math.isfinite(y) and math.isfinite(p)  # others are not drawn
    }
