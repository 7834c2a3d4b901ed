"""Split a data set into a training part and a held-out part."""

from __future__ import annotations

import math
from typing import Any

from ..errors import InputError, counted


def split(
    X: Any, y: Any, *, fraction: float = 0.2, seed: int = 0, stratify: bool
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

    Returns
    -------
    X_train, X_test, y_train, y_test : arrays
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    X, y = np.asarray(X), np.asarray(y)
    if len(X) != len(y):
        raise InputError(
            f"X has {counted(len(X), 'sample')} but y has {len(y)}. Expected one target for each "
            "sample."
        )
    if not 0.0 < fraction < 1.0:
        raise InputError(
            f"fraction (--held-out) must be greater than 0 and less than 1. Received: {fraction!r}."
        )
    held_out = math.ceil(fraction * len(X))
    if not 0 < held_out < len(X):
        raise InputError(
            f"Holding out {fraction} of {counted(len(X), 'sample')} leaves none to train on. "
            "Pass more samples or a smaller fraction (--held-out)."
        )
    check_seed(seed, "The seed of the split")
    if stratify:
        check_classes(y, held_out)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=fraction, random_state=seed, stratify=y if stratify else None
    )
    return X_train, X_test, y_train, y_test


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
            f"than the {len(classes)} classes. Choose another fraction (--held-out), or split "
            "without stratifying."
        )
