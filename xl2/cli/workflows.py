"""What the command line does between reading its arguments and printing: one function a job."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..data import Dataset, split
from ..diagnosis.diagnose import Diagnosis, diagnose
from ..errors import InputError
from ..nn.model import Model, Scaling
from ..nn.network import Network
from ..nn.targets import default_initializer, is_regression, number_classes, read_targets
from ..path.regularization import regularization_path
from ..path.result import Path
from ..training.fit import fit
from ..training.history import History


@dataclass(frozen=True)
class Training:
    """A trained model and how well it does.

    Attributes
    ----------
    model : Model
    history : History
    rows, held_rows : int
        Samples it learnt from, and samples held out.
    score, held_score : float
        Accuracy, or R2 for a regression, on each.
    """

    model: Model
    history: History
    rows: int
    held_rows: int
    score: float
    held_score: float

    @property
    def bias(self) -> float:
        """What is missing to a perfect score on the training samples."""
        return 1.0 - self.score

    @property
    def gap(self) -> float:
        """The training score minus the held-out score."""
        return self.score - self.held_score


@dataclass(frozen=True)
class PathRun:
    """A path, the model of its best lambda, and the verdict on samples that chose nothing.

    Attributes
    ----------
    path : Path
    model : Model
    diagnosis : Diagnosis
    X_held, y_held : numpy.ndarray
        The held-out samples.
    """

    path: Path
    model: Model
    diagnosis: Diagnosis
    X_held: Any
    y_held: Any


@dataclass(frozen=True)
class Divided:
    """A data set in two parts.

    Attributes
    ----------
    X, y : numpy.ndarray
        Samples to learn from.
    X_held, y_held : numpy.ndarray
        Samples to judge by.
    split : (float, int) or None
        The part that was held out and the seed, where it was drawn here.
    """

    X: Any
    y: Any
    X_held: Any
    y_held: Any
    split: tuple[float, int] | None


def divide(
    data: Dataset, held_out: Dataset | None, fraction: float, seed: int, task: str
) -> Divided:
    """Say what to learn from and what to judge by.

    Parameters
    ----------
    data : Dataset
    held_out : Dataset or None
        Samples to judge by. Without them the data set's own test part, or else a
        `fraction` of its samples, of labels stratified.
    fraction, seed
        Of that split.
    task : {"auto", "classification", "regression"}
        See `targets.is_regression`.

    Raises
    ------
    InputError
        If there are no labels, or the samples cannot be split so.
    """
    X, y = data.X, data.y
    if y is None:
        raise InputError(f"{data.name} has no labels to learn from.")
    regression = is_regression(y, task)
    if held_out is not None:
        return Divided(X, y, held_out.X, _known(held_out.y, y, regression), None)
    if data.X_test is not None:
        return Divided(X, y, data.X_test, _known(data.y_test, y, regression), None)
    if not regression:
        number_classes(y)
    X, X_held, y, y_held = split(X, y, fraction=fraction, seed=seed, stratify=not regression)
    return Divided(X, y, X_held, y_held, (fraction, seed))


def _known(y: Any, known: Any, regression: bool) -> Any:
    """Return the labels to judge by; refuse them if training has none of them."""
    import numpy as np

    if not (regression or np.isin(y, known).any()):
        raise InputError(
            f"No label to judge by is one of training: the first is {y.ravel()[0].item()!r}, and "
            f"that of training {known.ravel()[0].item()!r}. Check the label column, --target."
        )
    return y


def train(
    data: Dataset,
    held_out: Dataset | None = None,
    *,
    hidden: Sequence[int] = (50, 25),
    activation: str = "relu",
    task: str = "auto",
    fraction: float = 0.2,
    seed: int = 0,
    dtype: str = "float32",
    backend: str | None = None,
    device: Any = None,
    **settings: Any,
) -> Training:
    """Train a network on a data set as it comes from a file.

    Parameters
    ----------
    data : Dataset
        Samples in their own units; labels may be text.
    held_out : Dataset, optional
        Samples to judge by. By default the data set's own test part, or else a
        stratified `fraction` of its samples.
    hidden : sequence of int, default (50, 25)
        Units of the hidden layers.
    activation : str, default "relu"
        Of the hidden layers.
    task : {"auto", "classification", "regression"}, default "auto"
        See `is_regression`.
    fraction : float, default 0.2
        Of the samples to hold out.
    seed : int, default 0
        Of the split, the initial weights and the orders.
    dtype, backend, device
        As in `xl2.Network`.
    **settings
        As in `xl2.fit`.

    Returns
    -------
    Training

    Raises
    ------
    InputError
        If the data cannot be used.
    DivergenceError
        If training diverges.
    """
    parts = divide(data, held_out, fraction, seed, task)
    X, y = parts.X, parts.y
    targets, outputs_scaling = read_targets(y, task), None
    values = targets.values
    if targets.regression:
        outputs_scaling = Scaling.learn(values)
        values = outputs_scaling.apply(values, dtype)
    network = Network(
        [X.shape[1], *hidden, targets.outputs],
        [*[activation] * len(hidden), targets.output],
        default_initializer(activation),
        seed=seed,
        dtype=dtype,
        backend=backend,
        device=device,
    )
    model = Model(
        network, Scaling.learn(X), outputs_scaling, targets.classes, data.features, parts.split
    )
    history = fit(network, model.prepare(X), values, seed=seed, **settings)
    score, held_score = model.score(X, y), model.score(parts.X_held, parts.y_held)
    if not math.isfinite(held_score):
        raise InputError("The held-out score is undefined: hold out two samples or more.")
    return Training(model, history, len(X), len(parts.X_held), score, held_score)


def train_path(
    data: Dataset,
    held_out: Dataset | None = None,
    *,
    lambdas: int | Sequence[float] = 8,
    seeds: int = 1,
    fraction: float = 0.2,
    seed: int = 0,
    task: str = "auto",
    target_score: float = 1.0,
    **settings: Any,
) -> PathRun:
    """Train a regularisation path on a data set as it comes from a file, and judge it.

    Lambda is chosen by cross-validation on the training samples. The verdict is that of
    the held-out samples, which had no part in the choice.

    Parameters
    ----------
    data, held_out, fraction, task
        As for `train`.
    lambdas : int or sequence of float, default 8
        See `xl2.regularization_path`.
    seeds : int, default 1
        How many seeds to train each lambda and fold with.
    seed : int, default 0
        The first of them; also of the split.
    target_score : float, default 1
        See `xl2.diagnose`.
    **settings
        As in `xl2.regularization_path`.

    Returns
    -------
    PathRun

    Raises
    ------
    InputError
        If the data cannot be used.
    DivergenceError
        If every lambda diverges.
    """
    parts = divide(data, held_out, fraction, seed, task)
    path = regularization_path(
        parts.X,
        parts.y,
        lambdas,
        seeds=range(seed, seed + seeds),
        task=task,
        standardize=True,
        **settings,
    )
    diagnosis = diagnose(path, parts.X, parts.y, parts.X_held, parts.y_held, target_score)
    model = replace(path.best_model(), features=data.features, split=parts.split)
    return PathRun(path, model, diagnosis, parts.X_held, parts.y_held)


def diagnose_model(
    model: Model, data: Dataset, held_out: Dataset | None = None, target_score: float = 1.0
) -> Diagnosis:
    """Diagnose a trained model on the data set it was trained on.

    Parameters
    ----------
    model : Model
    data : Dataset
        The samples it learnt from; with them, where the training held some of them out,
        those.
    held_out : Dataset, optional
        Samples to judge by, where they are in a file of their own.
    target_score : float, default 1
        See `xl2.diagnose`.

    Raises
    ------
    InputError
        If it is not known which samples were held out.
    """
    import numpy as np

    if held_out is None and data.X_test is None and model.split is None:
        raise InputError(
            "The model file does not say which samples were held out, and the data has no test "
            "part: give the held-out set, --test FILE."
        )
    fraction, seed = model.split or (0.2, 0)
    task = "regression" if model.network.task == "regression" else "classification"
    parts = divide(data, held_out, fraction, seed, task)
    if model.classes is not None:
        _known(parts.y_held, np.asarray(model.classes), task == "regression")
    return diagnose(model, parts.X, parts.y, parts.X_held, parts.y_held, target_score)
