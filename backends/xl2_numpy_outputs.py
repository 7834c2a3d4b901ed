"""Outputs of networks, and their losses and scores, on NumPy arrays in compiled code."""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Callable
from concurrent.futures import wait
from typing import Any

import xl2_numpy
import xl2_numpy_compiled
from xl2_numpy_codes import ACTIVATIONS, is_own
from xl2_numpy_compiled import Measured, Outputs, address, scratch
from xl2_numpy_runs import MOST_LAYERS

OUTPUTS = (*ACTIVATIONS, "softmax", "exp")
MOST_OUTPUTS = 1024  # that can be measured, `PIECE` in outputs.h
# The losses whose values are compiled, with the tasks whose scores go with them.
TASKS = {
    "binary_cross_entropy": ("binary", "multilabel"),
    "categorical_cross_entropy": ("classes",),
}
BLOCK = 2048  # samples whose sums are added up together, for any number of cores
ANOTHER_THREAD = 2**17  # logits, half a millisecond, from which another thread is worth calling


def compiled(function: Any, *first: Any) -> Callable[..., Any]:
    """Return a function without its first arguments, compiled if it is one of those known here."""
    portable = functools.partial(function, *first) if first else function
    if xl2_numpy_compiled.library() is None:
        return portable
    name = f"{function.__module__}.{getattr(function, '__name__', '')}"
    if name in ("xl2.nn.passes.outputs_of", "xl2.nn.passes.outputs_and_check"):
        operations, hidden, output = first
        functions = [*operations, output, *(pair.function for pair in hidden)]
        if is_own(*functions) and len(hidden) < MOST_LAYERS:
            numbers = [ACTIVATIONS.index(pair.function.__name__) for pair in hidden]
            code, checked = OUTPUTS.index(output.__name__), function.__name__ == "outputs_and_check"
            return functools.partial(_outputs, portable, numbers, code, checked)
    if name == "xl2.nn.measure.sums_of":
        task, _, loss = first
        if is_own(loss.value) and task in TASKS.get(loss.value.__name__, ()):
            return functools.partial(_sums, portable, list(TASKS).index(loss.value.__name__))
    return portable


def _outputs(
    portable: Any, hidden: list[int], output: int, checked: bool, parameters: Any, x: Any
) -> Any:
    """Return the outputs (..., n, outputs) of samples (n, inputs), as `portable` does."""
    import numpy as np

    arrays = [array for layer in parameters for array in layer]
    lead = parameters[0].bias.shape[:-1]
    units = np.asarray([x.shape[-1], *(bias.shape[-1] for _, bias in parameters)], np.int64)
    inputs = parameters[0].weight.shape[0]
    if len(lead) > 1 or inputs != x.shape[-1] or not _fits(x, 2, x.dtype, *arrays):
        return portable(parameters, x)
    members = lead[0] if lead else 1
    found = np.empty((*lead, x.shape[0], units[-1]), x.dtype)
    numbers = np.asarray(hidden or [0], np.int64)
    pointers = np.asarray([address(array) for array in arrays], np.int64)
    double, check = x.dtype.char == "d", np.empty(1)
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
        check=address(check),
    )
    size = library.outputs_bytes(ctypes.byref(described), double)
    _kept, described.scratch = scratch(size)
    (library.outputs_double if double else library.outputs_float)(ctypes.byref(described))
    return (found, check[0]) if checked else found


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
    networks, blocks = math.prod(lead), -(-rows // BLOCK)
    sums = np.empty((2, networks, blocks))  # of losses and of right samples, in double precision
    described = Measured(
        loss=loss,
        rows=rows,
        outputs=outputs,
        members=max(1, networks // groups),
        block=BLOCK,
        logits=address(logits),
        y=address(y),
        weight=address(weight),
        stride=rows if groups > 1 else 0,
        losses=address(sums[0]),
        right=address(sums[1]),
    )
    library = xl2_numpy_compiled.library()
    double = logits.dtype.char == "d"
    measure = library.measure_double if double else library.measure_float
    cores = xl2_numpy._limit.free_cores() if logits.size > ANOTHER_THREAD else 1
    shares = [
        Measured.from_buffer_copy(described) for _ in range(min(cores, max(1, networks * blocks)))
    ]
    for i, part in enumerate(shares):
        part.begin, part.end = (networks * blocks * k // len(shares) for k in (i, i + 1))
    # A future keeps the arrays until its thread is done.
    kept = (logits, y, weight, sums)
    begun = [xl2_numpy._others().submit(_measure, measure, part, kept) for part in shares[1:]]
    _measure(measure, shares[0], kept)
    for job, part in zip(begun, shares[1:], strict=True):
        if job.cancel():  # no thread is free
            _measure(measure, part, kept)
    wait(begun)
    total = None if weight is None else np.sum(weight, axis=(-2, -1))
    losses, right = sums.sum(axis=-1).reshape(2, *lead).astype(logits.dtype)
    return losses, right, total


def _measure(measure: Any, part: Measured, kept: Any) -> None:
    measure(ctypes.byref(part))


def _fits(x: Any, axes: int, dtype: Any, *others: Any) -> bool:
    """Tell whether arrays are of one floating-point type, and without gaps in memory."""
    return (
        x.ndim == axes
        and dtype.char in "fd"
        and dtype.isnative
        and all(a.dtype == dtype and a.flags.c_contiguous for a in (x, *others))
        and max(a.size for a in (x, *others)) < 2**31
    )
