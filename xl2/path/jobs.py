"""The stacks of a path as jobs: the names they are kept by, and how far they have got."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..training.history import History
from .planning import Stack


class Job(NamedTuple):
    """A stack to be trained.

    Attributes
    ----------
    name : str
        Its number in the plan, from 1; of the halves of "2" they are "2-1" and "2-2".
    stack : Stack
    """

    name: str
    stack: Stack

    def members(self) -> int:
        """Return the number of its networks."""
        return self.stack.members()

    def halves(self) -> list[Job]:
        """Return two of half its size; nothing of a single network."""
        return [Job(f"{self.name}-{k}", half) for k, half in enumerate(self.stack.halves(), 1)]


class Tally:
    """The epochs of a planned stack, for a progress bar: those of its halves count by their size.

    Parameters
    ----------
    members : int
        The networks of the stack.
    advance : callable
        Called with a history and how many more epochs of the stack are done.
    """

    def __init__(self, members: int, advance: Callable[[History | None, int], Any]):
        self._members, self._advance = members, advance
        self._trained = 0

    def add(self, job: Job, epochs: int, history: History | None = None) -> None:
        """Count so many epochs more of a stack or a part of it; fewer where they are lost."""
        before = self._trained // self._members
        self._trained += epochs * job.members()
        self._advance(history, self._trained // self._members - before)
