"""Transformers of scikit-learn before a network: their output as its inputs."""

from __future__ import annotations

from typing import Any

from ..array.numbers import not_finite, numbers
from ..array.sparse import is_sparse
from ..array.switch import to_numpy
from ..errors import InputError


def transformed(transformer: Any, X: Any, width: int) -> Any:
    """Return what a fitted transformer makes of samples, as inputs (n, width) in float64."""
    return padded(as_inputs(transformer, transformer.transform(X)), width)


def as_inputs(transformer: Any, found: Any) -> Any:
    """Return the output of a transformer, also a sparse matrix or a frame, as (n, inputs)."""
    import numpy as np

    name = f"The output of {type(transformer).__name__}"
    dense = to_numpy(found.toarray() if is_sparse(found) else found)
    x = numbers(dense, "float64", name)
    if x.ndim != 2 or not x.shape[1]:
        raise InputError(f"{name} has shape {x.shape}. Expected (samples, inputs).")
    finite = np.isfinite(x).all(axis=1)
    if not finite.all():
        raise not_finite(name, int(finite.argmin()))
    return x


def padded(x: Any, width: int) -> Any:
    """Return inputs with columns of zeros at the end, as another fold has more inputs."""
    import numpy as np

    lacking = width - x.shape[1]
    if lacking < 0:
        raise InputError(
            f"The transformer has {x.shape[1]} outputs, but the network was trained on {width}."
        )
    return np.pad(x, ((0, 0), (0, lacking))) if lacking else x
