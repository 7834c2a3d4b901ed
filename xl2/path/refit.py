"""Models of a path, trained on all samples."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Any

from ..nn.model import Model
from .checkpoints import Folder
from .fold_data import FoldData, PathData
from .members import Members
from .planning import plan
from .result import RegularizationPath, network_of
from .scores import PathScores
from .settings import PathSettings
from .train_stacks import train_stacks


def refit_models(
    path: RegularizationPath,
    refit: Any,
    members: Members,
    settings: PathSettings,
    data: PathData,
    folds: FoldData,
    seed: int,
    classes: tuple[Any, ...] | None,
    folder: Folder | None,
) -> None:
    """Add the models that `refit` asks for to a path.

    With validation samples they are members, which were trained on all samples. After a
    cross-validation they are trained as one stack.
    """
    indices = _indices(path, refit)
    if not indices:
        return
    began = time.perf_counter()
    if path.has_validation_samples:
        fold = folds.folds[0]
        parameters = [members.parameters[k, 0, 0] for k in indices]
    else:
        everything = data.all_rows()
        fold = everything.folds[0]
        lambdas = path.lambdas_[indices]
        rows, workers = [len(fold.rows)], settings.workers()
        trained = train_stacks(
            settings,
            everything,
            lambdas,
            [seed],
            plan(rows, len(lambdas), 1, settings.members_at_once(), workers),
            workers,
            folder=None if folder is None else folder.subfolder(_folder_name(lambdas)),
        )
        lost = trained.diverged[:, 0, 0] > 0
        parameters = [trained.parameters[k, 0, 0] for k in range(len(indices)) if not lost[k]]
        indices = [k for k, missing in zip(indices, lost, strict=True) if not missing]
        path.refit_diverged_ = lambdas[lost].tolist()
    for k, own in zip(indices, parameters, strict=True):
        network = network_of(settings, own, members.task)
        lam = float(path.lambdas_[k])
        path.models_[lam] = Model(network, fold.inputs, fold.outputs, classes)
    path.refit_time_ = time.perf_counter() - began


def _indices(path: PathScores, refit: Any) -> list[int]:
    """Return the lambdas that `refit` asks for as indices, without those that diverged."""
    import numpy as np

    sound = ~path.diverged_.any(axis=(1, 2))
    if refit is True:
        chosen = [path.best_index_, path.index_1se_, *_compared(path)]
    elif refit is False:
        chosen = []
    elif isinstance(refit, str):
        chosen = [path.best_index_ if refit == "best" else path.index_1se_]
    else:
        chosen = np.searchsorted(path.lambdas_, sorted(refit)).tolist()
    return sorted({int(k) for k in chosen if sound[k]})


def _compared(path: PathScores) -> list[int]:
    """Return what `diagnose` compares: the smallest lambda, and the best positive one."""
    import numpy as np

    known = np.flatnonzero(~np.isnan(path.validation_means_))
    if not len(known):
        return []
    others = [k for k in known if path.lambdas_[k] > 0.0 and k != known[0]]
    best = max(others, key=path.validation_means_.__getitem__, default=known[0])
    return [known[0], path.best_index_ if path.best_index_ in others else best]


def _folder_name(lambdas: Sequence[float]) -> str:
    """Return a folder's name that tells lambdas apart."""
    listed = ", ".join(repr(float(lam)) for lam in lambdas)
    return f"refit-{hashlib.sha256(listed.encode()).hexdigest()[:16]}"
