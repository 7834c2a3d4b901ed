"""`assemble` makes a run of a network, its data and its settings."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, cast

from ..array.operations import Operations, choose
from ..array.peers import Peers
from ..errors import InputError, option
from ..nn.dropout import Dropout
from ..nn.losses import Loss, find_loss
from ..nn.network import Network
from ..nn.optimizers import Optimizer, Update, find_optimizer
from ..nn.penalties import Penalty, penalties_of
from ..nn.step import Constants, Step
from .batches import Feed, Streamed, feed_of
from .batching import Batching
from .data import TrainingData
from .orders import Orders
from .run import Run
from .schedules import find_schedule


@dataclass(frozen=True)
class Settings:
    """How a network is trained: the arguments of `xl2.fit` of the same names."""

    optimizer: str | Optimizer = "sgd"
    learning_rate: float = 0.01
    batch_size: int = 64
    penalty: Penalty = 0.0
    loss: str | Loss | None = None
    dropout: float = 0.0
    schedule: str = "constant"
    label_smoothing: float = 0.0
    shuffle: bool = True
    even_batches: bool = True
    seeds: tuple[int, ...] = (0,)  # of the orders and of dropout, one for each group

    @property
    def batching(self) -> Batching:
        """How an epoch is cut into mini-batches."""
        return Batching(int(self.batch_size), bool(self.even_batches))

    def __post_init__(self) -> None:
        check_positive(batch_size=self.batch_size)
        rate = self.learning_rate
        if not (isinstance(rate, Real) and 0 < rate < math.inf):
            raise InputError(
                f"{option('learning_rate')} must be a finite number above 0. Received: "
                f"{option('learning_rate', rate)}."
            )
        find_optimizer(self.optimizer)
        find_schedule(self.schedule)
        smoothing = self.label_smoothing
        if not (isinstance(smoothing, Real) and 0 <= smoothing < 1):
            raise InputError(
                f"{option('label_smoothing')} must be in [0, 1). Received: "
                f"{option('label_smoothing', smoothing)}."
            )
        if self.dropout:
            Dropout(self.dropout)


def check_positive(**given: Any) -> None:
    """Raise `InputError` if an argument is not a whole number, 1 or more."""
    for name, value in given.items():
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise InputError(
                f"{option(name)} must be a whole number, 1 or more. Received: "
                f"{option(name, value)}."
            )


def assemble(
    network: Network,
    data: TrainingData,
    settings: Settings,
    epochs: int | None = None,
    *,
    orders: Iterator[Any] | None = None,
    states: Any = None,
    steps: int = 0,
    report_objective: bool = False,
    peers: Peers | None = None,
) -> Run:
    """Return a run that trains a network in place.

    The learning rate follows its schedule through `epochs`. `orders` yields the training rows of
    each epoch in their order; by default the settings decide. `states` and `steps` are those of
    an optimizer to resume from; the states are consumed. With `report_objective` the penalised
    objective of each epoch is recorded, as in scikit-learn, instead of loss and score. `peers`
    train the network together.
    """
    network.task = data.task
    backend, dropout, keys = network.backend, None, None
    y, weight = data.of_rows(backend)
    _check_smoothed(settings.label_smoothing, data.task)
    if orders is None and y is not None:
        orders = _orders(data, y.shape[-2], settings)
    if settings.dropout:
        dropout, several = Dropout(settings.dropout), len(network.stack) == 2
        keys = dropout.keys(backend, list(settings.seeds) if several else settings.seeds[0])
    feed = feed_of(
        network,
        data.samples,
        y,
        weight,
        orders,
        settings.batching,
        peers,
        settings.label_smoothing,
    )
    constants = Constants(
        network.coefficients(settings.penalty), _divisor(network, settings, y, weight), keys
    )
    return Run(
        network,
        feed,
        _step(network, settings, dropout, report_objective, peers),
        constants,
        float(settings.learning_rate),
        states,
        steps,
        find_schedule(settings.schedule),
        _steps_of(feed, settings, epochs),
    )


def _steps_of(feed: Feed, settings: Settings, epochs: int | None) -> int:
    """Return the steps of all epochs, which a schedule has to know; 0 without one."""
    if settings.schedule == "constant" or epochs is None:
        return 0
    if isinstance(feed, Streamed):
        raise InputError(
            f"{option('schedule', settings.schedule)} has to know the number of steps, which is "
            f"unknown for an iterable. Pass arrays, or {option('schedule', 'constant')}."
        )
    return epochs * feed.steps(feed.rows)


def _check_smoothed(smoothing: float, task: str) -> None:
    if smoothing and task == "regression":
        raise InputError(
            f"{option('label_smoothing')} is for classes and labels, and this is a regression. "
            f"Leave it out. Received: {option('label_smoothing', smoothing)}."
        )


def _orders(data: TrainingData, count: int, settings: Settings) -> Iterator[Any] | None:
    """Return the orders of the `count` training rows; None for all rows as they are stored."""
    if settings.shuffle:
        return Orders(data.samples.x, data.rows, count, settings.seeds, settings.batching)
    return None if data.rows is None else itertools.repeat(data.rows)


def _step(
    network: Network,
    settings: Settings,
    dropout: Dropout | None,
    report_objective: bool,
    peers: Peers | None,
) -> Step:
    """Return the training step, with the backend's replacements of its functions."""
    library = network.backend.library
    optimizer, loss = find_optimizer(settings.optimizer), settings.loss
    found = loss if isinstance(loss, Loss) else find_loss(loss, network.activations[-1])
    return Step(
        network.hidden_activations(),
        Loss(*(choose(library, function) for function in found)),
        optimizer,
        cast(Update, choose(library, optimizer.update)),
        Operations.of(library),
        dropout,
        report_objective,
        peers,
    )


def _divisor(network: Network, settings: Settings, y: Any, weight: Any) -> Any:
    """Return the divisor of lambda; None for the number of samples in the mini-batch."""
    penalties = penalties_of(settings.penalty, network.stack)
    per = penalties[0].per
    if per == "batch" or not any(penalty.is_positive for penalty in penalties):
        return None
    if per != "dataset":
        return per
    if y is None:
        raise InputError(
            "lambda is divided by the number of training samples, which is unknown for an "
            "iterable. Pass it: penalty=L2(lam, per=60000) for 60000 samples. Or choose "
            "L2(lam, per='batch'), which divides by those of each mini-batch."
        )
    if weight is None:
        return y.shape[-2]
    with network.backend.scope():
        total = network.backend.xp.sum(weight, axis=(-2, -1), keepdims=weight.ndim == 3)
        # For groups (G, 1, 1, 1), which broadcasts with all weights.
        return float(total) if weight.ndim == 2 else total[:, None, :, :]
