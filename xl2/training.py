"""From arguments to a run of the training loop: `fit`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, cast

from . import tasks
from .arrays import Array
from .checkpoints import Checkpoint, Keeper, kept
from .dropout import Dropout
from .errors import InputError
from .feeding import Pairs, Streamed
from .history import History
from .identity import identity_of
from .inputs import samples, targets, weights
from .losses import Loss, find_loss
from .network import Network
from .operations import Operations, choose
from .optimizers import Optimizer, Update, find_optimizer
from .orders import check_rows, check_seeds, orders_of
from .penalties import Penalty, coefficients_of, penalties_of
from .run import NOTHING, Callback, HeldOut, Run, Saver
from .run import Keep as Keep
from .step import Constants, Samples, Step
from .switch import decided, resolve


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
        Class numbers from 0, or targets; see `xl2.tasks`. They are held in memory.
    epochs : int, default 10
        Passes over the samples. An iterable is gone through once an epoch.
    batch_size : int, default 64
        Samples of a mini-batch; the last of an epoch may have fewer. Of an iterable each
        pair is cut into mini-batches for itself, so that the last of a pair may.
    learning_rate : float, default 0.01
        Step size, for gradients that are means over the mini-batch.
    optimizer : {"sgd", "momentum", "nesterov", "adam"} or Optimizer, default "sgd"
        See `xl2.optimizers`.
    penalty : float or L2, default 0
        lambda, or an `L2`; for a stack also a sequence, one a member; for a stack in
        groups one for each place in a group, the same in all groups.
    loss : str or Loss, optional
        By default the natural one of the output activation, see `xl2.losses`.
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
        to `epochs` in all. The other arguments are to be those it was begun with.
    progress : bool, optional
        Show a progress bar; by default where standard error is a terminal.
    backend, device : optional
        Where to compute; see `xl2.switch`. By default where the network was put, or,
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
        run, or would be lost.
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
    place = kept(checkpoint, every, resume)
    pairs = Pairs(X) if y is None else None
    _place(network, X if pairs is None else pairs.first[0], backend, device)
    if pairs is not None:
        known = seen = _stream(network, pairs, sample_weight, rows)
        chosen = None
    else:
        known = _samples(network, X, y, sample_weight)
        chosen = check_rows(network, rows, known.x.shape[0])
        seen = known if chosen is None else _gather(network, known, chosen)
    seeds, orders = check_seeds(network, seed), None
    if pairs is None:
        count = seen.y.shape[-2]
        orders = orders_of(known.x, chosen, count, seeds if shuffle else None, batch_size)
    thin = Dropout(dropout) if dropout else None
    held_out = _held_out(network, validation)
    run = Run(
        network,
        known,
        seen,
        make_step(network, find_optimizer(optimizer), loss, thin),
        Constants(
            coefficients_of(network, penalty),
            _dataset_rows(network, seen, penalty),
            None if thin is None else thin.keys(network.backend, _keys_of(network, seeds)),
        ),
        float(learning_rate),
        int(batch_size),
        orders,
    )
    saver: Saver = NOTHING
    if place is not None:
        if pairs is not None:
            _check_stream(pairs, every)
            known = cast(Streamed, run.feed).checked(*pairs.first, 1)
        identity = identity_of(
            run,
            penalty=penalty,
            loss=loss,
            rows=None if rows is None else chosen,
            seeds=seeds,
            shuffle=shuffle,
            samples=known,
            held_out=held_out,
        )
        saver = Keeper(place, identity, callbacks)
        saver.begin(run)
    return run.train(int(epochs), held_out, callbacks, progress, saver)


def _check_stream(pairs: Pairs, every: float) -> None:
    """Refuse to keep a run on an iterable that it could not go on with."""
    if not pairs.repeats:
        raise InputError(
            f"A run on this {pairs.kind} cannot be resumed: it can be gone through once, and what "
            f"has come by is gone. For a checkpoint give something that can be iterated again."
        )
    if every < 1:
        raise InputError(
            f"Within an epoch a run on an iterable cannot be resumed: give every=1 or more. "
            f"Received: every={every!r}."
        )


def _samples(network: Network, X: Any, y: Any, sample_weight: Any) -> Samples:
    """Return what a fit learns from, checked, and set the network's task by it."""
    # A NaN or an infinity would leave no parameter finite, and is then looked for: see `Run`.
    x = samples(network, X, finite=False, stored=True)
    _choose_task(network, y)
    expected, weight = targets(network, y, x.shape[0]), None
    if sample_weight is not None:
        weight = weights(network, sample_weight, x.shape[0])
    return Samples(x, expected, weight)


