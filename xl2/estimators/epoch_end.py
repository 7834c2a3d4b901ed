"""What scikit-learn does after an epoch: record, compare, lower the learning rate, stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from ..array.backend import Backend
from ..errors import warn_caller
from ..nn.network import Network
from ..training.history import History
from ..training.run import Run
from .arguments import callbacks_of, stopped_by
from .verbose import say


@dataclass
class EpochEnd:
    """A callback of the training loop that writes the estimator's attributes."""

    estimator: Any
    run: Run  # its learning rate follows the schedule
    score: Callable[[Network], float] | None  # on the validation samples
    part: bool  # one epoch of `partial_fit`
    home: Backend  # of the weights that the user's callbacks see
    best: Any = None  # the parameters with the best score

    def __call__(self, network: Network, history: History) -> bool:
        """Record an epoch; return whether training ends."""
        estimator, state = self.estimator, self.estimator._optimizer
        self.record(history.loss[-1])
        if self.score is not None:
            self._score_network(network, self.score)
        if not estimator.early_stopping:
            self._compare_loss()
        if state.schedule == "invscaling":
            self.run.learning_rate = state.initial_rate / (estimator.t_ + 1) ** state.power
        no_improvement = estimator._no_improvement_count > estimator.n_iter_no_change
        if no_improvement and self._stops():
            return True
        callbacks = callbacks_of(estimator)
        if callbacks:
            estimator._store(network, self.home)
            if stopped_by(callbacks, estimator):
                return True
        if not self.part and estimator.n_iter_ == estimator.max_iter:
            warn_caller(
                f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the "
                f"optimization hasn't converged yet.",
                ConvergenceWarning,
            )
        return False

    def record(self, loss: float) -> None:
        """Record the loss of an epoch."""
        estimator = self.estimator
        estimator.n_iter_ += 1
        estimator.loss_ = loss
        estimator.t_ += self.run.feed.rows
        estimator.loss_curve_.append(loss)
        self._say(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")

    def record_score(self, score: float) -> bool:
        """Record a validation score; return whether it is the best so far."""
        estimator = self.estimator
        estimator.validation_scores_.append(score)
        self._say(f"Validation score: {score:f}")
        if not score > estimator.best_validation_score_:
            return False
        estimator.best_validation_score_ = score
        return True

    def _score_network(self, network: Network, score_of: Callable[[Network], float]) -> None:
        estimator, score = self.estimator, score_of(network)
        wanted = estimator.best_validation_score_ + estimator.tol
        if self.record_score(score):
            # The next epoch works on copies, so these arrays stay as they are.
            self.best = network.parameters
        if estimator.early_stopping:
            self._count(score < wanted)

    def _compare_loss(self) -> None:
        estimator, loss = self.estimator, self.estimator.loss_curve_[-1]
        self._count(loss > estimator.best_loss_ - estimator.tol)
        if loss < estimator.best_loss_:
            estimator.best_loss_ = loss

    def _count(self, no_improvement: bool) -> None:
        count = self.estimator._no_improvement_count
        self.estimator._no_improvement_count = count + 1 if no_improvement else 0

    def _stops(self) -> bool:
        """Return whether to stop; if not, lower the learning rate and count from 0."""
        estimator = self.estimator
        what = "Validation score did" if estimator.early_stopping else "Training loss did"
        message = (
            f"{what} not improve more than tol={estimator.tol:f} for "
            f"{estimator.n_iter_no_change} consecutive epochs."
        )
        if estimator._optimizer.schedule != "adaptive":
            self._say(f"{message} Stopping.")
            return True
        if self.run.learning_rate <= 1e-6:
            self._say(f"{message} Learning rate too small. Stopping.")
            return True
        self.run.learning_rate /= 5.0
        self._say(f"{message} Setting learning rate to {self.run.learning_rate:f}")
        estimator._no_improvement_count = 0
        return False

    def _say(self, line: str) -> None:
        if self.estimator.verbose:
            say(line)
