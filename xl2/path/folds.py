"""Which samples each fold of a path learns from and is judged by."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

from ..data.splitting import check_seed
from ..errors import InputError, counted


class Fold(NamedTuple):
    """The samples of one fold, by their numbers.

    Attributes
    ----------
    training, validation : numpy.ndarray of int
    """

    training: Any
    validation: Any


def make_folds(y: Any, cv: Any, regression: bool, seed: int = 0) -> list[Fold]:
    """Split samples as a cross-validation does.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,) or (n, outputs)
        Labels or values.
    cv : int, splitter or iterable
        How many folds, shuffled, and with the classes in equal parts; or anything
        `sklearn.model_selection.check_cv` takes: an object with ``split``, or pairs
        of training and validation rows.
    regression : bool
        Whether `y` holds values; their folds are not stratified.
    seed : int, default 0
        Of the shuffle.

    Returns
    -------
    list of Fold

    Raises
    ------
    InputError
        If `cv` is no such thing, a class is too rare for so many folds, or a fold
        cannot be learnt from.
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
            # That a class is rare, or the classes many: whether a fold will do is seen below.
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
            f"cv={cv!r} has no folds. Give one pair of training and validation rows or more; a "
            f"generator is used up by the first call."
        )
    return [_check(a, b, y, regression, number) for number, (a, b) in enumerate(pairs)]


def _check_count(cv: int, y: Any, regression: bool) -> None:
    import numpy as np

    if not 2 <= cv <= len(y):
        raise InputError(
            f"cv is a number of folds from 2 to the {counted(len(y), 'sample')} there are. "
            f"Received: cv={cv}."
        )
    if regression:
        return
    classes, counts = np.unique(y, return_counts=True)
    rarest = int(counts.min())
    if cv > rarest:
        less = f", or take cv={rarest} or less" if rarest > 1 else ""
        raise InputError(
            f"cv={cv} folds are to have every class, and the class "
            f"{classes[counts.argmin()].item()!r} has {counted(rarest, 'sample')}. Give it more "
            f"samples or leave it out{less}."
        )


def _check(training: Any, validation: Any, y: Any, regression: bool, number: int) -> Fold:
    """Refuse a fold that nothing can be learnt from, or that judges by what it learnt from."""
    import numpy as np

    for what, rows in (("training", training), ("validation", validation)):
        if rows.ndim != 1 or not rows.size or rows.dtype.kind not in "iu":
            raise InputError(
                f"Fold {number + 1} of cv has no {what} samples: each is a pair of lists of rows, "
                f"and both have some. Received: {rows.dtype} of shape {rows.shape}."
            )
        if rows.min() < 0 or rows.max() >= len(y):
            raise InputError(
                f"Fold {number + 1} of cv names {what} rows {rows.min()} to {rows.max()}, and the "
                f"samples are 0 to {len(y) - 1}."
            )
    shared = np.intersect1d(training, validation)
    if shared.size:
        raise InputError(
            f"Fold {number + 1} of cv learns from {counted(shared.size, 'sample')} that it is "
            f"judged by, the first of them row {shared[0]}. Take them out of one of the two."
        )
    if not regression and len(np.unique(y[training])) < 2:
        raise InputError(
            f"Fold {number + 1} of cv has one class only to learn from, "
            f"{y[training[0]].item()!r}: nothing can be told apart. Shuffle the samples, or split "
            f"them stratified: cv=5."
        )
    if regression and len(validation) < 2:
        raise InputError(
            f"Fold {number + 1} of cv is judged by one sample, and R2 needs two or more: take "
            f"fewer folds."
        )
    # Other numbers of rows will be added to these, which a uint8 would not hold.
    return Fold(training.astype(np.int64), validation.astype(np.int64))
