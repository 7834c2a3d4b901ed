"""The matrix products and nothing else, which no NumPy program can beat."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import pairwise
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ..problem import Problem

CHUNK = 8192  # rows of a product outside training, few enough for the caches


class Products:
    """The products of an epoch, in preallocated arrays.

    Samples are in the order of the array, without a short last mini-batch. A single network
    (`members` is 0) uses the BLAS's threads. The members of a stack are divided among as many
    threads, each with one BLAS thread; the first layer is one wide product for a thread's
    members.
    """

    def __init__(self, problem: Problem, members: int = 0):
        self.problem, self.members = problem, members
        self.x, _ = problem.samples()
        self.threads = int(os.environ.get("OMP_NUM_THREADS", "1")) if members else 1

    def __call__(self) -> None:
        """Compute the products of an epoch."""
        limit = threadpool_limits(1, "blas") if self.members else nullcontext()
        with limit, ThreadPoolExecutor(self.threads) as pool:
            share = self.members // self.threads
            for done in [pool.submit(self._epoch, share) for _ in range(self.threads)]:
                done.result()

    def _epoch(self, members: int) -> None:
        batch = self.problem.batch
        first, *deeper = products_of(self.problem, members)
        for start in range(0, len(self.x) - batch + 1, batch):
            first(self.x[start : start + batch])
            for layer in deeper:
                layer(None)


def products_of(problem: Problem, members: int) -> list[Callable[[Any], None]]:
    """Return a function per layer that computes its products for a mini-batch."""
    rng, lead = np.random.default_rng(0), (members,) if members else ()

    def draw(*shape: int) -> Any:
        return rng.standard_normal(shape, "float32")

    inputs, wide = problem.sizes[0], problem.sizes[1] * max(members, 1)
    found = [first_layer(draw(inputs, wide), draw(problem.batch, wide))]
    for i, o in list(pairwise(problem.sizes))[1:]:
        arrays = draw(*lead, problem.batch, i), draw(*lead, i, o), draw(*lead, problem.batch, o)
        found.append(deeper_layer(*arrays))
    return found


def first_layer(weight: Any, delta: Any) -> Callable[[Any], None]:
    """Return the two products of the first layer."""
    out, gradient = np.empty_like(delta), np.empty_like(weight)

    def multiply(x: Any) -> None:
        np.matmul(x, weight, out=out)
        np.matmul(x.T, delta, out=gradient)

    return multiply


def deeper_layer(inputs: Any, weight: Any, delta: Any) -> Callable[[Any], None]:
    """Return the three products of any other layer."""
    out, gradient, before = map(np.empty_like, (delta, weight, inputs))

    def multiply(_: Any) -> None:
        np.matmul(inputs, weight, out=out)
        np.matmul(inputs.mT, delta, out=gradient)
        np.matmul(delta, weight.mT, out=before)

    return multiply


class ForwardProducts:
    """The products of `Network.forward`."""

    def __init__(self, problem: Problem):
        self.x, _ = problem.samples()
        rng = np.random.default_rng(0)
        self.weights = [rng.standard_normal(s, "float32") for s in pairwise(problem.sizes)]
        self.outs = [np.empty((CHUNK, o), "float32") for o in problem.sizes[1:]]

    def __call__(self) -> None:
        """Compute the products for all samples."""
        for start in range(0, len(self.x), CHUNK):
            a = self.x[start : start + CHUNK]
            for weight, out in zip(self.weights, self.outs, strict=True):
                a = np.matmul(a, weight, out=out[: len(a)])
