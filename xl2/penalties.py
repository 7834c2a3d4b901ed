"""The L2 penalty, ``lam / (2 m) * sum(W^2)`` over the weights; biases are exempt.

`m` is a number of samples. The notebook, and scikit-learn's `alpha`, take the
mini-batch in the gradient: half the batch is then twice the decay, and `lam` has
to be chosen again for every batch size. With ``per="dataset"`` it is the training
set's, and `lam` means the same for every batch size.

The same penalty elsewhere, for mini-batches of `m` (or a training set of `m`):

============================  ==================================
Keras ``l2(c)``               ``c = lam / (2 m)``
torch ``SGD(weight_decay=c)`` ``c = lam / m``, biases in a group without
glmnet ``lambda=c``           ``c = lam / m``
scikit-learn ``alpha=c``      ``c = lam``, ``per="batch"``
AdamW                         no equal: its decay is not a gradient
============================  ==================================
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .errors import InputError


@dataclass(frozen=True)
class L2:
    """An L2 penalty.

    Parameters
    ----------
    lam : float or sequence of float, default 0
        lambda, not negative: one for all layers, or one a layer, first to last.
    per : {"batch", "dataset"}, default "batch"
        Whose number of samples divides it in the gradient.

    Raises
    ------
    InputError
        If a lambda is negative or not finite, or `per` is neither.

    Examples
    --------
    >>> L2(1.0).of_layers(3)
    (1.0, 1.0, 1.0)
    >>> L2([1.0, 0.0]).of_layers(2)
    (1.0, 0.0)
    """

    lam: float | tuple[float, ...] = 0.0
    per: Literal["batch", "dataset"] = "batch"

    def __init__(
        self, lam: float | Sequence[float] = 0.0, per: Literal["batch", "dataset"] = "batch"
    ):
        try:
            one = float(lam)  # type: ignore[arg-type]
            checked: float | tuple[float, ...] = one
            every: tuple[float, ...] = (one,)
        except TypeError:
            checked = every = tuple(float(x) for x in lam)  # type: ignore[union-attr]
        for value in every:
            if not (math.isfinite(value) and value >= 0):
                raise InputError(f"lambda is a finite number, 0 or more. Received: {value!r}.")
        if per not in ("batch", "dataset"):
            raise InputError(f"per is 'batch' or 'dataset'. Received: per={per!r}.")
        object.__setattr__(self, "lam", checked)
        object.__setattr__(self, "per", per)

    def of_layers(self, layers: int) -> tuple[float, ...]:
        """Return one lambda for each of so many layers.

        Raises
        ------
        InputError
            If `lam` has another number of values.
        """
        if not isinstance(self.lam, tuple):
            return (self.lam,) * layers
        if len(self.lam) != layers:
            raise InputError(
                f"One lambda a layer means {layers} values for this network. "
                f"Received: {len(self.lam)}, {self.lam!r}."
            )
        return self.lam
