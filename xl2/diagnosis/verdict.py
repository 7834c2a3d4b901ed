"""A diagnosis, its numbers and its words: for a terminal of 80 columns and for a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from .comparison import Comparison
from .formats import (
    capitalised,
    format_confidence,
    format_difference,
    format_interval,
    format_lambda,
    format_score,
    wrapped,
)
from .intervals import Interval


@dataclass(frozen=True)
class Diagnosis:
    """Bias and gap of a model, what each costs, and what to do.

    The bias is the target minus the training score. It is not the bias of an estimator in
    statistics: it belongs to one model and not to the mean of many, and it contains the
    error that no model could avoid, unless `target_score` leaves that out. The gap is the training
    score minus the test score, which the notebook this library comes from calls the variance.
    It is not the variance over training sets, and not overfitting alone: it contains the
    luck of the test samples, and any difference between the two sets of samples.

    The intervals treat both sets as random samples. For the training samples that is an
    approximation, because the model was fitted to them.

    Attributes
    ----------
    task : {"classification", "regression"}
    target_score, confidence : float
        As passed to `xl2.diagnose`.
    score_name : {"accuracy", "R2"}
    train_score, train_interval, train_rows, test_score, test_interval, test_rows
        Scores, their intervals, and the numbers of samples. The intervals of accuracies are
        Wilson's; those of R2 come from resampled rows.
    bias, bias_interval, gap, gap_interval, bias_minus_gap_interval
        ``target_score - train_score``, ``train_score - test_score``, and ``bias - gap``.
    dominant : {"bias", "gap", "neither"}
        The larger one; "neither" if the intervals of both reach down to 0.
    is_certain : bool
        Whether `bias_minus_gap_interval` excludes 0, so that the order of the two is
        unlikely to be chance.
        False for "neither", and for a regression of fewer than 30 samples, whose
        intervals are too narrow.
    score_with_half_bias, score_with_half_gap : float
        The best test score that half the bias could leave, and the one that half the gap
        could leave.
    lam : float or None
        The best lambda of a path; None for a single model.
    chosen_by : str
        The validation score by which it is the best, such as "log loss"; "" for a single model.
    comparison : Comparison or None
        The best positive lambda of a path compared with no penalty.
    cautions, advice : tuple of str
        What the numbers do not show, and what to try, in sentences.
    """

    task: str
    target_score: float
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
    bias_minus_gap_interval: Interval
    dominant: str
    is_certain: bool
    score_with_half_bias: float
    score_with_half_gap: float
    lam: float | None
    chosen_by: str
    comparison: Comparison | None
    cautions: tuple[str, ...]
    advice: tuple[str, ...]

    def __str__(self) -> str:
        parts = [wrapped(headline(self)), _align(score_table(self))]
        parts += [wrapped(paragraph) for paragraph in _paragraphs(self)]
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        head, *rows = score_table(self)
        lines = [_html_row(head, "th"), *(_html_row(row, "td") for row in rows)]
        paragraphs = [f"<p>{html.escape(text)}</p>" for text in _paragraphs(self)]
        return (
            f"<div><p><strong>{html.escape(headline(self))}</strong></p>"
            f"<table>{''.join(lines)}</table>{''.join(paragraphs)}</div>"
        )


def headline(d: Diagnosis) -> str:
    """Return which of bias and gap dominates, and how certain that is."""
    name = d.score_name
    start = ""
    if d.lam is not None:
        start = f"with {format_lambda(d.lam)}, chosen by validation {d.chosen_by}, "
    target = f"the target of {format_score(d.target_score, name)}"
    if d.dominant == "neither" and d.bias <= 0.0 and d.gap <= 0.0:
        return capitalised(
            f"{start}there is no bias and no gap: the training {name} reaches {target}, and the "
            f"test {name} is no lower."
        )
    if d.dominant == "neither":
        return capitalised(
            f"{start}neither the bias nor the gap can be distinguished from zero with these "
            f"samples."
        )
    bias = f"the training {name} is {_below(d.bias, name)} {target}"
    gap = f"the test {name} is {_below(d.gap, name)} that of training"
    first, second = (bias, gap) if d.dominant == "bias" else (gap, bias)
    verb = "dominates" if d.is_certain else "looks larger, but this is not certain"
    if d.is_certain:
        end = "."
    elif d.bias_minus_gap_interval[0] <= 0.0 <= d.bias_minus_gap_interval[1]:
        end = ", so either may be the larger one; a larger test set would tell."
    else:
        end = ", but there are too few samples to rely on it."
    return (
        f"{capitalised(f'{start}the {d.dominant} {verb}')}: {first}, and {second}. At "
        f"{format_confidence(d.confidence)} confidence, bias minus gap is "
        f"{format_interval(d.bias_minus_gap_interval, name)}{end}"
    )


def _below(amount: float, name: str) -> str:
    return f"{format_difference(abs(amount), name)} {'below' if amount >= 0.0 else 'above'}"


def prospects(d: Diagnosis) -> str:
    """Return what half the bias and half the gap would bring, "" if there is neither."""
    name, gains = d.score_name, []
    if d.bias > 0.0:
        gains.append(
            f"halving the bias could raise it to {format_score(d.score_with_half_bias, name)}"
        )
    if d.gap > 0.0:
        could = "to" if gains else "could raise it to"
        gains.append(f"halving the gap {could} {format_score(d.score_with_half_gap, name)}")
    if not gains:
        return ""
    gained = capitalised(f"{' and '.join(gains)} at best.")
    return f"The test {name} is {format_score(d.test_score, name)}. {gained}"


def score_table(d: Diagnosis) -> list[tuple[str, str, str, str]]:
    """Return the head and the rows of a table: name, value, interval, number of samples."""
    name = d.score_name
    measures = (
        ("training", d.train_score, d.train_interval, str(d.train_rows)),
        ("test", d.test_score, d.test_interval, str(d.test_rows)),
        ("bias", d.bias, d.bias_interval, ""),
        ("gap", d.gap, d.gap_interval, ""),
    )
    lows = [format_score(interval[0], name).removesuffix(" %") for _, _, interval, _ in measures]
    highs = [format_score(interval[1], name) for _, _, interval, _ in measures]
    wide, wider = max(map(len, lows)), max(map(len, highs))
    rows = [("", name, f"{format_confidence(d.confidence)} interval", "samples")]
    for (label, value, _, samples), low, high in zip(measures, lows, highs, strict=True):
        interval = f"{low:>{wide}} to {high:>{wider}}"
        rows.append((label, format_score(value, name), interval, samples))
    return rows


def _paragraphs(d: Diagnosis) -> list[str]:
    found = [" ".join(filter(None, [prospects(d), *d.advice]))]
    if d.comparison is not None:
        other = "Compare it with the best positive lambda. " if d.lam == d.comparison.lam_a else ""
        found.append(other + d.comparison.text)
    return found + [f"Note: {caution}" for caution in d.cautions]


def _align(rows: Sequence[Sequence[str]]) -> str:
    """Return a table as text, its first column aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("   ".join([f"{first:<{widths[0]}}", *cells]).rstrip())
    return "\n".join(lines)


def _html_row(cells: Sequence[str], tag: str) -> str:
    name, *others = (html.escape(cell) for cell in cells)
    return f"<tr><th>{name}</th>{''.join(f'<{tag}>{cell}</{tag}>' for cell in others)}</tr>"
