"""The default grid of lambdas, placed where the penalty matters by a short trial.

A lambda divided by the number of samples, its strength, says how much the penalty counts beside
the mean loss. On standardised samples the best strength hardly depends on the data: in the sets
of docs/lambda_measured.md it is 0, or between 0.002 and `USUAL`. With thousands of features, or in
other units, it may be elsewhere. So a few networks are trained for a short time, with strengths of
many magnitudes: the edge is the largest one with which a network learns, and from there the grid
is moved if it must.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from ..nn.penalties import L2
from ..training.progress import NOTHING, Display
from .checkpoints import Folder
from .fold_data import FoldData
from .null_model import answer_of
from .scoring import OF_EPOCHS, Scorers
from .settings import PathSettings
from .train_stacks import train_stacks

USUAL = 0.2  # the strength up to which networks learn something, unless a trial says otherwise
PART_OF_EDGE = 1 / 150  # and it is at least this part of the edge
# The largest lambda is up to this times as strong: beside it, the best one is not at the edge of
# the grid. It alone may teach nothing.
BEYOND = 2.2
SPAN = 10**2.5  # the largest positive lambda over the smallest
TRIED = (0.0, 0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0, 100.0, 1000.0)
TRIAL = 1 / 5  # of the epochs
# A network learns if its score is above the null model's by this part of what it is without a
# penalty. A network without a penalty fits noise too, so on noisy samples the best lambda leaves
# less than half of that. Without a penalty it has to be above by `LITTLE` of what is possible.
ENOUGH, LITTLE = 0.2, 0.1


def with_placed_lambdas(
    count: int, settings: PathSettings, data: FoldData, folder: Folder | None, display: Display
) -> PathSettings:
    """Return settings with the default grid of `count` lambdas.

    A path that is resumed has the lambdas of its folder: elsewhere rounding may change them.
    """
    found = None if folder is None else folder.placed_lambdas(count)
    if found is None:
        found = spaced(count, highest_lambda(settings, data, display)) if count > 1 else [0.0]
    return replace(settings, penalties=_penalties(settings, found), placed=True)


def highest_lambda(settings: PathSettings, data: FoldData, display: Display = NOTHING) -> float:
    """Return the limit of the lambdas that a grid may have for the samples of a path.

    Of the settings' penalties only what lambda is divided by is used.
    """
    fold = data.folds[0]
    truth = data.training_truth(fold)
    unit = _divisor(settings, len(fold.rows), truth.weight)  # a strength of 1 as lambda
    trial = replace(
        settings,
        penalties=_penalties(settings, [unit * strength for strength in TRIED]),
        seeds=settings.seeds[:1],
        epochs=math.ceil(TRIAL * settings.epochs),
        patience=None,
    )
    unseen = replace(data, folds=[replace(fold, x=None, y=None, weight=None)])
    task = data.training.task
    scorers = Scorers(OF_EPOCHS[task == "regression"], task, data.targets)
    members = train_stacks(
        trial,
        unseen,
        None,
        display=display,
        phase="Placing lambdas",
        keep_parameters=False,
        scorers=scorers,
    )
    answer = answer_of(scorers, truth, len(truth.y))
    null = scorers.score(scorers.name, answer, truth, "the null model in fold 1")
    edge = edge_of(members.train_scores[:, 0, 0], null)
    learning = USUAL if edge is None else min(max(USUAL, PART_OF_EDGE * edge), edge)
    return unit * BEYOND * learning


def _divisor(settings: PathSettings, rows: int, weight: Any) -> float:
    """Return what divides lambda in training; of mini-batches of different weights the mean."""
    per, total = settings.penalties[0].per, rows if weight is None else float(weight.sum())
    if per == "batch":
        return total * min(settings.training.batch_size, rows) / rows
    return total if per == "dataset" else per


def _penalties(settings: PathSettings, lambdas: list[float]) -> list[L2]:
    return [L2(lam, settings.penalties[0].per) for lam in lambdas]


def edge_of(scores: Any, null: float) -> float | None:
    """Return the largest strength with which a network learns, by the scores of `TRIED`, (10,).

    It is interpolated. None means that the trial was too short to find it: the network without
    a penalty has not learnt yet, or that with the strongest has not been kept from it.
    """
    import numpy as np

    gains = np.nan_to_num(np.asarray(scores) - null, nan=-np.inf)
    if not gains[0] > LITTLE * (1.0 - null):
        return None
    part = np.maximum(gains / gains[0], 0.0)
    # Chance may lift the score of one that does not learn: the next smaller one has to learn too.
    learns = part >= ENOUGH
    last = int(np.flatnonzero(learns & np.r_[True, learns[:-1]])[-1])
    if last == len(TRIED) - 1:
        return None
    if last == 0:
        return TRIED[1]
    way = (part[last] - ENOUGH) / (part[last] - part[last + 1])
    return TRIED[last] * math.pow(TRIED[last + 1] / TRIED[last], way)


def spaced(count: int, highest: float) -> list[float]:
    """Return 0, and `count` - 1 lambdas in equal steps on a logarithmic scale up to `highest`.

    They are parts of a decade, and rounded: 1, 3, 7, 20, 50, 100, 300 for eight lambdas.
    """
    positive = count - 1
    steps = max(1.0, (positive - 1) / math.log10(SPAN))  # in a decade
    # A single one is in the middle.
    top = math.floor(steps * math.log10(highest) + 1e-9) - (positive == 1)
    digits = 1 if steps <= 3 else 2 if steps <= 20 else 6
    return [0.0, *(_rounded(10 ** ((top - k) / steps), digits) for k in reversed(range(positive)))]


def _rounded(value: float, digits: int) -> float:
    """Return a number with few digits: with one, 1.5 is possible too."""
    exponent = math.floor(math.log10(value))
    factor = value / 10.0**exponent
    short = round(2.0 * factor) / 2.0 if digits == 1 and factor < 2.0 else round(factor, digits - 1)
    return float(f"{short:g}e{exponent}")
