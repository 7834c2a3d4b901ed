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
    hidden_layer_sizes : array-like of int, default (100,)
        Units of each hidden layer.
    activation : {"identity", "logistic", "tanh", "relu"}, default "relu"
        Of the hidden layers.
    solver : {"lbfgs", "sgd", "adam"}, default "adam"
        How the loss is minimised: by mini-batches, or on all samples at once.
    alpha : float, default 0.0001
        Strength of the L2 penalty on the weights, divided by the samples of a mini-batch.
    batch_size : int or "auto", default "auto"
        Samples of a mini-batch; "auto" is 200, or all where there are fewer.
    learning_rate : {"constant", "invscaling", "adaptive"}, default "constant"
        For "sgd": as it is; falling as ``learning_rate_init / (t_ + 1) ** power_t`` after
        each epoch; or divided by 5 when `n_iter_no_change` epochs brought nothing.
    learning_rate_init : float, default 0.001
        The step size at the start.
    power_t : float, default 0.5
        The exponent of "invscaling".
    max_iter : int, default 200
        Epochs, or iterations of lbfgs, at most.
    shuffle : bool, default True
        Draw a new order for each epoch.
    random_state : int, RandomState or None, default None
        Of the initial weights, the split of `early_stopping`, the orders and dropout.
    tol : float, default 1e-4
        What counts as an improvement of the loss, or of the validation score; for lbfgs
        the largest gradient at which it has converged.
    verbose : bool, default False
        Print a line an epoch.
    warm_start : bool, default False
        Let `fit` go on from the weights of the fit before.
    momentum : float, default 0.9
        For "sgd", in [0, 1].
    nesterovs_momentum : bool, default True
        Of "sgd": take the gradient where the momentum leads to.
    early_stopping : bool, default False
        Set samples aside, stop when their score does not improve, and keep the best weights.
    validation_fraction : float, default 0.1
        The part of the samples that is set aside.
    beta_1, beta_2, epsilon : float, default 0.9, 0.999 and 1e-8
        Of Adam.
    n_iter_no_change : int or inf, default 10
        Epochs without improvement after which training ends.
    max_fun : int, default 15000
        Evaluations of the loss by lbfgs, at most.
    backend, device : optional
        Where to compute, see `xl2.array.switch`; by default where `X` is.
    dtype : {"float32", "float64"}, optional
        By default that of `X` where it is float32, else float64.
    l2 : float or sequence of float, optional
        One penalty a layer, first to last, in the place of `alpha`.
    initializer : str or callable, optional
        Of the weights, see `xl2.nn.initializers`; biases then start at 0. By default both are
        drawn as scikit-learn does.
    dropout : float, default 0
        The part of each hidden layer that is left out of a step, in [0, 1); 0 for lbfgs.
    callbacks : callable or sequence of callable, optional
        Called with the estimator after each epoch, or iteration of lbfgs; training ends
        where one returns True.

    Attributes
    ----------
    coefs_, intercepts_ : list of array
        The weights (inputs, outputs) and biases (outputs,) of each layer, where `X` is.
    loss_ : float
        Of the last epoch, or iteration, penalty included.
    best_loss_ : float or None
        The least; None with `early_stopping`. lbfgs has no epochs, and neither this nor the
        next three.
    loss_curve_ : list of float
        One an epoch.
    validation_scores_ : list of float or None
        R2 after each epoch, with `early_stopping` or validation samples.
    best_validation_score_ : float or None
        The highest of them.
    n_iter_ : int
        Epochs, or iterations, of the last fit.
    t_ : int
        Samples that were learnt from, counted again in each epoch; 0 for lbfgs.
    n_features_in_, n_layers_, n_outputs_ : int
        The inputs count as a layer.
    feature_names_in_ : numpy.ndarray
        Where the columns of `X` have names.
    out_activation_ : {"identity", "exp"}
        Of the last layer.

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
