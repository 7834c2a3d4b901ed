"""Runs of mini-batches on NumPy arrays in compiled code: `run_batches` without Python's calls."""

from __future__ import annotations

import ctypes
import itertools
import time
from collections.abc import Callable
from concurrent.futures import wait
from typing import Any

import xl2_numpy_compiled
from xl2_numpy_codes import OPTIMIZERS, STATES, codes_of
from xl2_numpy_compiled import Run, address, scratch

MOST_LAYERS = 32

# Python acts on Ctrl-C between two calls: multiplications of a thread in the first one, and seconds
# of those that follow.
CALL, SECONDS = 2**29, 0.05
# Multiplications of a layer from which columns, and not rows, are divided among threads, and those
# of a part; multiplications of a step from which a second thread is worth waiting for.
WIDE, PART, WORTH = 2**25, 2**24, 2**21
# Members of a group that a thread trains at once, and the part of a member's time that each of such
# units takes beyond its members: it gathers the samples, and fewer columns make slower products.
MOST_TOGETHER, UNIT = 16, 0.4
# Multiplications, a fifth of a millisecond, from which another thread is worth calling.
ANOTHER_THREAD = 2**22


def runner(step: Any, carry: Any, constants: Any, samples: Any, batches: Any) -> Runner | None:
    """Return what runs the mini-batches, or None if the portable code has to."""
    if xl2_numpy_compiled.library() is None:
        return None
    codes = codes_of(step)
    x, y, weight = samples
    parameters = [array for layer in carry.parameters for array in layer]
    dtype = x.dtype
    fits = (
        codes is not None
        and len(carry.parameters) <= MOST_LAYERS
        and dtype.char in "fd"
        and dtype.isnative
        and all(a.dtype == dtype for a in (*parameters, x, y))
        and (weight is None or (weight.dtype == dtype and weight.flags.c_contiguous))
        and x.ndim == y.ndim == 2
        and all(a.flags.c_contiguous for a in (x, y))
        and _match(carry.parameters, samples, batches)
        and _is_usual(step, carry)
        and max(*x.shape, *(p.size for p in parameters)) < 2**31
    )
    return Runner(step, carry, constants, samples, batches, codes) if fits else None


def _match(parameters: Any, samples: Any, batches: Any) -> bool:
    """Tell whether all shapes and rows agree: compiled code would read beyond the arrays."""
    x, y, weight = samples
    units = [x.shape[1], *(layer.bias.shape[-1] for layer in parameters)]
    stacked = parameters[0].bias.ndim > 1
    for i, layer in enumerate(parameters):
        inputs = layer.weight.shape[-3 if stacked and i == 0 else -2]
        if (inputs, layer.weight.shape[-1]) != (units[i], units[i + 1]):
            return False
    rows = x.shape[0]
    if y.shape != (rows, units[-1]) or not (weight is None or weight.shape == (rows, 1)):
        return False
    if batches.order is None:
        return bool(batches.stop <= rows)
    taken = batches.order[..., batches.start : batches.stop]
    return bool(taken.min() >= 0 and taken.max() < rows)


def _is_usual(step: Any, carry: Any) -> bool:
    """Tell whether scale and states are as compiled; those of a derived optimizer may differ."""
    name = step.update.__name__
    usual = step.optimizer.scale(0.5) == (1.0 if name == "adam_update" else 0.5)
    for layer, states in zip(carry.parameters, carry.states, strict=True):
        for array, own in zip(layer, states, strict=True):
            kinds = [(getattr(a, "dtype", None), getattr(a, "shape", None)) for a in own]
            wanted = [(array.dtype, array.shape)] * STATES[name]
            if array is carry.parameters[0].weight and getattr(step.optimizer, "scale_rate", False):
                wanted.append((array.dtype, (*array.shape[:-1], 3)))
            usual = usual and kinds == wanted
    return bool(usual)


