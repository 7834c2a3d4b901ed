"""The quantity that training descends on, and its gradient, over whole data sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..array.api import Array
from ..array.chunks import chunks
from ..array.generic import CHUNK
from ..array.operations import Operations
from .losses import Loss
from .network import Network
from .penalties import squares
from .propagation import differentiate, propagate
from .step import Batch, Samples

Gradients = list[tuple[Array, Array]]


def objective(
    network: Network, samples: Samples, coefficients: tuple[Any, ...], loss: Loss
) -> tuple[Array, Gradients]:
    """Return the mean loss plus the penalty, and its derivatives.

    Parameters
    ----------
    network : Network
        One, or a stack whose members share their samples.
    samples : Samples
        Checked; the layers' outputs are kept for a part of them at a time.
    coefficients : tuple
        lambda for each layer, from `penalties.coefficients_of`.
    loss : Loss

    Returns
    -------
    value : array, shaped like the stack
    gradients : list of (array, array)
        For each layer those by its weight and its bias, shaped like them.
    """
    ops, hidden = Operations.of(network.backend.library), network.hidden_activations()
    xp, parameters = network.backend.xp, network.parameters
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
