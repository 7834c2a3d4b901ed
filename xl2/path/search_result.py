"""The result of `xl2.tune`: its trials, and the path of the best one."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..errors import counted
from ..markup import output, paragraph, table
from ..nn.score_names import shown_score
from .result import RegularizationPath
from .tables import COLUMNS

SHOWN = 5  # trials in the table


class Trial(NamedTuple):
    """A path that was tried."""

    number: int  # that of Optuna's study
    params: dict[str, Any]  # arguments of `regularization_path`
    score: float  # mean validation score of the lambda that the path chooses; NaN if not complete
    best_lambda: float  # NaN if not complete
    seconds: float
    state: str  # "complete", "pruned" or "failed"
    reason: str = ""  # why it is not complete


@dataclass(frozen=True)
class Search:
    """The trials of a search, and the path of the best one.

    Attributes
    ----------
    best_params_ : dict of str to object
        The arguments of `regularization_path` that the best trial was given.
    best_score_ : float
        Its score: the mean validation score of the lambda that its path chooses, larger is better.
    best_path_ : RegularizationPath
        The best trial trained again, with models on all samples, for `xl2.diagnose`.
    trials_ : list of Trial
        All trials in their order, with the fields ``number``, ``params``, ``score``,
        ``best_lambda``, ``seconds``, ``state`` ("complete", "pruned" or "failed") and ``reason``.
        One that was interrupted is left out.
    study_ : optuna.Study
        The study, for Optuna's plots and importances. A value that Optuna cannot store, such as
        the units of layers, is a text there.
    """

    best_params_: dict[str, Any]
    best_score_: float
    best_path_: RegularizationPath
    trials_: list[Trial]
    study_: Any = field(repr=False)

    def __str__(self) -> str:
        lines = [*textwrap.wrap(_caption(self), COLUMNS), ""]
        lines.append(f"{'trial':>7}{'validation':>12}{'lambda':>11}{'seconds':>9}  arguments")
        for trial, score, lam, seconds, arguments in _rows(self):
            start = f"{trial:>7}{score:>12}{lam:>11}{seconds:>9}  "
            below = " " * len(start)
            lines += textwrap.wrap(
                arguments, COLUMNS, initial_indent=start, subsequent_indent=below
            )
        return "\n".join([*lines, "", *textwrap.wrap(_optimism(self), COLUMNS)])

    def _repr_html_(self) -> str:
        shown = table(
            ("trial", "validation", "lambda", "seconds", "arguments"),
            _rows(self),
            caption=_caption(self),
            left=(0, -1),
            chosen=0,
        )
        return output(shown, paragraph(_optimism(self)))


def _best(search: Search) -> list[Trial]:
    """Return the best trials, the first one first."""
    complete = [one for one in search.trials_ if one.state == "complete"]
    return sorted(complete, key=lambda one: (-one.score, one.number))[:SHOWN]


def _caption(search: Search) -> str:
    """Return how many trials there were, and what their scores are."""
    states = [one.state for one in search.trials_]
    ended = [f", {states.count(s)} {s}" for s in ("pruned", "failed") if s in states]
    seconds = sum(one.seconds for one in search.trials_)
    return (
        f"The best {len(_best(search))} of {counted(len(search.trials_), 'trial')}, "
        f"{seconds:.1f} s{''.join(ended)}; {shown_score(search.best_path_.score_name_).title}"
    )


def _rows(search: Search) -> list[tuple[str, ...]]:
    """Return the cells of the best trials."""
    shown = shown_score(search.best_path_.score_name_)
    return [
        (
            str(one.number),
            shown.cell(one.score),
            f"{one.best_lambda:.4g}",
            f"{one.seconds:.1f}",
            arguments_text(one.params),
        )
        for one in _best(search)
    ]


def _optimism(search: Search) -> str:
    """Return why the winner's score is better than what to expect."""
    return (
        f"The score of the winner is optimistic: it is the best of "
        f"{counted(search.best_path_.searched_, 'trial')} on the same validation samples. "
        f"xl2.diagnose with test samples tells what to expect of new ones."
    )


def arguments_text(params: Mapping[str, Any]) -> str:
    """Return arguments as they are written in Python, floats with four digits."""
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value!r}"
        for name, value in params.items()
    )
