"""The solvers "sgd" and "adam": training by mini-batches, as scikit-learn does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from sklearn.exceptions import ConvergenceWarning

from ..array.backend import Backend
from ..errors import DivergenceError, InputError, warn_caller
from ..nn.network import Network
from ..nn.optimizers import Optimizer
from ..training.assemble import Settings, assemble
from ..training.batching import window
from ..training.data import TrainingData
from ..training.loop import train
from ..training.orders import Orders
from ..training.run import Run
from . import inputs
from .arguments import callbacks_of, optimizer_of, penalty_of
from .epoch_end import EpochEnd
from .losses import REPORTED
from .random_draws import draw_seed, orders

NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed."
)


class Training(NamedTuple):
    """The samples of a fit on the backend, their targets and weights also on the host."""

    data: TrainingData
    y: Any
    weight: Any
    home: Backend  # the backend of the user's samples


class Validation(NamedTuple):
    """Validation samples on the backend, their targets and weights on the host."""

    x: Any
    y: Any
    weight: Any


@dataclass
class OptimizerState:
    """The optimizer and its state, from which the next `partial_fit` continues.

    As in scikit-learn, `partial_fit` ignores changed arguments of the optimizer until the
    next `fit`.
    """

    optimizer: Optimizer
    schedule: str
    power: float  # the exponent of the schedule "invscaling"
    initial_rate: float
    learning_rate: float
    steps: int = 0
    states: Any = None  # of the weight and the bias of each layer; None before the first step

    @classmethod
    def of(cls, estimator: Any) -> OptimizerState:
        """Return the state before the first step. Only "sgd" has a schedule."""
        schedule = estimator.learning_rate if estimator.solver == "sgd" else "constant"
        rate = float(estimator.learning_rate_init)
        return cls(optimizer_of(estimator), schedule, float(estimator.power_t), rate, rate)


def descend(
    estimator: Any,
    network: Network,
    training: Training,
    validation: Validation | None,
    random: Any,
    part: bool,
) -> None:
    """Train a network in place, and write the results to the estimator.

    `validation` are the validation samples of the user. If `part`, train for one epoch from the
    optimizer's last state. A divergence is an InputError, or with early stopping a
    ConvergenceWarning.
    """
    if not part or not hasattr(estimator, "_optimizer"):
        estimator._optimizer = OptimizerState.of(estimator)
    state, early_stopping = estimator._optimizer, estimator.early_stopping
    rows = None
    if early_stopping and validation is None:
        rows, validation = _split(estimator, training, random, network.backend)
    if validation is not None and estimator.validation_scores_ is None:
        estimator.validation_scores_, estimator.best_validation_score_ = [], -math.inf
    run = _run(estimator, network, training, rows, random)
    score = None
    if validation is not None:
        score = partial(_validation_score, estimator, validation)
    if callbacks_of(estimator):
        estimator._store(network, training.home)
    epoch_end = EpochEnd(estimator, run, score, part, training.home)
    before = network.parameters
    estimator.n_iter_ = 0
    try:
        train(run, 1 if part else int(estimator.max_iter), callbacks=[epoch_end], progress=False)
    except KeyboardInterrupt:
        warn_caller("Training interrupted by user.")
    except DivergenceError as error:
        if not early_stopping:
            raise InputError(NOT_FINITE) from None
        epoch_end.record(math.nan)
        epoch_end.record_score(math.nan)
        warn_caller(
            f"Training diverged in epoch {error.epoch}; the best weights before it are kept. "
            f"Lower learning_rate_init ({state.initial_rate:g}), or scale the data.",
            ConvergenceWarning,
        )
    state.learning_rate, state.steps = run.learning_rate, run.steps
    state.states = [
        [[inputs.move(s, network.backend, training.home) for s in parts] for parts in layer]
        for layer in run.carry.states
    ]
    if early_stopping:
        network.parameters = epoch_end.best or before


def _run(estimator: Any, network: Network, training: Training, rows: Any, random: Any) -> Run:
    """Return a run of the training loop; `rows` are the training samples, None for all."""
    import numpy as np

    state = estimator._optimizer
    index = np.arange(len(training.y)) if rows is None else rows
    size = _batch_size(estimator.batch_size, len(index))
    if not estimator.even_batches:
        _warn_of_short_batch(len(index), size)
    settings = Settings(
        optimizer=state.optimizer,
        learning_rate=state.learning_rate,
        batch_size=size,
        penalty=penalty_of(estimator, len(network.parameters)),
        loss=REPORTED[estimator.loss, estimator.out_activation_],
        dropout=estimator.dropout,
        shuffle=False,
        even_batches=estimator.even_batches,
        seeds=(draw_seed(random) if estimator.dropout else 0,),
    )
    return assemble(
        network,
        training.data.select(rows),
        settings,
        orders=_orders(training, rows, index, settings, random) if estimator.shuffle else None,
        states=_states(state.states, network),
        steps=state.steps,
        report_objective=True,
    )


def _orders(
    training: Training, rows: Any, index: Any, settings: Settings, random: Any
) -> Iterator[Any]:
    """Return the orders of the training samples: scikit-learn's, or those of `fit` for blocks."""
    x, count = training.data.samples.x, len(index)
    if getattr(x, "edges", None) is None or count <= window(x, settings.batching.size):
        return orders(index, random)
    return Orders(x, rows, count, [draw_seed(random)], settings.batching)


def _split(
    estimator: Any, training: Training, random: Any, backend: Backend
) -> tuple[Any, Validation]:
    """Split off validation samples as scikit-learn does; return the other rows, and them."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    rows, held = train_test_split(
        np.arange(len(training.y)),
        random_state=random,
        test_size=float(estimator.validation_fraction),
        stratify=estimator._strata(training.y),
    )
    if len(held) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of "
            "your dataset."
        )
    if getattr(training.data.samples.x, "edges", None) is not None:
        held = np.sort(held)  # each block is then read once
    weight = None if training.weight is None else training.weight[held]
    return rows, Validation(
        inputs.subset(training.data.samples.x, held, backend), training.y[held], weight
    )


def _validation_score(estimator: Any, validation: Validation, network: Network) -> float:
    """Return the score of a network on validation samples; NaN if it has diverged."""
    import numpy as np

    with network.backend.scope():
        found = network.outputs_of(validation.x)
    outputs = network.backend.to_numpy(found)
    if not np.isfinite(outputs).all():
        return math.nan
    return float(estimator._score_outputs(outputs, validation.y, validation.weight))


def _states(states: Any, network: Network) -> Any:
    """Return an optimizer's states as arrays that a run may consume."""
    if states is None:
        return None
    xp = network.backend.xp

    def own(state: Any) -> Any:
        return xp.asarray(inputs.array_on(state, network.backend, network.dtype), copy=True)

    return tuple(tuple(tuple(own(s) for s in parts) for parts in layer) for layer in states)


def _batch_size(batch_size: Any, samples: int) -> int:
    if batch_size == "auto":
        return min(200, samples)
    if batch_size > samples:
        warn_caller(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped"
        )
    return int(min(batch_size, samples))


def _warn_of_short_batch(samples: int, size: int) -> None:
    """Warn if the last mini-batch of an epoch is smaller than a quarter of the others."""
    last = samples % size
    if 0 < 4 * last < size:
        warn_caller(
            f"The last mini-batch of each epoch has {last} of {size} samples, and the optimizer "
            f"takes a full step for it: its noise, and alpha divided by {last} instead of {size}, "
            f"can dominate the epoch. scikit-learn trains the same way. Pass even_batches=True, "
            f"or another batch_size."
        )
