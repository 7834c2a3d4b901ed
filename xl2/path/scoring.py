"""The scorers of a path: the one that chooses lambda, and those that its tables always have."""

from __future__ import annotations

import difflib
import functools
import inspect
import math
import threading
import warnings
from collections.abc import Callable
from typing import Any, Literal

from ..errors import InputError, listed, on_command_line, option
from ..nn.targets import Targets
from .fold_data import Truth
from .predictions import Predictions
from .sample_scores import OF_CLASSES, OF_VALUES, bootstrap_error, error_of_mean

# By what a path chooses lambda unless it is told: of classes, and of values.
CHOOSES = ("neg_log_loss", "r2")
# The scores that are known after each epoch; for other scorers `Pruner` judges by the loss.
OF_EPOCHS = ("accuracy", "r2")
# What its tables always have: a score, and a loss.
SHOWN = (("accuracy", "neg_log_loss"), ("r2", "neg_root_mean_squared_error"))

# The filters of warnings belong to the process, and stacks are scored in several threads.
_filters = threading.Lock()


def judge_of(scoring: Any) -> Literal["score", "loss"]:
    """Return what tells after each epoch how good a network is, for what chooses lambda."""
    return "score" if scoring in OF_EPOCHS else "loss"


class Scorers:
    """Scores predictions of one task by the chosen scorer and by those of every table.

    Attributes
    ----------
    name, names
        The chosen scorer's name, and those of all scorers.
    loss_name : str
        The loss among them, by which lambdas of equal scores are told apart.
    needs_samples : bool
        Whether the chosen scorer may look at the samples themselves.
    """

    def __init__(self, scoring: Any, task: str, targets: Targets):
        import numpy as np

        regression = task == "regression"
        self.task, self.name, self.needs_samples = task, name_of(scoring), callable(scoring)
        self.names = list(dict.fromkeys([self.name, *SHOWN[regression]]))
        self.loss_name = SHOWN[regression][1]
        self.classes: Any = None  # the label of each class number
        if task in ("binary", "classes"):
            self.classes = np.asarray(targets.classes or range(max(2, targets.outputs)))
        means = OF_VALUES if regression else OF_CLASSES
        own = {self.name} if self.needs_samples else set()
        self._means = {name: means[name] for name in self.names if name in means.keys() - own}
        self._scorers = {
            name: scoring if name in own else find_scorer(name)
            for name in self.names
            if name not in self._means
        }

    def score(
        self, name: str, found: Predictions, truth: Truth, where: str, X: Any = None
    ) -> float:
        """Return the score of predictions, larger is better.

        `where` tells in messages which predictions they are. `X` are their samples, if the
        scorer needs them.
        """
        import numpy as np

        with np.errstate(over="ignore"):
            if name in self._means:
                scores = self._means[name](found, *truth)
                return float(np.average(scores, weights=truth.weight))
            return self._ask(name, found, truth, where, X)

    def sample_error(self, found: Predictions, truth: Truth, where: str, X: Any = None) -> float:
        """Return the standard error of the chosen score that is due to the samples."""
        if self.name in self._means:
            return error_of_mean(self._means[self.name](found, *truth), truth.weight)

        def score(rows: Any) -> float:
            part = None if X is None else X[rows]
            try:
                return self._ask(self.name, found.take(rows), truth.take(rows), where, part)
            except InputError:
                return math.nan  # these samples lack one of the classes, perhaps

        return bootstrap_error(score, len(truth.y))

    def _ask(self, name: str, found: Predictions, truth: Truth, where: str, X: Any) -> float:
        """Return the score by a scorer of scikit-learn's kind, ``scorer(estimator, X, y)``."""
        scorer, y = self._scorers[name], truth.y
        if self.classes is not None:
            y = self.classes[y]
        elif self.task == "regression" and y.shape[1] == 1:
            y = y[:, 0]
        X = y if X is None else X
        more = {}
        if truth.weight is not None and takes_weights(scorer):
            more["sample_weight"] = truth.weight
        try:
            with _filters, warnings.catch_warnings():
                _ignore_what_a_score_tells()
                score = scorer(found.as_estimator(X, self.classes), X, y, **more)
                return float(score)
        except InputError:
            raise
        except Exception as error:
            raise InputError(self._explain(name, error, where, truth)) from error

    def _explain(self, name: str, error: Exception, where: str, truth: Truth) -> str:
        start = f"{option('scoring', name)} cannot score {where}: "
        methods = ("predict_proba", "decision_function", "predict_log_proba")
        if isinstance(error, AttributeError) and any(word in str(error) for word in methods):
            if self.task == "regression":
                return (
                    f"{start}it needs probabilities, and a regression has none. Use a scorer of "
                    f"values, such as 'r2' or 'neg_mean_absolute_error'."
                )
            return f"{start}the networks have predict and predict_proba, but {error}"
        lacking = ""
        if self.classes is not None:
            found = set(truth.y.tolist())
            absent = [label for k, label in enumerate(self.classes.tolist()) if k not in found]
            lacking = f" No sample there has the label {listed(absent)}." if absent else ""
        made = ", or one of sklearn.metrics.make_scorer with its arguments"
        made = "" if on_command_line() else made
        return (
            f"{start}{type(error).__name__}: {str(error).rstrip('.')}.{lacking} Use a scorer for "
            f"this task ({self.task}){made}."
        )


def name_of(scoring: Any) -> str:
    """Return the name of a scorer, or of the function that it was made of."""
    if isinstance(scoring, str):
        return scoring
    if not callable(scoring):
        raise InputError(
            f"{option('scoring')} must be the name of a scorer of scikit-learn, such as "
            f"'neg_log_loss', or a function of (estimator, X, y). Received: "
            f"{option('scoring', scoring)}."
        )
    function = getattr(scoring, "_score_func", scoring)
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", type(function).__name__)
    return f"neg_{name}" if getattr(scoring, "_sign", 1) < 0 else name


def default_scoring(task: str) -> str:
    """Return the scorer by which a path chooses lambda unless it is told."""
    return CHOOSES[task == "regression"]


def find_scorer(name: str) -> Any:
    """Return scikit-learn's scorer of a name; raise `InputError` if there is none."""
    from sklearn.metrics import get_scorer, get_scorer_names

    if name in get_scorer_names():
        return get_scorer(name)
    close = difflib.get_close_matches(name, get_scorer_names(), 3, 0.5)
    hint = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
    raise InputError(
        f"There is no scorer of the name {name!r}. {hint}sklearn.metrics.get_scorer_names() lists "
        f"all of them."
    )


def takes_weights(scorer: Callable[..., Any]) -> bool:
    """Tell whether a scorer takes sample weights."""
    function = getattr(scorer, "_score_func", scorer)
    try:
        return "sample_weight" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def check_score(score: float, name: str, where: str) -> float:
    """Return a score; raise `InputError` if it is not finite."""
    if math.isfinite(score):
        return score
    instead = "folds in which it is defined, or a function that returns a number then"
    if on_command_line():
        instead = f"or fewer folds, {option('cv', 2)} or more, so that it is defined in each"
    raise InputError(
        f"{option('scoring', name)} gives {score} for {where}. Use another scorer, {instead}."
    )


def _ignore_what_a_score_tells() -> None:
    """Ignore what scikit-learn warns of if, for example, a model predicts one class only."""
    from sklearn.exceptions import UndefinedMetricWarning

    warnings.simplefilter("ignore", UndefinedMetricWarning)
    warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
