"""How well probabilities agree with how often the answers are right."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, NamedTuple

from ..array.switch import to_numpy
from ..errors import InputError, unknown
from ..nn.label_arrays import read_labels
from ..nn.trained import Trained

BINS = 15  # as in most publications since Guo and others, 2017
STRATEGIES = ("uniform", "quantile")
CLEARLY = 3.0  # standard deviations above what chance gives


class Reliability(NamedTuple):
    """Samples in bins by a predicted probability; the arrays have one number for each used bin.

    Attributes
    ----------
    predicted, observed : numpy.ndarray
        The mean predicted probability, and how often it was right.
    counts : numpy.ndarray
        The samples in the bin, or their weights.
    error : float
        The expected calibration error: the mean distance of the two, by the counts.
    chance, spread : float
        The mean of the error for probabilities that are right, with so many samples, and its
        standard deviation.
    """

    predicted: Any
    observed: Any
    counts: Any
    error: float
    chance: float
    spread: float

    @property
    def is_off(self) -> bool:
        """Whether the error is clearly above what chance gives."""
        return self.error > self.chance + CLEARLY * self.spread

    @property
    def excess(self) -> float:
        """How much higher the probabilities are than the shares of right answers, on average."""
        import numpy as np

        return float(np.average(self.predicted - self.observed, weights=self.counts))


def calibration_error(
    y: Any,
    probabilities: Any,
    *,
    n_bins: int = BINS,
    strategy: str = "uniform",
    classes: Any = None,
    sample_weight: Any = None,
) -> float:
    """Return the expected calibration error of predicted probabilities (ECE).

    Samples are put into bins by their probability. In each, the mean probability is compared with
    the share of right answers; the mean of these distances by the number of samples is the error
    [1]_, [2]_. The probability is that of the predicted class; of two classes, it is that of the
    second one, and of several labels for each sample, that of each label.

    With few samples the error is too high: that of perfect probabilities is about
    ``0.3 * sqrt(bins / n)`` for n samples, and not 0 [3]_. So compare models on the same
    samples, and differences with the standard deviation between splits.

    Parameters
    ----------
    y : array_like, shape (n,) or (n, labels)
        Labels, or 0 and 1 for each of several labels.
    probabilities : array_like, shape (n,), (n, classes) or (n, labels)
        As of `predict_proba`, `Model.forward` or `RegularizationPath.oof_predictions_`. One column
        is the probability of the second class. Rows of NaN are left out.
    n_bins, strategy : int and {"uniform", "quantile"}, default 15 and "uniform"
        Bins of equal width, or of about equally many samples, as in scikit-learn's
        `sklearn.calibration.calibration_curve`.
    classes : array_like, optional
        The label of each column; by default the different labels of `y`, sorted.
    sample_weight : array_like, shape (n,), optional

    References
    ----------
    .. [1] M. P. Naeini, G. F. Cooper and M. Hauskrecht, "Obtaining well calibrated probabilities
       using Bayesian binning", AAAI 2015: the expected calibration error.
    .. [2] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural
       networks", ICML 2017: with 15 bins of equal width.
    .. [3] R. Roelofs, N. Cain, J. Shlens and M. C. Mozer, "Mitigating bias in calibration error
       estimation", AISTATS 2022.

    Examples
    --------
    >>> calibration_error([0, 0, 1, 1], [0.1, 0.1, 0.8, 0.8])
    0.15
    """
    import numpy as np

    y, p = read_labels(y, "y"), to_numpy(probabilities).astype("float64")
    if p.shape[1:] == (1,):
        p = p[:, 0]
    weight = None if sample_weight is None else to_numpy(sample_weight).astype("float64")
    if not isinstance(n_bins, Integral) or n_bins < 1:
        raise InputError(f"n_bins must be a whole number, 1 or more. Received: {n_bins!r}.")
    if strategy not in STRATEGIES:
        raise InputError(unknown("strategy", strategy, STRATEGIES))
    if p.ndim not in (1, 2) or len(p) != len(y) or (y.ndim == 2 and y.shape != p.shape):
        raise InputError(
            f"probabilities must have a row for each label, and for several labels a column for "
            f"each. Received: shape {p.shape}, for labels of shape {y.shape}."
        )
    known = np.isfinite(p.reshape(len(p), -1)).all(axis=1)
    p, numbers = p[known], (y if y.ndim == 2 else _numbers(y, p, classes))[known]
    weight = None if weight is None else weight[known]
    if not len(p) or p.min() < 0.0 or p.max() > 1.0:
        raise InputError("probabilities must be between 0 and 1, and one row or more not NaN.")
    if p.ndim == 1 or (y.ndim == 1 and p.shape[1] == 2):
        task, p = "binary", p.reshape(len(p), -1)[:, -1:]
    else:
        task = "multilabel" if y.ndim == 2 else "classes"
    return reliability(task, p, numbers, weight, n_bins=int(n_bins), strategy=strategy).error


def _numbers(y: Any, p: Any, classes: Any) -> Any:
    """Return labels as the numbers of their columns."""
    import numpy as np

    own = np.unique(y) if classes is None else read_labels(classes, "classes")
    columns = 2 if p.ndim == 1 else p.shape[1]
    if len(own) != columns or not set(y.tolist()) <= set(own.tolist()):
        raise InputError(
            f"There must be a label for each of the {columns} classes of the probabilities, and "
            f"none without one. Pass classes, the labels in the order of the columns. Labels: "
            f"{own.tolist()[:10]}."
        )
    order = np.argsort(own, kind="stable")
    return order[np.searchsorted(own[order], y)]


def reliability(
    task: str,
    outputs: Any,
    y: Any,
    weight: Any = None,
    *,
    n_bins: int = BINS,
    strategy: str = "uniform",
    repeats: float = 1.0,
) -> Reliability:
    """Return bins of predictions: outputs (n, o), and class numbers (n,) or 0 and 1 (n, labels).

    `repeats` is how often each sample is among them, predicted by different networks.
    """
    import numpy as np

    if task == "classes":
        p, right = outputs.max(axis=1), outputs.argmax(axis=1) == y
    else:
        p, right = outputs.ravel(), y.ravel() == 1
    each = np.ones(len(outputs)) if weight is None else weight
    weight = np.repeat(each, len(p) // len(outputs))
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    if strategy == "quantile":
        edges = np.percentile(p, 100.0 * edges)
    own = np.searchsorted(edges[1:-1], p)
    counts, sums, hits, variance = (
        np.bincount(own, by, n_bins)
        for by in (weight, weight * p, weight * right, weight**2 * p * (1.0 - p))
    )
    used = counts > 0.0
    counts, total = counts[used], counts.sum()
    predicted, observed = sums[used] / counts, hits[used] / counts
    error = float((counts * abs(predicted - observed)).sum() / total)
    # The distance in a bin is about the size of a normal deviate.
    deviations = np.sqrt(repeats * variance[used]) / total
    chance = math.sqrt(2.0 / math.pi) * float(deviations.sum())
    spread = math.sqrt((1.0 - 2.0 / math.pi) * float((deviations**2).sum()))
    return Reliability(predicted, observed, counts, error, chance, spread)


def reliability_of(model: Trained, X: Any, y: Any) -> Reliability | None:
    """Return the reliability of a classifier on samples whose labels it knows; None without any.

    `y` are labels like those of the training.
    """
    import numpy as np

    task, outputs = model.task, model.forward(X)
    if task != "multilabel":
        numbers = {label: k for k, label in enumerate(model.known_classes)}
        y = np.asarray([numbers.get(label, -1) for label in y.tolist()])
        known = y >= 0
        outputs, y = outputs[known], y[known]
    if not len(y):
        return None
    if task == "classes":  # several sigmoids have another sum
        outputs = outputs / outputs.sum(axis=1, keepdims=True)
    return reliability(task, outputs, y)


def about_probabilities(found: Reliability, where: str, calibrated: bool) -> str:
    """Return a sentence about probabilities that are off, "" about others.

    `where` names the samples, such as "test", and `calibrated` tells whether the model has a
    temperature already.
    """
    if not found.is_off:
        return ""
    text = (
        f"the probabilities differ by {100.0 * found.error:.1f} points from how often the answers "
        f"are right (calibration error on the {where} samples; chance explains "
        f"{100.0 * found.chance:.1f})"
    )
    # Without the name of an option: a verdict has the same words in Python and on the command line.
    return f"{text}." if calibrated else f"{text}. Calibrate the model before you rely on them."
