"""Prediction intervals by CV+, from errors on samples that a model did not see.

Barber, Candes, Ramdas and Tibshirani (2021), "Predictive inference with the jackknife+", Annals of
Statistics 49. A new value is guessed by each fold's prediction, moved by the errors that this fold
made on its validation samples; the interval leaves out the same part of all guesses at both ends.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from ..errors import InputError, option

# Guesses that are in memory at once.
GUESSES = 2**23


@dataclass(frozen=True)
class Residuals:
    """Absolute errors of models on samples that they were not trained on.

    Attributes
    ----------
    values : tuple of numpy.ndarray
        For each fold (n of the fold, outputs), in the units of the targets, in any order.
    folds : tuple of int
        The fold of each model, as an index of `values`: its validation samples.
    """

    values: tuple[Any, ...]
    folds: tuple[int, ...]

    def pooled(self, models: int) -> Residuals:
        """Return the same errors as those of each of so many models."""
        import numpy as np

        return Residuals((np.sort(np.concatenate(self.values), axis=0),), (0,) * models)

    def check(self, models: int, outputs: int) -> None:
        """Raise `InputError` unless they are those of so many models of so many outputs."""
        import numpy as np

        count = len(self.values)
        sound = len(self.folds) == models and set(self.folds) == set(range(count))
        for own in self.values:
            shaped = np.ndim(own) == 2 and len(own) > 0 and own.shape[1] == outputs
            sound = sound and shaped and bool((own >= 0.0).all())  # NaN is not
        if not sound:
            raise InputError(
                f"Residuals need for each fold an array (n, {outputs}) of numbers, 0 or more, and "
                f"for each of {models} models the index of its fold; each fold has a model."
            )


def check_level(level: Any) -> float:
    """Return the level of an interval, or raise `InputError`."""
    number = isinstance(level, Real) and not isinstance(level, bool)
    if not number or not 0.5 <= float(level) < 1.0:
        raise InputError(
            f"{option('level')} must be a number from 0.5 to below 1, such as 0.9. Received: "
            f"{level!r}."
        )
    return float(level)


def cv_plus(means: Sequence[Any], residuals: Residuals, level: float) -> tuple[Any, Any]:
    """Return the ends of the intervals of new samples, two arrays (n, outputs).

    `means` (n, outputs) has the prediction of each fold. With too few residuals for the level the
    ends are infinite.
    """
    import numpy as np

    count = sum(len(one) for one in residuals.values)
    # 0.9 * 100 is a little more than 90 in floating point.
    rank = math.ceil(level * (count + 1) - 1e-9)
    ends = np.full((2, *means[0].shape), math.inf)
    ends[0] = -math.inf
    if rank <= count:
        for rows in _parts(len(means[0]), count):
            for k in range(means[0].shape[1]):
                pairs = list(zip(means, residuals.values, strict=True))
                for end, sign in enumerate((-1.0, 1.0)):
                    guesses = np.concatenate(
                        [sign * mean[rows, k, None] + own[:, k] for mean, own in pairs], axis=1
                    )
                    ends[end, rows, k] = sign * np.partition(guesses, rank - 1, axis=1)[:, rank - 1]
    return ends[0], ends[1]


def _parts(rows: int, count: int) -> Iterator[slice]:
    size = max(1, GUESSES // count)
    return (slice(start, start + size) for start in range(0, rows, size))
