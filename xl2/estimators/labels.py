"""From a classifier's outputs to probabilities and labels."""

from __future__ import annotations

from typing import Any

from .. import tasks
from ..arrays import Array, namespace
from ..backend import Backend
from .data import given_back


def probabilities(outputs: Array) -> Array:
    """Return a column for each class: one output stands for the second of two."""
    if outputs.shape[-1] > 1:
        return outputs
    return namespace(outputs).concat([1.0 - outputs, outputs], axis=-1)


def log_probabilities(outputs: Array) -> Array:
    """Return their logarithms; of a probability of 0, minus infinity."""
    return namespace(outputs).log(probabilities(outputs))


def back_to_labels(estimator: Any, outputs: Array, backend: Backend, home: Backend) -> Any:
    """Return the label that each sample's outputs stand for.

    Parameters
    ----------
    estimator : MLPClassifier
    outputs : array, shape (n, outputs)
        On `backend`.
    backend, home : Backend
        Where it computes, and where labels are wanted.

    Returns
    -------
    array, shape (n,) or (n, outputs)
        On `home`, or labels that are no numbers NumPy's.
    """
    import numpy as np

    with backend.scope():
        numbers = tasks.decode(estimator._task(), outputs)
    classes = estimator.classes_
    if estimator._task() == "multilabel":
        return given_back(numbers, backend, home)
    if home.name == "numpy" or classes.dtype.kind not in "iuf":
        # Where there was one class only, the other output has no label.
        return classes[np.minimum(backend.to_numpy(numbers), len(classes) - 1)]
    numbers = given_back(numbers, backend, home)
    known = home.library.from_host(home.xp, classes, home.device)
    return home.xp.take(known, home.xp.minimum(numbers, len(classes) - 1), axis=0)
