"""What `MLPClassifierCV` and `MLPRegressorCV` share: the path of alphas, trained as stacks."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, Self

from sklearn.utils import check_random_state

from ..array.switch import resolve
from ..errors import DivergenceError, InputError
from ..path.regularization import regularization_path
from . import inputs
from .arguments import CV_CONSTRAINTS, activations, hidden_units, optimizer_of
from .common import CommonMLP
from .random_draws import draw_seed


class BaseMLPCV(CommonMLP):
    """A network with the alpha that cross-validation chooses; see its two subclasses."""

    _parameter_constraints: ClassVar = CV_CONSTRAINTS
    warm_start = False

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Choose alpha, and train a network with it on all samples.

        Parameters
        ----------
        X : array-like or array of any library, shape (n, features)
            Samples.
        y : array-like, shape (n,) or (n, outputs)
            Targets; for multilabel classification 0 and 1, (n, labels).
        sample_weight : array-like, shape (n,), optional
            Weights of the samples, in training and in the scores.
        """
        self._validate_params()
        hidden, home = hidden_units(self), inputs.home_of(X)
        X, y = inputs.read(self, X, y, reset=True, numeric=self._numeric, sparse=False)
        weight = self._sample_weights(y, inputs.read_weights(sample_weight, X.shape[0]), False)
        encoded = self._encode(y, False)
        self.n_outputs_, self.n_layers_ = encoded.shape[1], len(hidden) + 2
        self.out_activation_ = self._output_activation()
        backend = resolve(self.backend, self.device, data=X)
        dtype = inputs.dtype_of(X, home, self.dtype)
        random = check_random_state(self.random_state)
        names = activations(self.activation, len(hidden), self.out_activation_)
        targets, task = self._path_targets(encoded)
        try:
            path = regularization_path(
                inputs.samples_on(X, backend, dtype),
                targets,
                int(self.alphas) if isinstance(self.alphas, Integral) else list(self.alphas),
                cv=5 if self.cv is None else self.cv,
                seed=[draw_seed(random) for _ in range(self.n_seeds)],
                refit="1se" if self.rule == "1se" else "best",
                hidden=hidden,
                activation=names[0] if hidden else "relu",
                output=names[-1],
                initializer=self.initializer,
                task=task,
                epochs=self.max_iter,
                batch_size=min(200, len(encoded)) if self.batch_size == "auto" else self.batch_size,
                learning_rate=self.learning_rate_init,
                optimizer=optimizer_of(self),
                dropout=self.dropout,
                sample_weight=weight,
                shuffle=self.shuffle,
                dtype=dtype,
                progress=None if self.verbose else False,
                backend=backend.name,
                device=backend.device,
            )
            chosen = path.lambda_1se_ if self.rule == "1se" else path.best_lambda_
            model = path.model(chosen)
        except DivergenceError as error:
            raise InputError(str(error)) from None
        self.alpha_, self.alpha_1se_ = path.best_lambda_, path.lambda_1se_
        self.best_score_ = float(path.validation_means_[path.best_index_])
        for name, values in (
            ("alphas_", path.lambdas_),
            ("scores_", path.validation_scores_),
            ("mean_scores_", path.validation_means_),
            ("standard_errors_", path.standard_errors_),
        ):
            setattr(self, name, home.asarray(values, inputs.dtype_of(None, home, None)))
        self.n_iter_ = int(self.max_iter)
        self.path_ = path
        self._store(model.network, home)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags
