"""What classifiers have in common: labels in, labels and probabilities out."""

from __future__ import annotations

from typing import Any

from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import unique_labels

from ..errors import InputError
from ..nn import tasks
from . import inputs
from .labels import back_to_labels, log_probabilities, probabilities


class Classifying(ClassifierMixin):  # type: ignore[misc] # scikit-learn has no types
    """The methods of a fitted classifier; beside `BaseMLP` in its subclasses."""

    _numeric = False
    _stratified = True
    _outputs: Any

    def predict(self, X: Any) -> Any:
        """Return the most probable label of each sample.

        Parameters
        ----------
        X : array-like, sparse matrix or array, shape (n, features)
            Where the samples of the fit were.

        Returns
        -------
        array, shape (n,); for several labels at once of 0 and 1 (n, labels)
            Where `X` is; labels that are text as NumPy's.
        """
        outputs, backend = self._outputs(X, "predict")
        return back_to_labels(self, outputs, backend, inputs.home_of(X))

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like, sparse matrix or array, shape (n, features)

        Returns
        -------
        array, shape (n, n_classes)
        """
        outputs, backend = self._outputs(X, "predict_proba")
        with backend.scope():
            return inputs.given_back(probabilities(outputs), backend, inputs.home_of(X))

    def predict_log_proba(self, X: Any) -> Any:
        """Return the logarithm of `predict_proba`.

        Parameters
        ----------
        X : array-like, sparse matrix or array, shape (n, features)

        Returns
        -------
        array, shape (n, n_classes)
        """
        outputs, backend = self._outputs(X, "predict_log_proba")
        with backend.scope():
            return inputs.given_back(log_probabilities(outputs), backend, inputs.home_of(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy; of several labels at once, of whole rows.

        Parameters
        ----------
        X : array-like, sparse matrix or array, shape (n, features)
        y : array-like, shape (n,) or (n, labels)
        sample_weight : array-like, shape (n,), optional

        Returns
        -------
        float
        """
        y, weight = inputs.host(y), inputs.host(sample_weight)
        return float(accuracy_score(y, inputs.host(self.predict(X)), sample_weight=weight))

    def _encode(self, y: Any, incremental: bool) -> Any:
        """Set or compare the classes; return labels as the network learns them, 0 and 1."""
        import numpy as np

        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
            return self._label_binarizer.transform(y).astype(bool)
        classes = unique_labels(y)
        if self.warm_start and set(classes) != set(self.classes_):
            raise ValueError(
                f"warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. "
                f"'y' has {classes}."
            )
        return self._label_binarizer.transform(y).astype(bool)

    def _encode_more(self, y: Any, what: str) -> Any:
        """Return other samples' labels as the network would learn them."""
        import numpy as np

        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y)
        strange = np.setdiff1d(unique_labels(y), self.classes_)
        if len(strange):
            raise InputError(
                f"{what} has labels that y has not: {strange.tolist()[:10]}. y has "
                f"{self.classes_.tolist()[:10]}."
            )
        return self._label_binarizer.transform(y).astype(bool)

    def _weights(self, y: Any, weight: Any, incremental: bool) -> Any:
        """Return sample weights with the classes' in them."""
        if self.class_weight is None:
            return weight
        if incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit: what is balanced is "
                "not known from a part. Weigh labels that stand for all by "
                "sklearn.utils.class_weight.compute_class_weight('balanced', classes=classes, "
                "y=y), and give the result as a dict."
            )
        of_classes = compute_sample_weight(self.class_weight, y)
        return of_classes if weight is None else weight * of_classes

    def _output(self) -> str:
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _task(self) -> str:
        if self._label_binarizer.y_type_.startswith("multilabel"):
            return "multilabel"
        return "classes" if self.n_outputs_ > 1 else "binary"

    def _labels(self) -> tuple[Any, ...] | None:
        if self._task() == "multilabel":
            return None
        labels = self.classes_.tolist()
        # Where there was one class only, both of the two that an output tells apart are it.
        return tuple(labels if len(labels) > 1 else 2 * labels)

    def _score_outputs(self, outputs: Any, y: Any, weight: Any) -> float:
        import numpy as np

        found = tasks.decode(self._task(), outputs)
        known = tasks.decode(self._task(), y)
        if len(self.classes_) == 1:
            found = np.zeros_like(found)  # the other output has no label
        return accuracy_score(known, found, sample_weight=weight)  # type: ignore[no-any-return]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
