"""Training a network: `fit`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..array.peers import Peers
from ..array.switch import decided, resolve
from ..errors import InputError, option
from ..nn.initializers import check_seeds
from ..nn.losses import Loss
from ..nn.network import Network
from ..nn.optimizers import Optimizer
from ..nn.penalties import Penalty
from ..nn.streams import Pairs
from .assemble import Settings, assemble, check_positive
from .checkpoints import Checkpoint, CheckpointSaver, as_checkpoint
from .data import HeldOut, TrainingData, read_held_out
from .fingerprint import Fingerprint, fingerprint_of
from .history import History
from .loop import Callback, train
from .together import check_same_fit, check_same_start, one_fate, peers_of, placed
from .watching import watching


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
    schedule: str = "constant",
    label_smoothing: float = 0.0,
    sample_weight: Any = None,
    shuffle: bool = True,
    even_batches: bool = True,
    seed: int | Sequence[int] = 0,
    rows: Any = None,
    validation: tuple[Any, Any] | list[tuple[Any, Any]] | None = None,
    callbacks: Sequence[Callback] = (),
    checkpoint: str | Path | None = None,
    every: float = 1,
    resume: bool = False,
    progress: bool | None = None,
    distributed: bool = False,
    backend: str | None = None,
    device: Any = None,
) -> History:
    """Train a network, or a stack of networks, on mini-batches.

    Parameters
    ----------
    network : Network
        The network to train, in place: its parameters are replaced.
    X : array_like, scipy sparse matrix, array on disk, Dask collection, or iterable; (n, inputs)
        Samples. A sparse matrix is made dense a few mini-batches at a time. A
        ``numpy.memmap``, an h5py dataset, a zarr array and the result of
        `xl2.data.open_rows` stay on disk, and a few rows at a time are read. Of a Dask array or
        data frame a few partitions at a time are computed. An array that is not in C order, such
        as that of a DataFrame, is copied once.
        An iterable, without `y`, yields pairs (X, y), or (X, y, sample_weight), of arrays
        or of any of these.
    y : array_like, shape (n,) or (n, outputs), optional
        Class numbers from 0, or targets; see `xl2.nn.tasks`. They are held in memory.
    epochs : int, default 10
        Passes over the samples.
    batch_size : int, default 64
        The largest number of samples in a mini-batch. An epoch, or each pair of an iterable, is
        cut into as few mini-batches as that allows; their sizes differ by one at most.
    learning_rate : float, default 0.01
        Step size, for gradients that are means over the mini-batch.
    optimizer : {"sgd", "momentum", "nesterov", "adam"} or Optimizer, default "sgd"
        See `xl2.nn.optimizers`.
    penalty : float or L2, default 0
        lambda, or an `L2`: ``lam / (2 n) * sum(W^2)`` is added to the mean loss, with n the number
        of training samples. For a stack also a sequence: one for each member, or, for a stack of
        groups, one for each member of a group, the same in all groups.
    loss : str or Loss, optional
        By default that of the output activation, see `xl2.nn.losses`.
    dropout : float, default 0
        The fraction of each hidden layer's units that a step leaves out, drawn for every
        sample; in [0, 1).
    schedule : {"constant", "cosine", "flat_cosine", "one_cycle"}, default "constant"
        How the learning rate changes from the first step to the last; see
        `xl2.training.schedules`. Not for an iterable, whose steps are unknown.
    label_smoothing : float, default 0
        The part of each target of a classifier that is divided evenly among all classes, in
        [0, 1). The loss of the training is that of the smoothed targets.
    sample_weight : array_like, shape (n,), optional
        Weights of the samples, 0 or more. The gradient of a mini-batch's loss is divided by the sum
        of its weights, and lambda by the sum of all.
    shuffle : bool, default True
        Draw a new order of the samples for each epoch. Of HDF5, zarr, Parquet and Dask the blocks
        in which they are read (one or more chunks; row groups; partitions) are shuffled, and then
        the rows of each 16 MB that are in memory together. With 16 MB or less all rows are
        shuffled like those of an array. The order of an iterable is not changed.
    even_batches : bool, default True
        If False, all mini-batches have `batch_size` samples but the last one, which has the rest,
        as in the notebook and in scikit-learn.
    seed : int or sequence of int, default 0
        Seed of the order and of dropout: the same on every backend. For a stack of groups
        also a sequence, one for each group.
    rows : array_like of int, shape (n,); for a stack of groups (G, n); optional
        The samples to train on, as indices of `X`, for each group its own; by
        default all. Not for an iterable.
    validation : (X, y), or a list of them, optional
        Samples to evaluate after each epoch, which may also be sparse or on disk; for a
        stack of groups also a list of pairs, one for each group.
    callbacks : sequence of callable, optional
        Each is called as ``callback(network, history)`` after each epoch. If one returns True,
        training ends. If one returns an `xl2.training.loop.Keep`, only those members of a stack
        are trained further. Those of `xl2.tracking` log the run.
    checkpoint : path-like, optional
        A file in which the run is saved every `every` epochs, at the end, and on Ctrl-C. It is
        replaced atomically. If it cannot be written, a warning is issued and training continues.
    every : float, default 1
        Epochs between two checkpoints. A fraction, such as 0.1, also saves within an epoch,
        after about 8192 samples at a time; not for an iterable.
    resume : bool, default False
        Continue from the checkpoint if it exists, with the same result as without the
        interruption, bit for bit. `epochs` is then the total, and the other arguments must be
        those of the first call.
    progress : bool, optional
        Show what is done, the time left and the loss while training; by default if standard error
        is a terminal, and in a notebook.
    distributed : bool, default False
        Divide each mini-batch among the processes that ``torchrun`` started, or among the devices
        of JAX, and sum their gradients: the same training, but for rounding. Every process calls
        `fit` with the same arguments; see docs/distributed.md. Not for an iterable.
    backend, device : optional
        Where to compute; see `xl2.array.switch`. By default on the backend and device chosen for
        the network, or else on those of `X`.

    Returns
    -------
    History
        The curves of this run, from its first epoch.

    Raises
    ------
    InputError
        If an argument, `X` or `y` cannot be used. Samples that are read during an epoch are
        checked then, and the network keeps the parameters from before that epoch. Also if a
        checkpoint is that of another run, has more epochs than `epochs`, or would be
        overwritten.
    BackendError
        If the fit is distributed and the backend has no processes or devices to divide it among.
    PeerError
        If another process of a distributed fit fails or ends, or was called with something else.
        The network keeps the parameters from before the epoch.
    FileFormatError
        If the checkpoint is damaged, or is not a checkpoint.
    DivergenceError
        If the loss or a parameter is no longer finite. The network keeps the parameters from
        before that step. A member of a stack that diverges is marked in `History.diverged` and
        does not affect the others; the error is raised if all diverge. In a stream that cannot
        be iterated again the step is None, and the parameters are those from before the epoch.
    """
    pairs = Pairs(X) if y is None else None
    _choose_device(network, X if pairs is None else pairs.first[0], backend, device)
    peers = peers_of(network.backend, pairs) if distributed else None
    with placed(network, peers):
        with one_fate(peers):
            check_positive(epochs=epochs)
            settings = Settings(
                optimizer,
                learning_rate,
                batch_size,
                penalty,
                loss,
                dropout,
                schedule,
                label_smoothing,
                shuffle,
                even_batches,
                tuple(check_seeds(seed, network.groups, "group")),
            )
            target = as_checkpoint(checkpoint, every, resume)
            if pairs is not None:
                data = TrainingData.stream(network, pairs, sample_weight, rows)
            else:
                data = TrainingData.read(network, X, y, sample_weight, rows)
            held_out = read_held_out(network, validation)
        return train_network(
            network,
            data,
            settings,
            epochs,
            held_out=held_out,
            callbacks=callbacks,
            progress=progress,
            checkpoint=target,
            peers=peers,
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
    peers: Peers | None = None,
) -> History:
    """Train a network on checked data; see `fit`."""
    saver, fingerprint = None, Fingerprint()
    with one_fate(peers):
        run = assemble(network, data, settings, epochs, peers=peers)
        watched = watching(callbacks, run, settings, epochs)
        if checkpoint is not None or (peers and peers.count > 1):
            fingerprint = fingerprint_of(run, data, settings, held_out)
        if checkpoint is not None:
            _check_resumable(data, checkpoint.every)
            saver = CheckpointSaver(checkpoint, fingerprint, callbacks)
    samples = [data.samples.x, *(one.x for one in held_out)]
    check_same_fit(peers, network, samples, fingerprint, epochs, checkpoint)
    if saver is not None:
        with one_fate(peers):
            saver.begin(run, epochs)
        check_same_start(peers, network, len(run.history))
    with contextlib.ExitStack() as entered:
        with one_fate(peers):
            entered.enter_context(watched)
        return train(run, epochs, held_out, callbacks, progress, saver)


def _check_resumable(data: TrainingData, every: float) -> None:
    """Refuse a checkpoint of a stream that could not be resumed."""
    pairs = data.samples.x
    if not isinstance(pairs, Pairs):
        return
    if not pairs.repeats:
        raise InputError(
            f"A run on this {pairs.kind} cannot be resumed, because it can be iterated only "
            f"once. For a checkpoint pass something that can be iterated again."
        )
    if every < 1:
        raise InputError(
            f"A run on an iterable can be resumed only between epochs. Pass "
            f"{option('every', 1)} or more. Received: {option('every', every)}."
        )


def _choose_device(network: Network, X: Any, backend: str | None, device: Any) -> None:
    """Move the network to the backend and device of the fit."""
    if backend is not None or device is not None:
        chosen = decided(backend, device)
        network.move_to(resolve(chosen.backend or network.backend.name, chosen.device))
    elif not network.on_chosen_device:
        network.move_to(resolve(data=X))
