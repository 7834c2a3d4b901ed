"""The lambdas of a path."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any

from ..errors import InputError

# Where the default grid begins and ends. A ridge penalty has no lambda beyond which
# all weights are zero, as a lasso has; the grid is therefore fixed. At its low end the
# penalty is not seen, at its high end most networks learn next to nothing.
LOWEST, HIGHEST = 1e-3, 1e3


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
    for place, value in enumerate(values.tolist()):
        if not (math.isfinite(value) and value >= 0):
            raise InputError(
                f"lambda is a finite number, 0 or more. Received: {value!r}, at place "
                f"{place + 1} of {len(values)}."
            )
    found, counts = np.unique(values, return_counts=True)
    if (counts > 1).any():
        twice = ", ".join(f"{value:g}" for value in found[counts > 1])
        raise InputError(f"Each lambda is trained once. Received more than once: {twice}.")
    return found + 0.0  # so that -0.0 is printed as 0
