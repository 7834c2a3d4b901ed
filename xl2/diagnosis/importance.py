"""What matters: what shuffling a column costs, and which columns cannot be told from chance.

References
----------
.. [1] L. Breiman (2001). Random forests. Machine Learning 45, 5-32: shuffling a variable.
.. [2] S. Holm (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal
   of Statistics 6, 65-70.
.. [3] C. Nadeau, Y. Bengio (2003). Inference for the generalization error. Machine Learning 52,
   239-281: scores of folds that share training samples are correlated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import printable

WHAT = "the importance of the columns"  # among the experiments that are left out
LEVEL = 0.05  # of the tests of all columns together
# Networks of several folds have learnt one another's samples, so that chance spreads wider: by the
# root of 2 at most (see `xl2.diagnosis.signal.CROSSED`), and as much as this as measured with
# benchmarks/importance.py.
WIDER = 1.2
CORRELATED = 0.9  # the rank correlation of columns that can stand in for one another
MOST_INPUTS = 1000  # whose correlations are looked at


@dataclass(frozen=True)
class ColumnImportance:
    """What shuffling one column costs.

    Attributes
    ----------
    name, column : str, int
        Its name, and its index.
    loss, error : float
        By how much the score falls: the mean over folds and shuffles, and its standard error over
        the folds. On the samples of one network the standard deviation over the shuffles, as in
        scikit-learn.
    p_value : float
        Of the test that the network knows nothing by this column, adjusted for the number of
        columns.
    """

    name: str
    column: int
    loss: float
    error: float
    p_value: float

    @property
    def matters(self) -> bool:
        """Whether the loss can be told from chance."""
        return self.p_value <= LEVEL


@dataclass(frozen=True)
class Importance:
    """What shuffling each column of the held-out samples costs.

    Attributes
    ----------
    columns : tuple of ColumnImportance
        The most important one first.
    rows, folds, repeats : int
        Samples that were shuffled, the folds that they are of (1 for test samples), and how many
        times each column was shuffled in each.
    correlated : tuple of (str, str, float)
        Pairs of columns whose rank correlation is 0.9 or more in size, the strongest first.
    """

    columns: tuple[ColumnImportance, ...]
    rows: int
    folds: int
    repeats: int
    correlated: tuple[tuple[str, str, float], ...] = ()

    @classmethod
    def of_dict(cls, stored: Mapping[str, Any]) -> Importance:
        """Return what `dataclasses.asdict` was given, perhaps with lists for tuples."""
        columns = tuple(ColumnImportance(**one) for one in stored["columns"])
        pairs = tuple((a, b, r) for a, b, r in stored["correlated"])
        return cls(**{**stored, "columns": columns, "correlated": pairs})


class Part(NamedTuple):
    """What was found with one network and the samples that it was not trained on."""

    losses: Any  # of the score, (columns, repeats); see `losses_of_columns`
    tested: Any  # of what is tested: the log loss, or the score
    rows: int  # samples that were shuffled
    one: float = 0.0  # what one sample changes an accuracy by that is tested
    of_training: float = 0.0  # held-out samples, for each training sample


def importance_of(
    names: Sequence[str], parts: Sequence[Part], correlated: Sequence[tuple[int, int, float]] = ()
) -> Importance:
    """Return the importance of columns by their losses in each fold.

    A column that has nothing to do with targets and other columns gives, shuffled, the same scores
    as unshuffled but for chance, and these spread as the scores of several shuffles do. So the
    score that was not shuffled is compared with the spread of those that were: a t-test, wider over
    several folds (see `WIDER`). Of classes the log loss is tested, which notices more than the
    accuracy; an accuracy has at least the spread of half a sample gained and half a sample lost.
    Holm's method [2]_ adjusts the p-values for the number of columns. The error
    over folds is that of Nadeau and Bengio [3]_.
    """
    import numpy as np
    from scipy.stats import t

    folds, repeats = len(parts), parts[0].losses.shape[1]
    means = np.stack([part.losses.mean(axis=1) for part in parts])
    shuffles = np.stack([part.tested.var(axis=1, ddof=1) for part in parts])
    loss, tested = means.mean(axis=0), np.mean([part.tested.mean(axis=1) for part in parts], axis=0)
    if folds > 1:
        ratio = float(np.mean([part.of_training for part in parts]))
        errors = np.sqrt(means.var(axis=0, ddof=1) * (1.0 / folds + ratio))
    else:
        errors = parts[0].losses.std(axis=1)
    least = np.array([[part.one**2] for part in parts])
    chance = np.maximum(shuffles, least).mean(axis=0) * (1.0 + 1.0 / repeats) / folds
    wider = WIDER if folds > 1 else 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = tested / (wider * np.sqrt(chance))
    # What changes nothing at all does not matter.
    p_values = np.where(tested > 0.0, t.sf(distance, folds * (repeats - 1)), 1.0)
    adjusted = holm(p_values)
    shown = [name_of(names, k) for k in range(len(loss))]
    order = sorted(range(len(loss)), key=lambda k: -loss[k])
    return Importance(
        tuple(
            ColumnImportance(shown[k], k, float(loss[k]), float(errors[k]), float(adjusted[k]))
            for k in order
        ),
        sum(part.rows for part in parts),
        folds,
        repeats,
        tuple((shown[a], shown[b], size) for a, b, size in correlated),
    )


def name_of(names: Sequence[str], column: int) -> str:
    """Return a column's name in one line, or its number from 1."""
    name = names[column] if names else ""
    return printable(" ".join(name.split())) or f"column {column + 1}"


def holm(p_values: Any) -> Any:
    """Return p-values (m,) adjusted for their number by Holm's method."""
    import numpy as np

    order = np.argsort(p_values, kind="stable")
    times = np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(times * p_values[order]))
    return adjusted


def correlated_columns(inputs: Any, sources: Sequence[int]) -> list[tuple[int, int, float]]:
    """Return pairs of columns that can stand in for one another, the strongest first.

    `inputs` (n, inputs) are made of the columns `sources`. The correlation of two columns is the
    largest of their inputs' rank correlations in size, with its sign.
    """
    import numpy as np
    from scipy.stats import rankdata

    if inputs.shape[1] > MOST_INPUTS or len(inputs) < 3:
        return []
    ranks = rankdata(inputs, axis=0)
    ranks -= ranks.mean(axis=0)
    lengths = np.sqrt((ranks**2).sum(axis=0))
    ranks /= np.where(lengths > 0.0, lengths, 1.0)
    found: dict[tuple[int, int], float] = {}
    products = ranks.T @ ranks
    for i, j in np.argwhere(np.triu(np.abs(products) >= CORRELATED, 1)).tolist():
        pair = min(sources[i], sources[j]), max(sources[i], sources[j])
        size = float(np.clip(products[i, j], -1.0, 1.0))
        if pair[0] != pair[1] and abs(size) > abs(found.get(pair, 0.0)):
            found[pair] = size
    return sorted(((a, b, size) for (a, b), size in found.items()), key=lambda one: -abs(one[2]))
