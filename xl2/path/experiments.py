"""Experiments beside a path: other networks, other training, fewer samples, on the same folds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

from ..array.workers import side_by_side
from ..diagnosis.evidence import Evidence, Trial
from ..errors import InputError, option, unknown
from ..training.progress import show_progress
from .fold_data import FoldData
from .members import Members
from .out_of_fold import OutOfFold
from .scores import PathScores
from .settings import PathSettings
from .train_stacks import train_stacks
from .variants import KEYS, Variant, cost_of, learning_curve, variants, without

BUDGET = 1.5  # of the path's own time
TOO_LONG = "it would have taken longer than the time for experiments"
STOPPED = "the time for experiments was over"
DIVERGED = "it diverged"


@dataclass(frozen=True)
class Plan:
    """Which experiments are wanted, and the time for them."""

    wanted: bool | Sequence[str]  # all, none, or those with these keys
    budget: float  # times the path's own time
    features: Mapping[str, Sequence[int]]  # columns to leave out, by a name for them
    progress: bool | None

    def wants(self, variant: Variant) -> bool:
        """Tell whether a variant is wanted."""
        return self.wanted is True or variant.key in self.wanted  # type: ignore[operator]


def check_plan(
    experiments: Any, budget: Any, without: Any, inputs: int, progress: bool | None
) -> Plan:
    """Return the plan that the arguments of a path describe, checked."""
    features: dict[str, list[int]] = {}
    for name, columns in dict(without or {}).items():
        chosen = [int(column) for column in columns]
        if not chosen or not set(chosen) < set(range(inputs)):
            raise InputError(
                f"{option('without')} must leave out one or more of the {inputs} features, not all "
                f"of them, as indices from 0 to {inputs - 1}. Received: {name!r}: {columns!r}."
            )
        features[str(name)] = chosen
    if not isinstance(experiments, bool):
        experiments = [experiments] if isinstance(experiments, str) else list(experiments)
        for key in experiments:
            if key not in KEYS:
                raise InputError(unknown("experiment", key, KEYS))
    number = isinstance(budget, Real) and not isinstance(budget, bool)
    if not number or not 0.0 < float(budget) < math.inf:
        raise InputError(
            f"{option('budget')} must be a number above 0, times the path's own time. Received: "
            f"{budget!r}."
        )
    return Plan(experiments, float(budget), features, progress)


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


def add_experiments(
    evidence: Evidence,
    path: PathScores,
    settings: PathSettings,
    data: FoldData,
    out_of_fold: OutOfFold,
    plan: Plan,
    order: Callable[[Any, int], Any],
) -> Evidence:
    """Return evidence with experiments that take no longer than planned.

    Which are tried is decided by what they are expected to cost, so that it hardly depends on the
    machine; those that are not finished in time are left out. See `learning_curve` for `order`.
    """
    best, began = path.best_index_, time.perf_counter()
    training = float(path.curves_["score"][-1, best].mean())
    held = float((evidence.scores[evidence.best] * evidence.weights).sum())
    underfits = 1.0 - training > training - held / float(evidence.weights.sum())
    curve = learning_curve(settings, data, best, order)
    tried = [without(settings, data, best, own, name) for name, own in plan.features.items()]
    rest = [one for one in variants(settings, data, best, underfits) if plan.wants(one)]
    if not (plan.wanted is True or "curve" in plan.wanted):  # type: ignore[operator]
        curve = []
    workers = settings.workers()
    chosen, left_out = _within(
        plan.budget * cost_of(settings, data, workers), [*curve, *tried, *rest], workers
    )
    deadline = began + plan.budget * path.fit_time_
    found: dict[str, Trial] = {}
    problems: dict[str, str] = {}

    def work(own: FoldData, variant: Variant, wanted: Callable[[], bool]) -> None:
        started = time.perf_counter()
        members = train_stacks(
            variant.settings,
            variant.data,
            None,
            scorers=out_of_fold.scorers,
            keep_parameters=False,
            workers=1,
            curves=False,
            wanted=lambda: wanted() and time.perf_counter() < deadline,
        )
        problem = _problem(members, variant)
        if problem:
            problems[variant.key] = problem
        else:
            found[variant.key] = _trial(
                variant, members, out_of_fold, best, time.perf_counter() - started
            )
        advance(None, variant.settings.epochs)

    # The longest first, as the threads end together then.
    jobs = sorted(chosen, key=lambda one: -one.cost())
    with show_progress(sum(one.settings.epochs for one in jobs), plan.progress) as advance:
        side_by_side(settings.backend.library, workers, work, jobs, [data])
    left_out += [(one.what, problems[one.key]) for one in chosen if one.key in problems]
    kept = [found[one.key] for one in chosen if one.key in found]
    return replace(
        evidence,
        trials=[trial for trial in kept if trial.kind != "rows"],
        curve=[trial for trial in kept if trial.kind == "rows"],
        left_out=left_out,
        seconds=time.perf_counter() - began,
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
