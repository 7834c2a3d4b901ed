"""`MLPClassifier` and `MLPClassifierCV`: scikit-learn's classifier, on any backend."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target

from . import inputs
from .arguments import CALIBRATE, CLASS_WEIGHT, CONSTRAINTS, CV_CONSTRAINTS
from .base import BaseMLP, learns_by_parts
from .classification import Classification
from .cv import BaseMLPCV


class MLPClassifier(Classification, BaseMLP):
    """Multilayer perceptron classifier with the interface of scikit-learn's.

    The parameters up to `max_fun` are those of `sklearn.neural_network.MLPClassifier` 1.9.
    With NumPy, float64 and the same `random_state`, so are the weights and scores. Labels
    are numbers, text, or, for multilabel classification, rows of 0 and 1.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default (100,)
        Units of each hidden layer.
    activation : {"identity", "logistic", "tanh", "relu"}, default "relu"
        Activation of the hidden layers.
    solver : {"lbfgs", "sgd", "adam"}, default "adam"
        How the loss is minimised: "sgd" and "adam" take mini-batches, "lbfgs" all samples.
    alpha : float or sequence of float, default 0.0001
        Strength of the L2 penalty on the weights, divided by the size of the mini-batch: one
        for all layers, or one for each layer, first to last.
    batch_size : int or "auto", default "auto"
        Size of the mini-batches; "auto" is 200, or all samples if they are fewer.
    learning_rate : {"constant", "invscaling", "adaptive"}, default "constant"
        Schedule of "sgd". "invscaling" takes ``learning_rate_init / (t_ + 1) ** power_t``
        after each epoch; "adaptive" divides by 5 after `n_iter_no_change` epochs without
        improvement.
    learning_rate_init, power_t : float, default 0.001 and 0.5
        The initial learning rate, and the exponent of "invscaling".
    max_iter : int, default 200
        Maximum number of epochs, or of iterations of "lbfgs".
    shuffle : bool, default True
        Shuffle the samples before each epoch.
    random_state : int, RandomState or None, default None
        Seed of the initial weights, the `early_stopping` split, the shuffling and dropout.
    tol : float, default 1e-4
        Smallest change of the loss or the validation score that counts as an improvement;
        for "lbfgs" the largest gradient that counts as converged.
    verbose : bool, default False
        Say a line after each epoch: it is logged to the logger "xl2" at the level INFO, if the
        program has set up logging for that, and else printed.
    warm_start : bool, default False
        Let `fit` continue from the weights of the previous fit.
    momentum, nesterovs_momentum : float and bool, default 0.9 and True
        Momentum of "sgd", in [0, 1], and whether it is Nesterov's.
    early_stopping : bool, default False
        Score validation samples after each epoch, stop when the score does not improve, and
        return the best weights.
    validation_fraction : float, default 0.1
        Fraction of the samples that `early_stopping` takes for validation.
    beta_1, beta_2, epsilon : float, default 0.9, 0.999 and 1e-8
        Constants of "adam".
    n_iter_no_change : int or inf, default 10
        Epochs without improvement after which training stops.
    max_fun : int, default 15000
        Maximum number of evaluations of the loss by "lbfgs".
    backend, device : optional
        Where to compute, see `xl2.use_backend`; by default where `X` is.
    dtype : {"float32", "float64"}, optional
        By default float32 if `X` is float32, else float64.
    class_weight : dict, list of dict, "balanced" or None, default None
        Weight of each class, multiplied by `sample_weight`. "balanced" gives all classes the
        same total weight. For multilabel classification, a list with one dict for each
        label: the weight of a sample is the product over its labels.
    initializer : str or callable, optional
        Initial weights, see `xl2.Network`; biases are then 0. By default both are drawn as
        scikit-learn does.
    dropout : float, default 0
        Fraction of each hidden layer's units dropped in a step, in [0, 1); not for "lbfgs".
    even_batches : bool, default False
        Cut an epoch into mini-batches whose sizes differ by one at most. By default the last one
        has the rest, as in scikit-learn. However short, it has a full step of the optimizer, and
        divides `alpha` by its own number of samples.
    callbacks : callable or sequence of callable, optional
        Called with the estimator after each epoch, or iteration of "lbfgs". Training stops
        if one returns True.

    Attributes
    ----------
    classes_ : numpy.ndarray, shape (n_classes,)
        The sorted labels; for multilabel classification their numbers.
    coefs_, intercepts_ : list of array
        Weights (inputs, outputs) and biases (outputs,) of each layer, on the device of `X`.
    loss_ : float
        Loss of the last epoch or iteration, with the penalty.
    best_loss_ : float or None
        The lowest loss; None with `early_stopping`. This and the next three are not set by
        "lbfgs".
    loss_curve_ : list of float
        Loss of each epoch.
    validation_scores_, best_validation_score_ : list of float, and float; or None
        Accuracy after each epoch, with `early_stopping` or validation samples; the highest.
    n_iter_, t_ : int
        Number of epochs or iterations of the last fit, and of samples trained on, counted
        again in each epoch; 0 for "lbfgs".
    n_features_in_, n_layers_, n_outputs_ : int
        Numbers of features, of layers including the inputs, and of outputs.
    feature_names_in_ : numpy.ndarray
        Names of the columns of `X`, if it has names.
    out_activation_ : {"logistic", "softmax"}
        Activation of the output layer.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = MLPClassifier((8,), solver="lbfgs", random_state=0)
    >>> model.fit(X, ["low", "low", "high", "high"]).predict([[2.5]]).tolist()
    ['high']
    """

    _parameter_constraints: ClassVar = CONSTRAINTS | CLASS_WEIGHT
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
        initializer: Any = None,
        dropout: float = 0.0,
        even_batches: bool = False,
        callbacks: Any = None,
    ):
        self._set_arguments(locals())

    @available_if(learns_by_parts)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch, continuing from the last call.

        `X`, `y` and `sample_weight` are as for `fit`. `classes` are all labels of all calls, and
        required in the first call.
        """
        classes = inputs.host(classes)
        if _check_partial_fit_first_call(self, classes):
            multilabel = type_of_target(inputs.host(y)).startswith("multilabel")
            labels = inputs.host(y) if multilabel else classes
            self._label_binarizer = LabelBinarizer().fit(labels)
        return self._fit(X, y, sample_weight, part=True)


