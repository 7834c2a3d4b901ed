"""Dropping the lambdas of a path that cannot become the best."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Literal

from ..array.stacks import take_members
from ..errors import FileFormatError
from ..nn.network import Network
from ..training.history import History
from ..training.loop import Keep

# A rounding error is no difference: the mean of scores of 0.9 may be 0.9, or just below.
ROUNDING = 1e-12


class Pruner:
    """Drops lambdas that cannot become the best from a stack; a callback of the training loop.

    A lambda is dropped if it diverged, or if its mean validation score over the stack's groups
    has not risen for `patience` epochs and is below the best lambda's by more than one standard
    error over the groups. It is compared with the lambdas of its own stack. With `patience` None
    no lambda is dropped. With `by` "loss" the score is minus the validation loss.
    """

    def __init__(
        self,
        network: Network,
        lambdas: list[int],
        patience: int | None,
        by: Literal["score", "loss"] = "score",
    ):
        self._network, self.patience, self._by = network, patience, by
        self.lambdas = lambdas  # those still trained, as indices of the path's
        self.trained = [lambdas]  # in each epoch; the last entry holds for all later ones
        self.dropped: list[tuple[Network, list[int]]] = []  # the members, as they were then
        self.diverged: list[tuple[list[int], Any]] = []  # their part of `History.diverged`
        self._best: dict[int, tuple[float, int]] = {}  # each lambda's best mean, and its epoch

    def __call__(self, network: Network, history: History) -> Keep | None:
        """Return the members to keep after an epoch; None for all."""
        if self.patience is None or not history.validation_score:
            return None
        by_score = self._by == "score"
        scores = history.validation_score[-1] if by_score else -history.validation_loss[-1]
        without = self._without_prospects(scores, len(history))
        if without and len(without) < len(self.lambdas):
            return self._drop(without, network, history)
        self.trained.append(self.lambdas)
        return None

    def trained_in(self, epoch: int) -> list[int]:
        """Return the lambdas that were trained in an epoch, from 0."""
        return self.trained[min(epoch, len(self.trained) - 1)]

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
        kept = [m for m in range(len(self.lambdas)) if m not in members]
        dropped = [self.lambdas[m] for m in members]
        self.dropped.append((_part(network, members), dropped))
        self.diverged.append((dropped, history.diverged[:, members]))
        self.lambdas = [self.lambdas[m] for m in kept]
        self.trained.append(self.lambdas)
        return Keep(kept)

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a checkpoint saves."""
        return {
            "lambdas": self.lambdas,
            "trained": self.trained,
            "dropped": [[gone.host_parameters(), lambdas] for gone, lambdas in self.dropped],
            "diverged": self.diverged,
            "best": self._best,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from a state; raise `FileFormatError` if it is not that of such a stack."""
        try:
            self._load(state)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise FileFormatError(f"its dropped lambdas are not valid: {error}") from None

    def _load(self, state: dict[str, Any]) -> None:
        known = set(self.lambdas)
        every = [state["lambdas"], *state["trained"], *(own for _, own in state["dropped"])]
        if not all(isinstance(own, list) and own and known >= set(own) for own in every):
            raise ValueError("the stack does not have all of them.")
        self.dropped, self.diverged = [], []
        for (parameters, own), (same, diverged) in zip(
            state["dropped"], state["diverged"], strict=True
        ):
            # Any members, to be replaced: the network may have fewer than were dropped.
            gone = _part(self._network, [0] * len(own))
            gone.set_parameters(parameters)
            if own != same or diverged.shape != gone.stack:
                raise ValueError("it is not known which of them diverged.")
            self.dropped.append((gone, own))
            self.diverged.append((own, diverged))
        self._best = {int(index): (best, since) for index, (best, since) in state["best"].items()}
        self.lambdas, self.trained = state["lambdas"], state["trained"]


def _part(network: Network, members: Sequence[int]) -> Network:
    """Return some members of each group as a stack."""
    import numpy as np

    part = copy.copy(network)
    indices = network.backend.from_numpy(np.array(members))
    part.parameters = take_members(network.parameters, indices)
    return part
