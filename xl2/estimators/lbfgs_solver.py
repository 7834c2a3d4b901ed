"""The L-BFGS-B solver: scipy descends on the host, loss and gradient come from the backend."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from sklearn.exceptions import ConvergenceWarning

from .arguments import callbacks_of, stopped_by

if TYPE_CHECKING:
    from ..array.backend import Backend
    from ..nn.losses import Loss
    from ..nn.network import Network
    from ..nn.step import Samples

# scipy's status of a descent that a callback ended.
CALLED_OFF = 99


def pack(layers: Any) -> Any:
    """Return all weights, then all biases, as one vector of NumPy's in float64."""
    import numpy as np

    weights, biases = zip(*layers, strict=True)
    return np.concatenate([np.ravel(p) for p in (*weights, *biases)]).astype("float64")


def unpack(vector: Any, like: Any) -> list[tuple[Any, Any]]:
    """Cut a vector into weights and biases shaped like others."""
    import numpy as np

    weights, biases = zip(*like, strict=True)
    shapes = [p.shape for p in (*weights, *biases)]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    parts = [p.reshape(s) for p, s in zip(np.split(vector, ends), shapes, strict=True)]
    return list(zip(parts[: len(weights)], parts[len(weights) :], strict=True))


def value_and_gradient(
    vector: Any, network: Network, samples: Samples, coefficients: tuple[Any, ...], loss: Loss
) -> tuple[float, Any]:
    """Return the objective and its derivatives at a vector of parameters, on the host.

    The network's parameters become those of the vector.
    """
    backend = network.backend
    network.set_parameters(unpack(vector, network.host_parameters()))
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
    """Train a network on all samples at once.

    Parameters
    ----------
    network : Network
        It is trained where it stands.
    samples : Samples
    coefficients : tuple
        lambda for each layer.
    loss : Loss
    estimator : estimator
        Whose `max_iter`, `max_fun`, `tol`, `verbose` and `callbacks` hold.
    home : Backend
        Where the user's callbacks are to find the weights.

    Returns
    -------
    iterations : int
    loss : float
        Penalty included.

    Warns
    -----
    ConvergenceWarning
        If it stopped before it converged, and no callback said so.
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
    network.set_parameters(unpack(result.x, network.host_parameters()))
    iterations = min(int(result.nit), int(estimator.max_iter))
    if result.status not in (0, CALLED_OFF):
        _warn(result, iterations, estimator.max_iter)
    return iterations, float(result.fun)


def _after_an_iteration(network: Network, estimator: Any, home: Backend) -> Any:
    """Return what scipy calls after an iteration, or None where nobody looks."""
    callbacks = callbacks_of(estimator)
    if not callbacks and not estimator.verbose:
        return None
    estimator.n_iter_ = 0

    def look(intermediate_result: Any) -> None:  # scipy goes by the argument's name
        estimator.n_iter_ += 1
        estimator.loss_ = float(intermediate_result.fun)
        if estimator.verbose:
            print(f"loss = {estimator.loss_:.8f}")
        if callbacks:
            network.set_parameters(unpack(intermediate_result.x, network.host_parameters()))
            estimator._take(network, home)
        if stopped_by(callbacks, estimator):
            raise StopIteration

    return look


def _warn(result: Any, iterations: int, most: int) -> None:
    more = ""
    if iterations == most:
        more = f"\nIncrease the number of iterations to improve the convergence (max_iter={most})."
    warnings.warn(
        f"lbfgs failed to converge after {iterations} iteration(s) (status={result.status}):\n"
        f"{result.message}\n{more}\n"
        f"It may also help to scale the data, by sklearn.preprocessing.StandardScaler.",
        ConvergenceWarning,
        stacklevel=4,
    )
