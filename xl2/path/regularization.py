"""Training the whole L2 regularisation path at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from numbers import Integral
from typing import Any

from ..array.activations import ACTIVATIONS, OUTPUTS
from ..array.backend import numbers
from ..array.sparse import is_sparse
from ..array.switch import device_is_open, resolve, to_numpy
from ..errors import InputError, unknown
from ..io.writing import as_path
from ..nn.initializers import INITIALIZERS, Initializer, default_initializer
from ..nn.targets import Targets, read_targets
from ..nn.tasks import task_of
from ..training.assemble import check_positive
from ..training.checkpoints import as_checkpoint
from .checkpoints import Folder
from .fold_data import Source, on_host, read_labels
from .folds import make_folds
from .grid import check_lambdas
from .planning import plan
from .result import Path
from .settings import Recipe
from .train_stacks import train_members


def regularization_path(
    X: Any,
    y: Any,
    lambdas: int | Sequence[float] = 8,
    *,
    validation: tuple[Any, Any] | None = None,
    cv: Any = None,
    seeds: int | Sequence[int] = 1,
    hidden: Sequence[int] = (50, 25),
    activation: str = "relu",
    output: str | None = None,
    initializer: str | Initializer | Sequence[str | Initializer] | None = None,
    task: str = "auto",
    standardize: bool = False,
    per: str = "batch",
    epochs: int = 100,
    batch_size: int = 64,
    learning_rate: float = 0.001,
    optimizer: Any = "adam",
    loss: str | None = None,
    dropout: float = 0.0,
    sample_weight: Any = None,
    shuffle: bool = True,
    dtype: str = "float32",
    patience: int | None = None,
    max_memory: int | None = None,
    checkpoint: Any = None,
    every: float = 1,
    resume: bool = False,
    progress: bool | None = None,
    backend: str | None = None,
    device: Any = None,
) -> Path:
    """Train a network for every lambda, fold and seed, as few stacked networks.

    A fold and a seed are a group of a stack, with mini-batches of their own, which its
    lambdas share. Each member equals the network trained alone: ``Network(..., seed=s)``
    and ``fit(network, X[rows], y[rows], seed=s, penalty=lam)`` with the fold's rows.

    Parameters
    ----------
    X : array_like, shape (n, features)
        Samples.
    y : array_like, shape (n,) or (n, outputs)
        Labels, text or numbers, or values.
    lambdas : int or sequence of float, default 8
        The values, in any order, or how many of the default grid: 0, then equally
        spaced on a logarithmic scale from 1e-3 to 1e3.
    validation : (X, y), optional
        Samples to judge by. All of `X` is then learnt from.
    cv : int, splitter or iterable, optional
        Folds, as scikit-learn takes them; a number stands for shuffled folds, of labels
        stratified. 5 where neither this nor `validation` is given.
    seeds : int or sequence of int, default 1
        How many, from 0 on, or which: each draws initial weights and orders of its own.
        The first also shuffles the folds.
    hidden : sequence of int, default (50, 25)
        Units of the hidden layers.
    activation : str, default "relu"
        Of the hidden layers.
    output : str, optional
        Activation of the output layer; by default sigmoid for two classes, softmax
        for more, and identity for a regression.
    initializer : str, callable or sequence of them, optional
        One, or one a layer; by default "he" after relu, else "glorot_uniform".
    task : {"auto", "classification", "regression"}, default "auto"
        By default numbers that are not whole, and several columns, are values.
    standardize : bool, default False
        Scale each feature, and the values of a regression, by the mean and standard
        deviation of the fold's training samples. It takes a copy of `X` for each fold.
    per : {"batch", "dataset"}, default "batch"
        As in `xl2.L2`.
    epochs, batch_size, learning_rate, optimizer, loss, dropout, shuffle : optional
        As in `xl2.fit`.
    sample_weight : array_like, shape (n,), optional
        How much each sample counts, in training and where it judges.
    dtype : {"float32", "float64"}, default "float32"
    patience : int, optional
        Drop a lambda that has no prospect of being the best after so many epochs, see
        `xl2.path.pruning`; by default all are trained to the end.
    max_memory : int, optional
        What the networks in training may take, in bytes; by default 2 GiB, or on CuPy what is
        free of the device's memory, if that is less. Where that is not enough for all,
        several stacks are trained, with the same results. The samples, and the parameters
        of finished members, come on top.
    checkpoint : path-like, optional
        A folder to keep the run in: a file for each stack, written as `xl2.fit` says. What was
        trained to the end is not trained again, nor is the network of the best lambda.
    every, resume : optional
        As in `xl2.fit`.
    progress : bool, optional
        Show a progress bar; by default where standard error is a terminal.
    backend, device : optional
        Where to compute; see `xl2.array.switch`. By default where `X` is.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If an argument cannot be used.
    DivergenceError
        If every lambda has a member that diverges. Fewer are marked in the path.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> path = regularization_path(X, y, [0, 1], cv=3, hidden=(4,), epochs=2)
    >>> path.validation_scores_.shape
    (2, 3)
    """
    values, seed_list, units = check_lambdas(lambdas), _check_seeds(seeds), _units(hidden)
    if validation is not None and cv is not None:
        raise InputError("Give validation samples or cv, not both: each says what to judge by.")
    check_positive(epochs=epochs, batch_size=batch_size)
    if max_memory is not None:
        check_positive(max_memory=max_memory)
    if patience is not None:
        check_positive(patience=patience)
    labels = read_labels(y, "y")
    targets = read_targets(labels, task)
    found = resolve(backend, device, data=X)
    data = on_host(X, "X") if standardize or is_sparse(X) or not hasattr(X, "shape") else X
    width = data.shape[1] if len(data.shape) == 2 else 1
    last = output or targets.output
    outputs = len(targets.classes) if last == "softmax" and targets.classes else targets.outputs
    _check_output(last, outputs, targets, task)
    recipe = Recipe(
        (width, *units, outputs),
        (*[activation] * len(units), last),
        _initializers(initializer, activation),
        dtype,
        found,
        per,
        {
            "epochs": epochs,
            "batch_size": batch_size,
            "learning_rate": learning_rate,
            "optimizer": optimizer,
            "loss": loss,
            "dropout": dropout,
            "shuffle": shuffle,
        },
        max_memory,
    )
    recipe.penalties(values)
    folder = _folder(checkpoint, every, resume)
    weight = read_weights(sample_weight)
    source = Source(recipe, data, targets, standardize, seed_list[0], weight, folder)
    if validation is not None:
        pool, parts, judges = source.held_out(validation)
    else:
        folds = make_folds(labels, 5 if cv is None else cv, targets.regression, seed_list[0])
        pool, parts, judges = source.folds(folds)
    # Which lambda is hopeless shows in comparison with the others of its stack: the answer
    # is not to depend on how many cores or devices there are.
    workers, beside = 1, []
    if patience is None:
        workers = recipe.workers()
        beside = found.other_accelerators() if device_is_open(backend, device) else []
    # Each device has that memory for itself.
    devices = 1 + len(beside)
    most = recipe.members_at_once() * devices
    stacks = plan(parts, len(values), len(seed_list), most, workers * devices)
    began = time.perf_counter()
    members = train_members(
        recipe,
        pool,
        parts,
        values,
        seed_list,
        stacks,
        workers,
        patience=patience,
        progress=progress,
        folder=folder,
        beside=beside,
    )
    return Path(
        values,
        members,
        recipe,
        judges,
        targets.classes,
        None if validation is None else validation[0],
        source,
        time.perf_counter() - began,
    )


def _folder(checkpoint: Any, every: float, resume: bool) -> Folder | None:
    """Return where a path is to be kept, checked; None for nowhere."""
    if checkpoint is None:
        as_checkpoint(None, every, resume)
        return None
    return Folder(as_path(checkpoint), every, resume)


def read_weights(sample_weight: Any) -> Any:
    """Return sample weights on the host, in float64; None for none."""
    if sample_weight is None:
        return None
    return numbers(to_numpy(sample_weight), "float64", "sample_weight")


def _check_seeds(seeds: int | Sequence[int]) -> list[int]:
    if isinstance(seeds, Integral) and not isinstance(seeds, bool):
        check_positive(seeds=seeds)
        return list(range(int(seeds)))
    try:
        found = [int(seed) for seed in seeds]  # type: ignore[union-attr]
        whole = found == list(seeds) and min(found, default=-1) >= 0  # type: ignore[arg-type]
    except (TypeError, ValueError):
        whole = False
    if not whole or len(set(found)) < len(found):
        raise InputError(
            f"seeds is how many, or a list of different whole numbers from 0. Received: {seeds!r}."
        )
    return found


def _units(hidden: Sequence[int]) -> tuple[int, ...]:
    try:
        return tuple(hidden)
    except TypeError:
        raise InputError(
            f"hidden is the units of the hidden layers, as in (50, 25), or () for none. "
            f"Received: {hidden!r}."
        ) from None


def _check_output(output: str, outputs: int, targets: Targets, task: str) -> None:
    """Refuse an output layer that cannot learn such targets."""
    if output not in (*ACTIVATIONS, *OUTPUTS):
        return  # `Network` names those that there are
    values = task_of(output, outputs) == "regression"
    if values and not targets.regression:
        raise InputError(
            f"Labels are learnt with the output 'sigmoid' or 'softmax'. Received: "
            f"output={output!r}. Leave it out, or for numbers to be predicted give "
            f"task='regression'."
        )
    if task == "regression" and not values:
        raise InputError(
            f"The output {output!r} tells classes apart, and task='regression' asks for values. "
            f"Leave one of the two out."
        )


def _initializers(given: Any, activation: str) -> Any:
    if given is None:
        return default_initializer(activation)
    if isinstance(given, str) or callable(given):
        return given
    try:
        return tuple(given)
    except TypeError:
        raise InputError(unknown("initializer", given, INITIALIZERS)) from None
