"""What a member predicts for the samples of a fold, and the fitted estimator that scorers see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..array.activations import softmax
from ..errors import InputError
from ..nn import tasks


@dataclass(frozen=True)
class Predictions:
    """Predictions for n samples, on the host in float64.

    The class numbers, `numbers`, are integers (n,), or 0 and 1 (n, labels) of a multilabel task.
    """

    task: str  # see `xl2.nn.tasks`
    outputs: Any  # (n, outputs): probabilities, or values in the targets' own units

    @classmethod
    def of(cls, network: Any, logits: Any, scaling: Any) -> Predictions:
        """Return the predictions of a network by its logits (n, outputs) on the host.

        In float64 a probability close to 1 keeps its distance from 1, as the log loss needs.
        """
        import numpy as np

        z = logits.astype(np.float64)
        with np.errstate(over="ignore"):
            if network.task == "classes" and network.activations[-1] != "softmax":
                # Several sigmoids, which all may be as good as 0, divided by their sum.
                outputs = softmax(-np.logaddexp(0.0, -z))
            else:
                outputs = network.activate(z)
        return cls(network.task, outputs if scaling is None else scaling.undo(outputs))

    @property
    def finite(self) -> bool:
        """Whether all outputs are finite."""
        import numpy as np

        return bool(np.isfinite(self.outputs).all())

    @property
    def numbers(self) -> Any:
        """The predicted class numbers."""
        return tasks.decode(self.task, self.outputs)

    @property
    def probabilities(self) -> Any:
        """The probability of each class, (n, classes), or of each label, (n, labels)."""
        import numpy as np

        if self.task != "binary":
            return self.outputs
        return np.concatenate([1.0 - self.outputs, self.outputs], axis=1)

    def take(self, rows: Any) -> Predictions:
        """Return the predictions for some of the samples."""
        return Predictions(self.task, self.outputs[rows])

    def as_estimator(self, X: Any, classes: Any) -> Any:
        """Return a fitted estimator with these predictions for the samples `X`.

        `classes` are the labels of the class numbers; None for multilabel and a regression.
        """
        if self.task == "regression":
            return FittedRegressor(X, tasks.decode(self.task, self.outputs))
        numbers = self.numbers
        labels = numbers if classes is None else classes[numbers]
        return FittedClassifier(X, labels, self.probabilities, classes)


class FittedRegressor:
    """A regressor as scorers see it: it predicts the samples it was made for, and no others."""

    _kind = "regressor"

    def __init__(self, X: Any, predicted: Any):
        self._X, self._predicted = X, predicted
        self.n_outputs_ = 1 if predicted.ndim == 1 else predicted.shape[1]

    def fit(self, X: Any, y: Any) -> Any:
        """Return the estimator, which is fitted; scikit-learn takes nothing else for one."""
        return self

    def predict(self, X: Any) -> Any:
        """Return labels (n,) or (n, labels), or values (n,) or (n, outputs)."""
        return self._own(X, self._predicted)

    def _own(self, X: Any, found: Any) -> Any:
        if X is not self._X:
            raise InputError(
                "A scorer of a path may only predict the samples that it was given, all at once: "
                "the networks are trained in stacks, and their predictions are computed before."
            )
        return found

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        several = self._predicted.ndim == 2
        return Tags(
            estimator_type=self._kind,
            target_tags=TargetTags(required=True, multi_output=several),
            classifier_tags=ClassifierTags(multi_label=several),
            regressor_tags=RegressorTags(),
        )


class FittedClassifier(FittedRegressor):
    """A classifier as scorers see it, with probabilities too."""

    _kind = "classifier"

    def __init__(self, X: Any, predicted: Any, probabilities: Any, classes: Any):
        import numpy as np

        super().__init__(X, predicted)
        self._probabilities = probabilities
        self.classes_ = np.arange(probabilities.shape[1]) if classes is None else classes

    def predict_proba(self, X: Any) -> Any:
        """Return probabilities (n, classes), or (n, labels) of a multilabel task."""
        return self._own(X, self._probabilities)
