"""A diagnosis, its numbers and its words: for a terminal of 80 columns, a notebook, and JSON."""

from __future__ import annotations

import dataclasses
import html
import shlex
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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

    def to_do(self) -> str:
        """Return the first part of the text: the advice, the next step, and what was tried."""
        parts = [wrapped(" ".join(self.advice))]
        if self.next_step:
            parts.append(f"{next_heading(self)}\n{_indented(self.next_step)}")
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
        actions = _html_table(action_table(self)) if self.actions else ""
        matters, step = "", ""
        if self.importance is not None:
            matters = _html_table(importance_table(self))
            matters += _html_paragraphs([about_the_table(self)])
        if self.next_step:
            heading = next_heading(self)
            step = f"<p>{heading} <code>{html.escape(self.next_step)}</code></p>"
        return (
            f"<div><p><strong>{html.escape(first)}</strong></p>{_html_paragraphs(others)}{step}"
            f"{actions}{_html_paragraphs(sentences.evidence(self))}"
            f"{_html_table(score_table(self))}"
            f"{_html_paragraphs(sentences.paragraphs(self))}"
            f"{_html_paragraphs(self.what_matters)}{matters}</div>"
        )


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


def _html_table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = [_html_row(head, "th"), *(_html_row(row, "td") for row in body)]
    return f"<table>{''.join(lines)}</table>"


def _html_row(cells: Sequence[str], tag: str) -> str:
    name, *others = (html.escape(cell) for cell in cells)
    return f"<tr><th>{name}</th>{''.join(f'<{tag}>{cell}</{tag}>' for cell in others)}</tr>"


def _html_paragraphs(paragraphs: Sequence[str]) -> str:
    return "".join(f"<p>{html.escape(text)}</p>" for text in paragraphs)
