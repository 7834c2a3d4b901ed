"""Which members of a path are trained together: as few stacks as memory allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from .settings import Part


class Stack(NamedTuple):
    """One stack of a path.

    Attributes
    ----------
    groups : list of (int, int)
        Fold and seed of each group, by their numbers.
    places : list of int
        The lambdas of the members of every group, by their numbers.
    """

    groups: list[tuple[int, int]]
    places: list[int]

    def members(self) -> int:
        """Return the number of its networks."""
        return len(self.groups) * len(self.places)

    def halves(self) -> list[Stack]:
        """Return two of half its size, each group whole while there are several."""
        groups, lambdas = len(self.groups) // 2, len(self.places) // 2
        if groups:
            return [
                Stack(part, self.places) for part in (self.groups[:groups], self.groups[groups:])
            ]
        if lambdas:
            parts = self.places[:lambdas], self.places[lambdas:]
            return [Stack(self.groups, part) for part in parts]
        return []


def plan(
    parts: Sequence[Part],
    lambdas: int,
    seeds: int,
    most: int,
    workers: int = 1,
) -> list[Stack]:
    """Say which members are trained together.

    A fold and a seed are a group, whose lambdas share the mini-batches; groups of
    equally many samples make a stack. Where it would have more than `most` members it
    is split between groups, and only then between lambdas, since the wide first layer
    is what makes a stack fast.

    Parameters
    ----------
    parts : sequence of Part
    lambdas, seeds : int
        How many.
    most : int
        Members that there is memory for.
    workers : int, default 1
        How many stacks are to be trained side by side; they share that memory.

    Returns
    -------
    list of Stack
        The largest first.
    """
    wanted = min(most // workers, math.ceil(len(parts) * seeds * lambdas / workers))
    by_size: dict[int, list[tuple[int, int]]] = {}
    for f, part in enumerate(parts):
        by_size.setdefault(len(part.rows), []).extend((f, s) for s in range(seeds))
    width = min(lambdas, wanted)
    height = max(1, wanted // width)
    stacks = [
        Stack(groups[g : g + height], list(range(m, min(m + width, lambdas))))
        for groups in by_size.values()
        for g in range(0, len(groups), height)
        for m in range(0, lambdas, width)
    ]
    return sorted(stacks, key=lambda stack: -stack.members())
