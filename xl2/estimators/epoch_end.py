"""After each epoch: what is recorded, whether it was better, and whether to go on."""

from __future__ import annotations

import copy
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sklearn.exceptions import ConvergenceWarning

from .arguments import callbacks_of, stopped_by

if TYPE_CHECKING:
    from ..array.backend import Backend
    from ..nn.network import Network
    from ..training.history import History
    from ..training.run import Run
    from .arguments import Arguments, Descent


class OptimizerState:
    """What an optimizer leaves behind for `partial_fit` to go on with.

    Parameters
    ----------
    descent : Descent
        How it began, which is how it goes on: as in scikit-learn, arguments of the
        optimizer that change between two parts are for the next `fit`.

    Attributes
    ----------
    learning_rate : float
        As the schedule left it.
    steps : int
        How many it has taken.
    states : nested list of arrays, or None
        For each layer those of its weight and of its bias; None before the first step.
    """

    def __init__(self, descent: Descent):
        self._descent = descent
        self.learning_rate, self.steps = descent.learning_rate, 0
        self.states: Any = None

    def going_on(self, descent: Descent) -> Descent:
        """Return how it goes on: of another descent only the mini-batches are taken."""
        return replace(self._descent, batch_size=descent.batch_size, shuffle=descent.shuffle)

    def having(self, states: Any) -> OptimizerState:
        """Return the same with other states."""
        other = copy.copy(self)
        other.states = states
        return other


class Watch:
    """A callback of the training loop that does what scikit-learn does after an epoch.

    Parameters
    ----------
    estimator : estimator
        Its attributes are written.
    arguments : Arguments
    run : Run
        Its learning rate follows the schedule.
    score : callable or None
        From the network to its score on validation samples.
    incremental : bool
        One epoch is all there is, of a training that goes on.
    home : Backend
        Where the user's callbacks are to find the weights.
    """

    def __init__(
        self,
        estimator: Any,
        arguments: Arguments,
        run: Run,
        score: Any,
        incremental: bool,
        home: Backend,
    ):
        _, self._descent, self._stopping = arguments
        self._estimator, self._callbacks = estimator, callbacks_of(estimator)
        self._run, self._score, self._incremental, self._home = run, score, incremental, home
        self.best: Any = None

    def __call__(self, network: Network, history: History) -> bool:
        """Write an epoch's line; return whether it was the last."""
        estimator, stopping = self._estimator, self._stopping
        self.record(history.loss[-1])
        if self._score is not None:
            self._record_score(network)
        if not stopping.early:
            self._compare_loss()
        if self._descent.schedule == "invscaling":
            seen = (estimator.t_ + 1) ** self._descent.power
            self._run.learning_rate = self._descent.learning_rate / seen
        if estimator._no_improvement_count > stopping.patience and self._give_up():
            return True
        if self._callbacks:
            estimator._take(network, self._home)
            if stopped_by(self._callbacks, estimator):
                return True
        if not self._incremental and estimator.n_iter_ == stopping.epochs:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({stopping.epochs}) reached and the "
                f"optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return False

    def record(self, loss: float) -> None:
        """Write the loss of an epoch."""
        estimator = self._estimator
        estimator.n_iter_ += 1
        estimator.loss_ = loss
        estimator.t_ += self._run.rows
        estimator.loss_curve_.append(loss)
        if self._stopping.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")

    def record_score(self, score: float) -> bool:
        """Write a validation score; return whether it is the best so far."""
        estimator = self._estimator
        estimator.validation_scores_.append(score)
        if self._stopping.verbose:
            print(f"Validation score: {score:f}")
        if not score > estimator.best_validation_score_:
            return False
        estimator.best_validation_score_ = score
        return True

    def _record_score(self, network: Network) -> None:
        estimator, score = self._estimator, self._score(network)
        wanted = estimator.best_validation_score_ + self._stopping.tolerance
        if self.record_score(score):
            # An epoch works on arrays of its own: these stay as they are.
            self.best = network.parameters
        if self._stopping.early:
            self._count(score < wanted)

    def _compare_loss(self) -> None:
        estimator, loss = self._estimator, self._estimator.loss_curve_[-1]
        self._count(loss > estimator.best_loss_ - self._stopping.tolerance)
        if loss < estimator.best_loss_:
            estimator.best_loss_ = loss

    def _count(self, no_better: bool) -> None:
        count = self._estimator._no_improvement_count
        self._estimator._no_improvement_count = count + 1 if no_better else 0

    def _give_up(self) -> bool:
        """Return whether to stop, or else lower the learning rate and start counting anew."""
        stopping, run = self._stopping, self._run
        what = "Validation score did" if stopping.early else "Training loss did"
        message = (
            f"{what} not improve more than tol={stopping.tolerance:f} for "
            f"{stopping.patience} consecutive epochs."
        )
        if self._descent.schedule != "adaptive":
            self._say(f"{message} Stopping.")
            return True
        if run.learning_rate <= 1e-6:
            self._say(f"{message} Learning rate too small. Stopping.")
            return True
        run.learning_rate /= 5.0
        self._say(f"{message} Setting learning rate to {run.learning_rate:f}")
        self._estimator._no_improvement_count = 0
        return False

    def _say(self, message: str) -> None:
        if self._stopping.verbose:
            print(message)
