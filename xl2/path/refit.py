"""Models of a path, trained on all samples, and what was found about the best of them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..diagnosis.choice import lambdas_to_compare
from ..diagnosis.evidence import Evidence
from ..diagnosis.tried import tried_of
from ..nn.model import Model
from ..nn.score_names import shown_score
from .arguments import RULES
from .checkpoints import Folder
from .fold_data import Fold
from .members import Members
from .path_data import PathData
from .result import RegularizationPath
from .scores import PathScores
from .settings import network_of
from .train_stacks import train_stacks


def refit_models(
    path: RegularizationPath,
    refit: Any,
    members: Members,
    data: PathData,
    fold: Fold | None,
    folder: Folder | None,
) -> None:
    """Add the models that `refit` asks for to a path.

    They are members of a fold that has all samples. After a cross-validation it is None, and
    they are trained as one stack.
    """
    indices: Sequence[int] = _indices(path, refit)
    if not indices:
        return
    began, settings = time.perf_counter(), data.settings
    lambdas, own = [float(path.lambdas_[k]) for k in indices], indices
    if fold is None:
        everything = data.all_rows()
        fold = everything.folds[0]
        settings = replace(
            settings,
            penalties=[settings.penalties[k] for k in indices],
            seeds=settings.seeds[:1],
            patience=None,
        )
        # The name of the folder has to tell lambdas apart.
        digest = hashlib.sha256(", ".join(map(repr, lambdas)).encode()).hexdigest()[:16]
        subfolder = None if folder is None else folder.subfolder(f"refit-{digest}")
        members, own = train_stacks(settings, everything, subfolder), range(len(indices))
    for lam, k in zip(lambdas, own, strict=True):
        if members.diverged[k, 0, 0]:
            path.refit_diverged_.append(lam)
        else:
            network = network_of(settings, members.parameters[k, 0, 0], members.task)
            path.models_[lam] = Model(
                network,
                fold.inputs,
                fold.outputs,
                data.targets.classes,
                data.features,
                preprocessing=fold.preprocessing,
            )
    path.refit_time_ = time.perf_counter() - began


def add_temperatures(path: RegularizationPath, temperatures: Mapping[int, float]) -> None:
    """Give each model of a path the temperature of its lambda, as an index, if it has one."""
    for k, temperature in temperatures.items():
        lam = float(path.lambdas_[k])
        if lam in path.models_:
            path.models_[lam] = replace(path.models_[lam], temperature=temperature)


def add_findings(path: RegularizationPath, evidence: Evidence, validation: str | None) -> None:
    """Add to a path, and to the models of its best lambda, what was tried.

    `validation` is a digest.
    """
    best = path.best_lambda_
    tried = tried_of(evidence, float(best), shown_score(path.score_name_).name, validation)
    path.evidence_, path.tried_ = evidence, tried
    if best in path.models_:
        path.models_[best] = replace(path.models_[best], tried=tried.to_dict())
    if best in path.ensembles_:
        path.ensembles_[best] = replace(path.ensembles_[best], tried=tried.to_dict())


def _indices(path: PathScores, refit: Any) -> list[int]:
    """Return the lambdas that `refit` asks for as indices, without those that diverged."""
    import numpy as np

    if refit is True:
        chosen = [path.best_lambda_, path.lambda_1se_, *lambdas_to_compare(path)]
    elif refit is False:
        chosen = []
    elif isinstance(refit, str):
        chosen = [getattr(path, RULES[refit])]
    else:
        chosen = refit
    sound = ~path.diverged_.any(axis=(1, 2))
    return np.flatnonzero(np.isin(path.lambdas_, chosen) & sound).tolist()
