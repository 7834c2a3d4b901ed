"""What the two estimators share: from arguments and samples to a fitted network."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any, ClassVar, NamedTuple

from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..backend import Backend
from ..errors import DivergenceError, InputError
from ..model import Model
from ..network import Network
from ..operations import Layer
from ..run import Run
from ..step import Constants, Samples
from ..switch import resolve
from ..training import make_step
from . import data
from .arguments import (
    CONSTRAINTS,
    Descent,
    Layers,
    Stopping,
    activations,
    callbacks_of,
    penalties,
)
from .drawing import draw_seed, initial_parameters, orders
from .keeping import Portable
from .lbfgs import minimise
from .losses import REPORTED
from .progress import OptimizerState, Watch

STOCHASTIC = ("sgd", "adam")
NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed."
)


class Known(NamedTuple):
    """The samples of a fit, where it computes, and what of them is needed on the host.

    Attributes
    ----------
    samples : Samples
    y : numpy.ndarray, shape (n, outputs)
        The targets as the network learns them.
    weight : numpy.ndarray, shape (n,), or None
    """

    samples: Samples
    y: Any
    weight: Any


class Judged(NamedTuple):
    """Validation samples: where it computes; targets and weights on the host."""

    x: Any
    y: Any
    weight: Any


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
        layers, descent, stopping = Layers.of(self), Descent.of(self), Stopping.of(self)
        if stopping.early and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        if not first:
            data.check_home(self, X, "partial_fit" if incremental else "fit")
        home = data.home_of(X)
        X, y = data.read(self, X, y, reset=first, numeric=self._numeric)
        weight = self._weights(y, data.read_weights(sample_weight, X.shape[0]), incremental)
        y = self._encode(y, incremental)
        random = check_random_state(self.random_state)
        backend = resolve(self.backend, self.device, data=X)
        if first:
            dtype = data.dtype_of(X, home, self.dtype)
            network = self._begin(layers, X.shape[1], y.shape[1], random, backend, dtype)
        else:
            network = self._network(backend)
            _check_depth(layers, network)
        known = _known(network, X, y, weight)
        judged = self._read_validation(validation, network)
        if self.solver in STOCHASTIC:
            self._descend(
                network, known, judged, layers, descent, stopping, random, home, incremental
            )
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
        self, layers: Layers, inputs: int, outputs: int, random: Any, backend: Backend, dtype: str
    ) -> Network:
        """Set the attributes of an estimator that has seen nothing; return its first network."""
        # Should training fail, no other fit's weights are to be left beside these.
        for name in ("coefs_", "intercepts_"):
            self.__dict__.pop(name, None)
        sizes = layers.sizes(inputs, outputs)
        self.n_iter_ = self.t_ = 0
        self.n_outputs_, self.n_layers_ = outputs, len(sizes)
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
        home = data.home_of(self.coefs_[0])
        pairs = zip(self.coefs_, self.intercepts_, strict=True)
        layers = tuple(Layer(*(data.given_back(p, home, backend) for p in pair)) for pair in pairs)
        # As many as were fitted: `hidden_layer_sizes` may have been set anew since.
        names = activations(self.activation, len(layers) - 1, self.out_activation_)
        return Network.of(layers, names, backend)

    def _take(self, network: Network, home: Backend | None = None) -> None:
        """Make a network's parameters the estimator's."""
        home = home or data.home_of(self.coefs_[0])
        self.coefs_ = [data.given_back(w, network.backend, home) for w in network.weights]
        self.intercepts_ = [data.given_back(b, network.backend, home) for b in network.biases]

    def _coefficients(self, network: Network) -> tuple[float | None, ...]:
        return tuple(lam or None for lam in penalties(self, len(network.parameters)))

    def _minimise(self, network: Network, known: Known) -> None:
        loss = REPORTED[self.loss, self.out_activation_]
        coefficients = self._coefficients(network)
        self.n_iter_, self.loss_ = minimise(network, known.samples, coefficients, loss, self)

    def _descend(
        self,
        network: Network,
        known: Known,
        judged: Judged | None,
        layers: Layers,
        descent: Descent,
        stopping: Stopping,
        random: Any,
        home: Backend,
        incremental: bool,
    ) -> None:
        """Train by mini-batches."""
        if not incremental or not hasattr(self, "_optimizer"):
            self._optimizer = OptimizerState(descent)
        descent = self._optimizer.going_on(descent)
        rows = None
        if stopping.early and judged is None:
            rows, judged = self._split(known, stopping, random, network.backend)
        if judged is not None and self.validation_scores_ is None:
            self.validation_scores_, self.best_validation_score_ = [], -math.inf
        run = self._run(network, known, rows, layers, descent, random)
        score = None if judged is None else lambda network: self._judge(network, judged)
        callbacks = callbacks_of(self)
        if callbacks:
            self._take(network, home)
        watch = Watch(self, stopping, descent, run, score, incremental, callbacks)
        before = network.parameters
        self.n_iter_ = 0
        try:
            run.train(1 if incremental else stopping.epochs, callbacks=[watch], progress=False)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=4)
        except DivergenceError as error:
            if not stopping.early:
                raise InputError(NOT_FINITE) from None
            watch.record(math.nan)
            watch.record_score(math.nan)
            warnings.warn(
                f"Training diverged in epoch {error.epoch}; the best weights of before are kept. "
                f"Lower learning_rate_init ({descent.learning_rate:g}), or scale the data.",
                ConvergenceWarning,
                stacklevel=4,
            )
        self._optimizer.learning_rate, self._optimizer.steps = run.learning_rate, run.steps
        self._optimizer.states = [
            [[data.given_back(s, network.backend, home) for s in parts] for parts in layer]
            for layer in run.carry.states
        ]
        if stopping.early:
            network.parameters = watch.best or before

    def _run(
        self,
        network: Network,
        known: Known,
        rows: Any,
        layers: Layers,
        descent: Descent,
        random: Any,
    ) -> Run:
        """Return a run of the training loop, in scikit-learn's order."""
        import numpy as np

        backend, samples, thin = network.backend, known.samples, layers.dropout
        seen = samples
        if rows is not None:
            y, weight = (None if a is None else data.part(a, rows, backend) for a in samples[1:])
            seen = Samples(None, y, weight)
        count = seen.y.shape[0]
        every = np.arange(count) if rows is None else rows
        order = None if rows is None else itertools.repeat(rows)
        keys = None if thin is None else thin.keys(backend, draw_seed(random))
        state = self._optimizer
        return Run(
            network,
            samples,
            seen,
            make_step(
                network,
                descent.optimizer,
                REPORTED[self.loss, self.out_activation_],
                thin,
                objective=True,
            ),
            Constants(self._coefficients(network), None, keys),
            state.learning_rate,
            _batch_size(descent.batch_size, count),
            orders(every, random) if descent.shuffle else order,
            _states(state.states, network),
            state.steps,
        )

    def _split(
        self, known: Known, stopping: Stopping, random: Any, backend: Backend
    ) -> tuple[Any, Judged]:
        """Set validation samples aside, as scikit-learn does; the rest are given by number."""
        import numpy as np
        from sklearn.model_selection import train_test_split

        rows, held = train_test_split(
            np.arange(len(known.y)),
            random_state=random,
            test_size=stopping.fraction,
            stratify=known.y if self._stratified and known.y.shape[1] == 1 else None,
        )
        if len(held) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                "your dataset."
            )
        weight = None if known.weight is None else known.weight[held]
        return rows, Judged(data.part(known.samples.x, held, backend), known.y[held], weight)

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
        X, y = data.read(self, X, y, reset=False, numeric=self._numeric)
        weight = data.read_weights(weight, X.shape[0])
        return Judged(
            data.moved(X, network.backend, network.dtype), self._encode_more(y, "y_val"), weight
        )

    def _judge(self, network: Network, judged: Judged) -> float:
        """Return the score of a network on validation samples; NaN where it has diverged."""
        import numpy as np

        with network.backend.scope():
            found = network.activate(network.logits_of(judged.x))
        outputs = network.backend.to_numpy(found)
        if not np.isfinite(outputs).all():
            return math.nan
        return float(self._score_outputs(outputs, judged.y, judged.weight))

    def _outputs(self, X: Any, method: str) -> tuple[Any, Backend]:
        """Return the network's outputs for samples, (n, outputs), and where they are."""
        check_is_fitted(self, "coefs_")
        X = data.read_samples(self, X, method)
        backend = resolve(self.backend, self.device, data=X)
        network = self._network(backend)
        with backend.scope():
            x = data.moved(X, backend, network.dtype)
            return network.activate(network.logits_of(x)), backend

    def to_model(self) -> Model:
        """Return what was fitted as an `xl2.Model`, for `xl2.save`, `to_onnx` and `to_torch`.

        Returns
        -------
        Model
        """
        check_is_fitted(self, "coefs_")
        home = data.home_of(self.coefs_[0])
        network = self._network(home).to()
        network.task = self._task()
        names = tuple(map(str, getattr(self, "feature_names_in_", ())))
        return Model(network, classes=self._labels(), features=names)

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


def _known(network: Network, X: Any, y: Any, weight: Any) -> Known:
    backend, dtype = network.backend, network.dtype
    with backend.scope():
        counted = None if weight is None else backend.asarray(weight[:, None], dtype)
        samples = Samples(data.moved(X, backend, dtype), backend.asarray(y, dtype, "y"), counted)
    return Known(samples, y, weight)


def _states(states: Any, network: Network) -> Any:
    """Return an optimizer's states as arrays that a run may consume."""
    if states is None:
        return None
    xp = network.backend.xp

    def own(state: Any) -> Any:
        return xp.asarray(data.moved(state, network.backend, network.dtype), copy=True)

    return tuple(tuple(tuple(own(s) for s in parts) for parts in layer) for layer in states)


def _batch_size(batch_size: Any, samples: int) -> int:
    if batch_size == "auto":
        return min(200, samples)
    if batch_size > samples:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
            stacklevel=6,
        )
    return int(min(batch_size, samples))


def _finite(network: Network) -> bool:
    xp = network.backend.xp
    return all(bool(xp.all(xp.isfinite(p))) for layer in network.parameters for p in layer)
