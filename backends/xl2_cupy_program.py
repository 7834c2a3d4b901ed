"""Training steps as graphs over fixed buffers.

This module does not depend on CUDA: the tests run it with NumPy. A graph refers to addresses,
so parameters, samples, rates and all intermediate results have buffers, which are filled before
a launch and read after it. A graph has 1, 2, 4, ... steps, each a sequence of kernel launches
and products. A sequence of batches is divided into as few graphs as possible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from xl2_cupy_check import same_replay
from xl2_cupy_plan import Plan

# The numbers of a step: the scale of deltas, the decay of the penalty, the learning rate, and
# from this index on, for each layer, the factor by which a folded product shrinks its weights.
SHRINK = 3


class Program:
    """The steps of one kind of fit on a device, `Cuda` or its twin."""

    def __init__(self, device: Any, plan: Plan):
        self.plan, self._device, self.fetch = plan, device, device.fetch
        self._graphs: dict[int, Callable[[], None]] = {}
        self._sent: Any = None
        steps, batch, zeros = plan.longest, plan.batch, device.zeros
        groups, members = plan.groups, plan.groups * plan.members
        self._x = zeros((steps, groups, batch, plan.sizes[0]))
        self._y = zeros((steps, groups, batch, plan.sizes[-1]))
        self._logits = zeros((steps, members, batch, plan.sizes[-1]))
        self._numbers = zeros((steps, SHRINK + len(plan.layers)))
        self._lam = zeros((len(plan.layers), plan.members))
        self._constants = zeros((3, 1))
        self.one, self.none, self.minus_one = self._constants
        self.one[...], self.minus_one[...] = 1.0, -1.0
        # Weights of the first layer as one wide matrix a group, the others one a member.
        self._weights = [zeros(self._matrix(i)) for i in range(len(plan.layers))]
        self._biases = [zeros((members, outputs)) for _, outputs in plan.layers]
        slots = (0, 1, 1, 2)[plan.rule.number]
        self._states: list[Any] = [
            tuple([zeros(p.shape) for _ in range(slots)] for p in both)
            for both in zip(self._weights, self._biases, strict=True)
        ]
        if plan.scale_rate:
            of_first, of_bias = self._states[0]
            scales = zeros((groups, plan.sizes[0], plan.members, 3))
            self._states[0] = (*of_first, scales), of_bias
        self._gradients = [] if plan.folded else [zeros(w.shape) for w in self._weights]
        outputs = [outputs for _, outputs in plan.layers]
        self._products = [zeros((members, batch, columns)) for columns in outputs]
        self._outputs = [zeros((members, batch, columns)) for columns in outputs[:-1]]
        self._deltas = [zeros((members, batch, columns)) for columns in outputs]

    def run(
        self, carry: Any, constants: Any, samples: Any, batches: Any, scale: Any, xp: Any
    ) -> tuple[Any, Any]:
        """Take steps over whole batches, as `xl2.nn.step.run_batches` does.

        `scale` is that of the optimizer. The carry is not changed; the result is a new one.
        """
        self._load(carry, constants)
        reports, start, rates = [], batches.start, list(batches.rates)
        while rates:
            count = min(self.plan.longest, 1 << (len(rates).bit_length() - 1))
            stop = start + count * batches.size
            self._fill(samples, batches.order, start, stop)
            self._send(constants, rates[:count], scale)
            self._graph(count)()
            reports.append(self._report(count))
            start, rates = stop, rates[count:]
        return self._result(carry), reports[0] if len(reports) == 1 else xp.concat(reports, axis=-2)

    # The buffers and their contents.

    def _matrix(self, layer: int) -> tuple[int, int, int]:
        inputs, outputs = self.plan.layers[layer]
        if layer == 0:
            return self.plan.groups, inputs, self.plan.members * outputs
        return self.plan.groups * self.plan.members, inputs, outputs

    def _owned(self) -> list[list[Any]]:
        """Return the buffer of each weight and then its bias, with those of its states."""
        parameters = (p for both in zip(self._weights, self._biases, strict=True) for p in both)
        states = (own for both in self._states for own in both)
        return [[p, *own] for p, own in zip(parameters, states, strict=True)]

    def _arrays(self) -> list[Any]:
        """Return the buffers of parameters and states, in the order of `_listed`."""
        return [array for own in self._owned() for array in own]

    def _pools(self) -> list[Any]:
        """Return a key for each of `_arrays`, for `same_replay`.

        The arrays in the same place of a layer's weight and of its bias have the same key.
        """
        owned = enumerate(self._owned())
        return [(at // 2, place) for at, own in owned for place in range(len(own))]

    def _load(self, carry: Any, constants: Any) -> None:
        for buffer, array in zip(self._arrays(), _listed(carry), strict=True):
            buffer[...] = array.reshape(buffer.shape)
        for i, lam in enumerate(constants.coefficients):
            if hasattr(lam, "shape"):
                # The first layer has one for every output.
                self._lam[i, :] = lam[..., 0].reshape(-1)
            else:
                self._lam[i, :] = lam or 0.0

    def _result(self, carry: Any) -> Any:
        """Return copies of the buffers as a carry, shaped like the one given."""
        from xl2.nn.step import map_carry

        buffers = iter(self._arrays())
        return map_carry(lambda array, axis: next(buffers).copy().reshape(array.shape), carry)

    def _fill(self, samples: Any, order: Any, start: int, stop: int) -> None:
        """Copy the samples of some steps to their buffers, step by step."""
        groups, batch = self.plan.groups, self.plan.batch
        count = (stop - start) // batch
        for source, buffer in ((samples.x, self._x), (samples.y, self._y)):
            flat = buffer[:count].reshape(-1, buffer.shape[-1])
            if order is None:
                flat[...] = source[start:stop, :]
                continue
            rows = order[..., start:stop].reshape(groups, count, batch)
            self._device.take(source, rows.transpose(1, 0, 2).reshape(-1), flat)

    def _send(self, constants: Any, rates: list[float], scale: Any) -> None:
        """Send the numbers of some steps, unless the buffer already has them."""
        import numpy as np

        plan, total = self.plan, self.plan.batch
        wanted = np.empty((len(rates), self._numbers.shape[1]), dtype=plan.dtype)
        for s, rate in enumerate(rates):
            factor = scale(rate)
            decay = factor / (total if constants.rows is None else constants.rows)
            lams = constants.coefficients if plan.folded else [None] * len(plan.layers)
            shrink = [1.0 - (lam or 0.0) * decay for lam in lams]
            wanted[s] = [factor / total, decay, rate, *shrink]
        sent = self._sent is not None and len(self._sent) >= len(wanted)
        if sent and np.array_equal(self._sent[: len(wanted)], wanted):
            return
        self._sent = None  # in case of an interrupt between the next two lines
        self._device.send(wanted, self._numbers[: len(wanted)])
        self._sent = wanted

    def _report(self, count: int) -> Any:
        """Return a copy of the logits of some steps, (..., rows, outputs)."""
        plan = self.plan
        shape = count, *plan.stack, plan.batch, plan.sizes[-1]
        logits = self._logits[:count].reshape(shape)
        axes = *range(1, len(plan.stack) + 1), 0, len(plan.stack) + 1, len(plan.stack) + 2
        rows = count * plan.batch
        return logits.transpose(axes).copy().reshape(*plan.stack, rows, plan.sizes[-1])

    # The graphs.

    def _graph(self, count: int) -> Callable[[], None]:
        """Return the graph of `count` steps, captured on first use.

        Before, the steps are taken eagerly, which loads what they need. The graph must give
        the same results from the same parameters, or an `ArithmeticError` is raised.
        """
        if count not in self._graphs:
            before = [buffer.copy() for buffer in self._arrays()]
            self._device.eagerly(lambda: self._steps(count))
            expected = [buffer.copy() for buffer in self._arrays()]
            logits = self.fetch(self._logits[:count])
            self._restore(before)
            graph = self._device.captured(lambda: self._steps(count))
            graph()
            found, its, start = (
                [self.fetch(x) for x in own] for own in (self._arrays(), expected, before)
            )
            pools, reported = self._pools(), self.fetch(self._logits[:count])
            if not same_replay(reported, logits, found, its, start, pools, self.plan.dtype):
                raise ArithmeticError(f"a graph of {count} steps differs from its steps")
            self._restore(before)
            self._graphs[count] = graph
        return self._graphs[count]

    def _restore(self, before: list[Any]) -> None:
        for buffer, array in zip(self._arrays(), before, strict=True):
            buffer[...] = array

    def _steps(self, count: int) -> None:
        for s in range(count):
            self._forward(s)
            self._backward(s)

    def _forward(self, s: int) -> None:
        """Compute the layers, the logits, and the delta of the loss."""
        plan, device, outputs = self.plan, self._device, self._x[s]
        for i, (weight, bias) in enumerate(zip(self._weights, self._biases, strict=True)):
            shape, wide = plan.shape(plan.layers[i][1]), i == 0
            z = self._wide(self._products[i]) if wide else self._products[i]
            device.multiply(outputs, False, weight, False, z, self.one, self.none)
            if i < len(plan.hidden):
                outputs = self._outputs[i]
                device.bias_activation(z, bias, outputs, shape, wide, plan.hidden[i])
            else:
                buffers = self._y[s], self._logits[s], self._deltas[i], self._numbers[s]
                device.output_delta(z, bias, *buffers, shape, wide, plan.loss)

    def _backward(self, s: int) -> None:
        """Propagate the delta back, and update each layer after it has been used."""
        plan, device, numbers = self.plan, self._device, self._numbers[s]
        for i in reversed(range(len(plan.layers))):
            last, wide = i == len(plan.hidden), i == 0
            weight, delta = self._weights[i], self._deltas[i]
            # The products of the forward pass are no longer needed: deltas reuse their buffers.
            before = delta if last else self._products[i]
            outputs = delta if last else self._outputs[i]
            activation = 0 if last else plan.hidden[i]
            # A wide delta cannot be written to where it is read.
            after = self._products[i] if last and wide else delta
            states = _two(self._states[i][1], self._biases[i])
            shape = plan.shape(plan.layers[i][1])
            device.bias_step(
                before, outputs, after, self._biases[i], states, numbers, shape, wide, activation,
                plan.rule,
            )  # fmt: skip
            after = self._wide(after) if wide else after
            if not wide:
                below = self._products[i - 1]
                device.multiply(after, False, weight, True, below, self.one, self.none)
            inputs = self._x[s] if wide else self._outputs[i - 1]
            if plan.folded:
                shrink = numbers[SHRINK + i : SHRINK + i + 1]
                device.multiply(inputs, True, after, False, weight, self.minus_one, shrink)
                continue
            gradient = self._gradients[i]
            device.multiply(inputs, True, after, False, gradient, self.one, self.none)
            if wide and plan.scale_rate:
                device.scaled_step(
                    weight, gradient, self._states[i][0], self._lam[i], numbers, plan.members,
                    plan.rule, plan.scale_rate,
                )  # fmt: skip
                continue
            span = plan.layers[i][1] * (1 if wide else plan.layers[i][0])
            states = _two(self._states[i][0], weight)
            device.weight_step(
                weight, gradient, states, self._lam[i], numbers, span, plan.members, plan.rule
            )

    def _wide(self, x: Any) -> Any:
        """Return a buffer of the first layer's outputs as one wide matrix per group."""
        return x.reshape(self.plan.groups, self.plan.batch, self.plan.members * x.shape[-1])


def _listed(carry: Any) -> Iterator[Any]:
    """Yield the arrays of a carry, in the order of `map_carry`."""
    for layer, states in zip(carry.parameters, carry.states, strict=True):
        for parameter, own in zip(layer, states, strict=True):
            yield from (parameter, *own)


def _two(states: list[Any], otherwise: Any) -> tuple[Any, Any]:
    """Return two states for a kernel; it does not read those that its optimizer lacks."""
    one, two, *_ = [*states, otherwise, otherwise]
    return one, two
