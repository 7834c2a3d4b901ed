"""Tasks: what the outputs mean, how targets become numbers and outputs predictions, and scores.

The activation of the output layer and the targets decide the task:

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

import array_api_compat

from ..array.api import Array, namespace
from ..array.backend import Backend
from ..errors import InputError

TASKS = ("binary", "classes", "multilabel", "regression")


def task_of(output: str, outputs: int, y: Array | None = None) -> str:
    """Return the task of an output layer and its targets `y`, (n,) or (n, outputs).

    Without targets, several sigmoids mean classes.
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


def encode(task: str, y: Array, outputs: int, backend: Backend, what: str = "y") -> Array:
    """Return targets as a matrix (n, outputs), to compare with the outputs.

    The targets `y`, (n,), (n, 1) or (n, outputs), are in the dtype of the network and on its
    backend. `what` is their name in error messages.
    """
    xp = namespace(y)
    if y.ndim == 2 and y.shape[1] == 1 and outputs > 1:
        y = xp.squeeze(y, axis=1)
    if y.ndim == 1 and task == "classes":
        return _one_hot(y, outputs, backend, what)
    if y.ndim == 1:
        y = xp.expand_dims(y, axis=1)
    if y.ndim != 2 or y.shape[1] != outputs:
        raise InputError(
            f"{what} has shape {tuple(y.shape)}, but a network of {outputs} outputs expects class "
            f"numbers (n,) or targets (n, {outputs})."
        )
    if task != "regression" and not bool(backend.library.compiled(_are_shares)(y)):
        raise InputError(
            f"The targets of a {task} network must be between 0 and 1. Received: {what} from "
            f"{float(xp.min(y))} to {float(xp.max(y))}. Number the classes from 0, or use the "
            f"output activation 'identity' for a regression."
        )
    return y


def _one_hot(y: Array, classes: int, backend: Backend, what: str) -> Array:
    import numpy as np

    xp = namespace(y)
    # Not on the device of y: for JAX, an array on a named device is of another kind than one on the
    # default device, and so would be the parameters after a step, which is compiled again then.
    dtype = "float64" if y.dtype == xp.float64 else "float32"
    numbers = backend.from_numpy(np.arange(classes, dtype=dtype))
    matrix, known = backend.library.compiled(_compared)(y, numbers)
    if not bool(known):
        raise InputError(
            f"The class numbers of a network of {classes} outputs must be whole numbers from 0 to "
            f"{classes - 1}. Received: {what} from {float(xp.min(y))} to {float(xp.max(y))}."
        )
    return matrix


def _are_shares(y: Array) -> Array:
    return namespace(y).all((y >= 0.0) & (y <= 1.0))


def _compared(y: Array, numbers: Array) -> tuple[Array, Array]:
    """Return one-hot rows for class numbers, and whether each is one of the numbers."""
    xp = namespace(y)
    matrix = xp.astype(xp.expand_dims(y, axis=1) == numbers, y.dtype)
    return matrix, xp.all(xp.sum(matrix, axis=1) == 1.0)


def smoothed(task: str, y: Array, part: float) -> Array:
    """Return encoded targets of which a part is divided evenly among all classes.

    A network of which certainty is asked grows its weights as long as it is trained. Of a target
    of 0.95 it can reach the loss's minimum [1]_. For labels that a sample has or has not the
    classes are two.

    References
    ----------
    .. [1] C. Szegedy et al., "Rethinking the inception architecture for computer vision",
       CVPR 2016.
    """
    classes = y.shape[-1] if task == "classes" else 2
    return (1.0 - part) * y + part / classes


def decode(task: str, outputs: Array) -> Array:
    """Return predictions from outputs (..., n, o).

    They are class numbers (..., n) for binary and classes, and 0 and 1 (..., n, o) for
    multilabel. For a regression they are the outputs, (..., n) if there is only one.
    """
    xp = namespace(outputs)
    if task == "classes":
        return xp.argmax(outputs, axis=-1)
    if task == "regression":
        return xp.squeeze(outputs, axis=-1) if outputs.shape[-1] == 1 else outputs
    info, device = xp.__array_namespace_info__(), array_api_compat.device(outputs)
    integer = info.default_dtypes(device=device)["integral"]
    numbers = xp.astype(outputs > 0.5, integer)
    return xp.squeeze(numbers, axis=-1) if task == "binary" else numbers


def score_sum(task: str, outputs: Array, y: Array, weight: Array | None = None) -> Array:
    """Return the sum over samples, by weights (..., n, 1), from which `score` computes the score.

    It is the number of correct samples (...); for a regression the squared error of each output
    (..., o). Outputs and encoded targets are (..., n, o).
    """
    xp = namespace(outputs)
    if task == "regression":
        squared = (outputs - y) ** 2
        return xp.sum(squared if weight is None else squared * weight, axis=-2)
    if task == "classes":
        correct = xp.argmax(outputs, axis=-1) == xp.argmax(y, axis=-1)
    else:
        correct = xp.all((outputs > 0.5) == (y > 0.5), axis=-1)
    correct = xp.astype(correct, outputs.dtype)
    return xp.sum(correct if weight is None else correct * weight[..., 0], axis=-1)


def spread(y: Array, weight: Array | None = None) -> Array:
    """Return the squared distance of targets (..., n, o) from their mean, (..., o).

    It is exactly 0 for an output whose targets are all equal.
    """
    xp = namespace(y)
    if weight is None:
        squared = xp.sum((y - xp.mean(y, axis=-2, keepdims=True)) ** 2, axis=-2)
    else:
        mean = xp.sum(weight * y, axis=-2, keepdims=True) / xp.sum(weight, axis=-2, keepdims=True)
        squared = xp.sum(weight * (y - mean) ** 2, axis=-2)
    # The rounded mean of equal values may differ from them.
    equal = xp.max(y, axis=-2) == xp.min(y, axis=-2)
    return xp.where(equal, xp.zeros_like(squared), squared)


def score(task: str, total: Any, samples: Any, spread: Any) -> Any:
    """Return accuracy or R2, shaped like the stack, from NumPy arrays in float64.

    `total` is the sum of `score_sum`, `samples` the number or weight of the samples, and
    `spread` that of a regression's targets. R2 is the mean over the outputs. If the targets of
    an output are all equal, its R2 is 1 for exact predictions and else 0, as in scikit-learn.
    """
    import numpy as np

    total = total.astype("float64")
    if task != "regression":
        return total / samples
    share = total / np.where(spread > 0.0, spread, 1.0)
    share = np.where(spread > 0.0, share, total > 0.0)
    return (1.0 - share).mean(axis=-1)
