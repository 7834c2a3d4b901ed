"""`MLPRegressor` and `MLPRegressorCV`: scikit-learn's regressor, on any backend."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if

from ..errors import InputError
from . import inputs
from .arguments import CONSTRAINTS, CV_CONSTRAINTS, LOSS
from .base import BaseMLP, learns_by_parts
from .cv import BaseMLPCV


class Regression(RegressorMixin):  # type: ignore[misc] # scikit-learn has no types
    """The methods of a regressor that depend on its targets."""

    _numeric = True
    _outputs: Any
    loss: str

    def predict(self, X: Any) -> Any:
        """Return the predicted values of samples, (n,) or (n, outputs).

        `X` (n, features) is an array of the same library and device as in `fit`, or a sparse
        matrix. The result is an array of that library and device.
        """
        outputs, backend = self._outputs(X, "predict")
        found = outputs[:, 0] if outputs.shape[1] == 1 else outputs
        return inputs.move(found, backend, inputs.home_of(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R2, averaged over the outputs.

        `X` is as for `predict`, and the values `y` and weights `sample_weight` as for `fit`.
        """
        y, weight = inputs.host(y), inputs.host(sample_weight)
        return float(r2_score(y, inputs.host(self.predict(X)), sample_weight=weight))

    def _encode(self, y: Any, part: bool) -> Any:
        """Return values as targets of the network (n, outputs)."""
        return self._encode_validation(y, "y")

    def _encode_validation(self, y: Any, what: str) -> Any:
        if y.ndim == 2 and y.shape[1] == 1:
            y = inputs.one_column(y)
        if self.loss == "poisson" and (y < 0).any():
            raise InputError(
                f"loss='poisson' needs values of 0 or more. Received: {what} with {y.min():g}."
            )
        return y.reshape(len(y), -1)

    def _sample_weights(self, y: Any, weight: Any, part: bool) -> Any:
        return weight

    def _strata(self, y: Any) -> None:
        return None

    def _output_activation(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def _task(self) -> str:
        return "regression"

    def _class_labels(self) -> None:
        return None

    def _score_outputs(self, outputs: Any, y: Any, weight: Any) -> float:
        if not math.isfinite(float(outputs.sum())):
            return math.nan
        return r2_score(y, outputs, sample_weight=weight)  # type: ignore[no-any-return]

    def _path_targets(self, encoded: Any) -> tuple[Any, str]:
        """Return targets and task as `regularization_path` takes them."""
        return encoded, "regression"


class MLPRegressor(Regression, BaseMLP):
    """Multilayer perceptron regressor with the interface of scikit-learn's.

    The parameters up to `max_fun` are those of `sklearn.neural_network.MLPRegressor` 1.9.
    With NumPy, float64 and the same `random_state`, so are the weights and scores. All other
    parameters and attributes are as in `MLPClassifier`.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, default "squared_error"
        "poisson" is half the Poisson deviance, for counts of 0 or more; the activation of
        the output is then the exponential.

    Attributes
    ----------
    validation_scores_ : list of float or None
        R2 after each epoch, with `early_stopping` or validation samples.
    out_activation_ : {"identity", "exp"}
        Activation of the output layer.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 20)[:, None]
    >>> model = MLPRegressor((8,), solver="lbfgs", random_state=0).fit(X, X[:, 0] ** 2)
    >>> model.predict(X).shape
    (20,)
    """

    _parameter_constraints: ClassVar = CONSTRAINTS | LOSS

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        backend: str | None = None,
        device: Any = None,
        dtype: str | None = None,
        initializer: Any = None,
        dropout: float = 0.0,
        even_batches: bool = False,
        callbacks: Any = None,
    ):
        self._set_arguments(locals())

    @available_if(learns_by_parts)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch, continuing from the last call.

        `X`, `y` and `sample_weight` are as for `fit`.
        """
        return self._fit(X, y, sample_weight, part=True)


class MLPRegressorCV(Regression, BaseMLPCV):
    """Multilayer perceptron regressor that chooses `alpha` by cross-validation.

    It is trained like `MLPClassifierCV`, with folds that are not stratified. All other parameters
    and attributes are described there.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, default "squared_error"
        As in `MLPRegressor`.

    Attributes
    ----------
    scores_ : array, shape (n_alphas, n_folds)
        Score of each validation fold, averaged over the seeds: R2, unless `scoring` is given.
    out_activation_ : {"identity", "exp"}
        Activation of the output layer.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> model = MLPRegressorCV([0.01, 10], cv=3, max_iter=20, random_state=0)
    >>> model.fit(X, X[:, 0]).alpha_ in (0.01, 10)
    True
    """

    _parameter_constraints: ClassVar = CV_CONSTRAINTS | LOSS

    def __init__(
        self,
        alphas: Any = 8,
        *,
        cv: Any = None,
        scoring: Any = None,
        rule: str = "best",
        n_seeds: int = 1,
        ensemble: bool = False,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        solver: str = "adam",
        batch_size: Any = "auto",
        learning_rate_init: float = 0.001,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        verbose: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        backend: str | None = None,
        device: Any = None,
        dtype: str | None = None,
        initializer: Any = None,
        dropout: float = 0.0,
    ):
        self._set_arguments(locals())
