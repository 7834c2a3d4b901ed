"""Training the whole L2 regularisation path at once: `regularization_path`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..array.rows import is_stored
from ..array.sparse import is_sparse
from ..array.switch import device_is_open, resolve
from ..nn.initializers import Initializer
from ..nn.penalties import L2, Per
from ..nn.tasks import task_of
from ..training.assemble import check_positive
from ..training.progress import show_progress
from .arguments import (
    check_calibrate,
    check_hidden,
    check_initializer,
    check_lambdas,
    check_output,
    check_seeds,
    check_validation,
    on_host,
    targets_of_path,
)
from .checkpoints import folder_of
from .dask_cluster import cluster_of
from .encoders import read_samples
from .experiments import check_plan
from .folds import make_folds
from .presets import choices_of
from .result import RegularizationPath
from .run_path import run_path
from .scoring import Scorers, default_scoring, judge_of
from .settings import PathSettings
from .streamed_data import data_of_path


def regularization_path(
    X: Any,
    y: Any,
    lambdas: int | Sequence[float] | None = None,
    *,
    preset: str = "default",
    validation: tuple[Any, Any] | None = None,
    cv: Any = None,
    groups: Any = None,
    scoring: Any = None,
    seed: int | Sequence[int] | None = None,
    hidden: Sequence[int] | None = None,
    activation: str | None = None,
    output: str | None = None,
    initializer: str | Initializer | Sequence[str | Initializer] | None = None,
    bias_initializer: str | Initializer | None = None,
    task: str = "auto",
    preprocessing: Any = "auto",
    standardize: bool | None = None,
    per: Per | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    optimizer: Any = None,
    loss: str | None = None,
    dropout: float | None = None,
    schedule: str | None = None,
    label_smoothing: float | None = None,
    sample_weight: Any = None,
    shuffle: bool | None = None,
    even_batches: bool | None = None,
    dtype: str = "float32",
    patience: int | None = None,
    refit: bool | str | Sequence[float] = True,
    refit_seeds: int | None = None,
    return_members: bool = False,
    calibrate: bool | None = None,
    experiments: bool | Sequence[str] = False,
    budget: float = 1.5,
    without: Mapping[str, Sequence[int]] | None = None,
    max_memory: int | None = None,
    checkpoint: Any = None,
    every: float = 1,
    resume: bool = False,
    progress: bool | None = None,
    backend: str | None = None,
    device: Any = None,
    client: Any = None,
) -> RegularizationPath:
    """Train a network for every lambda, fold and seed, in as few stacks as the memory allows.

    A fold and a seed are a group of a stack, with its own mini-batches, which all lambdas
    share. Each member equals the network trained alone: ``Network(..., seed=s)``
    and ``fit(network, X[rows], y[rows], ..., seed=s, penalty=lam)`` with the fold's rows.

    Arguments whose default is that of the preset are listed in docs/defaults.md.

    Parameters
    ----------
    X : array_like, DataFrame, array on disk or Dask collection, shape (n, features)
        Samples. A frame of pandas or polars may have missing values and text. More than 16 MB on
        disk or in Dask are read a few rows at a time; see docs/large_data.md.
    y : array_like, shape (n,) or (n, outputs)
        Labels (text or numbers), or the values of a regression.
    lambdas : int or sequence of float, default that of the preset
        The lambdas in any order, or the length of a grid: 0, and equal steps on a logarithmic
        scale where the penalty matters; see docs/choosing_lambda.md.
    preset : {"default", "best", "plain", "sklearn", "notebook"}, default "default"
        Where the values come from of arguments that are left out; see docs/defaults.md.
    validation : (X, y), optional
        Validation samples. All samples of `X` are then used for training.
    cv : int, splitter or iterable, optional
        Folds, as in scikit-learn. A number means shuffled folds, stratified for labels; a warning
        names classes that have fewer samples. Default 5, unless `validation` is given.
    groups : array_like, shape (n,), optional
        The group of each sample, text or numbers: a fold trains on all samples of a group or
        is validated on them. It is passed to the splitter `cv`; for a number `cv`, it is
        `StratifiedGroupKFold`, or `GroupKFold` for a regression.
    scoring : str or callable, optional
        What lambda is chosen by: the name of a scorer of scikit-learn, such as
        "accuracy" or "roc_auc", or a function of (estimator, X, y); larger is better. Default
        "neg_log_loss", or "r2" for a regression.
    seed : int or sequence of int, default that of the preset
        Seed of the initial weights and of the order of the samples. With a sequence, each
        lambda and fold is trained once for each seed. The first one also shuffles the folds.
    hidden : sequence of int, default that of the preset
        Units of the hidden layers.
    activation : str, default that of the preset
        Activation of the hidden layers.
    output : str, optional
        Activation of the output layer; by default sigmoid for two classes, softmax
        for more, and identity for a regression.
    initializer : str, callable or sequence of them, optional
        One for all layers, or one for each; by default "he" for relu, else "glorot_uniform".
    bias_initializer : str or callable, default that of the preset
        As in `Network`.
    task : {"auto", "classification", "multilabel", "regression"}, default "auto"
        With "auto", text and few different whole numbers are classes, and other numbers values.
        Of columns of 0 and 1 each is a class if each row has a single 1, or else a label that a
        sample has or has not. A warning tells of what could be meant otherwise.
    preprocessing : {"auto"}, transformer, sequence of Column or None, default "auto"
        What makes inputs of the columns; each fold learns it from its training samples alone.
        "auto": of a frame, also Dask's, missing numbers become the median, with an input that
        tells so, and text and categories an input of 0 and 1 for each value; of an array nothing. A
        transformer of scikit-learn, such as a `ColumnTransformer`, is cloned and fitted in each
        fold. With columns of a `Dataset`, `X` is coded as they are. Scorers and `member` see the
        inputs. With None a frame has to be numbers.
    standardize : bool, default that of the preset
        Scale each input by the mean and standard deviation of the fold's training samples, but
        not those that "auto" makes 0 or 1. The values of a regression are always scaled like this,
        unless the output layer has a range. Each fold of what is scaled has its own copy of `X`.
    per : {"dataset", "batch"} or int, default that of the preset
        As in `xl2.L2`: a fold divides lambda by the number of its training samples.
    epochs, batch_size, learning_rate, optimizer, dropout, schedule, label_smoothing, shuffle, \
    even_batches, loss : default that of the preset; of the loss that of the output
        As in `xl2.fit`.
    sample_weight : array_like, shape (n,), optional
        Weights of the samples, in training and in the validation of the folds.
    dtype : {"float32", "float64"}, default "float32"
    patience : int, optional
        Drop a lambda after that many epochs without improvement, if it is clearly behind the
        best one, by the validation loss, or by the accuracy or R2 if `scoring` is one; see
        docs/choosing_lambda.md. By default all are trained to the end.
    refit : bool, {"best", "top", "1se"} or sequence of float, default True
        Which lambdas get a model trained on all samples, as in scikit-learn's
        `GridSearchCV`. True: the best, the largest within one standard error, and those that
        `diagnose` compares. False: none; the path still has `ensemble_`. "top" is the lambda with
        the highest mean score.
    refit_seeds : int, default that of the preset
        How many networks of the best lambda are trained on all samples, each from another seed, for
        `RegularizationPath.ensemble_`, if `refit` trains the best one and there are folds.
    return_members : bool, default False
        Keep the network of every lambda, fold and seed, for `RegularizationPath.member` and
        `RegularizationPath.ensemble`; otherwise only those of the best lambda are kept, and
        none if those of all lambdas take more than 1 GiB.
    calibrate : bool, default that of the preset
        Give the models the temperature of `RegularizationPath.temperature_`, so that their
        probabilities are as high as their answers are often right; for classes and labels. See
        docs/calibration.md.
    experiments : bool or sequence of str, default False
        Also try, with the chosen lambda and on the same folds, other networks, other training,
        ensembles and fewer samples, for the advice of `xl2.diagnose`: all, or some of "curve",
        "wider", "narrower", "deeper", "shallower", "longer", "shorter", "faster", "slower" and
        "ensemble". They are left out if no lambda beats the null model. "importance" shuffles each
        column of the validation samples, unless they are many or pixels and it is not named here.
    budget : float, default 1.5
        The time for experiments, times that of the path itself.
    without : mapping of str to sequence of int, optional
        Groups of columns, as indices, to leave out in an experiment each, by a name for each;
        they are tried even with ``experiments=False``.
    max_memory : int, optional
        Bytes for the networks in training; by default 2 GiB, or on CuPy the free memory of
        the device, if that is less. If all networks do not fit, several stacks are trained,
        with the same results. The samples are not included, nor are the parameters of trained
        networks, which are kept on the host until lambda is chosen if they take 1 GiB or less.
        The copy of an `X` that is not in C order is included.
    checkpoint : path-like, optional
        A folder for checkpoints, with a file for each stack as `xl2.fit` writes it. Finished
        stacks are skipped when the path is resumed.
    every, resume, progress : optional
        As in `xl2.fit`.
    backend, device : optional
        Where to compute; see `xl2.array.switch`. By default on the device of `X`.
    client : dask.distributed.Client, optional
        Train the stacks on the workers of its cluster; see docs/clusters.md.

    Returns
    -------
    RegularizationPath

    Raises
    ------
    InputError
        If an argument cannot be used.
    DivergenceError
        If every lambda has a member that diverges. Otherwise the path marks those that do.
    ClusterError
        If the cluster of `client` cannot be used, or is lost.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> path = regularization_path(X, y, [0, 1], cv=3, hidden=(4,), epochs=2)
    >>> path.validation_scores_.shape
    (2, 3)
    """
    check_validation(validation, cv, groups)
    targets = targets_of_path(y, task, output)
    labels, regression = targets.labels, targets.classes is None
    chosen = choices_of(
        preset, len(labels), targets.regression, lambdas=lambdas, seed=seed, hidden=hidden,
        activation=activation, output=output, initializer=initializer,
        bias_initializer=bias_initializer, standardize=standardize, per=per, epochs=epochs,
        batch_size=batch_size, learning_rate=learning_rate, optimizer=optimizer, dropout=dropout,
        schedule=schedule, label_smoothing=label_smoothing, shuffle=shuffle,
        even_batches=even_batches, calibrate=calibrate, refit_seeds=refit_seeds,
    )  # fmt: skip
    values, units = check_lambdas(chosen.lambdas), check_hidden(chosen.hidden)
    placed = isinstance(values, int)  # the length of a grid
    check_positive(epochs=chosen.epochs, refit_seeds=chosen.refit_seeds)
    limits = {"max_memory": max_memory, "patience": patience}
    check_positive(**{name: value for name, value in limits.items() if value is not None})
    where = resolve(backend, device, data=X)
    X, encoder, features = read_samples(X, labels, preprocessing, dtype)
    as_array = chosen.standardize or is_sparse(X) or not hasattr(X, "shape")
    if encoder is None and as_array and not is_stored(X):
        X = on_host(X, "X")
    inputs = encoder.width if encoder else X.shape[1] if len(X.shape) == 2 else 1
    last = chosen.output or targets.output
    outputs = len(targets.classes) if last == "softmax" and targets.classes else targets.outputs
    check_output(last, outputs, targets, task)
    if scoring is None:
        scoring = default_scoring(task_of(last, outputs))
    check_calibrate(chosen.calibrate, task_of(last, outputs))
    settings = PathSettings(
        sizes=(inputs, *units, outputs),
        activations=(*[chosen.activation] * len(units), last),
        initializer=check_initializer(chosen.initializer, chosen.activation),
        bias_initializer=chosen.bias_initializer,
        dtype=dtype,
        backend=where,
        penalties=[L2(lam, chosen.per) for lam in ([0.0] if placed else values.tolist())],
        seeds=check_seeds(chosen.seed),
        training=chosen.training(loss),
        epochs=chosen.epochs,
        patience=patience,
        judged_by=judge_of(scoring),
        max_memory=max_memory,
        preprocessing=str(encoder or ""),
        cluster=cluster_of(client, where, device_is_open(backend, device)),
    )
    columns = encoder.columns if encoder else inputs
    plan = check_plan(experiments, budget, without, columns)
    folder = folder_of(checkpoint, every, resume)
    data = data_of_path(settings, X, targets, chosen.standardize, sample_weight, encoder, features)
    if validation is not None:
        folds = data.all_rows(validation)
    else:
        folds_wanted = 5 if cv is None else cv
        splits = make_folds(labels, folds_wanted, regression, settings.seeds[0], groups)
        folds = data.cross_validation(splits)
    with show_progress(progress) as display:
        return run_path(
            data,
            folds,
            Scorers(scoring, folds.training.task, targets),
            plan,
            placed=values if placed else None,
            refit=refit,
            refit_seeds=chosen.refit_seeds,
            return_members=return_members,
            calibrate=chosen.calibrate,
            validated_on=None if validation is None else data.digest_of(validation[0]),
            groups=groups,
            understood=encoder.notes if encoder else (),
            folder=folder,
            several_devices=device_is_open(backend, device),
            display=display,
        )
