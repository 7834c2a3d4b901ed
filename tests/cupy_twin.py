"""A twin of `xl2_cupy_device.Cuda` that computes with NumPy, without a GPU.

Each kernel is a formula on whole arrays, and a graph is the list of the calls made while it was
captured.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from xl2.array import activations
from xl2.array.backend import Backend
from xl2.array.libraries import Library
from xl2.nn import losses
from xl2.nn.optimizers import LEAST_SCALE
from xl2_cupy_kernels import ACTIVATIONS, LOSSES, OPTIMIZERS


def recorded(function):
    """During a capture, delay a call until the launch of the graph."""

    def call(self, *arguments):
        if self.capturing is None:
            function(self, *arguments)
        else:
            self.capturing.append(partial(function, self, *arguments))

    return call


class Twin:
    def __init__(self, dtype="float32"):
        self.dtype, self.capturing = dtype, None
        self.captures, self.launches, self.fetched = [], 0, 0

    def zeros(self, shape):
        return np.zeros(shape, dtype=self.dtype)

    def send(self, array, to):
        to[...] = array

    def take(self, x, rows, to):
        np.take(x, rows, axis=0, out=to)

    def fetch(self, x):
        self.fetched += 1
        return np.array(x)

    def eagerly(self, work):
        work()

    def captured(self, work):
        self.capturing = calls = []
        try:
            work()
        finally:
            self.capturing = None
        self.captures.append(len(calls))

        def launch():
            self.launches += 1
            for call in calls:
                call()

        return launch

    @recorded
    def multiply(self, a, transposed_a, b, transposed_b, c, alpha, beta):
        for x in (a, b, c):
            assert x.ndim == 3
            assert x.flags.c_contiguous
        product = (a.mT if transposed_a else a) @ (b.mT if transposed_b else b)
        assert product.shape == c.shape
        # Like cuBLAS, do not read c if beta is 0: it may hold NaN.
        c[...] = alpha * product + (beta * c if beta != 0.0 else 0.0)

    @recorded
    def bias_activation(self, z, bias, outputs, shape, wide, activation):
        function = activations.ACTIVATIONS[ACTIVATIONS[activation]].function
        outputs[...] = function(members_first(z, shape, wide) + bias[:, None, :])

    @recorded
    def output_delta(self, z, bias, y, logits, delta, factors, shape, wide, loss):
        logits[...] = members_first(z, shape, wide) + bias[:, None, :]
        y, factors = (np.repeat(x, shape.members, axis=0) for x in (y, factors))
        found = getattr(losses, f"{LOSSES[loss]}_delta")(np.array(logits), y)
        delta[...] = found * factors[..., None]

    @recorded
    def bias_step(
        self, before, outputs, result, bias, states, numbers, shape, wide, activation, rule
    ):
        slope = activations.ACTIVATIONS[ACTIVATIONS[activation]].derivative(outputs)
        found = before * slope
        learn(bias, found.sum(axis=1), 0.0, states, numbers[2], rule)
        members_first(result, shape, wide)[...] = found

    @recorded
    def weight_step(self, weight, gradient, states, lam, numbers, span, members, rule):
        flat = np.arange(weight.size).reshape(weight.shape)
        decay = lam[flat // span % members] * numbers[1]
        learn(weight, gradient, decay, states, numbers[2], rule)

    @recorded
    def scaled_step(self, weight, gradient, states, lam, numbers, members, rule, scale_rate):
        """Let Adam change both factors of the weight, each as a parameter of its own."""
        one, two, scales = states
        scale, *averages = (scales.reshape(-1, members, 3)[..., i : i + 1] for i in range(3))
        product, slopes, one, two = (
            x.reshape(*scale.shape[:2], -1) for x in (weight, gradient, one, two)
        )
        slopes = slopes + lam[:, None] * numbers[1] * product
        factor, of_scale = product / scale, self._total(slopes * product) / scale
        learn(factor, slopes * scale, 0.0, (one, two), numbers[2], rule)
        learn(scale, of_scale, 0.0, averages, scale_rate * numbers[2], rule)
        scale[...] = np.copysign(np.maximum(np.abs(scale), LEAST_SCALE), scale)
        product[...] = scale * factor

    def _total(self, terms):
        return terms.sum(axis=-1, keepdims=True)


class Rounding(Twin):
    """A twin that sums in other orders than the portable code, like a GPU."""

    @recorded
    def multiply(self, a, transposed_a, b, transposed_b, c, alpha, beta):
        left, right = (a.mT if transposed_a else a), (b.mT if transposed_b else b)
        back = np.arange(left.shape[-1])[::-1]
        product = 0.0
        for terms in np.array_split(back, 2):
            product = product + left[..., terms] @ right[..., terms, :]
        c[...] = alpha * product + (beta * c if beta != 0.0 else 0.0)

    @recorded
    def bias_step(
        self, before, outputs, result, bias, states, numbers, shape, wide, activation, rule
    ):
        slope = activations.ACTIVATIONS[ACTIVATIONS[activation]].derivative(outputs)
        found = before * slope
        learn(bias, by_halves(found.swapaxes(0, 1)), 0.0, states, numbers[2], rule)
        members_first(result, shape, wide)[...] = found

    def _total(self, terms):
        return by_halves(np.moveaxis(terms, -1, 0))[..., None]


def by_halves(terms):
    """Sum over the first axis like a kernel: 32 sums of every 32nd term, then their halves."""
    sums = np.zeros((32, *terms.shape[1:]), terms.dtype)
    for at, term in enumerate(terms):
        sums[at % 32] += term
    while len(sums) > 1:
        sums = sums[: len(sums) // 2] + sums[len(sums) // 2 :]
    return sums[0]


def members_first(x, shape, wide):
    """Return a view (n, rows, columns) of an array that may be wide: (rows, members, columns)."""
    groups, members, rows, columns = shape
    if not wide:
        return x.reshape(groups * members, rows, columns)
    turned = x.reshape(groups, rows, members, columns).swapaxes(1, 2)
    if groups == 1 or members == 1:
        return turned.reshape(groups * members, rows, columns)
    return Turned(turned)


class Turned:
    """A view of groups of several members that no single NumPy array can provide."""

    def __init__(self, turned):
        self.turned = turned

    def __add__(self, other):
        return self.turned.reshape(-1, *self.turned.shape[2:]) + other

    def __setitem__(self, _, values):
        self.turned[...] = values.reshape(self.turned.shape)


def learn(p, gradient, decay, states, rate, rule):
    one, two = states
    name = OPTIMIZERS[rule.number]
    if name == "SGD":
        p *= 1.0 - decay
        p -= gradient
        return
    g = gradient + decay * p
    if name == "Adam":
        one[...] = rule.first * one + rule.rest_of_first * g
        two[...] = rule.second * two + rule.rest_of_second * g * g
        p -= rate * one / (np.sqrt(two) + rule.epsilon)
        return
    one[...] = rule.first * one - g
    p += one if name == "Momentum" else rule.first * one - g


def backend_of(run_batches=None):
    """Return NumPy as a backend without its file, except for a `run_batches`."""
    import array_api_compat.numpy as xp

    own = {} if run_batches is None else {"run_batches": run_batches}
    scope = lambda device: np.errstate(all="ignore")  # noqa: E731
    return Backend("numpy", xp, None, Library(to_host=lambda x: x, scope=scope, **own))
