"""The scores of trained members on the training and validation samples of their fold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..array.stacks import group_of
from ..nn.network import Network
from .fold_data import FoldData
from .predictions import Predictions
from .scoring import Scorers, check_score

# Tasks whose outputs lack the probability of the other answer: float32 loses it next to 1.
ONE_SIDED = ("binary", "multilabel")


class MemberScores(NamedTuple):
    """The scores of one member."""

    training: float  # by the chosen scorer
    one_class: bool  # whether it predicts one class only
    validation: dict[str, float]  # by all scorers; empty without validation samples
    sample_error: float  # the standard error due to the samples; NaN with several folds
    outputs: Any  # for the validation samples, as `Predictions` has them; None without


def score_group(
    scorers: Scorers,
    network: Network,
    group: int,
    data: FoldData,
    f: int,
    lambdas: Sequence[float | None],
) -> Iterator[MemberScores | None]:
    """Yield the scores of a group's members, which were trained in fold `f`.

    `lambdas` are those of the members, for messages; None for one that has no scores because it
    diverged. Nor has one whose predictions, or their errors, are not finite.
    """
    fold, truth = data.folds[f], data.training_truth(data.folds[f])
    parts = [data.training_chunks, *([] if fold.x is None else [data.validation_chunks])]
    logits = [_logits(network, group, chunks(fold)) for chunks in parts]
    samples = [
        data.own_units(fold, chunks(fold)) if scorers.needs_samples else None for chunks in parts
    ]
    for m, lam in enumerate(lambdas):
        if lam is None:
            yield None
            continue
        found = [Predictions.of(network, z[m, ...], fold.outputs) for z in logits]
        if not all(part.finite for part in found):
            yield None
            continue
        where, name = f"lambda {lam:g} {data.where(f)}", scorers.name
        own = scorers.score(
            name, found[0], truth, f"lambda {lam:g} on the training samples", samples[0]
        )
        validation, error, outputs = dict[str, float](), float("nan"), None
        if fold.x is not None:
            held = found[1], fold.held, where, samples[1]
            validation = {other: scorers.score(other, *held) for other in scorers.names}
            if validation[name] == -math.inf:
                yield None
                continue
            check_score(validation[name], name, where)
            if len(data.folds) == 1:
                error = scorers.sample_error(*held)
            outputs = found[1].outputs
            if scorers.task not in ONE_SIDED:
                outputs = outputs.astype("float32")
        yield MemberScores(own, _one_class(scorers, found), validation, error, outputs)


def _one_class(scorers: Scorers, parts: Sequence[Predictions]) -> bool:
    if scorers.classes is None:
        return False
    ends = {int(end) for part in parts for end in (part.numbers.min(), part.numbers.max())}
    return len(ends) == 1


def _logits(network: Network, group: int, chunks: Any) -> Any:
    """Return the logits of a group's members for samples in chunks, (M, n, outputs) on the host."""
    import numpy as np

    part = network.backend.library.compiled(group_of)(network.parameters, group)
    host = network.backend.to_numpy
    return np.concatenate([host(network.logits_of(x, part)) for x in chunks], axis=-2)
