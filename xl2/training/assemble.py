"""From a network, its data and its settings to a run: the only place that builds one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, cast

from ..array.operations import Operations, choose
from ..errors import InputError
from ..nn.dropout import Dropout
from ..nn.losses import Loss, find_loss
from ..nn.network import Network
from ..nn.optimizers import Optimizer, Update, find_optimizer
from ..nn.penalties import Penalty, penalties_of
from ..nn.step import Constants, Step
from .batches import feed_of
from .data import TrainingData
from .orders import orders_of
from .run import Run


@dataclass(frozen=True)
class Settings:
    """How a network learns; the arguments of `xl2.fit` of the same names.

    Attributes
    ----------
    seeds : tuple of int
        Of the orders and of dropout, one for each group.

    Raises
    ------
    InputError
        If a number is not what it has to be.
    """

    optimizer: str | Optimizer = "sgd"
    learning_rate: float = 0.01
    batch_size: int = 64
    penalty: Penalty = 0.0
    loss: str | Loss | None = None
    dropout: float = 0.0
    shuffle: bool = True
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        check_positive(batch_size=self.batch_size)
        rate = self.learning_rate
        if not (isinstance(rate, Real) and 0 < rate < math.inf):
            raise InputError(
                f"learning_rate is a finite number above 0. Received: learning_rate={rate!r}."
            )
        find_optimizer(self.optimizer)
        if self.dropout:
            Dropout(self.dropout)


def check_positive(**given: Any) -> None:
    """Raise `InputError` where an argument is not a whole number, 1 or more."""
    for name, value in given.items():
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise InputError(f"{name} is a whole number, 1 or more. Received: {name}={value!r}.")


def check_seeds(seed: int | Sequence[int], groups: int) -> tuple[int, ...]:
    """Return one seed for each group of a stack, or one for a network.

    Raises
    ------
    InputError
        If there are too few or too many.
    """
    if isinstance(seed, Integral):
        return (int(seed),) * groups
    seeds = tuple(cast(Sequence[int], seed))
    if len(seeds) != groups:
        raise InputError(
            f"seed is one number, or one for each of {groups} groups. "
            f"Received: {len(seeds)}, {list(seeds)!r}."
        )
    return seeds


def assemble(
    network: Network,
    data: TrainingData,
    settings: Settings,
    *,
    orders: Iterator[Any] | None = None,
    states: Any = None,
    steps: int = 0,
    report_objective: bool = False,
) -> Run:
    """Return a run that is ready to train.

    Parameters
    ----------
    network : Network
        It is trained in place.
    data : TrainingData
    settings : Settings
    orders : iterator of numpy.ndarray, optional
        The training rows of each epoch in their order; by default as the settings say.
    states, steps : optional
        Of the optimizer, to resume from. The states are consumed.
    report_objective : bool, default False
        Record the penalised objective of each epoch, as scikit-learn does, not loss and score.
    """
    network.task = data.task
    backend, dropout = network.backend, None
    if settings.dropout:
        dropout = Dropout(settings.dropout)
    y, weight = data.of_rows(backend)
    if orders is None and y is not None:
        seeds = settings.seeds if settings.shuffle else None
        orders = orders_of(data.samples.x, data.rows, y.shape[-2], seeds, settings.batch_size)
    keys = None
    if dropout is not None:
        several = len(network.stack) == 2
        keys = dropout.keys(backend, list(settings.seeds) if several else settings.seeds[0])
    constants = Constants(
        network.coefficients(settings.penalty), _divisor(network, settings, y, weight), keys
    )
    return Run(
        network,
        feed_of(network, data.samples, y, weight, orders, settings.batch_size),
        _step(network, settings, dropout, report_objective),
        constants,
        float(settings.learning_rate),
        int(settings.batch_size),
        states,
        steps,
    )


def _step(
    network: Network, settings: Settings, dropout: Dropout | None, report_objective: bool
) -> Step:
    """Return the training step, with every function as the network's backend has it."""
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
    )


def _divisor(network: Network, settings: Settings, y: Any, weight: Any) -> Any:
    """Return what divides lambda; None for the number of samples in the mini-batch."""
    if penalties_of(settings.penalty, network.stack)[0].per == "batch":
        return None
    if y is None:
        raise InputError(
            "L2(per='dataset') divides lambda by the number of samples, which is unknown for an "
            "iterable. Choose per='batch'."
        )
    if weight is None:
        return y.shape[-2]
    if len(network.stack) == 2:
        raise InputError("sample_weight in a stack of groups needs a penalty per='batch'.")
    with network.backend.scope():
        return float(network.backend.xp.sum(weight))
