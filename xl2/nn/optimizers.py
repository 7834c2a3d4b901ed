"""Optimizers: pure functions of one parameter array, and the constants they need.

The learning rate is folded into the output delta wherever the update is linear
in the gradient. Every product behind it then comes out scaled, and no temporary
of the size of a parameter is made. An optimizer says by `scale` what it wants
folded: its `update` receives ``gradient = scale * dC/dp`` and
``decay = scale * lam / m``, so that ``gradient + decay * p`` is the whole
derivative, penalty included, times `scale`.

`rate` is a Python number for each step, worked out on the host: no step count
has to live on the device, and a compiled step sees it as data.

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
from typing import Any, ClassVar, Protocol

from ..array.api import Array, namespace
from ..errors import InputError, unknown

State = tuple[Array, ...]
Decay = Any  # None without a penalty; else a number, or an array of one a member
Update = Callable[[Any, Array, Array, Decay, State, Any], tuple[Array, State]]


class Optimizer(Protocol):
    """What the training step asks of an optimizer."""

    update: ClassVar[Update]
    """``(optimizer, parameter, gradient, decay, state, rate) -> (parameter, state)``.

    A module-level function, so that a backend can replace it by its name. The
    parameter, the gradient and the state are consumed.
    """

    def init(self, parameter: Array) -> State:
        """Return the state of a parameter before the first step."""
        ...

    def rate(self, learning_rate: float, step: int) -> float:
        """Return the rate of a step; the first step is 1."""
        ...

    def scale(self, rate: Any) -> Any:
        """Return what the gradient is to arrive multiplied by."""
        ...


def add_decay(gradient: Array, decay: Decay, parameter: Array) -> Array:
    """Add the penalty's share to a gradient, which is consumed."""
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
    """Take one step of Adam [3]_, in the form with the bias correction in the rate."""
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
class SGD:
    """Plain stochastic gradient descent."""

    update: ClassVar[Update] = staticmethod(sgd_update)

    def init(self, parameter: Array) -> State:
        """Return nothing: the last step leaves no trace."""
        return ()

    def rate(self, learning_rate: float, step: int) -> float:
        """Return the learning rate."""
        return learning_rate

    def scale(self, rate: Any) -> Any:
        """Return the rate: the update is linear in the gradient."""
        return rate


@dataclass(frozen=True)
class Momentum(SGD):
    """Gradient descent with momentum [1]_.

    Parameters
    ----------
    momentum : float, default 0.9
        What is kept of the velocity at each step, in [0, 1].

    Raises
    ------
    InputError
        If `momentum` is outside [0, 1].
    """

    momentum: float = 0.9
    update: ClassVar[Update] = staticmethod(momentum_update)

    def __post_init__(self) -> None:
        if not 0 <= self.momentum <= 1:
            raise InputError(f"momentum is in [0, 1]. Received: momentum={self.momentum!r}.")
        _as_floats(self, "momentum")

    def init(self, parameter: Array) -> State:
        """Return a velocity of zero."""
        return (namespace(parameter).zeros_like(parameter),)


@dataclass(frozen=True)
class Nesterov(Momentum):
    """Nesterov's accelerated gradient [2]_."""

    update: ClassVar[Update] = staticmethod(nesterov_update)


@dataclass(frozen=True)
class Adam:
    """Adam [3]_.

    Parameters
    ----------
    beta_1, beta_2 : float, default 0.9 and 0.999
        What is kept of the running mean of the gradient and of its square, in [0, 1).
    epsilon : float, default 1e-8
        Added to the root of the running square.

    Raises
    ------
    InputError
        If a beta is outside [0, 1) or `epsilon` is not positive.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    update: ClassVar[Update] = staticmethod(adam_update)

    def __post_init__(self) -> None:
        _check_fraction("beta_1", self.beta_1)
        _check_fraction("beta_2", self.beta_2)
        if not self.epsilon > 0:
            raise InputError(f"epsilon is positive. Received: epsilon={self.epsilon!r}.")
        _as_floats(self, "beta_1", "beta_2", "epsilon")

    def init(self, parameter: Array) -> State:
        """Return a running mean and a running square of zero."""
        zeros_like = namespace(parameter).zeros_like
        return zeros_like(parameter), zeros_like(parameter)

    def rate(self, learning_rate: float, step: int) -> float:
        """Return the learning rate with the correction for the two means' start at zero."""
        return learning_rate * math.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)

    def scale(self, rate: Any) -> Any:
        """Return one: Adam divides by the gradient's own size."""
        return 1.0


OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adam": Adam,
}


def find_optimizer(optimizer: str | Optimizer) -> Optimizer:
    """Return an optimizer given by its name, with its defaults, or as it is.

    Raises
    ------
    InputError
        If there is none of that name, or it is no optimizer.
    """
    if not isinstance(optimizer, str | type) and hasattr(optimizer, "update"):
        return optimizer
    if not isinstance(optimizer, str) or optimizer not in OPTIMIZERS:
        raise InputError(unknown("optimizer", optimizer, OPTIMIZERS))
    return OPTIMIZERS[optimizer]()


def _check_fraction(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise InputError(f"{name} is in [0, 1). Received: {name}={value!r}.")


def _as_floats(optimizer: object, *names: str) -> None:
    """Make constants Python's floats: NumPy's would be written another way, and widen float32."""
    for name in names:
        object.__setattr__(optimizer, name, float(getattr(optimizer, name)))