class Runner:
    """The arrays of a run of mini-batches, and their description for the compiled code."""

    def __init__(
        self, step: Any, carry: Any, constants: Any, samples: Any, batches: Any, codes: Any
    ):
        import numpy as np

        hidden, loss, optimizer = codes
        x, y, weight = samples
        self._double = x.dtype.char == "d"
        *lead, _ = carry.parameters[0].bias.shape
        groups, members = (1, *lead)[-2:] if lead else (1, 1)
        self.networks = groups * members
        units = [x.shape[1], *(layer.bias.shape[-1] for layer in carry.parameters)]
        layers, size = len(units) - 1, min(batches.size, batches.stop - batches.start)
        rows, self.steps = batches.stop - batches.start, len(batches.rates)
        self._step, self._constants = step, constants
        self._samples, self._batches = samples, batches
        self._carry, self._packed = carry, list[tuple[Any, Any]]()
        arrays, scales = self._parameters(carry)
        self._logits = np.empty((*lead, rows, units[-1]), x.dtype)
        self._penalties: Any = np.empty((*lead, self.steps), x.dtype) if step.objective else None
        order = batches.order
        if order is not None:
            order = np.ascontiguousarray(order, np.int64)
        keys = None if step.dropout is None else np.ascontiguousarray(constants.keys, np.int32)
        divisor = constants.rows
        if divisor is not None:
            divisor = np.broadcast_to(np.asarray(divisor, np.float64).reshape(-1), (groups,)).copy()
        numbers = [np.asarray(numbers, np.int64) for numbers in (units, hidden or [0])]
        rates = np.asarray(batches.rates, np.float64)
        lambdas = self._lambdas(constants.coefficients, members)
        pointers = np.asarray([address(array) for array in arrays], np.int64)
        given = [getattr(step.optimizer, name) for name in OPTIMIZERS[step.update.__name__]]
        own = [*given, 0.0, 0.0, 0.0][:3]
        products = [a * b * size for a, b in itertools.pairwise(units)]
        self._work = 3 * sum(products) * self.networks
        parts, columns = self._cut(products, size)
        self._kept = (order, keys, divisor, numbers, rates, lambdas, pointers, arrays, scales)
        self._run = Run(
            layers=layers,
            loss=loss,
            optimizer=optimizer,
            slots=len(arrays) // (2 * layers),
            groups=groups,
            members=members,
            units=address(numbers[0]),
            hidden=address(numbers[1]),
            constants_1=own[0],
            constants_2=own[1],
            constants_3=own[2],
            scale_rate=getattr(step.optimizer, "scale_rate", 0.0),
            kept=1.0 if step.dropout is None else 1.0 - step.dropout.rate,
            least_kept=0 if step.dropout is None else step.dropout.least_kept(),
            gemm=xl2_numpy_compiled.gemm("dgemm" if self._double else "sgemm"),
            x=address(x),
            y=address(y),
            weight=address(weight),
            order=address(order),
            order_stride=order.shape[1] if order is not None and order.ndim == 2 else 0,
            start=batches.start,
            stop=batches.stop,
            size=size,
            first=batches.first,
            rates=address(rates),
            lambdas=address(lambdas),
            rows=address(divisor),
            keys=address(keys),
            parameters=address(pointers),
            scales=address(scales),
            logits=address(self._logits),
            penalties=address(self._penalties),
            parts=parts,
            columns=columns,
        )
        self._threads, self._speed = 0, CALL / SECONDS

    def _parameters(self, carry: Any) -> tuple[list[Any], Any]:
        """Return the arrays of all layers, weight before bias, each followed by its states.

        And those of the scales of inputs, or None.
        """
        import numpy as np

        arrays: list[Any] = []
        for layer, states in zip(carry.parameters, carry.states, strict=True):
            for parameter, own in zip(layer, states, strict=True):
                for array in (parameter, *own):
                    together = np.ascontiguousarray(array)
                    if together is not array:
                        self._packed.append((array, together))
                    arrays.append(together)
        # Scales follow the first weight and its averages, and no other parameter has any.
        scales = arrays.pop(3) if len(carry.states[0][0]) > 2 else None
        return arrays, scales

    def _lambdas(self, coefficients: Any, members: int) -> Any:
        import numpy as np

        found = np.zeros((len(coefficients), members))
        for i, lam in enumerate(coefficients):
            if lam is not None:
                found[i] = lam if isinstance(lam, float | int) else _of_members(lam, i)
        return found

    def _cut(self, products: list[int], size: int) -> tuple[int, int]:
        """Return the parts of a step, and whether they are columns; by the shapes alone."""
        if self.networks > 1 or 3 * sum(products) < WORTH:
            return 1, 0
        if max(products) >= WIDE:
            return min(8, max(products) // PART), 1
        return max(1, min(8, size // 32 if size < 128 else size // 64)), 0

    def run(self, share: Callable[[], Any], others: Callable[[], Any]) -> tuple[Any, Any]:
        """Take the steps, on the cores that `share` yields; return the carry and the reports."""
        library = xl2_numpy_compiled.library()
        call = library.train_double if self._double else library.train_float
        together, run = self.networks == 1, self._run
        short = self._work * self.steps < ANOTHER_THREAD
        most = 1 if short else run.parts if together else self.networks
        begin = 0
        try:
            while begin < self.steps:
                with share() as cores:
                    self._place(1 if together else min(most, cores))
                    begin = self._call(call, begin, min(most, cores), others)
        finally:
            for array, packed in self._packed:
                array[...] = packed
        return self._carry, self._objective() if self._step.objective else self._logits

    def _place(self, threads: int) -> None:
        """Give each thread scratch memory, for as many members as it trains at once.

        These depend on the number of threads; the results do not.
        """
        run = self._run

        def cost(together: int) -> float:
            units = run.groups * -(-run.members // together)
            return float(-(-units // threads) * (together + UNIT))

        most = min(run.members, MOST_TOGETHER)
        together = min(range(1, most + 1), key=cost)
        if run.scratch and (run.together, self._threads) == (together, threads):
            return
        run.together, self._threads = together, threads
        run.scratch_bytes = xl2_numpy_compiled.library().scratch_bytes(
            ctypes.byref(run), self._double
        )
        self._scratch, run.scratch = scratch(threads * run.scratch_bytes)

    def _objective(self) -> Any:
        """Return the mean loss plus the penalty of each step, times its number of samples.

        The loss is that of the portable step, but for all steps at once.
        """
        import numpy as np

        batches, divisor = self._batches, self._constants.rows
        y, weight = batches.targets(self._step.operations, self._samples)
        values = self._step.loss.value(self._logits, y)
        starts = np.arange(0, batches.stop - batches.start, batches.size)
        samples: Any = np.diff(starts, append=batches.stop - batches.start)
        total: Any = samples
        if weight is not None:
            values = values * weight[..., 0]
            total = np.add.reduceat(weight[..., 0], starts, axis=-1)
            total = np.where(total > 0.0, total, np.inf)
        values = np.add.reduceat(values, starts, axis=-1) / total
        if divisor is not None:
            total = divisor if np.ndim(divisor) == 0 else divisor[..., 0, 0]
        return (samples * (values + 0.5 * self._penalties / total))[..., None]

    def _call(self, call: Any, begin: int, threads: int, others: Callable[[], Any]) -> int:
        """Take some steps in so many threads; return the number of the next one."""
        run = self._run
        length = max(1, int(SECONDS * self._speed * threads / self._work))
        started = time.perf_counter()
        run.begin, run.end = begin, min(begin + length, self.steps)
        # No part can be taken before the first thread opens the first phase.
        run.next, run.done = 2**19 if self.networks == 1 else 0, 0
        begun, at = list[Any](), ctypes.addressof(run)
        try:
            # A method's future keeps the arrays until its thread is done.
            begun.extend(others().submit(self._help, call, at, k) for k in range(1, threads))
            call(at, 0)
        finally:
            # After an interrupt nobody may have opened the first phase: there are no more.
            if self.networks == 1:
                run.next = 2**62
            wait([future for future in begun if not future.cancel()])
        taken = time.perf_counter() - started
        self._speed = min(8.0 * self._speed, self._work * (run.end - begin) / threads / taken)
        return int(run.end)

    def _help(self, call: Any, at: int, thread: int) -> None:
        call(at, thread)


def _of_members(lam: Any, layer: int) -> Any:
    """Return one number for each member from an array that broadcasts with a layer's weight."""
    return lam[..., 0, :, 0].reshape(-1) if layer == 0 else lam.reshape(-1)
