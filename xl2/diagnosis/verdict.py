"""A diagnosis in words: for a terminal of 80 columns, and for a notebook."""

from __future__ import annotations

import html
import textwrap
from typing import TYPE_CHECKING

from .intervals import FEW

if TYPE_CHECKING:
    from .comparison import Comparison
    from .diagnose import Diagnosis

WIDTH = 80


def wrapped(paragraph: str) -> str:
    """Return a paragraph in lines of at most `WIDTH` columns, no number parted from its %."""
    return textwrap.fill(paragraph.replace(" %", "\N{NO-BREAK SPACE}%"), WIDTH).replace(
        "\N{NO-BREAK SPACE}", " "
    )


def as_text(diagnosis: Diagnosis) -> str:
    """Return the verdict, the figures and the advice as plain text."""
    parts = [wrapped(headline(diagnosis)), _table(diagnosis)]
    parts += [wrapped(paragraph) for paragraph in _paragraphs(diagnosis)]
    return "\n\n".join(parts)


def as_html(diagnosis: Diagnosis) -> str:
    """Return the same as a fragment of HTML."""
    header, *rows = _cells(diagnosis)
    lines = [_html_row(header, "th"), *(_html_row(row, "td") for row in rows)]
    paragraphs = [f"<p>{html.escape(text)}</p>" for text in _paragraphs(diagnosis)]
    return (
        f"<div><p><strong>{html.escape(headline(diagnosis))}</strong></p>"
        f"<table>{''.join(lines)}</table>{''.join(paragraphs)}</div>"
    )


def _html_row(cells: tuple[str, ...], tag: str) -> str:
    name, *others = (html.escape(cell) for cell in cells)
    return f"<tr><th>{name}</th>{''.join(f'<{tag}>{cell}</{tag}>' for cell in others)}</tr>"


def _paragraphs(diagnosis: Diagnosis) -> list[str]:
    found = [" ".join([*_halves(diagnosis), *diagnosis.advice])]
    comparison = diagnosis.comparison
    if comparison is not None:
        beside = "Beside it the best positive lambda. " if diagnosis.lam == comparison.lam_a else ""
        found.append(beside + comparison_words(comparison))
    return found + [f"Note: {caution}" for caution in diagnosis.cautions]


def headline(diagnosis: Diagnosis) -> str:
    """Return the sentences that say which of the two dominates, and how sure that is."""
    d, name = diagnosis, diagnosis.score_name
    start = "" if d.lam is None else f"with {lambda_words(d.lam)}, the best by validation, "
    if d.dominates == "neither" and d.bias <= 0.0 and d.gap <= 0.0:
        reached = f"the training {name} reaches the target of {score(d.target, name)}"
        return _capital(
            f"{start}there is no bias and no gap: {reached}, and the test {name} is no lower."
        )
    if d.dominates == "neither":
        return _capital(
            f"{start}neither the bias nor the gap can be told from zero by these samples."
        )
    short = f"the training {name} is {_below(d.bias, name)} the target of {score(d.target, name)}"
    lower = f"the test {name} is {_below(d.gap, name)} that of training"
    first, second = (short, lower) if d.dominates == "bias" else (lower, short)
    verb = "dominates" if d.sure else "looks larger, but that is not sure"
    if d.sure:
        end = "."
    elif d.excess_interval[0] <= 0.0 <= d.excess_interval[1]:
        end = ", so either may be the larger one; a larger test set would tell."
    else:
        end = ", but the samples are too few to trust that."
    return (
        f"{_capital(f'{start}the {d.dominates} {verb}')}: {first}, and {second}. At "
        f"{percent(d.confidence)} confidence, bias minus gap is "
        f"{_span(d.excess_interval, name)}{end}"
    )


def _below(amount: float, name: str) -> str:
    shown = points(abs(amount), name)
    return f"{shown} below" if amount >= 0.0 else f"{shown} above"


