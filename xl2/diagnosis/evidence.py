"""What was tried beside a path, sample by sample: the numbers that a verdict rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .importance import Importance

LEVEL = 0.02  # of the test for a signal
# Why an experiment was left out that more time would allow.
TOO_LONG = "it would have taken longer than the time for experiments"
STOPPED = "the time for experiments was over"


@dataclass(frozen=True)
class Trial:
    """One setting of the training, and how it scored on each validation sample.

    Attributes
    ----------
    key, kind : str
        Its name, such as "wider", and what it changes: "network", "training", "ensemble",
        "features" or "rows".
    what : str
        In words, compared with the path: "200-100 units for 50-25".
    arguments : mapping
        The arguments of `xl2.regularization_path` that repeat it; for left-out features the
        columns that remain.
    scores, losses : numpy.ndarray, shape (n,)
        The accuracy of each sample, and the logarithm of its true class's probability; for a
        regression its share in R2, twice. Means over seeds.
    seconds : float
        What it took.
    rows : float
        Training samples of a fold.
    """

    key: str
    kind: str
    what: str
    arguments: Mapping[str, Any]
    scores: Any
    losses: Any
    seconds: float = 0.0
    rows: float = 0.0


@dataclass(frozen=True)
class Signal:
    """Whether the networks know more than the null model, by a permutation test.

    Attributes
    ----------
    p_value : float
        How often labels that are dealt at random to the samples of each fold would fit the
        predictions as well.
    null_scores : numpy.ndarray, shape (n,)
        The null model's score on each validation sample.
    answer : str
        What it always answers: "always answering 'b'", "the mean of the target".
    """

    p_value: float
    null_scores: Any
    answer: str

    @property
    def found(self) -> bool:
        """Whether the networks know more than chance explains."""
        return self.p_value <= LEVEL


@dataclass(frozen=True)
class Evidence:
    """The validation scores of a path and of the experiments beside it, on the same folds.

    The n validation samples are those of all folds, one fold after the other. A sample that
    several folds are validated on is there several times.

    Attributes
    ----------
    folds : numpy.ndarray of int, shape (n,)
        The fold of each.
    weights : numpy.ndarray, shape (n,)
        Its weight, 1 by default.
    lambdas : sequence of float
        Those of the path that have scores.
    scores, losses : numpy.ndarray, shape (lambdas, n)
        As in `Trial`, of each lambda.
    best : int
        Index of the chosen lambda.
    rows, all_rows : float, int
        Training samples of a fold, and of the whole path.
    signal : Signal
    trials : sequence of Trial
        The experiments, each with the chosen lambda.
    curve : sequence of Trial
        The chosen lambda with fewer training samples, in ascending order of their number.
    repeated : int or None
        Training samples that equal another one in all features; None if they were not counted,
        because there are no experiments.
    unavoidable : float or None
        The part of the training samples that any model gets wrong because of them: their labels
        differ. 0 for a regression.
    left_out : sequence of (str, str)
        Experiments that were not tried, and why.
    importance : Importance or None
        What shuffling each column of the validation samples costs; None if it was not measured.
    """

    folds: Any
    weights: Any
    lambdas: Sequence[float]
    scores: Any
    losses: Any
    best: int
    rows: float
    all_rows: int
    signal: Signal
    trials: Sequence[Trial] = ()
    curve: Sequence[Trial] = ()
    repeated: int | None = None
    unavoidable: float | None = None
    left_out: Sequence[tuple[str, str]] = ()
    importance: Importance | None = None
