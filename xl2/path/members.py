"""The record of a path's members: scores, curves, divergences, and parameters if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..array.generic import CHUNK
from ..array.operations import Operations
from ..array.stacks import group_of, member_of
from ..nn import tasks
from ..nn.network import Network
from ..training.history import CURVES, History
from .fold_data import Fold, FoldData
from .planning import PlannedStack
from .pruning import Pruner


@dataclass
class Members:
    """The result of every member; arrays are (L, F, S): lambdas, folds, seeds.

    Attributes
    ----------
    train_scores, validation_scores : numpy.ndarray
        After the last epoch; NaN for a member that diverged.
    sample_errors : numpy.ndarray
        The standard error of each validation score that is due to its samples.
    diverged, epochs : numpy.ndarray of int
        The epoch, from 1, in which it diverged, or 0; and the epochs that it was trained for.
    curves : dict of str to numpy.ndarray, shape (epochs, L, F, S)
        As in `History`.
    parameters : numpy.ndarray of object, or None
        Weights and biases as NumPy arrays, where they are kept.
    task : str
    """

    train_scores: Any
    validation_scores: Any
    sample_errors: Any
    diverged: Any
    epochs: Any
    curves: dict[str, Any]
    parameters: Any
    task: str

    @classmethod
    def empty(
        cls, shape: tuple[int, int, int], epochs: int, task: str, keep_parameters: bool
    ) -> Members:
        """Return a record to be filled."""
        import numpy as np

        return cls(
            train_scores=np.full(shape, np.nan),
            validation_scores=np.full(shape, np.nan),
            sample_errors=np.full(shape, np.nan),
            diverged=np.zeros(shape, dtype=np.int64),
            epochs=np.zeros(shape, dtype=np.int64),
            curves={name: np.full((epochs, *shape), np.nan) for name in CURVES},
            parameters=np.empty(shape, dtype=object) if keep_parameters else None,
            task=task,
        )

    def enter(
        self,
        network: Network,
        history: History,
        stack: PlannedStack,
        pruner: Pruner,
        data: FoldData,
    ) -> None:
        """Record the members of a trained stack."""
        self._enter_curves(history, stack, pruner)
        with network.backend.scope():
            for finished, lambdas in [*pruner.dropped, (network, pruner.lambdas)]:
                host = None if self.parameters is None else finished.host_parameters()
                for g, (f, s) in enumerate(stack.groups):
                    fold = data.folds[f]
                    for m, number in enumerate(lambdas if host else ()):
                        self.parameters[number, f, s] = member_of(host, (g, m))
                    self.train_scores[lambdas, f, s] = _training_score(finished, g, data, fold)
                    if fold.x is not None:
                        score, error = _validation_score(finished, g, fold)
                        self.validation_scores[lambdas, f, s] = score
                        self.sample_errors[lambdas, f, s] = error
        for values in (self.train_scores, self.validation_scores, self.sample_errors):
            values[self.diverged > 0] = float("nan")

    def _enter_curves(self, history: History, stack: PlannedStack, pruner: Pruner) -> None:
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
    for start in range(0, len(fold.rows), CHUNK):
        stop = min(start + CHUNK, len(fold.rows))
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
