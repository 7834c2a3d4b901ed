"""xl2 on CuPy in three ways, and checks on a CUDA device besides the speed."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..problem import LAMBDA, Problem
from .own import Fit

# Files of MNIST, and of its test samples if they are in another one.
MNIST = (
    ("mnist.npz", ""),
    ("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"),
    ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte"),
)


class Tier(Fit):
    """Epochs of `xl2.fit` on CuPy, with graphs that no other candidate shares.

    The tiers are "graphs", the default of xl2; "kernels", the same kernels and products launched
    one by one; and "eager", the portable code.
    """

    def __init__(
        self, problem: Problem, tier: str = "graphs", lam: float | tuple[float, ...] = LAMBDA
    ):
        from xl2_cupy_device import Cuda

        super().__init__(problem, "cupy", lam)
        home = self.network.backend
        self.network.backend = replace(home, library=of_tier(home.library, tier, Cuda))


def of_tier(library: Any, tier: str, device: Any) -> Any:
    """Return the library with the `run_batches` of a tier, on a class of devices."""
    from xl2.array.libraries import Library
    from xl2_cupy_runs import Runner

    parts = {name: part for name, part in vars(library).items() if name != "run_batches"}

    class Uncaptured(device):  # type: ignore[misc]
        def captured(self, work: Any) -> Any:
            return partial(self.eagerly, work)

    if tier != "eager":
        parts["run_batches"] = Runner(device if tier == "graphs" else Uncaptured).run
    return Library(**parts)


class Checks:
    """Checks on a device; a call returns pairs of a title and a result."""

    def __init__(self, problem: Problem):
        self.problem = problem

    def __call__(self) -> list[tuple[str, str]]:
        """Run every check; an error is a result too."""
        found = []
        for title, check in (
            ("transfers to the host in an epoch", self._transfers),
            ("cupy.matmul while a graph is captured", self._matmul),
            ("1000 replays of a product", self._replays),
            ("two fits", self._twice),
            ("distance from float64 on NumPy after an epoch", self._drift),
            ("accuracy less the CPU's, in points", self._accuracy),
            ("a path in float64 beside NumPy's", self._path),
            ("CuPy, PyTorch and JAX in one process", self._together),
        ):
            try:
                found.append((title, check()))
            except Exception as error:
                found.append((title, f"failed: {type(error).__name__}: {error}".splitlines()[0]))
        return found

    def _transfers(self) -> str:
        import cupy

        from xl2.array.libraries import file_of

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
        printed = "does not raise"
        with stream:
            stream.begin_capture()
            try:
                a @ a
            except NotImplementedError:
                printed = "raises NotImplementedError"
            try:
                stream.end_capture()
            except Exception as error:
                printed += f", the capture {type(error).__name__}"
        return f"{printed}; afterwards a product of ones gives {float((a @ a)[0, 0]):g}"

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
        name, folds = held_out()
        right, count = {"cupy": 0.0, "numpy": 0.0}, 0
        for X, y, unseen, truth in folds:
            count += len(truth)
            for backend in right:
                right[backend] += len(truth) * scored(backend, X, y, unseen, truth)
        gpu, cpu = (100 * found / count for found in right.values())
        return f"{gpu - cpu:+.2f} ({gpu:.2f} and {cpu:.2f} % of {count} held-out of {name})"

    def _path(self) -> str:
        import xl2

        data, lams = xl2.load_data("digits"), [10.0 ** (k / 16 - 3) for k in range(64)]
        how = {"validation": (data.X[1500:] / 16, data.y[1500:]), "epochs": 10, "dtype": "float64"}
        gpu, cpu = (
            xl2.regularization_path(
                data.X[:1500] / 16, data.y[:1500], lams, **how, refit=False, progress=False,
                preset="plain",
                backend=backend,
            ).validation_means_
            for backend in ("cupy", "numpy")
        )  # fmt: skip
        different = int(np.sum(gpu != cpu))
        return (
            f"{different} of {len(lams)} scores differ, by {np.max(np.abs(gpu - cpu)):.1e} at most"
        )

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


def held_out() -> tuple[str, list[tuple[Any, Any, Any, Any]]]:
    """Return MNIST if XL2_DATA has it, else the digits in five folds.

    Each entry has training samples and labels, and test samples and labels.
    """
    import xl2

    for train, test in MNIST:
        home = Path(os.environ.get("XL2_DATA", ""), train)
        if not home.is_file():
            continue
        data = xl2.load_data(home)
        if test:
            other = xl2.load_data(home.with_name(test))
            return "MNIST", [(data.X / 255, data.y, other.X / 255, other.y)]
        return "MNIST", [(data.X / 255, data.y, data.X_test / 255, data.y_test)]
    data = xl2.load_data("digits")
    fold = np.random.default_rng(0).permutation(len(data.y)) % 5
    parts = ((data.X[fold != f] / 16, data.y[fold != f], f) for f in range(5))
    return "the digits", [(X, y, data.X[fold == f] / 16, data.y[fold == f]) for X, y, f in parts]


def scored(backend: str, X: Any, y: Any, unseen: Any, truth: Any) -> float:
    """Return the accuracy on test samples."""
    import xl2

    sizes = [X.shape[1], 50, 25, 10]
    network = xl2.Network(sizes, ["relu", "relu", "softmax"], "he", seed=0, backend=backend)
    epochs = 10 if len(y) > 10000 else 30
    xl2.fit(network, X, y, epochs=epochs, optimizer="adam", learning_rate=0.001, penalty=0.1,
            progress=False)  # fmt: skip
    return float(network.score(unseen, truth))


class Products:
    """The rate of a large product in float32, in multiplications and additions per second."""

    def __init__(self, problem: Problem):
        import cupy

        # Not ones, whose product is faster: it takes less power.
        rng = np.random.default_rng(0)
        self.a = cupy.asarray(rng.standard_normal((8192, 8192), "float32"))

    def __call__(self) -> float:
        """Return the best of six."""
        import cupy

        best, size = 0.0, self.a.shape[0]
        for _ in range(6):
            began = time.perf_counter()
            self.a @ self.a
            cupy.cuda.Device().synchronize()
            best = max(best, 2 * size**3 / (time.perf_counter() - began))
        return best
