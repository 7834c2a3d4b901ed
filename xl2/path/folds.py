"""The folds of a path: training and validation rows."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

from ..data.splitting import check_seed
from ..errors import InputError, counted


class Split(NamedTuple):
    """The rows of one fold, as indices.

    Attributes
    ----------
    training, validation : numpy.ndarray of int
    """

    training: Any
    validation: Any


def make_folds(y: Any, cv: Any, regression: bool, seed: int = 0) -> list[Split]:
    """Split samples for a cross-validation.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,) or (n, outputs)
        Labels or values.
    cv : int, splitter or iterable
        A number of shuffled folds, stratified by class; or what
        `sklearn.model_selection.check_cv` takes: an object with ``split``, or pairs
        of training and validation rows.
    regression : bool
        Whether `y` holds values; their folds are not stratified.
    seed : int, default 0
        Of the shuffle.

    Returns
    -------
    list of Split

    Raises
    ------
    InputError
        If `cv` is something else, a class has fewer samples than there are folds, or a fold
        cannot be trained on.
    """
    import warnings

    import numpy as np
    from sklearn.model_selection import KFold, StratifiedKFold, check_cv

    known = y
    if isinstance(cv, Integral) and not isinstance(cv, bool):
        _check_count(int(cv), y, regression)
        check_seed(seed, "The seed of the folds, which is the first one,")
        kind = KFold if regression else StratifiedKFold
        cv = kind(int(cv), shuffle=True, random_state=seed)
        # Labels such as 0.5 or b"a" are classes here, but not to scikit-learn.
        known = y if regression else np.unique(y, return_inverse=True)[1]
    try:
        with warnings.catch_warnings():
            # scikit-learn warns of rare and of many classes; each fold is checked below.
            warnings.simplefilter("ignore", UserWarning)
            splitter = check_cv(cv, known, classifier=not regression)
            rows = np.zeros((len(y), 1))
            pairs = [(np.asarray(a), np.asarray(b)) for a, b in splitter.split(rows, known)]
    except (TypeError, ValueError) as error:
        hint = ""
        if "groups" in str(error):
            hint = " Give its pairs: cv=list(splitter.split(X, y, groups))."
        raise InputError(
            f"cv={cv!r} does not split {counted(len(y), 'sample')}: {error}{hint}"
        ) from None
    if not pairs:
        raise InputError(
            f"cv={cv!r} has no folds. Give one or more pairs of training and validation rows; a "
            f"generator can be iterated once."
        )
    return [_check(a, b, y, regression, number) for number, (a, b) in enumerate(pairs)]


def _check_count(cv: int, y: Any, regression: bool) -> None:
    import numpy as np

    if not 2 <= cv <= len(y):
        raise InputError(
            f"cv is a number of folds, from 2 to the number of samples. Received: cv={cv} for "
            f"{counted(len(y), 'sample')}."
        )
    if regression:
        return
    classes, counts = np.unique(y, return_counts=True)
    rarest = int(counts.min())
    if cv > rarest:
        less = f", or use cv={rarest} or less" if rarest > 1 else ""
        raise InputError(
            f"cv={cv} folds need every class, and the class "
            f"{classes[counts.argmin()].item()!r} has {counted(rarest, 'sample')}. Add samples of "
            f"it or leave it out{less}."
        )


def _check(training: Any, validation: Any, y: Any, regression: bool, number: int) -> Split:
    """Refuse a fold that cannot be trained on, or is validated on its training samples."""
    import numpy as np

    for what, rows in (("training", training), ("validation", validation)):
        if rows.ndim != 1 or not rows.size or rows.dtype.kind not in "iu":
            raise InputError(
                f"Fold {number + 1} of cv has no {what} samples: a fold is two lists of rows, "
                f"neither of them empty. Received: {rows.dtype} of shape {rows.shape}."
            )
        if rows.min() < 0 or rows.max() >= len(y):
            raise InputError(
                f"Fold {number + 1} of cv names {what} rows {rows.min()} to {rows.max()}, and the "
                f"samples are 0 to {len(y) - 1}."
            )
    shared = np.intersect1d(training, validation)
    if shared.size:
        raise InputError(
            f"Fold {number + 1} of cv trains on {counted(shared.size, 'sample')} that it is "
            f"validated on, first row {shared[0] + 1}. Take them out of one of the two."
        )
    if not regression and len(np.unique(y[training])) < 2:
        raise InputError(
            f"Fold {number + 1} of cv has only one class to train on, {y[training[0]].item()!r}. "
            f"Shuffle the samples, or stratify the folds: cv=5."
        )
    if regression and len(validation) < 2:
        raise InputError(
            f"Fold {number + 1} of cv is validated on one sample, and R2 needs two or more: use "
            f"fewer folds."
        )
    # Row numbers are added to these later; a uint8 would overflow.
    return Split(training.astype(np.int64), validation.astype(np.int64))