class MLPClassifierCV(Classification, BaseMLPCV):
    """Multilayer perceptron classifier that chooses `alpha` by cross-validation.

    The networks of all alphas and folds are trained at once, as stacks, for `max_iter`
    epochs. Then a network with the chosen alpha is trained on all samples, unless `ensemble`;
    `coefs_` and `intercepts_` are its own. All other parameters and attributes are as in
    `MLPClassifier`.

    Parameters
    ----------
    alphas : int or sequence of float, default 8
        The alphas, or the size of the default grid: 0, and values equally spaced on a
        logarithmic scale where the penalty matters; see docs/choosing_lambda.md.
    cv : int, splitter, iterable or None, default None
        Folds as scikit-learn takes them. An int, or None for 5, means shuffled folds,
        stratified by the labels.
    scoring : str, callable or None, default None
        What alpha is chosen by: the name of a scorer of scikit-learn, or a function of
        (estimator, X, y). None means the log loss, or R2 for the regressor. `score` does not
        depend on it.
    rule : {"best", "top", "1se"}, default "best"
        Choose the largest alpha whose scores are close to the highest, fold by fold; that of
        the highest mean score itself; or the largest within one standard error of it. See
        `best_lambda_`, `top_lambda_` and `lambda_1se_` of `RegularizationPath`.
    n_seeds : int, default 1
        Number of networks for each alpha and fold, from different initial weights; their
        scores are averaged.
    ensemble : bool, default False
        Predict by the mean of the networks of all folds and seeds with the chosen alpha. None is
        then trained on all samples. `coefs_` and `intercepts_` have a list for each network, and
        `to_model` returns an `xl2.Ensemble`.
    solver : {"sgd", "adam"}, default "adam"
        Without "lbfgs", which has no epochs.
    verbose : bool, default False
        Show a progress bar if standard error is a terminal, or in a notebook.
    initializer : str or callable, optional
        By default "he" with relu, else "glorot_uniform"; biases are 0.
    calibrate : bool, default False
        Divide the logits by the temperature at which the out-of-fold predictions have the lowest
        log loss. It is in the last of `coefs_` and `intercepts_`; no label changes.

    Attributes
    ----------
    alphas_ : array, shape (n_alphas,)
        The alphas in ascending order; this and the scores are on the device of `X`.
    alpha_, alpha_1se_ : float
        The alpha that `rule` chooses, and the one that "1se" would choose.
    scores_ : array, shape (n_alphas, n_folds)
        Score of each validation fold, averaged over the seeds; larger is better.
    mean_scores_, standard_errors_ : array, shape (n_alphas,)
        Mean over the folds, and its standard error.
    best_score_ : float
        The mean score of `alpha_`.
    temperature_ : float
        That temperature; 1 without `calibrate`. `path_` knows it too, for its best alpha.
    path_ : RegularizationPath
        All results, as a table and for `xl2.figures`; it does not hold the samples.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> model = MLPClassifierCV([0.01, 10], cv=3, max_iter=20, random_state=0)
    >>> model.fit(X, X[:, 0] > 0).scores_.shape
    (2, 3)
    """

    _parameter_constraints: ClassVar = CV_CONSTRAINTS | CLASS_WEIGHT | CALIBRATE
    loss = "log_loss"

    def __init__(
        self,
        alphas: Any = 8,
        *,
        cv: Any = None,
        scoring: Any = None,
        rule: str = "best",
        n_seeds: int = 1,
        ensemble: bool = False,
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
        calibrate: bool = False,
    ):
        self._set_arguments(locals())
