"""The temperature of a path's networks, and what it changes in predictions it was not found by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..diagnosis.calibration import Reliability, reliability
from ..nn.temperature import tempered
from .out_of_fold import OutOfFold, Pooled
from .predictions import Predictions
from .sample_scores import error_of_mean, log_likelihood

PARTS = 10  # at most, of the samples; each has the temperature of all others


@dataclass(frozen=True)
class Calibration:
    """How well the probabilities of the best lambda's networks agree with the answers.

    All numbers are of the out-of-fold predictions, of which each seed has its own: the temperature
    is that of a single network. What it changes is measured honestly: each fold has the
    temperature that is found by the others, with one set of validation samples each fifth of them.

    Attributes
    ----------
    temperature : float
        What the logits are divided by; see docs/calibration.md.
    log_loss, calibrated_log_loss : float
        At the temperature 1, and at that of the other folds.
    gain, gain_error : float
        The first minus the second, and its standard error.
    reliability, calibrated_reliability : xl2.diagnosis.calibration.Reliability
        Bins of both; `error` is the expected calibration error.
    used : bool
        Whether the models of the path have the temperature.
    """

    temperature: float
    log_loss: float
    calibrated_log_loss: float
    gain: float
    gain_error: float
    reliability: Reliability
    calibrated_reliability: Reliability
    used: bool = False


def calibration_of(task: str, found: Pooled, count: int) -> tuple[Calibration, Pooled]:
    """Return what a temperature changes, and predictions at that of the other folds.

    `count` is the number of the path's samples, or of its validation samples.
    """
    import numpy as np

    own = found.parts(count, PARTS)
    outputs = np.empty_like(found.outputs)
    for part in np.unique(own):
        here = own == part
        temperature = found.take(~here).temperature(task)
        outputs[here] = tempered(task, found.outputs[here], temperature)
    calibrated = found._replace(outputs=outputs)
    repeats = len(own) / len(np.unique(found.rows))
    losses, bins = [], []
    for one in (found, calibrated):
        losses.append(-log_likelihood(Predictions(task, one.outputs), one.y, None))
        bins.append(reliability(task, one.outputs, one.y, one.weight, repeats=repeats))
    weight = np.ones(len(own)) if found.weight is None else found.weight
    before, after = (float(np.average(loss, weights=weight)) for loss in losses)
    # The networks of several seeds make the same mistakes, so they count as one sample.
    total, gains = (
        np.bincount(found.rows, by, count) for by in (weight, weight * (losses[0] - losses[1]))
    )
    there = total > 0.0
    error = error_of_mean(gains[there] / total[there], total[there])
    temperature = found.temperature(task)
    gain = before - after
    return Calibration(temperature, before, after, gain, error, bins[0], bins[1]), calibrated


def temperatures_of(task: str, found: OutOfFold, lambdas: Iterable[int]) -> dict[int, float]:
    """Return the temperatures of the networks of some lambdas, all as indices.

    A lambda without predictions has none.
    """
    temperatures = {}
    for k in lambdas:
        if all(one is not None for one in found.members.outputs[k].ravel()):
            temperatures[k] = found.pooled(k).temperature(task)
    return temperatures
