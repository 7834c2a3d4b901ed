"""What all members of a path share: the network, how it is trained, and the memory it takes."""

from __future__ import annotations

import sys
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from ..array.backend import Backend
from ..errors import InputError, option
from ..nn.initializers import Initializer
from ..nn.network import Network
from ..nn.optimizers import find_optimizer, state_of_first
from ..nn.penalties import L2
from ..training.assemble import Settings
from ..training.batching import BLOCK

DEFAULT_MEMORY = 2**31  # bytes
MOST_KEPT = 2**30  # bytes of the parameters of all members, until lambda is chosen


@dataclass(frozen=True)
class PathSettings:
    """Everything that the training of a path depends on, except its samples."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    initializer: str | Initializer | tuple[str | Initializer, ...]
    bias_initializer: str | Initializer
    dtype: str
    backend: Backend
    penalties: list[L2]  # one for each lambda, in ascending order
    seeds: list[int]  # of the initial weights and the orders
    training: Settings  # without penalty and seeds: each stack has its own
    epochs: int
    patience: int | None  # see `Pruner`
    judged_by: Literal["score", "loss"]  # by which lambdas are dropped
    max_memory: int | None  # bytes for the networks in training and `copied`; None for the default
    copied: int = 0  # bytes of a copy of the samples that only their order in memory needs
    placed: bool = False  # whether the lambdas are a default grid
    preprocessing: str = ""  # what it is, for a fingerprint
    cluster: Any = None  # the `Cluster` that trains the stacks; None for this process

    @property
    def lambdas(self) -> Any:
        """The lambdas as a NumPy array (L,)."""
        import numpy as np

        return np.array([penalty.lam for penalty in self.penalties])

    def pruning(self) -> str:
        """Return what the dropping of lambdas depends on, for a fingerprint."""
        by_loss = self.patience is not None and self.judged_by == "loss"
        return f"{self.patience} by loss" if by_loss else str(self.patience)

    def network(self, seed: Any = 0, stack: Any = None, initializer: Any = None) -> Network:
        """Return a new network, or a stack."""
        network = Network(
            self.sizes,
            self.activations,
            initializer or self.initializer,
            bias_initializer=self.bias_initializer if initializer is None else "zeros",
            seed=seed,
            dtype=self.dtype,
            stack=stack,
            backend=self.backend.name,
            device=self.backend.device,
        )
        # One Backend object for all: a pickle of a path then connects, and warns, once.
        network.backend = self.backend
        return network

    def blank(self) -> Network:
        """Return a network whose parameters are to be replaced."""
        return self.network(initializer="zeros")

    def memory_of(self, members: int) -> int:
        """Return the bytes that members in training take.

        They include the parameters and the optimizer's states, both twice because an epoch works
        on a copy, the gradients, the layers' outputs and deltas of one mini-batch, the outputs
        of a block, the initial weights, drawn in float64, and the library's `extra_bytes`.
        """
        import numpy as np

        training = self.training
        parameters = sum(i * o + o for i, o in pairwise(self.sizes))
        optimizer, row = find_optimizer(training.optimizer), np.zeros((1, self.sizes[1]))
        states = len(optimizer.init(row))
        # Beyond these, states that only the first weight has, such as scales of the inputs.
        beyond = sum(state.size for state in state_of_first(optimizer, row)) - states * row.size
        units, batch = sum(self.sizes[1:]), training.batch_size
        numbers = parameters * (2 * (1 + states) + 1) + 2 * self.sizes[0] * beyond
        numbers += 3 * units * batch + 3 * self.sizes[-1] * BLOCK
        each = int(numbers * (8 if self.dtype == "float64" else 4) + 8 * parameters)
        extra = self.backend.library.extra_bytes(members, self.sizes, states, batch, self.dtype)
        return members * each + extra

    def keeps(self, folds: int) -> bool:
        """Tell whether the parameters of all members, on the host, are few enough to be kept."""
        parameters = sum(i * o + o for i, o in pairwise(self.sizes))
        each = parameters * (8 if self.dtype == "float64" else 4)
        return len(self.penalties) * folds * len(self.seeds) * each <= MOST_KEPT

    def workers(self) -> int:
        """Return how many stacks are trained in parallel."""
        if self.cluster is not None:
            return int(self.cluster.threads())
        return min(self.backend.library.workers(), self.members_at_once())

    def fits(self) -> bool:
        """Tell whether the memory is enough for one member."""
        return self.memory_of(1) <= self._budget()

    def members_at_once(self) -> int:
        """Return how many members fit into the memory; raise `InputError` if none does."""
        one, most = self.memory_of(1), self._budget()
        if not self.fits():
            beside, instead = "", ""
            if self.copied:
                beside = f" beside a copy of X in C order of {_mebibytes(self.copied)}"
                instead = ", pass X in C order, as by numpy.ascontiguousarray(X)"
            raise InputError(
                f"One network of the path takes about {_mebibytes(one)} in training{beside}, but "
                f"{option('max_memory')} (in bytes) allows only {_mebibytes(most + self.copied)}. "
                f"Increase it{instead}, or use a smaller network or mini-batch."
            )
        # A range may be no longer than an index.
        counts = range(1, min(most, sys.maxsize - 1) + 1)
        return bisect_right(counts, most, key=self.memory_of)

    def _budget(self) -> int:
        """Return the bytes for networks in training: at least enough for one, by default.

        The default leaves half of itself to them, however large the copy of the samples is.
        """
        if self.max_memory is not None:
            return self.max_memory - self.copied
        if self.cluster is not None:
            return max(int(self.cluster.memory), self.memory_of(1))
        most = DEFAULT_MEMORY - min(self.copied, DEFAULT_MEMORY // 2)
        free = self.backend.library.free_memory(self.backend.device)
        return most if free is None else max(min(most, free), self.memory_of(1))


def network_of(settings: PathSettings, parameters: Any, task: str) -> Network:
    """Return a network with the parameters of a member."""
    network = settings.blank()
    network.set_parameters(parameters)
    network.task = task
    return network


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:.3g} MiB"
