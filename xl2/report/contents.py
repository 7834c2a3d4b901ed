"""The parts of the page that say what a diagnosis and a path found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..diagnosis.formats import format_score
from ..diagnosis.gains import CONFIDENCE
from ..diagnosis.learning_curve import learning_curve
from ..diagnosis.next_step import next_heading
from ..diagnosis.penalty import about_the_penalty
from ..diagnosis.sentences import about_scores, evidence, gains_in, tested
from ..diagnosis.tables import action_table, score_table
from ..diagnosis.verdict import Diagnosis
from ..errors import counted
from ..nn.score_names import shown_score
from ..path.notes import notes
from ..path.result import RegularizationPath
from ..path.tables import caption, head_of, rows_of
from . import alternatives
from .mistakes import Table
from .pictures import (
    Picture,
    picture_gains,
    picture_learning_curve,
    picture_path,
    picture_reliability,
    picture_verdict,
)

PROBABILITY = {
    "binary": "the probability of the second class",
    "classes": "the probability of the predicted class",
    "multilabel": "the probability of each label",
}


def headings(matters: bool) -> list[tuple[str, str]]:
    """Return the names and the texts of the table of contents."""
    found = [("verdict", "Verdict"), ("lambda", "Which lambda")]
    found += [("evidence", "Evidence"), ("mistakes", "Mistakes")]
    if matters:
        found.append(("matters", "What matters"))
    return [*found, ("run", "The run")]


def unbroken(text: str) -> str:
    """Keep each number on one line with its unit."""
    for tied in (" %", " points", " = ", " < ", " ± "):
        text = text.replace(tied, tied.replace(" ", "\N{NO-BREAK SPACE}"))
    return text


def verdict(d: Diagnosis, data_notes: Sequence[str]) -> dict[str, Any]:
    """Return what limits the model in one sentence, one picture, and what to do next."""
    return {
        "headline": unbroken(d.advice[0]).partition(": "),
        "more": [unbroken(text) for text in d.advice[1:]],
        "step_heading": next_heading(d),
        "step": d.next_step,
        "picture": picture_verdict(d),
        "legend": unbroken(
            f"The bias is the target minus the training score, the gap the training score minus "
            f"the {tested(d)} score."
        ),
        "cautions": (*data_notes, *d.cautions),
    }


def choice(path: RegularizationPath, d: Diagnosis) -> dict[str, Any]:
    """Return which lambda is best, and the scores of all."""
    *rows, null = rows_of(path)
    says = {k: unbroken(alternatives.of_lambda(path, k, row[-1])) for k, row in enumerate(rows)}
    attributes: list[dict[str, str]] = [
        {"data-lambda": str(k), "data-name": row[0], "data-says": says[k]}
        | ({"class": "best"} if k == path.best_index_ else {})
        for k, row in enumerate(rows)
    ]
    found = f"The best lambda by validation {shown_score(path.score_name_).name} is "
    found += f"{path.best_lambda_:g}"
    if path.index_1se_ == path.best_index_:
        found += ", and no larger one is within one standard error of it."
    else:
        found += f". The largest within one standard error of it is {path.lambda_1se_:g}."
    return {
        "heading": _heading(path, d),
        "picture": picture_path(path, says),
        "caption": found,
        "penalty": [unbroken(text) for text in _about_the_penalty(d)],
        "lambdas": Table((*head_of(path)[:-1], "remark"), [*rows, null]),
        "rows": [*attributes, {}],
        "trained": caption(path),
        "notes": notes(path, null_model=d.limits.by != "signal"),
    }


def _heading(path: RegularizationPath, d: Diagnosis) -> str:
    """Return the best lambda, or that there is nothing to choose it by."""
    return f"{path.best_lambda_:g}" if d.limits.by != "signal" else "no signal to choose it by"


def _about_the_penalty(d: Diagnosis) -> list[str]:
    """Return whether the penalty helps, and the comparison on the test samples."""
    compared = "" if d.comparison is None else d.comparison.text
    return [text for text in (about_the_penalty(d), compared) if text]


def tried(d: Diagnosis) -> dict[str, Any] | None:
    """Return what was tried and what was left out; None if that is nothing."""
    texts = [unbroken(text) for text in evidence(d)[bool(d.actions) :]]
    if not d.actions:
        return {"actions": None, "texts": texts} if texts else None
    head, *rows = action_table(d)
    return {
        "actions": Table((*head[:-1], "remark"), rows),
        "gains_in": unbroken(gains_in(d)),
        "picture": picture_gains(d),
        "texts": texts,
    }


def learning(path: RegularizationPath, d: Diagnosis) -> Picture | None:
    """Return the picture of the learning curve; None if there is none."""
    if path.evidence_ is None or not d.actions:
        return None
    curve = learning_curve(path.evidence_, CONFIDENCE)
    return None if curve is None else picture_learning_curve(curve, d.score_name)


def measured(d: Diagnosis, others: Table) -> dict[str, Any]:
    """Return the scores, bias and gap, and other scores of the model."""
    _, *rows = (tuple(map(unbroken, cells[:3])) for cells in score_table(d))
    head = ("measure", *map(unbroken, score_table(d)[0][1:3]))
    penalty = " ".join(_about_the_penalty(d))
    texts = [text for text in about_scores(d) if text != penalty]
    if d.importance is None:
        texts += d.what_matters
    return {
        "scores": Table(head, rows),
        "legend": unbroken(
            f"Scores on {counted(d.train_rows, 'training sample')} and "
            f"{counted(d.test_rows, tested(d) + ' sample')}. The target is "
            f"{format_score(d.target_score, d.score_name)}."
        ),
        "texts": [unbroken(text) for text in texts],
        "others": others,
        "about_others": unbroken(
            f"Other scores. For comparison, {d.null_answer} has the {d.score_name} "
            f"{format_score(d.null_score, d.score_name)}."
        ),
    }


def reliability(path: RegularizationPath) -> dict[str, Any] | None:
    """Return how far probabilities are off, and what a temperature changes; None without any."""
    found = path.calibration_
    if found is None:
        return None
    before, after = found.reliability, found.calibrated_reliability
    gains = found.gain > 2.0 * found.gain_error
    change = "lowers" if gains else "does not clearly lower"
    return {
        "picture": picture_reliability(path),
        "caption": f"The validation samples in 15 bins by {PROBABILITY.get(path.task_, '')}, as "
        f"the networks were trained and at the temperature that other samples find. On the dashed "
        f"line, answers are right as often as predicted.",
        "text": unbroken(
            f"The calibration error, the mean distance from that line, is "
            f"{100.0 * before.error:.1f} points, of which chance explains "
            f"{100.0 * before.chance:.1f}. In samples that had no part in finding it, the "
            f"temperature {found.temperature:.2f} makes it {100.0 * after.error:.1f}, and {change} "
            f"the log loss, from {found.log_loss:.4f} to {found.calibrated_log_loss:.4f}."
        ),
    }
