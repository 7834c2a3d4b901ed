"""The L-BFGS-B solver: scipy minimises on the host, the backend computes loss and gradient."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from ..array.backend import Backend
from ..errors import warn_caller
from ..nn.losses import Loss
from ..nn.network import Network
from ..nn.step import Samples
from .arguments import callbacks_of, stopped_by
from .verbose import say

# scipy's status of a minimisation that a callback stopped.
STOPPED_BY_CALLBACK = 99


def pack(layers: Any) -> Any:
    """Return all weights, then all biases, as one NumPy vector in float64."""
    import numpy as np

    weights, biases = zip(*layers, strict=True)
    return np.concatenate([np.ravel(p) for p in (*weights, *biases)]).astype("float64")


def unpack(vector: Any, sizes: tuple[int, ...]) -> list[tuple[Any, Any]]:
    """Cut a packed vector into the weights and biases of a network with these sizes."""
    import numpy as np

    shapes = [*pairwise(sizes), *((outputs,) for outputs in sizes[1:])]
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
    parts = [p.reshape(s) for p, s in zip(np.split(vector, ends), shapes, strict=True)]
    layers = len(sizes) - 1
    return list(zip(parts[:layers], parts[layers:], strict=True))


def value_and_gradient(
    vector: Any, network: Network, samples: Samples, coefficients: tuple[Any, ...], loss: Loss
) -> tuple[float, Any]:
    """Set the network's parameters to a vector; return the objective and its gradient there."""
    backend = network.backend
    network.set_parameters(unpack(vector, network.sizes))
    with backend.scope():
        value, found = network.objective(samples, coefficients, loss)
        host = [tuple(map(backend.to_numpy, layer)) for layer in found]
        return float(backend.to_numpy(value)), pack(host)


def minimise(
    network: Network,
    samples: Samples,
    coefficients: tuple[Any, ...],
    loss: Loss,
    estimator: Any,
    home: Backend,
) -> tuple[int, float]:
    """Train a network in place on all samples; return iterations and loss, with the penalty.

    `coefficients` has lambda for each layer. The weights that callbacks see are on `home`.
    Warns with a ConvergenceWarning if training stops unconverged and not by a callback.
    """
    from scipy.optimize import minimize

    with network.backend.library.threads():
        result = minimize(
            value_and_gradient,
            pack(network.host_parameters()),
            method="L-BFGS-B",
            jac=True,
            args=(network, samples, coefficients, loss),
            callback=_after_an_iteration(network, estimator, home),
            options={
                "maxfun": estimator.max_fun,
                "maxiter": estimator.max_iter,
                "gtol": estimator.tol,
            },
        )
    network.set_parameters(unpack(result.x, network.sizes))
    iterations = min(int(result.nit), int(estimator.max_iter))
    if result.status not in (0, STOPPED_BY_CALLBACK):
        _warn(result, iterations, estimator.max_iter)
    return iterations, float(result.fun)


def _after_an_iteration(network: Network, estimator: Any, home: Backend) -> Any:
    """Return the function that scipy calls after an iteration, or None if it has no use."""
    callbacks = callbacks_of(estimator)
    if not callbacks and not estimator.verbose:
        return None
    estimator.n_iter_ = 0

    def report(intermediate_result: Any) -> None:  # scipy looks for this argument's name
        estimator.n_iter_ += 1
        estimator.loss_ = float(intermediate_result.fun)
        if estimator.verbose:
            say(f"loss = {estimator.loss_:.8f}")
        if callbacks:
            network.set_parameters(unpack(intermediate_result.x, network.sizes))
            estimator._store(network, home)
        if stopped_by(callbacks, estimator):
            raise StopIteration

    return report


def _warn(result: Any, iterations: int, max_iter: int) -> None:
    more = ""
    if iterations == max_iter:
        more = (
            f"\nIncrease the number of iterations to improve the convergence (max_iter={max_iter})."
        )
    warn_caller(
        f"lbfgs failed to converge after {iterations} iteration(s) (status={result.status}):\n"
        f"{result.message}\n{more}\n"
        f"Scaling the data may also help: use sklearn.preprocessing.StandardScaler.",
        ConvergenceWarning,
    )