def _stream(network: Network, pairs: Pairs, sample_weight: Any, rows: Any) -> Samples:
    """Return what a fit learns from where it comes by, and set the network's task by the first.

    Raises
    ------
    InputError
        For what a stream cannot have.
    """
    if len(network.stack) == 2:
        raise InputError(
            "An iterable of batches is for one network, or a stack of K whose members share "
            "their samples; a stack in groups has samples of each group's own. Give arrays, or "
            "an array on disk."
        )
    if sample_weight is not None or rows is not None:
        name = "rows" if sample_weight is None else "sample_weight"
        raise InputError(
            f"{name} is for samples that have a number, and those of an iterable have none. Let "
            f"it give the samples to learn from, as (X, y) or (X, y, sample_weight)."
        )
    _choose_task(network, pairs.first[1])
    return Samples(pairs, None)


def _dataset_rows(network: Network, seen: Samples, penalty: Penalty) -> Any:
    """Return what divides lambda where that is not the mini-batch's number."""
    if penalties_of(network, penalty)[0].per == "batch":
        return None
    if seen.y is None:
        raise InputError(
            "L2(per='dataset') divides lambda by the number of samples, and nobody knows how "
            "many an iterable gives. Choose per='batch'."
        )
    if seen.weight is None:
        return seen.y.shape[-2]
    if len(network.stack) == 2:
        raise InputError("sample_weight in a stack in groups needs a penalty per='batch'.")
    return float(network.backend.xp.sum(seen.weight))


def _keys_of(network: Network, seeds: list[int]) -> int | list[int]:
    return seeds if len(network.stack) == 2 else seeds[0]


def _held_out(network: Network, validation: Any) -> list[HeldOut]:
    """Check held-out samples; those that several groups share are moved once."""
    if validation is None:
        return []
    in_groups = isinstance(validation, list) and len(network.stack) == 2
    if in_groups and len(validation) != network.stack[0]:
        raise InputError(
            f"validation is one (X, y), or a list of one for each of {network.stack[0]} groups. "
            f"Received: {len(validation)}."
        )
    moved: dict[tuple[int, int], tuple[Array, Array]] = {}
    found = []
    for group, (X, y) in enumerate(validation if in_groups else [validation]):
        if (id(X), id(y)) not in moved:
            x = samples(network, X, "validation X", stored=True)
            moved[id(X), id(y)] = x, targets(network, y, x.shape[0], "validation y")
        found.append(HeldOut(group if in_groups else None, *moved[id(X), id(y)]))
    return found


def _gather(network: Network, known: Samples, rows: Any) -> Samples:
    """Return the targets and weights of some rows, (n, ...) or (G, n, ...)."""
    backend = network.backend
    moved = backend.library.from_host(backend.xp, rows, backend.device)
    take = Operations.of(backend.library).take_rows
    return Samples(None, *(None if a is None else take(a, moved) for a in known[1:]))


def _place(network: Network, X: Any, backend: str | None, device: Any) -> None:
    """Move the network to where the fit is to compute."""
    said = decided(backend, device) if backend is not None or device is not None else None
    if said is not None:
        network.follow(resolve(said.backend or network.backend.name, said.device))
    elif not network.placed:
        network.follow(resolve(data=X))


def _choose_task(network: Network, y: Any) -> None:
    with network.backend.scope():
        given = network.backend.asarray(y, network.dtype, "y")
        network.task = tasks.task_of(network.activations[-1], network.sizes[-1], given)


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
