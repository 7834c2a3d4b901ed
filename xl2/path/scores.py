"""The scores of a regularisation path, and the lambdas that they choose.

References
----------
.. [1] L. Breiman et al., "Classification and regression trees", 1984, section 3.4.3:
   the one-standard-error rule.
"""

from __future__ import annotations

from typing import Any

from ..array.switch import to_numpy
from ..diagnosis.evidence import Evidence
from ..diagnosis.gains import CONFIDENCE
from ..diagnosis.learning_curve import LearningCurve, learning_curve
from ..diagnosis.tried import Tried
from ..errors import DivergenceError, InputError, listed
from ..nn.costs import cost_threshold, tuned_threshold
from ..nn.label_arrays import read_labels
from ..nn.labels import like_training
from ..nn.optimizers import find_optimizer
from ..training.divergence import remedy
from .members import Members
from .null_model import NullScores
from .pruning import ROUNDING
from .settings import PathSettings

# Of the standard error of a difference, as measured: see docs/lambda_measured.md.
SHARE = 0.5


class PathScores:
    """The numbers of a path; see `RegularizationPath` for the attributes."""

    def __init__(self, members: Members, null: NullScores, settings: PathSettings, fit_time: float):
        self.lambdas_ = settings.lambdas
        self.fit_time_ = fit_time
        self.unfinished_ = ""
        self.searched_ = 0
        self.understood_: tuple[str, ...] = ()
        self.classes_: Any = None
        self.oof_predictions_: Any = None
        self.calibration_: Any = None
        self.evidence_: Evidence | None = None
        self.tried_: Tried | None = None
        self.task_ = members.task
        self.metrics_, self.null_metrics_ = members.metrics, null.metrics
        self.score_name_ = next(iter(self.metrics_))
        self.n_epochs_ = settings.epochs
        self.train_scores_by_seed_ = members.train_scores
        self.validation_scores_by_seed_ = scores = self.metrics_[self.score_name_]
        self.diverged_ = members.diverged > 0
        self.epochs_ = members.epochs
        self.curves_ = members.curves
        _, self.n_folds_, self.n_seeds_ = members.diverged.shape
        self.train_scores_ = members.train_scores.mean(axis=2)
        self.validation_scores_ = scores.mean(axis=2)
        self.train_means_ = members.train_scores.mean(axis=(1, 2))
        self.validation_means_ = scores.mean(axis=(1, 2))
        self.standard_errors_ = standard_errors(scores, members.sample_errors)
        self.one_class_: Any = members.one_class.all(axis=(1, 2))
        self.null_scores_ = null.metrics[self.score_name_]
        self.null_score_ = float(self.null_scores_.mean())
        self.null_standard_error_ = float(
            standard_errors(self.null_scores_[None, :, None], null.sample_errors[None, :, None])[0]
        )
        self._choose(self._comparable(members, settings), self.metrics_[members.loss_name])

    @property
    def learning_curve_(self) -> LearningCurve | None:
        """The scores on parts of the samples, and where they go; None without `experiments`."""
        return None if self.evidence_ is None else learning_curve(self.evidence_, CONFIDENCE)

    def threshold(
        self, cost_fp: float, cost_fn: float, y: Any = None, sample_weight: Any = None
    ) -> float:
        """Return from what probability of the second class on to answer it, for the least cost.

        Without `y` it is ``cost_fp / (cost_fp + cost_fn)``, the best one if probabilities agree
        with how often they are right; see `calibrate` of `regularization_path`. With `y` it is
        the best one for the out-of-fold predictions, whatever they mean, which needs many of the
        rarer mistakes. Pass it to scikit-learn's `FixedThresholdClassifier`.

        Parameters
        ----------
        cost_fp, cost_fn : float
            The cost of answering the second of `classes_` where the first one is true, and that of
            the other mistake, in any unit.
        y : array_like, shape (n,), optional
            The labels of the samples of `oof_predictions_`, as they were passed to
            `regularization_path`.
        sample_weight : array_like, shape (n,), optional
            Of these samples.
        """
        import numpy as np

        if self.classes_ is None or len(self.classes_) != 2:
            why = f"the task of this path is {self.task_}"
            if self.classes_ is not None:
                why = f"this path has {len(self.classes_)}"
            raise InputError(
                f"A threshold is for two classes, and {why}. With the costs of more classes, call "
                f"decide(X, costs) of a model."
            )
        if y is None:
            return cost_threshold(cost_fp, cost_fn)
        classes, p = self.classes_.tolist(), self.oof_predictions_
        y = like_training(read_labels(y, "y"), classes)
        if y.shape != (len(p),) or not set(y.tolist()) <= set(classes):
            raise InputError(
                f"y must be the labels of the {len(p)} samples that were predicted out of fold, "
                f"{classes[0]!r} or {classes[1]!r}. Received: shape {y.shape}, labels "
                f"{listed(dict.fromkeys(y.ravel().tolist()))}."
            )
        known = np.isfinite(p[:, 1])
        weight = None if sample_weight is None else to_numpy(sample_weight)
        if weight is not None:
            fits = weight.shape == y.shape and weight.dtype.kind in "biuf"
            if not fits or not ((weight >= 0.0) & (weight < np.inf)).all():
                raise InputError(
                    f"sample_weight must be {len(p)} finite numbers, 0 or more, one for each "
                    f"sample. Received: shape {weight.shape}, {weight.dtype}."
                )
            weight = weight[known]
        second = (y == self.classes_[1])[known]
        return tuned_threshold(second, p[known, 1], cost_fp, cost_fn, weight)

    def _choose(self, means: Any, losses: Any) -> None:
        """Set the chosen lambdas, by the mean scores of those that can be compared (L,)."""
        import numpy as np

        losses = losses.mean(axis=2)
        self.top_index_ = top = highest(means, losses.mean(axis=1))
        # A score such as the accuracy may hide a loss that is much worse.
        near = near_highest(self.validation_scores_, top) & near_highest(losses, top)
        self.within_1se_ = within_one_standard_error(means, self.standard_errors_, top)
        self.best_index_ = int(np.flatnonzero(near & self.within_1se_)[-1])
        self.index_1se_ = int(np.flatnonzero(self.within_1se_)[-1])
        self.top_lambda_ = float(self.lambdas_[top])
        self.best_lambda_ = float(self.lambdas_[self.best_index_])
        self.lambda_1se_ = float(self.lambdas_[self.index_1se_])

    def _comparable(self, members: Members, settings: PathSettings) -> Any:
        """Return the validation means of lambdas trained to the end, NaN for others.

        A lambda may have been dropped in some folds only; its mean is then of different epochs.
        If every lambda was dropped in some fold, all compete. `DivergenceError` is raised if
        every lambda has a member that diverged.
        """
        import numpy as np

        complete = (self.epochs_ == self.n_epochs_).all(axis=(1, 2))
        for means in (np.where(complete, self.validation_means_, np.nan), self.validation_means_):
            if np.isfinite(means).any():
                return means
        epoch, training = int(members.diverged.max()), settings.training
        raise DivergenceError(
            f"Every lambda of the path has a network that diverged, the last in epoch {epoch}. "
            f"{remedy(find_optimizer(training.optimizer), training.learning_rate)}",
            epoch=epoch,
            step=None,
            loss=float("nan"),
            history=None,
        )


