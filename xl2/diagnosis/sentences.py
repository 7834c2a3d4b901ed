"""The sentences of a diagnosis."""

from __future__ import annotations

from ..errors import on_command_line, option
from .actions import Action
from .evidence import STOPPED, TOO_LONG
from .findings import Findings
from .formats import (
    capitalised,
    format_confidence,
    format_difference,
    format_interval,
    format_lambda,
    format_score,
)
from .gains import CONFIDENCE
from .limits import SMALL, first_advice
from .no_signal import without_signal
from .penalty import about_the_penalty


def advice(d: Findings) -> tuple[str, ...]:
    """Return what limits the model, the action that gains most, and how sure that is."""
    by = d.limits.by
    if by == "signal":
        return without_signal(d, tested(d))
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
        f"The number of training samples {_probably(found)}limits this model: twice as many "
        f"{_would_gain(d, found)}, extrapolated from its learning curve.",
        *_best_setting(d),
    )


def _nothing_missing(d: Findings) -> str:
    right = f"the {tested(d)} {d.score_name} is {format_score(d.test_score, d.score_name)}"
    if d.score_name == "accuracy" and d.test_score == 1.0 and not d.of_folds:
        one = d.test_rows == 1
        right = (
            f"{'the only test sample is' if one else f'all {d.test_rows} test samples are'} right"
        )
    low = format_score(d.test_interval[0], d.score_name)
    return (
        f"Nothing is missing to the target of {format_score(d.target_score, d.score_name)} on "
        f"these samples: {right}. On new ones the {d.score_name} may be as low as {low} "
        f"({format_confidence(d.confidence)} interval); only more test samples would tell."
    )


def _unknown(d: Findings) -> str:
    return (
        f"The {tested(d)} {d.score_name} is {format_score(d.test_score, d.score_name)}, "
        f"{format_difference(d.limits.missing, d.score_name)} below the target of "
        f"{format_score(d.target_score, d.score_name)}. What would gain some of it is not known, "
        f"because nothing else was tried."
    )


def _try(d: Findings) -> tuple[str, ...]:
    # On the command line, the model may be diagnosed by another command than it was trained by.
    if any(why in (STOPPED, TOO_LONG) for _, why in d.left_out):
        who = "xl2 path " if on_command_line() else ""
        return (f"Allow {who}more time for experiments: {option('budget', 5)}.",)
    if d.left_out:
        return ()
    if on_command_line():
        # A path of Python had no such option.
        tried = "" if d.lam is None else f", without {option('experiments', False)},"
        return (f"Run xl2 path on the training file{tried} to find out.",)
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


LIMITED_BY = {
    "network": "The network limits this model",
    "training": "The training limits this model",
    "ensemble": "That it is one network limits this model",
    "features": "Some features limit this model",
}


def _network(d: Findings, found: Action) -> str:
    what = LIMITED_BY[found.kind].replace(" limit", f" {_probably(found)}limit")
    return f"{what}: {found.what} {_would_gain(d, found)}, tried {_folds(d)}."


def _probably(action: Action) -> str:
    return "" if action.is_certain else "probably "


def _samples(d: Findings) -> tuple[str, ...]:
    rows = next((a for a in d.actions if a.kind == "rows"), None)
    if rows is None or not rows.is_advised:
        return ()
    return (
        f"Twice as many training samples {_would_gain(d, rows)}, extrapolated from the learning "
        f"curve.",
    )


def _best_setting(d: Findings) -> tuple[str, ...]:
    """Return the setting that gains most beside more samples, if one was tried."""
    tried = [a for a in d.actions if a.kind not in ("rows", "penalty")]
    found = first_advice(d.actions, samples=False)
    if found is not None:
        return (f"Of the settings that were tried, {found.what} {_would_gain(d, found)}.",)
    if len(tried) == 1:
        return ("The one other setting that was tried is not likely to gain.",)
    none = f"None of the {len(tried)} other settings that were tried is likely to gain."
    return (none,) if tried else ()


def _would_gain(d: Findings, action: Action) -> str:
    """Return "would gain 1.20 points of accuracy (90 % interval 0.40 to 2.00)"."""
    low, high = (_plain_gain(limit, d.score_name) for limit in action.interval)
    unit = " points of accuracy" if d.score_name == "accuracy" else " in R2"
    certain = "" if action.is_certain else ", so it may be a tie"
    return (
        f"would gain {_plain_gain(action.gain, d.score_name)}{unit} "
        f"({format_confidence(CONFIDENCE)} interval {low} to {high}{certain})"
    )


