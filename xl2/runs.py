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
from .targets import default_initializer, is_regression, number_classes, read_targets
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
    targets, outputs_scaling = read_targets(y, task), None
    values = targets.values
    if regression:
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
    model = Model(network, Scaling.learn(X), outputs_scaling, targets.classes, data.features)
    history = fit(network, model.prepare(X), values, seed=seed, **settings)
    score, held_score = model.score(X, y), model.score(X_held, y_held)
    if not math.isfinite(held_score):
        raise InputError("The held-out score is undefined: hold out two samples or more.")
    return Training(model, history, len(X), len(X_held), score, held_score)
