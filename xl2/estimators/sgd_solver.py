"""Training by mini-batches, in scikit-learn's order and with its ways to end."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from sklearn.exceptions import ConvergenceWarning

from ..array.backend import Backend
from ..errors import DivergenceError, InputError
from ..nn.network import Network
from ..nn.step import Constants, Samples
from ..training.fit import make_step
from ..training.run import Run
from . import inputs
from .arguments import Arguments, callbacks_of, coefficients
from .epoch_end import OptimizerState, Watch
from .losses import REPORTED
from .random_draws import draw_seed, orders

if TYPE_CHECKING:
    from .arguments import Stopping

NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed."
)


class Known(NamedTuple):
    """The samples of a fit, where it computes, and what of them is needed on the host.

    Attributes
    ----------
    samples : Samples
    y : numpy.ndarray, shape (n, outputs)
        The targets as the network learns them.
    weight : numpy.ndarray, shape (n,), or None
    home : Backend
        Where they came from.
    """

    samples: Samples
    y: Any
    weight: Any
    home: Backend


class Judged(NamedTuple):
    """Validation samples: where it computes; targets and weights on the host."""

    x: Any
    y: Any
    weight: Any


def descend(
    estimator: Any,
    network: Network,
    known: Known,
    judged: Judged | None,
    arguments: Arguments,
    random: Any,
    incremental: bool,
) -> None:
    """Train a network where it stands, and write what became of it to the estimator.

    Parameters
    ----------
    estimator : estimator
    network : Network
    known : Known
        What it learns from.
    judged : Judged or None
        Validation samples of the user's own.
    arguments : Arguments
    random : numpy.random.RandomState
    incremental : bool
        For one epoch, on from where the optimizer stopped.

    Raises
    ------
    InputError
        If training diverges, unless it is to stop early.

    Warns
    -----
    ConvergenceWarning
        If it has not converged, or diverged and is to stop early.
    UserWarning
        If it was interrupted.
    """
    stopping = arguments.stopping
    if not incremental or not hasattr(estimator, "_optimizer"):
        estimator._optimizer = OptimizerState(arguments.descent)
    state = estimator._optimizer
    arguments = arguments._replace(descent=state.going_on(arguments.descent))
    rows = None
    if stopping.early and judged is None:
        rows, judged = _split(known, stopping, estimator._stratified, random, network.backend)
    if judged is not None and estimator.validation_scores_ is None:
        estimator.validation_scores_, estimator.best_validation_score_ = [], -math.inf
    run = _run(estimator, network, known, rows, arguments, random)
    score = None if judged is None else lambda network: _judge(estimator, network, judged)
    if callbacks_of(estimator):
        estimator._take(network, known.home)
    watch = Watch(estimator, arguments, run, score, incremental, known.home)
    before = network.parameters
    estimator.n_iter_ = 0
    try:
        run.train(1 if incremental else stopping.epochs, callbacks=[watch], progress=False)
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=4)
    except DivergenceError as error:
        if not stopping.early:
            raise InputError(NOT_FINITE) from None
        watch.record(math.nan)
        watch.record_score(math.nan)
        warnings.warn(
            f"Training diverged in epoch {error.epoch}; the best weights of before are kept. "
            f"Lower learning_rate_init ({arguments.descent.learning_rate:g}), or scale the data.",
            ConvergenceWarning,
            stacklevel=4,
        )
    state.learning_rate, state.steps = run.learning_rate, run.steps
    state.states = [
        [[inputs.given_back(s, network.backend, known.home) for s in parts] for parts in layer]
        for layer in run.carry.states
    ]
    if stopping.early:
        network.parameters = watch.best or before


def _run(
    estimator: Any, network: Network, known: Known, rows: Any, arguments: Arguments, random: Any
) -> Run:
    """Return a run of the training loop; `rows` are those to learn from, None for all."""
    import numpy as np

    backend, samples, state = network.backend, known.samples, estimator._optimizer
    descent, thin = arguments.descent, arguments.layers.dropout
    seen = samples
    if rows is not None:
        y, weight = (None if a is None else inputs.part(a, rows, backend) for a in samples[1:])
        seen = Samples(None, y, weight)
    count = seen.y.shape[0]
    every = np.arange(count) if rows is None else rows
    in_order = None if rows is None else itertools.repeat(rows)
    keys = None if thin is None else thin.keys(backend, draw_seed(random))
    loss = REPORTED[estimator.loss, estimator.out_activation_]
    return Run(
        network,
        samples,
        seen,
        make_step(network, descent.optimizer, loss, thin, objective=True),
        Constants(coefficients(estimator, network), None, keys),
        state.learning_rate,
        _batch_size(descent.batch_size, count),
        orders(every, random) if descent.shuffle else in_order,
        _states(state.states, network),
        state.steps,
    )


def _split(
    known: Known, stopping: Stopping, stratified: bool, random: Any, backend: Backend
) -> tuple[Any, Judged]:
    """Set validation samples aside, as scikit-learn does; the rest are given by number."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    rows, held = train_test_split(
        np.arange(len(known.y)),
        random_state=random,
        test_size=stopping.fraction,
        stratify=known.y if stratified and known.y.shape[1] == 1 else None,
    )
    if len(held) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of "
            "your dataset."
        )
    weight = None if known.weight is None else known.weight[held]
    return rows, Judged(inputs.part(known.samples.x, held, backend), known.y[held], weight)


def _judge(estimator: Any, network: Network, judged: Judged) -> float:
    """Return the score of a network on validation samples; NaN where it has diverged."""
    import numpy as np

    with network.backend.scope():
        found = network.activate(network.logits_of(judged.x))
    outputs = network.backend.to_numpy(found)
    if not np.isfinite(outputs).all():
        return math.nan
    return float(estimator._score_outputs(outputs, judged.y, judged.weight))


def _states(states: Any, network: Network) -> Any:
    """Return an optimizer's states as arrays that a run may consume."""
    if states is None:
        return None
    xp = network.backend.xp

    def own(state: Any) -> Any:
        return xp.asarray(inputs.moved(state, network.backend, network.dtype), copy=True)

    return tuple(tuple(tuple(own(s) for s in parts) for parts in layer) for layer in states)


def _batch_size(batch_size: Any, samples: int) -> int:
    if batch_size == "auto":
        return min(200, samples)
    if batch_size > samples:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
            stacklevel=6,
        )
    return int(min(batch_size, samples))
