"""The checks of folds: errors for those that cannot be used, warnings for those that mislead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InputError, counted, listed, on_command_line, option, warn_caller
from ..nn.targets import check_spread, constant_columns
from .arguments import read_labels


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


def check_count(cv: int, y: Any, regression: bool, groups: Any = None) -> None:
    """Refuse a number of folds for which there are too few samples, groups or classes."""
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


def check_fold(
    training: Any, validation: Any, y: Any, regression: bool, groups: Any, fold: str
) -> None:
    """Refuse a fold that cannot be trained on, or is validated on its training samples."""
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
    if not regression and len(np.unique(y[training])) < 2:
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


def warn_of_unseen_classes(pairs: Sequence[tuple[Any, Any]], y: Any, groups: Any) -> None:
    """Warn of folds that are validated on a class which their training samples lack."""
    import numpy as np

    unseen = [
        f"fold {number} on {listed(classes)}"
        for number, (training, validation) in enumerate(pairs, 1)
        if (classes := np.setdiff1d(y[validation], y[training]).tolist())
    ]
    if not unseen:
        return
    more = f"; and {len(unseen) - 6} more" if len(unseen) > 6 else ""
    folds = option("cv", max(2, len(pairs)))
    advice = f"Shuffle the samples, or pass {folds} for shuffled, stratified folds"
    if groups is not None:
        advice = "Use fewer folds, or leave out classes that only one group has"
    warn_caller(
        f"cv validates on classes that a fold's training samples lack: {'; '.join(unseen[:6])}"
        f"{more}. No network predicts a class that it never saw, so these scores are too low. "
        f"{advice}."
    )
