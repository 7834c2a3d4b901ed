"""The scores of a regularisation path, and the lambdas that they choose.

References
----------
.. [1] L. Breiman et al., "Classification and regression trees", 1984, section 3.4.3:
   the one-standard-error rule.
"""

from __future__ import annotations

from typing import Any

from ..errors import DivergenceError
from ..nn.optimizers import find_optimizer
from ..training.divergence import remedy
from .members import Members
from .pruning import ROUNDING
from .settings import PathSettings


class PathScores:
    """The numbers of a path; see `RegularizationPath` for the attributes."""

    def __init__(self, members: Members, settings: PathSettings, fit_time: float):
        self.lambdas_ = settings.lambdas
        self.fit_time_ = fit_time
        self.score_name_ = "R2" if members.task == "regression" else "accuracy"
        self.n_epochs_ = settings.epochs
        self.train_scores_by_seed_ = members.train_scores
        self.validation_scores_by_seed_ = members.validation_scores
        self.diverged_ = members.diverged > 0
        self.epochs_ = members.epochs
        self.curves_ = members.curves
        _, self.n_folds_, self.n_seeds_ = members.diverged.shape
        self.train_scores_ = members.train_scores.mean(axis=2)
        self.validation_scores_ = members.validation_scores.mean(axis=2)
        self.train_means_ = members.train_scores.mean(axis=(1, 2))
        self.validation_means_ = members.validation_scores.mean(axis=(1, 2))
        self.standard_errors_ = standard_errors(members.validation_scores, members.sample_errors)
        means = self._comparable(members, settings)
        self.best_index_ = best(means)
        self.index_1se_ = one_standard_error(means, self.standard_errors_)
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
        return scores.mean(axis=2).std(axis=1, ddof=1) / np.sqrt(folds)
    variance = (sample_errors[:, 0] ** 2).mean(axis=1)
    if seeds > 1:
        variance = variance + scores[:, 0].var(axis=1, ddof=1) / seeds
    return np.sqrt(variance)


def best(means: Any) -> int:
    """Return the index of the best lambda, of equally good ones the largest.

    `means` (L,) are the scores of lambdas in ascending order; not all may be NaN.
    """
    import numpy as np

    return int(np.flatnonzero(means >= np.nanmax(means) - ROUNDING)[-1])


def one_standard_error(means: Any, errors: Any) -> int:
    """Return the index of the largest lambda within one standard error of the best [1]_."""
    import numpy as np

    top = best(means)
    within = means >= means[top] - np.nan_to_num(errors[top]) - ROUNDING
    return int(np.flatnonzero(within)[-1])
