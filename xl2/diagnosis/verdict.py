"""A diagnosis, its numbers and its words: for a terminal of 80 columns, a notebook, and JSON."""

from __future__ import annotations

import dataclasses
import shlex
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import markup
from . import sentences
from .findings import Findings
from .formats import WIDTH, plain, wrapped
from .next_step import next_heading
from .tables import action_table, score_table
from .what_matters import about_the_table, importance_table, what_matters


@dataclass(frozen=True)
class Diagnosis(Findings):
    """What limits a model, what to do next, what that gains, and how sure that is.

    Its attributes are those of `xl2.diagnosis.findings.Findings`, `advice` and `what_matters`.
    """

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do next, in sentences; the first one names what limits the model."""
        return sentences.advice(self)

    @property
    def what_matters(self) -> tuple[str, ...]:
        """Which columns matter most, and how many cannot be told from chance, in sentences."""
        return tuple(what_matters(self))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON: a number that is not finite is None."""
        found: dict[str, Any] = plain(dataclasses.asdict(self))
        return {"advice": list(self.advice), "what_matters": list(self.what_matters), **found}

    def answer(self) -> str:
        """Return the beginning of the text: the advice, and the next step."""
        parts = [wrapped(" ".join(self.advice))]
        if self.next_step:
            parts.append(f"{next_heading(self)}\n{_indented(self.next_step)}")
        return "\n\n".join(parts)

    def to_do(self) -> str:
        """Return the first part of the text: the answer, and what was tried."""
        parts = [self.answer()]
        if self.actions:
            parts.append(_align(action_table(self)))
        parts += [wrapped(paragraph) for paragraph in sentences.evidence(self)]
        return "\n\n".join(parts)

    def measured(self) -> str:
        """Return the second part of the text: scores, bias and gap, penalty, and what matters."""
        parts = [_align(score_table(self))]
        parts += [wrapped(paragraph) for paragraph in sentences.paragraphs(self)]
        parts += [wrapped(paragraph) for paragraph in self.what_matters]
        if self.importance is not None:
            parts += [_align(importance_table(self)), wrapped(about_the_table(self))]
        return "\n\n".join(parts)

    def __str__(self) -> str:
        return f"{self.to_do()}\n\n{self.measured()}"

    def _repr_html_(self) -> str:
        first, *others = self.advice
        parts = [markup.paragraph(first, strong=True), markup.paragraphs(others)]
        if self.next_step:
            parts.append(markup.paragraph(next_heading(self), code=self.next_step))
        if self.actions:
            parts.append(_action_html(self))
        head, *rows = score_table(self)
        parts.append(markup.table(head, rows, left=(0, -1)))
        reasons = [*sentences.evidence(self), *sentences.paragraphs(self), *self.what_matters]
        importance = ""
        if self.importance is not None:
            head, *rows = importance_table(self)
            importance = markup.table(head, rows) + markup.paragraph(about_the_table(self))
        parts.append(markup.folded("What this rests on", markup.paragraphs(reasons), importance))
        return markup.output(*parts)


def _indented(step: str) -> str:
    """Return a command or a line of Python in lines of at most 80 columns, to be pasted."""
    words, end = step.split(" "), ""
    if step.startswith("xl2 "):
        words, end = [shlex.quote(word) for word in shlex.split(step)], " \\"
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + len(word) + len(end) < WIDTH - 4:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return f"{end}\n    ".join([f"  {lines[0]}", *lines[1:]])


def _align(rows: Sequence[Sequence[str]]) -> str:
    """Return a table as text, its first column aligned to the left, the others to the right."""
    most, *widths = (max(map(len, column)) for column in zip(*rows, strict=True))
    most = min(most, max(WIDTH // 4, WIDTH - sum(widths) - 2 * len(widths)))
    lines = []
    for first, *others in rows:
        *above, last = textwrap.wrap(first, most, subsequent_indent="  ") or [""]
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths, strict=True)]
        lines += [*above, "  ".join([f"{last:<{most}}", *cells]).rstrip()]
    return "\n".join(lines)


def _action_html(d: Findings) -> str:
    """Return the table of actions with their gains as dots, which a line at no gain divides."""
    (*names, remark), *rows = action_table(d)
    ends = [0.0, *(limit for action in d.actions for limit in action.interval)]
    limits = (min(ends), max(ends))
    body = [
        (*cells[:-1], markup.span_mark(action.gain, *action.interval, limits, 0.0), cells[-1])
        for cells, action in zip(rows, d.actions, strict=True)
    ]
    return markup.table((*names, "loss | gain", remark), body, left=(0, -2, -1))
