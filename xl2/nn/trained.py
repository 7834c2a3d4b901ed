"""What a `Model` and an `Ensemble` of models have in common: labels, values and scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InputError, on_command_line, warn_caller
from .columns import Table
from .costs import class_probabilities, least_cost
from .label_arrays import read_labels
from .labels import describe_new_labels, like_training, new_labels
from .shown import trained_html, trained_text
from .tasks import decode


class Trained:
    """Base of what predicts by its outputs, which a subclass returns from `forward`.

    The attributes are described in `Model`.
    """

    classes: tuple[Any, ...] | None
    features: tuple[str, ...]
    trained_rows: Any
    tried: Mapping[str, Any] | None
    table: Table | None

    def __repr__(self) -> str:
        return trained_text(self)

    def _repr_html_(self) -> str:
        return trained_html(self)

    @property
    def task(self) -> str:
        """What the outputs mean, a task of `xl2.nn.tasks`."""
        raise NotImplementedError

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        raise NotImplementedError

    @property
    def width(self) -> int:
        """The number of columns of samples; of a transformer's, of its outputs."""
        raise NotImplementedError

    @property
    def is_calibrated(self) -> bool:
        """Whether a temperature has changed the probabilities."""
        raise NotImplementedError

    @property
    def known_classes(self) -> Any:
        """The labels of the class numbers, or without labels the numbers themselves."""
        return self.classes or range(max(2, self.outputs))

    def coded(self, X: Any) -> Any:
        """Return samples as numbers, of which equal ones are equal samples."""
        raise NotImplementedError

    def forward(self, X: Any) -> Any:
        """Return the outputs (n, outputs) for samples, as a NumPy array."""
        raise NotImplementedError

    def _deciding(self, X: Any) -> Any:
        """Return the outputs that predictions are made of."""
        return self.forward(X)

    def predict(self, X: Any) -> Any:
        """Return labels, or values for a regression, as a NumPy array (n,) or (n, outputs).

        The samples `X` (n, columns) are in their original units; see `Model.prepare`.
        """
        return self.targets_of(self._deciding(X))

    def targets_of(self, outputs: Any) -> Any:
        """Return outputs (n, outputs) as `predict` does: labels or values."""
        import numpy as np

        predictions = decode(self.task, outputs)
        if self.classes is None:
            return predictions
        return np.asarray(self.classes)[predictions]

    def decide(self, X: Any, costs: Any) -> Any:
        """Return the labels of the least expected cost, (n,), by the probabilities.

        They are right as far as the probabilities are: calibrate the model before; see
        docs/calibration.md.

        Parameters
        ----------
        X : array_like or DataFrame, shape (n, columns)
            The samples, in their original units; see `Model.prepare`.
        costs : array_like, shape (classes, classes)
            ``costs[i][j]`` is the cost of answering class j where i is true, in the order of
            `classes`: 0 for the right answers, mostly.
        """
        import numpy as np

        if self.task not in ("binary", "classes"):
            raise InputError(
                f"Costs are for answers of which one is right, and the task of this model is "
                f"{self.task}. Compare the probabilities of each label, forward(X), with "
                f"cost_fp / (cost_fp + cost_fn)."
            )
        chosen = least_cost(class_probabilities(self.forward(X)), costs)
        return np.asarray(self.known_classes)[chosen]

    def score(self, X: Any, y: Any) -> float:
        """Return the accuracy, or R2 for a regression, for labels or values `y`.

        A label is that of training also if it is written in another form, such as "1" for 1. The
        accuracy of several labels for each sample is that of whole rows.
        """
        import numpy as np
        from sklearn.metrics import r2_score

        predictions, y = self.predict(X), read_labels(y, "y")
        if self.task == "regression":
            return float(r2_score(y, predictions))
        if self.task == "multilabel":
            return float((predictions == y).all(axis=1).mean())
        known = self.known_classes
        y = like_training(y, known)
        new = new_labels(y, known)
        if sum(new.values()) == len(y) and not on_command_line():
            warn_caller(f"{describe_new_labels(new, known, '')} The accuracy is 0.")
        return float(np.mean(predictions == y))
