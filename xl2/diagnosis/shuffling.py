"""The scores of samples whose columns are shuffled, one column after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

REPEATS = 5  # of each column, at least
SHUFFLES = 25  # of each column in all folds, at least
MOST_COLUMNS = 100
MOST_ROWS = 2000  # of one network: more are drawn from
FEWEST_ROWS = 20
SMALLEST_SIDE = 8  # of an image; a table may well have 4, 9 or 25 columns
# Why columns are not shuffled.
PIXELS = "its columns are the pixels of an image, and each one alone shows little"
TOO_MANY = f"it has more than {MOST_COLUMNS} columns"
FEW_ROWS = f"there are fewer than {FEWEST_ROWS} samples to shuffle"

# The score of predictions, and what is tested: by their weights.
Score = Callable[[Any, Any], tuple[float, float]]
Losses = tuple[Any, Any]  # of both, (columns, repeats)


class Shuffled:
    """A fitted estimator for samples whose columns come from other rows.

    Its `X` (n, columns) has the row that each value comes from. So a column is shuffled with all
    the inputs that are made of it, as shuffling it before anything is encoded would, and samples
    are encoded once.

    Parameters
    ----------
    predict : callable
        Maps inputs (n, inputs) to predictions.
    inputs : numpy.ndarray, shape (n, inputs)
    sources : sequence of int
        The column of each input.
    """

    def __init__(self, predict: Callable[[Any], Any], inputs: Any, sources: Sequence[int]):
        import numpy as np

        self._predict, self._inputs, self._sources = predict, inputs, np.asarray(sources)
        self._own = np.arange(len(inputs))[:, None]

    def fit(self, X: Any, y: Any) -> Shuffled:
        """Return the estimator, which is fitted; scikit-learn takes nothing else for one."""
        return self

    def predict(self, X: Any) -> Any:
        """Return the predictions for the values from these rows."""
        import numpy as np

        moved = np.flatnonzero((self._own != X).any(axis=0))
        inputs = self._inputs.copy() if len(moved) else self._inputs
        for column in moved:
            at = np.flatnonzero(self._sources == column)
            inputs[:, at] = self._inputs[X[:, column, None], at]
        return self._predict(inputs)


def losses_of_columns(
    predict: Callable[[Any], Any],
    inputs: Any,
    sources: Sequence[int],
    columns: int,
    score: Score,
    repeats: int,
    weight: Any = None,
    seed: int = 0,
) -> Losses:
    """Return by how much two scores fall when a column is shuffled.

    See `Shuffled` for the first arguments; `score` maps predictions and `weight` to both.
    """
    import numpy as np

    estimator = Shuffled(predict, inputs, sources)
    rows = np.repeat(np.arange(len(inputs))[:, None], columns, axis=1)
    return losses_by(estimator, rows, score, repeats, weight, seed)


def losses_by(
    estimator: Any, X: Any, score: Score, repeats: int, weight: Any = None, seed: int = 0
) -> Losses:
    """Return by how much two scores fall when a column of `X` is shuffled.

    `X` is an array or a frame of pandas, and the estimator has `fit` and `predict`.
    """
    from sklearn.inspection import permutation_importance

    def scorer(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> dict[str, float]:
        shown, tested = score(estimator.predict(X), sample_weight)
        return {"shown": shown, "tested": tested}

    found = permutation_importance(
        estimator,
        X,
        None,  # the score knows the targets
        scoring=scorer,
        n_repeats=repeats,
        random_state=seed,
        sample_weight=weight,
    )
    return found["shown"].importances, found["tested"].importances


def repeats_in(folds: int) -> int:
    """Return how many times a column is shuffled in each fold, so that chance is known well."""
    return max(REPEATS, SHUFFLES // folds)


def drawn(rows: int, seed: int = 0) -> Any:
    """Return the indices of the samples to shuffle: all of them, or as many as `MOST_ROWS`."""
    import numpy as np

    if rows <= MOST_ROWS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))


def reason_against(names: Sequence[str], columns: int) -> str:
    """Return why columns are not shuffled unless that is asked for; "" if they are."""
    from ..figures.images import image_shape

    shape = image_shape(columns)
    if shape is not None and min(shape[:2]) >= SMALLEST_SIDE and not any(names):
        return PIXELS
    return TOO_MANY if columns > MOST_COLUMNS else ""
