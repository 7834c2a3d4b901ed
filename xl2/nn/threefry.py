"""Random bits on the device itself: Threefry2x32, a generator that is a function of a counter.

The standard has no random numbers, but it has additions, shifts and exclusive ors, and
Threefry [1]_ is made of nothing else. It has no state: the bits that belong to a key and a
counter are the same on every library and every device, in whatever order they are asked for.
It is the generator of Random123 and of JAX, with their 20 rounds.

The words are int32 and not uint32, because int32 is what every library computes with on every
device. Addition wraps around and means the same for both.

References
----------
.. [1] J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy
   as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import array_api_compat

from ..array.api import Array, namespace

_PARITY = 0x1BD11BDA
_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_ROUNDS = 20


def threefry2x32(
    key: tuple[Array | int, Array | int], counter: tuple[Array, Array | int]
) -> tuple[Array, Array]:
    """Return the 64 random bits that belong to a key and a counter.

    Parameters
    ----------
    key : tuple of two int32 arrays or ints
        The two words of the key.
    counter : tuple of two int32 arrays
        The two words of the counter; the second may be an int.

    Returns
    -------
    tuple of two int32 arrays
        Of the shape to which those of all four broadcast, with one axis where that has none.

    Notes
    -----
    Of an int count the last 32 bits: a word may be written signed or unsigned.
    """
    first, second = (_with_axis(word, counter[0]) for word in key)
    keys = (first, second, first ^ second ^ _PARITY)
    x, y = (_with_axis(word, counter[0]) for word in counter)
    x, y = x + keys[0], y + keys[1]
    # The first round is the one that broadcasts: behind it both words have the whole shape,
    # are nobody else's, and can be worked on in place.
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


def _rotated(x: Array, places: int) -> Array:
    """Rotate the bits of int32 words, which are consumed, to the left."""
    wrapped = x >> (32 - places)
    wrapped &= 2**places - 1  # the shift has filled up with copies of the sign
    x <<= places
    x |= wrapped
    return x


def _with_axis(word: Array | int, like: Array) -> Array:
    """Return a word as an array with an axis: NumPy warns of a scalar that wraps around."""
    xp = namespace(like)
    if isinstance(word, int):
        word = xp.asarray(_signed(word), dtype=xp.int32, device=array_api_compat.device(like))
    return word if word.ndim else xp.reshape(word, (1,))


def _signed(word: int) -> int:
    """Return the int32 that has the last 32 bits of an integer."""
    return (word + 2**31) % 2**32 - 2**31
