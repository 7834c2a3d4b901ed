"""Initial weights, drawn on the host by NumPy.

Draws are float64 from an explicit NumPy generator and are moved to the backend afterwards, so
one seed gives the same bits on every backend. The Array API has no random numbers.

To add an initializer, write ``f(inputs, outputs, rng)`` and name it in `INITIALIZERS`. It may
call ``rng.random(size)`` and ``rng.standard_normal(size)`` only: the notebook's generator has
no other methods.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

from ..errors import InputError, option, unknown

Initializer = Callable[[int, int, Any], Any]


def uniform(inputs: int, outputs: int, rng: Any) -> Any:
    """Uniform on [0, 1)."""
    return rng.random((inputs, outputs))


def uniform_100(inputs: int, outputs: int, rng: Any) -> Any:
    """Uniform on [0, 0.01)."""
    return uniform(inputs, outputs, rng) * 0.01


def gaussian(inputs: int, outputs: int, rng: Any) -> Any:
    """Gaussian of variance 1."""
    return rng.standard_normal((inputs, outputs))


def xavier(inputs: int, outputs: int, rng: Any) -> Any:
    """Gaussian of variance ``1 / inputs``."""
    return gaussian(inputs, outputs, rng) / math.sqrt(inputs)


def he(inputs: int, outputs: int, rng: Any) -> Any:
    """Gaussian of variance ``2 / inputs``, for relu [1]_.

    References
    ----------
    .. [1] K. He et al., "Delving deep into rectifiers", ICCV 2015.
    """
    return gaussian(inputs, outputs, rng) * math.sqrt(2 / inputs)


def bengio(inputs: int, outputs: int, rng: Any) -> Any:
    """Gaussian of variance ``1 / (inputs + outputs)``."""
    return gaussian(inputs, outputs, rng) / math.sqrt(inputs + outputs)


def glorot_uniform(inputs: int, outputs: int, rng: Any) -> Any:
    """Uniform on plus or minus ``sqrt(6 / (inputs + outputs))`` [1]_.

    References
    ----------
    .. [1] X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
       networks", AISTATS 2010.
    """
    bound = math.sqrt(6 / (inputs + outputs))
    return bound * (2 * uniform(inputs, outputs, rng) - 1)


def zeros(inputs: int, outputs: int, rng: Any) -> Any:
    """Zeros; nothing is drawn."""
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


def find_initializer(initializer: str | Initializer, what: str = "initializer") -> Initializer:
    """Return the initializer of a name, or the given function; `what` is the argument's name."""
    if callable(initializer):
        return initializer
    if not isinstance(initializer, str) or initializer not in INITIALIZERS:
        raise InputError(unknown(what, initializer, INITIALIZERS))
    return INITIALIZERS[initializer]


def default_initializer(activation: str) -> str:
    """Return the name of the initializer that suits a hidden activation."""
    return "he" if activation == "relu" else "glorot_uniform"


def check_seeds(seed: int | Sequence[int], count: int, thing: str) -> list[int]:
    """Return a seed for each of `count` things, from one for all or one for each."""
    import numpy as np

    seeds: list[Any] = [seed] * count if np.ndim(seed) == 0 else list(cast(Any, seed))
    whole = all(isinstance(one, int | np.integer) and one >= 0 for one in seeds)
    if not whole or len(seeds) != count:
        several = f", or one for each of the {count} {thing}s" if count > 1 else ""
        raise InputError(
            f"{option('seed')} must be a whole number, 0 or more{several}. Received: {seed!r}."
        )
    return [int(one) for one in seeds]


def draw_layers(
    sizes: tuple[int, ...],
    initializer: str | Initializer | Sequence[str | Initializer],
    seed: int | Sequence[int],
    stack: tuple[int, ...],
    biases: str | Initializer = "zeros",
) -> list[tuple[Any, Any]]:
    """Draw the weight and bias of every layer, as NumPy arrays shaped as `array.stacks` says.

    `biases` is the initializer of those of hidden layers, called as for a weight of one input;
    those of the output layer are 0.
    """
    import numpy as np

    layers = len(sizes) - 1
    each = (
        [initializer] * layers
        if isinstance(initializer, str) or callable(initializer)
        else list(initializer)
    )
    if len(each) != layers:
        raise InputError(
            f"initializer must be one name or function, or one for each of the {layers} layers. "
            f"Received {len(each)}: {each!r}."
        )
    functions = [find_initializer(one) for one in each]
    own = find_initializer(biases, "bias_initializer")
    # One draw for each member; in a stack of groups one for each group: its members start alike.
    drawn: list[list[Any]] = []
    for one in check_seeds(seed, stack[0] if stack else 1, "group" if stack[1:] else "network"):
        rng = np.random.default_rng(one)
        drawn.append([_draw(f, sizes[k], sizes[k + 1], rng) for k, f in enumerate(functions)])
        # After all weights.
        drawn[-1] += [_draw(own, 1, n, rng, "bias_initializer")[0] for n in sizes[1:-1]]
    arrays = list(zip(*drawn, strict=True))
    weights = [_stacked(list(same), i, stack) for i, same in enumerate(arrays[:layers])]
    hidden = [_beside(np.stack(same), stack) for same in arrays[layers:]]
    return list(zip(weights, [*hidden, np.zeros((*stack, sizes[-1]))], strict=True))


def _draw(
    function: Initializer, inputs: int, outputs: int, rng: Any, what: str = "initializer"
) -> Any:
    """Return what a function draws, or refuse it if it has another shape."""
    import numpy as np

    drawn = function(inputs, outputs, rng)
    if np.shape(drawn) != (inputs, outputs):
        raise InputError(
            f"The function of {option(what)} must return an array of the shape (inputs, outputs), "
            f"here ({inputs}, {outputs}). Received: shape {np.shape(drawn)}."
        )
    return drawn


def _stacked(drawn: list[Any], layer: int, stack: tuple[int, ...]) -> Any:
    """Join the weights of one layer, one for each member or group, into the stack's."""
    import numpy as np

    if not stack:
        return drawn[0]
    if len(stack) == 1:
        return np.stack(drawn, axis=1 if layer == 0 else 0)
    groups = np.expand_dims(np.stack(drawn), axis=2 if layer == 0 else 1)
    return np.repeat(groups, stack[1], axis=2 if layer == 0 else 1)


def _beside(drawn: Any, stack: tuple[int, ...]) -> Any:
    """Return the biases of one layer, (*stack, outputs), from those drawn, one row for each."""
    import numpy as np

    if len(stack) == 2:
        return np.repeat(drawn[:, None, :], stack[1], axis=1)
    return drawn if stack else drawn[0]
