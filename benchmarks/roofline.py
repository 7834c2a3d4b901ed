"""What the products and the memory of a step cost, each alone on one core: its roofline.

The products are those of the floor, with operands in the core's cache, as in a step. What an epoch
takes beyond them is left to the program.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .peers.floor import deeper_layer
from .problem import LAMBDAS, WIDE, Problem
from .team import Team
from .timing import timed

SAMPLES, LONG = 7, 0.01  # timings of a part, and the seconds of each
PEAK = 1024  # a product of so many rows, columns and terms has the core's rate


class Part(NamedTuple):
    """A part of a step: the seconds that it takes, its operations, and the bytes it moves.

    Each operand counts once. `of_step` is whether a step of one network has it.
    """

    name: str
    seconds: float
    operations: int
    moved: int
    of_step: bool = False


class Roofline:
    """The parts of a step of one network, and products of other shapes."""

    def __init__(self, problem: Problem):
        self.problem = problem

    def __call__(self) -> list[Part]:
        """Return the parts, each timed alone."""
        sizes, batch = self.problem.sizes, self.problem.batch
        inputs, units = sizes[:2]
        members, wide = len(LAMBDAS), WIDE[1]
        first = product(batch, inputs, units, True), product(inputs, batch, units, True)
        stack = [product(batch, inputs, members * units), product(inputs, batch, members * units)]
        large = product(batch, wide, wide), product(wide, batch, wide), product(PEAK, PEAK, PEAK)
        return [*first, self._deeper(), self._gather(), self._update(), *stack, *large]

    def _deeper(self) -> Part:
        batch, layers = self.problem.batch, [*pairwise(self.problem.sizes[1:])]
        run = [deeper_layer(draw(batch, i), draw(i, o), draw(batch, o)) for i, o in layers]
        name = f"deeper layers, {3 * len(layers)} products"
        operations = sum(6 * batch * i * o for i, o in layers)
        moved = sum(3 * 4 * (batch * i + i * o + batch * o) for i, o in layers)
        return Part(name, _seconds(lambda: [one(None) for one in run]), operations, moved, True)

    def _gather(self) -> Part:
        x, _ = self.problem.samples()
        batch = min(self.problem.batch, len(x))
        out, order = np.empty((batch, x.shape[1]), x.dtype), self.problem.order()
        starts = itertools.cycle(range(0, len(x) - batch + 1, batch))

        def gather() -> None:
            start = next(starts)
            np.take(x, order[start : start + batch], axis=0, out=out, mode="clip")

        return Part("gather the samples", _seconds(gather), 0, 2 * out.nbytes, True)

    def _update(self) -> Part:
        weights = [draw(i, o) for i, o in pairwise(self.problem.sizes)]
        gradients = [np.zeros_like(weight) for weight in weights]

        def update() -> None:
            for weight, gradient in zip(weights, gradients, strict=True):
                np.subtract(weight, gradient, out=weight)

        count = sum(weight.size for weight in weights)
        return Part("subtract the gradients", _seconds(update), count, 3 * 4 * count, True)


def lines(problem: Problem, epoch: float | None) -> list[str]:
    """Measure the parts, and say what an epoch of `epoch` seconds has besides those of a step."""
    with Team() as team:
        worker = team.worker("floor", 1)
        worker.ask("make", "roofline", ".roofline:Roofline", problem, {})
        parts: list[Part] = worker.ask("call", "roofline")
    found = [f"{'alone on one core':<36}{'us':>9}{'GFLOP/s':>9}{'KiB':>9}{'GB/s':>7}"]
    for part in parts:
        rate = f"{part.operations / part.seconds / 1e9:.1f}"
        moved = f"{part.moved / 1024:.0f}"
        speed = f"{part.moved / part.seconds / 1e9:.1f}"
        found.append(f"{part.name:<36}{part.seconds * 1e6:>9.1f}{rate:>9}{moved:>9}{speed:>7}")
    if epoch is not None:
        steps = -(-problem.rows // problem.batch)
        step, known = epoch / steps * 1e6, [p.seconds * 1e6 for p in parts if p.of_step]
        *products, gather, update = known
        told = f"{sum(products):.0f} products, {gather:.0f} gather, {update:.0f} subtract"
        found.append(f"a step of xl2, {step:.0f} us: {told}, {step - sum(known):.0f} the rest")
    return found


def product(rows: int, terms: int, columns: int, of_step: bool = False) -> Part:
    """Time a product; with fewer terms than rows its left operand is transposed, as in a step."""
    left = draw(terms, rows).T if terms < rows else draw(rows, terms)
    right, out = draw(terms, columns), np.empty((rows, columns), "float32")
    seconds = _seconds(lambda: np.matmul(left, right, out=out))
    operations, numbers = 2 * rows * terms * columns, left.size + right.size + out.size
    return Part(f"{rows} x {terms} x {columns}", seconds, operations, 4 * numbers, of_step)


def draw(*shape: int) -> Any:
    """Return random numbers."""
    return np.random.default_rng(0).standard_normal(shape, "float32")


def _seconds(run: Callable[[], object]) -> float:
    """Return the seconds of a run: the median of several timings of many runs."""
    run()
    count = max(1, round(LONG / max(timed(run), 1e-7)))

    def many() -> None:
        for _ in range(count):
            run()

    return statistics.median(timed(many) for _ in range(SAMPLES)) / count