def _halves(diagnosis: Diagnosis) -> list[str]:
    d, name = diagnosis, diagnosis.score_name
    bought = []
    if d.bias > 0.0:
        bought.append(f"halving the bias could raise it to {score(d.halving_bias, name)} at best")
    if d.gap > 0.0:
        bought.append(f"halving the gap could raise it to {score(d.halving_gap, name)}")
    if not bought:
        return []
    return [f"The test {name} is {score(d.test_score, name)}; {', '.join(bought)}."]


def advise(
    dominates: str,
    target: float,
    lam: float | None,
    none: float | None,
    largest: bool,
    regression: bool,
) -> tuple[str, ...]:
    """Return what to try, in one to three sentences.

    Parameters
    ----------
    dominates : {"bias", "gap", "neither"}
    target : float
        The score hoped for.
    lam, none : float or None
        Of a path, the best lambda and none (or the smallest); otherwise None.
    largest : bool
        Whether the best lambda is the largest of its path.
    regression : bool
        Whether the score is R2.
    """
    idle = lam is not None and lam == none
    useless = f"{'More ' if lam else ''}L2 does not help here: "
    useless += f"by validation {_aside(other_words(lam or 0.0))} is best"
    if dominates == "bias":
        work = "Work on the bias: a larger network, longer training or better features."
        reach = score(target, "R2" if regression else "accuracy")
        ask = f"If {reach} is out of reach, say so by target=."
        if idle:
            return f"{useless}, and a penalty adds to the bias.", work, ask
        less = "Less L2, where there is any," if lam is None else f"A lambda below {lam:.4g}"
        return work, f"{less} lowers it too, but may widen the gap.", ask
    if dominates == "gap":
        rest = "more training samples or a smaller network."
        if lam is None:
            return (f"Work on the gap: more L2, {rest}",)
        if idle:
            return f"{useless}.", f"Work on the gap: {rest}"
        if largest:
            return (f"The best lambda is the largest tried: try larger ones, then {rest}",)
        return (f"Lambda was chosen to narrow the gap; what is left asks for {rest}",)
    stop = "Stop here, or take more test samples to see what is left."
    return (f"{useless}.", stop) if idle else (stop,)


def caution_words(
    same: bool, selected: bool, regression: bool, train_rows: int, test_rows: int
) -> tuple[str, ...]:
    """Return what the figures do not show.

    Parameters
    ----------
    same : bool
        Whether training and test samples are one object.
    selected : bool
        Whether lambda was chosen on the test samples.
    regression : bool
        Whether the intervals are resampled.
    train_rows, test_rows : int
        Numbers of samples.
    """
    found = []
    if same:
        found.append("the test samples are the training samples, so that the gap shows nothing.")
    if selected:
        found.append(
            "lambda was chosen by the scores on these very test samples. That flatters the test "
            "score, and the difference and its p-value; judge by samples that had no part in it."
        )
    few = [f"{n} {part}" for n, part in ((train_rows, "training"), (test_rows, "test")) if n < FEW]
    if regression and few:
        found.append(f"with only {' and '.join(few)} samples the intervals of R2 are too narrow.")
    return tuple(found)


def comparison_words(comparison: Comparison) -> str:
    """Return a comparison as a paragraph."""
    c, other = comparison, other_words(comparison.lam_a)
    interval = f"{percent(c.confidence)} interval {_span(c.difference_interval, c.score_name)}"
    if c.only_a_right is None or c.only_b_right is None:
        seen = (
            f"{_capital(lambda_words(c.lam_b))} has an R2 of {score(c.score_b, 'R2')} on the "
            f"{c.rows} test samples, {_aside(other)} one of {score(c.score_a, 'R2')}. The "
            f"difference is {points(c.difference, 'R2')} ({interval})."
        )
        test = "Paired t-test of the squared errors"
    else:
        right_a, right_b = round(c.score_a * c.rows), round(c.score_b * c.rows)
        seen = (
            f"{_capital(lambda_words(c.lam_b))} gets {right_b} of {c.rows} right, {_aside(other)} "
            f"{right_a}: {_more(right_b - right_a)} ({c.only_b_right} gained, {c.only_a_right} "
            f"lost). The difference is {points(c.difference, c.score_name)} ({interval})."
        )
        test = "Exact McNemar test"
    return f"{seen} {test}: {_p_words(c.p_value, 1.0 - c.confidence)}: {_meaning(c, other)}"


