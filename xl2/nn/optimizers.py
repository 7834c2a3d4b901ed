"""Optimizers: constants, and a pure update function of one parameter array.

If the update is linear in the gradient, the learning rate is multiplied into the output delta:
all gradients arrive scaled by `scale`, without a temporary array of the size of a parameter.
`update` receives ``gradient = scale * dC/dp`` and ``decay = scale * lam / m``, so
``gradient + decay * p`` is the derivative including the penalty, times `scale`.

`rate` is a Python number for each step, computed on the host: the device needs no step count,
and a compiled step takes the rate as data.

References
----------
.. [1] B. Polyak, "Some methods of speeding up the convergence of iteration
   methods", 1964.
.. [2] I. Sutskever et al., "On the importance of initialization and momentum in
   deep learning", ICML 2013.
.. [3] D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from ..array.api import Array, namespace
from ..errors import InputError, unknown

State = tuple[Array, ...]
Decay = Any  # None without a penalty; a number; or an array with one number for each member
Update = Callable[[Any, Array, Array, Decay, State, Any], tuple[Array, State]]


class Optimizer:
    """Base of the optimizers: what the training step uses of one.

    `update` is ``(optimizer, parameter, gradient, decay, state, rate) -> (parameter, state)``, a
    module-level function, which a backend can replace by name. The parameter, the gradient and
    the state are consumed.
    """

    update: ClassVar[Update]

    def init(self, parameter: Array) -> State:
        """Return the initial state for a parameter."""
        return ()

    def rate(self, learning_rate: float, step: int) -> float:
        """Return the rate of a step, counted from 1."""
        return learning_rate

    def scale(self, rate: Any) -> Any:
        """Return the factor of the gradients that `update` receives."""
        return rate


def add_decay(gradient: Array, decay: Decay, parameter: Array) -> Array:
    """Add the derivative of the penalty to a gradient, which is consumed."""
    if decay is not None:
        gradient += decay * parameter
    return gradient


def sgd_update(
    optimizer: Optimizer, parameter: Array, gradient: Array, decay: Decay, state: State, rate: Any
) -> tuple[Array, State]:
    """Take one step of gradient descent."""
    if decay is not None:
        parameter *= 1.0 - decay
    parameter -= gradient
    return parameter, state


def momentum_update(
    optimizer: Momentum, parameter: Array, gradient: Array, decay: Decay, state: State, rate: Any
) -> tuple[Array, State]:
    """Take one step of gradient descent with momentum [1]_."""
    (velocity,) = state
    velocity *= optimizer.momentum
    velocity -= add_decay(gradient, decay, parameter)
    parameter += velocity
    return parameter, (velocity,)


def nesterov_update(
    optimizer: Momentum, parameter: Array, gradient: Array, decay: Decay, state: State, rate: Any
) -> tuple[Array, State]:
    """Take one step of Nesterov's accelerated gradient, in the form of [2]_."""
    (velocity,) = state
    gradient = add_decay(gradient, decay, parameter)
    velocity *= optimizer.momentum
    velocity -= gradient
    parameter += optimizer.momentum * velocity
    parameter -= gradient
    return parameter, (velocity,)


def adam_update(
    optimizer: Adam, parameter: Array, gradient: Array, decay: Decay, state: State, rate: Any
) -> tuple[Array, State]:
    """Take one step of Adam [3]_; the rate includes the bias correction."""
    mean, square = state
    gradient = add_decay(gradient, decay, parameter)
    mean *= optimizer.beta_1
    mean += (1.0 - optimizer.beta_1) * gradient
    square *= optimizer.beta_2
    gradient *= gradient
    square += (1.0 - optimizer.beta_2) * gradient
    parameter -= rate * mean / (namespace(square).sqrt(square) + optimizer.epsilon)
    return parameter, (mean, square)


@dataclass(frozen=True)
class SGD(Optimizer):
    """Plain stochastic gradient descent."""

    update: ClassVar[Update] = staticmethod(sgd_update)


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Gradient descent with momentum [1]_.

    Parameters
    ----------
    momentum : float, default 0.9
        Fraction of the velocity that is kept at each step, in [0, 1].
    """

    momentum: float = 0.9
    update: ClassVar[Update] = staticmethod(momentum_update)

    def __post_init__(self) -> None:
        if not 0 <= self.momentum <= 1:
            raise InputError(f"momentum must be in [0, 1]. Received: momentum={self.momentum!r}.")
        _as_floats(self, "momentum")

    def init(self, parameter: Array) -> State:
        """Return a velocity of zero."""
        return (namespace(parameter).zeros_like(parameter),)


@dataclass(frozen=True)
class Nesterov(Momentum):
    """Nesterov's accelerated gradient [2]_."""

    update: ClassVar[Update] = staticmethod(nesterov_update)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam [3]_.

    Parameters
    ----------
    beta_1, beta_2 : float, default 0.9 and 0.999
        Fractions of the running means of the gradient and of its square that are kept at each
        step, in [0, 1).
    epsilon : float, default 1e-8
        Added to the root of the running mean of the square.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    update: ClassVar[Update] = staticmethod(adam_update)

    def __post_init__(self) -> None:
        for name, beta in (("beta_1", self.beta_1), ("beta_2", self.beta_2)):
            if not 0 <= beta < 1:
                raise InputError(f"{name} must be in [0, 1). Received: {name}={beta!r}.")
        if not self.epsilon > 0:
            raise InputError(f"epsilon must be positive. Received: epsilon={self.epsilon!r}.")
        _as_floats(self, "beta_1", "beta_2", "epsilon")

    def init(self, parameter: Array) -> State:
        """Return running means of zero."""
        zeros_like = namespace(parameter).zeros_like
        return zeros_like(parameter), zeros_like(parameter)

    def rate(self, learning_rate: float, step: int) -> float:
        """Return the learning rate, corrected for the start of both means at zero."""
        return learning_rate * math.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)

    def scale(self, rate: Any) -> Any:
        """Return 1: Adam divides by the size of the gradient."""
        return 1.0


OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adam": Adam,
}


def find_optimizer(optimizer: str | Optimizer) -> Optimizer:
    """Return the optimizer of a name, with its defaults, or the given optimizer."""
    if not isinstance(optimizer, str | type) and hasattr(optimizer, "update"):
        return optimizer
    if not isinstance(optimizer, str) or optimizer not in OPTIMIZERS:
        raise InputError(unknown("optimizer", optimizer, OPTIMIZERS))
    return OPTIMIZERS[optimizer]()


def _as_floats(optimizer: object, *names: str) -> None:
    """Convert constants to Python floats: NumPy's have another repr, and would widen float32."""
    for name in names:
        object.__setattr__(optimizer, name, float(getattr(optimizer, name)))
