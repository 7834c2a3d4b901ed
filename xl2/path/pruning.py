"""Dropping the lambdas of a path that have no prospect."""

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


class Hopeless:
    """Drops lambdas that have no prospect of being the best; a callback of `fit`.

    A lambda is hopeless if it diverged, or if its mean validation score over the stack's
    groups has not risen for `patience` epochs and is below the best lambda's by more than
    one standard error over the groups. It is compared with the lambdas of its own
    stack.

    Parameters
    ----------
    places : list of int
        The lambdas of the stack, by their numbers.
    patience : int or None
        None drops none.
    network : Network, optional
        The stack. It is needed where a state is loaded.

    Attributes
    ----------
    places : list of int
        Those still trained.
    trained : list of list of int
        Those trained in each epoch; the last entry holds for all that follow.
    dropped : list of (Network, list of int)
        Those dropped, as they were then.
    diverged : list of (list of int, numpy.ndarray)
        Their part of `History.diverged`.
    """

    def __init__(self, places: list[int], patience: int | None, network: Network | None = None):
        self.places, self.patience, self._network = places, patience, network
        self.trained = [places]
        self.dropped: list[tuple[Network, list[int]]] = []
        self.diverged: list[tuple[list[int], Any]] = []
        self._best: dict[int, tuple[float, int]] = {}

    def __call__(self, network: Network, history: History) -> Keep | None:
        """Look at an epoch's scores, and say which members to go on with."""
        if self.patience is None or not history.validation_score:
            return None
        hopeless = self._hopeless(history.validation_score[-1], len(history))
        if hopeless and len(hopeless) < len(self.places):
            return self._drop(hopeless, network, history)
        self.trained.append(self.places)
        return None

    def _hopeless(self, scores: Any, epoch: int) -> list[int]:
        """Return which members, by their numbers in the group, to drop: (G, M) scores."""
        import numpy as np

        assert self.patience is not None
        means = scores.mean(axis=0)
        if np.isnan(means).all():
            return []
        top = int(np.nanargmax(means))
        groups = len(scores)
        margin = scores[:, top].std(ddof=1) / np.sqrt(groups) if groups > 1 else 0.0
        found = []
        for m, place in enumerate(self.places):
            best, since = self._best.get(place, (-np.inf, epoch))
            if means[m] > best:
                best, since = means[m], epoch
            self._best[place] = (best, since)
            behind = means[m] < means[top] - margin - ROUNDING and epoch - since >= self.patience
            if np.isnan(means[m]) or behind:
                found.append(m)
        return found

    def _drop(self, hopeless: list[int], network: Network, history: History) -> Keep:
        import numpy as np

        kept = [m for m in range(len(self.places)) if m not in hopeless]
        gone = copy.copy(network)
        backend = network.backend
        chosen = backend.library.from_host(backend.xp, np.array(hopeless), backend.device)
        gone.parameters = take_members(network.parameters, chosen)
        names = [self.places[m] for m in hopeless]
        self.dropped.append((gone, names))
        self.diverged.append((names, history.diverged[:, hopeless]))
        self.places = [self.places[m] for m in kept]
        self.trained.append(self.places)
        return Keep(kept)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps of it."""
        return {
            "places": self.places,
            "trained": self.trained,
            "dropped": [[gone.host_parameters(), names] for gone, names in self.dropped],
            "diverged": self.diverged,
            "best": self._best,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state.

        Raises
        ------
        FileFormatError
            If it is not that of such a stack.
        """
        try:
            self._load(state)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise FileFormatError(f"it says nothing sound of lambdas dropped: {error}") from None

    def _load(self, state: dict[str, Any]) -> None:
        known = set(self.places)
        every = [state["places"], *state["trained"], *(names for _, names in state["dropped"])]
        every += [names for _, names in state["dropped"]]
        if not all(isinstance(names, list) and names and known >= set(names) for names in every):
            raise FileFormatError("it names lambdas that the stack has not.")
        self.dropped = [(self._gone(layers, names), names) for layers, names in state["dropped"]]
        self.diverged = [(names, array) for names, array in state["diverged"]]
        for (_, names), (again, array) in zip(self.dropped, self.diverged, strict=True):
            if names != again or array.shape != (self.dropped[0][0].stack[0], len(names)):
                raise FileFormatError("it does not say which of the lambdas dropped diverged.")
        self._best = {int(place): (best, since) for place, (best, since) in state["best"].items()}
        self.places, self.trained = state["places"], state["trained"]

    def _gone(self, layers: Any, names: list[int]) -> Network:
        """Return members that were dropped, as a stack of their own."""
        assert self._network is not None
        gone = copy.copy(self._network)
        wanted = []
        for i, (weight, bias) in enumerate(gone.parameters):
            shapes = [list(weight.shape), list(bias.shape)]
            shapes[0][-2 if i == 0 else -3] = shapes[1][-2] = len(names)
            wanted.append([tuple(shape) for shape in shapes])
        if wanted != [[array.shape for array in layer] for layer in layers]:
            raise FileFormatError("the lambdas dropped have parameters of other shapes.")
        asarray = gone.backend.asarray
        gone.parameters = tuple(
            Layer(*(asarray(array, gone.dtype) for array in layer)) for layer in layers
        )
        return gone
