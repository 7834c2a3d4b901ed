"""The validation scores of a path while it trains, for a caller that may end it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Literal

from ..training.history import History
from .planning import PlannedStack, members_at

# Is told an epoch, from 1, and the best lambda's mean validation score over folds and seeds.
Look = Callable[[int, float], None]

_look: ContextVar[Look | None] = ContextVar("xl2_look_at_epochs", default=None)


@contextlib.contextmanager
def looking(look: Look) -> Iterator[None]:
    """Call ``look(epoch, score)`` after each epoch that all members of a path have finished.

    What it raises ends the path. Scores are those by which `Pruner` drops lambdas. A path on a
    cluster tells none.
    """
    token = _look.set(look)
    try:
        yield
    finally:
        _look.reset(token)


def current_look() -> Look | None:
    """Return what wants to see the epochs of the paths that are trained here, or None."""
    return _look.get()


class EpochScores:
    """Puts the scores of a path's stacks together, and tells them in the order of the epochs.

    The stacks are trained in threads, or one after another. `shape` is that of the members,
    (L, F, S).
    """

    def __init__(
        self,
        epochs: int,
        shape: tuple[int, int, int],
        by: Literal["score", "loss"],
        look: Look,
    ):
        import numpy as np

        self._scores = np.full((epochs, *shape), np.nan)
        self._known = np.zeros((epochs, *shape), dtype=bool)
        self._by, self._look = by, look
        self._told = 0  # epochs
        self._lock = threading.Lock()

    def add(self, stack: PlannedStack, lambdas: Sequence[int], history: History) -> None:
        """Add the last epoch of a stack, of whose lambdas only some may still be trained."""
        curve = history.validation_score if self._by == "score" else history.validation_loss
        if not curve:  # nothing is validated, as in the trial of lambdas
            return
        epoch, sign = len(history) - 1, 1.0 if self._by == "score" else -1.0
        with self._lock:
            self._scores[(epoch, *members_at(lambdas, stack.groups))] = sign * curve[-1]
            self._known[(epoch, *members_at(stack.lambdas, stack.groups))] = True
            self._tell()

    def end(self, stack: PlannedStack, epochs: int) -> None:
        """Take note that all members of a stack diverged after some epochs."""
        with self._lock:
            self._known[(slice(epochs, None), *members_at(stack.lambdas, stack.groups))] = True
            self._tell()

    def _tell(self) -> None:
        import numpy as np

        while self._told < len(self._known) and self._known[self._told].all():
            means = self._scores[self._told].mean(axis=(1, 2))
            self._told += 1
            if np.isnan(means).all():  # each lambda has a member that diverged, which ends the path
                continue
            try:
                self._look(self._told, float(np.nanmax(means)))
            except BaseException:
                self._told = len(self._known)  # other threads go on for an epoch, silently
                raise
