"""What the two estimators share: from arguments and samples to a fitted network."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..array.backend import Backend
from ..array.operations import Layer
from ..array.switch import resolve
from ..errors import InputError
from ..nn.model import Model
from ..nn.network import Network
from ..nn.step import Samples
from . import inputs
from .arguments import CONSTRAINTS, Arguments, Layers, activations, coefficients
from .lbfgs_solver import minimise
from .losses import REPORTED
from .pickling import Portable
from .random_draws import initial_parameters
from .sgd_solver import NOT_FINITE, Judged, Known, descend

STOCHASTIC = ("sgd", "adam")


class BaseMLP(Portable, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """A multilayer perceptron with scikit-learn's face; see its two subclasses."""

    _parameter_constraints: ClassVar = CONSTRAINTS
    coefs_: list[Any]
    intercepts_: list[Any]
    loss: str
    classes_: Any

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, *, incremental: bool, validation: Any = None
    ) -> BaseMLP:
        self._validate_params()
        arguments = Arguments.of(self)
        if arguments.stopping.early and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        if not first:
            inputs.check_home(self, X, "partial_fit" if incremental else "fit")
        home = inputs.home_of(X)
        X, y = inputs.read(self, X, y, reset=first, numeric=self._numeric)
        weight = self._weights(y, inputs.read_weights(sample_weight, X.shape[0]), incremental)
        y = self._encode(y, incremental)
        random = check_random_state(self.random_state)
        backend = resolve(self.backend, self.device, data=X)
        if first:
            dtype = inputs.dtype_of(X, home, self.dtype)
            sizes = arguments.layers.sizes(X.shape[1], y.shape[1])
            network = self._begin(arguments.layers, sizes, random, backend, dtype)
        else:
            network = self._network(backend)
            _check_depth(arguments.layers, network)
        known = _known(network, home, X, y, weight)
        judged = self._read_validation(validation, network)
        if self.solver in STOCHASTIC:
            descend(self, network, known, judged, arguments, random, incremental)
        else:
            self._minimise(network, known)
        self._take(network, home)
        if not _finite(network):
            raise InputError(NOT_FINITE)
        return self

    def _validate_params(self) -> None:
        if not get_config()["skip_parameter_validation"]:
            super()._validate_params()

    def _begin(
        self, layers: Layers, sizes: tuple[int, ...], random: Any, backend: Backend, dtype: str
    ) -> Network:
        """Set the attributes of an estimator that has seen nothing; return its first network."""
        # Should training fail, no other fit's weights are to be left beside these.
        for name in ("coefs_", "intercepts_"):
            self.__dict__.pop(name, None)
        self.n_iter_ = self.t_ = 0
        self.n_outputs_, self.n_layers_ = sizes[-1], len(sizes)
        self.out_activation_ = self._output()
        if self.solver in STOCHASTIC:
            self.loss_curve_: list[float] = []
            self._no_improvement_count = 0
            self.best_loss_ = None if self.early_stopping else math.inf
            self.validation_scores_: list[float] | None = None
            self.best_validation_score_: float | None = None
        network = Network(
            sizes,
            layers.activations(self.out_activation_),
            "zeros",
            dtype=dtype,
            backend=backend.name,
            device=backend.device,
        )
        network.set_parameters(initial_parameters(layers, sizes, random))
        return network

    def _network(self, backend: Backend) -> Network:
        """Return the fitted network where it is to compute."""
        home = inputs.home_of(self.coefs_[0])
        pairs = zip(self.coefs_, self.intercepts_, strict=True)
        layers = tuple(
            Layer(*(inputs.given_back(p, home, backend) for p in pair)) for pair in pairs
        )
        # As many as were fitted: `hidden_layer_sizes` may have been set anew since.
        names = activations(self.activation, len(layers) - 1, self.out_activation_)
        return Network.of(layers, names, backend)

    def _take(self, network: Network, home: Backend) -> None:
        """Make a network's parameters the estimator's, where the samples are."""
        self.coefs_ = [inputs.given_back(w, network.backend, home) for w in network.weights]
        self.intercepts_ = [inputs.given_back(b, network.backend, home) for b in network.biases]

    def _minimise(self, network: Network, known: Known) -> None:
        if self.dropout:
            raise InputError(
                f"dropout is for solver='sgd' or 'adam': lbfgs needs one loss, the same at each "
                f"evaluation. Received: dropout={self.dropout:g}."
            )
        loss = REPORTED[self.loss, self.out_activation_]
        lams = coefficients(self, network)
        self.n_iter_, self.loss_ = minimise(network, known.samples, lams, loss, self, known.home)

    def _read_validation(self, validation: Any, network: Network) -> Judged | None:
        if validation is None or validation[0] is None:
            if validation is not None and validation[1] is not None:
                raise InputError("y_val is given and X_val is not: give both, or none.")
            return None
        X, y, weight = validation
        if y is None:
            raise InputError("X_val is given and y_val is not: give both, or none.")
        if self.solver not in STOCHASTIC:
            raise InputError("X_val is for solver='sgd' or 'adam'; lbfgs has no epochs.")
        X, y = inputs.read(self, X, y, reset=False, numeric=self._numeric)
        weight = inputs.read_weights(weight, X.shape[0])
        return Judged(
            inputs.moved(X, network.backend, network.dtype), self._encode_more(y, "y_val"), weight
        )

    def _outputs(self, X: Any, method: str) -> tuple[Any, Backend]:
        """Return the network's outputs for samples, (n, outputs), and where they are."""
        check_is_fitted(self, "coefs_")
        X = inputs.read_samples(self, X, method)
        backend = resolve(self.backend, self.device, data=X)
        network = self._network(backend)
        with backend.scope():
            x = inputs.moved(X, backend, network.dtype)
            return network.activate(network.logits_of(x)), backend

    def to_model(self) -> Model:
        """Return what was fitted as an `xl2.Model`, a copy.

        Returns
        -------
        Model
        """
        check_is_fitted(self, "coefs_")
        home = inputs.home_of(self.coefs_[0])
        network = self._network(home).to()
        network.task = self._task()
        names = tuple(map(str, getattr(self, "feature_names_in_", ())))
        return Model(network, classes=self._labels(), features=names)

    def to_torch(self) -> Any:
        """Return a `torch.nn.Sequential` with the same weights, see `Network.to_torch`.

        It gives what `predict_proba` does, but for two classes, and for several labels at
        once, one probability a label; for a regression the values, (n, outputs).

        Returns
        -------
        torch.nn.Sequential
        """
        return self.to_model().to_torch()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.array_api_support = True
        return tags


def _check_depth(layers: Layers, network: Network) -> None:
    """Refuse to go on from a network of another number of layers."""
    fitted, wanted = network.sizes[1:-1], layers.hidden
    if len(fitted) != len(wanted):
        raise InputError(
            f"Training goes on from a network whose hidden layers are {fitted}, and "
            f"hidden_layer_sizes is {wanted}. Set it back, or fit anew with warm_start=False."
        )


def _known(network: Network, home: Backend, X: Any, y: Any, weight: Any) -> Known:
    backend, dtype = network.backend, network.dtype
    with backend.scope():
        counted = None if weight is None else backend.asarray(weight[:, None], dtype)
        samples = Samples(inputs.moved(X, backend, dtype), backend.asarray(y, dtype, "y"), counted)
    return Known(samples, y, weight, home)


def _finite(network: Network) -> bool:
    xp = network.backend.xp
    with network.backend.scope():
        return all(bool(xp.all(xp.isfinite(p))) for layer in network.parameters for p in layer)
