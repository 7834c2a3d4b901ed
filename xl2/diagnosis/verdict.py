"""A diagnosis, its numbers and its words: for a terminal of 80 columns and for a notebook."""

from __future__ import annotations

import dataclasses
import html
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import sentences
from .findings import Findings
from .formats import WIDTH, wrapped


@dataclass(frozen=True)
class Diagnosis(Findings):
    """What limits a model, what to do next, what that gains, and how sure that is.

    Its attributes are those of `xl2.diagnosis.findings.Findings`, and `advice`.
    """

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do next, in sentences; the first one names what limits the model."""
        return sentences.advice(self)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON: a number that is not finite is None."""
        found: dict[str, Any] = _plain(dataclasses.asdict(self))
        return {"advice": list(self.advice), **found}

    def __str__(self) -> str:
        parts = [wrapped(" ".join(self.advice))]
        if self.actions:
            parts.append(_align(sentences.action_table(self)))
        parts += [wrapped(paragraph) for paragraph in sentences.evidence(self)]
        parts.append(_align(sentences.score_table(self)))
        parts += [wrapped(paragraph) for paragraph in sentences.paragraphs(self)]
        if self.next_step:
            parts.append(f"Next:\n  {self.next_step}")
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        first, *others = self.advice
        more = [*others, *sentences.evidence(self)]
        after = sentences.paragraphs(self)
        if self.next_step:
            after = [*after, f"Next: {self.next_step}"]
        return (
            f"<div><p><strong>{html.escape(first)}</strong></p>"
            f"{_html_table(sentences.action_table(self)) if self.actions else ''}"
            f"{_html_paragraphs(more)}{_html_table(sentences.score_table(self))}"
            f"{_html_paragraphs(after)}</div>"
        )


def _plain(value: Any) -> Any:
    """Return nested values as JSON has them."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(one) for one in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if callable(value):
        return getattr(value, "__name__", repr(value))
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
