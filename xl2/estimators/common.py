"""What all four estimators share: arguments, the fitted network, its exports and pickles.

A pickle has NumPy arrays and the names of their library and device, so that it opens on a
machine without these.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from typing import Any

from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..array.backend import Backend, connect, reconnect
from ..array.operations import Layer
from ..array.switch import resolve
from ..errors import BackendError
from ..nn.ensemble import Ensemble, mean_of
from ..nn.model import Model
from ..nn.network import Network
from . import inputs
from .arguments import activations

# The attributes that are arrays, or nested lists of arrays.
ARRAYS = ("coefs_", "intercepts_", "alphas_", "scores_", "mean_scores_", "standard_errors_")


class CommonMLP(BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """An estimator whose fitted network is in `coefs_` and `intercepts_`.

    Those of an ensemble are lists of what each network has.
    A subclass combines it with the mixin for classification or regression.
    """

    coefs_: list[Any]
    intercepts_: list[Any]
    loss: str

    def _set_arguments(self, arguments: dict[str, Any]) -> None:
        """Set the arguments of `__init__`, its ``locals()``, as attributes."""
        for name in arguments.keys() - {"self"}:
            setattr(self, name, arguments[name])

    def _validate_params(self) -> None:
        if not get_config()["skip_parameter_validation"]:
            super()._validate_params()

    def _network(self, backend: Backend) -> Network:
        """Return the fitted network on a backend."""
        return self._network_of(self.coefs_, self.intercepts_, backend)

    def _networks(self, backend: Backend) -> list[Network]:
        """Return the fitted network, or all of an ensemble, on a backend."""
        if not isinstance(self.coefs_[0], list):
            return [self._network(backend)]
        pairs = zip(self.coefs_, self.intercepts_, strict=True)
        return [self._network_of(*pair, backend) for pair in pairs]

    def _network_of(self, coefs: list[Any], intercepts: list[Any], backend: Backend) -> Network:
        home = inputs.home_of(coefs[0])
        pairs = zip(coefs, intercepts, strict=True)
        layers = tuple(Layer(*(inputs.move(p, home, backend) for p in pair)) for pair in pairs)
        # Not the length of `hidden_layer_sizes`, which may have changed since the fit.
        names = activations(self.activation, len(layers) - 1, self.out_activation_)
        return Network.of(layers, names, backend)

    def _store(self, network: Network, home: Backend) -> None:
        """Set `coefs_` and `intercepts_` to a network's parameters, moved to `home`."""
        self.coefs_, self.intercepts_ = _moved(network, home)

    def _store_all(self, networks: Sequence[Network], home: Backend) -> None:
        """Set both to lists of those of several networks."""
        moved = [_moved(network, home) for network in networks]
        self.coefs_, self.intercepts_ = [w for w, _ in moved], [b for _, b in moved]

    def _outputs(self, X: Any, method: str) -> tuple[Any, Backend]:
        """Return the outputs (n, outputs) for samples, and the backend that computed them."""
        check_is_fitted(self, "coefs_")
        X = inputs.read_samples(self, X, method)
        backend = resolve(self.backend, self.device, data=X)
        networks = self._networks(backend)
        with backend.scope():
            x = inputs.samples_on(X, backend, networks[0].dtype, rows=False)
            outputs = [network.outputs_of(x) for network in networks]
            return outputs[0] if len(outputs) == 1 else mean_of(outputs), backend

    def to_model(self) -> Model | Ensemble:
        """Return a copy of the fitted network as an `xl2.Model`, for `xl2.save` and others."""
        check_is_fitted(self, "coefs_")
        network = self._network(inputs.home_of(self.coefs_[0])).to()
        network.task = self._task()
        return Model(network, classes=self._class_labels(), features=self._feature_names())

    def _feature_names(self) -> tuple[str, ...]:
        """Return the names of the columns; none if the samples of the fit had none."""
        return tuple(map(str, getattr(self, "feature_names_in_", ())))

    def to_torch(self) -> Any:
        """Return a `torch.nn.Sequential` with the same weights, see `Network.to_torch`.

        Its outputs are those of `predict_proba`, except that binary and multilabel classification
        have one probability for each label. For regression they are the values (n, outputs).
        """
        return self.to_model().to_torch()

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with NumPy arrays only."""
        found: Any = super().__getstate__()
        state: dict[str, Any] = dict(found)
        if "coefs_" not in state:
            return state
        home = inputs.home_of(inputs.first_weight(state["coefs_"]))
        state["_pickled_with"] = _named_by_arguments(state)
        if home.name == "numpy":
            return state
        _replace_arrays(state, home.to_numpy)
        return state | {"_pickled_on": home}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Move the arrays back to their library and device, if these work here.

        Otherwise the arrays stay NumPy's. If the arguments `backend` and `device` name a
        library or device that does not work here, they become None. Both with a warning.
        """
        state = dict(state)
        home, named = state.pop("_pickled_on", None), state.pop("_pickled_with", None)
        lost = home is not None and home.name == "numpy"
        # The networks of a path have warned already.
        if named is not None and not _works(named, silent=lost or "path_" in state):
            state["backend"] = state["device"] = None
        if home is not None and not lost:
            _replace_arrays(state, home.from_numpy)
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.array_api_support = True
        return tags


def _moved(network: Network, home: Backend) -> tuple[list[Any], list[Any]]:
    """Return the weights and biases of a network, moved to `home`."""
    weights = [inputs.move(w, network.backend, home) for w in network.weights]
    return weights, [inputs.move(b, network.backend, home) for b in network.biases]


def _named_by_arguments(state: dict[str, Any]) -> tuple[str, str | None] | None:
    """Return the library and device that the arguments name, if any."""
    backend, device = state["backend"], state["device"]
    if backend == "auto" or (backend, device) == (None, None):
        return None
    with contextlib.suppress(BackendError):
        found = resolve(backend, device, data=inputs.first_weight(state["coefs_"]))
        return found.name, found.device_name()
    return None


def _works(named: tuple[str, str | None], silent: bool) -> bool:
    """Return whether a library and device work here; warn if not, unless `silent`."""
    try:
        connect(*named)
    except BackendError:
        if not silent:
            reconnect(*named)
        return False
    return True


def _replace_arrays(state: dict[str, Any], function: Any) -> None:
    """Apply a function to the arrays of a state, including the optimizer's."""
    for name in state.keys() & set(ARRAYS):
        state[name] = _nested(state[name], function)
    optimizer = state.get("_optimizer")
    if optimizer is not None:
        states = _nested(optimizer.states, function)
        state["_optimizer"] = dataclasses.replace(optimizer, states=states)


def _nested(x: Any, function: Any) -> Any:
    """Apply a function to the arrays of nested lists."""
    if x is None:
        return None
    return [_nested(one, function) for one in x] if isinstance(x, list) else function(x)
