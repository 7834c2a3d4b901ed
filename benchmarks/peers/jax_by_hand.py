"""JAX, written by hand for one network or one stack."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..problem import LAMBDA, RATE, Problem, Weights


class ByHand:
    """An epoch as one program: ``scan`` over the mini-batches, ``vmap`` over the members.

    It only trains, without checks, loss or score. The gradient is written out, which is
    faster than ``jax.grad`` of the loss, the penalty is folded into the weight as in xl2, and
    the parameters are donated.

    Parameters
    ----------
    problem : Problem
        Moved to the device once.
    lam : float or tuple of float
        A tuple is one per member.
    axis : {0, 1}, default 0
        The axis of the members in the first weight: before the inputs, the default of
        ``vmap``, or before the outputs, which makes one wide product of all members.
    platform : str, default "cpu"
        JAX's name of the device.
    """

    def __init__(
        self,
        problem: Problem,
        lam: float | tuple[float, ...] = LAMBDA,
        axis: int = 0,
        platform: str = "cpu",
    ):
        import jax

        device = jax.devices(platform)[0]
        members = len(lam) if isinstance(lam, tuple) else 0
        start = problem.start(max(members, 1))
        self.problem, self.axis = problem, axis if members else None
        biases = [np.zeros((len(w), w.shape[2]), "float32") for w in start]
        if members:
            start[0] = np.moveaxis(start[0], 0, axis)
        layers = list(zip(start, biases, strict=True))
        if not members:
            layers = [(weight[0], bias[0]) for weight, bias in layers]
        lams = np.asarray(lam, "float32")
        self.data = jax.device_put((lams, problem.samples()[0], problem.targets()), device)
        self.parameters = jax.device_put(layers, device)
        self.program = compiled_epoch(problem, self.axis)

    def __call__(self) -> None:
        """Train for an epoch."""
        import jax

        order = self.problem.order()
        self.parameters = jax.block_until_ready(self.program(self.parameters, *self.data, order))

    def weights(self) -> Weights:
        """Return copies of the weights, members first."""
        first, *deeper = [np.array(weight) for weight, _ in self.parameters]
        if self.axis is None:
            return [weight[None] for weight in (first, *deeper)]
        return [np.moveaxis(first, self.axis, 0), *deeper]


@functools.lru_cache
def compiled_epoch(problem: Problem, axis: int | None) -> Callable[..., Any]:
    """Return an epoch that JAX compiles, of all mini-batches and members."""
    import jax

    step = step_of_one
    if axis is not None:
        layout = [(axis, 0), *[(0, 0)] * (len(problem.sizes) - 2)]
        step = jax.vmap(step_of_one, in_axes=(layout, 0, None, None), out_axes=layout)
    whole = problem.rows // problem.batch * problem.batch

    def epoch(parameters: Any, lams: Any, x: Any, y: Any, order: Any) -> Any:
        def one(parameters: Any, batch: Any) -> Any:
            return step(parameters, lams, x[batch], y[batch]), None

        batches = order[:whole].reshape(-1, problem.batch)
        parameters, _ = jax.lax.scan(one, parameters, batches)
        return parameters if whole == problem.rows else one(parameters, order[whole:])[0]

    compiled: Callable[..., Any] = jax.jit(epoch, donate_argnums=0)
    return compiled


def step_of_one(parameters: Any, lam: Any, x: Any, y: Any) -> Any:
    """Take one member's step on samples (n, inputs) and targets (n, outputs)."""
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
        # The compiler drops this for the samples, because nothing uses it.
        delta = jax.numpy.where(a > 0.0, delta @ weight.T, 0.0)
    return learnt[::-1]
