"""A model of a path on a cluster: operations, bytes, and seconds of its stacks."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

BANDWIDTH = 1.25e9  # bytes a second of a network of 10 Gbit/s


class Costs(NamedTuple):
    """Seconds of a stack of a path."""

    stack: float
    group: float
    member: float

    def of(self, groups: int, lambdas: int) -> float:
        """Return the seconds of a stack."""
        return self.stack + groups * (self.group + lambdas * self.member)


class Problem(NamedTuple):
    """Samples and a network, in float32, with Adam, batches of 64 and five folds."""

    rows: int
    sizes: tuple[int, ...]

    def parameters(self) -> int:
        """Return the number of parameters of a member."""
        return sum(i * o + o for i, o in pairwise(self.sizes))

    def flops(self, epochs: int) -> float:
        """Return the operations that training a member takes.

        A sample takes two for each weight in the forward pass, two for the gradient, and two to
        propagate the delta, except in the first layer; a step takes about twelve for each
        parameter in Adam.
        """
        weights = sum(i * o for i, o in pairwise(self.sizes))
        sample = 6 * weights - 2 * self.sizes[0] * self.sizes[1]
        rows = self.rows * 4 / 5
        return epochs * (rows * sample + math.ceil(rows / 64) * 12 * self.parameters())

    def bytes_of_X(self) -> int:  # noqa: N802
        """Return the bytes of the samples, which each worker needs once."""
        return self.rows * self.sizes[0] * 4

    def result(self, epochs: int = 100) -> int:
        """Return the bytes of a member's result: five curves, and the outputs of its fold."""
        return 5 * 8 * epochs + 8 * (self.rows // 5) * self.sizes[-1]

    def memory(self) -> int:
        """Return the bytes of a member in training, as a path counts them."""
        from xl2.array.backend import connect
        from xl2.path.settings import PathSettings
        from xl2.training.assemble import Settings

        settings = PathSettings(
            sizes=self.sizes,
            activations=("relu",) * (len(self.sizes) - 2) + ("softmax",),
            initializer="he",
            bias_initializer="zeros",
            dtype="float32",
            backend=connect("numpy"),
            penalties=[],
            seeds=[0],
            training=Settings(optimizer="adam", learning_rate=0.001, batch_size=64),
            epochs=100,
            patience=None,
            judged_by="loss",
            max_memory=None,
        )
        return settings.memory_of(1)


PROBLEMS = {
    "digits": Problem(1797, (64, 50, 25, 10)),
    "MNIST": Problem(60_000, (784, 50, 25, 10)),
    "a million rows": Problem(1_000_000, (100, 256, 128, 2)),
}


def broadcast(size: int, workers: int, bandwidth: float) -> float:
    """Return the seconds until all workers have some bytes, if each that has them passes them on.

    The client sends them to the first; then the number of workers that have them doubles.
    """
    return (1 + math.ceil(math.log2(workers))) * size / bandwidth


def model_table() -> str:
    """Return operations and bytes of the three problems."""
    lines = ["problem  Gflop a member, 100 epochs  X MB  X to 256 workers s  result kB  memory MB"]
    for name, one in PROBLEMS.items():
        sent = broadcast(one.bytes_of_X(), 256, BANDWIDTH)
        lines.append(
            f"{name}  {one.flops(100) / 1e9:.3g}  {one.bytes_of_X() / 1e6:.3g}  {sent:.3g}  "
            f"{one.result() / 1e3:.3g}  {one.memory() / 1e6:.3g}"
        )
    return "\n".join(lines)
