"""The importance of columns for one model, by the samples that it is tested on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..array.rows import is_stored
from ..array.sparse import is_sparse
from ..errors import InputError
from ..nn.dask_samples import is_dask_frame
from ..nn.ensemble import as_trained
from ..nn.frames import is_frame, names_of
from ..nn.model import Model
from ..nn.preprocessing import Preprocessing
from ..nn.trained import Trained
from .importance import WHAT, Importance, Part, correlated_columns, importance_of
from .predictions import as_labels
from .shuffling import (
    FEW_ROWS,
    FEWEST_ROWS,
    drawn,
    losses_by,
    losses_of_columns,
    reason_against,
    repeats_in,
)
from .tried import Tried

STORED = "the samples stay on disk or in Dask"
NOT_READ = "its samples are neither an array nor a frame of pandas"
LEAST = 1e-7  # of a probability in float32
# Numbers that are multiplied: about two seconds of a core.
WORK = 2e10
TOO_LONG = "it would take long for a network of this size"

Score = Callable[[Any, Any], float]
Found = tuple[Importance | None, str]  # the reason why there is none, perhaps


def importance_in_folds(tried: Tried | None, wanted: bool | None) -> Found | None:
    """Return what a path found in its folds; None if test samples have to tell.

    What it left out is among its experiments, with the reason. Without a signal nothing matters.
    """
    if tried is None or wanted is False:
        return None
    if tried.importance is not None:
        return tried.importance, ""
    left_out = any(what == WHAT for what, _ in tried.left_out)
    return (None, "") if left_out or not tried.found_signal else None


def importance_on(
    model: Any, X: Any, truth: Any, score: Score, accuracy: bool, wanted: bool | None
) -> Found:
    """Return what shuffling each column of test samples costs a model.

    ``score(predictions, rows)`` is the accuracy or R2 of some of the samples, by their labels or
    values `truth`. Unless importance is `wanted`, it is measured for models of xl2 only, and left
    out where it takes long or says little.
    """
    own = _trained(model)
    if wanted is False or (own is None and wanted is None):
        return None, ""
    if is_stored(X) or is_dask_frame(X):
        return None, STORED
    try:
        if isinstance(own, Model) and _is_known(own):
            return _by_inputs(own, X, truth, score, wanted)
        return _by_columns(model, own, X, truth, score, accuracy, wanted)
    except InputError as error:
        return None, f"its score cannot be computed ({str(error).rstrip('.')})"


def _by_inputs(own: Model, X: Any, truth: Any, score: Score, wanted: bool | None) -> Found:
    """Shuffle the inputs of each column, which are made once."""
    inputs, learnt = own.prepare(X), own.preprocessing
    if is_stored(inputs):
        return None, STORED
    sources = range(inputs.shape[1]) if learnt is None else learnt.sources
    names = own.features or (names_of(X) if is_frame(X) else ())
    rows = drawn(len(inputs))
    if reason := _reason(names, own.width, len(rows), _parameters(own), wanted):
        return None, reason
    losses = losses_of_columns(
        own.outputs_of,
        inputs[rows],
        sources,
        own.width,
        _scores(own, score, truth, rows),
        repeats_in(1),
    )
    compared = comparable_inputs(learnt, inputs.shape[1])
    pairs = correlated_columns(inputs[rows][:, compared], [sources[i] for i in compared])
    return importance_of(names, [Part(*losses, len(rows))], pairs), ""


def _reason(
    names: Sequence[str], columns: int, rows: int, parameters: int, wanted: bool | None
) -> str:
    """Return why test samples are not shuffled; "" if they are."""
    if wanted is None and (reason := reason_against(names, columns)):
        return reason
    if rows < FEWEST_ROWS:
        return FEW_ROWS
    too_long = repeats_in(1) * columns * rows * parameters > WORK
    return TOO_LONG if wanted is None and too_long else ""


def comparable_inputs(learnt: Any, inputs: int) -> list[int]:
    """Return the inputs whose correlations say something: not those that tell what is missing."""
    if not isinstance(learnt, Preprocessing):
        return list(range(inputs))
    first = len(learnt.numbers)
    return [i for i in range(inputs) if not first <= i < first + len(learnt.indicators)]


def _parameters(own: Trained | None) -> int:
    """Return how many weights a model or an ensemble has; 0 if that is not known."""
    models = [] if own is None else getattr(own, "models", [own])
    return sum(
        weight.shape[0] * weight.shape[1]
        for model in models
        for weight, _ in model.network.parameters
    )


def _by_columns(
    model: Any,
    own: Trained | None,
    X: Any,
    truth: Any,
    score: Score,
    accuracy: bool,
    wanted: bool | None,
) -> Found:
    """Shuffle the columns themselves, for models that make inputs of them in several ways."""
    import numpy as np

    names = names_of(X) if is_frame(X) else ()
    if own is not None:
        first, names = getattr(own, "models", [own])[0], own.features or names
        X = first.raw(X)
    if not hasattr(X, "iloc"):
        if is_frame(X) or is_sparse(X):
            return None, NOT_READ
        X = np.asarray(X)
        if X.ndim != 2 or X.dtype.kind not in "buifO":
            return None, NOT_READ
    rows = drawn(len(X))
    if reason := _reason(names, X.shape[1], len(rows), _parameters(own), wanted):
        return None, reason
    part = X.iloc[rows] if hasattr(X, "iloc") else X[rows]
    if own is None:

        def scores(found: Any, weight: Any) -> tuple[float, float]:
            return (score(found, rows),) * 2

        losses = losses_by(Fitted(model.predict), part, scores, repeats_in(1))
        one = 1.0 / len(rows) if accuracy else 0.0
    else:
        of_outputs, one = _scores(own, score, truth, rows), 0.0
        losses = losses_by(Fitted(own.forward), part, of_outputs, repeats_in(1))
    kept, numbers = _numeric(part, own)
    pairs = correlated_columns(numbers, kept)
    return importance_of(names, [Part(*losses, len(rows), one)], pairs), ""


def _numeric(X: Any, own: Trained | None) -> tuple[Sequence[int], Any]:
    """Return the columns that are numbers without gaps, as indices and as an array."""
    import numpy as np

    learnt = getattr(own, "preprocessing", None)
    codes = set(learnt.categories) if isinstance(learnt, Preprocessing) else set[int]()
    columns = [X.iloc[:, k] if hasattr(X, "iloc") else X[:, k] for k in range(X.shape[1])]
    kept = [
        k
        for k, one in enumerate(columns)
        if one.dtype.kind in "buif" and not (one != one).any() and k not in codes
    ]
    if not kept:
        return [], np.zeros((len(X), 0))
    return kept, np.column_stack([np.asarray(columns[k], "float64") for k in kept])


def _scores(
    model: Trained, score: Score, truth: Any, rows: Any
) -> Callable[[Any, Any], tuple[float, float]]:
    """Return what maps outputs to the score and to what is tested, of some samples."""
    import numpy as np

    task = model.task
    if task == "regression":

        def of_values(outputs: Any, weight: Any) -> tuple[float, float]:
            return (score(model.targets_of(outputs), rows),) * 2

        return of_values
    y = truth[rows] if task == "multilabel" else as_labels(truth[rows])[:, None]
    if task != "multilabel":
        # A label that training never had has no output, and costs nothing more when shuffled.
        classes = np.asarray(model.known_classes)
        y = y == classes
    y = y.astype(bool)

    def of_classes(outputs: Any, weight: Any) -> tuple[float, float]:
        sure = outputs.astype("float64")
        if task == "binary":
            sure = np.concatenate([1.0 - sure, sure], axis=1)
        sure = np.clip(sure, LEAST, 1.0 - LEAST)
        if task == "multilabel":
            logs = np.log(np.where(y, sure, 1.0 - sure)).sum(axis=1)
        else:
            logs = np.log(np.where(y, sure, 1.0)).sum(axis=1)
        return score(model.targets_of(outputs), rows), float(logs.mean())

    return of_classes


class Fitted:
    """What predicts, as scikit-learn takes it: with `fit`."""

    def __init__(self, predict: Callable[[Any], Any]):
        self.predict = predict

    def fit(self, X: Any, y: Any) -> Fitted:
        """Return the estimator, which is fitted."""
        return self


def _trained(model: Any) -> Trained | None:
    """Return a network, an ensemble or an estimator of xl2 as it predicts; None for others."""
    try:
        return as_trained(model)
    except InputError:
        return None


def _is_known(model: Model) -> bool:
    """Tell whether it is known which inputs are made of which column."""
    return model.preprocessing is None or isinstance(model.preprocessing, Preprocessing)
