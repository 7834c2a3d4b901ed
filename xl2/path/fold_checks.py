"""The checks of folds: errors for those that cannot be used, warnings for those that mislead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InputError, counted, listed, on_command_line, option, warn_caller
from ..nn.label_arrays import read_labels
from ..nn.labels import describe_classes
from ..nn.targets import check_spread, constant_columns


def read_groups(groups: Any, samples: int) -> Any:
    """Return the groups of samples, none missing, as a NumPy array (n,) of two or more labels."""
    import numpy as np

    found = read_labels(groups, "groups")
    if found.ndim != 1 or len(found) != samples:
        raise InputError(
            f"{option('groups')} must have one label for each of the {counted(samples, 'sample')}. "
            f"Received: shape {found.shape}."
        )
    if len(np.unique(found)) < 2:
        raise InputError(
            f"All samples are of one group, {found[0].item()!r}, which cannot be split. Check "
            f"{option('groups')}, or leave it out."
        )
    return found


def count_folds(cv: int, y: Any, regression: bool, groups: Any = None) -> int:
    """Return a number of folds: `cv`, or as many as the most frequent class has samples, if fewer.

    Refuse a number for which there are too few samples or groups.
    """
    import numpy as np

    if not 2 <= cv <= len(y):
        raise InputError(
            f"{option('cv')} must be from 2 to the number of samples. Received: {option('cv', cv)} "
            f"for {counted(len(y), 'sample')}."
        )
    if groups is not None and cv > (count := len(np.unique(groups))):
        raise InputError(
            f"{option('cv', cv)} needs {cv} groups or more. Received: {count} groups. Use "
            f"{option('cv', count)} or less."
        )
    if regression:
        return cv
    most = int(np.unique(y, return_counts=True)[1].max())
    if most < 2:
        raise InputError(
            f"Each of the {len(y)} samples has a class of its own, so no fold can be validated on "
            f"a class that it was trained on. Add samples, or check {option('y')}."
        )
    return min(cv, most)


def check_fold(
    training: Any, validation: Any, y: Any, one_class: bool, groups: Any, fold: str
) -> None:
    """Refuse a fold that cannot be trained on, or is validated on its training samples.

    `one_class` tells whether it may be trained on one class only.
    """
    import numpy as np

    for what, rows in (("training", training), ("validation", validation)):
        if groups is not None and not rows.size:
            raise InputError(f"{fold} has no {what} samples. Use fewer folds, or more groups.")
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
    if groups is not None:
        both = np.intersect1d(groups[training], groups[validation])
        if both.size:
            raise InputError(
                f"{fold} has samples of the group {both[0].item()!r} in both training and "
                f"validation. Pass a number as cv or a splitter of groups, such as GroupKFold, or "
                f"leave {option('groups')} out."
            )
    if not one_class and len(np.unique(y[training])) < 2:
        advice = f"Shuffle the samples, or stratify the folds: {option('cv', 5)}."
        if groups is not None:
            advice = "A class needs samples in two groups or more."
        raise InputError(
            f"{fold} has only one class to train on, {y[training[0]].item()!r}. {advice}"
        )


def check_spreads(held: Sequence[Any], cv: bool) -> None:
    """Refuse validation values, (n, outputs) of each fold, without an R2; warn of a few such folds.

    Without `cv` there is one fold, of separate samples.
    """
    short = [fold for fold, values in enumerate(held, 1) if len(values) < 2]
    if cv and short:
        raise InputError(
            f"Fold {short[0]} of {option('cv')} has one validation sample, and R2 needs two or "
            f"more. Use fewer folds, or {option('scoring', 'neg_mean_absolute_error')}."
        )
    constant = [fold for fold, values in enumerate(held, 1) if constant_columns(values).any()]
    if len(constant) == len(held):
        where = "y in the validation samples of fold 1 of cv" if cv else "validation y"
        check_spread(held[0], where)
    elif constant:
        shuffle = "use fewer folds or " if on_command_line() else "shuffle the samples, or "
        warn_caller(
            f"In {counted(len(constant), 'fold')} of {len(held)} of cv, first in fold "
            f"{constant[0]}, all validation values are equal. R2 is 0 or 1 there, whatever "
            f"lambda is: {shuffle}use another {option('scoring')}."
        )


def warn_of_classes(
    pairs: Sequence[tuple[Any, Any]], y: Any, groups: Any, cv: int | None = None
) -> None:
    """Warn of folds that lack classes, and of fewer folds than the `cv` asked for.

    `cv` is None for a splitter, whose folds need not be validated on every class.
    """
    import numpy as np

    labels, counts = np.unique(y, return_counts=True)
    folds, least = len(pairs), int(counts.min())
    said, advice = [], ""
    if cv is not None and folds < cv:
        most = labels[counts.argmax()].item()
        said.append(
            f"No class has {cv} samples, so there are only {folds} folds: the most frequent class, "
            f"{most!r}, has {folds}."
        )
        advice = f"Add samples, or pass {option('cv', folds)}"
    if cv is not None and least < folds:
        rare = np.flatnonzero(counts < folds)
        it, has = ("it", "has") if len(rare) == 1 else ("them", "have")
        said.append(
            f"The {describe_classes(labels[rare].tolist(), counts[rare].tolist())} {has} fewer "
            f"samples than the {folds} folds, so some folds are not validated on {it}, and their "
            f"scores leave {it} out."
        )
        less = f", or pass {option('cv', least)}" if least > 1 else ""
        advice = f"Add samples of {it}, or leave {it} out{less}"
    unseen = [
        f"fold {number} on {listed(lost)}"
        for number, (training, validation) in enumerate(pairs, 1)
        if (lost := np.setdiff1d(y[validation], y[training]).tolist())
    ]
    if unseen:
        more = f"; and {len(unseen) - 6} more" if len(unseen) > 6 else ""
        said.append(
            f"Folds are validated on classes that their training samples lack: "
            f"{'; '.join(unseen[:6])}{more}. No network predicts a class that it never saw, so "
            f"these scores are too low."
        )
        if groups is not None:
            advice = "Use fewer folds, or leave out classes that only one group has"
        elif not advice:
            number = option("cv", max(2, folds))
            advice = f"Shuffle the samples, or pass {number} for shuffled, stratified folds"
    if said:
        warn_caller(f"{' '.join(said)} {advice}.")
