"""What `MLPClassifierCV` and `MLPRegressorCV` share: the path of alphas, trained as stacks."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral
from typing import Any, ClassVar, Self

from sklearn.model_selection import GroupKFold
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import (
    UNUSED,
    MetadataRouter,
    MethodMapping,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from ..array.switch import resolve
from ..errors import DivergenceError, InputError, facing
from ..nn.ensemble import Ensemble
from ..nn.model import Model
from ..nn.network import Network
from ..nn.temperature import divided
from ..path.arguments import RULES
from ..path.regularization import regularization_path
from . import inputs
from .arguments import CV_CONSTRAINTS, activations, face_of, hidden_units, optimizer_of
from .common import CommonMLP
from .random_draws import draw_seed


class BaseMLPCV(CommonMLP):
    """Networks with the alpha that cross-validation chooses; see the two subclasses."""

    _parameter_constraints: ClassVar = CV_CONSTRAINTS
    # The splitter requests them, not this estimator.
    __metadata_request__fit: ClassVar = {"groups": UNUSED}
    warm_start = False

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Choose alpha, and train a network with it on all samples.

        Parameters
        ----------
        X : array-like, array of any library or Dask collection, shape (n, features)
            Samples. More than 16 MB on disk or in Dask are read a few rows at a time.
        y : array-like, shape (n,) or (n, outputs)
            Targets; for multilabel classification 0 and 1, (n, labels).
        sample_weight : array-like, shape (n,), optional
            Weights of the samples, in training and in the scores.
        groups : array-like, shape (n,), optional
            The group of each sample, for a splitter `cv` that needs them. With a number `cv`,
            all samples of a group are in the same part of a fold.
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
        batch_size = min(200, len(encoded)) if self.batch_size == "auto" else self.batch_size
        if groups is not None and _routing_enabled():
            groups = process_routing(self, "fit", groups=groups).splitter.split["groups"]
        try:
            with facing(face_of(self)):
                path = regularization_path(
                    inputs.array_on(X, backend, dtype),
                    targets,
                    int(self.alphas) if isinstance(self.alphas, Integral) else list(self.alphas),
                    preset="plain",
                    cv=5 if self.cv is None else self.cv,
                    groups=inputs.host(groups),
                    scoring=self.scoring,
                    seed=[draw_seed(random) for _ in range(self.n_seeds)],
                    refit=False if self.ensemble else self.rule,
                    return_members=self.ensemble,  # until its own are taken, of whatever rule
                    hidden=hidden,
                    activation=names[0] if hidden else "relu",
                    output=names[-1],
                    initializer=self.initializer,
                    task=task,
                    epochs=self.max_iter,
                    batch_size=batch_size,
                    learning_rate=self.learning_rate_init,
                    optimizer=optimizer_of(self),
                    dropout=self.dropout,
                    calibrate=getattr(self, "calibrate", False),  # a classifier's
                    per="batch",  # as in MLPClassifier, which may be given the alpha that is chosen
                    sample_weight=weight,
                    shuffle=self.shuffle,
                    dtype=dtype,
                    progress=None if self.verbose else False,
                    backend=backend.name,
                    device=backend.device,
                )
            self.alpha_ = getattr(path, RULES[self.rule])
            model: Any = (path.ensemble if self.ensemble else path.model)(self.alpha_)
            path.keep_members(None)
        except DivergenceError as error:
            raise InputError(str(error)) from None
        self.alpha_1se_ = path.lambda_1se_
        self.best_score_ = float(path.validation_means_[path.lambdas_ == self.alpha_][0])
        for name, values in (
            ("alphas_", path.lambdas_),
            ("scores_", path.validation_scores_),
            ("mean_scores_", path.validation_means_),
            ("standard_errors_", path.standard_errors_),
        ):
            setattr(self, name, home.asarray(values, inputs.dtype_of(None, home, None)))
        if hasattr(self, "calibrate"):
            first = model.models[0] if self.ensemble else model
            self.temperature_ = float(first.temperature)
        self.n_iter_ = int(self.max_iter)
        self.path_ = path
        if self.ensemble:
            self._store_all([_in_units_of_targets(one) for one in model.models], home)
        else:
            self._store(_in_units_of_targets(model), home)
        return self

    def to_model(self) -> Model | Ensemble:
        """Return the fitted network as an `xl2.Model`, or as an `xl2.Ensemble` what is one."""
        check_is_fitted(self, "coefs_")

        def own(model: Model) -> Model:
            names, classes = self._feature_names(), self._class_labels()
            return replace(model, network=model.network.to(), classes=classes, features=names)

        if isinstance(self.coefs_[0], list):
            ensemble = self.path_.ensemble(self.alpha_)
            return replace(ensemble, models=[own(one) for one in ensemble.models])
        if getattr(self, "temperature_", 1.0) != 1.0:  # which a model keeps apart
            return own(self.path_.model(self.alpha_))
        return super().to_model()

    def get_metadata_routing(self) -> Any:
        """Return the routing of scikit-learn's metadata: `groups` are for the splitter `cv`."""
        numbered = self.cv is None or isinstance(self.cv, Integral)
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                # A number of folds becomes a splitter that takes groups or none.
                splitter=GroupKFold() if numbered else self.cv,
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags


def _in_units_of_targets(model: Model) -> Network:
    """Return a model's network with its temperature, or output scaling, in the last layer."""
    network, scaling = divided(model.network, model.temperature), model.output_scaling
    if scaling is None:
        return network
    *hidden, (weight, bias) = network.host_parameters()
    last = (weight * scaling.scale, scaling.undo(bias))
    network = network.to()
    network.set_parameters([*hidden, last])
    return network
