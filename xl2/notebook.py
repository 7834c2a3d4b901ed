"""The notebook's functions: its names, its signatures, its orientation.

Samples are columns here: X is (features, samples), W is (outputs, inputs), b is
(outputs, 1). Parameters are a dict of ``'W1'``, ``'b1'``, ... Initial weights
come from NumPy's global state, so ``numpy.random.seed(0)`` is what fixes them.
Everything is handed, transposed, to the library proper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from .array import activations as _activations
from .array import operations as _operations
from .array.api import Array, library_of, namespace
from .array.switch import resolve_like, to_numpy
from .errors import InputError, unknown
from .nn import initializers as _initializers
from .nn.network import Network
from .nn.tasks import decode
from .training.fit import fit

Parameters = dict[str, Array]


class _GlobalDraws:
    """NumPy's global state as an initializer's generator, drawn (outputs, inputs) as there."""

    def random(self, size: tuple[int, int]) -> Any:
        import numpy as np

        return np.random.rand(*reversed(size)).T

    def standard_normal(self, size: tuple[int, int]) -> Any:
        import numpy as np

        return np.random.randn(*reversed(size)).T


def _drawn(initializer: str, in_dim: int, out_dim: int) -> Any:
    return _initializers.INITIALIZERS[initializer](in_dim, out_dim, _GlobalDraws()).T


def uniform(in_dim: int, out_dim: int) -> Any:
    """Draw (out_dim, in_dim) weights, uniform on [0, 1)."""
    return _drawn("uniform", in_dim, out_dim)


def uniform_100(in_dim: int, out_dim: int) -> Any:
    """Draw (out_dim, in_dim) weights, uniform on [0, 0.01)."""
    return _drawn("uniform_100", in_dim, out_dim)


def gaussian(in_dim: int, out_dim: int) -> Any:
    """Draw (out_dim, in_dim) weights, gaussian of variance 1."""
    return _drawn("gaussian", in_dim, out_dim)


def xavier(in_dim: int, out_dim: int) -> Any:
    """Draw (out_dim, in_dim) weights, gaussian of variance 1 / in_dim."""
    return _drawn("xavier", in_dim, out_dim)


def he(in_dim: int, out_dim: int) -> Any:
    """Draw (out_dim, in_dim) weights, gaussian of variance 2 / in_dim."""
    return _drawn("he", in_dim, out_dim)


def bengio(in_dim: int, out_dim: int) -> Any:
    """Draw (out_dim, in_dim) weights, gaussian of variance 1 / (in_dim + out_dim)."""
    return _drawn("bengio", in_dim, out_dim)


init_functions: dict[str, Callable[[int, int], Any]] = {
    "uniform": uniform,
    "uniform_100": uniform_100,
    "gaussian": gaussian,
    "xavier": xavier,
    "he": he,
    "bengio": bengio,
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


def _activation(name: str) -> _activations.Activation:
    if name not in act_functions:
        raise InputError(unknown("activation", name, act_functions))
    return _activations.ACTIVATIONS[name]


def layer_forward_pass(X: Array, W: Array, b: Array, activation: str) -> tuple[Array, Array]:
    """Pass samples through one layer.

    Parameters
    ----------
    X : array, shape (inputs, samples)
    W : array, shape (outputs, inputs)
    b : array, shape (outputs, 1)
    activation : {"sigmoid", "tanh", "relu"}

    Returns
    -------
    Z, A : array, shape (outputs, samples)
        Before and after the activation.
    """
    Z = _operations.affine(X.T, W.T, b[:, 0]).T
    return Z, _activation(activation).function(Z)


def model_forward_pass(
    X: Array, activations: Sequence[str], parameters: Parameters
) -> dict[str, Array]:
    """Pass samples through all layers.

    Parameters
    ----------
    X : array, shape (features, samples)
    activations : sequence of str
        One a layer.
    parameters : dict
        ``'W1'``, ``'b1'``, ``'W2'``, ...

    Returns
    -------
    dict
        ``'A0'`` (which is `X`), ``'Z1'``, ``'A1'``, ``'Z2'``, ...
    """
    result = {"A0": X}
    for i, activation in enumerate(activations, start=1):
        result[f"Z{i}"], result[f"A{i}"] = layer_forward_pass(
            result[f"A{i - 1}"], parameters[f"W{i}"], parameters[f"b{i}"], activation
        )
    return result


def layer_backward_pass(
    dA: Array, Z: Array, A_prev: Array, W: Array, activation: str
) -> tuple[Array, Array, Array]:
    """Pass a derivative back through one layer; sums over the samples, not means.

    Parameters
    ----------
    dA : array, shape (outputs, samples)
        Derivative of the cost by the layer's outputs.
    Z : array, shape (outputs, samples)
        Its pre-activations.
    A_prev : array, shape (inputs, samples)
        Its inputs.
    W : array, shape (outputs, inputs)
    activation : {"sigmoid", "tanh", "relu"}

    Returns
    -------
    dW, db, dA_prev : array
        Derivatives by `W`, by `b` (outputs, 1) and by `A_prev`.
    """
    _activation(activation)
    delta = (dA * act_derivates[activation](Z)).T
    db = namespace(delta).expand_dims(_operations.bias_gradient(delta), axis=1)
    through = _activations.ACTIVATIONS["identity"]
    dA_prev = _operations.backpropagate(delta, W.T, A_prev.T, through).T
    return _operations.gradient(A_prev.T, delta).T, db, dA_prev


def model_backward_pass(
    dA_last: Array,
    parameters: Parameters,
    forward_pass_results: dict[str, Array],
    activations: Sequence[str],
) -> dict[str, Array]:
    """Pass the derivative by the last outputs back through all layers.

    Parameters
    ----------
    dA_last : array, shape (outputs, samples)
    parameters : dict
        As for `model_forward_pass`.
    forward_pass_results : dict
        What that returned.
    activations : sequence of str
        One a layer.

    Returns
    -------
    dict
        ``'dW1'``, ``'db1'``, ``'dW2'``, ...
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
    X : array_like, shape (features, samples)
    Y : array_like, shape (outputs, samples)
        Targets between 0 and 1.
    layer_dimensions : sequence of int
        Units of each layer, the inputs first.
    layer_activations : sequence of str
        One a layer after the inputs; the last is "sigmoid", the cost's own.
    initializations : sequence of str
        Keys of `init_functions`, one a layer.
    learning_rate, epochs, batch_size : optional
        As in `xl2.fit`.
    lambd : float, default 0
        lambda; the penalty's gradient is ``lambd / m * W`` with the mini-batch's `m`.
    show_cost : bool, default False
        Print the cost about twenty times.
    dtype, backend, device : optional
        As in `xl2.Network`; with no backend said, that of `X`.

    Returns
    -------
    parameters : dict
        ``'W1'`` (outputs, inputs), ``'b1'`` (outputs, 1), ...
    costs : list of float
        After each epoch the cost over the whole set, ``lambd / (2 m) sum(W^2)`` with
        the set's `m` included.

    Raises
    ------
    InputError
        If an argument is not as said here.
    """
    if layer_activations[-1] != "sigmoid":
        raise InputError(
            "The notebook's cost is the cross-entropy of sigmoid outputs: the last activation "
            f"is 'sigmoid'. Received: {layer_activations[-1]!r}."
        )
    for name in initializations:
        if name not in init_functions:
            raise InputError(unknown("initialization", name, init_functions))
    X, Y = _columns(X), _columns(Y)
    network = Network(
        layer_dimensions, layer_activations, "zeros", dtype=dtype, backend=backend, device=device
    )
    shapes = pairwise(layer_dimensions)
    drawn = [
        init_functions[name](i, o).T for name, (i, o) in zip(initializations, shapes, strict=True)
    ]
    biases = [bias for _, bias in network.host_parameters()]
    network.set_parameters(list(zip(drawn, biases, strict=True)))

    def show(network: Network, history: Any) -> None:
        epoch = len(history) - 1
        if show_cost and epoch % max(1, epochs // 20) == 0:
            print(f"Epoch #{epoch}: {history.validation_loss[-1] + history.penalty[-1]}")

    history = fit(
        network,
        X.T,
        Y.T,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        penalty=lambd,
        shuffle=False,
        validation=(X.T, Y.T),
        callbacks=[show],
        progress=False,
        backend=backend,
        device=device,
    )
    costs = [a + b for a, b in zip(history.validation_loss, history.penalty, strict=True)]
    parameters = {}
    for i, (weight, bias) in enumerate(network.parameters, start=1):
        parameters[f"W{i}"] = weight.T
        parameters[f"b{i}"] = network.backend.xp.expand_dims(bias, axis=1)
    return parameters, costs


def accuracy(x: Any, y: Any, params: Parameters, layer_activations: Sequence[str]) -> float:
    """Return the part of the samples that a network gets right.

    Parameters
    ----------
    x : array_like, shape (features, samples)
    y : array_like, shape (1, samples)
        Class numbers; of a network with one output, 0 or 1.
    params : dict
        As `train_model` returns it; `x` is moved to its backend.
    layer_activations : sequence of str
        One a layer.

    Returns
    -------
    float
    """
    backend = resolve_like(params["W1"])
    dtype = "float64" if params["W1"].dtype == backend.xp.float64 else "float32"
    with backend.scope():
        results = model_forward_pass(backend.asarray(x, dtype), layer_activations, params)
        last = results[f"A{len(layer_activations)}"].T
        found = decode("binary" if last.shape[-1] == 1 else "classes", last)
        right = backend.to_numpy(found) == to_numpy(y)[0, :]
    return float(right.mean())


def _columns(x: Any) -> Any:
    """Return what is no array of a library as a NumPy array, so that it can be transposed."""
    import numpy as np

    return np.asarray(x) if library_of(x) is None else x
