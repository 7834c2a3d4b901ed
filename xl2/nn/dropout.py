"""Dropout of hidden units, with masks that are a pure function of seed, step and layer.

A step drops each unit with probability `rate` and multiplies the others by ``1 / (1 - rate)``.
The expected output of a layer stays the same, so predictions need no correction [1]_.

The random bits come from Threefry2x32 [2]_ with 20 rounds, the generator of Random123 and JAX.
It needs only additions, shifts and exclusive ors, so every library and device drops the same
units. Words are int32 rather than uint32, because every library computes with int32 on every
device; additions wrap around to the same bits.

References
----------
.. [1] N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
   overfitting", JMLR 15, 2014.
.. [2] J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy
   as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import array_api_compat

from ..array.api import Array, namespace
from ..array.backend import Backend
from ..errors import InputError, option

_PARITY = 0x1BD11BDA
_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_ROUNDS = 20


@dataclass(frozen=True)
class Dropout:
    """Inverted dropout of all hidden layers."""

    rate: float  # probability that a unit is dropped, in [0, 1)

    def __post_init__(self) -> None:
        if not (isinstance(self.rate, Real) and 0 <= float(self.rate) < 1):
            raise InputError(
                f"{option('dropout')} must be a number, 0 or more and less than 1: the fraction of "
                f"hidden units to drop. Received: {option('dropout', self.rate)}."
            )
        object.__setattr__(self, "rate", float(self.rate))

    def keys(self, backend: Backend, seeds: int | Sequence[int]) -> Array:
        """Return the masks' keys, int32: (2,) for one seed, (G, 2) for one seed per group."""
        import numpy as np

        several = not isinstance(seeds, int | np.integer)
        each: Any = seeds if several else [seeds]
        words = [np.random.SeedSequence(seed).generate_state(2).view(np.int32) for seed in each]
        array = np.stack(words) if several else words[0]
        return backend.from_numpy(array)

    def mask(
        self, like: Array, keys: Array, step: int | Array, layer: int, layers: int, first: int = 0
    ) -> Array:
        """Return the factors of a hidden layer's outputs: 0 or ``1 / (1 - rate)``.

        `like`, the outputs (..., n, units), gives shape, dtype and device. `step` is the number
        of the training step, and `layer` the index of the hidden layer among `layers`. The mask
        is (n, units), or (G, 1, n, units) for keys (G, 2): the members of a stack or group share
        it, as each would have it alone. Its rows are those of the mini-batch from `first` on, and
        do not depend on how many there are.
        """
        xp = namespace(like)
        rows, units = like.shape[-2:]
        groups = keys.shape[:-1]
        # Each block of the generator gives the bits of two neighbouring elements.
        skipped, odd = divmod(first * units, 2)
        blocks = (odd + rows * units + 1) // 2
        device = array_api_compat.device(like)
        indices = xp.arange(skipped, skipped + blocks, dtype=xp.int32, device=device)
        counter = indices, _position(indices, step, layer, layers)
        words = threefry2x32((keys[..., :1], keys[..., 1:]), counter)
        bits = xp.reshape(xp.stack(words, axis=-1), (*groups, 2 * blocks))
        kept = bits[..., odd : odd + rows * units] >= self.least_kept()
        mask = xp.astype(kept, like.dtype)
        mask *= 1.0 / (1.0 - self.rate)
        return xp.reshape(mask, (*groups, 1, rows, units) if groups else (rows, units))

    def least_kept(self) -> int:
        """Return the smallest int32 that keeps its unit.

        Integers are compared: converted to floats, they would be rounded differently in
        float32 and float64.
        """
        return min(round(self.rate * 2**32), 2**32 - 1) - 2**31


def _position(like: Array, step: int | Array, layer: int, layers: int) -> Array:
    """Return the counter's second word: the layer's number among the layers of all steps."""
    xp = namespace(like)
    # With an axis, because NumPy warns when a scalar wraps around.
    if isinstance(step, int):
        word = (step * layers + layer + 2**31) % 2**32 - 2**31  # the int32 of the last 32 bits
        return xp.asarray([word], dtype=xp.int32, device=array_api_compat.device(like))
    return xp.reshape(xp.astype(step, xp.int32), (1,)) * layers + layer


class Masks:
    """The masks of one step: drawn in the forward pass, applied again in the backward pass."""

    def __init__(self, dropout: Dropout, keys: Array, step: Any, layers: int, first: int = 0):
        self.keep_probability = 1.0 - dropout.rate
        self._dropout, self._keys, self._step, self._layers = dropout, keys, step, layers
        self._first = first  # the row of the mini-batch that the outputs begin with
        self._drawn: list[Array] = []

    def forward(self, outputs: Array) -> Array:
        """Apply the next hidden layer's mask to its outputs, which are consumed."""
        layer = len(self._drawn)
        place = self._step, layer, self._layers, self._first
        mask = self._dropout.mask(outputs, self._keys, *place)
        self._drawn.append(mask)
        outputs *= mask
        return outputs

    def backward(self, delta: Array, layer: int) -> Array:
        """Apply a hidden layer's mask to its delta, which is consumed."""
        delta *= self._drawn[layer]
        return delta


def threefry2x32(key: Sequence[Array], counter: Sequence[Array]) -> tuple[Array, Array]:
    """Return the 64 random bits of a key and a counter, as two int32 arrays.

    All four words are int32 arrays with one axis or more; they broadcast.
    """
    keys = (key[0], key[1], key[0] ^ key[1] ^ _PARITY)
    x, y = counter[0] + keys[0], counter[1] + keys[1]
    # The first round broadcasts and makes new arrays; the later rounds change them in place.
    x = x + y
    y = _rotated(y, _ROTATIONS[0]) ^ x
    for i in range(1, _ROUNDS):
        x += y
        y = _rotated(y, _ROTATIONS[i % 8])
        y ^= x
        if i % 4 == 3:
            turn = i // 4 + 1
            x += keys[turn % 3]
            y += keys[(turn + 1) % 3] + turn
    return x, y


def _rotated(x: Array, bits: int) -> Array:
    """Rotate int32 words to the left by some bits; the words are consumed."""
    wrapped = x >> (32 - bits)
    wrapped &= 2**bits - 1  # the shift filled in copies of the sign bit
    x <<= bits
    x |= wrapped
    return x
