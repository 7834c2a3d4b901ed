"""Steps of training as graphs over arrays that stay where they are.

Nothing here is CUDA's: the tests run all of it with NumPy. A graph knows addresses, not arrays,
so parameters, samples, rates and what lies between the layers have places of their own, which
are filled before it is launched and read behind it. A step is a row of launches and products
on them; a graph is 1, 2, 4, ... steps, and a run of batches is as few graphs as make it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from xl2_cupy_check import replayed
from xl2_cupy_plan import Plan

DELTA, DECAY, RATE, KEEP = 0, 1, 2, 3  # the numbers of a step; from KEEP on one a layer


class Program:
    """The steps of one kind of fit on a device.

    Parameters
    ----------
    device : Cuda, or its twin
    plan : Plan
    """

    def __init__(self, device: Any, plan: Plan):
        self.plan, self._device = plan, device
        self._graphs: dict[int, Callable[[], None]] = {}
        self._sent: Any = None
        steps, batch, zeros = plan.longest, plan.batch, device.zeros
        groups, members = plan.groups, plan.groups * plan.members
        self._x = zeros((steps, groups, batch, plan.sizes[0]))
        self._y = zeros((steps, groups, batch, plan.sizes[-1]))
        self._logits = zeros((steps, members, batch, plan.sizes[-1]))
        self._numbers = zeros((steps, KEEP + len(plan.layers)))
        self._lam = zeros((len(plan.layers), plan.members))
        self._constants = zeros((3, 1))
        self.one, self.none, self.minus_one = self._constants
        self.one[...], self.minus_one[...] = 1.0, -1.0
        # Weights of the first layer as one wide matrix a group, the others one a member.
        self._weights = [zeros(self._matrix(i)) for i in range(len(plan.layers))]
        self._biases = [zeros((members, outputs)) for _, outputs in plan.layers]
        slots = (0, 1, 1, 2)[plan.rule.number]
        self._states = [
            tuple([zeros(p.shape) for _ in range(slots)] for p in both)
            for both in zip(self._weights, self._biases, strict=True)
        ]
        self._gradients = [] if plan.folded else [zeros(w.shape) for w in self._weights]
        outputs = [outputs for _, outputs in plan.layers]
        self._products = [zeros((members, batch, columns)) for columns in outputs]
        self._outputs = [zeros((members, batch, columns)) for columns in outputs[:-1]]
        self._deltas = [zeros((members, batch, columns)) for columns in outputs]

    def fetch(self, x: Any) -> Any:
        """Return an array as a NumPy array; it waits for the device."""
        return self._device.fetch(x)

    def run(
        self, carry: Any, constants: Any, samples: Any, batches: Any, scale: Any, xp: Any
    ) -> tuple[Any, Any]:
        """Take the whole mini-batches of a run.

        Parameters
        ----------
        carry : Carry
            It is left alone.
        constants, samples, batches
            As for `xl2.nn.step.run_batches`; `batches` has no short last one.
        scale : callable
            The optimizer's.
        xp : module

        Returns
        -------
        carry : Carry
            Arrays of its own.
        reports : array, shape (..., n, outputs)
        """
        self._put(carry, constants)
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

    # The places, and what they are filled with.

    def _matrix(self, layer: int) -> tuple[int, int, int]:
        inputs, outputs = self.plan.layers[layer]
        if layer == 0:
            return self.plan.groups, inputs, self.plan.members * outputs
        return self.plan.groups * self.plan.members, inputs, outputs

    def _arrays(self) -> list[Any]:
        """Return the places of parameters and states, in the order of `_listed`."""
        found = []
        for i, (weight, bias) in enumerate(zip(self._weights, self._biases, strict=True)):
            of_weight, of_bias = self._states[i]
            found += [weight, bias, *of_weight, *of_bias]
        return found

    def _put(self, carry: Any, constants: Any) -> None:
        for place, array in zip(self._arrays(), _listed(carry), strict=True):
            place[...] = array.reshape(place.shape)
        for i, lam in enumerate(constants.coefficients):
            if hasattr(lam, "shape"):
                # The first layer's stands there once for every output.
                self._lam[i, :] = lam[..., 0].reshape(-1)
            else:
                self._lam[i, :] = lam or 0.0

    def _result(self, carry: Any) -> Any:
        """Return the carry that the places hold: copies, shaped like the one given."""
        copies = iter(
            [
                place.copy().reshape(array.shape)
                for place, array in zip(self._arrays(), _listed(carry), strict=True)
            ]
        )
        parameters, states = [], []
        for layer, (of_weight, of_bias) in zip(carry.parameters, carry.states, strict=True):
            parameters.append(layer._replace(weight=next(copies), bias=next(copies)))
            both = (tuple(next(copies) for _ in own) for own in (of_weight, of_bias))
            states.append(tuple(both))
        return carry._replace(parameters=tuple(parameters), states=tuple(states))

    def _fill(self, samples: Any, order: Any, start: int, stop: int) -> None:
        """Bring the samples of some steps to their places, those of a step together."""
        groups, batch = self.plan.groups, self.plan.batch
        count = (stop - start) // batch
        for source, place in ((samples.x, self._x), (samples.y, self._y)):
            flat = place[:count].reshape(-1, place.shape[-1])
            if order is None:
                flat[...] = source[start:stop, :]
                continue
            rows = order[..., start:stop].reshape(groups, count, batch)
            self._device.take(source, rows.transpose(1, 0, 2).reshape(-1), flat)

    def _send(self, constants: Any, rates: list[float], scale: Any) -> None:
        """Send what the steps are multiplied by, unless that is there already."""
        import numpy as np

        plan, total = self.plan, self.plan.batch
        wanted = np.empty((len(rates), self._numbers.shape[1]), dtype=plan.dtype)
        for s, rate in enumerate(rates):
            factor = scale(rate)
            decay = factor / (total if constants.rows is None else constants.rows)
            lams = constants.coefficients if plan.folded else [None] * len(plan.layers)
            keep = [1.0 - (lam or 0.0) * decay for lam in lams]
            wanted[s] = [factor / total, decay, rate, *keep]
        there = self._sent is not None and len(self._sent) >= len(wanted)
        if there and np.array_equal(self._sent[: len(wanted)], wanted):
            return
        self._sent = None  # an interrupt may come between the two that follow
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
        """Return what takes so many steps, captured when it is first asked for.

        The steps are taken eagerly once before, which loads what they need, and then by the
        graph from the same parameters: both have to arrive at the same.

        Raises
        ------
        ArithmeticError
            If they do not.
        """
        if count not in self._graphs:
            before = [place.copy() for place in self._arrays()]
            self._device.eagerly(lambda: self._steps(count))
            expected = [place.copy() for place in self._arrays()]
            logits = self.fetch(self._logits[:count])
            self._restore(before)
            graph = self._device.captured(lambda: self._steps(count))
            graph()
            found, its, start = (
                [self.fetch(x) for x in own] for own in (self._arrays(), expected, before)
            )
            slots, reported = len(self._states[0][0]), self.fetch(self._logits[:count])
            if not replayed(reported, logits, found, its, start, slots, self.plan.dtype):
                raise ArithmeticError(f"a graph of {count} steps differs from its steps")
            self._restore(before)
            self._graphs[count] = graph
        return self._graphs[count]

    def _restore(self, before: list[Any]) -> None:
        for place, array in zip(self._arrays(), before, strict=True):
            place[...] = array

    def _steps(self, count: int) -> None:
        for s in range(count):
            self._forward(s)
            self._backward(s)

    def _forward(self, s: int) -> None:
        """Go through the layers, to the logits and the delta of the loss."""
        plan, device, outputs = self.plan, self._device, self._x[s]
        for i, (weight, bias) in enumerate(zip(self._weights, self._biases, strict=True)):
            shape, wide = plan.shape(plan.layers[i][1]), i == 0
            z = self._wide(self._products[i]) if wide else self._products[i]
            device.multiply(outputs, False, weight, False, z, self.one, self.none)
            if i < len(plan.hidden):
                outputs = self._outputs[i]
                device.bias_activation(z, bias, outputs, shape, wide, plan.hidden[i])
            else:
                places = self._y[s], self._logits[s], self._deltas[i], self._numbers[s]
                device.output_delta(z, bias, *places, shape, wide, plan.loss)

    def _backward(self, s: int) -> None:
        """Go back through the layers, and update each behind one."""
        plan, device, numbers = self.plan, self._device, self._numbers[s]
        for i in reversed(range(len(plan.layers))):
            last, wide = i == len(plan.hidden), i == 0
            weight, delta = self._weights[i], self._deltas[i]
            # The products of the way forward are done with: theirs is where deltas come in.
            before = delta if last else self._products[i]
            outputs = delta if last else self._outputs[i]
            activation = 0 if last else plan.hidden[i]
            # A wide delta is laid down elsewhere than it is read.
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
                keep = numbers[KEEP + i : KEEP + i + 1]
                device.multiply(inputs, True, after, False, weight, self.minus_one, keep)
                continue
            gradient = self._gradients[i]
            device.multiply(inputs, True, after, False, gradient, self.one, self.none)
            span = plan.layers[i][1] * (1 if wide else plan.layers[i][0])
            states = _two(self._states[i][0], weight)
            device.weight_step(
                weight, gradient, states, self._lam[i], numbers, span, plan.members, plan.rule
            )

    def _wide(self, x: Any) -> Any:
        """Return the place of the first layer's outputs as one wide matrix a group."""
        return x.reshape(self.plan.groups, self.plan.batch, self.plan.members * x.shape[-1])


def _listed(carry: Any) -> Iterator[Any]:
    for layer, (of_weight, of_bias) in zip(carry.parameters, carry.states, strict=True):
        yield from (*layer, *of_weight, *of_bias)


def _two(states: list[Any], otherwise: Any) -> tuple[Any, Any]:
    """Return two states for a kernel: where an optimizer has none it is not looked at."""
    one, two, *_ = [*states, otherwise, otherwise]
    return one, two
