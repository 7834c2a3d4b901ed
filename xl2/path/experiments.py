"""Experiments beside a path: other networks, other training, fewer samples, on the same folds."""

from __future__ import annotations

import contextlib
import math
import operator
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

from ..array.workers import side_by_side
from ..diagnosis.evidence import STOPPED, TOO_LONG, Evidence, Trial
from ..diagnosis.importance import WHAT
from ..errors import InputError, OutOfMemoryError, option, unknown
from ..training.progress import Display
from .ensembles import EnsembleMaker
from .fold_data import FoldData
from .importance import NOT_FINITE, SHARE, importance_of_path, reason_to_leave_out
from .members import Members
from .out_of_fold import OutOfFold
from .scores import PathScores
from .scoring import Scorers, default_scoring
from .settings import PathSettings
from .train_stacks import train_stacks
from .variants import DRAWN, KEYS, Variant, cost_of, learning_curve, variants, without

PLANNED = 0.75  # of the time: what an experiment costs is known roughly, and cores may be busy
DIVERGED = "it diverged"
NO_MEMORY = "it does not fit into the memory"
NOT_KEPT = "the networks take more memory than a path keeps by itself"


@dataclass(frozen=True)
class Plan:
    """Which experiments are wanted, and the time for them."""

    keys: frozenset[str]  # of those that are wanted
    named: bool  # whether they were wanted by name
    budget: float  # times the path's own time
    features: Mapping[str, Sequence[int]]  # columns to leave out, by a name for them

    @property
    def wanted(self) -> bool:
        """Whether anything is to be tried."""
        return bool(self.keys or self.features)


def check_plan(experiments: Any, budget: Any, without: Any, inputs: int) -> Plan:
    """Return the plan that the arguments of a path describe, checked.

    `inputs` is the number of columns; 0 if it is not known what is made of them.
    """
    if not isinstance(without, Mapping | None):
        raise InputError(
            f"{option('without')} must map a name to the indices of features. Received: "
            f"{without!r}."
        )
    if without and not inputs:
        raise InputError(
            f"{option('without')} leaves out columns, but only the transformer knows which inputs "
            f"it makes of them. Leave the columns out of X, or of what the transformer selects."
        )
    features = {
        str(name): _columns(name, columns, inputs) for name, columns in (without or {}).items()
    }
    named = not isinstance(experiments, bool)
    if not named:
        experiments = KEYS if experiments else ()
    elif isinstance(experiments, str):
        experiments = (experiments,)
    elif not isinstance(experiments, Iterable):
        raise InputError(
            f"{option('experiments')} must be True, False, or a list of {', '.join(KEYS)}. "
            f"Received: {experiments!r}."
        )
    experiments = tuple(experiments)
    for key in experiments:
        if key not in KEYS:
            raise InputError(unknown("experiment", key, KEYS))
    number = isinstance(budget, Real) and not isinstance(budget, bool)
    if not number or not 0.0 < float(budget) < math.inf:
        raise InputError(
            f"{option('budget')} must be a number above 0, times the path's own time. Received: "
            f"{budget!r}."
        )
    return Plan(frozenset(experiments), named, float(budget), features)


def _columns(name: Any, columns: Any, inputs: int) -> list[int]:
    """Return the columns of a group of features, checked."""
    try:
        chosen = [operator.index(column) for column in columns]
    except TypeError:
        chosen = []
    if not chosen or not set(chosen) < set(range(inputs)):
        raise InputError(
            f"{option('without')} must leave out one or more of the {inputs} features, not all "
            f"of them, as indices from 0 to {inputs - 1}. Received: {name!r}: {columns!r}."
        )
    return chosen


def fair_order(y: Any, classes: bool, groups: Any, seed: int) -> Callable[[Any, int], Any]:
    """Return a function that orders rows so that each first part is a fair sample of them.

    Classes keep their shares, and a group is used up before the next one is begun.
    """
    import numpy as np

    labels = np.unique(y, axis=0, return_inverse=True)[1].ravel() if classes else np.zeros(len(y))

    def order(rows: Any, draw: int) -> Any:
        rng = np.random.default_rng([seed, draw, len(rows)])
        dealt = rng.permutation(rows)
        if groups is not None:
            own = np.unique(groups[dealt % len(y)], return_inverse=True)[1].ravel()
            return dealt[np.argsort(rng.permutation(own.max() + 1)[own], kind="stable")]
        place = np.empty(len(dealt))
        own = labels[dealt % len(y)]
        for label in np.unique(own):
            at = np.flatnonzero(own == label)
            place[at] = (np.arange(len(at)) + rng.random()) / len(at)
        return dealt[np.argsort(place, kind="stable")]

    return order


def add_importance(
    evidence: Evidence, path: PathScores, maker: EnsembleMaker | None, data: FoldData, plan: Plan
) -> Evidence:
    """Return evidence with the importance of the columns, or with the reason why it has none.

    `maker` has the parameters of the chosen lambda; None if they were not kept.
    """
    if maker is None:
        return replace(evidence, left_out=[(WHAT, NOT_KEPT)])
    settings = maker.settings
    allowed = SHARE * plan.budget * cost_of(settings, data, settings.workers())
    reason = reason_to_leave_out(settings, data, maker.features, plan.named, allowed)
    found = None if reason else importance_of_path(maker, data, path.best_index_)
    if found is None:
        return replace(evidence, left_out=[(WHAT, reason or NOT_FINITE)])
    return replace(evidence, importance=found)


