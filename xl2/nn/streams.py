"""Training data as an iterable of batches (X, y)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import InputError


class Pairs:
    """An iterable of (X, y) or (X, y, sample_weight), whose first batch is read at once."""

    def __init__(self, batches: Iterable[Any]):
        if hasattr(batches, "shape") or not isinstance(batches, Iterable):
            raise InputError(
                f"y is missing. Call fit(network, X, y), or fit(network, batches) with an "
                f"iterable of pairs (X, y). Received: {type(batches).__name__}."
            )
        begun = iter(batches)
        self.repeats = begun is not batches  # whether it can be iterated again
        self.kind, self._batches = type(batches).__name__, batches
        for item in begun:
            self.first = _triple(item, 1)
            break
        else:
            raise InputError("The batches are empty. Pass at least one pair (X, y).")
        self._begun: Iterator[Any] | None = itertools.chain([self.first], begun)

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        """Yield (X, y, sample_weight) of each batch; the first time reuse the batch read."""
        begun, self._begun = self._begun, None
        for number, item in enumerate(self._batches if begun is None else begun, 1):
            yield _triple(item, number)


def _triple(item: Any, number: int) -> tuple[Any, Any, Any]:
    """Return X, y and sample_weight of one item of the iterable."""
    if not isinstance(item, tuple | list) or len(item) not in (2, 3):
        sized = hasattr(item, "__len__")
        received = f"{type(item).__name__} of {len(item)}" if sized else repr(item)
        raise InputError(
            f"Batch {number} must be a pair (X, y), or (X, y, sample_weight). Received: "
            f"{received}. If X is an array, pass y as well: fit(network, X, y)."
        )
    X, y, *weight = item
    return X, y, weight[0] if weight else None
