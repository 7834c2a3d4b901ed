"""Predictions beside the truth, sample by sample: what scores and their intervals are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..array.switch import to_numpy
from ..errors import InputError
from ..nn.targets import is_present, is_regression

_KINDS = {"b": "numbers", "i": "numbers", "u": "numbers", "f": "numbers"}
_KINDS |= {"U": "text", "T": "text", "S": "bytes", "M": "dates", "m": "durations"}


@dataclass(frozen=True)
class Hits:
    """Which samples a classifier got right, (n,)."""

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
class Errors:
    """A regression's squared errors and the targets less their mean, both (n, outputs).

    Each output is in a unit of its own, the largest distance of a target from the
    mean, which R2 does not notice.
    """

    squared: Any
    centred: Any

    @property
    def rows(self) -> int:
        """The number of samples."""
        return len(self.squared)

    @property
    def score(self) -> float:
        """R2, the mean over the outputs."""
        around = (self.centred**2).sum(axis=0)
        return float((1.0 - self.squared.sum(axis=0) / around).mean())


def check_model(model: Any) -> None:
    """Raise if an object cannot be asked for the predictions of one model.

    Raises
    ------
    InputError
        If it is a class, has no `predict`, or is a stack of networks.
    """
    if isinstance(model, type) or not callable(getattr(model, "predict", None)):
        raise InputError(
            f"diagnose takes a trained model with predict(X) (a Network, a Model, an estimator "
            f"of scikit-learn), or the result of regularization_path. Received: {_name(model)}."
        )
    stack = getattr(getattr(model, "network", model), "stack", ())
    if isinstance(stack, tuple) and stack:
        last = ", ".join(str(size - 1) for size in stack)
        raise InputError(
            f"This is a stack of {' x '.join(map(str, stack))} networks, and a diagnosis is of "
            f"one: give network.member({'k' if len(stack) == 1 else 'g, k'}), at most "
            f"member({last})."
        )


def _name(model: Any) -> str:
    return f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__


def plain(values: Any, what: str) -> Any:
    """Return targets or predictions as a NumPy array of numbers or of text.

    Parameters
    ----------
    values : array_like, shape (n,) or (n, outputs)
        Of any library.
    what : str
        Their name in an error message.

    Raises
    ------
    InputError
        If there are none, or one is missing, NaN or infinite.
    """
    import numpy as np

    try:
        array = to_numpy(values)
    except ValueError as error:
        raise InputError(f"{what} is no array: {error}.") from None
    if array.ndim not in (1, 2) or array.size == 0:
        raise InputError(
            f"{what} is an array (n,) or (n, outputs), n at least 1. Received: shape {array.shape}."
        )
    if array.dtype.kind == "O":
        present = np.asarray([is_present(value) for value in array.ravel()]).reshape(array.shape)
    else:
        present = np.isfinite(array) if array.dtype.kind == "f" else ~(array != array)
    if not present.all():
        row = int(np.argwhere(~present)[0][0])
        raise InputError(
            f"{what} has a missing value, a NaN or an infinity, first in row {row} (counted from "
            f"0). Drop such rows; where predictions have one, the model diverged: train it anew."
        )
    return np.asarray(array.tolist()) if array.dtype.kind == "O" else array


def predicts_values(model: Any, y: Any, found: Any) -> bool:
    """Tell whether a model predicts values rather than labels.

    A network knows its task and an estimator of scikit-learn its kind. Of anything
    else the targets have to tell, and then the predictions.

    Parameters
    ----------
    model : object
        With `predict`.
    y, found : numpy.ndarray, shape (n,) or (n, outputs)
        Targets, and what it predicts for them.
    """
    task = getattr(getattr(model, "network", model), "task", None)
    if isinstance(task, str):
        return task == "regression"
    if hasattr(model, "__sklearn_tags__"):
        from sklearn.base import is_classifier, is_regressor

        if is_classifier(model) or is_regressor(model):
            return bool(is_regressor(model))
    return any(is_regression(a[:, 0] if a.shape[1:] == (1,) else a) for a in (y, found))


def predictions(model: Any, X: Any, y: Any, part: str) -> Any:
    """Return what a model predicts for samples, as a NumPy array, one row a target.

    Parameters
    ----------
    model : object
        With `predict`.
    X : array_like, shape (n, features)
        The samples.
    y : numpy.ndarray, shape (n,) or (n, outputs)
        Their targets.
    part : {"train", "test"}
        Of which set, for an error message.

    Raises
    ------
    InputError
        If there are more or fewer than targets.
    """
    found = plain(model.predict(X), f"The prediction of X_{part}")
    if len(found) != len(y):
        raise InputError(
            f"X_{part} has {len(found)} samples and y_{part} {len(y)} values: they must agree."
        )
    return found


def judge(found: Any, y: Any, regression: bool, part: str) -> Hits | Errors:
    """Put predictions beside the truth.

    Parameters
    ----------
    found, y : numpy.ndarray, shape (n,) or (n, outputs)
        Predictions and targets.
    regression : bool
        Whether they are values.
    part : {"train", "test"}
        Of which set, for an error message.

    Raises
    ------
    InputError
        If the two cannot be compared.
    """
    if regression:
        return _errors(found, y, part)
    return Hits(_right(found, y, part))


def _right(found: Any, y: Any, part: str) -> Any:
    kind, expected = (_KINDS.get(array.dtype.kind, "objects") for array in (found, y))
    if kind != expected:
        raise InputError(
            f"The model predicts {kind} such as {_first(found)}, and y_{part} holds {expected} "
            f"such as {_first(y)}: none can agree. Give y_{part} the labels it was trained on; for "
            f"a network, numpy.searchsorted(numpy.unique(y_train), y_{part}) numbers them."
        )
    if y.dtype.kind == "f" and (y % 1 != 0).any():
        raise InputError(
            f"y_{part} holds numbers that are not whole, and the model tells classes apart: give "
            f"labels or class numbers, soft targets rounded."
        )
    if found.ndim == 1 and y.ndim == 2:
        y = _labels(y)
    if found.ndim == 2 and found.shape[1] == 1:
        found, y = found[:, 0], _labels(y)
    if found.shape != y.shape:
        raise InputError(
            f"The model's predictions have shape {found.shape} and y_{part} has {y.shape}: they "
            f"cannot be compared. A classifier predicts labels, not probabilities."
        )
    right = found == y
    return right if right.ndim == 1 else right.all(axis=1)


def _first(array: Any) -> str:
    return repr(array.ravel()[:1].tolist()[0])


def _labels(y: Any) -> Any:
    """Return a column as labels, and one-hot rows as class numbers; others as they are."""
    if y.ndim == 2 and y.shape[1] == 1:
        return y[:, 0]
    if y.ndim == 2 and _KINDS.get(y.dtype.kind) == "numbers" and (y.sum(axis=1) == 1).all():
        return y.argmax(axis=1)
    return y


def _errors(found: Any, y: Any, part: str) -> Errors:
    import numpy as np

    for array, what in ((y, f"y_{part}"), (found, "The model's prediction")):
        if _KINDS.get(array.dtype.kind) != "numbers":
            raise InputError(f"R2 is of numbers. {what} holds values such as {_first(array)}.")
    truth, found = (array.astype("float64").reshape(len(array), -1) for array in (y, found))
    if truth.shape != found.shape:
        raise InputError(
            f"The model predicts {found.shape[1]} values a sample and y_{part} has "
            f"{truth.shape[1]}: they cannot be compared."
        )
    constant = (truth == truth[0]).all(axis=0)
    if constant.any():
        raise InputError(
            f"R2 compares the errors with the spread of the targets, and in column "
            f"{int(constant.argmax())} (counted from 0) of y_{part} all are equal. It needs "
            f"two different targets or more in each."
        )
    # Beyond the range of floats the result is not finite, and refused below.
    with np.errstate(over="ignore", invalid="ignore"):
        centred = truth - truth.mean(axis=0)
        unit = np.abs(centred).max(axis=0)
        errors = Errors(((found - truth) / unit) ** 2, centred / unit)
        finite = np.isfinite(errors.squared.sum()) and np.isfinite(errors.centred).all()
    if not finite:
        raise InputError(
            f"The squared errors on y_{part} are beyond the range of numbers: the model diverged, "
            f"or the targets are in an extreme unit. Train it anew, or scale the targets."
        )
    return errors
