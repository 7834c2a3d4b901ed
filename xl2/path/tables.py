"""A path as a table: for the terminal, a notebook, or pandas."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import InputError, counted
from ..markup import output, paragraphs, span_mark, table
from ..nn.score_names import shown_score
from .notes import ONE_CLASS, notes, null_answer
from .scores import PathScores

COLUMNS = 80

Cells = tuple[str, str, str, str, str, str]


def head_of(path: PathScores) -> tuple[str, ...]:
    """Return the names of the columns; that of the remarks has none."""
    other = shown_score(_other_metric(path)).name
    return ("lambda", "training", "validation", "std. error", other, "")


def rows_of(path: PathScores) -> Iterator[Cells]:
    """Yield the cells of each lambda, and of the null model: a name, four figures, a remark."""
    shown, name = shown_score(path.score_name_), _other_metric(path)
    other = shown_score(name)
    others = path.metrics_[name].mean(axis=(1, 2))
    for k, lam in enumerate(path.lambdas_):
        yield (
            f"{lam:g}",
            shown.cell(path.train_means_[k]),
            shown.cell(path.validation_means_[k]),
            shown.spread(path.standard_errors_[k]),
            other.cell(others[k]),
            _remark(path, k),
        )
    yield (
        "null",
        "-",
        shown.cell(path.null_score_),
        shown.spread(path.null_standard_error_),
        other.cell(path.null_metrics_[name].mean()),
        null_answer(path),
    )


def _other_metric(path: PathScores) -> str:
    """Return the name of the score that is shown beside the chosen one."""
    return next(name for name in path.metrics_ if name != path.score_name_)


def _remark(path: PathScores, k: int) -> str:
    parts = []
    if path.diverged_[k].any():
        of = path.diverged_[k].size
        parts.append(f"diverged in {path.diverged_[k].sum()} of {of}" if of > 1 else "diverged")
    elif (path.epochs_[k] < path.n_epochs_).any():
        parts.append(f"dropped after {counted(path.epochs_[k].min(), 'epoch')}")
    elif math.isnan(path.validation_means_[k]):
        parts.append("predictions overflow")
    if k == path.best_index_:
        parts.append("best")
    elif k == path.top_index_:
        parts.append("lowest" if shown_score(path.score_name_).factor < 0.0 else "highest")
    if k == path.index_1se_:
        parts.append("largest within 1 SE")
    elif path.within_1se_[k] and not parts:
        parts.append("within 1 SE")
    if path.one_class_[k]:
        parts.append(ONE_CLASS)
    return ", ".join(parts)


def caption(path: PathScores) -> str:
    """Return the number of networks, the time that they took, and what the scores are."""
    lambdas, folds, seeds = path.diverged_.shape
    parts = [counted(lambdas, "lambda")]
    if folds > 1:
        parts.append(f"{folds} folds")
    if seeds > 1:
        parts.append(f"{seeds} seeds")
    return (
        f"{' x '.join(parts)}, {counted(path.n_epochs_, 'epoch')}, {path.fit_time_:.1f} s; "
        f"{shown_score(path.score_name_).title}"
    )


def path_text(path: PathScores, null_model: bool = True) -> str:
    """Return the table as text of at most 80 columns, with the `notes` below it."""
    rows = [head_of(path), *rows_of(path)]
    widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
    lines = [*textwrap.wrap(caption(path), COLUMNS), ""]
    for *cells, remark in rows:
        start = _aligned(cells, widths) + "  "
        below = " " * len(start)
        lines += textwrap.wrap(remark, COLUMNS, initial_indent=start, subsequent_indent=below) or [
            start
        ]
    for note in notes(path, null_model):
        lines += ["", *textwrap.wrap(note, COLUMNS)]
    return "\n".join(line.rstrip() for line in lines)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=False))


def path_html(path: PathScores) -> str:
    """Return the table for a notebook, with the scores as dots and the notes below it.

    The line of a dot is one standard error to each side. Networks of one class only, and what is
    worse than the null model, would hide the other differences and have none.
    """
    rows = list(rows_of(path))
    means, errors = path.validation_means_, path.standard_errors_
    drawn = [k for k in range(len(means)) if _is_drawn(path, k)]
    ends = [means[k] + side * errors[k] for k in drawn for side in (-1.0, 1.0)]
    limits = (min(ends), max(ends)) if len(drawn) > 1 else (0.0, 0.0)
    marks = [""] * len(rows)
    for k in drawn:
        marks[k] = span_mark(means[k], means[k] - errors[k], means[k] + errors[k], limits)
    *names, remark = head_of(path)
    head = (*names, "better to the right", remark)
    body = [(*cells[:-1], mark, cells[-1]) for cells, mark in zip(rows, marks, strict=True)]
    shown = table(head, body, caption=caption(path), left=(-2, -1), chosen=path.best_index_)
    return output(shown, paragraphs(notes(path)))


def _is_drawn(path: PathScores, k: int) -> bool:
    """Return whether a lambda has a dot beside the others."""
    mean, error = path.validation_means_[k], path.standard_errors_[k]
    return bool(math.isfinite(mean + error) and not path.one_class_[k] and mean > path.null_score_)


def path_frame(path: PathScores) -> Any:
    """Return a pandas.DataFrame with a row for each member.

    Raises
    ------
    InputError
        If pandas is not installed.
    """
    import numpy as np

    try:
        import pandas
    except ImportError:
        raise InputError(
            "A data frame needs pandas, which is not installed: run pip install pandas."
        ) from None
    lambdas, folds, seeds = np.indices(path.diverged_.shape)
    return pandas.DataFrame(
        {
            "lambda": path.lambdas_[lambdas.ravel()],
            "fold": folds.ravel(),
            "seed": seeds.ravel(),
            "train_score": path.train_scores_by_seed_.ravel(),
            "validation_score": path.validation_scores_by_seed_.ravel(),
            "null_score": path.null_scores_[folds.ravel()],
            **{name: values.ravel() for name, values in path.metrics_.items()},
            "diverged": path.diverged_.ravel(),
            "epochs": path.epochs_.ravel(),
        }
    )
