"""The record of a path's members: scores, curves, divergences, and parameters if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..array.libraries import CHUNK
from ..array.operations import Operations
from ..array.stacks import group_of, member_of
from ..nn import tasks
from ..nn.network import Network
from ..training.batching import cut
from ..training.history import CURVES, History
from .fold_data import Fold, FoldData
from .planning import PlannedStack
from .pruning import Pruner


class Members:
    """The results of all members, in NumPy arrays (L, F, S): lambdas, folds, seeds."""

    def __init__(
        self, shape: tuple[int, int, int], epochs: int, task: str, keep_parameters: bool
    ) -> None:
        import numpy as np

        self.task = task
        # After the last epoch; NaN for a member that diverged.
        self.train_scores = np.full(shape, np.nan)
        self.validation_scores = np.full(shape, np.nan)
        # The standard error of each validation score that is due to its samples.
        self.sample_errors = np.full(shape, np.nan)
        # The epoch, from 1, in which a member diverged, or 0; and the epochs it was trained for.
        self.diverged = np.zeros(shape, dtype=np.int64)
        self.epochs = np.zeros(shape, dtype=np.int64)
        # (epochs, L, F, S), as in `History`.
        self.curves = {name: np.full((epochs, *shape), np.nan) for name in CURVES}
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
                for g, (f, s) in enumerate(stack.groups):
                    fold = data.folds[f]
                    self.train_scores[lambdas, f, s] = _training_score(finished, g, data, fold)
                    if fold.x is not None:
                        score, error = _validation_score(finished, g, fold)
                        self.validation_scores[lambdas, f, s] = score
                        self.sample_errors[lambdas, f, s] = error
        for values in (self.train_scores, self.validation_scores, self.sample_errors):
            values[self.diverged > 0] = float("nan")

    def _record_curves(self, history: History, stack: PlannedStack, pruner: Pruner) -> None:
        import numpy as np

        folds, seeds = np.array(stack.groups).T

        def index(lambdas: Sequence[int]) -> tuple[Any, ...]:
            return np.array(lambdas)[None, :], folds[:, None], seeds[:, None]

        for epoch in range(len(history)):
            at = index(pruner.trained[min(epoch, len(pruner.trained) - 1)])
            for name in CURVES:
                if values := getattr(history, name):
                    self.curves[name][(epoch, *at)] = values[epoch]
            self.epochs[at] = epoch + 1
        for lambdas, diverged in [*pruner.diverged, (pruner.lambdas, history.diverged)]:
            self.diverged[index(lambdas)] = diverged


def _training_score(network: Network, group: int, data: FoldData, fold: Fold) -> Any:
    """Return the scores of a group's members on their training samples: (M,)."""
    backend, samples = network.backend, data.training.samples
    take = Operations.of(backend.library).take_rows
    part = group_of(network.parameters, group)
    rows = backend.from_numpy(fold.rows)
    y, weight = (None if a is None else take(a, rows) for a in samples[1:])
    measure = network.measure(y, weight)
    for start, stop in cut(len(fold.rows), CHUNK):
        x, y, weight = (None if a is None else take(a, rows[start:stop]) for a in samples)
        measure.add(network.logits_of(x, part), y, weight)
    return measure.read()["score"]


def _validation_score(network: Network, group: int, fold: Fold) -> tuple[Any, Any]:
    """Return a group's validation scores, and the standard errors due to the samples."""
    import numpy as np

    y, weight, host = fold.y, fold.weight, network.backend.to_numpy
    assert y is not None
    count = y.shape[0]
    logits = network.logits_of(fold.x, group_of(network.parameters, group))
    measure = network.measure(y, weight)
    measure.add(logits, y, weight)
    score = measure.read()["score"]
    if network.task != "regression":
        # Kish's effective number of samples: unequal weights carry less information.
        own = np.ones(count) if weight is None else host(weight)[:, 0].astype(np.float64)
        return score, np.sqrt(score * (1.0 - score) * (own**2).sum()) / own.sum()
    # R2 is 1 minus a sum over the samples; its standard error comes from their spread.
    missed = (host(network.activate(logits)) - host(y)).astype(np.float64) ** 2
    around = host(tasks.spread(y, weight))
    share = (missed / np.where(around > 0.0, around, np.inf)).mean(axis=-1)
    if weight is not None:
        share = share * host(weight)[:, 0]
    return score, np.sqrt(count) * share.std(axis=-1, ddof=1)
