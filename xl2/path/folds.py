"""The folds of a path: training and validation rows."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

from ..data.splitting import check_seed
from ..errors import InputError, counted


class Split(NamedTuple):
    """The rows of one fold, as indices: NumPy arrays of int64."""

    training: Any
    validation: Any


def make_folds(y: Any, cv: Any, regression: bool, seed: int = 0) -> list[Split]:
    """Split samples with labels or values `y`, (n,) or (n, outputs), for a cross-validation.

    `cv` is a number of folds, shuffled and for labels stratified, or whatever
    `sklearn.model_selection.check_cv` accepts: an object with ``split``, or pairs of training
    and validation rows.
    """
    import warnings

    import numpy as np
    from sklearn.model_selection import KFold, StratifiedKFold, check_cv

    known = y
    if isinstance(cv, Integral) and not isinstance(cv, bool):
        _check_count(int(cv), y, regression)
        check_seed(seed, "The seed of the folds, the first of seed,")
        kind = KFold if regression else StratifiedKFold
        cv = kind(int(cv), shuffle=True, random_state=seed)
        # scikit-learn does not stratify labels such as 0.5 or b"a".
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
            hint = " Pass its pairs: cv=list(splitter.split(X, y, groups))."
        raise InputError(
            f"cv={cv!r} does not split {counted(len(y), 'sample')}: {error}{hint}"
        ) from None
    if not pairs:
        raise InputError(
            f"cv={cv!r} has no folds. Pass one or more pairs of training and validation indices; "
            f"a generator can be iterated only once."
        )
    return [_check(a, b, y, regression, f"Fold {k} of cv") for k, (a, b) in enumerate(pairs, 1)]


def _check_count(cv: int, y: Any, regression: bool) -> None:
    import numpy as np

    if not 2 <= cv <= len(y):
        raise InputError(
            f"cv must be from 2 to the number of samples. Received: cv={cv} for "
            f"{counted(len(y), 'sample')}."
        )
    if regression:
        return
    classes, counts = np.unique(y, return_counts=True)
    rarest = int(counts.min())
    if cv > rarest:
        less = f", or use cv={rarest} or less" if rarest > 1 else ""
        raise InputError(
            f"With cv={cv}, every class must have at least {cv} samples, but the class "
            f"{classes[counts.argmin()].item()!r} has {rarest}. Add samples of it or leave it "
            f"out{less}."
        )


def _check(training: Any, validation: Any, y: Any, regression: bool, fold: str) -> Split:
    """Refuse a fold that cannot be trained on, or is validated on its training samples."""
    import numpy as np

    for what, rows in (("training", training), ("validation", validation)):
        if rows.ndim != 1 or not rows.size or rows.dtype.kind not in "iu":
            raise InputError(
                f"{fold}: the {what} indices must be a list of whole numbers, not empty. Received: "
                f"{rows.dtype} of shape {rows.shape}."
            )
        if rows.min() < 0 or rows.max() >= len(y):
            raise InputError(
                f"{fold}: the {what} indices must be from 0 to {len(y) - 1}. Received: "
                f"{rows.min()} to {rows.max()}."
            )
    shared = np.intersect1d(training, validation)
    if shared.size:
        raise InputError(
            f"{fold} has {counted(shared.size, 'sample')} in both training and validation, first "
            f"row {shared[0] + 1}. Remove them from one of the two."
        )
    if not regression and len(np.unique(y[training])) < 2:
        raise InputError(
            f"{fold} has only one class to train on, {y[training[0]].item()!r}. Shuffle the "
            f"samples, or stratify the folds: cv=5."
        )
    if regression and len(validation) < 2:
        raise InputError(
            f"{fold} has one validation sample, and R2 needs two or more. Use fewer folds."
        )
    # Row numbers are added to these later; a uint8 would overflow.
    return Split(training.astype(np.int64), validation.astype(np.int64))
