"""The L2 penalty, ``lam / (2 n) * sum(W^2)`` over the weights; biases are exempt.

`n` is the number of training samples, so that `lam` has the same effect for all batch sizes.
With ``per="batch"`` it is the number of samples in the mini-batch, as in the notebook and for
scikit-learn's `alpha`: half the batch size then doubles the decay, and a short last mini-batch
decays the weights more than all others. docs/design.md lists the equivalents of other libraries.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from ..array.api import Array, namespace
from ..array.backend import Backend
from ..array.numbers import as_infinities
from ..array.operations import Parameters
from ..array.stacks import Stack, beside_weight, stack_of
from ..errors import InputError, on_command_line, option

Per = Literal["dataset", "batch"] | int


@dataclass(frozen=True)
class L2:
    """An L2 penalty.

    Parameters
    ----------
    lam : float or sequence of float, default 0
        lambda, 0 or more: one for all layers, or one for each, first to last.
    per : {"dataset", "batch"} or int, default "dataset"
        What divides lambda: the number of training samples, that of the mini-batch's samples,
        or this number, for an iterable of unknown length. With sample weights their sum replaces
        the number of samples.

    Examples
    --------
    >>> L2([1.0, 0.0]).of_layers(2)
    (1.0, 0.0)
    """

    lam: float | tuple[float, ...] = 0.0
    per: Per = "dataset"

    def __init__(self, lam: float | Sequence[float] = 0.0, per: Per = "dataset"):
        try:
            several = not isinstance(lam, float | int | str) and hasattr(lam, "__len__")
            values = tuple(map(float, cast(Any, lam) if several else [lam]))
        except (TypeError, ValueError):
            raise InputError(
                f"lambda must be a number, or one number for each layer. Received: {lam!r}."
            ) from None
        for value in values:
            if not (math.isfinite(value) and value >= 0):
                raise InputError(f"lambda must be a finite number, 0 or more. Received: {value!r}.")
        whole = isinstance(per, int) and not isinstance(per, bool)
        if not (per > 0 if whole else per in ("dataset", "batch")):  # type: ignore[operator]
            known = "'dataset' or 'batch'"
            if not on_command_line():
                known = "'dataset', 'batch', or a number of samples"
            raise InputError(f"{option('per')} must be {known}. Received: {option('per', per)}.")
        object.__setattr__(self, "lam", values if several else values[0])
        object.__setattr__(self, "per", per)

    @property
    def is_positive(self) -> bool:
        """Whether any layer is penalised."""
        return any(self.lam) if isinstance(self.lam, tuple) else self.lam > 0

    def of_layers(self, layers: int) -> tuple[float, ...]:
        """Return lambda for each of `layers` layers; raise if `lam` has another number."""
        if not isinstance(self.lam, tuple):
            return (self.lam,) * layers
        if len(self.lam) != layers:
            raise InputError(
                f"lambda must be one number, or one for each of the {layers} layers. "
                f"Received {len(self.lam)}: {self.lam!r}."
            )
        return self.lam


Penalty = float | L2 | Sequence[float | L2]


def penalties_of(penalty: Penalty, stack: Stack) -> list[L2]:
    """Return an `L2` for each of `K` members of a stack or `M` of a group; one for a network."""
    count = stack[-1] if stack else 1
    several = stack and hasattr(penalty, "__len__")
    each: list[Any] = list(cast(Any, penalty)) if several else [penalty] * count
    if len(each) != count:
        members = f"{stack[0]} groups of {count}" if len(stack) == 2 else f"{count}"
        raise InputError(
            f"penalty must be one, or {count}, for a stack of {members} networks. "
            f"Received {len(each)}: {each!r}."
        )
    checked = [one if isinstance(one, L2) else L2(one) for one in each]
    if len({one.per for one in checked}) > 1:
        raise InputError(
            f"The penalties of a stack must all have the same per. Received: "
            f"{', '.join(sorted({repr(one.per) for one in checked}))}."
        )
    return checked


def coefficients_of(
    penalty: Penalty, sizes: Sequence[int], stack: Stack, backend: Backend, dtype: str
) -> tuple[Any, ...]:
    """Return lambda for each layer: None for 0, a float, or for a stack an array."""
    import numpy as np

    layers = len(sizes) - 1
    lams = [one.of_layers(layers) for one in penalties_of(penalty, stack)]
    found: list[Any] = []
    for i, same in enumerate(zip(*lams, strict=True)):
        if not any(same):
            found.append(None)
        elif not stack:
            found.append(same[0])
        else:
            # A lambda too large for float32 becomes infinite, and its member diverges.
            with backend.scope():
                # Repeating the first layer's lambda for each output gives it the memory layout
                # of the weight's rows: long contiguous products.
                each = [[lam] * sizes[1] for lam in same] if i == 0 else same
                lam = as_infinities(np.asarray(each, dtype="float64"), dtype)
                found.append(
                    backend.from_numpy(lam[None, ...] if i == 0 else beside_weight(lam, i))
                )
    return tuple(found)


def squares(parameters: Parameters, coefficients: tuple[Any, ...]) -> Any:
    """Return ``sum(lam * W^2)`` over all layers, shaped like the stack; None without a penalty."""
    stack, total = stack_of(parameters), None
    for i, (lam, (weight, _)) in enumerate(zip(coefficients, parameters, strict=True)):
        xp = namespace(weight)
        if lam is None:
            continue
        if not stack:
            flat = xp.reshape(weight, (-1,))
            share = lam * (flat @ flat)  # no temporary of the weight's size
        else:
            share = xp.sum(_by_member(lam * weight * weight, i, stack), axis=-1)
        total = share if total is None else total + share
    return total


def _by_member(weights: Array, layer: int, stack: Stack) -> Array:
    """Return the numbers of each member one after another: (K, n) or (G, M, n).

    The order in which they are added, and so the rounding, is then that of a stack of any size.
    """
    xp = namespace(weights)
    if layer == 0:  # the members are in the middle
        first = [0] if len(stack) == 2 else []
        members = len(first) + 1
        weights = xp.permute_dims(weights, (*first, members, members - 1, members + 1))
    return xp.reshape(weights, (*stack, -1))
