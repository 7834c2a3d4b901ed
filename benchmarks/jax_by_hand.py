"""The path of lambdas in JAX, written by hand for one network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .problem import BATCH, LAMBDAS, RATE, SEED, SIZES, Problem, Weights


class ByHand:
    """The same epoch in JAX, written for this network alone: ``vmap``, ``scan`` and ``jit``.

    It trains and no more: it checks nothing, and measures neither loss nor score.
    The gradient is written out, which is faster than ``jax.grad`` of the loss, and
    the penalty is folded into the weight as in xl2.

    Parameters
    ----------
    problem : Problem
        Moved to JAX's CPU once.
    start : list of array
        The initial weights, members first.
    axis : {0, 1}
        Where the members are in the first weight: before the inputs, as ``vmap`` has
        it unless told otherwise, or before the outputs, where all members make one
        wide product.
    """

    def __init__(self, problem: Problem, start: Weights, axis: int):
        import jax

        cpu = jax.devices("cpu")[0]
        self.axis, self.rows = axis, len(problem.y)
        targets = (problem.y[:, None] == np.arange(SIZES[-1])).astype("float32")
        self.data = jax.device_put((np.asarray(LAMBDAS, "float32"), problem.x, targets), cpu)
        biases = [np.zeros((w.shape[0], w.shape[2]), "float32") for w in start]
        weights = [np.moveaxis(start[0], 0, axis), *start[1:]]
        self.parameters = jax.device_put(list(zip(weights, biases, strict=True)), cpu)
        self.program = jax.jit(compiled_epoch(axis, self.rows), donate_argnums=0)

    def __call__(self) -> None:
        """Train for an epoch, in the order that `xl2.fit` draws from the seed."""
        import jax

        order = np.random.default_rng(SEED).permutation(self.rows)
        self.parameters = jax.block_until_ready(self.program(self.parameters, *self.data, order))

    def weights(self) -> Weights:
        """Return copies of the weights, members first."""
        first, *deeper = [np.array(weight) for weight, _ in self.parameters]
        return [np.moveaxis(first, self.axis, 0), *deeper]


def compiled_epoch(axis: int, rows: int) -> Callable[..., Any]:
    """Return an epoch over so many rows, to be compiled: all members, all mini-batches."""
    import jax

    layout = [(axis, 0), *[(0, 0)] * (len(SIZES) - 2)]
    step = jax.vmap(step_of_one, in_axes=(layout, 0, None, None), out_axes=layout)
    whole = rows // BATCH * BATCH

    def epoch(parameters: Any, lams: Any, x: Any, y: Any, order: Any) -> Any:
        def one(parameters: Any, batch: Any) -> Any:
            return step(parameters, lams, x[batch], y[batch]), None

        parameters, _ = jax.lax.scan(one, parameters, order[:whole].reshape(-1, BATCH))
        return parameters if whole == rows else one(parameters, order[whole:])[0]

    return epoch


def step_of_one(parameters: Any, lam: Any, x: Any, y: Any) -> Any:
    """Take one member's step in JAX on samples (n, 784) and targets (n, 10)."""
    import jax

    outputs = [x]
    for weight, bias in parameters[:-1]:
        outputs.append(jax.numpy.maximum(outputs[-1] @ weight + bias, 0.0))
    weight, bias = parameters[-1]
    delta = (jax.nn.sigmoid(outputs[-1] @ weight + bias) - y) * (RATE / x.shape[0])
    learnt = []
    for (weight, bias), a in zip(reversed(parameters), reversed(outputs), strict=True):
        decayed = weight * (1.0 - lam * (RATE / x.shape[0]))
        learnt.append((decayed - a.T @ delta, bias - delta.sum(axis=0)))
        # Of the samples themselves nothing is asked, and the compiler drops it.
        delta = jax.numpy.where(a > 0.0, delta @ weight.T, 0.0)
    return learnt[::-1]
