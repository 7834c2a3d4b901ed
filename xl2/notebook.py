"""The functions of the original notebook, under its names and with its signatures.

Samples are columns: X is (features, samples), W is (outputs, inputs), b is (outputs, 1).
Parameters are a dict of ``'W1'``, ``'b1'``, ``'W2'``, ... Activations are "sigmoid",
"tanh" or "relu", one for each layer.

Initial weights come from NumPy's global state, so ``numpy.random.seed(0)`` fixes them.
The library and device of the parameters compute, in their dtype: arrays of another library,
another device or another dtype are moved there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .array import activations as _activations
from .array.api import Array, library_of, namespace
from .array.switch import resolve_like, to_numpy
from .errors import InputError, unknown
from .nn import initializers as _initializers
from .nn.network import Network
from .nn.penalties import L2
from .nn.tasks import decode
from .training.fit import fit

Parameters = dict[str, Array]


class _GlobalDraws:
    """NumPy's global state as an initializer's generator, drawn (outputs, inputs)."""

    def random(self, size: tuple[int, int]) -> Any:
        import numpy as np

        return np.random.rand(*reversed(size)).T

    def standard_normal(self, size: tuple[int, int]) -> Any:
        import numpy as np

        return np.random.randn(*reversed(size)).T


def _drawing(name: str, values: str) -> Callable[[int, int], Any]:
    def draw(in_dim: int, out_dim: int) -> Any:
        return _initializers.INITIALIZERS[name](in_dim, out_dim, _GlobalDraws()).T

    draw.__name__ = draw.__qualname__ = name
    draw.__doc__ = f"Draw (out_dim, in_dim) weights, {values}."
    return draw


uniform = _drawing("uniform", "uniform on [0, 1)")
uniform_100 = _drawing("uniform_100", "uniform on [0, 0.01)")
gaussian = _drawing("gaussian", "Gaussian with variance 1")
xavier = _drawing("xavier", "Gaussian with variance 1 / in_dim")
he = _drawing("he", "Gaussian with variance 2 / in_dim")
bengio = _drawing("bengio", "Gaussian with variance 1 / (in_dim + out_dim)")

init_functions: dict[str, Callable[[int, int], Any]] = {
    draw.__name__: draw for draw in (uniform, uniform_100, gaussian, xavier, he, bengio)
}

sigmoid = _activations.sigmoid
tanh = _activations.tanh
relu = _activations.relu


def d_sigmoid(x: Array) -> Array:
    """Return the derivative of the sigmoid at `x`."""
    return _activations.sigmoid_derivative(sigmoid(x))


def d_tanh(x: Array) -> Array:
    """Return the derivative of the hyperbolic tangent at `x`."""
    return _activations.tanh_derivative(tanh(x))


def d_relu(x: Array) -> Array:
    """Return 1 where `x` is positive, else 0."""
    return _activations.relu_derivative(x)


act_functions = {"sigmoid": sigmoid, "tanh": tanh, "relu": relu}
act_derivates = {"sigmoid": d_sigmoid, "tanh": d_tanh, "relu": d_relu}


def _find(functions: dict[str, Any], name: str, what: str = "activation") -> Any:
    if name not in functions:
        raise InputError(unknown(what, name, functions))
    return functions[name]


def _beside(W: Any, **arrays: Any) -> list[Array]:
    """Return `W`, and arrays on its device and in its dtype."""
    backend = resolve_like(W)
    dtype = "float32" if getattr(W, "dtype", None) == backend.xp.float32 else "float64"
    moved = [backend.asarray(W, dtype, "W")]
    for name, x in arrays.items():
        x = x if library_of(x) == backend.name else to_numpy(x)
        moved.append(backend.asarray(x, dtype, name))
    return moved


def layer_forward_pass(X: Array, W: Array, b: Array, activation: str) -> tuple[Array, Array]:
    """Pass samples (inputs, samples) through one layer; return `Z` and `A`, (outputs, samples).

    `Z` is before the activation, and `A` after it.
    """
    function = _find(act_functions, activation)
    W, X, b = _beside(W, X=X, b=b)
    Z = W @ X + b
    return Z, function(Z)


def model_forward_pass(
    X: Array, activations: Sequence[str], parameters: Parameters
) -> dict[str, Array]:
    """Pass samples through all layers; return ``'A0'`` (the samples), ``'Z1'``, ``'A1'``, ..."""
    result = {"A0": _beside(parameters["W1"], X=X)[1]}
    for i, activation in enumerate(activations, start=1):
        result[f"Z{i}"], result[f"A{i}"] = layer_forward_pass(
            result[f"A{i - 1}"], parameters[f"W{i}"], parameters[f"b{i}"], activation
        )
    return result


def layer_backward_pass(
    dA: Array, Z: Array, A_prev: Array, W: Array, activation: str
) -> tuple[Array, Array, Array]:
    """Pass a derivative back through one layer; sums over the samples, not means.

    `dA` is the derivative of the cost by the layer's outputs, `Z` its pre-activations and
    `A_prev` its inputs. Return the derivatives by `W`, by `b` (outputs, 1) and by `A_prev`.
    """
    derivative = _find(act_derivates, activation)
    W, dA, Z, A_prev = _beside(W, dA=dA, Z=Z, A_prev=A_prev)
    dZ = dA * derivative(Z)
    return dZ @ A_prev.T, namespace(dZ).sum(dZ, axis=1, keepdims=True), W.T @ dZ


def model_backward_pass(
    dA_last: Array,
    parameters: Parameters,
    forward_pass_results: dict[str, Array],
    activations: Sequence[str],
) -> dict[str, Array]:
    """Pass a derivative by the last outputs, (outputs, samples), back through all layers.

    `forward_pass_results` is the result of `model_forward_pass`. Return ``'dW1'``, ``'db1'``,
    ``'dW2'``, ...
    """
    gradients: dict[str, Array] = {}
    dA = dA_last
    for i in range(len(activations), 0, -1):
        gradients[f"dW{i}"], gradients[f"db{i}"], dA = layer_backward_pass(
            dA,
            forward_pass_results[f"Z{i}"],
            forward_pass_results[f"A{i - 1}"],
            parameters[f"W{i}"],
            activations[i - 1],
        )
    return gradients


def train_model(
    X: Any,
    Y: Any,
    layer_dimensions: Sequence[int],
    layer_activations: Sequence[str],
    initializations: Sequence[str],
    learning_rate: float = 0.01,
    epochs: int = 10,
    batch_size: int = 64,
    lambd: float = 0,
    show_cost: bool = False,
    *,
    dtype: str = "float64",
    backend: str | None = None,
    device: Any = None,
) -> tuple[Parameters, list[float]]:
    """Train a network by gradient descent on mini-batches in the order of the data.

    Parameters
    ----------
    X, Y : array_like
        Samples (features, samples), and their targets (outputs, samples) between 0 and 1.
    layer_dimensions : sequence of int
        Units of each layer, the inputs first.
    layer_activations : sequence of str
        One for each layer after the inputs; the last must be "sigmoid".
    initializations : sequence of str
        Keys of `init_functions`, one for each layer after the inputs.
    learning_rate, epochs, batch_size : optional
        As in `xl2.fit`.
    lambd : float, default 0
        lambda; the gradient of the penalty is ``lambd / m * W``, with m the mini-batch's size.
    show_cost : bool, default False
        Print the cost about twenty times.
    dtype, backend, device : optional
        As in `xl2.Network`; the default backend is that of `X`.

    Returns
    -------
    parameters : dict
        ``'W1'`` (outputs, inputs), ``'b1'`` (outputs, 1), ...
    costs : list of float
        The cost over all samples after each epoch, with the penalty
        ``lambd / (2 m) sum(W^2)``, where m is the number of all samples.
    """
    if layer_activations[-1] != "sigmoid":
        raise InputError(
            "The notebook's cost is the cross-entropy of sigmoid outputs: the last activation "
            f"must be 'sigmoid'. Received: {layer_activations[-1]!r}."
        )
    draws = [_find(init_functions, name, "initialization") for name in initializations]
    initializers: Any = [lambda i, o, rng, draw=draw: draw(i, o).T for draw in draws]
    where: Any = {"backend": backend, "device": device}
    network = Network(layer_dimensions, layer_activations, initializers, dtype=dtype, **where)
    x, y = _rows(X), _rows(Y)

    def show(network: Network, history: Any) -> None:
        epoch = len(history) - 1
        if show_cost and epoch % max(1, epochs // 20) == 0:
            print(f"Epoch #{epoch}: {history.validation_loss[-1] + history.penalty[-1]}")

    history = fit(
        network,
        x,
        y,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        penalty=L2(lambd, per="batch"),
        even_batches=False,
        shuffle=False,
        validation=(x, y),
        callbacks=[show],
        progress=False,
        **where,
    )
    costs = [a + b for a, b in zip(history.validation_loss, history.penalty, strict=True)]
    parameters = {}
    for i, (weight, bias) in enumerate(network.parameters, start=1):
        parameters[f"W{i}"] = weight.T
        parameters[f"b{i}"] = network.backend.xp.expand_dims(bias, axis=1)
    return parameters, costs


def accuracy(x: Any, y: Any, params: Parameters, layer_activations: Sequence[str]) -> float:
    """Return the fraction of samples that a network classifies correctly.

    `x` is (features, samples), and `y` class numbers (1, samples), 0 or 1 for a network with one
    output. `params` are the parameters that `train_model` returns.
    """
    backend = resolve_like(params["W1"])
    with backend.scope():
        last = model_forward_pass(x, layer_activations, params)[f"A{len(layer_activations)}"].T
        found = decode("binary" if last.shape[-1] == 1 else "classes", last)
        right = backend.to_numpy(found) == to_numpy(y)[0, :]
    return float(right.mean())


def _rows(x: Any) -> Any:
    """Return samples in columns as samples in rows, an array of the same library."""
    import numpy as np

    return (np.asarray(x) if library_of(x) is None else x).T