def standard_errors(scores: Any, sample_errors: Any) -> Any:
    """Return the standard error of each lambda's mean score: (L, F, S) twice gives (L,).

    With several folds it is the spread of the folds' scores over the root of their
    number. The folds share most of their training samples, so this is somewhat too
    small, as everywhere else; no unbiased estimate exists. With one fold it comes from
    the standard errors due to its samples, and from the spread of the seeds if there are
    several.
    """
    import numpy as np

    folds, seeds = scores.shape[1:]
    if folds > 1:
        means = scores.mean(axis=2)
        errors = means.std(axis=1, ddof=1) / np.sqrt(folds)
        # Folds of equal scores, such as the null model's, may differ by their rounding.
        errors[errors <= ROUNDING * np.abs(means).max(axis=1)] = 0.0
        return errors
    variance = (sample_errors[:, 0] ** 2).mean(axis=1)
    if seeds > 1:
        variance = variance + scores[:, 0].var(axis=1, ddof=1) / seeds
    return np.sqrt(variance)


def highest(means: Any, others: Any) -> int:
    """Return the index of the lambda with the highest mean score.

    Of equal ones it is that with the highest `others`, such as minus the log loss; of these the
    smallest. `means` (L,) are of lambdas in ascending order; not all may be NaN.
    """
    import numpy as np

    for scores in (means, others):
        equal = np.isfinite(means)
        if np.isfinite(scores[equal]).any():
            top = np.nanmax(scores[equal])
            means = np.where(scores >= top - ROUNDING, means, np.nan)
    return int(np.flatnonzero(np.isfinite(means))[0])


def near_highest(scores: Any, top: int, share: float = SHARE) -> Any:
    """Tell of each lambda whether its mean score is close to that of `top`: (L, F) gives (L,).

    The difference of the two is compared with a `share` of its own standard error, over the folds:
    these differ far more from one another than the lambdas do in each of them. With one fold
    nothing is close.
    """
    import numpy as np

    below = scores[top] - scores
    folds = below.shape[1]
    if folds == 1:
        return np.arange(len(scores)) == top
    return below.mean(axis=1) <= share * below.std(axis=1, ddof=1) / np.sqrt(folds) + ROUNDING


def within_one_standard_error(means: Any, errors: Any, top: int) -> Any:
    """Tell of each lambda whether its mean is within one standard error of that of `top` [1]_."""
    import numpy as np

    return means >= means[top] - np.nan_to_num(errors[top]) - ROUNDING
