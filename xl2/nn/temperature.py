"""Temperature scaling: one number that makes probabilities as high as the answers are often right.

The logits of a classifier are divided by a temperature above 0 [1]_, above 1 for a classifier that
is too sure of itself. No answer changes, because the order of the probabilities does not. Where
several sigmoids stand for classes, the temperature is the root that is taken of each.

References
----------
.. [1] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks",
   ICML 2017.
"""

from __future__ import annotations

import copy
import math
from numbers import Real
from typing import TYPE_CHECKING, Any

from ..array.activations import sigmoid, softmax
from ..array.operations import Layer
from ..errors import InputError

if TYPE_CHECKING:
    from .network import Network

LOW, HIGH = 0.01, 100.0  # the least and the highest temperature that is found
SPREAD = 0.2  # of one over the temperature, around 1; measured in docs/calibration.md
MOST = 1_000_000  # predictions that a temperature is found by: it is then known to about 0.2 %
SMALLEST = 1e-45  # of a probability, as in float32
LEAST = 2.0**-53  # of the distance of a probability in float64 from 1


def check_temperature(temperature: Any, task: str) -> None:
    """Refuse what is no temperature, or one of a regression."""
    number = isinstance(temperature, Real) and not isinstance(temperature, bool)
    if not number or not 0.0 < float(temperature) < math.inf:
        raise InputError(f"temperature must be a number above 0. Received: {temperature!r}.")
    if task == "regression" and temperature != 1.0:
        raise InputError(
            f"A temperature is for probabilities, and a regression has none. Leave it at 1. "
            f"Received: {temperature!r}."
        )


def takes_roots(network: Network) -> bool:
    """Tell whether a temperature is a root of the outputs, as of several sigmoids for classes."""
    return network.task == "classes" and network.activations[-1] == "sigmoid"


def divided(network: Network, temperature: float) -> Network:
    """Return a network whose logits are divided; it shares all layers but the last."""
    if temperature == 1.0:
        return network
    if takes_roots(network):
        raise InputError(
            "The temperature of a network with several sigmoids for classes is not a division of "
            "its logits. Use a softmax, or the model with the temperature 1."
        )
    *hidden, (weight, bias) = network.parameters
    with network.backend.scope():
        last = Layer(weight / temperature, bias / temperature)
    new = copy.copy(network)
    new.parameters = (*hidden, last)
    return new


def tempered(task: str, outputs: Any, temperature: float) -> Any:
    """Return probabilities (n, outputs) at another temperature, by those at 1, on the host.

    Those of classes have the sum 1.
    """
    if task == "classes":
        return softmax(_logarithms(outputs) / temperature)
    return sigmoid(_odds(outputs) / temperature)


def best_temperature(
    task: str,
    outputs: Any,
    y: Any,
    weight: Any = None,
    *,
    samples: float | None = None,
    spread: float = SPREAD,
) -> float:
    """Return the temperature at which the log loss of predictions is lowest, close to 1 if unsure.

    Few samples tell little of it, and some with no mistake would have it fall for ever. So the
    total loss is minimised plus ``(1 / T - 1)**2 / (2 * spread**2)``, as if one over the
    temperature were known to be 1 with that standard deviation. Both are convex in one over the
    temperature, and the root of the slope is found, from 0.01 to 100.

    Parameters
    ----------
    task : {"binary", "classes", "multilabel"}
    outputs : numpy.ndarray, shape (n, outputs)
        Probabilities of networks for samples that they were not trained on.
    y : numpy.ndarray, shape (n,) or (n, labels)
        Class numbers, or 0 and 1.
    weight : numpy.ndarray, shape (n,), optional
    samples : float, optional
        How many samples these predictions are of; by default n, or as many as weigh the same.
    spread : float
        Infinite for the lowest log loss itself.
    """
    import numpy as np
    from scipy.optimize import brentq

    if weight is None:
        weight = np.ones(len(y))
    total = float(weight.sum())
    if not total:
        return 1.0
    samples = total**2 / float((weight**2).sum()) if samples is None else samples
    if len(y) > MOST:
        some = np.random.default_rng(0).choice(len(y), MOST, replace=False)
        outputs, y, weight = outputs[some], y[some], weight[some]
        total = float(weight.sum())
    if task == "classes":
        ahead = _logarithms(outputs)
        ahead -= ahead[np.arange(len(y)), y][:, None].copy()  # of the true class
    else:
        ahead = np.where(y.reshape(outputs.shape) > 0.5, -1.0, 1.0) * _odds(outputs)

    def slope(logarithm: float) -> float:
        sharpness = math.exp(logarithm)
        shares = softmax if task == "classes" else sigmoid
        found = (shares(sharpness * ahead) * ahead).sum(axis=1)
        return samples / total * float(weight @ found) + (sharpness - 1.0) / spread**2

    low, high = -math.log(HIGH), -math.log(LOW)
    if slope(low) >= 0.0:
        return HIGH
    if slope(high) <= 0.0:
        return LOW
    return math.exp(-brentq(slope, low, high, xtol=1e-9))


def _logarithms(outputs: Any) -> Any:
    """Return the logarithms of probabilities, none of them infinite."""
    import numpy as np

    return np.log(np.maximum(outputs.astype("float64"), SMALLEST))


def _odds(outputs: Any) -> Any:
    """Return the logits of probabilities, none of them infinite."""
    import numpy as np

    p = outputs.astype("float64")
    return np.log(np.maximum(p, SMALLEST)) - np.log(np.maximum(1.0 - p, LEAST))
