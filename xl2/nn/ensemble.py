"""`Ensemble`: several models whose outputs are averaged."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..array import rows
from ..errors import InputError, counted
from .columns import Table
from .model import Model
from .prediction_intervals import Residuals, check_level, cv_plus
from .preprocessing import Preprocessing
from .trained import Trained

LEAST = 1e-300  # of a sum of probabilities


@dataclass(frozen=True, repr=False)
class Ensemble(Trained):
    """Models whose probabilities, or values of a regression, are averaged.

    ``path.ensemble_`` has networks of a path's best lambda: those trained on all samples, or those
    of all folds and seeds. Their errors are partly different ones, which the mean cancels.

    Attributes
    ----------
    models : tuple of Model
        All of one task, dtype and kind of sample. Networks and estimators become models.
    weights : tuple of float or None
        One for each model, 0 or more, with the sum 1; by default they are equal.
    residuals : Residuals or None
        Of a regression, the errors on samples that models were not trained on, for `interval`.
    trained_rows, tried, table
        As in `Model`. What the single models have of these is not used.
    classes, features
        Those of the models, as in `Model`.

    Examples
    --------
    >>> from xl2 import Network
    >>> ensemble = Ensemble([Network([2, 1], seed=s) for s in range(3)])
    >>> ensemble.forward([[0.0, 0.0]]).tolist()
    [[0.5]]
    """

    models: Sequence[Model]
    weights: Sequence[float] | None = None
    residuals: Residuals | None = None
    trained_rows: Any = None
    tried: Mapping[str, Any] | None = None
    table: Table | None = None
    classes: tuple[Any, ...] | None = field(init=False)
    features: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        models = tuple(map(Model.of, self.models))
        object.__setattr__(self, "models", models)
        if not models:
            raise InputError("An ensemble needs one model or more. Received: none.")
        for k, model in enumerate(models):
            if model.network.stack:
                raise InputError(
                    "A stack cannot be a model of an ensemble. Pass its members: network.member(k)."
                )
            if k and _kind_of(model) != _kind_of(models[0]):
                raise InputError(
                    f"The models of an ensemble must have the same task, outputs, dtype, classes "
                    f"and columns. Model {k + 1} differs from the first: {_kind_of(model)} and "
                    f"{_kind_of(models[0])}."
                )
        if self.weights is not None:
            object.__setattr__(self, "weights", _check_weights(self.weights, len(models)))
        if self.residuals is not None:
            self.residuals.check(len(models), models[0].outputs)
        object.__setattr__(self, "classes", models[0].classes)
        object.__setattr__(self, "features", models[0].features)

    @property
    def task(self) -> str:
        """What the outputs mean, a task of `xl2.nn.tasks`."""
        return self.models[0].task

    @property
    def is_calibrated(self) -> bool:
        """Whether a temperature has changed the probabilities."""
        return any(model.is_calibrated for model in self.models)

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        return self.models[0].outputs

    @property
    def width(self) -> int:
        """The number of columns of samples; of a transformer's, of its outputs."""
        return self.models[0].width

    @property
    def preprocessing(self) -> Any:
        """What the first model makes inputs by; the columns of all are the same."""
        return self.models[0].preprocessing

    def coded(self, X: Any) -> Any:
        """Return samples as numbers, of which equal ones are equal samples."""
        return self.models[0].coded(X)

    def forward(self, X: Any) -> Any:
        """Return the mean of the models' outputs.

        Parameters
        ----------
        X : array_like or DataFrame, shape (n, columns)
            The samples, in their original units; see `Model.prepare`.

        Returns
        -------
        numpy.ndarray, shape (n, outputs)
            Probabilities, or values in the targets' units.
        """
        return self._reduced(X, self._mean)

    def disagreement(self, X: Any) -> Any:
        """Return how much the models differ, for each sample.

        For classes it is the mean Kullback-Leibler divergence, in nats, of the models'
        probabilities from their mean: the mutual information of the label and the model, 0 if all
        agree, and at most the logarithm of the number of models. Of several labels it is the sum
        over the labels, which are taken as independent. For a regression it is the standard
        deviation of the models' values, in the targets' units. It tells where the models are unsure
        because they have seen few such samples, not how noisy the targets are.

        Returns
        -------
        numpy.ndarray, shape (n,); (n, outputs) of a regression with several outputs
        """
        return self._reduced(X, self._spread)

    def interval(self, X: Any, level: float = 0.9) -> tuple[Any, Any]:
        """Return prediction intervals of a regression, by CV+.

        An interval is made of the models' values and their errors on the validation samples that
        the path kept from them. It does not depend on `weights`: the models of a fold count
        equally. Several outputs have an interval each, not a common one.

        For n samples in K folds of equal size, the method assures that a new value is in its
        interval with a probability of at least ``2 * level - 1 - sqrt(2 / n)`` (Barber and others,
        2021, theorem 4); mostly it is close to `level`, and with folds that are not unusually
        unlike, somewhat more. With one set of validation samples it is split conformal prediction,
        which assures `level`. Both assume that new samples and those of the path are exchangeable:
        from the same population, none depending on others, as they do in groups or in time, or
        with sample weights. The choice of lambda by the same samples is not included: it makes
        intervals a little too short. The probability is that of all samples, not of each kind.

        Networks trained on all samples have the errors of the folds' networks, which were trained
        on fewer. For these nothing is assured; on diabetes, 90.1 % of new values were in intervals
        of the level 0.9.

        Parameters
        ----------
        X : array_like or DataFrame, shape (n, columns)
            As for `forward`.
        level : float, default 0.9
            From 0.5 to below 1. With fewer than ``level / (1 - level)`` validation samples the
            intervals are infinite.

        Returns
        -------
        low, high : numpy.ndarray, shape (n,) or (n, outputs)
            In the targets' units, like `predict`.

        Raises
        ------
        InputError
            If it is no regression, or no errors are known.
        """
        level, residuals = check_level(level), self.residuals
        if self.task != "regression":
            raise InputError(
                f"Intervals are for a regression, and the task of this ensemble is {self.task}. "
                f"Its forward(X) returns probabilities, and disagreement(X) how unsure they are."
            )
        if residuals is None:
            raise InputError(
                "Intervals need errors on samples that the models were not trained on, and this "
                "ensemble has none. Those of regularization_path have them: path.ensemble_."
            )
        count = len(residuals.values)

        def of_folds(found: Any) -> Any:
            import numpy as np

            own = [
                [one for one, f in zip(found, residuals.folds, strict=True) if f == fold]
                for fold in range(count)
            ]
            ends = cv_plus(
                [mean_of(np.array(one, dtype="float64")) for one in own], residuals, level
            )
            return np.stack(ends, axis=-1)

        ends = self._reduced(X, of_folds)
        if self.outputs == 1:
            ends = ends[:, 0]
        return ends[..., 0], ends[..., 1]

    def to_torch(self) -> Any:
        """Raise `InputError`: only a single network can be one module."""
        raise InputError(
            "An ensemble is not a single module of PyTorch. Convert its models: "
            "[model.to_torch() for model in ensemble.models]; to_onnx makes a single graph of all."
        )

    def _reduced(self, X: Any, reduce: Callable[[Any], Any]) -> Any:
        """Return what a function makes of the outputs of all models, (models, n, outputs).

        Samples on disk or in Dask are read once, a few rows at a time.
        """
        import numpy as np

        x = self.models[0].raw(X)
        starts, step = range(1), None
        if rows.is_stored(x):
            step = max(1, rows.CHUNK_BYTES // (8 * max(1, x.shape[1])))
            starts = range(0, max(1, x.shape[0]), step)
        found = []
        for start in starts:
            part = x if step is None else x[start : start + step]
            outputs = [model.forward(part) for model in self.models]
            found.append(reduce(np.stack(outputs)))
        return np.concatenate(found)

    def _mean(self, found: Any) -> Any:
        return mean_of(found.astype("float64"), self.weights).astype(found.dtype)

    def _spread(self, found: Any) -> Any:
        import numpy as np

        found = found.astype("float64")
        mean = mean_of(found, self.weights)
        if self.task == "regression":
            spread = np.sqrt(mean_of((found - mean) ** 2, self.weights))
            return spread[:, 0] if self.outputs == 1 else spread
        if self.task == "classes":  # several sigmoids need not have the sum 1
            shares = [found / np.maximum(found.sum(axis=2, keepdims=True), LEAST)]
        else:
            shares = [found, 1.0 - found]
        parts = [
            _entropy(mean_of(p, self.weights)) - mean_of(_entropy(p), self.weights) for p in shares
        ]
        return np.maximum(sum(parts).sum(axis=1), 0.0)


def mean_of(outputs: Any, weights: Sequence[float] | None = None) -> Any:
    """Return the mean of several arrays, by weights if these are given.

    That of probabilities is at most 1, also by rounding: neither sum can be above the other.
    """
    if weights is None:
        return sum(outputs) / len(outputs)
    return sum(w * one for w, one in zip(weights, outputs, strict=True)) / sum(weights)


def as_trained(model: Any) -> Model | Ensemble:
    """Return an ensemble, or an estimator's, as it is, and anything else as `Model.of` does."""
    if hasattr(model, "to_model"):
        model = model.to_model()
    return model if isinstance(model, Ensemble) else Model.of(model)


def _entropy(p: Any) -> Any:
    """Return ``-p log p``, 0 for 0."""
    import numpy as np

    return -p * np.log(np.where(p > 0.0, p, 1.0))


def _kind_of(model: Model) -> tuple[Any, ...]:
    """Return what the models of an ensemble have in common."""
    learnt = model.preprocessing
    columns = learnt.columns if isinstance(learnt, Preprocessing) else model.width
    dtype = model.network.dtype
    return model.task, model.outputs, dtype, model.classes, model.features, columns


def _check_weights(weights: Sequence[float], count: int) -> tuple[float, ...]:
    try:
        found = tuple(map(float, weights))
    except (TypeError, ValueError):
        found = ()
    fits = len(found) == count and all(w >= 0.0 for w in found)  # NaN is not
    if not fits or not math.isclose(sum(found), 1.0, abs_tol=1e-6):
        raise InputError(
            f"weights must be {counted(count, 'number')}, one for each model, 0 or more and with "
            f"the sum 1. Received: {weights!r}."
        )
    return found
