"""The losses that scikit-learn reports, with the derivatives of `xl2.nn.losses`.

scikit-learn clips a probability by the dtype's epsilon before it takes a logarithm. This
bounds the loss of an output from below and above, so the exact loss of the logits is bounded
instead. For the squared error it reports the mean over the outputs and minimises the sum.
"""

from __future__ import annotations

import math
from typing import Any

from ..array.api import Array, namespace
from ..nn.losses import (
    Loss,
    binary_cross_entropy_delta,
    categorical_cross_entropy,
    categorical_cross_entropy_delta,
    poisson,
    poisson_delta,
    softplus_error,
    squared_error,
    squared_error_delta,
)


def bounded_binary_cross_entropy(z: Array, y: Array) -> Array:
    """Return the binary cross-entropy of clipped probabilities; `y` is 0 or 1."""
    return namespace(z).sum(_bounded(softplus_error(z, y)), axis=-1)


def bounded_categorical_cross_entropy(z: Array, y: Array) -> Array:
    """Return the categorical cross-entropy of clipped probabilities."""
    return _bounded(categorical_cross_entropy(z, y))


def mean_squared_error(z: Array, y: Array) -> Array:
    """Return half the squared error, averaged over the outputs."""
    return squared_error(z, y) / z.shape[-1]


def _bounded(value: Array) -> Array:
    xp: Any = namespace(value)
    epsilon = float(xp.finfo(value.dtype).eps)
    return xp.minimum(xp.maximum(value, -math.log1p(-epsilon)), -math.log(epsilon))


# By scikit-learn's names of the loss and the output activation.
REPORTED = {
    ("log_loss", "logistic"): Loss(bounded_binary_cross_entropy, binary_cross_entropy_delta),
    ("log_loss", "softmax"): Loss(
        bounded_categorical_cross_entropy, categorical_cross_entropy_delta
    ),
    ("squared_error", "identity"): Loss(mean_squared_error, squared_error_delta),
    ("poisson", "exp"): Loss(poisson, poisson_delta),
}
