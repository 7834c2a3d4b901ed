"""The matrix products of an epoch and nothing else: what no program on NumPy can beat."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from .problem import BATCH, LAMBDAS, SIZES, Problem


class Products:
    """The products of an epoch of all members, in arrays that are there already.

    The members are divided among threads, each with one thread of the BLAS. The first
    layer is one wide product for a thread's members, forward and in the gradient; its
    samples are taken as they lie. The deeper layers have a third product each, on the
    way back.

    Parameters
    ----------
    problem : Problem
    threads : int
    """

    def __init__(self, problem: Problem, threads: int):
        self.x, self.threads = problem.x, threads

    def __call__(self) -> None:
        """Go through an epoch's products."""
        share = len(LAMBDAS) // self.threads
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(self.threads) as pool:
            for done in [pool.submit(self._epoch, share) for _ in range(self.threads)]:
                done.result()

    def _epoch(self, members: int) -> None:
        first, *deeper = products_of(members)
        for start in range(0, len(self.x) - BATCH + 1, BATCH):
            first(self.x[start : start + BATCH])
            for layer in deeper:
                layer(None)


def products_of(members: int) -> list[Callable[[Any], None]]:
    """Return for each layer a function that computes its products for a mini-batch."""
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> Any:
        return rng.standard_normal(shape, "float32")

    found: list[Callable[[Any], None]] = []
    for k, (i, o) in enumerate(pairwise(SIZES)):
        if k == 0:
            weight, delta = draw(i, members * o), draw(BATCH, members * o)
            out, gradient = np.empty_like(delta), np.empty_like(weight)

            def wide(
                x: Any, w: Any = weight, d: Any = delta, z: Any = out, g: Any = gradient
            ) -> None:
                np.matmul(x, w, out=z)
                np.matmul(x.T, d, out=g)

            found.append(wide)
        else:
            weight, delta = draw(members, i, o), draw(members, BATCH, o)
            inputs, out = draw(members, BATCH, i), np.empty_like(delta)
            before, gradient = np.empty_like(inputs), np.empty_like(weight)

            def batched(
                _: Any,
                a: Any = inputs,
                w: Any = weight,
                d: Any = delta,
                outs: Any = (out, gradient, before),
            ) -> None:
                np.matmul(a, w, out=outs[0])
                np.matmul(a.mT, d, out=outs[1])
                np.matmul(d, w.mT, out=outs[2])

            found.append(batched)
    return found
