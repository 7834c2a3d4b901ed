"""xl2 on CuPy by its three tiers, and what is looked at on a CUDA device besides the speed."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from ..problem import LAMBDA, Problem
from .own import Fit

TIERS = ("graphs", "kernels", "eager")


class Tier(Fit):
    """Epochs of `xl2.fit` on CuPy.

    Parameters
    ----------
    problem : Problem
    tier : {"graphs", "kernels", "eager"}
        As it is; the same kernels and products launched one by one; the portable text.
    lam : float or tuple of float
    """

    def __init__(
        self, problem: Problem, tier: str = "graphs", lam: float | tuple[float, ...] = LAMBDA
    ):
        super().__init__(problem, "cupy", lam)
        self.tier = tier

    def __call__(self) -> None:
        """Train for an epoch."""
        from xl2_cupy_device import Cuda

        captured = Cuda.captured
        os.environ["XL2_CUPY_GRAPHS"] = "0" if self.tier == "eager" else "1"
        if self.tier == "kernels":
            Cuda.captured = lambda device, work: lambda: device.eagerly(work)  # type: ignore[method-assign]
        try:
            super().__call__()
        finally:
            Cuda.captured = captured  # type: ignore[method-assign]


class Looks:
    """What is to be so on a device; called, it returns lines of a title and a finding."""

    def __init__(self, problem: Problem):
        self.problem = problem

    def __call__(self) -> list[tuple[str, str]]:
        """Look at everything; what raises is a finding too."""
        found = []
        for title, look in (
            ("transfers to the host in an epoch", self._transfers),
            ("cupy.matmul while a graph is captured", self._matmul),
            ("1000 replays of a product", self._replays),
            ("two fits", self._twice),
            ("distance from float64 on NumPy after an epoch", self._drift),
            ("accuracy on the digits, less the CPU's, in points", self._accuracy),
            ("CuPy, PyTorch and JAX in one process", self._together),
        ):
            try:
                found.append((title, look()))
            except Exception as error:
                found.append((title, f"failed: {type(error).__name__}: {error}".splitlines()[0]))
        return found

    def _transfers(self) -> str:
        import cupy

        from xl2.backend import file_of

        library, seen = file_of("cupy"), []
        to_host, fit = library.to_host, Fit(self.problem, "cupy")
        fit()
        counts = []
        library.to_host = lambda x: seen.append(x.shape) or to_host(x)  # type: ignore[method-assign, func-returns-value]
        try:
            for epochs in (1, 3):
                seen.clear()
                fit.how["epochs"] = epochs
                fit()
                counts.append(len(seen))
        finally:
            library.to_host = to_host  # type: ignore[method-assign]
        cupy.cuda.Device().synchronize()
        return f"{(counts[1] - counts[0]) / 2:g}"

    def _matmul(self) -> str:
        import cupy

        a, stream = cupy.ones((8, 8), "float32"), cupy.cuda.Stream(non_blocking=True)
        said = "does not raise"
        with stream:
            stream.begin_capture()
            try:
                a @ a
            except NotImplementedError:
                said = "raises NotImplementedError"
            try:
                stream.end_capture()
            except Exception as error:
                said += f", the capture {type(error).__name__}"
        return f"{said}; afterwards a product of ones gives {float((a @ a)[0, 0]):g}"

    def _replays(self) -> str:
        import cupy

        from xl2_cupy_device import Cuda

        device = Cuda("float32")
        rng = np.random.default_rng(0)
        a, b, c = (device.zeros((1, 64, 64)) for _ in range(3))
        for array in (a, b):
            device.send(rng.standard_normal(array.shape, "float32"), array)
        one, none = cupy.ones(1, "float32"), cupy.zeros(1, "float32")

        def work() -> None:
            device.multiply(a, False, b, False, c, one, none)

        device.eagerly(work)
        expected = device.fetch(c)
        launch = device.captured(work)
        launch()
        cupy.cuda.Device().synchronize()
        free, _ = cupy.cuda.runtime.memGetInfo()
        same = 0
        for _ in range(1000):
            c.fill(0)
            launch()
            same += bool((device.fetch(c) == expected).all())
        grown = free - cupy.cuda.runtime.memGetInfo()[0]
        return f"{same} equal the eager one, memory grew by {grown} bytes"

    def _twice(self) -> str:
        one, two = (self._trained("cupy") for _ in range(2))
        same = all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
        return "the same to the bit" if same else "differ"

    def _trained(self, backend: str, dtype: str = "float32") -> Any:
        fit = Fit(self.problem, backend)
        if dtype != "float32":
            fit.network = fit.network.to(dtype=dtype)
        fit()
        return fit.weights()

    def _drift(self) -> str:
        from ..work import distance

        start = self.problem.start()
        exact = self._trained("numpy", "float64")
        gpu = distance(self._trained("cupy"), exact, start)
        cpu = distance(self._trained("numpy"), exact, start)
        return f"{gpu:.1e} of the way from the start (float32 on NumPy {cpu:.1e})"

    def _accuracy(self) -> str:
        import xl2

        data, scores = xl2.load_data("digits"), []
        for backend in ("cupy", "numpy"):
            network = xl2.Network([64, 50, 25, 10], ["relu", "relu", "softmax"], "he", seed=0,
                                  backend=backend)  # fmt: skip
            xl2.fit(network, data.X / 16, data.y, epochs=30, optimizer="adam",
                    learning_rate=0.001, penalty=0.1, progress=False)  # fmt: skip
            scores.append(network.score(data.X / 16, data.y))
        return f"{100 * (scores[0] - scores[1]):+.2f}"

    def _together(self) -> str:
        import cupy
        import jax
        import torch

        ones = torch.ones(4, 4, device="cuda")
        sums = [
            float((cupy.ones((4, 4)) @ cupy.ones((4, 4))).sum()),
            float((ones @ ones).sum()),
            float((jax.numpy.ones((4, 4)) @ jax.numpy.ones((4, 4))).sum()),
        ]
        return f"products of ones give {sums}, JAX on {jax.devices()[0].platform}"


class Products:
    """The rate of a large product in float32, in multiplications and additions a second."""

    def __init__(self, problem: Problem):
        import cupy

        self.a = cupy.ones((8192, 8192), "float32")

    def __call__(self) -> float:
        """Return the best of five."""
        import cupy

        best, size = 0.0, self.a.shape[0]
        for _ in range(6):
            began = time.perf_counter()
            self.a @ self.a
            cupy.cuda.Device().synchronize()
            best = max(best, 2 * size**3 / (time.perf_counter() - began))
        return best
