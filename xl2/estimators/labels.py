"""From a classifier's outputs to probabilities and labels."""

from __future__ import annotations

from typing import Any

from ..array.api import Array, namespace
from ..array.backend import Backend
from ..nn import tasks
from .inputs import given_back


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
        On `home`, in their own dtype or, where it has no such numbers, in float32; labels
        that are neither numbers nor truth values are NumPy's. A sparse matrix where the
        labels of the fit were one.
    """
    import numpy as np

    with backend.scope():
        numbers = tasks.decode(estimator._task(), outputs)
    classes = estimator.classes_
    if estimator._task() == "multilabel":
        if estimator._label_binarizer.sparse_input_:
            import scipy.sparse

            return scipy.sparse.csr_matrix(backend.to_numpy(numbers))
        return given_back(numbers, backend, home)
    # On the host, where labels of every dtype can be taken: torch cannot take unsigned ones.
    # Where there was one class only, the other output has no label.
    labels = classes[np.minimum(backend.to_numpy(numbers), len(classes) - 1)]
    if home.name == "numpy" or labels.dtype.kind not in "biuf":
        return labels
    known = home.xp.__array_namespace_info__().dtypes(device=home.device)
    if labels.dtype.kind == "f" and labels.dtype.name not in known:
        labels = labels.astype("float32")
    return home.library.from_host(home.xp, labels, home.device)
