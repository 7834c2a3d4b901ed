"""Check the arguments of an estimator, and turn them into objects of xl2."""

from __future__ import annotations

import operator
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import Interval, Options, StrOptions

from ..array.api import is_true
from ..errors import Face, InputError
from ..nn.optimizers import SGD, Adam, Momentum, Nesterov, Optimizer
from ..nn.penalties import L2

_AT_LEAST_1 = Interval(Integral, 1, None, closed="left")
_FRACTION = Interval(Real, 0, 1, closed="left")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")

# The constraints of scikit-learn, so that the error messages are scikit-learn's.
_SHARED: dict[str, Any] = {
    "hidden_layer_sizes": ["array-like", _AT_LEAST_1],
    "activation": [StrOptions({"identity", "logistic", "tanh", "relu"})],
    "batch_size": [StrOptions({"auto"}), _AT_LEAST_1],
    "learning_rate_init": [_POSITIVE],
    "max_iter": [_AT_LEAST_1],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "beta_1": [_FRACTION],
    "beta_2": [_FRACTION],
    "epsilon": [_POSITIVE],
    "backend": [str, None],
    "device": "no_validation",
    "dtype": [StrOptions({"float32", "float64"}), None],
    "initializer": [str, callable, None],
    "dropout": [_FRACTION],
}
CONSTRAINTS: dict[str, Any] = {
    **_SHARED,
    "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
    "alpha": [_NOT_NEGATIVE, "array-like"],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "power_t": [_NOT_NEGATIVE],
    "tol": [_NOT_NEGATIVE],
    "warm_start": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_FRACTION],
    "n_iter_no_change": [_AT_LEAST_1, Options(Real, {float("inf")})],
    "max_fun": [_AT_LEAST_1],
    "callbacks": ["array-like", callable, None],
    "even_batches": ["boolean"],
}
CV_CONSTRAINTS: dict[str, Any] = {
    **_SHARED,
    "alphas": ["array-like", _AT_LEAST_1],
    "cv": ["cv_object"],
    "scoring": [str, callable, None],
    "rule": [StrOptions({"best", "top", "1se"})],
    "solver": [StrOptions({"sgd", "adam"})],
    "n_seeds": [_AT_LEAST_1],
    "ensemble": ["boolean"],
}
# What arguments of xl2's functions are called in an estimator, if it has them by another name.
NAMES = {
    "epochs": "max_iter",
    "hidden": "hidden_layer_sizes",
    "lambdas": "alphas",
    "learning_rate": "learning_rate_init",
    "optimizer": "solver",
    "refit": "rule",
    "seed": "random_state",
}
CLASS_WEIGHT = {"class_weight": [dict, list, StrOptions({"balanced"}), None]}
CALIBRATE = {"calibrate": ["boolean"]}
LOSS = {"loss": [StrOptions({"squared_error", "poisson"})]}


def face_of(estimator: Any) -> Face:
    """Return how messages name the arguments of an estimator and of its `fit`."""
    own = estimator.get_params(deep=False)
    names = {name: name for name in (*own, "y", "sample_weight", "groups")}
    return Face(names | {name: other for name, other in NAMES.items() if other in own})


def hidden_units(estimator: Any) -> tuple[int, ...]:
    """Return the units of each hidden layer; ValueError or TypeError if they cannot be used."""
    sizes = estimator.hidden_layer_sizes
    hidden = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
    if any(count <= 0 for count in hidden):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {hidden}.")
    return tuple(map(operator.index, hidden))


def activations(hidden: str, count: int, output: str) -> tuple[str, ...]:
    """Return the activations of `count` hidden layers and the output, by xl2's names."""
    return tuple("sigmoid" if a == "logistic" else a for a in (*[hidden] * count, output))


def optimizer_of(estimator: Any) -> Optimizer:
    """Return the optimizer of "adam" or "sgd"."""
    if estimator.solver == "adam":
        return Adam(estimator.beta_1, estimator.beta_2, estimator.epsilon)
    if estimator.momentum == 0:
        return SGD()
    return (Nesterov if estimator.nesterovs_momentum else Momentum)(float(estimator.momentum))


def penalty_of(estimator: Any, layers: int) -> L2:
    """Return the penalty, checked against the number of layers."""
    try:
        penalty = L2(estimator.alpha, per="batch")
        penalty.of_layers(layers)
    except InputError as error:
        raise InputError(f"The 'alpha' parameter of {type(estimator).__name__}: {error}") from None
    return penalty


def callbacks_of(estimator: Any) -> list[Callable[[Any], Any]]:
    """Return the callbacks as a list."""
    given = estimator.callbacks
    if given is None:
        return []
    return [given] if callable(given) else list(given)


def stopped_by(callbacks: list[Callable[[Any], Any]], estimator: Any) -> bool:
    """Call every callback; return whether one of them returned True."""
    answers = [callback(estimator) for callback in callbacks]
    return any(map(is_true, answers))
