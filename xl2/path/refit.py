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
from ..nn.ensemble import Ensemble
from ..nn.model import Model
from ..nn.score_names import shown_score
from ..training.progress import Display
from .arguments import RULES
from .checkpoints import Folder
from .fold_data import Fold, FoldData
from .members import Members
from .path_data import PathData
from .result import RegularizationPath
from .scores import PathScores
from .settings import PathSettings, network_of
from .train_stacks import train_stacks

PHASE = "Final models"  # as people see it; one, though several stacks are trained


def refit_models(
    path: RegularizationPath,
    refit: Any,
    seeds: int,
    members: Members,
    data: PathData,
    fold: Fold | None,
    folder: Folder | None,
    display: Display,
) -> list[Model]:
    """Add the models that `refit` asks for to a path, and return those of other seeds.

    They are members of a fold that has all samples. After a cross-validation it is None, and
    they are trained as one stack; so are networks of the best lambda from `seeds` less one more
    seeds.
    """
    indices, others = _indices(path, refit), list[Model]()
    if not indices:
        return others
    began, settings = time.perf_counter(), data.settings
    own: Sequence[int] = indices
    if fold is None:
        everything = data.all_rows()
        fold = everything.folds[0]
        own = range(len(indices))
        with display.phase(PHASE, unit="epoch"):
            members = _trained(settings, indices, settings.seeds[:1], everything, folder, display)
            if seeds > 1 and path.best_index_ in indices:
                first = max(settings.seeds) + 1
                more = list(range(first, first + seeds - 1))
                found = _trained(settings, [path.best_index_], more, everything, folder, display)
                others = [
                    _model(settings, found, (0, 0, s), fold, data)
                    for s in range(seeds - 1)
                    if not found.diverged[0, 0, s]
                ]
    lambdas = [float(path.lambdas_[k]) for k in indices]
    for lam, k in zip(lambdas, own, strict=True):
        if members.diverged[k, 0, 0]:
            path.refit_diverged_.append(lam)
        else:
            path.models_[lam] = _model(settings, members, (k, 0, 0), fold, data)
    path.refit_time_ = time.perf_counter() - began
    return others


def add_refits(path: RegularizationPath, others: list[Model]) -> None:
    """Make the ensemble of a path of the model of its best lambda and those of other seeds.

    The errors of the folds' networks stand for those of each of them.
    """
    best = path.models_.get(float(path.best_lambda_))
    if best is None or not others:
        return
    models = [best, *(replace(one, temperature=best.temperature) for one in others)]
    folds = path.ensembles_.get(float(path.best_lambda_))
    errors = None if folds is None else folds.residuals
    residuals = None if errors is None else errors.pooled(len(models))
    path.refit_ensemble_ = Ensemble(models, residuals=residuals)


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
    if path.refit_ensemble_ is not None:
        tried = replace(tried, averaged=len(path.refit_ensemble_.models))
    path.evidence_, path.tried_ = evidence, tried
    if best in path.models_:
        path.models_[best] = replace(path.models_[best], tried=tried.to_dict())
    if path.refit_ensemble_ is not None:
        path.refit_ensemble_ = replace(path.refit_ensemble_, tried=tried.to_dict())
    if best in path.ensembles_:
        path.ensembles_[best] = replace(path.ensembles_[best], tried=tried.to_dict())


def _trained(
    settings: PathSettings,
    indices: Sequence[int],
    seeds: list[int],
    everything: FoldData,
    folder: Folder | None,
    display: Display,
) -> Members:
    """Train networks of some lambdas on all samples, as one stack."""
    penalties = [settings.penalties[k] for k in indices]
    settings = replace(settings, penalties=penalties, seeds=seeds, patience=None)
    # The name of the folder has to tell lambdas and seeds apart.
    told = f"{', '.join(repr(one.lam) for one in penalties)}; {seeds}"
    digest = hashlib.sha256(told.encode()).hexdigest()[:16]
    subfolder = None if folder is None else folder.subfolder(f"refit-{digest}")
    return train_stacks(settings, everything, subfolder, display=display, phase=PHASE)


def _model(
    settings: PathSettings, members: Members, at: tuple[int, int, int], fold: Fold, data: PathData
) -> Model:
    return Model(
        network_of(settings, members.parameters[at], members.task),
        fold.inputs,
        fold.outputs,
        data.targets.classes,
        data.features,
        preprocessing=fold.preprocessing,
    )


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
