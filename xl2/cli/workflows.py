"""What the commands do between reading their arguments and printing."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..data import Dataset
from ..data.splitting import split_rows
from ..diagnosis.diagnose import diagnose
from ..diagnosis.verdict import Diagnosis
from ..errors import InputError
from ..nn.initializers import default_initializer
from ..nn.model import Model
from ..nn.network import Network
from ..nn.scaling import Scaling
from ..nn.targets import is_regression, number_classes, read_targets
from ..path.regularization import regularization_path
from ..path.result import RegularizationPath
from ..training.fit import fit
from ..training.history import History


@dataclass(frozen=True)
class Training:
    """A trained model and its scores: accuracy, or R2 for a regression."""

    model: Model
    history: History
    rows: int
    test_rows: int
    score: float
    test_score: float


@dataclass(frozen=True)
class PathRun:
    """A path, the model of its best lambda, and the verdict on the test samples."""

    path: RegularizationPath
    model: Model
    diagnosis: Diagnosis
    X_test: Any
    y_test: Any


@dataclass(frozen=True)
class Divided:
    """A data set in two parts; `split` is the fraction and seed of a split drawn at random."""

    X: Any
    y: Any
    X_test: Any
    y_test: Any
    split: tuple[float, int] | None
    groups: Any = None  # of the training samples


def divide(data: Dataset, test: Dataset | None, fraction: float, seed: int, task: str) -> Divided:
    """Divide a data set into training and test samples.

    The test samples are those of `test`, else the test part of the data set, else a `fraction`
    of its samples, stratified by class, or of its groups.
    """
    X, y = data.X, data.y
    if y is None:
        raise InputError(f"{data.name} has no labels to train on.")
    regression = is_regression(y, task)
    if test is not None:
        return Divided(X, y, test.X, _known(test.y, y, regression), None, data.groups)
    if data.X_test is not None:
        return Divided(X, y, data.X_test, _known(data.y_test, y, regression), None)
    if not regression:
        number_classes(y)
    rows, held = split_rows(y, fraction, seed, not regression, data.groups)
    groups = None if data.groups is None else data.groups[rows]
    return Divided(X[rows], y[rows], X[held], y[held], (fraction, seed), groups)


def _known(y: Any, known: Any, regression: bool) -> Any:
    """Return the test labels; refuse them if no training sample has any of them."""
    import numpy as np

    if not (regression or np.isin(y, known).any()):
        raise InputError(
            "The test and the training samples have no label in common: the first test label is "
            f"{y.ravel()[0].item()!r}, the first training label {known.ravel()[0].item()!r}. "
            "Check the label column (--target)."
        )
    return y


def train(
    data: Dataset,
    test: Dataset | None = None,
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
    """Train a network on a data set as read from a file; `settings` are those of `xl2.fit`."""
    parts = divide(data, test, fraction, seed, task)
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
        network,
        Scaling.learn(X),
        outputs_scaling,
        targets.classes,
        data.features,
        parts.split,
        data.groups_column,
    )
    history = fit(network, model.prepare(X), values, seed=seed, **settings)
    score, test_score = model.score(X, y), model.score(parts.X_test, parts.y_test)
    if not math.isfinite(test_score):
        raise InputError("R2 needs two test samples or more. Use a larger --held-out.")
    return Training(model, history, len(X), len(parts.X_test), score, test_score)


def train_path(
    data: Dataset,
    test: Dataset | None = None,
    *,
    lambdas: int | Sequence[float] = 8,
    seed: Sequence[int] = (0,),
    fraction: float = 0.2,
    task: str = "auto",
    target_score: float = 1.0,
    **settings: Any,
) -> PathRun:
    """Train a path on the training samples of a data set, and diagnose it on the test samples.

    Lambda is chosen by cross-validation, without the test samples. The first seed is also that
    of the split. `settings` are those of `xl2.regularization_path`.
    """
    from sklearn.exceptions import ConvergenceWarning

    parts = divide(data, test, fraction, seed[0], task)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is a note below the table
        path = regularization_path(
            parts.X,
            parts.y,
            lambdas,
            seed=seed,
            task=task,
            standardize=True,
            groups=parts.groups,
            **settings,
        )
    diagnosis = diagnose(path, parts.X, parts.y, parts.X_test, parts.y_test, target_score)
    model = replace(
        path.best_model_, features=data.features, split=parts.split, groups=data.groups_column
    )
    return PathRun(path, model, diagnosis, parts.X_test, parts.y_test)


def diagnose_model(
    model: Model, data: Dataset, test: Dataset | None = None, target_score: float = 1.0
) -> Diagnosis:
    """Diagnose a model on the data set it was trained on, divided as for its training."""
    import numpy as np

    if test is None and data.X_test is None and model.split is None:
        raise InputError(
            "The model file does not say which samples were held out, and the data has no test "
            "part. Pass the test samples with --test FILE."
        )
    divided = test is None and data.X_test is None
    if divided and model.groups is not None and data.groups is None:
        raise InputError(
            f"Whole groups of the column {model.groups!r} were held out from training, and "
            f"{data.name} has no such column. Pass the test samples with --test FILE."
        )
    fraction, seed = model.split or (0.2, 0)
    task = "regression" if model.network.task == "regression" else "classification"
    parts = divide(data, test, fraction, seed, task)
    if model.classes is not None:
        _known(parts.y_test, np.asarray(model.classes), task == "regression")
    return diagnose(model, parts.X, parts.y, parts.X_test, parts.y_test, target_score)
