"""What the workers of a cluster need of a path: pickled, with the arrays sent apart and once."""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..array.api import library_of
from ..array.backend import Backend, connect
from ..nn.step import Samples
from .fold_data import Fold, FoldData

SMALL = 256  # numbers of an array that travels with the rest


def packed(thing: Any) -> tuple[bytes, list[Any]]:
    """Return a pickle of anything, and the arrays that it refers to by their place in a list.

    Functions are pickled by value if the workers cannot import them.
    """
    import cloudpickle

    arrays: dict[int, Any] = {}

    class Packer(cloudpickle.Pickler):  # type: ignore[misc]
        def persistent_id(self, part: Any) -> int | None:
            if library_of(part) is None or math.prod(part.shape) < SMALL:
                return None
            if getattr(part.dtype, "kind", "") == "O":
                return None
            arrays.setdefault(id(part), part)
            return list(arrays).index(id(part))

    stream = io.BytesIO()
    Packer(stream).dump(thing)
    return stream.getvalue(), list(arrays.values())


def unpacked(text: bytes, arrays: Sequence[Any]) -> Any:
    """Return what was packed, with NumPy arrays."""
    import numpy as np

    # Those of Dask may begin anywhere in memory.
    aligned = [np.require(array, requirements=["C", "A"]) for array in arrays]

    class Unpacker(pickle.Unpickler):
        def persistent_load(self, place: int) -> Any:
            return aligned[place]

    return Unpacker(io.BytesIO(text)).load()


def data_of(data: FoldData, folds: set[int], once: Callable[..., Any]) -> FoldData:
    """Return what is needed to train in some of the folds; the others keep their place.

    Folds with copies of the samples get theirs alone, as lists of arrays. What is made of an
    array comes from ``once(function, array, *numbers)``, the same object each time.
    """
    own = [fold if f in folds else Fold(None) for f, fold in enumerate(data.folds)]
    training, copies, n = data.training, data.copies_of(folds), len(data.truth.y)
    if copies is not None:

        def parts(array: Any) -> Any:
            if array is None:
                return None
            return [once(_rows_between, array, c * n, c * n + n) for c in copies]

        training = replace(training, samples=Samples(*map(parts, training.samples)))
        start = copies.start * n
        for f in folds:
            own[f] = replace(own[f], rows=once(_moved, own[f].rows, start))
    return replace(data, backend=connect("numpy"), training=training, folds=own, validated=())


def _rows_between(array: Any, start: int, stop: int) -> Any:
    return array[start:stop, ...]


def _moved(rows: Any, start: int) -> Any:
    return rows - start


def on_worker(data: FoldData, backend: Backend, dtype: str) -> FoldData:
    """Return the data of a task on a worker's backend."""
    import numpy as np

    def joined(part: Any) -> Any:
        if not isinstance(part, list):
            return part
        return part[0] if len(part) == 1 else np.concatenate(part)

    samples = Samples(*map(joined, data.training.samples))
    return replace(data, training=replace(data.training, samples=samples)).to(backend, dtype)
