"""The score of the best of many settings, without the luck that made it the best.

References
----------
.. [1] I. Tsamardinos, E. Greasidou, G. Borboudakis (2018). Bootstrapping the out-of-sample
   predictions for efficient and accurate cross-validation. Machine Learning 107, 1895-1922.
"""

from __future__ import annotations

from typing import Any

from .intervals import Estimate, grouped, percentiles, resampled

RESAMPLES = 1000


def bias_corrected(
    scores: Any, confidence: float, *, chosen_by: Any = None, weights: Any = None, seed: int = 0
) -> Estimate:
    """Return the score that choosing the best of several settings really gives [1]_.

    The highest of several means is partly luck, and more so the more settings there are. So the
    samples are drawn with replacement, the setting that is best on those drawn is scored on the
    samples that were not, and the mean over many draws is the corrected score. Nothing is
    trained again.

    The interval has the percentiles of these draws. The samples left out are few, 37 %, so it is
    1.3 times as wide as that of a mean over all. That allows for the training: the scores are
    those of the folds' networks, and the one that is used has been trained on all samples.

    Parameters
    ----------
    scores : array, shape (settings, samples)
        The score of each sample under each setting, by a network that was not trained on it: 1
        if it was right and 0 if not, or any other number whose mean over the samples is the
        score, larger for better. All are finite, and there are 2 or more samples.
    confidence : float
        Of the interval.
    weights : array, shape (samples,), optional
        Of the samples; equal by default.
    chosen_by : array, shape (settings, samples), optional
        Scores to choose the setting by, such as the negative log loss; `scores` by default.
    seed : int
        Of the resamples.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    judges = scores if chosen_by is None else chosen_by
    size = np.ones(scores.shape[1]) if weights is None else weights
    table = grouped(
        np.concatenate([size * judges, size * scores, size[None]]).T.astype(np.float64), rng
    )
    draws = resampled(len(table), RESAMPLES, rng)
    found = np.concatenate([_left_out(counts, table, len(scores)) for counts in draws])
    value = float(np.nanmean(found))
    return Estimate(value, *percentiles(found, value, confidence))


def _left_out(counts: Any, table: Any, settings: int) -> Any:
    """Return the score of each resample's best setting on the samples that it lacks.

    A resample that lacks none has NaN.
    """
    import numpy as np

    best = (counts @ table[:, :settings]).argmax(axis=1)
    sums = (counts == 0) @ table[:, settings:]
    size = np.where(sums[:, -1] > 0.0, sums[:, -1], np.nan)
    return np.take_along_axis(sums, best[:, None], axis=1)[:, 0] / size
