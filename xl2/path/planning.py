"""Which members of a path are trained together: as few stacks as the memory allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class PlannedStack(NamedTuple):
    """A stack of a path: the members of all its lambdas in each of its groups."""

    groups: list[tuple[int, int]]  # the fold and the seed of each, as indices
    lambdas: list[int]  # as indices
    name: str = ""  # its number in the plan, from 1; the halves of "2" are "2-1" and "2-2"

    def size(self) -> int:
        """Return the number of its members."""
        return len(self.groups) * len(self.lambdas)

    def halves(self) -> list[PlannedStack]:
        """Return two stacks of half the size, whole groups while there are several."""
        groups, lambdas = len(self.groups) // 2, len(self.lambdas) // 2
        if groups:
            parts = [(self.groups[:groups], self.lambdas), (self.groups[groups:], self.lambdas)]
        elif lambdas:
            parts = [(self.groups, self.lambdas[:lambdas]), (self.groups, self.lambdas[lambdas:])]
        else:
            return []
        return [PlannedStack(*part, f"{self.name}-{k}") for k, part in enumerate(parts, 1)]


def plan(
    rows: Sequence[int], lambdas: int, seeds: int, most: int, workers: int = 1
) -> list[PlannedStack]:
    """Plan the stacks of a path, the largest first, for folds with `rows` training samples.

    A fold and a seed are a group, whose lambdas share the mini-batches. Groups with equally
    many training samples form a stack. A stack of too many members is split between groups, and
    only then between lambdas, because the wide first layer is what makes a stack fast. The
    workers share the memory, which holds `most` members.
    """
    wanted = min(most // workers, math.ceil(len(rows) * seeds * lambdas / workers))
    by_size: dict[int, list[tuple[int, int]]] = {}
    for f, count in enumerate(rows):
        by_size.setdefault(count, []).extend((f, s) for s in range(seeds))
    width = min(lambdas, wanted)
    height = max(1, wanted // width)
    stacks = [
        PlannedStack(groups[g : g + height], list(range(m, min(m + width, lambdas))))
        for groups in by_size.values()
        for g in range(0, len(groups), height)
        for m in range(0, lambdas, width)
    ]
    stacks.sort(key=lambda stack: -stack.size())
    return [stack._replace(name=f"{number}") for number, stack in enumerate(stacks, 1)]
