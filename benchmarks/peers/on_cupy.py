"""xl2 on CuPy in three ways, and checks on a CUDA device besides the speed.

Their arguments put stand-ins on a CPU in place of the device, to try a measurement.
"""

from __future__ import annotations

import importlib
import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from xl2.errors import XL2Error

from ..problem import LAMBDA, Problem
from .own import Fit

# Files of MNIST, and of its test samples if they are in another one.
MNIST = (
    ("mnist.npz", ""),
    ("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"),
    ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte"),
)

NO_STAND_IN = "no stand-in"
MATMUL, REPLAYS = "cupy.matmul while a graph is captured", "1000 replays of a product"
CHECKS = {
    "transfers to the host in an epoch": "_transfers",
    MATMUL: "_matmul",
    REPLAYS: "_replays",
    "two fits": "_twice",
    "distance from float64 on NumPy after an epoch": "_drift",
    "accuracy less the CPU's, in points": "_accuracy",
    "a path in float64 beside NumPy's": "_path",
    "CuPy, PyTorch and JAX in one process": "_together",
}
ONLY_ON_CUDA = (MATMUL, REPLAYS)


class Tier(Fit):
    """Epochs of `xl2.fit` on CuPy, with graphs that no other candidate shares.

    The tiers are "graphs", the default of xl2; "kernels", the same kernels and products launched
    one by one; and "eager", the portable code. `kernels` is their class, as "module:name".
    """

    def __init__(
        self,
        problem: Problem,
        tier: str = "graphs",
        backend: str = "cupy",
        kernels: str = "xl2_cupy_device:Cuda",
    ):
        super().__init__(problem, backend, LAMBDA)
        module, _, name = kernels.partition(":")
        self.tier, self.captures = tier, 0
        made = self

        class Counted(getattr(importlib.import_module(module), name)):  # type: ignore[misc]
            def captured(self, work: Any) -> Any:
                made.captures += 1
                return super().captured(work)

        home = self.network.backend
        self.network.backend = replace(home, library=of_tier(home.library, tier, Counted))

    def __call__(self) -> None:
        """Train an epoch, and make sure that graphs did if they should."""
        super().__call__()
        if self.tier == "graphs" and not self.captures:
            raise XL2Error("no graph was captured: the portable code trained")


class OnlyOnCuda:
    """A candidate that has no stand-in."""

    def __init__(self, problem: Problem):
        raise XL2Error(NO_STAND_IN)


def of_tier(library: Any, tier: str, device: Any) -> Any:
    """Return the library with the `run_batches` of a tier, on a class of devices."""
    from xl2.array.libraries import Library
    from xl2_cupy_runs import Runner

    # Graphs replace the portable functions, not those of a stand-in.
    answers = {name: part for name, part in vars(library).items() if hasattr(Library, name)}

    class Uncaptured(device):  # type: ignore[misc]
        def captured(self, work: Any) -> Any:
            return partial(self.eagerly, work)

    if tier == "eager":
        return Library(**answers)
    return Library(**answers, run_batches=Runner(device if tier == "graphs" else Uncaptured).run)


class Check:
    """One of the `CHECKS` on a device; a call returns its result in words."""

    def __init__(self, problem: Problem, title: str, backend: str = "cupy"):
        self.problem, self.backend = problem, backend
        if backend != "cupy" and title in ONLY_ON_CUDA:
            raise XL2Error(NO_STAND_IN)
        self.check = getattr(self, CHECKS[title])

    def __call__(self) -> str:
        """Run the check."""
        return str(self.check())

    def _transfers(self) -> str:
        from xl2.array.libraries import file_of

        library, seen = file_of(self.backend), []
        to_host, fit = library.to_host, Fit(self.problem, self.backend)
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
        one, two = (self._trained(self.backend) for _ in range(2))
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
        gpu = distance(self._trained(self.backend), exact, start)
        cpu = distance(self._trained("numpy"), exact, start)
        return f"{gpu:.1e} of the way from the start (float32 on NumPy {cpu:.1e})"

    def _accuracy(self) -> str:
        name, folds = held_out()
        count = sum(len(truth) for *_, truth in folds)
        gpu, cpu = (
            sum(100 * len(fold[-1]) / count * scored(backend, *fold) for fold in folds)
            for backend in (self.backend, "numpy")
        )
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
            for backend in (self.backend, "numpy")
        )  # fmt: skip
        different = int(np.sum(gpu != cpu))
        return (
            f"{different} of {len(lams)} scores differ, by {np.max(np.abs(gpu - cpu)):.1e} at most"
        )

    def _together(self) -> str:
        import jax
        import torch

        library = importlib.import_module(self.backend)
        ones = torch.ones(4, 4, device="cuda" if self.backend == "cupy" else "cpu")
        sums = [
            float((library.ones((4, 4)) @ library.ones((4, 4))).sum()),
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

    def __init__(self, problem: Problem, library: str = "cupy", size: int = 8192):
        self.library = importlib.import_module(library)
        # Not ones, whose product is faster: it takes less power.
        rng = np.random.default_rng(0)
        self.a = self.library.asarray(rng.standard_normal((size, size), "float32"))

    def __call__(self) -> float:
        """Return the best of six."""
        best, size = 0.0, self.a.shape[0]
        for _ in range(6):
            began = time.perf_counter()
            self.a @ self.a
            if self.library is not np:
                self.library.cuda.Device().synchronize()
            best = max(best, 2 * size**3 / (time.perf_counter() - began))
        return best
