"""The quantity that training descends on, and its gradient, over whole data sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..array.activations import Activation
from ..array.api import Array, namespace
from ..array.chunks import chunks
from ..array.generic import CHUNK
from ..array.operations import Operations, Parameters
from .losses import Loss
from .penalties import squares
from .propagation import differentiate, propagate
from .step import Batch, Samples

Gradients = list[tuple[Array, Array]]


def objective(
    ops: Operations,
    hidden: Sequence[Activation],
    parameters: Parameters,
    samples: Samples,
    coefficients: tuple[Any, ...],
    loss: Loss,
) -> tuple[Array, Gradients]:
    """Return the mean loss plus the penalty, shaped like the stack, and its derivatives.

    The members of a stack share the samples. The derivatives are, for each layer, those by
    its weight and by its bias. Samples are processed in chunks, so that the layers' outputs
    fit in memory.
    """
    xp = namespace(parameters[0].weight)
    total = _total(samples)
    value: Any = 0.0
    found: list[Any] = [None] * len(parameters)
    for part in _parts(samples):
        layers = propagate(ops, hidden, parameters, part.x)
        share, delta = loss.value(layers[-1], part.y), loss.delta(layers[-1], part.y)
        if part.weight is not None:
            share, delta = share * part.weight[..., 0], delta * part.weight
        value = value + xp.sum(share, axis=-1) / total
        delta /= total
        for i, weight, bias in differentiate(ops, hidden, parameters, layers, delta):
            before = found[i]
            found[i] = (weight, bias) if before is None else (before[0] + weight, before[1] + bias)
    for i, lam in enumerate(coefficients):
        if lam is not None:
            found[i] = (found[i][0] + lam / total * parameters[i].weight, found[i][1])
    penalty = squares(parameters, coefficients)
    return (value if penalty is None else value + 0.5 * penalty / total), found


def _parts(samples: Samples) -> Iterator[Samples]:
    for start, x in chunks(samples.x, CHUNK):
        stop = start + x.shape[0]
        y, weight = (None if a is None else a[start:stop, :] for a in samples[1:])
        yield Samples(x, y, weight)


def _total(samples: Samples) -> Any:
    if samples.weight is None:
        return samples.x.shape[0]
    return Batch(*samples, 0.0, 0).total()[0, 0]
