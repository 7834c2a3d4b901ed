"""What regressors have in common: values in, values out."""

from __future__ import annotations

import math
from typing import Any

from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d

from ..errors import InputError
from . import inputs


class Regressing(RegressorMixin):  # type: ignore[misc] # scikit-learn has no types
    """The methods of a fitted regressor; beside `BaseMLP` in its subclasses."""

    _numeric = True
    _stratified = False
    _outputs: Any
    loss: str

    def predict(self, X: Any) -> Any:
        """Return the values of samples.

        Parameters
        ----------
        X : array-like, sparse matrix or array, shape (n, features)
            Where the samples of the fit were.

        Returns
        -------
        array, shape (n,) or (n, outputs)
            Where `X` is.
        """
        outputs, backend = self._outputs(X, "predict")
        found = outputs[:, 0] if outputs.shape[1] == 1 else outputs
        return inputs.given_back(found, backend, inputs.home_of(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R2, the mean over the outputs.

        Parameters
        ----------
        X : array-like, sparse matrix or array, shape (n, features)
        y : array-like, shape (n,) or (n, outputs)
        sample_weight : array-like, shape (n,), optional

        Returns
        -------
        float
        """
        y, weight = inputs.host(y), inputs.host(sample_weight)
        return float(r2_score(y, inputs.host(self.predict(X)), sample_weight=weight))

    def _encode(self, y: Any, incremental: bool) -> Any:
        """Return values as the network learns them, (n, outputs)."""
        return self._encode_more(y, "y")

    def _encode_more(self, y: Any, what: str) -> Any:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and (y < 0).any():
            raise InputError(
                f"loss='poisson' is for values of 0 or more. Received: {what} from {y.min():g}."
            )
        return y.reshape(len(y), -1)

    def _weights(self, y: Any, weight: Any, incremental: bool) -> Any:
        return weight

    def _output(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def _task(self) -> str:
        return "regression"

    def _labels(self) -> None:
        return None

    def _score_outputs(self, outputs: Any, y: Any, weight: Any) -> float:
        if not math.isfinite(float(outputs.sum())):
            return math.nan
        return r2_score(y, outputs, sample_weight=weight)  # type: ignore[no-any-return]
