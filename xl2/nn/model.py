"""A trained network together with what its inputs and outputs mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..array.backend import numbers
from ..array.lazy_rows import is_stored
from ..array.switch import to_numpy
from ..errors import InputError
from .network import Network
from .scaling import Scaling


@dataclass(frozen=True)
class Model:
    """What a model file holds.

    Attributes
    ----------
    network : Network
        A single network.
    inputs : Scaling or None
        How samples are standardised before they enter it.
    outputs : Scaling or None
        How its outputs are brought back to the targets' units; regression only.
    classes : tuple or None
        The label of each class number, text or numbers.
    features : tuple of str
        Names of the input columns; empty where the data had none.
    split : (float, int) or None
        The part of the data set that was held out from training, and the seed of that
        split; None where the data set came in two parts.
    """

    network: Network
    inputs: Scaling | None = None
    outputs: Scaling | None = None
    classes: tuple[Any, ...] | None = None
    features: tuple[str, ...] = ()
    split: tuple[float, int] | None = None

    @classmethod
    def of(cls, model: Any) -> Model:
        """Return a network, or what a fitted estimator holds, as a model.

        Parameters
        ----------
        model : Model, Network or estimator of xl2

        Returns
        -------
        Model

        Raises
        ------
        InputError
            If it is something else.
        """
        if isinstance(model, cls):
            return model
        if isinstance(model, Network):
            return cls(model)
        if hasattr(model, "to_model"):
            return cls.of(model.to_model())
        raise InputError(
            f"A model is a Network, a Model, or an estimator of xl2; of a path it is "
            f"path.best_model(), and of a pipeline its last step. Received: "
            f"{type(model).__name__}."
        )

    def prepare(self, X: Any) -> Any:
        """Return samples (n, features), in their own units, as the network takes them.

        Those on disk stay there, and are scaled when they are read.

        Raises
        ------
        InputError
            If they have another number of features, or are not numbers.
        """
        x = X if is_stored(X) else to_numpy(X)
        expected = self.network.sizes[0]
        if x.ndim != 2 or x.shape[1] != expected:
            came = f"{x.shape[1]} features" if x.ndim == 2 else f"shape {tuple(x.shape)}"
            raise InputError(f"The model was trained on {expected} features. Received: {came}.")
        if self.inputs is None:
            return x
        if is_stored(x):
            return self.inputs.lazily(x)
        return self.inputs.apply(numbers(x, "float64", "X"), self.network.dtype)

    def to_torch(self) -> Any:
        """Return `Network.to_torch`; it takes samples as `prepare` returns them."""
        return self.network.to_torch()

    def forward(self, X: Any) -> Any:
        """Return the network's outputs for samples in their own units.

        Parameters
        ----------
        X : array_like, shape (n, features)
            The samples.

        Returns
        -------
        numpy.ndarray, shape (n, outputs)
            Probabilities, or values in the targets' units.
        """
        outputs = self.network.backend.to_numpy(self.network.forward(self.prepare(X)))
        return outputs if self.outputs is None else self.outputs.undo(outputs)

    def predict(self, X: Any) -> Any:
        """Return labels, or values for a regression.

        Parameters
        ----------
        X : array_like, shape (n, features)
            The samples, in their own units.

        Returns
        -------
        numpy.ndarray, shape (n,) or (n, outputs)
        """
        import numpy as np

        from .tasks import decode

        found = decode(self.network.task, self.forward(X))
        if self.classes is None:
            return found
        return np.asarray(self.classes)[found]

    def score(self, X: Any, y: Any) -> float:
        """Return the accuracy, or R2 for a regression, on labels or values `y`."""
        import numpy as np
        from sklearn.metrics import r2_score

        found = self.predict(X)
        if self.network.task == "regression":
            return float(r2_score(y, found))
        return float(np.mean(found == np.asarray(y)))
