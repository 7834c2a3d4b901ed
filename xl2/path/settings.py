"""What all members of a path have in common: the network, and how it is trained."""

from __future__ import annotations

import sys
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from ..array.api import Array
from ..array.backend import Backend
from ..errors import InputError
from ..nn.initializers import Initializer
from ..nn.network import Network
from ..nn.optimizers import find_optimizer
from ..nn.penalties import L2
from ..training.batches import BLOCK

MOST = 2**31  # bytes, where nobody says how many


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a member learns, but lambda, seed and samples.

    Attributes
    ----------
    sizes, activations, initializer, dtype
        As in `xl2.Network`; one initializer for all layers or one a layer.
    backend : Backend
        Where it computes.
    per : {"batch", "dataset"}
        As in `xl2.L2`.
    fit : dict
        The arguments of `xl2.fit` that are the same for all.
    max_memory : int or None
        What a stack may take, in bytes; None for `MOST`, or less where less is free.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    initializer: str | Initializer | tuple[str | Initializer, ...]
    dtype: str
    backend: Backend
    per: Any
    fit: dict[str, Any]
    max_memory: int | None

    def network(self, seed: Any = 0, stack: Any = None, initializer: Any = None) -> Network:
        """Return a new network, or a stack."""
        return Network(
            self.sizes,
            self.activations,
            initializer or self.initializer,
            seed=seed,
            dtype=self.dtype,
            stack=stack,
            backend=self.backend.name,
            device=self.backend.device,
        )

    def blank(self) -> Network:
        """Return a network for others' parameters to be put into."""
        return self.network(initializer="zeros")

    def penalties(self, lambdas: Any) -> list[L2]:
        """Return the penalty of each lambda."""
        return [L2(float(lam), self.per) for lam in lambdas]

    def member_bytes(self) -> int:
        """Return what one member costs while it is trained, in bytes."""
        return self.members_bytes(1)

    def members_bytes(self, members: int) -> int:
        """Return what so many members cost while they are trained, in bytes.

        Counted are the parameters and the optimizer's state, both twice since an epoch
        works on a copy, the gradients, the layers' outputs with their deltas for one
        mini-batch, the outputs of a run, and the first draw, which is in float64; and what
        the library's file takes for itself.
        """
        import numpy as np

        parameters = sum(i * o + o for i, o in pairwise(self.sizes))
        states = len(find_optimizer(self.fit["optimizer"]).init(np.zeros(1)))
        units, batch = sum(self.sizes[1:]), self.fit["batch_size"]
        numbers = parameters * (2 * (1 + states) + 1)
        numbers += 3 * units * batch + 3 * self.sizes[-1] * BLOCK
        each = int(numbers * (8 if self.dtype == "float64" else 4) + 8 * parameters)
        extra = self.backend.library.extra_bytes(members, self.sizes, states, batch, self.dtype)
        return members * each + extra

    def workers(self) -> int:
        """Return how many stacks are trained side by side."""
        return min(self.backend.library.workers(), self.members_at_once())

    def members_at_once(self) -> int:
        """Return how many members may be in training at a time.

        Raises
        ------
        InputError
            If the budget is too small for one.
        """
        each, most = self.member_bytes(), self._budget()
        if most < each:
            raise InputError(
                f"One network of the path takes about {megabytes(each)} while it is trained, and "
                f"max_memory allows {megabytes(most)}. Allow more, or take a smaller network or "
                f"mini-batch."
            )
        # A range may be no longer than an index.
        counts = range(1, min(most, sys.maxsize - 1) + 1)
        return bisect_right(counts, most, key=self.members_bytes)

    def _budget(self) -> int:
        """Return what a stack may take: where nobody said, what is free, but room for one."""
        if self.max_memory is not None:
            return self.max_memory
        free = self.backend.library.free_memory(self.backend.device)
        return MOST if free is None else max(min(MOST, free), self.member_bytes())


class Pool(NamedTuple):
    """The samples that all parts of a path learn from.

    Attributes
    ----------
    x : array, shape (N, inputs)
    y : array_like, shape (N,) or (N, outputs)
        As `fit` takes them.
    weight : numpy.ndarray, shape (N,), or None
        How much each counts.
    """

    x: Array
    y: Any
    weight: Any = None


@dataclass(frozen=True)
class Part:
    """The samples of one fold, where they are to be used.

    Attributes
    ----------
    rows : numpy.ndarray of int, shape (n,)
        Those it learns from, by their numbers in the pool.
    x, y : array, shape (m, inputs) and (m,) or (m, outputs); or None
        Those it is judged by.
    weight : numpy.ndarray, shape (m,), or None
        How much each of these counts.
    """

    rows: Any
    x: Array | None = None
    y: Any = None
    weight: Any = None


def megabytes(count: int) -> str:
    """Return a number of bytes in words."""
    return f"{count / 2**20:.3g} MiB"
