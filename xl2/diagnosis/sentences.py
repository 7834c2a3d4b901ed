"""The sentences and tables of a diagnosis."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import on_command_line, option
from .actions import Action
from .evidence import STOPPED, TOO_LONG
from .findings import Findings
from .formats import (
    format_confidence,
    format_difference,
    format_interval,
    format_lambda,
    format_score,
)
from .gains import CONFIDENCE
from .limits import SMALL, first_advice

Row = tuple[str, ...]


def advice(d: Findings) -> tuple[str, ...]:
    """Return what limits the model, the action that gains most, and how sure that is."""
    by = d.limits.by
    if by == "signal":
        return (_no_signal(d), _after_no_signal(d))
    if by == "nothing":
        return (_nothing_missing(d), *_best_setting(d))
    if by == "unknown":
        return (_unknown(d), *_try(d))
    found = first_advice(d.actions)
    if found is None:
        return (_neither(d),)
    if found.kind != "rows":
        return (_network(d, found), *_samples(d))
    return (
        f"The number of training samples limits this model: twice as many "
        f"{_would_gain(d, found)}, extrapolated from its learning curve.",
        *_best_setting(d),
    )


def _no_signal(d: Findings) -> str:
    what = "No lambda predicts" if d.lam is not None else "The model does not predict"
    return (
        f"{what} better than {d.null_answer}, as far as these samples tell: the "
        f"{_tested(d)} {d.score_name} is {format_score(d.test_score, d.score_name)}, that of "
        f"{d.null_answer} {format_score(d.null_score, d.score_name)}, and labels dealt at random "
        f"would fit the predictions as well with p = {d.signal:.2g}."
        if d.task == "classification"
        else f"{what} better than {d.null_answer}, as far as these samples tell: the {_tested(d)} "
        f"R2 is {format_score(d.test_score, 'R2')}, and values dealt at random would fit the "
        f"predictions as well with p = {d.signal:.2g}."
    )


def _after_no_signal(d: Findings) -> str:
    target = "labels" if d.task == "classification" else "values"
    return (
        f"No other network, training or penalty is advised: first check that the features say "
        f"something about the {target} and that both belong to the same rows, or collect more "
        f"samples."
    )


def _nothing_missing(d: Findings) -> str:
    right = f"the {_tested(d)} {d.score_name} is {format_score(d.test_score, d.score_name)}"
    if d.score_name == "accuracy" and d.test_score == 1.0 and not d.of_folds:
        right = f"all {d.test_rows} test samples are right"
    low = format_score(d.test_interval[0], d.score_name)
    return (
        f"Nothing is missing to the target of {format_score(d.target_score, d.score_name)} on "
        f"these samples: {right}. On new ones the {d.score_name} may be as low as {low} "
        f"({format_confidence(d.confidence)} interval); only more test samples would tell."
    )


def _unknown(d: Findings) -> str:
    return (
        f"The {_tested(d)} {d.score_name} is {format_score(d.test_score, d.score_name)}, "
        f"{format_difference(d.limits.missing, d.score_name)} below the target of "
        f"{format_score(d.target_score, d.score_name)}. What would gain some of it is not known, "
        f"because nothing else was tried."
    )


def _try(d: Findings) -> tuple[str, ...]:
    if any(why in (STOPPED, TOO_LONG) for _, why in d.left_out):
        return (f"Allow more time for experiments: {option('budget', 5)}.",)
    if d.left_out:
        return ()
    if on_command_line():
        if d.lam is not None:
            return ("Leave out --no-experiments to find out.",)
        return ("Run xl2 path on the training file to find out.",)
    return ("Pass a path of regularization_path(..., experiments=True) to find out.",)


def _neither(d: Findings) -> str:
    missing = (
        f"{format_difference(d.limits.missing, d.score_name)} to the target of "
        f"{format_score(d.target_score, d.score_name)}"
    )
    if d.limits.network is None:
        return (
            f"By the learning curve more samples are not likely to gain, and no other network or "
            f"training was tried. Missing are {missing}."
        )
    if d.limits.samples is None:
        return (
            f"No other network or training that was tried is likely to gain. What more samples "
            f"would gain is not known. Missing are {missing}."
        )
    return (
        f"Nothing that was tried is likely to gain: neither another network or training nor, by "
        f"the learning curve, more samples. What is missing, {missing}, is then in the features "
        f"or the labels."
    )


def _network(d: Findings, found: Action) -> str:
    what = "The features" if found.kind == "features" else "The network or its training"
    return (
        f"{what} {'limits' if found.kind != 'features' else 'limit'} this model: {found.what} "
        f"{_would_gain(d, found)}, tried in {_folds(d)}."
    )


def _samples(d: Findings) -> tuple[str, ...]:
    rows = next((a for a in d.actions if a.kind == "rows"), None)
    if rows is None or not rows.is_advised:
        return ()
    return (f"Twice the training samples {_would_gain(d, rows)}, extrapolated.",)


def _best_setting(d: Findings) -> tuple[str, ...]:
    """Return the setting that gains most beside more samples, if one was tried."""
    tried = [a for a in d.actions if a.kind not in ("rows", "penalty")]
    found = first_advice(d.actions, samples=False)
    if found is not None:
        return (f"Of what was tried, {found.what} gains most: it {_would_gain(d, found)}.",)
    if len(tried) == 1:
        return ("The one other setting that was tried is not likely to gain.",)
    none = f"None of the {len(tried)} other settings that were tried is likely to gain."
    return (none,) if tried else ()


def _would_gain(d: Findings, action: Action) -> str:
    certain = "" if action.is_certain else "; it may be a tie"
    return (
        f"would gain {format_difference(action.gain, d.score_name)} "
        f"({format_confidence(CONFIDENCE)} interval "
        f"{format_interval(action.interval, d.score_name)}{certain})"
    )


def _folds(d: Findings) -> str:
    return f"{d.folds} folds" if d.folds > 1 else "the validation samples"


def _tested(d: Findings) -> str:
    return "validation" if d.of_folds else "test"


def action_table(d: Findings) -> list[Row]:
    """Return a table: an action, its gain, the interval, the cost, and whether it is a tie."""
    name = d.score_name
    unit = "points of accuracy" if name == "accuracy" else name
    rows: list[Row] = [(f"gain in {unit}", "", f"{format_confidence(CONFIDENCE)} interval", "", "")]
    for action in d.actions:
        low, high = (_signed(limit, name) for limit in action.interval)
        cost = f"{action.rows} samples" if action.rows else f"{action.seconds:.1f} s"
        if action.kind == "penalty":
            cost = "in use"
        interval = f"{low} to {high}"
        rows.append((action.what, _signed(action.gain, name), interval, cost, _remark(action)))
    return rows


def _remark(action: Action) -> str:
    return "loses" if action.loses else "" if action.is_certain else "tie"


def _signed(value: float, name: str) -> str:
    factor, digits = (100.0, 2) if name == "accuracy" else (1.0, 3)
    return f"{round(factor * value, digits) + 0.0:+.{digits}f}"


def evidence(d: Findings) -> list[str]:
    """Return what the table of actions does not say, as paragraphs."""
    found = []
    if any(action.rows for action in d.actions):
        found.append(
            f"The gain of more samples is extrapolated from the learning curve; the others were "
            f"tried in {_folds(d)}, with {format_lambda(d.lam or 0.0)}."
        )
    if d.actions and d.limits.rest is not None and d.limits.missing > SMALL:
        found.append(_split(d))
    reasons: dict[str, list[str]] = {}
    for what, why in d.left_out:
        reasons.setdefault(why, []).append(what)
    return [*found, *(f"Not tried, because {w}: {'; '.join(of)}." for w, of in reasons.items())]


def _split(d: Findings) -> str:
    name, limits = d.score_name, d.limits
    text = (
        f"Missing to the target of {format_score(d.target_score, name)}, which is an assumption "
        f"({option('target_score')}): {format_difference(limits.missing, name)}."
    )
    parts = []
    if limits.network is not None:
        gain = format_difference(max(0.0, limits.network), name)
        parts.append(f"the best setting that was tried would give {gain}")
    if limits.all_samples is not None:
        gain = format_difference(limits.all_samples, name)
        parts.append(f"any number of samples about {gain}")
    text += f" Of these {', '.join(parts)}"
    if limits.rest is not None and limits.rest > SMALL:
        rest = format_difference(limits.rest, name)
        text += f"; neither gives the other {rest}: noise, missing features, or a better network"
    text += "."
    if limits.unavoidable > 0.0:
        lost = format_difference(limits.unavoidable, name)
        text += (
            f" {lost} of the training samples have the features of others with another label, so "
            f"that no model gets them right."
        )
    return text


def score_table(d: Findings) -> list[Row]:
    """Return the head and the rows of a table: name, value, interval, number of samples."""
    name = d.score_name
    measures = (
        ("training", d.train_score, None, str(d.train_rows)),
        (_tested(d), d.test_score, d.test_interval, str(d.test_rows)),
        ("bias", d.bias, None, "target minus training"),
        ("gap", d.gap, d.gap_interval, f"training minus {_tested(d)}"),
    )
    rows: list[Row] = [("", name, f"{format_confidence(d.confidence)} interval", "samples")]
    for label, value, interval, samples in measures:
        limits = ""
        if interval is not None:
            low = format_score(interval[0], name).removesuffix(" %")
            limits = f"{low} to {format_score(interval[1], name)}"
        rows.append((label, format_score(value, name), limits, samples))
    return rows


def larger(d: Findings) -> str:
    """Return which of bias and gap is larger, and how certain that is."""
    name = d.score_name
    if d.dominant == "neither":
        return "There is no bias and no gap to measure on these samples."
    first, second = ("bias", "gap") if d.dominant == "bias" else ("gap", "bias")
    values = {"bias": d.bias, "gap": d.gap}
    text = (
        f"The {first}, {format_difference(values[first], name)}, is larger than the {second}, "
        f"{format_difference(values[second], name)}"
    )
    if d.of_folds:
        return f"{text}."
    interval = (
        f"at {format_confidence(d.confidence)} confidence, bias minus gap is "
        f"{format_interval(d.bias_minus_gap_interval, name)}"
    )
    return f"{text}: {interval}." if d.is_certain else f"{text}, but not certainly: {interval}."


def paragraphs(d: Findings) -> list[str]:
    """Return what follows the table of scores."""
    signal = d.limits.by != "signal"
    found = [larger(d)] if signal else []
    if d.of_folds:
        found.append(
            "The validation score is that of the folds, corrected for the choice of the best "
            "lambda; keep some samples for a test."
        )
    if d.comparison is not None and signal:
        found.append(d.comparison.text)
    return found + [f"Note: {caution}" for caution in d.cautions]


def python_line(actions: Sequence[Action]) -> str:
    """Return the line of Python that follows the advice; "" if it is none or more samples."""
    found = first_advice(actions, samples=False)
    if found is None or found.kind == "features" or not found.arguments:
        return ""
    changed = ", ".join(f"{name}={value!r}" for name, value in found.arguments.items())
    if found.kind == "ensemble":
        seeds = found.arguments["seed"]
        return (
            f"sum(regularization_path(X, y, ..., seed=s).best_model_.forward(X_new) for s in "
            f"{seeds}) / {len(seeds)}"
        )
    return f"regularization_path(X, y, ..., {changed}, experiments=True)"
