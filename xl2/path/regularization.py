"""Training the whole L2 regularisation path at once: `regularization_path`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ..array.backend import numbers
from ..array.sparse import is_sparse
from ..array.switch import device_is_open, resolve, to_numpy
from ..errors import InputError
from ..io.writing import as_path
from ..nn.initializers import Initializer
from ..nn.targets import read_targets
from ..training.assemble import Settings, check_positive
from ..training.checkpoints import as_checkpoint
from .arguments import check_hidden, check_initializer, check_output, check_refit, check_seeds
from .checkpoints import Folder
from .fold_data import FoldData, PathData, on_host, read_labels
from .folds import make_folds
from .members import Members
from .planning import plan
from .refit import refit_models
from .result import RegularizationPath, digest
from .selection import check_lambdas
from .settings import PathSettings
from .train_stacks import train_stacks


def regularization_path(
    X: Any,
    y: Any,
    lambdas: int | Sequence[float] = 8,
    *,
    validation: tuple[Any, Any] | None = None,
    cv: Any = None,
    seed: int | Sequence[int] = 0,
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
    refit: bool | str | Sequence[float] = True,
    return_members: bool = False,
    max_memory: int | None = None,
    checkpoint: Any = None,
    every: float = 1,
    resume: bool = False,
    progress: bool | None = None,
    backend: str | None = None,
    device: Any = None,
) -> RegularizationPath:
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
        Validation samples. All of `X` is then trained on.
    cv : int, splitter or iterable, optional
        Folds, as scikit-learn takes them; a number means shuffled folds, for labels
        stratified. Default 5, unless `validation` is given.
    seed : int or sequence of int, default 0
        Of the initial weights and the orders; of a sequence, each seed is a training of its
        own. The first also shuffles the folds.
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
        deviation of the fold's training samples. Each fold has a copy of `X` of its own.
    per : {"batch", "dataset"}, default "batch"
        As in `xl2.L2`.
    epochs, batch_size, learning_rate, optimizer, loss, dropout, shuffle : optional
        As in `xl2.fit`.
    sample_weight : array_like, shape (n,), optional
        How much each sample counts, in training and in validation.
    dtype : {"float32", "float64"}, default "float32"
    patience : int, optional
        Drop a lambda without prospects after that many epochs, see `xl2.path.pruning`; by
        default all are trained to the end.
    refit : bool, {"best", "1se"} or sequence of float, default True
        Which lambdas get a model trained on all samples, as in scikit-learn's
        `GridSearchCV`. True: the best, the largest within one standard error, and those that
        `diagnose` compares. False: none.
    return_members : bool, default False
        Keep the network of every lambda, fold and seed, for `RegularizationPath.member`.
    max_memory : int, optional
        Bytes for the networks in training; by default 2 GiB, or on CuPy what is free of the
        device's memory, if that is less. Where that does not hold all, several stacks are
        trained, with the same results. The samples come on top, and with `return_members`
        the parameters of all members.
    checkpoint : path-like, optional
        A folder for checkpoints: a file for each stack, written as `xl2.fit` does. Finished
        stacks are skipped when the path is resumed.
    every, resume : optional
        As in `xl2.fit`.
    progress : bool, optional
        Show a progress bar; by default where standard error is a terminal.
    backend, device : optional
        Where to compute; see `xl2.array.switch`. By default where `X` is.

    Returns
    -------
    RegularizationPath

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
    values, seeds, units = check_lambdas(lambdas), check_seeds(seed), check_hidden(hidden)
    check_refit(refit, values)
    if validation is not None and cv is not None:
        raise InputError("Give validation samples or cv, not both: each says how to validate.")
    given = {"epochs": epochs, "max_memory": max_memory, "patience": patience}
    check_positive(**{name: value for name, value in given.items() if value is not None})
    training = Settings(
        optimizer=optimizer,
        learning_rate=learning_rate,
        batch_size=batch_size,
        loss=loss,
        dropout=dropout,
        shuffle=shuffle,
    )
    labels = read_labels(y, "y")
    targets = read_targets(labels, task)
    where = resolve(backend, device, data=X)
    if standardize or is_sparse(X) or not hasattr(X, "shape"):
        X = on_host(X, "X")
    last = output or targets.output
    outputs = len(targets.classes) if last == "softmax" and targets.classes else targets.outputs
    check_output(last, outputs, targets, task)
    settings = PathSettings(
        (X.shape[1] if len(X.shape) == 2 else 1, *units, outputs),
        (*[activation] * len(units), last),
        check_initializer(initializer, activation),
        dtype,
        where,
        per,
        training,
        epochs,
        max_memory,
    )
    settings.penalties(values)
    folder = _folder(checkpoint, every, resume)
    data = PathData(settings, X, targets, standardize, _weights(sample_weight))
    if validation is not None:
        folds = data.held_out(validation)
    else:
        splits = make_folds(labels, 5 if cv is None else cv, targets.regression, seeds[0])
        folds = data.cross_validation(splits)
    several = device_is_open(backend, device)
    began = time.perf_counter()
    # With validation samples the models are members; see `refit_models`.
    keep = return_members or (validation is not None and refit is not False)
    members = _train(settings, folds, values, seeds, several, patience, progress, folder, keep)
    path = RegularizationPath(
        values,
        members,
        settings,
        time.perf_counter() - began,
        validation_digest=None if validation is None else digest(validation[0]),
        return_members=return_members,
    )
    refit_models(path, refit, members, settings, data, folds, seeds[0], targets.classes, folder)
    return path


def _train(
    settings: PathSettings,
    folds: FoldData,
    lambdas: Any,
    seeds: Sequence[int],
    several_devices: bool,
    patience: int | None,
    progress: bool | None,
    folder: Folder | None,
    keep_parameters: bool,
) -> Members:
    """Plan the stacks of a path and train them."""
    # Pruning compares the lambdas of a stack: the result must not depend on how many cores or
    # devices there are.
    workers, beside = 1, []
    if patience is None:
        workers = settings.workers()
        beside = settings.backend.other_accelerators() if several_devices else []
    devices = 1 + len(beside)
    # Each device has the memory for itself.
    most = settings.members_at_once() * devices
    rows = [len(fold.rows) for fold in folds.folds]
    return train_stacks(
        settings,
        folds,
        lambdas,
        seeds,
        plan(rows, len(lambdas), len(seeds), most, workers * devices),
        workers,
        patience=patience,
        progress=progress,
        folder=folder,
        beside=beside,
        keep_parameters=keep_parameters,
    )


def _folder(checkpoint: Any, every: float, resume: bool) -> Folder | None:
    """Return the checkpoints of a path, checked; None without."""
    if checkpoint is None:
        as_checkpoint(None, every, resume)
        return None
    return Folder(as_path(checkpoint), every, resume)


def _weights(sample_weight: Any) -> Any:
    """Return sample weights on the host, in float64; None for none."""
    if sample_weight is None:
        return None
    return numbers(to_numpy(sample_weight), "float64", "sample_weight")
