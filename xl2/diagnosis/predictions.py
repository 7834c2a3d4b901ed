"""A model's predictions compared with the targets, sample by sample, and their score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..array.numbers import unmasked
from ..array.switch import to_numpy
from ..errors import InputError
from ..nn.targets import check_spread, is_present

_KINDS = {"b": "numbers", "i": "numbers", "u": "numbers", "f": "numbers"}
_KINDS |= {"U": "text", "T": "text", "S": "bytes", "M": "dates", "m": "durations"}


@dataclass(frozen=True)
class Accuracy:
    """Which samples a classifier gets right, (n,) of bool."""

    right: Any

    @property
    def rows(self) -> int:
        """The number of samples."""
        return len(self.right)

    @property
    def score(self) -> float:
        """The accuracy."""
        return float(self.right.mean())


@dataclass(frozen=True)
class R2:
    """The squared errors of a regression, and the targets minus their mean, both (n, outputs).

    Each output is in units of the largest distance of a target from the mean, which
    leaves R2 as it is.
    """

    squared_errors: Any
    centred: Any

    @property
    def rows(self) -> int:
        """The number of samples."""
        return len(self.centred)

    @property
    def score(self) -> float:
        """R2, the mean over the outputs."""
        around = (self.centred**2).sum(axis=0)
        return float((1.0 - self.squared_errors.sum(axis=0) / around).mean())


def check_model(model: Any) -> None:
    """Raise an InputError if `model` is a class, has no `predict`, or is a stack of networks."""
    if isinstance(model, type) or not callable(getattr(model, "predict", None)):
        name = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise InputError(
            f"diagnose needs a trained model with predict(X) (a Network, a Model, a scikit-learn "
            f"estimator), or the result of regularization_path. Received: {name}."
        )
    stack = getattr(getattr(model, "network", model), "stack", ())
    if isinstance(stack, tuple) and stack:
        raise InputError(
            "A stack cannot be diagnosed. Pass one of its members: network.member("
            f"{'k' if len(stack) == 1 else 'g, k'})."
        )


def as_array(values: Any, name: str) -> Any:
    """Return targets or predictions as a NumPy array (n,) or (n, outputs) of numbers or text.

    Raise `InputError` if there are none, or one is missing, NaN or infinite.
    """
    import numpy as np

    try:
        array = to_numpy(unmasked(values, name))
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{name} cannot be read as an array: {error}.") from None
    if array.ndim not in (1, 2) or array.size == 0:
        raise InputError(
            f"{name} must have shape (n,) or (n, outputs), with n at least 1. Received: shape "
            f"{array.shape}."
        )
    if array.dtype.kind == "O":
        present = np.asarray([is_present(value) for value in array.ravel()]).reshape(array.shape)
    else:
        present = np.isfinite(array) if array.dtype.kind == "f" else ~(array != array)
    if not present.all():
        row = int(np.argwhere(~present)[0][0]) + 1
        raise InputError(
            f"{name} has a missing value, a NaN or an infinity, first in row {row}. Remove these "
            f"rows or fill in the values. If a prediction has one, the model diverged."
        )
    return np.asarray(array.tolist()) if array.dtype.kind == "O" else array


def predict(model: Any, X: Any, y: Any, part: str) -> Any:
    """Return the predictions for X as a NumPy array with one row for each target.

    `part`, "train" or "test", names the samples in error messages.
    """
    predictions = as_array(model.predict(X), f"The prediction of X_{part}")
    if len(predictions) != len(y):
        raise InputError(
            f"X_{part} has {len(predictions)} samples but y_{part} has {len(y)}. Expected one "
            f"target for each sample."
        )
    return predictions


def classes_of(model: Any, predictions: Any) -> Any:
    """Return the labels that a model was trained on; without any, those that it predicts."""
    found = getattr(model, "classes", None)
    found = getattr(model, "classes_", None) if found is None else found
    return predictions if found is None else found


def predicts_values(model: Any, y: Any, predictions: Any) -> bool:
    """Tell whether a model is a regression.

    A network knows its task and a scikit-learn estimator its kind. For any other model the
    targets decide, and then the predictions.
    """
    task = getattr(getattr(model, "network", model), "task", None)
    if isinstance(task, str):
        return task == "regression"
    if hasattr(model, "__sklearn_tags__"):
        from sklearn.base import is_classifier, is_regressor

        if is_classifier(model) or is_regressor(model):
            return bool(is_regressor(model))
    return any(map(_are_values, (y, predictions)))


def _are_values(a: Any) -> bool:
    """Tell whether targets or predictions are numbers that are not whole, or several columns."""
    if a.dtype.kind not in "fiu":
        return False
    several = a.shape[1:] not in ((), (1,)) and not ((a == 0) | (a == 1)).all()
    return bool(several or (a % 1 != 0).any())


def evaluate_labels(predictions: Any, y: Any, part: str) -> Accuracy:
    """Compare a classifier's predictions with the labels."""
    kind, expected = (_KINDS.get(array.dtype.kind, "objects") for array in (predictions, y))
    if expected not in (kind, "objects"):  # numbers and text are of `like_training`
        raise InputError(
            f"The model predicts {kind} such as {_first(predictions)}, but y_{part} holds "
            f"{expected} such as {_first(y)}. Pass labels like those of the training; for "
            f"a network, numpy.searchsorted(numpy.unique(y_train), y_{part}) numbers them."
        )
    if y.dtype.kind == "f" and (y % 1 != 0).any():
        raise InputError(
            f"The model is a classifier, but y_{part} holds numbers that are not whole. Pass "
            f"labels or class numbers; round soft targets."
        )
    if predictions.shape[1:] == (1,):
        predictions = predictions[:, 0]
    if predictions.ndim == 1:
        y = as_labels(y)
    if predictions.shape != y.shape:
        raise InputError(
            f"The model's predictions have shape {predictions.shape} and y_{part} has {y.shape}: "
            f"they cannot be compared. A classifier must predict labels, not probabilities."
        )
    right = predictions == y
    return Accuracy(right if right.ndim == 1 else right.all(axis=1))


