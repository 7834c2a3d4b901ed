"""The scores of a path's lambdas so far, for those who watch it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from ..training.history import History
from ..training.screens import Line
from .planning import PlannedStack, members_at

MOST = 12  # lambdas that are shown


class LiveScores:
    """The last validation scores of each lambda, whose means are only made when they are drawn.

    `shape` is that of the members, (L, F, S). `by` is the score that tells which one is best.
    """

    def __init__(
        self,
        lambdas: Sequence[float],
        shape: tuple[int, int, int],
        by: Literal["score", "loss"],
        regression: bool,
    ):
        self._lambdas, self._shape, self._by = lambdas, shape, by
        self._regression = regression
        # Says what the best one has, as lambda may be chosen by a score that is not shown.
        loss, score = ("loss", "R2") if regression else ("log loss", "accuracy")
        self._what = f"lowest {loss}" if by == "loss" else f"highest {score}"
        # By the names of stacks: their lambdas that are trained, and the last losses and scores.
        self._last: dict[str, tuple[PlannedStack, Sequence[int], Any, Any]] = {}
        self._dropped: list[tuple[PlannedStack, Sequence[int], Any, Any]] = []

    def add(
        self, stack: PlannedStack, trained_in: Callable[[int], Sequence[int]], history: History
    ) -> None:
        """Take note of the last epoch of a stack; of a new one also of those of an earlier run.

        ``trained_in(epoch)`` are its lambdas that had not been dropped. Nothing is computed here,
        as a path calls it after every epoch.
        """
        epochs = len(history.validation_loss)
        for epoch in range(epochs - 1 if stack.name in self._last else 0, epochs):
            lambdas, before = trained_in(epoch), self._last.get(stack.name)
            if before is not None and len(before[1]) > len(lambdas):
                self._dropped.append(before)
            losses, scores = history.validation_loss[epoch], history.validation_score[epoch]
            self._last[stack.name] = stack, lambdas, losses, scores

    def lines(self) -> list[Line]:
        """Return a table of the lambdas, the best in bold."""
        import numpy as np

        last = list(self._last.values())
        if not last:
            return []
        losses, scores = np.full((2, *self._shape), np.nan)
        known, diverged = np.zeros((2, *self._shape), dtype=bool)
        for stack, lambdas, loss, score in (*self._dropped, *last):
            at = members_at(lambdas, stack.groups)
            losses[at], scores[at] = loss, score
            known[at], diverged[at] = True, np.isnan(loss)
        known &= ~diverged
        count = np.maximum(known.sum(axis=(1, 2)), 1)
        loss = np.where(known, losses, 0.0).sum(axis=(1, 2)) / count
        score = np.where(known, scores, 0.0).sum(axis=(1, 2)) / count
        ill: Any = diverged.any(axis=(1, 2))
        open_: Any = known.any(axis=(1, 2)) & ~ill
        value = np.where(open_, score if self._by == "score" else -loss, -np.inf)
        best = int(value.argmax()) if open_.any() else -1
        shown = np.sort(np.argsort(-value, kind="stable")[:MOST]).tolist()
        lines: list[Line] = [[(self._row("lambda", "log loss", "accuracy", "R2"), "")]]
        for k in shown:
            name = f"{self._lambdas[k]:.4g}"
            cells = ["-", "-", "-"]
            if open_[k]:
                cells = [f"{loss[k]:.4f}", f"{100.0 * score[k]:.2f} %", f"{score[k]:.4f}"]
            note = "  diverged" if ill[k] else f"  {self._what} so far" if k == best else ""
            lines.append([(self._row(name, *cells) + note, "bold" if k == best else "")])
        if len(self._lambdas) > MOST:
            lines.append([(f"  and {len(self._lambdas) - MOST} more, which are worse", "dim")])
        return lines

    def _row(self, name: str, loss: str, accuracy: str, r2: str) -> str:
        rest = f"{r2:>10}" if self._regression else f"{loss:>10}{accuracy:>11}"
        return f"{name:>8}{rest}"
