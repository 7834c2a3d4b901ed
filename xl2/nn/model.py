"""`Model`: a trained network with its scalings, class labels and feature names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..array.backend import numbers
from ..array.rows import is_stored
from ..array.switch import to_numpy
from ..errors import InputError, counted
from .network import Network
from .scaling import Scaling
from .tasks import decode


@dataclass(frozen=True)
class Model:
    """A trained network with all that is needed to use it on new samples, as in a model file.

    Attributes
    ----------
    network : Network
        A single network.
    input_scaling, output_scaling : Scaling or None
        The standardisation of samples, and of a regression's targets.
    classes : tuple or None
        The label of each class number, text or numbers.
    features : tuple of str
        Names of the input columns; empty if the data had none.
    groups : str or None
        The column of the data set that held the groups of the samples, by name or index: whole
        groups were held out.
    trained_rows : numpy.ndarray or None
        A digest of the features of each training sample, (n,) of uint64, sorted: `xl2 diagnose`
        and `xl2 predict` tell by it which samples are unseen. The command line records it.
    tried : dict or None
        What the path that trained it tried, as plain values: `xl2.diagnose` rests its advice on
        it. The model of a path's best lambda has it.
    """

    network: Network
    input_scaling: Scaling | None = None
    output_scaling: Scaling | None = None
    classes: tuple[Any, ...] | None = None
    features: tuple[str, ...] = ()
    groups: str | None = None
    trained_rows: Any = None
    tried: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, model: Any) -> Model:
        """Return a network or a fitted estimator of xl2 as a model, and a model itself."""
        if isinstance(model, cls):
            return model
        if isinstance(model, Network):
            return cls(model)
        if hasattr(model, "to_model"):
            return cls.of(model.to_model())
        raise InputError(
            f"model must be a Network, a Model or a fitted estimator of xl2; of a path pass "
            f"path.best_model_, of a pipeline pipeline[-1]. Received: {type(model).__name__}."
        )

    def prepare(self, X: Any) -> Any:
        """Return samples (n, features) as the network expects them, standardised.

        Arrays on disk are scaled when read.
        """
        x = X if is_stored(X) else to_numpy(X)
        expected = self.network.sizes[0]
        if x.ndim != 2 or x.shape[1] != expected:
            has = counted(x.shape[1], "feature") if x.ndim == 2 else f"shape {tuple(x.shape)}"
            expects = counted(expected, "feature")
            raise InputError(f"X has {has}, but the model expects {expects}.")
        if self.input_scaling is None:
            return x
        if is_stored(x):
            return self.input_scaling.lazily(x)
        return self.input_scaling.apply(numbers(x, "float64", "X"), self.network.dtype)

    def to_torch(self) -> Any:
        """Return `Network.to_torch`, a module for samples as `prepare` returns them."""
        return self.network.to_torch()

    def forward(self, X: Any) -> Any:
        """Return the outputs for samples.

        Parameters
        ----------
        X : array_like, shape (n, features)
            The samples, in their original units.

        Returns
        -------
        numpy.ndarray, shape (n, outputs)
            Probabilities, or values in the targets' units.
        """
        outputs = self.network.backend.to_numpy(self.network.forward(self.prepare(X)))
        return outputs if self.output_scaling is None else self.output_scaling.undo(outputs)

    def predict(self, X: Any) -> Any:
        """Return labels, or values for a regression, as a NumPy array (n,) or (n, outputs).

        The samples `X` (n, features) are in their original units.
        """
        import numpy as np

        predictions = decode(self.network.task, self.forward(X))
        if self.classes is None:
            return predictions
        return np.asarray(self.classes)[predictions]

    def score(self, X: Any, y: Any) -> float:
        """Return the accuracy, or R2 for a regression, for labels or values `y`."""
        import numpy as np
        from sklearn.metrics import r2_score

        predictions = self.predict(X)
        if self.network.task == "regression":
            return float(r2_score(y, predictions))
        return float(np.mean(predictions == np.asarray(y)))
