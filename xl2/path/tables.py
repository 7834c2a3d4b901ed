"""A path as a table: for the terminal, a notebook, or pandas."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import InputError, counted
from .scores import PathScores

HEAD = ("lambda", "training", "validation", "std. error")
WIDTHS = (12, 11, 11, 12)  # they leave 32 of 80 columns for a remark


def rows_of(path: PathScores) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield the cells of each lambda: its name, three figures, and a remark."""
    times, digits = (1.0, 4) if path.score_name_ == "R2" else (100.0, 2)
    for k, lam in enumerate(path.lambdas_):
        figures = (path.train_means_[k], path.validation_means_[k], path.standard_errors_[k])
        shown = [_figure(times * x, digits) for x in figures]
        yield (f"{lam:g}", *shown, _remark(path, k))  # type: ignore[misc]


def _figure(value: float, digits: int) -> str:
    if math.isnan(value):
        return "-"
    # An R2 can be as far below 0 as it likes.
    return f"{value:.{digits}f}" if abs(value) < 1000 else f"{value:.2g}"


def _remark(path: PathScores, k: int) -> str:
    parts = []
    if path.diverged_[k].any():
        of = path.diverged_[k].size
        parts.append(f"diverged in {path.diverged_[k].sum()} of {of}" if of > 1 else "diverged")
    elif (path.epochs_[k] < path.n_epochs_).any():
        parts.append(f"dropped after {counted(path.epochs_[k].min(), 'epoch')}")
    if k == path.best_index_:
        parts.append("best")
    if k == path.index_1se_:
        parts.append("largest within std. error")
    return ", ".join(parts)


def caption(path: PathScores) -> str:
    """Return the number of networks, the time that they took, and the unit of the scores."""
    lambdas, folds, seeds = path.diverged_.shape
    parts = [counted(lambdas, "lambda")]
    if folds > 1:
        parts.append(f"{folds} folds")
    if seeds > 1:
        parts.append(f"{seeds} seeds")
    unit = "R2" if path.score_name_ == "R2" else "accuracy in %"
    return (
        f"{' x '.join(parts)}, {counted(path.n_epochs_, 'epoch')}, {path.fit_time_:.1f} s; {unit}"
    )


def path_text(path: PathScores) -> str:
    """Return the table as text of at most 80 columns."""
    lines = [caption(path), ""]
    lines.append(_aligned(HEAD))
    for *cells, remark in rows_of(path):
        start = _aligned(cells) + "  "
        below = " " * len(start)
        lines += textwrap.wrap(remark, 80, initial_indent=start, subsequent_indent=below) or [start]
    return "\n".join(line.rstrip() for line in lines)


def _aligned(cells: Sequence[str]) -> str:
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True))


def path_html(path: PathScores) -> str:
    """Return the table as HTML."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in (*HEAD, ""))
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
        for cells in rows_of(path)
    )
    return f"<table><caption>{html.escape(caption(path))}</caption><tr>{head}</tr>{body}</table>"


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
            "diverged": path.diverged_.ravel(),
            "epochs": path.epochs_.ravel(),
        }
    )
