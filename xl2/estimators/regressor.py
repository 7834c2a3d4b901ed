"""`MLPRegressor`: scikit-learn's, on any backend."""

from __future__ import annotations

from typing import Any, ClassVar

from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from .arguments import CONSTRAINTS
from .base import BaseMLP
from .classifier import learns_by_parts
from .regressing import Regressing


class MLPRegressor(Regressing, BaseMLP):
    """Multilayer perceptron regressor with the interface of scikit-learn's.

    The arguments up to `max_fun` are those of `sklearn.neural_network.MLPRegressor` 1.9, and
    with NumPy, float64 and the same `random_state` so are the numbers.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, default "squared_error"
        "poisson" is for counts, 0 or more: half the Poisson deviance, with an exponential
        as the output's activation.
    hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate : optional
    learning_rate_init, power_t, max_iter, shuffle, random_state, tol, verbose : optional
    warm_start, momentum, nesterovs_momentum, early_stopping : optional
    validation_fraction, beta_1, beta_2, epsilon, n_iter_no_change, max_fun : optional
    backend, device, dtype, l2, initializer, dropout, callbacks : optional
        As in `MLPClassifier`.

    Attributes
    ----------
    validation_scores_ : list of float or None
        R2 after each epoch, with `early_stopping` or validation samples.
    out_activation_ : {"identity", "exp"}
    coefs_, intercepts_, loss_, best_loss_, loss_curve_, best_validation_score_, n_iter_ : ...
    t_, n_features_in_, feature_names_in_, n_layers_, n_outputs_ : ...
        As in `MLPClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 20)[:, None]
    >>> model = MLPRegressor((8,), solver="lbfgs", random_state=0).fit(X, X[:, 0] ** 2)
    >>> model.predict(X).shape
    (20,)
    """

    _parameter_constraints: ClassVar = {
        **CONSTRAINTS,
        "loss": [StrOptions({"squared_error", "poisson"})],
    }

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        backend: str | None = None,
        device: Any = None,
        dtype: str | None = None,
        l2: Any = None,
        initializer: Any = None,
        dropout: float = 0.0,
        callbacks: Any = None,
    ):
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.backend = backend
        self.device = device
        self.dtype = dtype
        self.l2 = l2
        self.initializer = initializer
        self.dropout = dropout
        self.callbacks = callbacks

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> MLPRegressor:
        """Train on samples and their values.

        Parameters
        ----------
        X : array-like, sparse matrix or array of any library, shape (n, features)
        y : array-like, shape (n,) or (n, outputs)
        sample_weight : array-like, shape (n,), optional
            How much each sample counts, 0 or more.
        X_val, y_val, sample_weight_val : optional
            As for `MLPClassifier.fit`.

        Returns
        -------
        MLPRegressor
            Itself.

        Raises
        ------
        ValueError
            If an argument or the data cannot be used, or training diverged.
        """
        validation = (X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, incremental=False, validation=validation)

    @available_if(learns_by_parts)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train for one epoch on some samples, from where the last call ended.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        MLPRegressor
            Itself.

        Raises
        ------
        ValueError
            As for `fit`.
        """
        return self._fit(X, y, sample_weight, incremental=True)
