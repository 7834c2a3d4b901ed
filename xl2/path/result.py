"""The result of a regularisation path: scores for every lambda, and the networks."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..array.backend import numbers
from ..array.sparse import is_sparse
from ..array.switch import to_numpy
from ..errors import DivergenceError, InputError
from ..nn.model import Model
from ..nn.network import Network
from ..nn.scaling import Scaling
from . import selection
from .settings import Recipe
from .train_stacks import Members


class Refitter(Protocol):
    """What can still train networks on the samples of a path: a `source.Source`."""

    def refit(self, lambdas: Any) -> list[Model]:
        """Train networks of some lambdas on all samples."""
        ...


# Rows that a fingerprint takes at a time: their copies in float64 stay in the processor's cache.
PIECE = 512


@dataclass(frozen=True)
class Judge:
    """What the members of one fold take their samples through, and are judged by.

    Attributes
    ----------
    inputs, outputs : Scaling or None
        As in `Model`.
    """

    inputs: Scaling | None = None
    outputs: Scaling | None = None


class Path:
    """The networks of a regularisation path and how well each lambda does.

    `regularization_path` makes it. Scores are accuracies in [0, 1], or R2 for a regression; the
    larger the better. A member that diverged has NaN.

    A pickle of it has everything but the samples: after a cross-validation, ask for the
    `models` that will be wanted before.

    Attributes
    ----------
    lambdas_ : numpy.ndarray, shape (n_lambdas,)
        In ascending order.
    train_scores_, validation_scores_ : numpy.ndarray, shape (n_lambdas, n_folds)
        Of each fold, after the last epoch, the mean over the seeds. One fold where
        the validation samples were given.
    train_scores_by_seed_, validation_scores_by_seed_ : numpy.ndarray
        Of every member, (n_lambdas, n_folds, n_seeds).
    train_means_, validation_means_ : numpy.ndarray, shape (n_lambdas,)
        The means over folds and seeds; NaN for a lambda with a member that diverged.
    standard_errors_ : numpy.ndarray, shape (n_lambdas,)
        Of `validation_means_`: over the folds; with one fold, from its number of
        validation samples. See `xl2.path.selection`.
    best_lambda_ : float
        That of the highest validation mean, of equal ones the largest.
    lambda_1se_ : float
        The largest whose validation mean is within one standard error of the best.
    best_index_, index_1se_ : int
        Their places in `lambdas_`.
    diverged_ : numpy.ndarray of bool, shape (n_lambdas, n_folds, n_seeds)
        Which members left the finite numbers.
    epochs_ : numpy.ndarray of int, shape (n_lambdas, n_folds, n_seeds)
        How many epochs each was trained for.
    curves_ : dict of str to numpy.ndarray, shape (epochs, n_lambdas, n_folds, n_seeds)
        An epoch's ``loss``, ``score``, ``penalty``, ``validation_loss`` and
        ``validation_score``, as in `History`.
    fit_time_ : float
        Wall time of the training, in seconds.
    score_name : {"accuracy", "R2"}
    folds, seeds, epochs : int
        Their numbers.
    """

    def __init__(
        self,
        lambdas: Any,
        members: Members,
        recipe: Recipe,
        judges: Sequence[Judge],
        classes: tuple[Any, ...] | None,
        held_out: Any,
        source: Refitter,
        fit_time: float,
    ):
        self.lambdas_ = lambdas
        self.fit_time_ = fit_time
        self.score_name = "R2" if members.task == "regression" else "accuracy"
        self.epochs = int(recipe.fit["epochs"])
        self.train_scores_by_seed_ = members.train_scores
        self.validation_scores_by_seed_ = members.validation_scores
        self.diverged_ = members.diverged > 0
        self.epochs_ = members.epochs
        self.curves_ = members.curves
        _, self.folds, self.seeds = members.diverged.shape
        self.train_scores_ = members.train_scores.mean(axis=2)
        self.validation_scores_ = members.validation_scores.mean(axis=2)
        self.train_means_ = selection.mean_scores(members.train_scores)
        self.validation_means_ = selection.mean_scores(members.validation_scores)
        self.standard_errors_ = selection.standard_errors(
            members.validation_scores, members.sample_errors
        )
        self._members, self._recipe, self._judges = members, recipe, judges
        self._classes, self._source = classes, source
        self._held_out = None if held_out is None else fingerprint(held_out)
        self._refitted: dict[int, Model] = {}
        self._check_sound()
        means = self._comparable()
        self.best_index_ = selection.best(means)
        self.index_1se_ = selection.one_standard_error(means, self.standard_errors_)
        self.best_lambda_ = float(lambdas[self.best_index_])
        self.lambda_1se_ = float(lambdas[self.index_1se_])

    def _check_sound(self) -> None:
        """Raise if no lambda has a score to choose it by.

        Raises
        ------
        DivergenceError
            If every lambda has a member that diverged.
        """
        import numpy as np

        if np.isfinite(self.validation_means_).any():
            return
        epoch = int(self._members.diverged.max())
        raise DivergenceError(
            f"Every lambda of the path has a network that diverged, the last in epoch {epoch}. "
            f"Lower the learning rate ({self._recipe.fit['learning_rate']:g}), standardise the "
            f"inputs (standardize=True), or lower the lambdas: learning rate times lambda over "
            f"the batch size has to stay below 2.",
            epoch=epoch,
            step=None,
            loss=float("nan"),
            history=None,
        )

    def _comparable(self) -> Any:
        """Return the validation means of those trained to the end, NaN for others.

        A lambda dropped for want of prospects may have been dropped in some folds only, and
        its mean is then of different epochs. Where each was, somewhere, all compete.
        """
        import numpy as np

        complete = (self.epochs_ == self.epochs).all(axis=(1, 2))
        means = np.where(complete, self.validation_means_, np.nan)
        return means if np.isfinite(means).any() else self.validation_means_

    def __repr__(self) -> str:
        return (
            f"Path({len(self.lambdas_)} lambdas x {self.folds} folds x {self.seeds} seeds; best "
            f"{self.best_lambda_:g}, one standard error {self.lambda_1se_:g})"
        )

    def __str__(self) -> str:
        from .tables import path_text

        return path_text(self)

    def _repr_html_(self) -> str:
        from .tables import path_html

        return path_html(self)

    def to_pandas(self) -> Any:
        """Return a pandas.DataFrame with a row for each lambda, fold and seed.

        Raises
        ------
        InputError
            If pandas is not installed.
        """
        from .tables import path_frame

        return path_frame(self)

    def plot(self, ax: Any = None) -> Any:
        """Draw the scores against lambda; see `xl2.figures.plot_path`."""
        from ..figures import plot_path

        return plot_path(self, ax)

    def network(self, lam: float, fold: int = 0, seed: int = 0) -> Network:
        """Return a copy of one member, as it was trained.

        Parameters
        ----------
        lam : float
            One of `lambdas_`.
        fold, seed : int, default 0
            Which of the folds and seeds, by their numbers.

        Returns
        -------
        Network
            It takes samples as the training did: standardised, where that was asked for.

        Raises
        ------
        InputError
            If there is no such member.
        """
        place = self._place(lam)
        if fold not in range(self.folds) or seed not in range(self.seeds):
            raise InputError(
                f"The path has folds 0 to {self.folds - 1} and seeds 0 to {self.seeds - 1}. "
                f"Received: fold={fold}, seed={seed}."
            )
        network = self._recipe.blank()
        network.set_parameters(self._members.parameters[place, fold, seed])
        network.task = self._members.task
        return network

    def best_network(self, lam: float | None = None) -> Network:
        """Return a network of the best lambda, trained on all training samples.

        With validation samples given it is the member itself, of the first seed. After
        a cross-validation every member has learnt from a part only, and a new network
        is trained on all, once, when it is first asked for: until then the samples, of
        which the path has no copy of its own, are to stay as they were.

        Parameters
        ----------
        lam : float, optional
            Another of `lambdas_`.

        Returns
        -------
        Network
            It takes samples as the training did; see `best_model` for samples in
            their own units.
        """
        return self.best_model(lam).network

    def best_model(self, lam: float | None = None) -> Model:
        """Return `best_network` with its standardisation and labels."""
        return self.models([self.best_lambda_ if lam is None else lam])[0]

    def models(self, lambdas: Sequence[float]) -> list[Model]:
        """Return a model for each of some lambdas, as `best_model` does.

        After a cross-validation those that are not there yet are trained together.

        Raises
        ------
        InputError
            If a lambda is not in `lambdas_`, or diverged; or if a network is still to be
            trained and the path comes from a pickle, which has no samples.
        """
        places = [self._place(lam) for lam in lambdas]
        for place in places:
            if self.diverged_[place].any():
                raise InputError(
                    f"There is no network for lambda {self.lambdas_[place]:g}: it diverged in "
                    f"{self.diverged_[place].sum()} of {self.folds * self.seeds} trainings."
                )
        if self._held_out is not None:
            return [self._trained(place) for place in places]
        missing = [place for place in dict.fromkeys(places) if place not in self._refitted]
        if missing:
            self._refitted.update(
                zip(missing, self._source.refit(self.lambdas_[missing]), strict=True)
            )
        return [self._refitted[place] for place in places]

    def without_samples(self) -> Path:
        """Return a copy that does not keep the samples alive.

        It has the models that were asked for until now; another would need the samples.
        """
        other = copy.copy(self)
        # A source is copied, as it is pickled, without its samples.
        other._source = copy.copy(self._source)
        return other

    def selected_on(self, X: Any) -> bool:
        """Tell whether lambda was chosen by the scores on exactly these samples."""
        try:
            return self._held_out is not None and self._held_out == fingerprint(X)
        except ValueError:
            return False  # no numbers, and so no samples

    def _trained(self, place: int) -> Model:
        judge = self._judges[0]
        network = self.network(self.lambdas_[place])
        return Model(network, judge.inputs, judge.outputs, self._classes)

    def _place(self, lam: float) -> int:
        found = [k for k, known in enumerate(self.lambdas_.tolist()) if known == lam]
        if not found:
            raise InputError(
                f"The path has the lambdas {', '.join(f'{x:g}' for x in self.lambdas_)}. "
                f"Received: {lam!r}."
            )
        return found[0]


def fingerprint(X: Any) -> str:
    """Return a digest that equal samples share, in whatever library and dtype they are held.

    Parameters
    ----------
    X : array_like or scipy sparse matrix, shape (n, features)

    Returns
    -------
    str
        Of the shape, and of the values in float64.

    Raises
    ------
    ValueError
        If they are not numbers; mostly an `InputError`.
    """
    x = X.tocsr() if is_sparse(X) else to_numpy(X)
    digest = hashlib.sha256(repr(tuple(map(int, x.shape))).encode())
    for start in range(0, x.shape[0] if x.shape else 0, PIECE):
        piece = x[start : start + PIECE]
        dense = numbers(piece.toarray() if is_sparse(X) else piece, "float64", "X")
        # -0.0 equals 0.0, and its bytes do not.
        digest.update((dense + 0.0).astype("<f8", copy=False).tobytes())
    return digest.hexdigest()
