"""Dropping the lambdas of a path that cannot become the best."""

from __future__ import annotations

import copy
from typing import Any

from ..array.operations import Layer
from ..array.stacks import take_members
from ..errors import FileFormatError
from ..nn.network import Network
from ..training.history import History
from ..training.loop import Keep
from .selection import ROUNDING


class Pruner:
    """Drops lambdas without prospects; a callback of the training loop.

    A lambda is dropped if it diverged, or if its mean validation score over the stack's groups
    has not risen for `patience` epochs and is below the best lambda's by more than one standard
    error over the groups. It is compared with the lambdas of its own stack.

    Parameters
    ----------
    lambdas : list of int
        The lambdas of the stack, as indices.
    patience : int or None
        None drops none.
    network : Network, optional
        The stack; needed to load a state.

    Attributes
    ----------
    lambdas : list of int
        Those still trained.
    trained : list of list of int
        Those trained in each epoch; the last entry holds for all later epochs.
    dropped : list of (Network, list of int)
        Dropped members, as they were then.
    diverged : list of (list of int, numpy.ndarray)
        Their part of `History.diverged`.
    """

    def __init__(self, lambdas: list[int], patience: int | None, network: Network | None = None):
        self.lambdas, self.patience, self._network = lambdas, patience, network
        self.trained = [lambdas]
        self.dropped: list[tuple[Network, list[int]]] = []
        self.diverged: list[tuple[list[int], Any]] = []
        self._best: dict[int, tuple[float, int]] = {}

    def __call__(self, network: Network, history: History) -> Keep | None:
        """Return the members to keep after an epoch; None for all."""
        if self.patience is None or not history.validation_score:
            return None
        without = self._without_prospects(history.validation_score[-1], len(history))
        if without and len(without) < len(self.lambdas):
            return self._drop(without, network, history)
        self.trained.append(self.lambdas)
        return None

    def _without_prospects(self, scores: Any, epoch: int) -> list[int]:
        """Return which members of each group to drop, by their scores (G, M)."""
        import numpy as np

        assert self.patience is not None
        means = scores.mean(axis=0)
        if np.isnan(means).all():
            return []
        top = int(np.nanargmax(means))
        groups = len(scores)
        margin = scores[:, top].std(ddof=1) / np.sqrt(groups) if groups > 1 else 0.0
        found = []
        for m, index in enumerate(self.lambdas):
            best, since = self._best.get(index, (-np.inf, epoch))
            if means[m] > best:
                best, since = means[m], epoch
            self._best[index] = (best, since)
            behind = means[m] < means[top] - margin - ROUNDING and epoch - since >= self.patience
            if np.isnan(means[m]) or behind:
                found.append(m)
        return found

    def _drop(self, members: list[int], network: Network, history: History) -> Keep:
        import numpy as np

        kept = [m for m in range(len(self.lambdas)) if m not in members]
        gone = copy.copy(network)
        backend = network.backend
        chosen = backend.from_numpy(np.array(members))
        gone.parameters = take_members(network.parameters, chosen)
        names = [self.lambdas[m] for m in members]
        self.dropped.append((gone, names))
        self.diverged.append((names, history.diverged[:, members]))
        self.lambdas = [self.lambdas[m] for m in kept]
        self.trained.append(self.lambdas)
        return Keep(kept)

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a checkpoint saves."""
        return {
            "lambdas": self.lambdas,
            "trained": self.trained,
            "dropped": [[gone.host_parameters(), names] for gone, names in self.dropped],
            "diverged": self.diverged,
            "best": self._best,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from a state.

        Raises
        ------
        FileFormatError
            If it is not the state of such a stack.
        """
        try:
            self._load(state)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise FileFormatError(f"its dropped lambdas are not valid: {error}") from None

    def _load(self, state: dict[str, Any]) -> None:
        known = set(self.lambdas)
        every = [state["lambdas"], *state["trained"], *(names for _, names in state["dropped"])]
        every += [names for _, names in state["dropped"]]
        if not all(isinstance(names, list) and names and known >= set(names) for names in every):
            raise FileFormatError("it names lambdas that the stack does not have.")
        self.dropped = [(self._gone(layers, names), names) for layers, names in state["dropped"]]
        self.diverged = [(names, array) for names, array in state["diverged"]]
        for (_, names), (again, array) in zip(self.dropped, self.diverged, strict=True):
            if names != again or array.shape != (self.dropped[0][0].stack[0], len(names)):
                raise FileFormatError("it does not say which dropped lambdas diverged.")
        self._best = {int(index): (best, since) for index, (best, since) in state["best"].items()}
        self.lambdas, self.trained = state["lambdas"], state["trained"]

    def _gone(self, layers: Any, names: list[int]) -> Network:
        """Return dropped members as a stack."""
        assert self._network is not None
        gone = copy.copy(self._network)
        wanted = []
        for i, (weight, bias) in enumerate(gone.parameters):
            shapes = [list(weight.shape), list(bias.shape)]
            shapes[0][-2 if i == 0 else -3] = shapes[1][-2] = len(names)
            wanted.append([tuple(shape) for shape in shapes])
        if wanted != [[array.shape for array in layer] for layer in layers]:
            raise FileFormatError("its dropped lambdas have parameters of other shapes.")
        asarray = gone.backend.asarray
        gone.parameters = tuple(
            Layer(*(asarray(array, gone.dtype) for array in layer)) for layer in layers
        )
        return gone
