"""A run: one training of a network or a stack, between two batches or two epochs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..array.api import Array
from ..array.backend import flat, split
from ..array.operations import Parameters, choose
from ..array.stacks import sizes_of_members
from ..nn.measure import Measure, Objective
from ..nn.network import Network
from ..nn.penalties import squares
from ..nn.step import (
    Batches,
    Carry,
    Constants,
    Samples,
    Step,
    copy_carry,
    initial_states,
    map_carry,
    run_batches,
    targets_of,
)
from .batches import Feed
from .history import History
from .schedules import constant


@dataclass
class Epoch:
    """An unfinished epoch, between two blocks of mini-batches."""

    order: Any  # what `feed.begin` returned
    before: Carry  # from before the epoch
    measure: Measure | Objective  # of its steps so far
    done: int = 0  # rows trained on so far
    seconds: float = 0.0  # time taken so far


class Run:
    """The state of one training; `assemble` makes it and `loop` advances it."""

    def __init__(
        self,
        network: Network,
        feed: Feed,
        step: Step,
        constants: Constants,
        learning_rate: float,
        states: Any = None,
        steps: int = 0,
        schedule: Callable[[float], float] = constant,
        all_steps: int = 0,
    ):
        self.network, self.feed, self.step, self.constants = network, feed, step, constants
        self.learning_rate = learning_rate  # a callback may change it between epochs
        self.schedule, self.all_steps = schedule, all_steps  # of all epochs; 0 if it is constant
        self.steps = steps  # in finished epochs
        self.history = History.of(network.stack)
        self._copied = network.backend.library.compiled(copy_carry)
        if states is None:
            with network.backend.scope():
                states_of = choose(network.backend.library, initial_states)
                states = states_of(step.optimizer, network.parameters)
        self.carry = Carry(network.parameters, states)
        self.run_batches = choose(network.backend.library, run_batches)
        self._targets_of = choose(network.backend.library, targets_of)
        self.epoch: Epoch | None = None  # the unfinished one; None between epochs
        self.finished = False  # a callback ended the run
        # Those of the stack, or of each of its groups, that are still trained.
        self.members = list(range(network.stack[-1] if network.stack else 0))

    def begin_epoch(self) -> Epoch:
        """Begin an epoch on a copy of the parameters.

        Steps change arrays in place. Those of before are needed if the epoch diverges, and a
        callback may hold them. They are taken from the network: a callback may have replaced
        them.
        """
        order, before = self.feed.begin(), self.carry._replace(parameters=self.network.parameters)
        self.carry = self._copied(before)
        return Epoch(order, before, self.meter())

    def batches(self, length: int, order: Any, done: int = 0) -> Iterator[tuple[Samples, Batches]]:
        """Yield the epoch's mini-batches after `done` rows, in blocks of about `length` rows."""
        step = self.steps + self.feed.steps(done)
        for samples, start, stop, size, own, whole in self.feed.blocks(order, length, done):
            count = math.ceil((stop - start) / size) if whole is None else whole.steps
            numbers = range(step + 1, step + count + 1)
            rates = [self.step.optimizer.rate(self._rate(number), number) for number in numbers]
            yield samples, Batches(start, stop, size, own, rates, step + 1, whole)
            step += count

    def _rate(self, number: int) -> float:
        """Return the learning rate of a step, counted from 1."""
        if not self.all_steps:
            return self.learning_rate
        return self.learning_rate * self.schedule((number - 1) / self.all_steps)

    def learn(self, samples: Samples, batches: Batches, measure: Measure | Objective) -> None:
        """Take the steps of a block, and add their reports to a measure."""
        self.carry, reports = self.run_batches(
            self.step, self.carry, self.constants, samples, batches, self.network.backend.xp
        )
        self.network.parameters = self.carry.parameters
        if isinstance(measure, Objective):
            measure.add(reports)
        else:
            y, weight = self._targets_of(self.step.operations, samples, batches)
            measure.add(reports, y, weight, batches.rows, self.step.peers)

    def meter(self) -> Measure | Objective:
        """Return an empty measure for the reports of an epoch's steps."""
        if self.step.objective:
            return Objective(self.network.backend, self.feed.rows)
        return self.network.measure(self.feed.y, self.feed.weight, self.step.loss)

    def summary(self, parts: Sequence[Any]) -> tuple[list[Any], Any, Any]:
        """Return arrays, sizes and penalties of the members, on the host by one transfer.

        A penalty is ``lam / (2 n) sum(W^2)``; None if none is reported, or without a lambda.
        """
        coefficients, rows = self.constants.coefficients, None
        if self.step.objective or all(lam is None for lam in coefficients):
            coefficients = ()
        else:
            rows = self.constants.rows  # of a stream the number that was given
            rows = rows if isinstance(rows, int | float) else self.feed.total()
            rows = float(rows) if isinstance(rows, int) else rows  # a compiled int has 32 bits
        summed = self.network.backend.library.compiled(_summary)
        host = self.network.backend.to_numpy(
            summed(list(parts), self.network.parameters, coefficients, rows)
        )
        found = split(host, parts)
        members = host[sum(x.size for x in found) :].reshape((-1, *self.network.stack))
        return found, members[0], members[1] if len(members) > 1 else None

    def restore(self, carry: Carry) -> None:
        """Put parameters and optimizer states back, and forget the unfinished epoch."""
        self.carry, self.network.parameters = carry, carry.parameters
        self.epoch = None

    def keep(self, members: Sequence[int]) -> None:
        """Continue with some members of the stack only, the same ones in every group."""
        import numpy as np

        backend, chosen = self.network.backend, np.asarray(members, dtype=np.int64)
        index = backend.from_numpy(chosen)
        carry = self.carry._replace(parameters=self.network.parameters)
        self.carry = map_carry(lambda a, axis: backend.xp.take(a, index, axis=axis), carry)
        self.network.parameters = self.carry.parameters
        coefficients = tuple(
            # Shaped like weights with one number per member: (1, K, 1), then (K, 1, 1).
            None if lam is None else backend.xp.take(lam, index, axis=1 if i == 0 else 0)
            for i, lam in enumerate(self.constants.coefficients)
        )
        self.constants = self.constants._replace(coefficients=coefficients)
        self.history.diverged = self.history.diverged[..., chosen]
        self.members = [self.members[k] for k in members]


def _summary(
    parts: list[Array], parameters: Parameters, coefficients: tuple[Any, ...], rows: Any
) -> Array:
    """Return the numbers of arrays, then sizes and penalties of the members, as one array (n,)."""
    own = [sizes_of_members(parameters)]
    if coefficients:
        own.append(squares(parameters, coefficients) / (2.0 * rows))
    return flat([*parts, *own])
