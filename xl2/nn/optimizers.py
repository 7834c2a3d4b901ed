"""Optimizers: constants, and a pure update function of one parameter array.

If the update is linear in the gradient, the learning rate is multiplied into the output delta:
all gradients arrive scaled by `scale`, without a temporary array of the size of a parameter.
`update` receives ``gradient = scale * dC/dp`` and ``decay = scale * lam / m``, so
``gradient + decay * p`` is the derivative including the penalty, times `scale`.

`rate` is a Python number for each step, computed on the host: the device needs no step count,
and a compiled step takes the rate as data.
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

# The least size of a scale of an input: weights are divided by it. Its sign may change.
LEAST_SCALE = 1e-3


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
    """Take one step of gradient descent with momentum."""
    (velocity,) = state
    velocity *= optimizer.momentum
    velocity -= add_decay(gradient, decay, parameter)
    parameter += velocity
    return parameter, (velocity,)


def nesterov_update(
    optimizer: Momentum, parameter: Array, gradient: Array, decay: Decay, state: State, rate: Any
) -> tuple[Array, State]:
    """Take one step of Nesterov's accelerated gradient, in the form of Sutskever and others."""
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
    """Take one step of Adam; the rate includes the bias correction."""
    gradient = add_decay(gradient, decay, parameter)
    if len(state) > 2:
        return _update_both_factors(optimizer, parameter, gradient, state, rate)
    step, mean, square = _adam_step(optimizer, gradient, *state)
    parameter -= rate * step
    return parameter, (mean, square)


def _update_both_factors(
    optimizer: Adam, parameter: Array, gradient: Array, state: State, rate: Any
) -> tuple[Array, State]:
    """Take one step of Adam for both factors of a weight ``V = s W``; s is a scale of each row.

    V and s are stored, W is ``V / s``. If the derivative of the cost by V is g, that by W is
    ``s g``, and that by s is the sum of ``g W`` over the row. Each factor has running means of its
    own. With the steps dW and ds, V becomes ``(s - ds) (W - dW) = (V - s dW) (s - ds) / s``.
    """
    mean, square, scales = state
    scale, mean_of_scale, square_of_scale = (scales[..., i : i + 1] for i in range(3))
    xp = namespace(parameter)
    gradient_of_scale = xp.sum(gradient * parameter, axis=-1, keepdims=True) / scale
    gradient *= scale
    step, mean, square = _adam_step(optimizer, gradient, mean, square)
    step_of_scale, *means_of_scale = _adam_step(
        optimizer, gradient_of_scale, mean_of_scale, square_of_scale
    )
    new = scale - optimizer.scale_rate * rate * step_of_scale
    new = xp.copysign(xp.clip(xp.abs(new), LEAST_SCALE), new)
    parameter -= scale * rate * step
    parameter *= new / scale
    return parameter, (mean, square, xp.concat([new, *means_of_scale], axis=-1))


def _adam_step(
    optimizer: Adam, gradient: Array, mean: Array, square: Array
) -> tuple[Array, Array, Array]:
    """Return the step of a rate of 1 and the new averages; all arguments are consumed."""
    mean *= optimizer.beta_1
    mean += (1.0 - optimizer.beta_1) * gradient
    square *= optimizer.beta_2
    gradient *= gradient
    square += (1.0 - optimizer.beta_2) * gradient
    return mean / (namespace(square).sqrt(square) + optimizer.epsilon), mean, square


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

    References
    ----------
    .. [1] B. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.
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
    """Nesterov's accelerated gradient, in the form of [1]_, with the argument of `Momentum`.

    References
    ----------
    .. [1] I. Sutskever et al., "On the importance of initialization and momentum in deep
       learning", ICML 2013.
    """

    update: ClassVar[Update] = staticmethod(nesterov_update)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam [1]_.

    Parameters
    ----------
    beta_1, beta_2 : float, default 0.9 and 0.999
        Fractions of the running means of the gradient and of its square that are kept at each
        step, in [0, 1).
    epsilon : float, default 1e-8
        Added to the root of the running mean of the square.
    scale_rate : float, default 0
        How fast a scale of each input is learned [2]_, as a multiple of the learning rate; 0 for
        no scales. The row of an input in the first weight is then the product of a scale, 1 at
        first, and another row, and each step changes both. So an input that matters, or does not,
        is found in fewer steps. The network has the products only, and a penalty is of these.

    References
    ----------
    .. [1] D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    .. [2] D. Holzmueller, L. Grinsztajn, I. Steinwart, "Better by default: strong pre-tuned MLPs
       and boosted trees on tabular data", NeurIPS 2024.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    scale_rate: float = 0.0
    update: ClassVar[Update] = staticmethod(adam_update)

    def __post_init__(self) -> None:
        for name, beta in (("beta_1", self.beta_1), ("beta_2", self.beta_2)):
            if not 0 <= beta < 1:
                raise InputError(f"{name} must be in [0, 1). Received: {name}={beta!r}.")
        if not self.epsilon > 0:
            raise InputError(f"epsilon must be positive. Received: epsilon={self.epsilon!r}.")
        if not 0 <= self.scale_rate < math.inf:
            raise InputError(
                f"scale_rate must be a finite number, 0 or more. Received: "
                f"scale_rate={self.scale_rate!r}."
            )
        _as_floats(self, "beta_1", "beta_2", "epsilon", "scale_rate")

    def init(self, parameter: Array) -> State:
        """Return running means of zero."""
        zeros_like = namespace(parameter).zeros_like
        return zeros_like(parameter), zeros_like(parameter)

    def init_first(self, weight: Array) -> State:
        """Return running means of zero and, with a `scale_rate`, an array with 3 columns.

        They are the scale of each row, 1 at first, and its own running means.
        """
        states = self.init(weight)
        if not self.scale_rate:
            return states
        xp = namespace(weight)
        one = weight[..., :1]
        columns = [xp.ones_like(one), xp.zeros_like(one), xp.zeros_like(one)]
        return *states, xp.concat(columns, axis=-1)

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


# What the training step calls, besides `update` and, if there is one, `init_first`.
METHODS = ("init", "rate", "scale")


def find_optimizer(optimizer: str | Optimizer) -> Optimizer:
    """Return the optimizer of a name, with its defaults, or the given optimizer."""
    if not isinstance(optimizer, str | type) and hasattr(optimizer, "update"):
        missing = [name for name in METHODS if not hasattr(optimizer, name)]
        if missing:
            raise InputError(
                f"An optimizer of your own has to be derived from xl2.nn.optimizers.Optimizer, or "
                f"have its methods {', '.join(METHODS)}. Received: a "
                f"{type(optimizer).__qualname__} without {', '.join(missing)}."
            )
        return optimizer
    if not isinstance(optimizer, str) or optimizer not in OPTIMIZERS:
        raise InputError(unknown("optimizer", optimizer, OPTIMIZERS))
    return OPTIMIZERS[optimizer]()


def state_of_first(optimizer: Optimizer, weight: Array) -> State:
    """Return the initial state for the weight of the first layer.

    It is that of any parameter, unless the optimizer has a method `init_first`.
    """
    state: State = getattr(optimizer, "init_first", optimizer.init)(weight)
    return state


def _as_floats(optimizer: object, *names: str) -> None:
    """Convert constants to Python floats: NumPy's have another repr, and would widen float32."""
    for name in names:
        object.__setattr__(optimizer, name, float(getattr(optimizer, name)))
