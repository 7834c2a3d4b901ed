"""Dropout of hidden units: which are dropped at a step, as a pure function of the step.

A unit is dropped in a step with probability `rate`, and the others are multiplied by
``1 / (1 - rate)``, so that a layer's expected output is what it is without dropout: nothing
is left to do when the network predicts [1]_.

A mask is made on the device, by the counter-based generator of `threefry`: no state is kept,
none is drawn on the host, and every library drops the same units.

References
----------
.. [1] N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
   overfitting", JMLR 15, 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import array_api_compat

from ..array.api import Array, Namespace, namespace
from ..errors import InputError
from .threefry import threefry2x32

if TYPE_CHECKING:
    from ..array.backend import Backend


@dataclass(frozen=True)
class Dropout:
    """Inverted dropout of the outputs of all hidden layers.

    Parameters
    ----------
    rate : float
        The probability that a unit is dropped, in [0, 1).

    Raises
    ------
    InputError
        If `rate` is outside [0, 1) or no number.
    """

    rate: float

    def __post_init__(self) -> None:
        if not (isinstance(self.rate, Real) and 0 <= float(self.rate) < 1):
            raise InputError(
                f"The rate of dropout is the fraction of hidden units to drop, a number in "
                f"[0, 1). Received: rate={self.rate!r}."
            )
        object.__setattr__(self, "rate", float(self.rate))

    def keys(self, backend: Backend, seeds: int | Sequence[int]) -> Array:
        """Make the keys of a fit's masks.

        Parameters
        ----------
        backend : Backend
            Where they are needed.
        seeds : int or sequence of int
            One seed, or one for each of `G` groups.

        Returns
        -------
        array of int32, shape (2,) or (G, 2)
        """
        import numpy as np

        several = not isinstance(seeds, int | np.integer)
        each: Any = seeds if several else [seeds]
        words = [np.random.SeedSequence(seed).generate_state(2).view(np.int32) for seed in each]
        array = np.stack(words) if several else words[0]
        return backend.library.from_host(backend.xp, array, backend.device)

    def mask(self, like: Array, keys: Array, step: int | Array, layer: int, layers: int) -> Array:
        """Return what to multiply the outputs of a hidden layer by at one step.

        All members of a stack, or of a group, share it: each is the network that is trained
        alone. Rows come one after another, so that the mask of fewer rows is the beginning
        of that of more.

        Parameters
        ----------
        like : array, shape (n, units), (K, n, units) or (G, M, n, units)
            The outputs of the layer. Only their shape, dtype and device count.
        keys : array of int32, shape (2,); for a stack in groups (G, 2)
            From `keys`.
        step : int, or array of int32 or int64 without axes
            The number of the training step.
        layer, layers : int
            Which hidden layer, 0 for the first, of how many.

        Returns
        -------
        array, shape (n, units); for a stack in groups (G, 1, n, units)
            Zero for a unit that is dropped, ``1 / (1 - rate)`` for one that is kept.
        """
        xp = namespace(like)
        rows, units = like.shape[-2:]
        groups = keys.shape[:-1]
        # A block of the generator has the bits of two elements, one behind the other.
        blocks = (rows * units + 1) // 2
        indices = xp.arange(blocks, dtype=xp.int32, device=array_api_compat.device(like))
        counter = indices, _position(xp, step, layer, layers)
        words = threefry2x32((keys[..., :1], keys[..., 1:]), counter)
        bits = xp.reshape(xp.stack(words, axis=-1), (*groups, 2 * blocks))
        mask = xp.astype(bits[..., : rows * units] >= self._least_kept(), like.dtype)
        mask *= 1.0 / (1.0 - self.rate)
        return xp.reshape(mask, (*groups, 1, rows, units) if groups else (rows, units))

    def _least_kept(self) -> int:
        """Return the least int32 of those that keep their unit.

        Bits are compared as they are. As floats they would be rounded, and not alike in
        float32 and float64.
        """
        return min(round(self.rate * 2**32), 2**32 - 1) - 2**31


def _position(xp: Namespace, step: int | Array, layer: int, layers: int) -> Array | int:
    """Return the number of a layer among those of all steps: the counter's second word."""
    if not isinstance(step, int):
        # With an axis, because NumPy warns of a scalar that wraps around.
        step = xp.reshape(xp.astype(step, xp.int32), (1,))
    return step * layers + layer