def add_experiments(
    evidence: Evidence,
    path: PathScores,
    settings: PathSettings,
    data: FoldData,
    out_of_fold: OutOfFold,
    plan: Plan,
    order: Callable[[Any, int], Any],
    display: Display,
) -> Evidence:
    """Return evidence with experiments that take no longer than planned.

    Which are tried is decided by what they are expected to cost, so that it hardly depends on the
    machine; those that are not finished in time are left out. See `learning_curve` for `order`.
    """
    best, began = path.best_index_, time.perf_counter()
    wanted, left_out = list[Variant](), list(evidence.left_out)
    if "curve" in plan.keys:
        wanted, too_small = learning_curve(settings, data, best, order)
        left_out += too_small
    wanted += [without(settings, data, best, own, name) for name, own in plan.features.items()]
    rest = variants(settings, data, best)
    wanted += [one for one in rest if one.key in plan.keys]
    wanted.sort(key=lambda one: one.key == DRAWN)  # the last
    workers = settings.workers()
    path_cost = cost_of(settings, data, workers)
    chosen, too_long = _within(PLANNED * plan.budget * path_cost, wanted, workers)
    # Those of the path may look at the samples, of which a variant can lack features.
    scorers = Scorers(default_scoring(data.training.task), data.training.task, data.targets)
    # A resumed path may have taken no time of its own.
    deadline = began + plan.budget * max(path.fit_time_, path_cost / 1000.0)
    found: dict[str, Trial] = {}
    problems: dict[str, str] = {}

    def work(own: FoldData, variant: Variant, wanted: Callable[[], bool]) -> None:
        started, members, problem = time.perf_counter(), None, NO_MEMORY
        with contextlib.suppress(OutOfMemoryError):
            if variant.settings.fits():
                samples = variant.samples()
                members = train_stacks(
                    variant.settings,
                    samples,
                    None,
                    scorers=scorers,
                    keep_parameters=False,
                    workers=1,
                    curves=False,
                    wanted=lambda: wanted() and time.perf_counter() < deadline,
                )
                if settings.cluster is not None and samples is not variant.data:
                    settings.cluster.forget(samples)
        if members is not None:
            problem = _problem(members, variant)
        if members is None or problem:
            problems[variant.key] = problem
        else:
            seconds = time.perf_counter() - started
            found[variant.key] = _trial(variant, members, out_of_fold, best, seconds)
        advance(work=variant.cost())

    # The longest first, as the threads end together then.
    jobs = sorted(chosen, key=lambda one: -one.cost())
    total = sum(one.cost() for one in jobs)
    with display.phase("Experiments", len(jobs), work=total) as advance:
        side_by_side(settings.backend.library, workers, work, jobs, [data])
    left_out += too_long
    left_out += [(one.what, problems[one.key]) for one in chosen if one.key in problems]
    kept = [found[one.key] for one in chosen if one.key in found]
    return replace(
        evidence,
        trials=[trial for trial in kept if trial.kind != "rows"],
        curve=sorted((trial for trial in kept if trial.kind == "rows"), key=lambda one: one.rows),
        left_out=left_out,
    )


def _within(
    allowed: float, wanted: Sequence[Variant], workers: int
) -> tuple[list[Variant], list[tuple[str, str]]]:
    """Return the variants that fit into what is allowed, in their order, and the others."""
    chosen, left_out, spent = list[Variant](), list[tuple[str, str]](), 0.0
    for variant in wanted:
        cost = variant.cost() / workers
        if spent + cost > allowed:
            left_out.append((variant.what, TOO_LONG))
        else:
            chosen.append(variant)
            spent += cost
    return chosen, left_out


def _problem(members: Members, variant: Variant) -> str:
    if (members.diverged > 0).any():
        return DIVERGED
    if (members.epochs < variant.settings.epochs).any():
        return STOPPED
    return DIVERGED if any(one is None for one in members.outputs.ravel()) else ""


def _trial(variant: Variant, members: Members, path: OutOfFold, best: int, seconds: float) -> Trial:
    """Return what a variant's networks scored on the validation samples of the path's folds."""
    import numpy as np

    own = members.outputs[0]  # (folds, seeds)
    count = path.members.outputs.shape[1]
    # Several draws of a part of the samples follow one another as folds.
    draws = [own[start : start + count] for start in range(0, len(own), count)]
    if variant.kind == "ensemble":
        several = np.concatenate([path.members.outputs[best], own], axis=1)
        mean = np.empty((count, 1), dtype=object)
        for f in range(count):
            mean[f, 0] = np.mean(np.stack(several[f].tolist()), axis=0)
        draws = [mean]
    scores, losses = path.mean_scores(np.concatenate(draws, axis=1))
    rows = float(np.mean([len(fold.rows) for fold in variant.data.folds]))
    return Trial(
        variant.key,
        variant.kind,
        variant.what,
        variant.arguments,
        scores,
        losses,
        seconds,
        rows,
    )
