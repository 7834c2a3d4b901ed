"""What was understood of a data set, before any training: a line for each column."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import InputError, counted, printable
from ..nn.columns import Column
from ..nn.decision import decide
from .dataset import Dataset

MOST = 40  # columns that are listed
SHOWN = 5  # categories or classes of a column
NAME, LINE = 30, 80  # characters of a name, and of a line
LEAST = 12  # characters of a name that are left where numbers need room
# Kinds whose values are a list that may be cut; those of others are numbers, which are not.
LISTED = ("category", "left out", "target: classes")


class Line(NamedTuple):
    """A column of a data set in words."""

    name: str
    kind: str  # "number", "category", ..., "target: classes", "left out"
    missing: int
    content: str


HEAD = ("column", "kind", "missing", "values")


class Summary(NamedTuple):
    """A data set in words."""

    title: str
    notes: Sequence[str]
    lines: Sequence[Line]
    more: str  # about columns that are not listed, or empty

    def rows(self) -> list[tuple[str, ...]]:
        """Return the cells of a table with the columns of `HEAD`."""
        found: list[tuple[str, ...]] = [
            (name, kind, str(gaps), content) for name, kind, gaps, content in self.lines
        ]
        return [*found, (self.more, "", "", "")] if self.more else found

    def __str__(self) -> str:
        return self.text()

    def text(self, width: int = LINE) -> str:
        """Return a table in lines of so many characters; it cuts names rather than numbers."""
        rows = [HEAD, *self.rows()[: len(self.lines)]]
        # A long kind may reach below the head of the next column.
        both = max(len(f"{kind}  {gaps}") for _, kind, gaps, _ in rows)
        numbers = max((len(c) for _, kind, _, c in rows[1:] if kind not in LISTED), default=0)
        rest = width - both - 4  # for a name and the values
        most = min(max(rest - numbers, LEAST), NAME + width - LINE)
        names = min(most, max(len(name) for name, *_ in rows))
        text = []
        for name, kind, gaps, content in rows:
            cut = kind in LISTED
            shown = [_cut(content, rest - names)] if cut else textwrap.wrap(content, rest - names)
            start = f"{_shortened(name, names):{names}}  {kind}{gaps:>{both - len(kind)}}  "
            text.append(f"{start}{''.join(shown[:1])}".rstrip())
            text += [f"{'':{len(start)}}{line}" for line in shown[1:]]
        return "\n".join([*text, self.more] if self.more else text)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _shortened(name: str, width: int) -> str:
    """Return a name without its middle if it is too long: its ends tell it from others."""
    end = (width - 3) // 2
    return name if len(name) <= width else f"{name[: width - 3 - end]}...{name[-end:]}"


def _rounded(value: float) -> str:
    """Return a number with four digits, or all of those before the point of a larger one."""
    return f"{value:.0f}" if 1e4 <= abs(value) < 1e7 else f"{value:.4g}"


def summarise(data: Dataset, task: str = "auto") -> Summary:
    """Return a data set in words; `task` is what its target is for."""
    n, width = data.X.shape
    columns = data.columns or tuple(Column(name) for name in data.features)
    lines, more, notes = [], "", tuple(data.notes)
    if columns:
        names = [column.name or str(i) for i, column in enumerate(columns)]
        if data.table is not None and not data.features:
            names = [f"column {i}" for i in data.table.features]
        lines = [
            _feature(name, column, data.X[:, i])
            for i, (name, column) in enumerate(zip(names[:MOST], columns, strict=False))
        ]
        if width > MOST:
            more = f"and {width - MOST} more features"
    elif width:
        lines = [_feature(f"{width} features", Column(), data.X)]
    table = data.table
    for role, values in (("groups", data.groups), ("weight", data.weights)):
        if values is not None and table is not None:
            lines.append(_other(getattr(table, role), role, values))
    lines += [
        Line(name or "(no name)", "left out", 0, _examples(texts))
        for name, texts in data.ids.items()
    ]
    if data.y is not None:
        name = table.target if table is not None and table.target is not None else "y"
        line, note = _target(name, data, task)
        lines.append(line)
        notes += (note,) if note else ()
    elif table is not None and table.target is not None:
        lines.append(Line(table.target, "target", n, "no labels"))
    tests = "" if data.X_test is None else f", and {len(data.X_test)} test rows"
    title = f"{data.name}: {counted(n, 'row')}, {counted(width, 'feature')}{tests}"
    return Summary(title, notes, [_clean(line) for line in lines], more)


def _clean(line: Line) -> Line:
    return line._replace(name=printable(line.name), content=printable(line.content))


def _feature(name: str, column: Column, values: Any) -> Line:
    import numpy as np

    gaps = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=bool)
    missing, present = int(gaps.sum()), values[~gaps]
    if not present.size:
        return Line(name, column.kind, missing, "no values")
    if column.kind == "category":
        counts = np.bincount(present.astype(int), minlength=len(column.categories))
        return Line(name, column.kind, missing, _counts(column.categories, counts))
    low, high = present.min(), present.max()
    if column.kind == "date":
        days = np.array([low, high], dtype="datetime64[D]")
        return Line(name, column.kind, missing, f"{days[0]} to {days[1]}")
    if column.kind == "boolean":
        return Line(name, column.kind, missing, f"{int(present.sum())} true")
    unit = f", in {column.unit}" if column.unit else ""
    spread = f"{low:.6g} to {high:.6g}, mean {_rounded(present.mean())}{unit}"
    return Line(name, column.kind, missing, spread if low < high else f"always {low:.6g}")


def _counts(labels: Sequence[object], counts: Any) -> str:
    order = sorted(range(len(labels)), key=lambda k: -counts[k])
    shown = ", ".join(f"{labels[k]} ({counts[k]})" for k in order[:SHOWN])
    if len(labels) <= SHOWN:
        return shown
    return f"{len(labels)} different: {shown}, ..."


def _other(name: str, role: str, values: Any) -> Line:
    import numpy as np

    if role == "groups":
        return Line(name, role, 0, f"{len(np.unique(values))} groups")
    return Line(name, role, 0, f"{values.min():.6g} to {values.max():.6g}")


def _examples(texts: Sequence[str]) -> str:
    return ", ".join(texts[:3]) + (", ..." if len(texts) > 3 else "")


def _target(name: str, data: Dataset, task: str) -> tuple[Line, str]:
    """Return the target in words, and a sentence if it may be taken for something else."""
    import numpy as np

    y: Any = data.y
    missing = 0 if data.labelled is None else int((~data.labelled).sum())
    y = y if data.labelled is None else y[data.labelled]
    kind, note = "", ""
    try:
        kind, y, note = decide(y, task)
    except InputError as error:
        note = f"Warning: {error}"
    if kind == "multilabel":
        return Line(name, "target: labels", missing, f"{y.shape[1]} labels of 0 and 1"), note
    if kind != "classification" and y.dtype.kind in "fiub":
        columns = "" if y.ndim == 1 else f"{y.shape[1]} values, "
        spread = f"{columns}{y.min():.6g} to {y.max():.6g}, mean {_rounded(y.mean())}"
        return Line(name, "target: values" if kind else "target: unclear", missing, spread), note
    labels, counts = np.unique(y, return_counts=True)
    return Line(name, "target: classes", missing, _counts(labels.tolist(), counts)), note
