"""`MLPClassifierCV`, `MLPRegressorCV`: the whole path of alphas, trained as few stacks."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from ..array.switch import resolve
from ..errors import DivergenceError, InputError
from ..path.regularization import regularization_path
from . import inputs
from .arguments import CLASS_WEIGHT, SHARED, Layers, optimizer_of
from .base import BaseMLP
from .classifying import Classifying
from .random_draws import draw_seed
from .regressing import Regressing

CONSTRAINTS = {
    **SHARED,
    "alphas": ["array-like", Interval(Integral, 1, None, closed="left")],
    "cv": ["cv_object"],
    "rule": [StrOptions({"best", "1se"})],
    "solver": [StrOptions({"sgd", "adam"})],
    "seeds": [Interval(Integral, 1, None, closed="left")],
}


class BaseMLPCV(BaseMLP):
    """A network of the alpha that cross-validation prefers; see the two subclasses."""

    _parameter_constraints: ClassVar = CONSTRAINTS
    warm_start = False

    def _fit_path(self, X: Any, y: Any, sample_weight: Any) -> BaseMLPCV:
        self._validate_params()
        layers, home = Layers.of(self), inputs.home_of(X)
        X, y = inputs.read(self, X, y, reset=True, numeric=self._numeric, sparse=False)
        weight = self._weights(y, inputs.read_weights(sample_weight, X.shape[0]), False)
        known = self._encode(y, False)
        self.n_outputs_, self.n_layers_ = known.shape[1], len(layers.hidden) + 2
        self.out_activation_ = self._output()
        backend = resolve(self.backend, self.device, data=X)
        dtype = inputs.dtype_of(X, home, self.dtype)
        random = check_random_state(self.random_state)
        names = layers.activations(self.out_activation_)
        try:
            path = regularization_path(
                inputs.moved(X, backend, dtype),
                self._path_targets(known),
                int(self.alphas) if isinstance(self.alphas, Integral) else list(self.alphas),
                cv=5 if self.cv is None else self.cv,
                seeds=[draw_seed(random) for _ in range(self.seeds)],
                hidden=layers.hidden,
                activation=names[0] if layers.hidden else "relu",
                output=names[-1],
                initializer=layers.initializer,
                task=self._path_task(),
                epochs=self.max_iter,
                batch_size=min(200, len(known)) if self.batch_size == "auto" else self.batch_size,
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
            model = path.best_model(chosen)
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
        self.path_ = path.without_samples()
        self._take(model.network, home)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags


class MLPClassifierCV(Classifying, BaseMLPCV):
    """Multilayer perceptron classifier that chooses its `alpha` by cross-validation.

    All alphas and folds are trained at once, as stacked networks; the chosen one is then
    trained on all samples. Each is trained for `max_iter` epochs.

    Parameters
    ----------
    alphas : int or sequence of float, default 8
        The values, or how many of the default grid: 0, then equally spaced on a
        logarithmic scale from 1e-3 to 1e3.
    cv : int, splitter, iterable or None, default None
        Folds as scikit-learn takes them. A number, and None for 5, stands for shuffled
        folds, stratified by the labels.
    rule : {"best", "1se"}, default "best"
        Which alpha the final network has: the one of the best mean score, or the largest
        within one standard error of it.
    seeds : int, default 1
        How many networks are trained for each alpha and fold, from different initial
        weights; their scores are averaged.
    solver : {"sgd", "adam"}, default "adam"
        lbfgs has no epochs.
    hidden_layer_sizes, activation, batch_size, learning_rate_init : optional
        As in `MLPClassifier`.
    max_iter : int, default 200
        Epochs that each network is trained for.
    shuffle, random_state, momentum, nesterovs_momentum, beta_1, beta_2, epsilon : optional
        As in `MLPClassifier`.
    verbose : bool, default False
        Show a progress bar, where standard error is a terminal.
    backend, device, dtype, class_weight, dropout : optional
        As in `MLPClassifier`.
    initializer : str or callable, optional
        By default "he" after relu, else "glorot_uniform"; biases start at 0.

    Attributes
    ----------
    alphas_ : array, shape (n_alphas,)
        In ascending order; it and the scores are where `X` is.
    alpha_, alpha_1se_ : float
        The best, and the largest within one standard error of it.
    scores_ : array, shape (n_alphas, n_folds)
        Accuracy on each validation fold, the mean over the seeds.
    mean_scores_, standard_errors_ : array, shape (n_alphas,)
        The mean over the folds, and its standard error.
    best_score_ : float
        The mean score of `alpha_`.
    path_ : Path
        All that was measured, for its table and its picture; it holds no samples.
    coefs_, intercepts_ : list of array
        The weights (inputs, outputs) and biases (outputs,) of each layer of the network
        trained on all samples, where `X` is.
    classes_, n_iter_, n_features_in_, feature_names_in_, n_layers_, n_outputs_, out_activation_
        As in `MLPClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> model = MLPClassifierCV([0.01, 10], cv=3, max_iter=20, random_state=0)
    >>> model.fit(X, X[:, 0] > 0).scores_.shape
    (2, 3)
    """

    _parameter_constraints: ClassVar = {**CONSTRAINTS, "class_weight": CLASS_WEIGHT}
    loss = "log_loss"

    def __init__(
        self,
        alphas: Any = 8,
        *,
        cv: Any = None,
        rule: str = "best",
        seeds: int = 1,
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
        class_weight: Any = None,
        initializer: Any = None,
        dropout: float = 0.0,
    ):
        self.alphas = alphas
        self.cv = cv
        self.rule = rule
        self.seeds = seeds
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.verbose = verbose
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.backend = backend
        self.device = device
        self.dtype = dtype
        self.class_weight = class_weight
        self.initializer = initializer
        self.dropout = dropout

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifierCV:
        """Choose alpha, and train on all samples.

        Parameters
        ----------
        X : array-like or array of any library, shape (n, features)
        y : array-like, shape (n,), or of 0 and 1 (n, labels)
        sample_weight : array-like, shape (n,), optional
            How much each sample counts, in training and where it is judged by.

        Returns
        -------
        MLPClassifierCV
            Itself.

        Raises
        ------
        ValueError
            If an argument or the data cannot be used, or every alpha diverged.
        """
        self._fit_path(X, y, sample_weight)
        return self

    def _path_targets(self, known: Any) -> Any:
        """Return labels as a path takes them: class numbers, or rows of 0 and 1."""
        if self._task() == "classes":
            return known.argmax(axis=1)
        return known.astype(int) if self._task() == "multilabel" else known[:, 0].astype(int)

    def _path_task(self) -> str:
        return "auto" if self._task() == "multilabel" else "classification"


class MLPRegressorCV(Regressing, BaseMLPCV):
    """Multilayer perceptron regressor that chooses its `alpha` by cross-validation.

    Parameters
    ----------
    alphas, cv, rule, seeds : optional
        As in `MLPClassifierCV`; a number of folds is shuffled.
    loss : {"squared_error", "poisson"}, default "squared_error"
        As in `MLPRegressor`.
    solver : {"sgd", "adam"}, default "adam"
        lbfgs has no epochs.
    hidden_layer_sizes, activation, batch_size, learning_rate_init : optional
        As in `MLPRegressor`.
    max_iter : int, default 200
        Epochs that each network is trained for.
    shuffle, random_state, momentum, nesterovs_momentum, beta_1, beta_2, epsilon : optional
        As in `MLPRegressor`.
    verbose : bool, default False
        Show a progress bar, where standard error is a terminal.
    backend, device, dtype, dropout : optional
        As in `MLPRegressor`.
    initializer : str or callable, optional
        By default "he" after relu, else "glorot_uniform"; biases start at 0.

    Attributes
    ----------
    scores_ : array, shape (n_alphas, n_folds)
        R2 on each validation fold, the mean over the seeds.
    alphas_, alpha_, alpha_1se_, mean_scores_, standard_errors_, best_score_, path_
        As in `MLPClassifierCV`.
    coefs_, intercepts_, n_iter_, n_features_in_, feature_names_in_, n_layers_, n_outputs_
        As in `MLPClassifierCV`.
    out_activation_ : {"identity", "exp"}
        Of the last layer.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> model = MLPRegressorCV([0.01, 10], cv=3, max_iter=20, random_state=0)
    >>> model.fit(X, X[:, 0]).alpha_ in (0.01, 10)
    True
    """

    _parameter_constraints: ClassVar = {
        **CONSTRAINTS,
        "loss": [StrOptions({"squared_error", "poisson"})],
    }

    def __init__(
        self,
        alphas: Any = 8,
        *,
        cv: Any = None,
        rule: str = "best",
        seeds: int = 1,
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
        self.alphas = alphas
        self.cv = cv
        self.rule = rule
        self.seeds = seeds
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.verbose = verbose
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.backend = backend
        self.device = device
        self.dtype = dtype
        self.initializer = initializer
        self.dropout = dropout

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressorCV:
        """Choose alpha, and train on all samples.

        Parameters
        ----------
        X : array-like or array of any library, shape (n, features)
        y : array-like, shape (n,) or (n, outputs)
        sample_weight : array-like, shape (n,), optional
            How much each sample counts, in training and where it is judged by.

        Returns
        -------
        MLPRegressorCV
            Itself.

        Raises
        ------
        ValueError
            If an argument or the data cannot be used, or every alpha diverged.
        """
        self._fit_path(X, y, sample_weight)
        return self

    def _path_targets(self, known: Any) -> Any:
        return known

    def _path_task(self) -> str:
        return "regression"
