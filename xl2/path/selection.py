"""The lambdas of a path: the default grid, and the choice by validation scores.

References
----------
.. [1] L. Breiman et al., "Classification and regression trees", 1984, section 3.4.3:
   the one-standard-error rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any

from ..errors import InputError

# The ends of the default grid. A ridge penalty has no lambda beyond which all weights are
# zero, as a lasso has; so the grid is fixed. At its low end the penalty has no visible effect,
# at its high end most networks learn next to nothing.
LOWEST, HIGHEST = 1e-3, 1e3
# A rounding error is no difference: the mean of scores of 0.9 may be 0.9, or just below.
ROUNDING = 1e-12


def grid(count: int) -> Any:
    """Return the default lambdas: no penalty, then `count` - 1 from 1e-3 to 1e3.

    Each of those is the same multiple of the one before: with the default of eight
    they are the powers of ten.

    Parameters
    ----------
    count : int
        2 or more; one is no penalty alone.

    Returns
    -------
    numpy.ndarray, shape (count,)
    """
    import numpy as np

    lambdas = np.zeros(count)
    if count > 1:
        # Rounded, so that a power of ten is printed as one.
        spaced = np.geomspace(LOWEST, HIGHEST, count - 1)
        lambdas[1:] = [float(f"{value:.6g}") for value in spaced]
    return lambdas


def check_lambdas(lambdas: int | Sequence[float]) -> Any:
    """Return the lambdas of a path in ascending order.

    Parameters
    ----------
    lambdas : int or sequence of float
        How many of the default grid, or the values in any order.

    Returns
    -------
    numpy.ndarray of float64, shape (L,)

    Raises
    ------
    InputError
        If there is none, or one is no number, negative, not finite or there twice.
    """
    import numpy as np

    if isinstance(lambdas, Integral) and not isinstance(lambdas, bool):
        if lambdas < 1:
            raise InputError(f"A path has 1 lambda or more. Received: lambdas={lambdas}.")
        return grid(int(lambdas))
    try:
        given = np.asarray(lambdas)
        # Asked for floats, NumPy would read text and drop imaginary parts.
        values = given.astype(np.float64) if given.dtype.kind in "iufO" else np.empty((0, 0))
    except (TypeError, ValueError, OverflowError):
        values = np.empty((0, 0))
    if values.ndim != 1:
        raise InputError(
            f"lambdas is how many of the default grid, or a list of numbers. Received: {lambdas!r}."
        )
    if not len(values):
        raise InputError("lambdas is empty: give at least one, 0 for no penalty.")
    for k, value in enumerate(values.tolist()):
        if not (math.isfinite(value) and value >= 0):
            raise InputError(
                f"lambda is a finite number, 0 or more. Received: {value!r}, number "
                f"{k + 1} of {len(values)}."
            )
    found, counts = np.unique(values, return_counts=True)
    if (counts > 1).any():
        twice = ", ".join(f"{value:g}" for value in found[counts > 1])
        raise InputError(f"Each lambda is trained once. Received more than once: {twice}.")
    return found + 0.0  # so that -0.0 is printed as 0


def mean_scores(scores: Any) -> Any:
    """Return the mean score of each lambda: (L, F, S) gives (L,).

    A lambda with a member that diverged has NaN: what is left of its folds would not
    be comparable with the others.
    """
    return scores.mean(axis=(1, 2))


def standard_errors(scores: Any, sample_errors: Any) -> Any:
    """Return the standard error of each lambda's mean score.

    With several folds it is the spread of the folds' scores over the root of their
    number. The folds share most of their training samples, so that this is somewhat too
    small, as everywhere else; no unbiased estimate exists. With one fold it comes from
    the number of validation samples, and from the spread of the seeds where there are
    several.

    Parameters
    ----------
    scores : numpy.ndarray, shape (L, F, S)
        For each lambda, fold and seed.
    sample_errors : numpy.ndarray, shape (L, F, S)
        The standard error of each of these scores that comes from its samples alone.

    Returns
    -------
    numpy.ndarray, shape (L,)
    """
    import numpy as np

    folds, seeds = scores.shape[1:]
    if folds > 1:
        return scores.mean(axis=2).std(axis=1, ddof=1) / np.sqrt(folds)
    variance = (sample_errors[:, 0] ** 2).mean(axis=1)
    if seeds > 1:
        variance = variance + scores[:, 0].var(axis=1, ddof=1) / seeds
    return np.sqrt(variance)


def best(means: Any) -> int:
    """Return the number of the best lambda, of equally good ones the largest.

    Raises
    ------
    ValueError
        If all are NaN.
    """
    import numpy as np

    if np.isnan(means).all():
        raise ValueError("No lambda has a score to choose it by: all are NaN.")
    return int(np.flatnonzero(means >= np.nanmax(means) - ROUNDING)[-1])


def one_standard_error(means: Any, errors: Any) -> int:
    """Return the number of the largest lambda within one standard error of the best [1]_.

    Parameters
    ----------
    means, errors : numpy.ndarray, shape (L,)
        Of lambdas in ascending order; the larger the score the better.
    """
    import numpy as np

    top = best(means)
    within = means >= means[top] - np.nan_to_num(errors[top]) - ROUNDING
    return int(np.flatnonzero(within)[-1])
