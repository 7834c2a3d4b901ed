"""A model's test score beside that of always giving the same answer."""

from __future__ import annotations

from typing import Any, NamedTuple

from .formats import format_score
from .predictions import R2

LEVEL = 0.05
MEAN = "the mean of the target"
LABELS = "always answering the most frequent labels"


def always(label: Any) -> str:
    """Return what the null model answers, a label of Python or of NumPy, in words."""
    return f"always answering {getattr(label, 'item', lambda: label)()!r}"


class NullModel(NamedTuple):
    """The score of the most frequent training label, or of the mean, on the test samples.

    `p_value` is that of the exact one-sided McNemar test: how often a model that is no better
    would be right as much more often. It is None for a regression, whose null model has an R2 of 0.
    """

    score: float
    answer: str
    p_value: float | None

    def caution(self, test: Any) -> str:
        """Return that the model is not shown to be better, or nothing."""
        if self.p_value is None:
            if test.score > self.score:
                return ""
            return f"{self.answer} would predict no worse: the test R2 is not above 0."
        if self.p_value < LEVEL:
            return ""
        return (
            f"on these {test.rows} test samples the model is not shown to be better than "
            f"{self.answer}: {format_score(test.score, 'accuracy')} against "
            f"{format_score(self.score, 'accuracy')}, p = {self.p_value:.2g}."
        )


def beside_the_null_model(test: Any, y_train: Any, y_test: Any) -> NullModel:
    """Return the null model of some training labels or values, on the test samples."""
    import numpy as np
    from scipy.stats import binomtest

    if isinstance(test, R2):
        return NullModel(0.0, MEAN, None)
    if y_train.ndim != 1 or y_test.ndim != 1:
        labels, counts = np.unique(y_train, axis=0, return_counts=True)
        right = (y_test == labels[counts.argmax()]).reshape(len(y_test), -1).all(axis=1)
        answer = LABELS
    else:
        labels, counts = np.unique(y_train, return_counts=True)
        right = y_test == labels[counts.argmax()]
        answer = always(labels[counts.argmax()])
    only_model = int((test.right & ~right).sum())
    differing = only_model + int((right & ~test.right).sum())
    p_value = 1.0
    if differing:
        p_value = float(binomtest(only_model, differing, 0.5, alternative="greater").pvalue)
    return NullModel(float(right.mean()), answer, p_value)
