"""Ensembles of a path: the members of one lambda, of all folds and seeds."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..nn.ensemble import Ensemble
from ..nn.model import Model
from ..nn.prediction_intervals import Residuals
from .fold_data import Fold, FoldData, Truth
from .members import Members
from .settings import PathSettings, network_of


class Learnt(NamedTuple):
    """What a fold learnt besides its networks, as in `Model`; not its samples."""

    inputs: Any
    outputs: Any
    preprocessing: Any


@dataclass(frozen=True)
class EnsembleMaker:
    """What ensembles are made of: the parameters of a path's members, without any samples."""

    settings: PathSettings
    task: str
    classes: tuple[Any, ...] | None
    features: tuple[str, ...]
    folds: list[Learnt]
    parameters: Any  # (L, F, S), as in `Members`; None for lambdas that are not kept
    residuals: dict[int, Residuals]  # by the lambdas that have them
    temperatures: dict[int, float] = field(default_factory=dict)  # where they are not 1

    @classmethod
    def of(
        cls,
        members: Members,
        data: FoldData,
        settings: PathSettings,
        features: tuple[str, ...],
        lambdas: Container[int],
    ) -> EnsembleMaker:
        """Return what ensembles of trained members are made of, for some lambdas as indices."""
        parameters, residuals = members.parameters.copy(), dict[int, Residuals]()
        for k, own in enumerate(members.outputs):
            if k not in lambdas:
                parameters[k] = None
            elif (known := _residuals(members.task, own, data.folds)) is not None:
                residuals[k] = known
        return cls(
            settings,
            members.task,
            data.targets.classes,
            features,
            [Learnt(fold.inputs, fold.outputs, fold.preprocessing) for fold in data.folds],
            parameters,
            residuals,
        )

    def make(self, k: int) -> Ensemble:
        """Return the ensemble of a lambda, none of whose members diverged."""
        models = [
            Model(
                network_of(self.settings, parameters, self.task),
                learnt.inputs,
                learnt.outputs,
                self.classes,
                self.features,
                preprocessing=learnt.preprocessing,
                temperature=self.temperatures.get(k, 1.0),
            )
            for learnt, own in zip(self.folds, self.parameters[k], strict=True)
            for parameters in own
        ]
        return Ensemble(models, residuals=self.residuals.get(k))


def _residuals(task: str, outputs: Any, folds: Sequence[Fold]) -> Residuals | None:
    """Return the absolute errors of each fold on its validation samples, its seeds' mean.

    `outputs` (F, S) has an array (n of the fold, outputs) for each member. None for classes, and
    if predictions are not known. Errors are sorted, so that they do not tell of which sample each
    is; samples of the weight 0 have none.
    """
    if task != "regression" or any(one is None for one in outputs.ravel()):
        return None
    values = tuple(_of_fold(own, fold) for own, fold in zip(outputs, folds, strict=True))
    return Residuals(values, tuple(f for f, own in enumerate(outputs) for _ in own))


def _of_fold(outputs: Any, fold: Fold) -> Any:
    import numpy as np

    truth: Truth = fold.held
    mean = np.mean(np.stack(outputs.tolist()).astype("float64"), axis=0)
    found = np.abs(mean - truth.y)
    return np.sort(found if truth.weight is None else found[truth.weight > 0.0], axis=0)