def _more(samples: int) -> str:
    if samples == 0:
        return "as many"
    plural = "s" if abs(samples) > 1 else ""
    return f"{abs(samples)} sample{plural} {'more' if samples > 0 else 'fewer'}"


def _meaning(comparison: Comparison, other: str) -> str:
    if comparison.distinguishable:
        name = comparison.score_name
        gained = f"more than luck, {lambda_words(comparison.lam_b)} is better than {other}."
        return gained if comparison.difference > 0.0 else f"the penalty costs {name}."
    words = f"on this test set it cannot be told from {other}."
    if comparison.needed is None:
        return words
    return (
        f"{words} Telling a difference of this size would take about {comparison.needed} test "
        f"samples."
    )


def _p_words(p_value: float, level: float) -> str:
    if p_value < 0.0001:
        return "p < 0.0001"
    # As many digits as show on which side of the level it lies.
    shown = (f"{p_value:.{digits}g}" for digits in range(2, 17))
    return f"p = {next(text for text in shown if (float(text) < level) == (p_value < level))}"


def lambda_words(lam: float) -> str:
    """Return how a lambda is called: "no penalty" where it is 0."""
    return "no penalty" if lam == 0.0 else f"lambda {lam:.4g}"


def other_words(lam: float) -> str:
    """Return how the lambda is called that a penalty is compared with."""
    return "no penalty" if lam == 0.0 else f"the smallest lambda, {lam:.4g}"


def _aside(words: str) -> str:
    return f"{words}," if ", " in words else words


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def score(value: float, name: str) -> str:
    """Return a score as it is printed: percent for an accuracy, a number for R2."""
    return f"{_number(100.0 * value, 2)} %" if name == "accuracy" else _number(value, 4)


def points(value: float, name: str) -> str:
    """Return a difference of scores as it is printed: an accuracy's in percentage points."""
    if name == "accuracy":
        return f"{_number(100.0 * value, 2)} points"
    return f"{value:.1e}" if 0.0 < abs(value) < 1e-3 else _number(value, 4)


def _span(interval: tuple[float, float], name: str) -> str:
    low, high = (points(limit, name) for limit in interval)
    return f"{low.removesuffix(' points')} to {high}"


def percent(part: float) -> str:
    """Return a confidence as it is printed."""
    return f"{100.0 * part:.6g} %"


def _number(value: float, digits: int) -> str:
    if abs(value) >= 1e5:
        return f"{value:.2e}"
    return f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0: no -0.00


def _cells(diagnosis: Diagnosis) -> list[tuple[str, ...]]:
    """Return the table as rows of name, value, interval and samples."""
    d, name = diagnosis, diagnosis.score_name
    rows: list[tuple[str, ...]] = [("", name, f"{percent(d.confidence)} interval", "samples")]
    figures = (
        ("training", d.train_score, d.train_interval, str(d.train_rows)),
        ("test", d.test_score, d.test_interval, str(d.test_rows)),
        ("bias", d.bias, d.bias_interval, ""),
        ("gap", d.gap, d.gap_interval, ""),
    )
    lows = [score(interval[0], name).removesuffix(" %") for _, _, interval, _ in figures]
    highs = [score(interval[1], name) for _, _, interval, _ in figures]
    wide, wider = max(map(len, lows)), max(map(len, highs))
    for (label, value, _, samples), low, high in zip(figures, lows, highs, strict=True):
        rows.append((label, score(value, name), f"{low:>{wide}} to {high:>{wider}}", samples))
    return rows


def _table(diagnosis: Diagnosis) -> str:
    rows = _cells(diagnosis)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("   ".join([f"{first:<{widths[0]}}", *cells]).rstrip())
    return "\n".join(lines)
