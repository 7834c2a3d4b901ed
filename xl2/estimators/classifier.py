"""`MLPClassifier`: scikit-learn's, on any backend."""

from __future__ import annotations

from typing import Any, ClassVar

from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target

from . import inputs
from .arguments import CLASS_WEIGHT, CONSTRAINTS
from .base import STOCHASTIC, BaseMLP
from .classifying import Classifying


def learns_by_parts(estimator: Any) -> bool:
    """Tell whether a solver can go on where it stopped; raise with the reason if not.

    Raises
    ------
    AttributeError
        If it is lbfgs.
    """
    if estimator.solver not in STOCHASTIC:
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not "
            f"stochastic."
        )
    return True


class MLPClassifier(Classifying, BaseMLP):
    """Multilayer perceptron classifier with the interface of scikit-learn's.

    The arguments up to `max_fun` are those of `sklearn.neural_network.MLPClassifier` 1.9,
    and with NumPy, float64 and the same `random_state` so are the numbers. Labels may be
    numbers or text, or rows of 0 and 1 for several labels at once.

    Parameters
    ----------
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
    class_weight : dict, list of dict, "balanced" or None, default None
        The weight of each class, or "balanced" for weights that make all classes count
        the same; they multiply `sample_weight`. For several labels at once it is a list of
        one dict a label, and a sample counts by the product over its labels.
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
    classes_ : numpy.ndarray, shape (n_classes,)
        The labels, sorted; of several labels at once their numbers.
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
        Accuracy after each epoch, with `early_stopping` or validation samples.
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
    out_activation_ : {"logistic", "softmax"}
        Of the last layer.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = MLPClassifier((8,), solver="lbfgs", random_state=0)
    >>> model.fit(X, ["low", "low", "high", "high"]).predict([[2.5]]).tolist()
    ['high']
    """

    _parameter_constraints: ClassVar = {
        **CONSTRAINTS,
        "class_weight": CLASS_WEIGHT,
    }
    loss = "log_loss"

    def __init__(
        self,
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
        class_weight: Any = None,
        l2: Any = None,
        initializer: Any = None,
        dropout: float = 0.0,
        callbacks: Any = None,
    ):
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
        self.class_weight = class_weight
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
    ) -> MLPClassifier:
        """Train on samples and their labels.

        Parameters
        ----------
        X : array-like, sparse matrix or array of any library, shape (n, features)
        y : array-like, shape (n,), or of 0 and 1 (n, labels)
        sample_weight : array-like, shape (n,), optional
            How much each sample counts, 0 or more.
        X_val, y_val, sample_weight_val : optional
            Samples to score after each epoch. With `early_stopping` they are used in the
            place of a part of `X`.

        Returns
        -------
        MLPClassifier
            Itself.

        Raises
        ------
        ValueError
            If an argument or the data cannot be used, or training diverged.
        """
        validation = (X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, incremental=False, validation=validation)

    @available_if(learns_by_parts)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> MLPClassifier:
        """Train for one epoch on some samples, from where the last call ended.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array-like, shape (n_classes,)
            All labels there will be; needed at the first call.

        Returns
        -------
        MLPClassifier
            Itself.

        Raises
        ------
        ValueError
            As for `fit`; if `classes` are missing or change, or `y` has others.
        """
        classes = inputs.host(classes)
        if _check_partial_fit_first_call(self, classes):
            several = type_of_target(inputs.host(y)).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(inputs.host(y) if several else classes)
        return self._fit(X, y, sample_weight, incremental=True)
