"""The process that candidates run in; it reads its tasks from standard input.

Each library has processes of its own, one for each number of threads: the number is read
once, when a library is imported, and libraries in one process compete for threads. A process
idles while another one is measured.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import pickle
import signal
import sys
import traceback
from typing import Any

from .problem import Problem, Weights
from .timing import timed


class Desk:
    """The candidates of this process, and the tasks for them."""

    def __init__(self) -> None:
        self.made: dict[Any, Any] = {}

    def make(self, key: Any, factory: str, problem: Problem, options: dict[str, Any]) -> None:
        """Make a candidate, and replace one with the same key."""
        self.made.pop(key, None)
        module, _, name = factory.partition(":")
        home = importlib.import_module(module, __package__)
        self.made[key] = getattr(home, name)(problem, **options)

    def work(self, key: Any) -> tuple[Weights, Weights]:
        """Train an epoch in the common order; return the weights before and after it."""
        candidate = self.made[key]
        start = candidate.weights()
        getattr(candidate, "once", candidate)()
        return start, candidate.weights()

    def call(self, key: Any) -> Any:
        """Return the result of calling a candidate."""
        return self.made[key]()

    def warm(self, key: Any) -> None:
        """Let a candidate do what it does the first time only; by default, call it once."""
        candidate = self.made[key]
        getattr(candidate, "warm", candidate)()

    def time(self, key: Any) -> float:
        """Return the seconds of a call."""
        return timed(self.made[key])


def main() -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries may print
    if hasattr(faulthandler, "register"):  # not on Windows
        faulthandler.register(signal.SIGUSR1)
    desk = Desk()
    while True:
        try:
            method, *arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        answer: tuple[Any, ...]
        try:
            answer = (getattr(desk, method)(*arguments),)
        except Exception as error:
            answer = None, f"{type(error).__name__}: {error}", traceback.format_exc()
        pickle.dump(answer, answers)
        answers.flush()
