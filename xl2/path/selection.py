"""The choice of a lambda by validation scores.

References
----------
.. [1] L. Breiman et al., "Classification and regression trees", 1984, section 3.4.3:
   the one-standard-error rule.
"""

from __future__ import annotations

from typing import Any

# A rounding error is no difference: the mean of scores of 0.9 may be 0.9, or just below.
ROUNDING = 1e-12


def standard_errors(scores: Any, sample_errors: Any) -> Any:
    """Return the standard error of each lambda's mean score: (L, F, S) twice gives (L,).

    With several folds it is the spread of the folds' scores over the root of their
    number. The folds share most of their training samples, so this is somewhat too
    small, as everywhere else; no unbiased estimate exists. With one fold it comes from
    the standard errors due to its samples, and from the spread of the seeds if there are
    several.
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
    """Return the index of the best lambda, of equally good ones the largest.

    `means` (L,) are the scores of lambdas in ascending order; not all may be NaN.
    """
    import numpy as np

    return int(np.flatnonzero(means >= np.nanmax(means) - ROUNDING)[-1])


def one_standard_error(means: Any, errors: Any) -> int:
    """Return the index of the largest lambda within one standard error of the best [1]_."""
    import numpy as np

    top = best(means)
    within = means >= means[top] - np.nan_to_num(errors[top]) - ROUNDING
    return int(np.flatnonzero(within)[-1])
