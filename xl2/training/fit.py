"""Training a network: `fit`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..array.switch import decided, resolve
from ..errors import InputError
from ..nn.losses import Loss
from ..nn.network import Network
from ..nn.optimizers import Optimizer
from ..nn.penalties import Penalty
from ..nn.streams import Pairs
from .assemble import Settings, assemble, check_positive, check_seeds
from .checkpoints import Checkpoint, CheckpointSaver, as_checkpoint
from .data import HeldOut, TrainingData, read_held_out
from .fingerprint import fingerprint_of
from .history import History
from .loop import NO_CHECKPOINT, Callback, Saver, train


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
    check_positive(epochs=epochs)
    settings = Settings(
        optimizer,
        learning_rate,
        batch_size,
        penalty,
        loss,
        dropout,
        shuffle,
        check_seeds(seed, network.groups),
    )
    target = as_checkpoint(checkpoint, every, resume)
    pairs = Pairs(X) if y is None else None
    _choose_device(network, X if pairs is None else pairs.first[0], backend, device)
    if pairs is not None:
        data = TrainingData.stream(network, pairs, sample_weight, rows)
    else:
        data = TrainingData.read(network, X, y, sample_weight, rows)
    return train_network(
        network,
        data,
        settings,
        epochs,
        held_out=read_held_out(network, validation),
        callbacks=callbacks,
        progress=progress,
        checkpoint=target,
    )


def train_network(
    network: Network,
    data: TrainingData,
    settings: Settings,
    epochs: int,
    *,
    held_out: Sequence[HeldOut] = (),
    callbacks: Sequence[Callback] = (),
    progress: bool | None = False,
    checkpoint: Checkpoint | None = None,
) -> History:
    """Train a network on checked data; `fit` says what it returns and raises."""
    run = assemble(network, data, settings)
    saver: Saver = NO_CHECKPOINT
    if checkpoint is not None:
        _check_resumable(data, checkpoint.every)
        fingerprint = fingerprint_of(run, data, settings, held_out)
        saver = CheckpointSaver(checkpoint, fingerprint, callbacks)
        saver.begin(run, epochs)
    return train(run, epochs, held_out, callbacks, progress, saver)


def _check_resumable(data: TrainingData, every: float) -> None:
    """Refuse a checkpoint of a stream that could not be resumed."""
    pairs = data.samples.x
    if not isinstance(pairs, Pairs):
        return
    if not pairs.repeats:
        raise InputError(
            f"A run on this {pairs.kind} cannot be resumed, because it can be iterated once. "
            f"For a checkpoint give something that can be iterated again."
        )
    if every < 1:
        raise InputError(
            f"A run on an iterable can be resumed only between epochs: give every=1 or more. "
            f"Received: every={every!r}."
        )


def _choose_device(network: Network, X: Any, backend: str | None, device: Any) -> None:
    """Move the network to where the fit computes."""
    chosen = decided(backend, device) if backend is not None or device is not None else None
    if chosen is not None:
        network.move_to(resolve(chosen.backend or network.backend.name, chosen.device))
    elif not network.on_chosen_device:
        network.move_to(resolve(data=X))
