"""From the scores of a path to the lambda to take.

References
----------
.. [1] L. Breiman et al., "Classification and regression trees", 1984, section 3.4.3:
   the one-standard-error rule.
"""

from __future__ import annotations

from typing import Any

# A rounding error is no difference: the mean of scores of 0.9 may be 0.9, or just below.
ROUNDING = 1e-12


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
