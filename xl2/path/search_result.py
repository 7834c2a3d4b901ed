"""The result of `xl2.tune`: its trials, and the path of the best one."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..errors import counted
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
        shown = shown_score(self.best_path_.score_name_)
        complete = [one for one in self.trials_ if one.state == "complete"]
        best = sorted(complete, key=lambda one: (-one.score, one.number))[:SHOWN]
        states = [one.state for one in self.trials_]
        ended = [f", {states.count(s)} {s}" for s in ("pruned", "failed") if s in states]
        seconds = sum(one.seconds for one in self.trials_)
        head = (
            f"The best {len(best)} of {counted(len(self.trials_), 'trial')}, {seconds:.1f} s"
            f"{''.join(ended)}; {shown.title}"
        )
        lines = [*textwrap.wrap(head, COLUMNS), ""]
        lines.append(f"{'trial':>7}{'validation':>12}{'lambda':>11}{'seconds':>9}  arguments")
        for one in best:
            score, lam = shown.cell(one.score), f"{one.best_lambda:.4g}"
            start = f"{one.number:>7}{score:>12}{lam:>11}{one.seconds:>9.1f}  "
            below = " " * len(start)
            lines += textwrap.wrap(
                arguments_text(one.params), COLUMNS, initial_indent=start, subsequent_indent=below
            )
        note = (
            f"The score of the winner is optimistic: it is the best of "
            f"{counted(self.best_path_.searched_, 'trial')} on the same validation samples. "
            f"xl2.diagnose with test samples tells what to expect of new ones."
        )
        return "\n".join([*lines, "", *textwrap.wrap(note, COLUMNS)])


def arguments_text(params: Mapping[str, Any]) -> str:
    """Return arguments as they are written in Python, floats with four digits."""
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value!r}"
        for name, value in params.items()
    )
