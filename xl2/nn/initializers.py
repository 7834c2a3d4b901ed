"""Initial weights, drawn on the host by NumPy.

The Array API has no random numbers, and every library's own differ. A draw here
comes from an explicit NumPy generator, in float64, and is moved afterwards: one
seed gives the same bits on every backend.

To add one, write ``f(inputs, outputs, rng)`` and name it in `INITIALIZERS`.

References
----------
.. [1] X. Glorot, Y. Bengio, "Understanding the difficulty of training deep
   feedforward neural networks", AISTATS 2010.
.. [2] K. He et al., "Delving deep into rectifiers", ICCV 2015.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import InputError, unknown

if TYPE_CHECKING:
    import numpy as np

    HostArray = np.ndarray[Any, np.dtype[Any]]


class Draws(Protocol):
    """The two draws an initializer may ask for, as `numpy.random.Generator` makes them."""

    def random(self, size: tuple[int, int]) -> HostArray:
        """Uniform on [0, 1)."""
        ...

    def standard_normal(self, size: tuple[int, int]) -> HostArray:
        """Gaussian of mean 0 and variance 1."""
        ...


Initializer = Callable[[int, int, Draws], "HostArray"]


def uniform(inputs: int, outputs: int, rng: Draws) -> HostArray:
    """Uniform on [0, 1)."""
    return rng.random((inputs, outputs))


def uniform_100(inputs: int, outputs: int, rng: Draws) -> HostArray:
    """Uniform on [0, 0.01)."""
    return uniform(inputs, outputs, rng) * 0.01


def gaussian(inputs: int, outputs: int, rng: Draws) -> HostArray:
    """Gaussian of variance 1."""
    return rng.standard_normal((inputs, outputs))


def xavier(inputs: int, outputs: int, rng: Draws) -> HostArray:
    """Gaussian of variance ``1 / inputs``."""
    return gaussian(inputs, outputs, rng) / math.sqrt(inputs)


def he(inputs: int, outputs: int, rng: Draws) -> HostArray:
    """Gaussian of variance ``2 / inputs`` [2]_, for relu."""
    return gaussian(inputs, outputs, rng) * math.sqrt(2 / inputs)


def bengio(inputs: int, outputs: int, rng: Draws) -> HostArray:
    """Gaussian of variance ``1 / (inputs + outputs)``."""
    return gaussian(inputs, outputs, rng) / math.sqrt(inputs + outputs)


def glorot_uniform(inputs: int, outputs: int, rng: Draws) -> HostArray:
    """Uniform on plus or minus ``sqrt(6 / (inputs + outputs))`` [1]_."""
    bound = math.sqrt(6 / (inputs + outputs))
    return bound * (2 * uniform(inputs, outputs, rng) - 1)


def zeros(inputs: int, outputs: int, rng: Draws) -> HostArray:
    """Zeros; the generator is left as it was."""
    import numpy as np

    return np.zeros((inputs, outputs))


INITIALIZERS: dict[str, Initializer] = {
    "uniform": uniform,
    "uniform_100": uniform_100,
    "gaussian": gaussian,
    "xavier": xavier,
    "he": he,
    "bengio": bengio,
    "glorot_uniform": glorot_uniform,
    "zeros": zeros,
}


def find_initializer(initializer: str | Initializer) -> Initializer:
    """Return an initializer given by its name or as a function.

    Parameters
    ----------
    initializer : str or callable
        A key of `INITIALIZERS`, or ``f(inputs, outputs, rng)`` returning an
        array (inputs, outputs).

    Returns
    -------
    callable

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if callable(initializer):
        return initializer
    if initializer not in INITIALIZERS:
        raise InputError(unknown("initializer", initializer, INITIALIZERS))
    return INITIALIZERS[initializer]
