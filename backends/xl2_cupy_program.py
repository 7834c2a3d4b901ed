"""Training steps as graphs over fixed buffers.

This module does not depend on CUDA: the tests run it with NumPy. A graph refers to addresses,
so parameters, samples, rates and all intermediate results have buffers, which are filled before
a launch and read after it. A graph has 1, 2, 4, ... steps, each a sequence of kernel launches
and products. A sequence of batches is divided into as few graphs as possible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from xl2_cupy_plan import Plan

# The numbers of a step: the factor of deltas, the decay of the penalty, the learning rate, and
# from this index on, for each layer, the factor by which a folded product shrinks its weights.
SHRINK = 3


class Program:
    """The steps of one kind of fit on a device, `Cuda` or its twin."""

    def __init__(self, device: Any, plan: Plan):
        self.plan, self._device = plan, device
        self._graphs: dict[int, Callable[[], None]] = {}
        steps, batch, zeros = plan.longest, plan.batch, device.zeros
        groups, members = plan.groups, plan.groups * plan.members
        self._x = zeros((steps, groups, batch, plan.sizes[0]))
        self._y = zeros((steps, groups, batch, plan.sizes[-1]))
        self._weight = zeros((steps, groups, batch, 1)) if plan.weighted else None
        self._factors = zeros((steps, groups, batch))  # of the deltas of each sample
        self._logits = zeros((steps, members, batch, plan.sizes[-1]))
        self._numbers = zeros((steps, SHRINK + len(plan.layers)))
        self._lam = zeros((len(plan.layers), plan.members))
        self._constants = zeros((3, 1))
        self._one, self._zero, self._minus_one = self._constants
        self._one[...], self._minus_one[...] = 1.0, -1.0
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
            scales[...] = 1.0  # because a step, also one before a capture, divides by them
            self._states[0] = (*of_first, scales), of_bias
        self._gradients = [] if plan.folded else [zeros(w.shape) for w in self._weights]
        outputs = [outputs for _, outputs in plan.layers]
        self._products = [zeros((members, batch, columns)) for columns in outputs]
        self._outputs = [zeros((members, batch, columns)) for columns in outputs[:-1]]
        self._deltas = [zeros((members, batch, columns)) for columns in outputs]
        for scratch in (*self._gradients, *self._products, *self._outputs, *self._deltas):
            # Nobody may read it before it is written, cuBLAS with a beta of 0 neither.
            scratch[...] = float("nan")
        squared = zip(plan.layers, plan.squared, strict=True)
        self._squares = [zeros((steps, inputs if own else 0)) for (inputs, _), own in squared]

    def run(
        self, step: Any, carry: Any, constants: Any, samples: Any, batches: Any, xp: Any
    ) -> tuple[Any, Any]:
        """Take steps over whole batches, as `xl2.nn.step.run_batches` does.

        The carry is not changed; the result is a new one.
        """
        counts = self._counts(len(batches.rates))
        for count in counts:  # before the parameters are loaded, because a capture changes them
            self._capture(count)
        self._load(carry, constants)
        reports, start, rates = [], batches.start, list(batches.rates)
        for count in counts:
            stop = start + count * batches.size
            self._fill(samples, batches.order, start, stop)
            total = self._send(constants, rates[:count], step.optimizer)
            self._graphs[count]()
            if step.objective:
                reports.append(self._objectives(step, constants, count, total))
            else:
                reports.append(self._logits_of(count))
            start, rates = stop, rates[count:]
        return self._result(carry), reports[0] if len(reports) == 1 else xp.concat(reports, axis=-2)

    def _counts(self, steps: int) -> list[int]:
        """Return the lengths of the graphs for so many steps, each a power of two."""
        longest, counts = self.plan.longest, list[int]()
        while steps:
            counts.append(min(longest, 1 << (steps.bit_length() - 1)))
            steps -= counts[-1]
        return counts

    # The buffers and their contents.

    def _matrix(self, layer: int) -> tuple[int, int, int]:
        inputs, outputs = self.plan.layers[layer]
        if layer == 0:
            return self.plan.groups, inputs, self.plan.members * outputs
        return self.plan.groups * self.plan.members, inputs, outputs

    def _arrays(self) -> Iterator[Any]:
        """Yield the buffers of parameters and states, in the order of `map_carry`."""
        for weight, bias, (of_weight, of_bias) in zip(
            self._weights, self._biases, self._states, strict=True
        ):
            yield from (weight, *of_weight, bias, *of_bias)

    def _load(self, carry: Any, constants: Any) -> None:
        from xl2.nn.step import map_carry

        buffers = self._arrays()

        def load(array: Any, axis: int) -> None:
            buffer = next(buffers)
            buffer[...] = array.reshape(buffer.shape)

        map_carry(load, carry)
        for i, lam in enumerate(constants.coefficients):
            if hasattr(lam, "shape"):
                # The first layer has one for every output.
                self._lam[i, :] = lam[..., 0].reshape(-1)
            else:
                self._lam[i, :] = lam or 0.0

    def _result(self, carry: Any) -> Any:
        """Return copies of the buffers as a carry, shaped like the one given."""
        from xl2.nn.step import map_carry

        buffers = self._arrays()
        return map_carry(lambda array, axis: next(buffers).copy().reshape(array.shape), carry)

    def _fill(self, samples: Any, order: Any, start: int, stop: int) -> None:
        """Copy the samples of some steps to their buffers, step by step."""
        groups, batch = self.plan.groups, self.plan.batch
        count = (stop - start) // batch
        for source, buffer in zip(samples, (self._x, self._y, self._weight), strict=True):
            if buffer is None:
                continue
            flat = buffer[:count].reshape(-1, buffer.shape[-1])
            if order is None:
                flat[...] = source[start:stop, :]
                continue
            rows = order[..., start:stop].reshape(groups, count, batch)
            self._device.take(source, rows.transpose(1, 0, 2).reshape(-1), flat)

    def _send(self, constants: Any, rates: list[float], optimizer: Any) -> Any:
        """Send the numbers of some steps; return what divides the sums over their samples.

        That is the number of samples, or an array of their weights, (steps, 1, 1, 1).
        """
        import numpy as np

        from xl2.nn.step import Batch

        plan, steps = self.plan, slice(len(rates))
        total = 1 if plan.weighted else plan.batch
        numbers = np.empty((len(rates), self._numbers.shape[1]), dtype=plan.dtype)
        lams = constants.coefficients if plan.folded else [None] * len(plan.layers)
        for s, rate in enumerate(rates):
            scale = optimizer.scale(rate)
            decay = scale / (total if constants.rows is None else constants.rows)
            shrink = [1.0 - (lam or 0.0) * decay for lam in lams]
            with np.errstate(over="ignore"):  # an infinity lets the fit diverge
                numbers[s] = [scale / total, decay, rate, *shrink]
        self._device.send(numbers, self._numbers[steps])
        factors = self._numbers[steps, :1, None]
        if self._weight is None:
            self._factors[steps] = factors
            return total
        weight = self._weight[steps]
        total = Batch(None, None, weight, None, None).total()
        self._factors[steps] = factors * (weight / total)[..., 0]
        if constants.rows is None:
            self._numbers[steps, 1:2] /= total[..., 0, 0]
        return total

    def _logits_of(self, count: int) -> Any:
        """Return a copy of the logits of some steps, (..., rows, outputs)."""
        plan = self.plan
        shape = count, *plan.stack, plan.batch, plan.sizes[-1]
        logits = self._logits[:count].reshape(shape)
        axes = *range(1, len(plan.stack) + 1), 0, len(plan.stack) + 1, len(plan.stack) + 2
        rows = count * plan.batch
        return logits.transpose(axes).copy().reshape(*plan.stack, rows, plan.sizes[-1])

    def _objectives(self, step: Any, constants: Any, count: int, total: Any) -> Any:
        """Return the objectives of some steps of a single network, (steps, 1)."""
        from xl2.nn.step import objective_of

        losses = step.loss.value(self._logits[:count, 0], self._y[:count, 0])
        if self._weight is not None:
            losses, total = losses * self._weight[:count, 0, :, 0], total[:, 0, 0, 0]
        squares = [
            lam * own[:count].sum(axis=-1)
            for lam, own in zip(constants.coefficients, self._squares, strict=True)
            if lam is not None
        ]
        penalty = sum(squares[1:], squares[0]) if squares else None
        return objective_of(losses, total, penalty, constants.rows)[:, None]

    # The graphs.

    def _capture(self, count: int) -> None:
        """Capture the graph of `count` steps, on first use.

        Before, all of them are taken once eagerly, which loads what they need: cuBLAS may choose
        another kernel for samples at an address of another alignment.
        """
        if count not in self._graphs:
            self._device.eagerly(lambda: self._steps(count))
            self._graphs[count] = self._device.captured(lambda: self._steps(count))

    def _steps(self, count: int) -> None:
        for s in range(count):
            self._forward(s)
            self._backward(s)

    def _forward(self, s: int) -> None:
        """Compute the layers, the logits, and the delta of the loss."""
        plan, device, outputs = self.plan, self._device, self._x[s]
        for i, (weight, bias) in enumerate(zip(self._weights, self._biases, strict=True)):
            if plan.squared[i]:
                self._square(s, i)
            shape, wide = plan.shape(plan.layers[i][1]), i == 0
            z = self._wide(self._products[i]) if wide else self._products[i]
            device.multiply(outputs, False, weight, False, z, self._one, self._zero)
            if i < len(plan.hidden):
                outputs = self._outputs[i]
                device.bias_activation(z, bias, outputs, shape, wide, plan.hidden[i])
            else:
                buffers = self._y[s], self._logits[s], self._deltas[i], self._factors[s]
                device.output_delta(z, bias, *buffers, shape, wide, plan.loss)

    def _square(self, s: int, layer: int) -> None:
        """Sum the squares of each row of a single network's weight, as products with itself."""
        inputs, outputs = self.plan.layers[layer]
        weight, to = self._weights[layer], self._squares[layer][s].reshape(inputs, 1, 1)
        row, column = weight.reshape(inputs, 1, outputs), weight.reshape(inputs, outputs, 1)
        self._device.multiply(row, False, column, False, to, self._one, self._zero)

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
                device.multiply(after, False, weight, True, below, self._one, self._zero)
            inputs = self._x[s] if wide else self._outputs[i - 1]
            if plan.folded:
                shrink = numbers[SHRINK + i : SHRINK + i + 1]
                device.multiply(inputs, True, after, False, weight, self._minus_one, shrink)
                continue
            gradient = self._gradients[i]
            device.multiply(inputs, True, after, False, gradient, self._one, self._zero)
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


def _two(states: list[Any], otherwise: Any) -> tuple[Any, Any]:
    """Return two states for a kernel; it does not read those that its optimizer lacks."""
    one, two, *_ = [*states, otherwise, otherwise]
    return one, two
