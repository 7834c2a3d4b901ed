"""What the commands do between reading their arguments and printing."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..data import Dataset
from ..data.columns import find_features
from ..data.trained_rows import find_trained, row_digests
from ..diagnosis.diagnose import diagnose
from ..diagnosis.verdict import Diagnosis
from ..errors import InputError, counted
from ..nn.ensemble import Ensemble
from ..nn.model import Model
from ..nn.network import Network
from ..nn.penalties import L2
from ..nn.preprocessing import Preprocessing
from ..nn.scaling import Scaling
from ..nn.targets import read_targets
from ..nn.trained import Trained
from ..path.arguments import check_hidden, check_initializer
from ..path.presets import NAMES, choices_of
from ..path.regularization import regularization_path
from ..path.result import RegularizationPath
from ..training.fit import fit
from ..training.history import History
from .parts import (
    Notes,
    Parts,
    divide,
    divide_as_trained,
    doubts,
    labels_of,
    new_label_notes,
    weights_of,
)


@dataclass(frozen=True)
class Training:
    """A trained model, its parts of the data, and its scores: accuracy, or R2."""

    model: Model
    history: History
    parts: Parts
    score: float
    test_score: float


@dataclass(frozen=True)
class PathRun:
    """A path, what its best lambda gave, and the verdict on the test samples."""

    path: RegularizationPath
    model: Model
    diagnosis: Diagnosis
    parts: Parts
    ensemble: Ensemble | None = None  # of the best lambda, if it is wanted


def train(
    data: Dataset,
    test: Dataset | None = None,
    *,
    preset: str = "default",
    lam: float | Sequence[float] = 0.0,
    task: str = "auto",
    fraction: float = 0.2,
    seed: int = 0,
    dtype: str = "float32",
    backend: str | None = None,
    device: Any = None,
    new_labels: bool = False,
    class_weight: str | None = None,
    **settings: Any,
) -> Training:
    """Train a network on a data set as read from a file; `settings` are those of `xl2.fit`.

    Those that a preset has values for have its values if they are None or left out.
    """
    parts = divide(data, test, fraction, seed, task, new_labels)
    X, y = parts.training.X, parts.training.y
    learnt = Preprocessing.learn(data.columns, X) if data.columns else None
    inputs = X if learnt is None else learnt.apply(X)
    weights = weights_of(parts.training, class_weight, parts.task)
    counted_by = () if weights is None or not weights.any() else [weights]
    scaling = Scaling.of_chunks([inputs], counted_by)
    targets, outputs_scaling = read_targets(y, parts.task), None
    values = targets.values
    if targets.regression:
        outputs_scaling = Scaling.of_chunks([values], counted_by, "y")
        values = outputs_scaling.apply(values, dtype)
    given = {name: settings.pop(name) for name in NAMES if name in settings}
    if given.get("label_smoothing") is None:
        given["label_smoothing"] = 0.0  # there are no folds to calibrate its probabilities by
    chosen = choices_of(preset, len(X), targets.regression, **given)
    hidden, last = check_hidden(chosen.hidden), chosen.output or targets.output
    network = Network(
        [inputs.shape[1], *hidden, targets.outputs],
        [*[chosen.activation] * len(hidden), last],
        check_initializer(chosen.initializer, chosen.activation),
        bias_initializer=chosen.bias_initializer,
        seed=seed,
        dtype=dtype,
        backend=backend,
        device=device,
    )
    model = Model(
        network,
        scaling if learnt is None else scaling.sparing(learnt.plain),
        outputs_scaling,
        targets.classes,
        data.features,
        parts.trained_rows,
        preprocessing=learnt,
        table=data.table,
    )
    history = fit(
        network,
        model.prepare(X),
        values,
        seed=seed,
        sample_weight=weights,
        epochs=chosen.epochs,
        penalty=L2(lam, chosen.per),
        **chosen.of_fit(),
        **settings,
    )
    score, test_score = model.score(X, y), model.score(parts.test.X, parts.test.y)
    if not math.isfinite(test_score):
        raise InputError("R2 needs two test samples or more. Use a larger --held-out.")
    return Training(model, history, parts, score, test_score)


def train_path(
    data: Dataset,
    test: Dataset | None = None,
    *,
    lambdas: int | Sequence[float] | None = None,
    seed: Sequence[int] | None = None,
    fraction: float = 0.2,
    task: str = "auto",
    target_score: float = 1.0,
    new_labels: bool = False,
    without: Sequence[str] = (),
    class_weight: str | None = None,
    ensemble: bool = False,
    **settings: Any,
) -> PathRun:
    """Train a path on the training samples of a data set, and diagnose it on the test samples.

    Lambda is chosen by cross-validation, without the test samples. The first seed is also that
    of the split. `without` are lists of features to leave out, each in an experiment: their names,
    or the indices of their columns. With `ensemble` the result has one. `settings` are those of
    `xl2.regularization_path`.
    """
    from sklearn.exceptions import ConvergenceWarning

    parts = divide(data, test, fraction, seed[0] if seed else 0, task, new_labels)
    a, b = parts.training, parts.test
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is a note below the table
        path = regularization_path(
            a.X,
            a.y,
            lambdas,
            seed=seed,
            task=parts.task,
            standardize=True,
            preprocessing=data.columns or None,
            groups=a.groups,
            sample_weight=weights_of(a, class_weight, parts.task),
            return_members=ensemble,
            refit_seeds=None if ensemble else 1,
            without=dict(_left_out(data, one) for one in without),
            **settings,
        )
    diagnosis = diagnose(path, a.X, a.y, b.X, b.y, target_score, new_labels=new_labels)
    path.keep_members(None)
    known: dict[str, Any] = {"trained_rows": parts.trained_rows, "table": data.table}
    model, averaged = replace(path.best_model_, features=data.features, **known), None
    if ensemble:
        models = [replace(one, features=data.features) for one in path.ensemble_.models]
        averaged = replace(path.ensemble_, models=models, **known)
    return PathRun(path, model, diagnosis, parts, averaged)


def diagnose_model(
    model: Trained,
    data: Dataset,
    test: Dataset | None = None,
    target_score: float = 1.0,
    new_labels: bool = False,
) -> tuple[Diagnosis, Notes]:
    """Diagnose a model on the samples that it was trained on and on others.

    `new_labels` counts test labels that no training sample has as errors; otherwise they are
    refused.
    """
    parts = divide_as_trained(model, data, test, new_labels)
    a, b = parts.training, parts.test
    found = diagnose(model, a.X, a.y, b.X, b.y, target_score, new_labels=new_labels)
    return found, (*parts.reading, *parts.notes)


def _left_out(data: Dataset, listed: str) -> tuple[str, list[int]]:
    """Return a name for the features of a list, and their indices."""
    names = data.features
    columns = data.table.features if data.table is not None else range(data.X.shape[1])
    found = find_features(listed, names, columns)
    shown = [names[k] if names else str(columns[k]) for k in found]
    unnamed = "" if names else "column " if len(found) == 1 else "columns "
    return f"{unnamed}{', '.join(shown)}", found


def score_lines(model: Trained, samples: Dataset) -> list[str]:
    """Return the score on labelled samples, and on those of them that were not trained on."""
    if samples.labelled is not None:
        samples = samples.take(samples.labelled)
    X, y, regression = samples.X, labels_of(samples), model.task == "regression"
    text = f"{'R2' if regression else 'accuracy'} on the labels of {samples.name}: "
    text += f"{model.score(X, y):.4f} ({counted(len(X), 'row')}"
    if model.trained_rows is None:
        lines = [f"{text}; the model does not say which samples it was trained on)"]
    else:
        found = find_trained(row_digests(X), model.trained_rows)
        few = {0: "none of them", len(X): "all of them"}.get(found.count, f"{found.count} of them")
        lines = [f"{text}, {few} trained on)", *doubts(found)]
        others = ~found.trained
        if found.count and others.sum() > int(regression):  # R2 needs two rows
            lines[0] += f"; on the other {others.sum()}: {model.score(X[others], y[others]):.4f}"
    return [*lines, *new_label_notes(model, samples)]
