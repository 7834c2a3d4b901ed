"""What the command line does between reading its arguments and printing: one function a job."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .data import Dataset, split
from .errors import InputError
from .history import History
from .model import Model, Scaling
from .network import Network
from .training import fit


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


def is_regression(y: Any, task: str = "auto") -> bool:
    """Tell whether targets are values to be met, or labels to be told apart.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,) or (n, outputs)
        The targets.
    task : {"auto", "classification", "regression"}, default "auto"
        By default numbers that are not whole, and several columns, are values.

    Raises
    ------
    InputError
        If `task` is unknown, or text is to be a regression's target.
    """
    if task not in ("auto", "classification", "regression"):
        raise InputError(
            f"Available tasks are auto, classification, regression. Received: task={task!r}."
        )
    numeric = y.dtype.kind in "fiub"
    if task == "regression" and not numeric:
        raise InputError("A regression needs numbers as its target. Received: text labels.")
    if task != "auto":
        return task == "regression"
    return bool(numeric and (y.ndim > 1 or (y.dtype.kind == "f" and (y % 1 != 0).any())))


def number_classes(y: Any) -> tuple[tuple[Any, ...], Any]:
    """Return the labels in order, and each sample's class number.

    Raises
    ------
    InputError
        If there is one class only, or nearly as many as samples.
    """
    import numpy as np

    if y.ndim != 1:
        raise InputError(f"Labels are one column. Received: {y.shape[1]} columns.")
    classes, numbers = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise InputError(
            f"There is one class only, {classes[0].item()!r}: nothing can be told apart. Check the "
            f"label column, --target."
        )
    if len(classes) > max(20, len(y) // 2):
        raise InputError(
            f"{len(y)} samples have {len(classes)} classes, too many to learn from. Check the "
            f"label column, --target; for numbers to be predicted, use --task regression."
        )
    return tuple(label.item() for label in classes), numbers


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
    X, y = data.X, data.y
    if y is None:
        raise InputError(f"{data.name} has no labels to learn from.")
    regression = is_regression(y, task)
    if held_out is not None:
        X_held, y_held = held_out.X, held_out.y
    elif data.X_test is not None:
        X_held, y_held = data.X_test, data.y_test
    else:
        if not regression:
            number_classes(y)
        X, X_held, y, y_held = split(X, y, fraction=fraction, seed=seed, stratify=not regression)
    classes, targets, outputs_scaling = None, y, None
    if regression:
        outputs, output = 1 if y.ndim == 1 else y.shape[1], "identity"
        outputs_scaling = Scaling.learn(y.reshape(len(y), -1))
        targets = outputs_scaling.apply(y.reshape(len(y), -1), dtype)
    else:
        classes, targets = number_classes(y)
        outputs, output = (1, "sigmoid") if len(classes) == 2 else (len(classes), "softmax")
    network = Network(
        [X.shape[1], *hidden, outputs],
        [*[activation] * len(hidden), output],
        "he" if activation == "relu" else "glorot_uniform",
        seed=seed,
        dtype=dtype,
        backend=backend,
        device=device,
    )
    model = Model(network, Scaling.learn(X), outputs_scaling, classes, data.features)
    history = fit(network, model.prepare(X), targets, seed=seed, **settings)
    score, held_score = model.score(X, y), model.score(X_held, y_held)
    if not math.isfinite(held_score):
        raise InputError("The held-out score is undefined: hold out two samples or more.")
    return Training(model, history, len(X), len(X_held), score, held_score)
