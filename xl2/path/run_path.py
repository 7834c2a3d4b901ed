"""What is done with the data of a path: its members are trained, scored, and models are made."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from ..training.progress import Display
from .arguments import check_refit
from .calibration import calibration_of, temperatures_of
from .checkpoints import Folder
from .ensembles import EnsembleMaker
from .experiments import Plan, add_experiments, add_importance, fair_order
from .fold_checks import check_spreads, read_groups
from .fold_data import FoldData
from .grid import with_placed_lambdas
from .importance import KEY
from .null_model import score_null_model
from .out_of_fold import OutOfFold
from .path_data import PathData
from .refit import add_findings, add_refits, add_temperatures, refit_models
from .result import RegularizationPath
from .scoring import Scorers
from .train_stacks import train_stacks
from .unfinished import note_of_unfinished_training


def run_path(
    data: PathData,
    folds: FoldData,
    scorers: Scorers,
    plan: Plan,
    *,
    placed: int | None,
    refit: Any,
    refit_seeds: int,
    return_members: bool,
    calibrate: bool,
    validated_on: str | None,
    groups: Any,
    understood: tuple[str, ...],
    folder: Folder | None,
    several_devices: bool,
    display: Display,
) -> RegularizationPath:
    """Train the members of a path in the folds of its data, and return the path.

    `placed` is the length of a default grid, None for given lambdas; `validated_on` the digest
    of validation samples, None for a cross-validation; `understood` what was understood of a
    frame. The others are as in `regularization_path`.
    """
    held_out, settings = validated_on is not None, data.settings
    if scorers.name == "r2":
        check_spreads([fold.held.y for fold in folds.folds], cv=not held_out)
    null = score_null_model(scorers, folds)
    began = time.perf_counter()
    if placed is not None:
        settings = data.settings = with_placed_lambdas(placed, settings, folds, folder, display)
    check_refit(refit, settings.lambdas)
    members = train_stacks(
        settings,
        folds,
        folder,
        several_devices=several_devices,
        display=display,
        phase="Path",
        # With validation samples the models are members; see `refit_models`.
        keep_parameters=(
            return_members or (held_out and refit is not False) or settings.keeps(len(folds.folds))
        ),
        scorers=scorers,
    )
    seconds, own = time.perf_counter() - began, replace(settings, cluster=None)
    path = RegularizationPath(members, null, own, seconds)
    kept = range(len(path.lambdas_)) if return_members else [path.best_index_]
    maker = None
    if members.parameters is not None:
        maker = EnsembleMaker.of(members, folds, own, data.features, kept)
    if not held_out:
        members.parameters = None  # before others are trained
    refits = refit_models(
        path,
        refit,
        refit_seeds,
        members,
        data,
        folds.folds[0] if held_out else None,
        folder,
        display,
    )
    members.parameters = None
    path.understood_ = understood
    path.unfinished_ = note_of_unfinished_training(path, data)
    found = OutOfFold(members, folds, scorers)
    path.classes_ = scorers.classes
    count = len(folds.validated[0]) if held_out else len(data.targets.values)
    predicted = found.pooled(path.best_index_)
    if scorers.task != "regression":
        path.calibration_, calibrated = calibration_of(scorers.task, predicted, count)
        if calibrate:
            path.calibration_ = replace(path.calibration_, used=True)
            predicted = calibrated
            used = [k for k, lam in enumerate(path.lambdas_) if k in kept or lam in path.models_]
            temperatures = temperatures_of(scorers.task, found, used)
            maker = maker and replace(maker, temperatures=temperatures)
            add_temperatures(path, temperatures)
    path.oof_predictions_ = found.predictions(predicted, count)
    path.keep_members(maker)
    if maker is not None:
        path.ensemble(path.best_lambda_)
    add_refits(path, refits)
    if not return_members:
        path.keep_members(None)
    evidence = found.evidence(path)
    if plan.wanted and evidence.signal.found:
        evidence = replace(evidence, **found.repeats(data.on_host()))
        if KEY in plan.keys:
            with display.phase("Column importance"):
                evidence = add_importance(evidence, path, maker, folds, plan)
        known = None if groups is None else read_groups(groups, len(data.targets.labels))
        regression = data.targets.classes is None
        order = fair_order(data.targets.labels, not regression, known, settings.seeds[0])
        evidence = add_experiments(evidence, path, settings, folds, found, plan, order, display)
    add_findings(path, evidence, validated_on)
    return path
