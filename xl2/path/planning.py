"""Which members of a path are trained together: as few stacks as the memory allows."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from typing import Any, NamedTuple


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


def members_at(lambdas: Sequence[int], groups: Sequence[tuple[int, int]]) -> tuple[Any, Any, Any]:
    """Return where the members of some lambdas and groups are in an array (L, F, S).

    What the index selects has the shape of a stack, (groups, lambdas).
    """
    import numpy as np

    folds, seeds = np.array(groups).T
    return np.array(lambdas)[None, :], folds[:, None], seeds[:, None]


# What takes time beside the members of a stack, in members: the calls of each epoch, and the
# samples that each group gathers.
CALLS, GATHERING = 1.0, 0.4


def plan(
    rows: Sequence[int], lambdas: int, seeds: int, most: int, workers: int = 1
) -> list[PlannedStack]:
    """Plan the stacks of a path, the largest first, for folds with `rows` training samples.

    A fold and a seed are a group, whose lambdas share the mini-batches. Groups with equally
    many training samples form a stack. A stack of too many members is split between groups, and
    between lambdas only if there is one group, or if several workers have the same to do then:
    the wide first layer is what makes a stack fast. The workers share the memory, which holds
    `most` members.
    """
    by_size: dict[int, list[tuple[int, int]]] = {}
    for f, count in enumerate(rows):
        by_size.setdefault(count, []).extend((f, s) for s in range(seeds))
    allowed = most // workers
    plans = []
    for width in {min(w, allowed) for w in _shares(lambdas, min(workers, lambdas))}:
        for height in {max(1, min(h, allowed // width)) for h in _shares(len(rows) * seeds)}:
            stacks = [
                PlannedStack(groups[g : g + height], list(range(m, min(m + width, lambdas))))
                for groups in by_size.values()
                for g in range(0, len(groups), height)
                for m in range(0, lambdas, width)
            ]
            plans.append(sorted(stacks, key=lambda stack: -stack.size()))
    best = min(plans, key=lambda stacks: (_longest(stacks, workers), len(stacks), stacks))
    return [stack._replace(name=f"{number}") for number, stack in enumerate(best, 1)]


def _shares(count: int, most: int | None = None) -> set[int]:
    """Return the largest share of each division by 1, 2, ... `most`, or `count`."""
    return {math.ceil(count / parts) for parts in range(1, (most or count) + 1)}


def _longest(stacks: list[PlannedStack], workers: int) -> float:
    """Return the cost of the worker that has most to do, if each takes the next free stack."""
    costs = [0.0] * workers
    for stack in stacks:
        cost = stack.size() + GATHERING * len(stack.groups) + CALLS
        heapq.heapreplace(costs, costs[0] + cost)
    return max(costs)
