"""What `MLPClassifier` and `MLPRegressor` share: training by one of the solvers."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

from sklearn.utils import check_random_state

from ..array.backend import Backend
from ..array.switch import resolve
from ..errors import InputError
from ..nn.network import Network
from ..nn.step import Samples
from ..training.data import TrainingData
from . import inputs
from .arguments import CONSTRAINTS, activations, hidden_units, penalty_of
from .common import CommonMLP
from .lbfgs_solver import minimise
from .losses import REPORTED
from .random_draws import initial_parameters
from .sgd_solver import NOT_FINITE, Training, Validation, descend

STOCHASTIC = ("sgd", "adam")


def learns_by_parts(estimator: Any) -> bool:
    """Return True if the solver has `partial_fit`; raise AttributeError with the reason if not."""
    if estimator.solver not in STOCHASTIC:
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not "
            f"stochastic."
        )
    return True


class BaseMLP(CommonMLP):
    """A multilayer perceptron with the interface of scikit-learn's; see its two subclasses."""

    _parameter_constraints: ClassVar = CONSTRAINTS

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Train on samples and their targets.

        Parameters
        ----------
        X : array-like, sparse matrix, array of any library or Dask collection, (n, features)
            Samples. More than 16 MB in Dask, h5py or zarr are read a few rows at a time, and then
            shuffled as `xl2.fit` does.
        y : array-like, shape (n,) or (n, outputs)
            Targets; for multilabel classification 0 and 1, (n, labels).
        sample_weight : array-like, shape (n,), optional
            Weights of the samples, 0 or more.
        X_val, y_val, sample_weight_val : optional
            Validation samples, scored after each epoch. With `early_stopping` they replace
            the validation samples that are otherwise taken from `X`.
        """
        return self._fit(X, y, sample_weight, validation=(X_val, y_val, sample_weight_val))

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, *, validation: Any = None, part: bool = False
    ) -> Self:
        """Train; for one epoch if `part`, as `partial_fit` does."""
        self._validate_params()
        hidden = hidden_units(self)
        if self.early_stopping and part:
            raise ValueError("partial_fit does not support early_stopping=True")
        first = not hasattr(self, "coefs_") or (not self.warm_start and not part)
        if not first:
            inputs.check_home(self, X, "partial_fit" if part else "fit")
        home = inputs.home_of(X)
        X, y = inputs.read(self, X, y, reset=first, numeric=self._numeric)
        weight = self._sample_weights(y, inputs.read_weights(sample_weight, X.shape[0]), part)
        y = self._encode(y, part)
        random = check_random_state(self.random_state)
        backend = resolve(self.backend, self.device, data=X)
        if first:
            dtype = inputs.dtype_of(X, home, self.dtype)
            sizes = (X.shape[1], *hidden, y.shape[1])
            network = self._begin(sizes, random, backend, dtype)
        else:
            network = self._network(backend)
            _check_depth(hidden, network)
        training = _training(network, home, X, y, weight)
        del X  # its numbers may be a copy already, which need not outlive the next one
        validation = self._read_validation(validation, network)
        if self.solver in STOCHASTIC:
            descend(self, network, training, validation, random, part)
        else:
            self._minimise(network, training)
        self._store(network, home)
        if not _finite(network):
            raise InputError(NOT_FINITE)
        return self

    def _begin(self, sizes: tuple[int, ...], random: Any, backend: Backend, dtype: str) -> Network:
        """Reset the fitted attributes; return the network with its initial weights."""
        # If training fails, no weights of an earlier fit may remain.
        for name in ("coefs_", "intercepts_"):
            self.__dict__.pop(name, None)
        self.n_iter_ = self.t_ = 0
        self.n_outputs_, self.n_layers_ = sizes[-1], len(sizes)
        self.out_activation_ = self._output_activation()
        if self.solver in STOCHASTIC:
            self.loss_curve_: list[float] = []
            self._no_improvement_count = 0
            self.best_loss_ = None if self.early_stopping else math.inf
            self.validation_scores_: list[float] | None = None
            self.best_validation_score_: float | None = None
        network = Network(
            sizes,
            activations(self.activation, len(sizes) - 2, self.out_activation_),
            "zeros",
            dtype=dtype,
            backend=backend.name,
            device=backend.device,
        )
        network.set_parameters(initial_parameters(self, sizes, random))
        return network

    def _minimise(self, network: Network, training: Training) -> None:
        if self.dropout:
            raise InputError(
                f"dropout needs solver='sgd' or 'adam': lbfgs needs a loss that is the same at "
                f"each evaluation. Received: dropout={self.dropout:g}."
            )
        loss = REPORTED[self.loss, self.out_activation_]
        lams = network.coefficients(penalty_of(self, len(network.parameters)))
        samples, home = training.data.samples, training.home
        self.n_iter_, self.loss_ = minimise(network, samples, lams, loss, self, home)

    def _read_validation(self, validation: Any, network: Network) -> Validation | None:
        X, y, weight = validation or (None, None, None)
        if (X is None) != (y is None):
            given, missing = ("X_val", "y_val") if y is None else ("y_val", "X_val")
            raise InputError(f"{given} was passed without {missing}: pass both or neither.")
        if X is None:
            return None
        if self.solver not in STOCHASTIC:
            raise InputError("X_val needs solver='sgd' or 'adam': lbfgs has no epochs.")
        X, y = inputs.read(self, X, y, reset=False, numeric=self._numeric)
        weight = inputs.read_weights(weight, X.shape[0])
        return Validation(
            inputs.samples_on(X, network.backend, network.dtype),
            self._encode_validation(y, "y_val"),
            weight,
        )


def _check_depth(hidden: tuple[int, ...], network: Network) -> None:
    """Raise if the network to continue from has another number of hidden layers."""
    fitted = network.sizes[1:-1]
    if len(fitted) != len(hidden):
        raise InputError(
            f"Training continues from a network whose hidden layers are {fitted}, but "
            f"hidden_layer_sizes is {hidden}. Set it back, or fit with warm_start=False."
        )


def _training(network: Network, home: Backend, X: Any, y: Any, weight: Any) -> Training:
    backend, dtype = network.backend, network.dtype
    with backend.scope():
        counted = None if weight is None else backend.asarray(weight[:, None], dtype, rows=True)
        samples = Samples(
            inputs.samples_on(X, backend, dtype), backend.asarray(y, dtype, "y", rows=True), counted
        )
    return Training(TrainingData(samples, network.task), y, weight, home)


def _finite(network: Network) -> bool:
    xp = network.backend.xp
    with network.backend.scope():
        return all(bool(xp.all(xp.isfinite(p))) for layer in network.parameters for p in layer)
