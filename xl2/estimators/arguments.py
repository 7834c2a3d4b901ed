"""The arguments of an estimator, checked, and turned into a few small objects."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple

from sklearn.utils._param_validation import Interval, Options, StrOptions

from ..array.api import is_true
from ..errors import InputError
from ..nn.dropout import Dropout
from ..nn.optimizers import SGD, Adam, Momentum, Nesterov, Optimizer

if TYPE_CHECKING:
    from ..nn.network import Network

# scikit-learn's name of an activation, and ours.
ACTIVATION = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
OUTPUT = {"identity": "identity", "logistic": "sigmoid", "softmax": "softmax", "exp": "exp"}

_AT_LEAST_1 = Interval(Integral, 1, None, closed="left")
_FRACTION = Interval(Real, 0, 1, closed="left")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")

# What scikit-learn allows, so that its messages are those of scikit-learn.
SHARED: dict[str, Any] = {
    "hidden_layer_sizes": ["array-like", _AT_LEAST_1],
    "activation": [StrOptions(set(ACTIVATION))],
    "batch_size": [StrOptions({"auto"}), _AT_LEAST_1],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "max_iter": [_AT_LEAST_1],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "beta_1": [_FRACTION],
    "beta_2": [_FRACTION],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "backend": [str, None],
    "device": "no_validation",
    "dtype": [StrOptions({"float32", "float64"}), None],
    "initializer": [str, callable, None],
    "dropout": [_FRACTION],
}
CONSTRAINTS: dict[str, Any] = {
    **SHARED,
    "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
    "alpha": [_NOT_NEGATIVE],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "power_t": [_NOT_NEGATIVE],
    "tol": [_NOT_NEGATIVE],
    "warm_start": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_FRACTION],
    "n_iter_no_change": [_AT_LEAST_1, Options(Real, {float("inf")})],
    "max_fun": [_AT_LEAST_1],
    "l2": ["array-like", _NOT_NEGATIVE, None],
    "callbacks": ["array-like", callable, None],
}
CLASS_WEIGHT: list[Any] = [dict, list, StrOptions({"balanced"}), None]


@dataclass(frozen=True)
class Layers:
    """What the network is made of, but for the inputs and outputs that the data say.

    Attributes
    ----------
    hidden : tuple of int
    activation : str
        Of the hidden layers, scikit-learn's name.
    initializer : str, callable or None
        None for scikit-learn's draw.
    dropout : Dropout or None
    """

    hidden: tuple[int, ...]
    activation: str
    initializer: Any
    dropout: Dropout | None

    @classmethod
    def of(cls, estimator: Any) -> Layers:
        """Read them.

        Raises
        ------
        ValueError
            If a hidden layer has no units.
        TypeError
            If one has no whole number of them.
        """
        sizes = estimator.hidden_layer_sizes
        hidden = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if any(count <= 0 for count in hidden):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {hidden}.")
        thin = Dropout(estimator.dropout) if estimator.dropout else None
        units = tuple(map(operator.index, hidden))
        return cls(units, estimator.activation, estimator.initializer, thin)

    def sizes(self, inputs: int, outputs: int) -> tuple[int, ...]:
        """Return the units of every layer."""
        return (inputs, *self.hidden, outputs)

    def activations(self, output: str) -> tuple[str, ...]:
        """Return the activation of every layer by our names, given the output's by theirs."""
        return activations(self.activation, len(self.hidden), output)


@dataclass(frozen=True)
class Descent:
    """How the weights are updated.

    Attributes
    ----------
    optimizer : Optimizer
    learning_rate : float
        At the start.
    schedule : {"constant", "invscaling", "adaptive"}
    power : float
        Of "invscaling".
    batch_size : int or "auto"
    shuffle : bool
    """

    optimizer: Optimizer
    learning_rate: float
    schedule: str
    power: float
    batch_size: Any
    shuffle: bool

    @classmethod
    def of(cls, estimator: Any) -> Descent:
        """Read them; the schedule is that of plain descent alone, as in scikit-learn."""
        return cls(
            optimizer_of(estimator),
            float(estimator.learning_rate_init),
            estimator.learning_rate if estimator.solver == "sgd" else "constant",
            float(estimator.power_t),
            estimator.batch_size,
            estimator.shuffle,
        )


@dataclass(frozen=True)
class Stopping:
    """When training ends.

    Attributes
    ----------
    epochs : int
        At the latest.
    tolerance : float
        What counts as better.
    patience : float
        Epochs that may pass without.
    early : bool
        By a validation score and not by the training loss.
    fraction : float
        The part of the samples that is set aside for it.
    verbose : bool
    """

    epochs: int
    tolerance: float
    patience: float
    early: bool
    fraction: float
    verbose: bool

    @classmethod
    def of(cls, estimator: Any) -> Stopping:
        """Read them."""
        return cls(
            int(estimator.max_iter),
            float(estimator.tol),
            estimator.n_iter_no_change,
            estimator.early_stopping,
            float(estimator.validation_fraction),
            bool(estimator.verbose),
        )


class Arguments(NamedTuple):
    """All that decides a training.

    Attributes
    ----------
    layers : Layers
    descent : Descent
    stopping : Stopping
    """

    layers: Layers
    descent: Descent
    stopping: Stopping

    @classmethod
    def of(cls, estimator: Any) -> Arguments:
        """Read those of an estimator; raises as `Layers.of` does."""
        return cls(Layers.of(estimator), Descent.of(estimator), Stopping.of(estimator))


def activations(hidden: str, count: int, output: str) -> tuple[str, ...]:
    """Return by our names the activation of so many hidden layers, and the output's."""
    return (*[ACTIVATION[hidden]] * count, OUTPUT[output])


def optimizer_of(estimator: Any) -> Optimizer:
    """Return the optimizer of a solver and its constants."""
    if estimator.solver == "adam":
        return Adam(estimator.beta_1, estimator.beta_2, estimator.epsilon)
    if estimator.momentum == 0:
        return SGD()
    return (Nesterov if estimator.nesterovs_momentum else Momentum)(float(estimator.momentum))


def coefficients(estimator: Any, network: Network) -> tuple[float | None, ...]:
    """Return lambda for each layer: of `l2` where it is given, else `alpha` for all.

    Raises
    ------
    InputError
        If `l2` has another number of values than the network has layers.
    """
    from ..nn.penalties import L2

    given = estimator.alpha if estimator.l2 is None else estimator.l2
    try:
        return tuple(lam or None for lam in L2(given).of_layers(len(network.parameters)))
    except InputError as error:
        raise InputError(f"The 'l2' parameter of {type(estimator).__name__}: {error}") from None


def callbacks_of(estimator: Any) -> list[Callable[[Any], Any]]:
    """Return the callbacks, one or several, as a list."""
    given = estimator.callbacks
    if given is None:
        return []
    return [given] if callable(given) else list(given)


def said_enough(callbacks: list[Callable[[Any], Any]], estimator: Any) -> bool:
    """Call each of the callbacks, and return whether one of them returned True."""
    said = [call(estimator) for call in callbacks]
    return any(map(is_true, said))
