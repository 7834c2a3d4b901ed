"""Schedules: how the learning rate changes from the first step of a training to the last.

A schedule is a function of the part of the training that is done, from 0 to 1, to a factor of the
learning rate. To add one, write it and name it in `SCHEDULES`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..errors import InputError, unknown

RISE, START = 0.3, 0.04  # of `one_cycle`: the part in which the rate rises, and from what


def constant(done: float) -> float:
    """Return 1."""
    return 1.0


def cosine(done: float) -> float:
    """Return half a period of a cosine, from 1 to 0 [1]_.

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts",
       ICLR 2017.
    """
    return 0.5 * (1.0 + math.cos(math.pi * done))


def flat_cosine(done: float) -> float:
    """Return 1 in the first half of the training, then half a period of a cosine to 0."""
    return cosine(max(0.0, 2.0 * done - 1.0))


def one_cycle(done: float) -> float:
    """Return a rise from 0.04 to 1 in three tenths of the training, then a fall to 0 [1]_.

    References
    ----------
    .. [1] L. Smith, N. Topin, "Super-convergence: very fast training of neural networks using
       large learning rates", 2018.
    """
    if done < RISE:
        return START + (1.0 - START) * (1.0 - cosine(done / RISE))
    return cosine((done - RISE) / (1.0 - RISE))


SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": constant,
    "cosine": cosine,
    "flat_cosine": flat_cosine,
    "one_cycle": one_cycle,
}


def find_schedule(schedule: str) -> Callable[[float], float]:
    """Return the schedule of a name."""
    if not isinstance(schedule, str) or schedule not in SCHEDULES:
        raise InputError(unknown("schedule", schedule, SCHEDULES))
    return SCHEDULES[schedule]
