"""From arguments to a run of the training loop: `fit`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, cast

from ..array.operations import Operations, choose
from ..errors import InputError
from ..nn.dropout import Dropout
from ..nn.losses import Loss, find_loss
from ..nn.network import Network
from ..nn.optimizers import Optimizer, Update, find_optimizer
from ..nn.penalties import Penalty
from ..nn.step import Constants, Step
from ..nn.streams import Pairs
from .batches import Streamed
from .checkpoints import Checkpoint, CheckpointSaver, as_checkpoint
from .fingerprint import fingerprint_of
from .history import History
from .orders import check_rows, check_seeds, orders_of
from .preparation import (
    check_repeats,
    dataset_rows,
    gather,
    held_out_samples,
    known_samples,
    place,
    stream,
)
from .run import NOTHING, Callback, Run, Saver
from .run import Keep as Keep


def fit(
    network: Network,
    X: Any,
    y: Any = None,
    *,
    epochs: int = 10,
    batch_size: int = 64,
    learning_rate: float = 0.01,
    optimizer: str | Optimizer = "sgd",
    penalty: Penalty = 0.0,
    loss: str | Loss | None = None,
    dropout: float = 0.0,
    sample_weight: Any = None,
    shuffle: bool = True,
    seed: int | Sequence[int] = 0,
    rows: Any = None,
    validation: tuple[Any, Any] | list[tuple[Any, Any]] | None = None,
    callbacks: Sequence[Callback] = (),
    checkpoint: str | Path | Checkpoint | None = None,
    every: float = 1,
    resume: bool = False,
    progress: bool | None = None,
    backend: str | None = None,
    device: Any = None,
) -> History:
    """Train a network, or a stack of networks, on mini-batches.

    Parameters
    ----------
    network : Network
        It is trained where it stands: its parameters are replaced.
    X : array_like, scipy sparse matrix, array on disk, or iterable; shape (n, inputs)
        Samples. A sparse matrix is made dense a few mini-batches at a time. A
        ``numpy.memmap``, a dataset of h5py, an array of zarr and what
        `xl2.data.open_rows` returns stay on the disk, and as few rows at a time are read.
        An iterable, without `y`, gives pairs (X, y), or (X, y, sample_weight), of arrays
        or of any of these.
    y : array_like, shape (n,) or (n, outputs), optional
        Class numbers from 0, or targets; see `xl2.nn.tasks`. They are held in memory.
    epochs : int, default 10
        Passes over the samples. An iterable is gone through once an epoch.
    batch_size : int, default 64
        Samples of a mini-batch; the last of an epoch may have fewer. Of an iterable each
        pair is cut into mini-batches for itself, so that the last of a pair may.
    learning_rate : float, default 0.01
        Step size, for gradients that are means over the mini-batch.
    optimizer : {"sgd", "momentum", "nesterov", "adam"} or Optimizer, default "sgd"
        See `xl2.nn.optimizers`.
    penalty : float or L2, default 0
        lambda, or an `L2`; for a stack also a sequence, one a member; for a stack in
        groups one for each place in a group, the same in all groups.
    loss : str or Loss, optional
        By default the natural one of the output activation, see `xl2.nn.losses`.
    dropout : float, default 0
        The part of each hidden layer's units that is left out of a step, drawn anew for
        every sample; in [0, 1).
    sample_weight : array_like, shape (n,), optional
        How much each sample counts, 0 or more. A mini-batch's gradient, and lambda in it,
        are divided by the sum of its weights; where that is 0 it teaches nothing.
    shuffle : bool, default True
        Draw a new order of the samples for each epoch. Of HDF5, zarr and Parquet the blocks
        in which they are read (chunks, or a few of them; row groups) are shuffled, and then
        the rows of each 16 MB that are in memory together; with 16 MB or less all rows are
        shuffled as those of an array. An iterable is taken in its own order.
    seed : int or sequence of int, default 0
        Of those orders and of dropout: the same on every backend. For a stack in groups
        also a sequence, one a group.
    rows : array_like of int, shape (n,); for a stack in groups (G, n); optional
        The samples to learn from, by their numbers in `X`, of each group its own; by
        default all. Not for an iterable.
    validation : (X, y), or a list of them, optional
        Samples to measure on after each epoch, which may also be sparse or on disk; for a
        stack in groups also a list of pairs, one a group.
    callbacks : sequence of callable, optional
        Each is called as ``callback(network, history)`` after each epoch. Training
        ends after an epoch in which one of them returned True; where one returned
        `Keep`, a stack goes on with those members only.
    checkpoint : path-like, optional
        A file to write the run to as it goes on, whole or not at all: `every` so many epochs,
        at the end, and on Ctrl-C. What cannot be written costs a warning, not the run.
    every : float, default 1
        Epochs between two checkpoints. A part of one, as 0.1, writes within an epoch too, after
        the mini-batches that get there, about 8192 samples at a time; not for an iterable.
    resume : bool, default False
        Go on from the checkpoint, where there is one: as if it had not stopped, bit for bit,
        to `epochs` in all, no fewer than it has. The other arguments are to be those it was
        begun with.
    progress : bool, optional
        Show a progress bar; by default where standard error is a terminal.
    backend, device : optional
        Where to compute; see `xl2.array.switch`. By default where the network was put, or,
        if nobody said, where `X` is.

    Returns
    -------
    History
        The curves of this fit, from its first epoch on.

    Raises
    ------
    InputError
        If an argument, `X` or `y` cannot be used. What is read in an epoch is checked
        then, and the network keeps the parameters from before that epoch. So it does where
        an iterable was used up in an earlier epoch. Also if a checkpoint is that of another
        run, has more epochs than are asked for, or would be lost.
    FileFormatError
        If a checkpoint is damaged, or none.
    DivergenceError
        If the loss or a parameter is no longer finite. The network keeps the
        parameters from before that step. A member of a stack that diverges is marked
        in `History.diverged` and harms no other; the error comes when all have. In a stream
        that cannot be gone through again the step cannot be told: it is None, and the
        parameters are those from before the epoch.
    """
    check_numbers(epochs=epochs, batch_size=batch_size)
    check_rate(learning_rate)
    saved = as_checkpoint(checkpoint, every, resume)
    pairs = Pairs(X) if y is None else None
    place(network, X if pairs is None else pairs.first[0], backend, device)
    if pairs is not None:
        known = seen = stream(network, pairs, sample_weight, rows)
        chosen = None
    else:
        known = known_samples(network, X, y, sample_weight)
        chosen = check_rows(network, rows, known.x.shape[0])
        seen = known if chosen is None else gather(network, known, chosen)
    seeds, orders = check_seeds(network, seed), None
    if pairs is None:
        count = seen.y.shape[-2]
        orders = orders_of(known.x, chosen, count, seeds if shuffle else None, batch_size)
    thin = Dropout(dropout) if dropout else None
    held_out = held_out_samples(network, validation)
    run = Run(
        network,
        known,
        seen,
        make_step(network, find_optimizer(optimizer), loss, thin),
        Constants(
            network.coefficients(penalty),
            dataset_rows(network, seen, penalty),
            None if thin is None else thin.keys(network.backend, _keys_of(network, seeds)),
        ),
        float(learning_rate),
        int(batch_size),
        orders,
    )
    saver: Saver = NOTHING
    if saved is not None:
        if pairs is not None:
            check_repeats(pairs, saved.every)
            known = cast(Streamed, run.feed).checked(*pairs.first, 1)
        fingerprint = fingerprint_of(
            run,
            penalty=penalty,
            loss=loss,
            rows=None if rows is None else chosen,
            seeds=seeds,
            shuffle=shuffle,
            samples=known,
            held_out=held_out,
        )
        saver = CheckpointSaver(saved, fingerprint, callbacks)
        saver.begin(run, int(epochs))
    return run.train(int(epochs), held_out, callbacks, progress, saver)


def _keys_of(network: Network, seeds: list[int]) -> int | list[int]:
    return seeds if len(network.stack) == 2 else seeds[0]


def make_step(
    network: Network,
    optimizer: Optimizer,
    loss: str | Loss | None,
    dropout: Dropout | None = None,
    objective: bool = False,
) -> Step:
    """Return the step of a fit, with every function as the network's backend does it."""
    library = network.backend.library
    found = loss if isinstance(loss, Loss) else find_loss(loss, network.activations[-1])
    return Step(
        network.hidden_activations(),
        Loss(*(choose(library, function) for function in found)),
        optimizer,
        cast(Update, choose(library, optimizer.update)),
        Operations.of(library),
        dropout,
        objective,
    )


def check_numbers(**given: Any) -> None:
    """Raise `InputError` where an argument is no whole number from 1 on."""
    for name, value in given.items():
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise InputError(f"{name} is a whole number, 1 or more. Received: {name}={value!r}.")


def check_rate(learning_rate: float) -> None:
    """Raise `InputError` where a learning rate is no finite number above 0."""
    if not (isinstance(learning_rate, Real) and 0 < learning_rate < math.inf):
        raise InputError(
            f"learning_rate is a finite number above 0. Received: learning_rate={learning_rate!r}."
        )
