"""Split a data set into a training part and a held-out part."""

from __future__ import annotations

import math
from typing import Any

from ..errors import InputError, counted, offers, on_command_line, option, warn_caller
from ..nn.labels import describe_classes


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
        Whether both parts have the classes in the same proportions, as far as these have enough
        samples. Each class stays in training; a warning names those that are not held out.
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
    if not stratify:
        if groups is not None:
            return split_groups(fraction, seed, groups)
        rows, held = train_test_split(np.arange(len(y)), test_size=held_out, random_state=seed)
        return rows, held
    classes, numbers = np.unique(y, axis=0 if y.ndim > 1 else None, return_inverse=True)
    numbers = numbers.ravel()
    if groups is not None:
        rows, held = split_stratified_groups(numbers, classes, fraction, seed, groups)
    else:
        rows, held = split_classes(numbers, len(classes), held_out, seed)
    _warn_of_absent_classes(numbers, classes, held, groups is not None)
    return rows, held


def split_classes(numbers: Any, classes: int, held_out: int, seed: int) -> tuple[Any, Any]:
    """Hold out rows of class numbers (n,), stratified as far as the classes have enough samples.

    Every class stays in training, so one with a single sample is not held out.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    if len(numbers) - held_out < classes:
        without = f", or pass {option('stratify', False)}" if offers("stratify") else ""
        raise InputError(
            f"Holding out {held_out} of {len(numbers)} samples leaves {len(numbers) - held_out} to "
            f"train on, fewer than the {classes} classes. Add samples, choose a smaller "
            f"{option('fraction')}, or leave out the rarest classes{without}."
        )
    counts = np.bincount(numbers)
    several = np.flatnonzero(counts[numbers] > 1)
    # No more strata than held-out samples: the rarest classes are one of them, if need be.
    strata, divided = np.arange(classes), np.argsort(-counts, kind="stable")[: (counts > 1).sum()]
    if len(divided) > held_out:
        strata[divided[held_out - 1 :]] = classes
    rows, held = train_test_split(
        several, test_size=held_out, random_state=seed, stratify=strata[numbers[several]]
    )
    _keep_each_class(rows, held, numbers, counts)
    return np.concatenate([rows, np.flatnonzero(counts[numbers] == 1)]), held


def _keep_each_class(rows: Any, held: Any, numbers: Any, counts: Any) -> None:
    """Exchange rows, in place, so that each class that was divided has one in training.

    scikit-learn rounds the share of a rare class down to nothing if little is trained on.
    """
    import numpy as np

    for lost in np.setdiff1d(numbers[held], numbers[rows]):
        trained = np.bincount(numbers[rows], minlength=len(counts))
        spare = np.where(trained > 1, trained - counts * len(rows) / len(numbers), -np.inf)
        one, other = (numbers[rows] == spare.argmax()).argmax(), (numbers[held] == lost).argmax()
        rows[one], held[other] = held[other], rows[one]


def split_groups(fraction: float, seed: int, groups: Any) -> tuple[Any, Any]:
    """Hold out whole groups."""
    from sklearn.model_selection import GroupShuffleSplit

    count = _count_groups(groups)
    size = min(max(1, round(fraction * count)), count - 1)
    splitter = GroupShuffleSplit(1, test_size=size, random_state=seed)
    return next(splitter.split(groups, groups=groups))  # type: ignore[no-any-return]


def split_stratified_groups(
    numbers: Any, classes: Any, fraction: float, seed: int, groups: Any
) -> tuple[Any, Any]:
    """Hold out whole groups, with the classes about in proportion."""
    import numpy as np

    count = _count_groups(groups)
    test = f", or pass test samples by {option('test')}" if on_command_line() else ""
    which = np.unique(groups, return_inverse=True)[1].ravel()
    pairs = np.unique(np.stack([numbers, which]), axis=1)
    # A group that alone has a class stays in training.
    alone = pairs[1][np.bincount(pairs[0])[pairs[0]] == 1]
    free = np.flatnonzero(~np.isin(which, alone))
    if not len(free):
        raise InputError(
            f"Each of the {count} groups has a class that no other group has, so none can be held "
            f"out. Check {option('groups')}, or leave it out{test}."
        )
    parts = [free[part] for part in _stratified_parts(numbers[free], which[free], seed)]
    # As many parts, each with the classes in the same proportions, as come next to the fraction.
    sizes = np.cumsum([len(part) for part in (parts if len(alone) else parts[:-1] or parts)])
    held = np.sort(np.concatenate(parts[: np.abs(sizes - fraction * len(numbers)).argmin() + 1]))
    rows = np.setdiff1d(np.arange(len(numbers)), held)
    unseen = np.setdiff1d(numbers[held], numbers[rows])
    if not len(held) or not len(rows) or len(unseen):
        label = classes[unseen[0]].tolist() if len(unseen) else None
        what = f"all samples of the class {label!r}" if len(unseen) else "no sample, or all,"
        raise InputError(
            f"Holding out {fraction} of {count} groups would hold out {what}. Choose another "
            f"{option('fraction')} or {option('seed')}{test}."
        )
    return rows, held


def _stratified_parts(numbers: Any, groups: Any, seed: int) -> list[Any]:
    """Return whole groups in up to 20 parts, none empty, with the classes in proportion."""
    import warnings

    import numpy as np
    from sklearn.model_selection import StratifiedGroupKFold

    count, most = len(np.unique(groups)), int(np.bincount(numbers).max())
    if count == 1:
        return [np.arange(len(groups))]
    known = numbers if most > 1 else np.zeros_like(numbers)
    splitter = StratifiedGroupKFold(max(2, min(count, 20, most)), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about rare classes
        return [held for _, held in splitter.split(known, known, groups) if len(held)]


def _count_groups(groups: Any) -> int:
    import numpy as np

    count = len(np.unique(groups))
    if count < 2:
        raise InputError(
            f"All samples are of one group, {groups[0].item()!r}, so no other can be held out. "
            f"Check {option('groups')}, or leave it out."
        )
    return count


def _warn_of_absent_classes(numbers: Any, classes: Any, held: Any, grouped: bool) -> None:
    """Warn of classes that no held-out sample has."""
    import numpy as np

    absent = np.setdiff1d(numbers, numbers[held])
    if not len(absent):
        return
    counts = np.bincount(numbers)[absent].tolist()
    it, is_ = ("it", "it is") if len(absent) == 1 else ("them", "they are")
    where, more = " in other groups" if grouped else "", ""
    if max(counts) > 1:
        more = f", or choose another {option('seed' if grouped else 'fraction')}"
    warn_caller(
        f"No held-out sample has the {describe_classes(classes[absent].tolist(), counts)}, so the "
        f"{len(held)} held out do not show how well {is_} predicted. Add samples of {it}{where}"
        f"{more}."
    )


def check_seed(seed: int, what: str) -> None:
    """Raise `InputError` for a seed that scikit-learn cannot shuffle with."""
    if not 0 <= seed < 2**32:
        raise InputError(f"{what} must be a whole number from 0 to {2**32 - 1}. Received: {seed}.")
