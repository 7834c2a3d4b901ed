"""Samples that come by in pairs (X, y)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import InputError


class Pairs:
    """An iterable of (X, y), or (X, y, sample_weight), begun for a look at the first of them.

    Parameters
    ----------
    batches : iterable

    Attributes
    ----------
    repeats : bool
        It can be gone through again.
    kind : str
        The name of its class.
    first : tuple
        Its first (X, y, sample_weight).

    Raises
    ------
    InputError
        If it is no iterable of pairs, or empty.
    """

    def __init__(self, batches: Iterable[Any]):
        if hasattr(batches, "shape") or not isinstance(batches, Iterable):
            raise InputError(
                f"y is missing. Give fit(network, X, y), or fit(network, batches) with an "
                f"iterable of pairs (X, y). Received: {type(batches).__name__}."
            )
        begun = iter(batches)
        self.repeats, self.kind = begun is not batches, type(batches).__name__
        self._batches = batches
        for item in begun:
            self.first = _triple(item, 1)
            break
        else:
            raise InputError("The batches are empty: there is no pair (X, y) to learn from.")
        self._begun: Iterator[Any] | None = itertools.chain([self.first], begun)

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        """Go through it, the first time from the pair that was looked at."""
        begun, self._begun = self._begun, None
        for number, item in enumerate(self._batches if begun is None else begun, 1):
            yield _triple(item, number)


def _triple(item: Any, number: int) -> tuple[Any, Any, Any]:
    """Return X, y and sample_weight of what an iterable gave."""
    if not isinstance(item, tuple | list) or len(item) not in (2, 3):
        came = f"{type(item).__name__} of {len(item)}" if hasattr(item, "__len__") else repr(item)
        raise InputError(
            f"Batch {number} is no pair (X, y), nor (X, y, sample_weight). Received: {came}. "
            f"With samples in an array, y is an argument of its own."
        )
    X, y, *weight = item
    return X, y, weight[0] if weight else None
