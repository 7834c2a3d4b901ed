"""Whether predictions know anything of the targets: a permutation test.

References
----------
.. [1] P. Good (2005). Permutation, Parametric and Bootstrap Tests of Hypotheses.
.. [2] P. H. Westfall, S. S. Young (1993). Resampling-Based Multiple Testing: the highest of
   several statistics is compared with the highest of each permutation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

PERMUTATIONS = 999
WORK = 200_000_000  # samples times lambdas times permutations; with more, fewer permutations
FEWEST = 199
# In a cross-validation a pair of samples counts twice, as each one's network has learnt the other's
# label. If that is all that the predictions are, twice the sum over pairs has the variance of four,
# and the permutations, which deal the validated labels only, that of two. Without this, seven of a
# hundred sets of random labels had a p-value of 0.02 or less.
CROSSED = math.sqrt(2.0)


def permutation_test(
    score: Callable[[Any], Any],
    targets: Any,
    folds: Any,
    settings: int,
    seed: int = 0,
    wider: float = 1.0,
) -> float:
    """Return how often targets dealt at random fit some setting as well as the true ones [1]_.

    Targets are exchanged within a fold, because each fold's networks were trained on the others:
    they know the folds' shares of the classes. Only folds of a single sample, or of equal targets,
    such as those of one person, exchange them with each other, which makes a signal look smaller,
    if anything. Many settings are tried, so each is measured in units of its own spread under
    permutation, and the best of them counts [2]_.

    Parameters
    ----------
    score : callable
        Maps the order of the targets, indices (n,), to the score of each setting, (settings,).
    targets : numpy.ndarray, shape (n,) or (n, outputs)
        The true ones: they show which folds have equal ones.
    folds : numpy.ndarray of int, shape (n,)
        The fold of each sample, in ascending order.
    settings : int
        The number of settings.
    seed : int
        Of the permutations.
    wider : float
        How many times as wide the scores really spread without a signal; see `CROSSED`.
    """
    import numpy as np

    rng, n = np.random.default_rng(seed), len(folds)
    count = int(max(FEWEST, min(PERMUTATIONS, WORK // max(1, n * settings))))
    first, sizes = np.unique(folds, return_index=True, return_counts=True)[1:]
    every = [np.arange(a, a + size) for a, size in zip(first, sizes, strict=True)]
    equal = np.array([(targets[own] == targets[own[0]]).all() for own in every])
    blocks = [slice(own[0], own[-1] + 1) for own in (every[k] for k in np.flatnonzero(~equal))]
    whole = np.flatnonzero(np.repeat(equal, sizes))
    found = np.empty((count + 1, settings))
    found[0] = score(np.arange(n))
    for k in range(1, count + 1):
        order = np.arange(n)
        for block in blocks:
            rng.shuffle(order[block])
        if len(whole):
            order[whole] = np.repeat(rng.permutation(first[equal]), sizes[equal])
        found[k] = score(order)
    spread = found[1:].std(axis=0)
    # A constant prediction has the same score in any order.
    varies = spread > 1e-12 * np.abs(found[1:]).max(axis=0)
    if not varies.any():
        return 1.0
    standard = (found[:, varies] - found[1:, varies].mean(axis=0)) / spread[varies]
    highest = standard.max(axis=1)
    return float((1 + (wider * highest[1:] >= highest[0] - 1e-12).sum()) / (count + 1))
