"""The numbers of a diagnosis."""

from __future__ import annotations

from dataclasses import dataclass

from .actions import Action
from .comparison import Comparison
from .importance import Importance
from .intervals import Interval
from .limits import Limits


@dataclass(frozen=True)
class Findings:
    """The numbers of a `Diagnosis`.

    The bias is the target minus the training score, and the gap the training score minus the
    test score, which the notebook this library comes from calls the variance. Both are
    measurements of one model and no causes: the bias contains the error that no model could
    avoid, unless `target_score` leaves it out, and the gap the luck of the test samples. The
    training score is a fact about the training samples, so only the test score has an interval.

    Attributes
    ----------
    task : {"classification", "regression"}
    target_score, confidence : float
        As passed to `xl2.diagnose`.
    score_name : {"accuracy", "R2"}
    train_score, train_rows : float, int
        The score on the training samples, and their number.
    test_score, test_interval, test_rows : float, (float, float), int
        That on the test samples. The interval of an accuracy is Wilson's; that of R2 comes from
        resampled rows.
    of_folds : bool
        Whether the samples are those of a path's folds: the training score is the mean of the
        folds', and the test score is that on the validation samples, corrected for the choice of
        lambda; see docs/verdict.md.
    bias, gap : float
        ``target_score - train_score`` and ``train_score - test_score``.
    gap_interval, bias_minus_gap_interval : (float, float)
    dominant : {"bias", "gap", "neither"}
        The larger one; "neither" if both are 0 or less.
    is_certain : bool
        Whether `bias_minus_gap_interval` excludes 0. False for a regression of fewer than 30
        samples, whose intervals are too narrow, and for folds.
    null_score, null_answer, null_p_value : float, str, float or None
        The test score of the null model, what it answers, and the p-value of the test that the
        model is better.
    signal : float or None
        The p-value of the permutation test that a path's networks know more than chance; None for
        a model that is not the best of a path.
    limits : Limits
    actions : tuple of Action
        What was tried and what more samples would do, the largest gain first. None without a
        signal.
    left_out : tuple of (str, str)
        Experiments that were not tried, and why.
    folds : int
        The number of folds in which experiments were tried.
    lam : float or None
        The best lambda of a path; None for a model that is not that of a path's best.
    chosen_by : str
        The validation score by which it is the best, such as "log loss"; "" if `lam` is None.
    comparison : Comparison or None
        The best positive lambda of a path compared with no penalty; None for a single model.
    importance : Importance or None
        What shuffling each column costs: on the validation samples of a path's folds, if the path
        has measured it there, else on the test samples.
    not_shuffled : str
        Why `importance` is None; "" if that was not wanted, or `left_out` says it.
    cautions : tuple of str
        What the numbers do not show, in sentences.
    next_step : str
        The line of Python, or the command, that follows the advice; "" if there is none.
    """

    task: str
    target_score: float
    confidence: float
    score_name: str
    train_score: float
    train_rows: int
    test_score: float
    test_interval: Interval
    test_rows: int
    of_folds: bool
    bias: float
    gap: float
    gap_interval: Interval
    bias_minus_gap_interval: Interval
    dominant: str
    is_certain: bool
    null_score: float
    null_answer: str
    null_p_value: float | None
    signal: float | None
    limits: Limits
    actions: tuple[Action, ...]
    left_out: tuple[tuple[str, str], ...]
    folds: int
    lam: float | None
    chosen_by: str
    comparison: Comparison | None
    importance: Importance | None
    not_shuffled: str
    cautions: tuple[str, ...]
    next_step: str
