"""The folds of a path: training and validation rows."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

from ..data.splitting import check_seed
from ..errors import InputError, counted, option
from . import fold_checks


class Split(NamedTuple):
    """The rows of one fold, as indices: NumPy arrays of int64."""

    training: Any
    validation: Any


def make_folds(y: Any, cv: Any, regression: bool, seed: int = 0, groups: Any = None) -> list[Split]:
    """Split samples with labels or values `y`, (n,) or (n, outputs), for a cross-validation.

    `cv` is a number of folds, shuffled and for labels stratified, or whatever
    `sklearn.model_selection.check_cv` accepts: an object with ``split``, or pairs of training
    and validation rows. With `groups` (n,), all samples of a group are in the same part of a
    fold.
    """
    import warnings

    import numpy as np
    from sklearn.model_selection import check_cv

    if groups is not None:
        groups = fold_checks.read_groups(groups, len(y))
    known, given = y, cv
    numbered = isinstance(cv, Integral) and not isinstance(cv, bool)
    if numbered:
        folds = fold_checks.count_folds(int(cv), y, regression, groups)
        check_seed(seed, f"The seed of the folds, the first of {option('seed')},")
        cv = _splitter(folds, regression, seed, groups is not None)
        # scikit-learn does not stratify labels such as 0.5 or b"a".
        known = y if regression else np.unique(y, return_inverse=True)[1]
    try:
        with warnings.catch_warnings():
            # scikit-learn warns of rare and of many classes, and of groups that a splitter
            # ignores; each fold is checked below.
            warnings.simplefilter("ignore", UserWarning)
            splitter = check_cv(cv, known, classifier=not regression)
            rows = np.zeros((len(y), 1))
            pairs = [(np.asarray(a), np.asarray(b)) for a, b in splitter.split(rows, known, groups)]
    except (TypeError, ValueError) as error:
        hint = ""
        if "groups" in str(error) and groups is None:
            hint = f" Pass {option('groups')}, the group of each sample."
        raise InputError(
            f"{option('cv', given)} does not split {counted(len(y), 'sample')}: {error}{hint}"
        ) from None
    if not pairs:
        raise InputError(
            f"{option('cv', cv)} has no folds. Pass one or more pairs of training and validation "
            f"indices; a generator can be iterated only once."
        )
    # A fold may lack the only sample of one of two classes; there are others then.
    one_class = regression or (numbered and groups is None)
    for number, (training, validation) in enumerate(pairs, 1):
        fold_checks.check_fold(training, validation, y, one_class, groups, f"Fold {number} of cv")
    if not regression:
        fold_checks.warn_of_classes(pairs, y, groups, int(given) if numbered else None)
    # Row numbers are added to these later; a uint8 would overflow.
    return [Split(a.astype(np.int64), b.astype(np.int64)) for a, b in pairs]


def _splitter(folds: int, regression: bool, seed: int, grouped: bool) -> Any:
    """Return scikit-learn's splitter for a number of folds."""
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    if regression and grouped:
        # Its folds have about equally many samples, whatever the sizes of the groups.
        return GroupKFold(folds)
    kind = StratifiedGroupKFold if grouped else KFold if regression else StratifiedKFold
    return kind(folds, shuffle=True, random_state=seed)
