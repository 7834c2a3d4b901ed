"""What shuffling each column of a fold's validation samples costs the networks of a path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from ..array.backend import connect
from ..array.rows import HostRows
from ..diagnosis.evidence import TOO_LONG
from ..diagnosis.held_out import STORED, comparable_inputs
from ..diagnosis.importance import (
    Importance,
    Part,
    correlated_columns,
    importance_of,
)
from ..diagnosis.shuffling import (
    FEW_ROWS,
    FEWEST_ROWS,
    MOST_ROWS,
    drawn,
    losses_of_columns,
    reason_against,
    repeats_in,
)
from .ensembles import EnsembleMaker
from .fold_data import FoldData
from .predictions import Predictions
from .sample_scores import accuracy, log_likelihood, r2
from .settings import PathSettings, network_of

KEY = "importance"
OF_CLASSES = (accuracy, log_likelihood)  # what is shown, and what is tested
SHARE = 0.2  # of the time for experiments, and beside them
NOT_FINITE = "its scores are not finite"
UNKNOWN_INPUTS = "only the transformer knows which inputs it makes of them"


def reason_to_leave_out(
    settings: PathSettings,
    data: FoldData,
    names: Sequence[str],
    asked_for: bool,
    allowed: float,
) -> str:
    """Return why the columns are not shuffled; "" if they are.

    They are left out if they are too many or pixels, unless they are `asked_for`, or if it costs
    more than `allowed`, in the unit of `cost_of`.
    """
    if not len(data.sources):
        return UNKNOWN_INPUTS
    if any(isinstance(fold.x, HostRows) for fold in data.folds):
        return STORED
    if sum(len(fold.held.y) for fold in data.folds) < FEWEST_ROWS:
        return FEW_ROWS
    columns = 1 + max(data.sources)
    if not asked_for and (reason := reason_against(names, columns)):
        return reason
    return TOO_LONG if cost(settings, data, columns) > allowed else ""


def cost(settings: PathSettings, data: FoldData, columns: int) -> float:
    """Return about how long shuffling takes, in milliseconds of a laptop's core."""
    parameters = sum(i * o + o for i, o in pairwise(settings.sizes))
    rows = sum(min(MOST_ROWS, len(fold.held.y)) for fold in data.folds)
    each = 0.2 * len(data.folds) + rows * (3e-4 + 5e-8 * parameters)
    return columns * repeats_in(len(data.folds)) * each


def importance_of_path(maker: EnsembleMaker, data: FoldData, best: int) -> Importance | None:
    """Return the importance of columns for the chosen lambda's networks of the first seed.

    None if a score is not finite, as of networks that explode without a column. They compute on
    the host: a device gains nothing from so few samples at once.
    """
    import numpy as np

    here = replace(maker.settings, backend=connect("numpy"))
    parts, inputs = list[Part](), []
    for f, fold in enumerate(data.folds):
        network = network_of(here, maker.parameters[best, f, 0], maker.task)
        rows = drawn(len(fold.held.y))
        with data.backend.scope():
            x = data.backend.to_numpy(fold.x)[rows]
        parts.append(_part(network, data, f, x, rows))
        inputs.append(x)
    if not all(np.isfinite(part.losses).all() for part in parts):
        return None
    compared = comparable_inputs(data.folds[0].preprocessing, len(data.sources))
    pairs = correlated_columns(
        np.concatenate(inputs)[:, compared], [data.sources[i] for i in compared]
    )
    return importance_of(maker.features, parts, pairs)


def _part(network: Any, data: FoldData, f: int, x: Any, rows: Any) -> Part:
    """Return what shuffling each column of some of a fold's samples costs its network."""
    import numpy as np

    fold, regression = data.folds[f], network.task == "regression"
    truth = fold.held.take(rows)

    def predict(inputs: Any) -> Predictions:
        return Predictions.of(network, network.logits_of(inputs), fold.outputs)

    def score(found: Predictions, weight: Any) -> tuple[float, float]:
        with np.errstate(over="ignore"):
            scores = [one(found, *truth) for one in ((r2, r2) if regression else OF_CLASSES)]
        shown, tested = np.average(scores, axis=1, weights=weight).tolist()
        return shown, tested

    losses = losses_of_columns(
        predict,
        x,
        data.sources,
        1 + max(data.sources),
        score,
        repeats_in(len(data.folds)),
        truth.weight,
        f,
    )
    return Part(*losses, len(rows), of_training=len(fold.held.y) / len(fold.rows))
