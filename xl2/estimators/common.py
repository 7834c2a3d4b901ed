"""What all four estimators share: arguments, the fitted network, and its exports."""

from __future__ import annotations

from typing import Any

from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..array.backend import Backend
from ..array.operations import Layer
from ..array.switch import resolve
from ..nn.model import Model
from ..nn.network import Network
from . import inputs
from .arguments import activations
from .pickling import Portable


class CommonMLP(Portable, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """An estimator whose fitted network is in `coefs_` and `intercepts_`.

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
        home = inputs.home_of(self.coefs_[0])
        pairs = zip(self.coefs_, self.intercepts_, strict=True)
        layers = tuple(Layer(*(inputs.move(p, home, backend) for p in pair)) for pair in pairs)
        # Not the length of `hidden_layer_sizes`, which may have changed since the fit.
        names = activations(self.activation, len(layers) - 1, self.out_activation_)
        return Network.of(layers, names, backend)

    def _store(self, network: Network, home: Backend) -> None:
        """Set `coefs_` and `intercepts_` to a network's parameters, moved to `home`."""
        self.coefs_ = [inputs.move(w, network.backend, home) for w in network.weights]
        self.intercepts_ = [inputs.move(b, network.backend, home) for b in network.biases]

    def _outputs(self, X: Any, method: str) -> tuple[Any, Backend]:
        """Return the outputs (n, outputs) for samples, and the backend that computed them."""
        check_is_fitted(self, "coefs_")
        X = inputs.read_samples(self, X, method)
        backend = resolve(self.backend, self.device, data=X)
        network = self._network(backend)
        with backend.scope():
            x = inputs.samples_on(X, backend, network.dtype)
            return network.activate(network.logits_of(x)), backend

    def to_model(self) -> Model:
        """Return a copy of the fitted network as an `xl2.Model`, for `xl2.save` and others."""
        check_is_fitted(self, "coefs_")
        network = self._network(inputs.home_of(self.coefs_[0])).to()
        network.task = self._task()
        names = tuple(map(str, getattr(self, "feature_names_in_", ())))
        return Model(network, classes=self._class_labels(), features=names)

    def to_torch(self) -> Any:
        """Return a `torch.nn.Sequential` with the same weights, see `Network.to_torch`.

        Its outputs are those of `predict_proba`, except that binary and multilabel classification
        have one probability for each label. For regression they are the values (n, outputs).
        """
        return self.to_model().to_torch()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.array_api_support = True
        return tags
