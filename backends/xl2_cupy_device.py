"""A CUDA device: arrays, kernels, products, and graphs of them.

The tests have a twin of `Cuda` that computes with NumPy.
"""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import xl2_cupy_kernels as kernels
from xl2_cupy_cublas import WORKSPACE, Cublas, load

THREADS = 256  # of a block of an elementwise kernel
MOST_BLOCKS = 4096


class Shape(NamedTuple):
    """Sizes of a layer's outputs: groups, members of a group, rows of a mini-batch, units."""

    groups: int
    members: int
    rows: int
    columns: int


class Rule(NamedTuple):
    """An optimizer for the kernels: its number, and its constants, also subtracted from 1."""

    number: int
    first: float = 0.0
    rest_of_first: float = 1.0
    second: float = 0.0
    rest_of_second: float = 1.0
    epsilon: float = 0.0


class Cuda:
    """The current CUDA device, for one thread and one dtype."""

    def __init__(self, dtype: str):
        import cupy

        self.dtype = dtype
        module = cupy.RawModule(code=kernels.source(dtype), options=("-std=c++17",))
        self._kernels = {name: module.get_function(name) for name in kernels.NAMES}
        workspace = cupy.empty(WORKSPACE, dtype=cupy.uint8)
        tf32 = int(os.environ.get("CUPY_TF32", "0")) > 0  # as CuPy reads it
        self._cublas = Cublas(load(), lambda x: int(x.data.ptr), workspace, tf32)
        self._stream: Any = None

    def zeros(self, shape: tuple[int, ...]) -> Any:
        """Return an array of zeros."""
        import cupy

        return cupy.zeros(shape, dtype=self.dtype)

    def send(self, array: Any, to: Any) -> None:
        """Copy a NumPy array into one of the device, without waiting for the device."""
        import cupy

        to[...] = cupy.asarray(array)

    def take(self, x: Any, rows: Any, to: Any) -> None:
        """Gather rows into an array."""
        x.take(rows, axis=0, out=to)

    def fetch(self, x: Any) -> Any:
        """Return an array as a NumPy array, after waiting for the device."""
        return x.get()

    def eagerly(self, work: Callable[[], None]) -> None:
        """Do work on the current stream."""
        import cupy

        self._cublas.use(cupy.cuda.get_current_stream().ptr)
        work()

    def captured(self, work: Callable[[], None]) -> Callable[[], None]:
        """Return a function that launches work, captured as a graph, on the current stream.

        The work must have been done eagerly before, so that everything is loaded.
        """
        import cupy

        # One stream for all captures: it must outlive its use by the cuBLAS handle.
        stream = self._stream = self._stream or cupy.cuda.Stream(non_blocking=True)
        with stream, _no_garbage_collection():
            self._cublas.use(stream.ptr)
            try:
                stream.begin_capture()
                work()
                graph = stream.end_capture()
            except BaseException:
                # Drop the capture with its stream, which the handle must no longer use.
                self._stream = None
                for undo in (stream.end_capture, lambda: self._cublas.use(0)):
                    with contextlib.suppress(Exception):
                        undo()
                raise
        launch: Callable[[], None] = graph.launch
        return launch

    def multiply(
        self, a: Any, transposed_a: bool, b: Any, transposed_b: bool, c: Any, alpha: Any, beta: Any
    ) -> None:
        """Set ``c = alpha * a @ b + beta * c``; see `Cublas.multiply`."""
        self._cublas.multiply(a, transposed_a, b, transposed_b, c, alpha, beta)

    def bias_activation(
        self, z: Any, bias: Any, outputs: Any, shape: Shape, wide: bool, activation: int
    ) -> None:
        """Set outputs, members first, to the activation of ``z + bias``."""
        self._launch("bias_activation", _blocks(outputs.size), (THREADS,), z, bias, outputs,
                     *shape, wide, activation)  # fmt: skip

    def output_delta(
        self,
        z: Any,
        bias: Any,
        y: Any,
        logits: Any,
        delta: Any,
        factors: Any,
        shape: Shape,
        wide: bool,
        loss: int,
    ) -> None:
        """Set logits to ``z + bias``, and delta to that of the loss times the samples' factors."""
        rows = shape.groups * shape.members * shape.rows
        blocks = -(-rows * kernels.TILE // THREADS)
        self._launch("output_delta", (blocks,), (THREADS,), z, bias, y, logits, delta, factors,
                     *shape, wide, loss)  # fmt: skip

    def bias_step(
        self,
        before: Any,
        outputs: Any,
        result: Any,
        bias: Any,
        states: tuple[Any, Any],
        numbers: Any,
        shape: Shape,
        wide: bool,
        activation: int,
        rule: Rule,
    ) -> None:
        """Set result to ``before`` times the slope at outputs; update the biases by its sums."""
        blocks = -(-shape.columns // kernels.TILE), shape.groups * shape.members
        self._launch("bias_step", blocks, (kernels.TILE, kernels.TILE), before, outputs, result,
                     bias, *states, numbers, *shape, wide, activation, *rule)  # fmt: skip

    def weight_step(
        self,
        weight: Any,
        gradient: Any,
        states: tuple[Any, Any],
        lam: Any,
        numbers: Any,
        span: int,
        members: int,
        rule: Rule,
    ) -> None:
        """Update weights; every `span` of them belong to the next member."""
        import numpy as np

        sizes = np.int64(weight.size), np.int64(span)
        self._launch("weight_step", _blocks(weight.size), (THREADS,), weight, gradient, *states,
                     lam, numbers, *sizes, members, *rule)  # fmt: skip

    def scaled_step(
        self,
        weight: Any,
        gradient: Any,
        states: tuple[Any, Any, Any],
        lam: Any,
        numbers: Any,
        members: int,
        rule: Rule,
        scale_rate: float,
    ) -> None:
        """Update a wide weight by Adam, and the scales of its rows, the third of the states.

        The scales are (groups, inputs, members, 3), as of `xl2.nn.optimizers.Adam.init_first`.
        """
        import numpy as np

        rows = states[2].size // 3
        blocks, columns = -(-rows * kernels.TILE // THREADS), weight.size // rows
        self._launch("scaled_step", (blocks,), (THREADS,), weight, gradient, *states, lam, numbers,
                     np.int64(rows), members, columns, *rule[1:], scale_rate)  # fmt: skip

    def _launch(
        self, name: str, blocks: tuple[int, ...], threads: tuple[int, ...], *arguments: Any
    ) -> None:
        import numpy as np

        # A Python number would be passed as 8 bytes, whatever the kernel expects.
        real = np.float32 if self.dtype == "float32" else np.float64
        kinds = {bool: np.int32, int: np.int32, float: real}
        passed = tuple(kinds.get(type(x), lambda same: same)(x) for x in arguments)
        self._kernels[name](blocks, threads, passed)


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Keep the collector from destroying a graph or a handle, which may end a capture."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _blocks(count: int) -> tuple[int]:
    return (min(-(-count // THREADS), MOST_BLOCKS),)
