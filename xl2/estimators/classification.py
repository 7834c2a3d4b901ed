"""The mixin for classifiers: labels in, labels and probabilities out."""

from __future__ import annotations

from typing import Any

from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import unique_labels

from ..array.api import Array, namespace
from ..array.backend import Backend
from ..errors import InputError
from ..nn import tasks
from . import inputs


class Classification(ClassifierMixin):  # type: ignore[misc] # scikit-learn has no types
    """The methods of a classifier that depend on its targets."""

    _numeric = False
    _outputs: Any
    classes_: Any

    def predict(self, X: Any) -> Any:
        """Return the most probable label of each sample, (n,).

        For multilabel classification the labels are 0 and 1, (n, labels). `X` (n, features) is an
        array of the same library and device as in `fit`, or a sparse matrix. So is the result;
        labels that are text are in a NumPy array.
        """
        outputs, backend = self._outputs(X, "predict")
        return _to_labels(self, outputs, backend, inputs.home_of(X))

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class, (n, n_classes); `X` is as for `predict`."""
        outputs, backend = self._outputs(X, "predict_proba")
        with backend.scope():
            return inputs.move(_probabilities(outputs), backend, inputs.home_of(X))

    def predict_log_proba(self, X: Any) -> Any:
        """Return the logarithm of `predict_proba`; `X` is as for `predict`."""
        outputs, backend = self._outputs(X, "predict_log_proba")
        with backend.scope():
            logarithms = namespace(outputs).log(_probabilities(outputs))
            return inputs.move(logarithms, backend, inputs.home_of(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy; for multilabel classification, of whole rows.

        `X` is as for `predict`, and the labels `y` and weights `sample_weight` as for `fit`.
        """
        y, weight = inputs.host(y), inputs.host(sample_weight)
        return float(accuracy_score(y, inputs.host(self.predict(X)), sample_weight=weight))

    def _encode(self, y: Any, part: bool) -> Any:
        """Set or compare the classes; return the targets of the network (n, outputs), boolean."""
        import numpy as np

        if y.ndim == 2 and y.shape[1] == 1:
            y = inputs.one_column(y)
        if not hasattr(self, "classes_") or (not self.warm_start and not part):
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

    def _encode_validation(self, y: Any, what: str) -> Any:
        """Return validation labels as targets of the network."""
        import numpy as np

        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        unknown = np.setdiff1d(unique_labels(y), self.classes_)
        if len(unknown):
            raise InputError(
                f"{what} has labels that are not in y: {unknown.tolist()[:10]}. y has "
                f"{self.classes_.tolist()[:10]}."
            )
        return self._label_binarizer.transform(y).astype(bool)

    def _sample_weights(self, y: Any, weight: Any, part: bool) -> Any:
        """Return the sample weights multiplied by the class weights."""
        if self.class_weight is None:
            return weight
        if part and self.class_weight == "balanced":
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit: it depends on all "
                "labels, and a part does not have them. Compute the weights by "
                "sklearn.utils.class_weight.compute_class_weight('balanced', classes=classes, "
                "y=y), and pass them as a dict."
            )
        of_classes = compute_sample_weight(self.class_weight, y)
        return of_classes if weight is None else weight * of_classes

    def _strata(self, y: Any) -> Any:
        """Return whose proportions a split keeps: the labels (n,) of two classes, or None."""
        if y.shape[1] > 1:
            return None
        # The labels themselves, for messages; one class alone is False.
        return self.classes_[y[:, 0].astype(int)]

    def _output_activation(self) -> str:
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _task(self) -> str:
        if self._label_binarizer.y_type_.startswith("multilabel"):
            return "multilabel"
        return "classes" if self.n_outputs_ > 1 else "binary"

    def _class_labels(self) -> tuple[Any, ...] | None:
        """Return the label of each class number; None for multilabel classification."""
        if self._task() == "multilabel":
            return None
        labels = self.classes_.tolist()
        # A single class is the label of both class numbers of a binary network.
        return tuple(labels if len(labels) > 1 else 2 * labels)

    def _score_outputs(self, outputs: Any, y: Any, weight: Any) -> float:
        import numpy as np

        found = tasks.decode(self._task(), outputs)
        expected = tasks.decode(self._task(), y)
        if len(self.classes_) == 1:
            found = np.zeros_like(found)  # class number 1 has the same label
        return accuracy_score(expected, found, sample_weight=weight)  # type: ignore[no-any-return]

    def _path_targets(self, encoded: Any) -> tuple[Any, str]:
        """Return targets and task as `regularization_path` takes them."""
        if self._task() == "multilabel":
            return encoded.astype(int), "multilabel"
        numbers = encoded.argmax(axis=1) if self._task() == "classes" else encoded[:, 0].astype(int)
        # The labels themselves, for messages, and for scorers that know them.
        return self.classes_[numbers], "classification"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _probabilities(outputs: Array) -> Array:
    """Return a column for each class; a single output is the probability of class 1."""
    if outputs.shape[-1] > 1:
        return outputs
    return namespace(outputs).concat([1.0 - outputs, outputs], axis=-1)


def _to_labels(estimator: Any, outputs: Array, backend: Backend, home: Backend) -> Any:
    """Return the label of each sample on `home`, from its outputs (n, outputs) on `backend`.

    A dtype that `home` lacks becomes float32. Labels that are neither numbers nor booleans stay
    in a NumPy array. Labels are a sparse matrix if those of the fit were.
    """
    import numpy as np

    with backend.scope():
        numbers = tasks.decode(estimator._task(), outputs)
    classes = estimator.classes_
    if estimator._task() == "multilabel":
        if estimator._label_binarizer.sparse_input_:
            import scipy.sparse

            return scipy.sparse.csr_matrix(backend.to_numpy(numbers))
        return inputs.move(numbers, backend, home)
    # On the host, because PyTorch cannot index arrays of unsigned integers. The minimum is
    # for a single class, whose network has two class numbers.
    labels = classes[np.minimum(backend.to_numpy(numbers), len(classes) - 1)]
    if home.name == "numpy" or labels.dtype.kind not in "biuf":
        return labels
    dtypes = home.xp.__array_namespace_info__().dtypes(device=home.device)
    if labels.dtype.kind == "f" and labels.dtype.name not in dtypes:
        labels = labels.astype("float32")
    return home.from_numpy(labels)