def _plain_gain(value: float, name: str) -> str:
    return format_difference(value, name).removesuffix(" points")


def _folds(d: Findings) -> str:
    return f"in {d.folds} folds" if d.folds > 1 else "on the validation samples"


def tested(d: Findings) -> str:
    """Return what the samples of the second score are called."""
    return "validation" if d.of_folds else "test"


def gains_in(d: Findings) -> str:
    """Return what the gains of the table are, and where they come from."""
    unit = "points of accuracy" if d.score_name == "accuracy" else "R2"
    text, more = f"Gains are in {unit}", "extrapolated from the learning curve"
    if all(action.rows for action in d.actions):
        return f"{text}, {more}."
    best = f", the best by {d.chosen_by}" if d.chosen_by else ""
    text += (
        f": what each action gained {_folds(d)} with {format_lambda(d.lam or 0.0)}{best}, combined "
        f"with what it usually gains"
    )
    if any(action.rows for action in d.actions):
        text += f"; that of more samples is {more}"
    return f"{text}."


def evidence(d: Findings) -> list[str]:
    """Return what explains and completes the table of actions, as paragraphs."""
    found = [gains_in(d)] if d.actions else []
    if d.actions and d.limits.rest is not None and d.limits.missing > SMALL:
        found.append(_split(d))
    return [*found, *not_tried(d)]


def not_tried(d: Findings) -> list[str]:
    """Return the experiments that were left out, a paragraph for each reason."""
    reasons: dict[str, list[str]] = {}
    for what, why in d.left_out:
        reasons.setdefault(why, []).append(what)
    found = []
    for why, whats in reasons.items():
        budget = f" ({option('budget')})" if why in (STOPPED, TOO_LONG) else ""
        found.append(f"Left out, because {why}{budget}: {'; '.join(whats)}.")
    return found


def _split(d: Findings) -> str:
    """Return how much is missing to the target, and what would give how much of it."""
    name, limits = d.score_name, d.limits
    text = (
        f"The {tested(d)} {name} is {format_difference(limits.missing, name)} below the target of "
        f"{format_score(d.target_score, name)}, which is an assumption ({option('target_score')})."
    )
    parts = []
    if limits.network is not None and limits.network > SMALL:
        parts.append(f"the best setting that was tried would give {_part(limits.network, d)}")
    if limits.all_samples is not None and limits.all_samples > SMALL:
        would_give = "" if parts else "would give "
        about = "about " if limits.all_samples < limits.missing else ""
        parts.append(f"unlimited samples {would_give}{about}{_part(limits.all_samples, d)}")
    if parts:
        text += f" {capitalised(', and '.join(parts))}."
    if limits.rest is not None and limits.rest > SMALL:
        rest = format_difference(limits.rest, name)
        text += (
            f" {f'The rest, {rest},' if parts else 'All of it'} may be noise in the labels, "
            f"missing features, or a better network than those tried."
        )
    if limits.unavoidable:
        lost = format_score(limits.unavoidable, "accuracy")
        text += (
            f" No model gets {lost} of the training samples right: others with the same features "
            f"have another label."
        )
    return text


def _part(gain: float, d: Findings) -> str:
    """Return a part of what is missing, which the folds may find larger than the whole."""
    missing = d.limits.missing
    return format_difference(gain, d.score_name) if gain < missing else "all of it"


def larger(d: Findings) -> str:
    """Return which of bias and gap is larger, and how certain that is."""
    name = d.score_name
    if d.dominant == "neither":
        return (
            f"Neither the bias nor the gap is above 0 on these samples; at "
            f"{format_confidence(d.confidence)} confidence, the gap is "
            f"{format_interval(d.gap_interval, name)}."
        )
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
    return about_scores(d) + [f"Note: {caution}" for caution in d.cautions]


def about_scores(d: Findings) -> list[str]:
    """Return what follows the table of scores but the cautions."""
    signal = d.limits.by != "signal"
    found = [larger(d)] if signal else []
    if d.of_folds:
        found.append(
            "The validation score is that of the folds, corrected for the choice of the best "
            "lambda; keep some samples for a test."
        )
    if d.comparison is not None:
        found.append(f"{about_the_penalty(d)} {d.comparison.text}".lstrip())
    elif about := about_the_penalty(d):
        found.append(about)
    return found