def evaluate_values(predictions: Any, y: Any, part: str) -> R2:
    """Compare a regression's predictions with the values."""
    import numpy as np

    for array, name in ((y, f"y_{part}"), (predictions, "The model's prediction")):
        if _KINDS.get(array.dtype.kind) != "numbers":
            raise InputError(f"R2 needs numbers. {name} holds values such as {_first(array)}.")
    y, predictions = (a.astype("float64").reshape(len(a), -1) for a in (y, predictions))
    if y.shape != predictions.shape:
        raise InputError(
            f"The model predicts {predictions.shape[1]} values for each sample and y_{part} has "
            f"{y.shape[1]}: they cannot be compared."
        )
    check_spread(y, f"y_{part}")
    # A result beyond the range of floats is not finite, and refused below.
    with np.errstate(over="ignore", invalid="ignore"):
        centred = y - y.mean(axis=0)
        unit = np.abs(centred).max(axis=0)
        result = R2(((predictions - y) / unit) ** 2, centred / unit)
        finite = np.isfinite(result.squared_errors.sum()) and np.isfinite(result.centred).all()
    if not finite:
        raise InputError(
            f"The squared errors on y_{part} exceed the range of floats: the model diverged, or "
            f"the targets are in an extreme unit. Train it again, or scale the targets."
        )
    return result


def as_labels(y: Any) -> Any:
    """Return a column as labels and one-hot rows as class numbers; other targets as they are."""
    if y.ndim == 2 and y.shape[1] == 1:
        return y[:, 0]
    if y.ndim == 2 and _KINDS.get(y.dtype.kind) == "numbers" and (y.sum(axis=1) == 1).all():
        return y.argmax(axis=1)
    return y


def _first(array: Any) -> str:
    return repr(array.ravel()[:1].tolist()[0])
