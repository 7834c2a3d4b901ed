"""The record of a path's members: scores, curves, divergences, and parameters if wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..array.stacks import member_of
from ..nn.network import Network
from ..training.history import CURVES, History
from .evaluation import score_group
from .fold_data import FoldData
from .planning import PlannedStack, members_at
from .pruning import Pruner
from .scoring import Scorers
from .settings import PathSettings


class Members:
    """The results of all members, in NumPy arrays (L, F, S): lambdas, folds, seeds.

    Without scorers there are no scores.
    """

    def __init__(
        self,
        settings: PathSettings,
        data: FoldData,
        keep_parameters: bool,
        scorers: Scorers | None = None,
    ) -> None:
        import numpy as np

        self.task, self.scorers = data.training.task, scorers
        self.lambdas = settings.lambdas
        shape = (len(self.lambdas), len(data.folds), len(settings.seeds))
        # After the last epoch; NaN for a member that diverged.
        self.train_scores = np.full(shape, np.nan)
        # By all scorers; the first one chooses lambda.
        names = [] if scorers is None else scorers.names
        self.metrics = {name: np.full(shape, np.nan) for name in names}
        self.loss_name = "" if scorers is None else scorers.loss_name
        # The standard error of each validation score that is due to its samples.
        self.sample_errors = np.full(shape, np.nan)
        self.one_class = np.zeros(shape, dtype=bool)
        # What each predicts for the validation samples of its fold, (n, outputs); None if unknown.
        self.outputs: Any = np.empty(shape, dtype=object)
        # The epoch, from 1, in which a member diverged, or 0; and the epochs it was trained for.
        self.diverged = np.zeros(shape, dtype=np.int64)
        self.epochs = np.zeros(shape, dtype=np.int64)
        # (epochs, L, F, S), as in `History`.
        self.curves = {name: np.full((settings.epochs, *shape), np.nan) for name in CURVES}
        # Weights and biases of each member on the host.
        self.parameters: Any = np.empty(shape, dtype=object) if keep_parameters else None

    def record(
        self,
        network: Network,
        history: History,
        stack: PlannedStack,
        pruner: Pruner,
        data: FoldData,
    ) -> None:
        """Record the members of a trained stack."""
        self._record_curves(history, stack, pruner)
        with network.backend.scope():
            for finished, lambdas in [*pruner.dropped, (network, pruner.lambdas)]:
                if self.parameters is not None:
                    host = finished.host_parameters()
                    for g, group in enumerate(stack.groups):
                        for m, lam in enumerate(lambdas):
                            self.parameters[(lam, *group)] = member_of(host, (g, m))
                if self.scorers is not None:
                    for g, group in enumerate(stack.groups):
                        self._score(finished, g, lambdas, group, data)

    def _score(
        self,
        network: Network,
        g: int,
        lambdas: Sequence[int],
        group: tuple[int, int],
        data: FoldData,
    ) -> None:
        """Record the scores of a group's members that have not diverged."""
        assert self.scorers is not None
        known = [None if self.diverged[k, *group] else float(self.lambdas[k]) for k in lambdas]
        scores = score_group(self.scorers, network, g, data, group[0], known)
        for k, found in zip(lambdas, scores, strict=True):
            at = (k, *group)
            if found is None:
                continue
            self.train_scores[at], self.sample_errors[at] = found.training, found.sample_error
            self.one_class[at], self.outputs[at] = found.one_class, found.outputs
            for name, score in found.validation.items():
                self.metrics[name][at] = score

    def _record_curves(self, history: History, stack: PlannedStack, pruner: Pruner) -> None:
        for epoch in range(len(history)):
            at = members_at(pruner.trained_in(epoch), stack.groups)
            for name in CURVES:
                if values := getattr(history, name):
                    self.curves[name][(epoch, *at)] = values[epoch]
            self.epochs[at] = epoch + 1
        for lambdas, diverged in [*pruner.diverged, (pruner.lambdas, history.diverged)]:
            self.diverged[members_at(lambdas, stack.groups)] = diverged

    def part(self, stack: PlannedStack) -> dict[str, Any]:
        """Return what is recorded of a stack's members."""
        return {name: array[index] for name, array, index in self._arrays(stack)}

    def put(self, stack: PlannedStack, part: dict[str, Any]) -> None:
        """Record what another machine recorded of a stack's members."""
        for name, array, index in self._arrays(stack):
            array[index] = part[name]

    def _arrays(self, stack: PlannedStack) -> Iterator[tuple[str, Any, tuple[Any, ...]]]:
        """Yield all arrays by a name for each, and where the members of a stack are in them."""
        index = members_at(stack.lambdas, stack.groups)
        for name in ("train_scores", "sample_errors", "one_class", "outputs", "diverged", "epochs"):
            yield name, getattr(self, name), index
        if self.parameters is not None:
            yield "parameters", self.parameters, index
        for name, array in self.metrics.items():
            yield f"metric {name}", array, index
        for name, curve in self.curves.items():
            yield f"curve {name}", curve, (slice(None), *index)
