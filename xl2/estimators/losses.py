"""The losses as scikit-learn reports them; their derivatives are those of `xl2.nn.losses`.

scikit-learn keeps a probability away from 0 and 1 by the dtype's smallest step before it
takes a logarithm. The loss of an output then has a floor and a ceiling, which can be said
of the logits' own, exact, loss: nothing else changes. Of a squared error it reports the
mean over the outputs, and descends on the sum.
"""

from __future__ import annotations

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
    """Return the binary cross-entropy of probabilities kept off 0 and 1; `y` is 0 or 1."""
    return namespace(z).sum(_bounded(softplus_error(z, y)), axis=-1)


def bounded_categorical_cross_entropy(z: Array, y: Array) -> Array:
    """Return the categorical cross-entropy of probabilities kept off 0 and 1."""
    return _bounded(categorical_cross_entropy(z, y))


def mean_squared_error(z: Array, y: Array) -> Array:
    """Return half the squared error, the mean over the outputs."""
    return squared_error(z, y) / z.shape[-1]


def _bounded(value: Array) -> Array:
    xp: Any = namespace(value)
    step = float(xp.finfo(value.dtype).eps)
    import math

    return xp.minimum(xp.maximum(value, -math.log1p(-step)), -math.log(step))


# By the name of the loss and the output activation, both scikit-learn's.
REPORTED = {
    ("log_loss", "logistic"): Loss(bounded_binary_cross_entropy, binary_cross_entropy_delta),
    ("log_loss", "softmax"): Loss(
        bounded_categorical_cross_entropy, categorical_cross_entropy_delta
    ),
    ("squared_error", "identity"): Loss(mean_squared_error, squared_error_delta),
    ("poisson", "exp"): Loss(poisson, poisson_delta),
}
