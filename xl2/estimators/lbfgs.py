"""The L-BFGS-B solver: scipy descends on the host, loss and gradient come from the backend."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from sklearn.exceptions import ConvergenceWarning

from ..objective import objective

if TYPE_CHECKING:
    from ..losses import Loss
    from ..network import Network
    from ..step import Samples


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
        value, found = objective(network, samples, coefficients, loss)
        host = [tuple(map(backend.to_numpy, layer)) for layer in found]
        return float(backend.to_numpy(value)), pack(host)


def minimise(
    network: Network,
    samples: Samples,
    coefficients: tuple[Any, ...],
    loss: Loss,
    estimator: Any,
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
        Whose `max_iter`, `max_fun`, `tol` and `verbose` hold.

    Returns
    -------
    iterations : int
    loss : float
        Penalty included.

    Warns
    -----
    ConvergenceWarning
        If it stopped before it converged.
    """
    from scipy.optimize import minimize

    with network.backend.library.threads():
        result = minimize(
            value_and_gradient,
            pack(network.host_parameters()),
            method="L-BFGS-B",
            jac=True,
            args=(network, samples, coefficients, loss),
            callback=_report if estimator.verbose else None,
            options={
                "maxfun": estimator.max_fun,
                "maxiter": estimator.max_iter,
                "gtol": estimator.tol,
            },
        )
    network.set_parameters(unpack(result.x, network.host_parameters()))
    iterations = min(int(result.nit), int(estimator.max_iter))
    if result.status != 0:
        _warn(result, iterations, estimator.max_iter)
    return iterations, float(result.fun)


def _report(intermediate_result: Any) -> None:
    print(f"loss = {intermediate_result.fun:.8f}")


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
