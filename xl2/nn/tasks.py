"""What the outputs of a network stand for: how targets become numbers, and back.

Four cases cover a multilayer perceptron. The activation of the output layer and
the targets decide which one it is:

===============  ==========================  =============================  ========
task             output layer                targets                        score
===============  ==========================  =============================  ========
``binary``       one sigmoid                 0 or 1                         accuracy
``classes``      softmax, several sigmoids   class numbers, one-hot rows    accuracy
``multilabel``   several sigmoids            rows of 0 and 1                exact rows
``regression``   anything else               numbers                        R2
===============  ==========================  =============================  ========
"""

from __future__ import annotations

from typing import Any

from ..array.api import Array, namespace
from ..errors import InputError

TASKS = ("binary", "classes", "multilabel", "regression")


def task_of(output: str, outputs: int, y: Array | None = None) -> str:
    """Tell the task from the output layer and, where it is there, from the targets.

    Parameters
    ----------
    output : str
        Activation of the output layer.
    outputs : int
        Number of its units.
    y : array, shape (n,) or (n, outputs), optional
        Targets; without them several sigmoids are taken for classes.

    Returns
    -------
    str
        One of `TASKS`.
    """
    if output == "softmax":
        return "classes"
    if output != "sigmoid":
        return "regression"
    if outputs == 1:
        return "binary"
    if y is None or y.ndim == 1 or y.shape[1] == 1:
        return "classes"
    xp = namespace(y)
    return "classes" if bool(xp.all(xp.sum(y, axis=-1) == 1.0)) else "multilabel"


def encode(task: str, y: Array, outputs: int) -> Array:
    """Return targets as the matrix a loss compares with the outputs.

    Parameters
    ----------
    task : str
        One of `TASKS`.
    y : array, shape (n,), (n, 1) or (n, outputs)
        Targets, in the dtype of the network.
    outputs : int
        Number of outputs of the network.

    Returns
    -------
    array, shape (n, outputs)

    Raises
    ------
    InputError
        If the shape does not fit the network, or the values do not fit the task.
    """
    xp = namespace(y)
    if y.ndim == 2 and y.shape[1] == 1 and outputs > 1:
        y = xp.squeeze(y, axis=1)
    if y.ndim == 1 and task == "classes":
        return _one_hot(y, outputs)
    if y.ndim == 1:
        y = xp.expand_dims(y, axis=1)
    if y.ndim != 2 or y.shape[1] != outputs:
        raise InputError(
            f"y has shape {tuple(y.shape)}; a network of {outputs} outputs expects (n,) class "
            f"numbers or (n, {outputs}) targets."
        )
    if task != "regression" and not bool(xp.all((y >= 0.0) & (y <= 1.0))):
        raise InputError(
            f"Targets of a {task} network lie between 0 and 1. Received values from "
            f"{float(xp.min(y))} to {float(xp.max(y))}; number the classes from 0, or end the "
            f"network with 'identity' for a regression."
        )
    return y


def _one_hot(y: Array, classes: int) -> Array:
    xp = namespace(y)
    import array_api_compat

    numbers = xp.arange(classes, dtype=y.dtype, device=array_api_compat.device(y))
    matrix = xp.astype(xp.expand_dims(y, axis=1) == numbers, y.dtype)
    if not bool(xp.all(xp.sum(matrix, axis=1) == 1.0)):
        raise InputError(
            f"The classes of a network of {classes} outputs are the whole numbers 0 to "
            f"{classes - 1}. Received values from {float(xp.min(y))} to {float(xp.max(y))}."
        )
    return matrix


def decode(task: str, outputs: Array) -> Array:
    """Return predictions from the network's outputs.

    Parameters
    ----------
    task : str
        One of `TASKS`.
    outputs : array, shape (..., n, o)
        The last layer's outputs.

    Returns
    -------
    array
        Class numbers (..., n) for binary and classes; 0 and 1 of shape (..., n, o)
        for multilabel; for a regression the outputs, (..., n) where there is one.
    """
    xp = namespace(outputs)
    if task == "classes":
        return xp.argmax(outputs, axis=-1)
    if task == "regression":
        return xp.squeeze(outputs, axis=-1) if outputs.shape[-1] == 1 else outputs
    import array_api_compat

    info, device = xp.__array_namespace_info__(), array_api_compat.device(outputs)
    whole = info.default_dtypes(device=device)["integral"]
    chosen = xp.astype(outputs > 0.5, whole)
    return xp.squeeze(chosen, axis=-1) if task == "binary" else chosen


def hits(task: str, outputs: Array, y: Array, weight: Array | None = None) -> Array:
    """Return the sum over samples from which the score is made.

    Parameters
    ----------
    task : str
        One of `TASKS`.
    outputs : array, shape (..., n, o)
        The last layer's outputs.
    y : array, shape (..., n, o)
        Encoded targets.
    weight : array, shape (..., n, 1), optional
        How much each sample counts; by default 1.

    Returns
    -------
    array
        The number of samples got right, (...); for a regression the squared
        error of each output, (..., o).
    """
    xp = namespace(outputs)
    if task == "regression":
        squared = (outputs - y) ** 2
        return xp.sum(squared if weight is None else squared * weight, axis=-2)
    if task == "classes":
        right = xp.argmax(outputs, axis=-1) == xp.argmax(y, axis=-1)
    else:
        right = xp.all((outputs > 0.5) == (y > 0.5), axis=-1)
    right = xp.astype(right, outputs.dtype)
    return xp.sum(right if weight is None else right * weight[..., 0], axis=-1)


def spread(y: Array, weight: Array | None = None) -> Array:
    """Return the squared distance of each output's targets from their mean, (..., o).

    It is exactly 0 for an output whose targets are all equal.
    """
    xp = namespace(y)
    if weight is None:
        around = xp.sum((y - xp.mean(y, axis=-2, keepdims=True)) ** 2, axis=-2)
    else:
        mean = xp.sum(weight * y, axis=-2, keepdims=True) / xp.sum(weight, axis=-2, keepdims=True)
        around = xp.sum(weight * (y - mean) ** 2, axis=-2)
    # A rounded mean is not always the value that all have.
    equal = xp.max(y, axis=-2) == xp.min(y, axis=-2)
    return xp.where(equal, xp.zeros_like(around), around)


def score(task: str, total: Any, samples: Any, around: Any) -> Any:
    """Turn the sum of `hits` into a score, on the host and in its full precision.

    Parameters
    ----------
    task : str
        One of `TASKS`.
    total : numpy.ndarray
        `hits`, added up over the samples.
    samples : int or numpy.ndarray
        Their number, or weight.
    around : numpy.ndarray, shape (..., o), or None
        `spread` of the targets, for a regression.

    Returns
    -------
    numpy.ndarray, shape (...)
        Accuracy in [0, 1]; for a regression R2, the mean over the outputs. Where all targets
        of an output are equal it is 1 if they are met and else 0, as in scikit-learn.
    """
    import numpy as np

    total = total.astype("float64")
    if task != "regression":
        return total / samples
    share = total / np.where(around > 0.0, around, 1.0)
    share = np.where(around > 0.0, share, total > 0.0)
    return (1.0 - share).mean(axis=-1)
