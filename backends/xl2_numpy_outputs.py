"""Outputs of networks, and their losses and scores, on NumPy arrays in compiled code."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import xl2_numpy_compiled
from xl2_numpy_codes import ACTIVATIONS, is_own
from xl2_numpy_compiled import Measured, Outputs, address
from xl2_numpy_runs import MOST_LAYERS

OUTPUTS = (*ACTIVATIONS, "softmax", "exp")
MOST_OUTPUTS = 1024  # that can be measured, `PIECE` in outputs.h
# The losses whose values are compiled, with the tasks whose scores go with them.
TASKS = {
    "binary_cross_entropy": ("binary", "multilabel"),
    "categorical_cross_entropy": ("classes",),
}


def compiled(function: Any, *first: Any) -> Callable[..., Any]:
    """Return a function without its first arguments, compiled if it is one of those known here."""
    portable = functools.partial(function, *first) if first else function
    if xl2_numpy_compiled.library() is None:
        return portable
    name = f"{function.__module__}.{getattr(function, '__name__', '')}"
    if name == "xl2.nn.step.outputs_of":
        operations, hidden, output = first
        functions = [*operations, output, *(pair.function for pair in hidden)]
        if is_own(*functions) and len(hidden) < MOST_LAYERS:
            numbers = [ACTIVATIONS.index(pair.function.__name__) for pair in hidden]
            return functools.partial(_outputs, portable, numbers, OUTPUTS.index(output.__name__))
    if name == "xl2.nn.measure.sums_of":
        task, _, loss = first
        if is_own(loss.value) and task in TASKS.get(loss.value.__name__, ()):
            return functools.partial(_sums, portable, list(TASKS).index(loss.value.__name__))
    return portable


def _outputs(portable: Any, hidden: list[int], output: int, parameters: Any, x: Any) -> Any:
    """Return the outputs (..., n, outputs) of samples (n, inputs)."""
    import numpy as np

    arrays = [array for layer in parameters for array in layer]
    lead = parameters[0].bias.shape[:-1]
    units = np.asarray([x.shape[-1], *(bias.shape[-1] for _, bias in parameters)], np.int64)
    inputs = parameters[0].weight.shape[0]
    if len(lead) > 1 or inputs != x.shape[-1] or not _fits(x, 2, x.dtype, *arrays):
        return portable(parameters, x)
    members = lead[0] if lead else 1
    found = np.empty((*lead, x.shape[0], units[-1]), x.dtype)
    scratch = np.empty(2 * x.shape[0] * members * max([0, *units[1:-1].tolist()]), x.dtype)
    numbers = np.asarray(hidden or [0], np.int64)
    pointers = np.asarray([address(array) for array in arrays], np.int64)
    double = x.dtype.name == "float64"
    library = xl2_numpy_compiled.library()
    described = Outputs(
        layers=len(parameters),
        members=members,
        rows=x.shape[0],
        units=address(units),
        hidden=address(numbers),
        output=output,
        gemm=xl2_numpy_compiled.gemm("dgemm" if double else "sgemm"),
        x=address(x),
        parameters=address(pointers),
        outputs=address(found),
        scratch=address(scratch),
    )
    (library.outputs_double if double else library.outputs_float)(ctypes.byref(described))
    return found


def _sums(portable: Any, loss: int, logits: Any, y: Any, weight: Any) -> Any:
    """Return the sums of the losses, of the samples that are right, and of the weights if any."""
    import numpy as np

    *lead, rows, outputs = logits.shape
    groups = y.shape[0] if y.ndim == 4 else 1
    given = (y,) if weight is None else (y, weight)
    fits = _fits(logits, logits.ndim, logits.dtype, *given) and outputs <= MOST_OUTPUTS
    whole = all(a.shape[-2] == rows for a in given) and y.shape[-1] == outputs
    if not (fits and whole) or (groups > 1 and (len(lead) != 2 or lead[0] != groups)):
        return portable(logits, y, weight)
    losses, right = np.empty(lead), np.empty(lead)  # sums in double precision
    described = Measured(
        loss=loss,
        networks=losses.size,
        rows=rows,
        outputs=outputs,
        members=max(1, losses.size // groups),
        logits=address(logits),
        y=address(y),
        weight=address(weight),
        stride=rows if groups > 1 else 0,
        losses=address(losses),
        right=address(right),
    )
    library = xl2_numpy_compiled.library()
    double = logits.dtype.name == "float64"
    (library.measure_double if double else library.measure_float)(ctypes.byref(described))
    total = None if weight is None else np.sum(weight, axis=(-2, -1))
    return losses.astype(logits.dtype), right.astype(logits.dtype), total


def _fits(x: Any, axes: int, dtype: Any, *others: Any) -> bool:
    """Tell whether arrays are of one floating-point type, and without gaps in memory."""
    return (
        x.ndim == axes
        and dtype.name in ("float32", "float64")
        and all(a.dtype == dtype and a.flags.c_contiguous for a in (x, *others))
        and max(a.size for a in (x, *others)) < 2**31
    )
