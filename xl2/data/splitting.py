"""Split a data set into a training part and a held-out part."""

from __future__ import annotations

import math
from typing import Any

from ..errors import InputError, counted, on_command_line, option


def split(
    X: Any,
    y: Any,
    *,
    fraction: float = 0.2,
    seed: int = 0,
    stratify: bool,
    groups: Any = None,
) -> tuple[Any, Any, Any, Any]:
    """Hold out a part of the samples, with scikit-learn's `train_test_split`.

    Parameters
    ----------
    X, y : array
        Samples (n, features), and their labels (n,) or (n, outputs).
    fraction : float, default 0.2
        The share of the samples to hold out, greater than 0 and less than 1.
    seed : int, default 0
        Seed of the shuffle.
    stratify : bool
        Whether both parts have the classes in the same proportions.
    groups : array, shape (n,), optional
        The group of each sample. Whole groups are then held out, of about that share.

    Returns
    -------
    X_train, X_test, y_train, y_test : arrays
    """
    import numpy as np

    X, y = np.asarray(X), np.asarray(y)
    if len(X) != len(y):
        raise InputError(
            f"X has {counted(len(X), 'sample')} but y has {len(y)}. Expected one target for each "
            "sample."
        )
    rows, held = split_rows(y, fraction, seed, stratify, groups)
    return X[rows], X[held], y[rows], y[held]


def split_rows(
    y: Any, fraction: float, seed: int, stratify: bool, groups: Any = None
) -> tuple[Any, Any]:
    """Return the rows of both parts of a `split`, as indices."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    if not 0.0 < fraction < 1.0:
        raise InputError(
            f"{option('fraction')} must be greater than 0 and less than 1. Received: {fraction!r}."
        )
    held_out = math.ceil(fraction * len(y))
    if not 0 < held_out < len(y):
        raise InputError(
            f"Holding out {fraction} of {counted(len(y), 'sample')} leaves none to train on. "
            f"Pass more samples or a smaller {option('fraction')}."
        )
    check_seed(seed, "The seed of the split")
    if stratify:
        check_classes(y, held_out)
    if groups is not None:
        return split_groups(y, fraction, seed, stratify, groups)
    rows, held = train_test_split(
        np.arange(len(y)), test_size=fraction, random_state=seed, stratify=y if stratify else None
    )
    return rows, held


def split_groups(
    y: Any, fraction: float, seed: int, stratify: bool, groups: Any
) -> tuple[Any, Any]:
    """Hold out whole groups."""
    import warnings

    import numpy as np
    from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

    count = len(np.unique(groups))
    if count < 2:
        raise InputError(
            f"All samples are of one group, {groups[0].item()!r}, so no other can be held out. "
            f"Check {option('groups')}, or leave it out."
        )
    if not stratify:
        size = min(max(1, round(fraction * count)), count - 1)
        splitter = GroupShuffleSplit(1, test_size=size, random_state=seed)
        return next(splitter.split(y, groups=groups))  # type: ignore[no-any-return]
    classes = np.unique(y, axis=0 if y.ndim > 1 else None, return_inverse=True)[1].ravel()
    folds = max(2, min(count, 20, int(np.bincount(classes).max())))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about rare classes
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        parts = [held for _, held in splitter.split(classes, classes, groups)]
    # As many parts, each with the classes in the same proportions, as come next to the fraction.
    sizes = np.cumsum([len(part) for part in parts[:-1]])
    held = np.sort(np.concatenate(parts[: np.abs(sizes - fraction * len(y)).argmin() + 1]))
    rows = np.setdiff1d(np.arange(len(y)), held)
    unseen = np.setdiff1d(classes[held], classes[rows])
    if not len(held) or not len(rows) or len(unseen):
        label = y[np.argmax(classes == unseen[0])].tolist() if len(unseen) else None
        what = f"all samples of the class {label!r}" if len(unseen) else "no sample, or all,"
        test = f", or pass test samples by {option('test')}" if on_command_line() else ""
        raise InputError(
            f"Holding out {fraction} of {count} groups would hold out {what}. Choose another "
            f"{option('fraction')} or {option('seed')}{test}."
        )
    return rows, held


def check_seed(seed: int, what: str) -> None:
    """Raise `InputError` for a seed that scikit-learn cannot shuffle with."""
    if not 0 <= seed < 2**32:
        raise InputError(f"{what} must be a whole number from 0 to {2**32 - 1}. Received: {seed}.")


def check_classes(y: Any, held_out: int) -> None:
    """Raise `InputError` if both parts of a split cannot have all classes."""
    import numpy as np

    classes, counts = np.unique(y, axis=0 if y.ndim > 1 else None, return_counts=True)
    rarest = f"{classes[counts.argmin()].tolist()!r} has {counted(int(counts.min()), 'sample')}"
    if counts.min() < 2:
        raise InputError(
            f"A stratified split needs 2 samples of every class, and the class {rarest}. Add "
            "samples, leave the class out, or split without stratifying."
        )
    smaller = min(held_out, len(y) - held_out)
    if smaller < len(classes):
        raise InputError(
            f"Holding out {held_out} of {len(y)} samples leaves a part with only {smaller}, fewer "
            f"than the {len(classes)} classes. Choose another {option('fraction')}, or split "
            "without stratifying."
        )
