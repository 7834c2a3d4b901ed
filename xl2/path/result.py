"""The result of a regularisation path: scores for every lambda, and models."""

from __future__ import annotations

from typing import Any

from ..errors import InputError, option
from ..nn.ensemble import Ensemble
from ..nn.model import Model
from ..nn.network import Network
from .ensembles import EnsembleMaker
from .members import Members
from .null_model import NullScores
from .scores import PathScores
from .settings import PathSettings, network_of
from .tables import path_frame, path_html, path_text


class RegularizationPath(PathScores):
    """The scores of a regularisation path, and models trained on all samples.

    `regularization_path` returns it. Scores are those of its `scoring`; larger is better, so a
    loss has its sign changed. The scores of a member that diverged are NaN, and so are those of
    one whose predictions overflow. A path contains no samples.

    Attributes
    ----------
    lambdas_ : numpy.ndarray, shape (n_lambdas,)
        In ascending order.
    train_scores_, validation_scores_ : numpy.ndarray, shape (n_lambdas, n_folds)
        Scores of each fold after the last epoch, averaged over the seeds. With `validation`
        samples there is one fold.
    train_scores_by_seed_, validation_scores_by_seed_ : numpy.ndarray
        Scores of every member, (n_lambdas, n_folds, n_seeds).
    train_means_, validation_means_ : numpy.ndarray, shape (n_lambdas,)
        Means over folds and seeds; NaN for a lambda with a member that diverged.
    standard_errors_ : numpy.ndarray, shape (n_lambdas,)
        Standard errors of `validation_means_`: over the folds; with one fold, from its number
        of validation samples. See docs/choosing_lambda.md.
    metrics_ : dict of str to numpy.ndarray, shape (n_lambdas, n_folds, n_seeds)
        The validation scores of every member by several scorers, larger is better: the chosen
        one, "accuracy" and "neg_log_loss", or "r2" and "neg_root_mean_squared_error".
    null_score_, null_standard_error_ : float
        Mean validation score of the null model, which answers the most frequent class or the
        mean of each fold's training samples, and its standard error.
    null_scores_ : numpy.ndarray, shape (n_folds,)
        Its score in each fold.
    null_metrics_ : dict of str to numpy.ndarray, shape (n_folds,)
        Its scores by the scorers of `metrics_`.
    one_class_ : numpy.ndarray of bool, shape (n_lambdas,)
        Whether every member predicts one class only, in training and in validation.
    top_lambda_ : float
        The lambda with the highest validation mean. Of equal ones it is that with the lowest
        log loss or squared error, then the smallest.
    best_lambda_ : float
        The lambda that the path chooses: the largest whose score is below that of `top_lambda_`
        by at most half a standard error of the difference, over the folds, and so are its log
        loss or squared error. With one fold it is `top_lambda_`.
    lambda_1se_ : float
        The largest lambda whose validation mean is within one standard error of the highest.
    within_1se_ : numpy.ndarray of bool, shape (n_lambdas,)
        Which lambdas are.
    top_index_, best_index_, index_1se_ : int
        Indices of the three in `lambdas_`.
    best_model_ : Model
        The model of the best lambda.
    models_ : dict of float to Model
        Those trained on all samples, by their lambda; see `refit`.
    ensemble_ : Ensemble
        Networks of the best lambda whose outputs are averaged: `refit_ensemble_`, if there is one,
        or else those of all folds and seeds.
    refit_ensemble_ : Ensemble or None
        Those trained on all samples from several seeds; see `refit_seeds`.
    ensembles_ : dict of float to Ensemble
        Those that `ensemble` has made, by their lambda.
    refit_diverged_ : list of float
        Lambdas whose model diverged, although no fold's network did.
    oof_predictions_ : numpy.ndarray
        The out-of-fold predictions of the best lambda, in the order of the rows of `X`: what the
        networks that were not trained on a sample predict for it, the mean over the seeds, and
        over the folds that are validated on it. Probabilities, (n, n_classes) or (n, n_labels), or
        the values of a regression, (n,) or (n, n_outputs), in their own units. NaN for a sample
        that no fold is validated on, as the first ones of a `TimeSeriesSplit`. With `validation`
        samples they are for those; with ``calibrate=True`` a fold has the others' temperature.
    classes_ : numpy.ndarray, shape (n_classes,), or None
        The label of each column of these probabilities; None for several labels for each sample,
        and for a regression.
    temperature_ : float or None
        What the logits of the best lambda's networks are divided by so that these predictions have
        the lowest log loss, moved towards 1 if they are few: above 1 for networks that are too
        sure of themselves. The models have it if `calibrate` is true. None for a regression.
    calibration_ : xl2.path.calibration.Calibration or None
        What it changes, measured by predictions that it was not found by.
    diverged_ : numpy.ndarray of bool, shape (n_lambdas, n_folds, n_seeds)
        Whether each member diverged.
    epochs_ : numpy.ndarray of int, shape (n_lambdas, n_folds, n_seeds)
        The number of epochs that each member was trained for.
    curves_ : dict of str to numpy.ndarray, shape (epochs, n_lambdas, n_folds, n_seeds)
        ``loss``, ``score``, ``penalty``, ``validation_loss`` and ``validation_score`` of each
        epoch, as in `History`.
    unfinished_ : str
        That training ended too early, and how many epochs to try; "" if it did not.
    searched_ : int
        The trials of `xl2.tune` of which this path is the best, also the pruned ones; or 0.
    understood_ : tuple of str
        How a frame that is not plain numbers was read, in sentences.
    evidence_ : xl2.diagnosis.evidence.Evidence
        The scores of every validation sample, also in the experiments; see `xl2.diagnose`.
    tried_ : xl2.diagnosis.tried.Tried
        What the verdict takes from the evidence: actions, their gains, and what was left out.
    fit_time_, refit_time_ : float
        Wall time in seconds of training all members, and the models on all samples.
    score_name_ : str
        As in scikit-learn.
    task_ : {"binary", "classes", "multilabel", "regression"}
        See `xl2.nn.tasks`.
    n_folds_, n_seeds_, n_epochs_ : int
    """

    def __init__(self, members: Members, null: NullScores, settings: PathSettings, fit_time: float):
        super().__init__(members, null, settings, fit_time)
        self.refit_time_ = 0.0
        self.models_: dict[float, Model] = {}
        self.refit_diverged_: list[float] = []
        self.ensembles_: dict[float, Ensemble] = {}
        self.refit_ensemble_: Ensemble | None = None
        self._settings = settings
        self._maker: EnsembleMaker | None = None  # without it the members are forgotten
        self._lambdas_name = option("lambdas")  # "alphas" of a CV estimator

    def __repr__(self) -> str:
        return (
            f"RegularizationPath({len(self.lambdas_)} lambdas x {self.n_folds_} folds x "
            f"{self.n_seeds_} seeds; best {self.best_lambda_:g}, one standard error "
            f"{self.lambda_1se_:g})"
        )

    def __str__(self) -> str:
        return path_text(self)

    def _repr_html_(self) -> str:
        return path_html(self)

    def to_pandas(self) -> Any:
        """Return a pandas.DataFrame with a row for each lambda, fold and seed.

        Raises
        ------
        InputError
            If pandas is not installed.
        """
        return path_frame(self)

    def plot(self, ax: Any = None) -> Any:
        """Draw the scores against lambda; return `xl2.figures.RegularizationPathDisplay`."""
        from ..figures import RegularizationPathDisplay

        return RegularizationPathDisplay.from_path(self, ax=ax)

    @property
    def temperature_(self) -> float | None:
        """What the logits are divided by to calibrate the networks; None for a regression."""
        return None if self.calibration_ is None else float(self.calibration_.temperature)

    @property
    def best_model_(self) -> Model:
        """The model of the best lambda, trained on all samples."""
        return self.model(self.best_lambda_)

    def model(self, lam: float) -> Model:
        """Return the model of a lambda, trained on all samples.

        It takes samples in their own units and predicts labels or values. With `validation`
        samples it is the member of the first seed, which was trained on all samples.

        Parameters
        ----------
        lam : float
            A key of `models_`.

        Raises
        ------
        InputError
            If there is no such model.
        """
        index = self._index(lam)
        if float(lam) in self.models_:
            return self.models_[float(lam)]
        self._check_sound(index, "model")
        if lam in self.refit_diverged_:
            raise InputError(
                f"Trained on all samples, the network of lambda {lam:g} diverged, although no "
                f"fold's did. Lower the learning rate."
            )
        known = ", ".join(f"{lam:g}" for lam in self.models_) or "none"
        remedy = f"Pass refit=[{lam:g}] to regularization_path."
        if self._lambdas_name == "alphas":
            remedy = f"An estimator has that of its alpha_: fit another with alphas=[{lam:g}]."
        raise InputError(
            f"No model was trained on all samples for lambda {lam:g}. Lambdas with a model: "
            f"{known}. {remedy}"
        )

    @property
    def ensemble_(self) -> Ensemble:
        """Networks of the best lambda whose outputs are averaged; see `RegularizationPath`."""
        return self.refit_ensemble_ or self.ensemble(self.best_lambda_)

    def ensemble(self, lam: float) -> Ensemble:
        """Return the networks of a lambda, of all folds and seeds, whose outputs are averaged.

        No training is needed for it, and none of its networks saw all samples. With `validation`
        samples it has the networks of all seeds.

        Parameters
        ----------
        lam : float
            The best lambda, if all members take 1 GiB or less, or any with `return_members`.

        Raises
        ------
        InputError
            If a member diverged, or the members were not kept.
        """
        index = self._index(lam)
        if float(lam) not in self.ensembles_:
            self._check_sound(index, "ensemble")
            if self._maker is None:
                kept = ", ".join(f"{one:g}" for one in self.ensembles_)
                raise InputError(
                    f"The members of lambda {lam:g} were not kept. Lambdas with an ensemble: "
                    f"{kept or 'none, as all members take more than 1 GiB'}. "
                    f"Pass return_members=True to regularization_path."
                )
            self.ensembles_[float(lam)] = self._maker.make(index)
        return self.ensembles_[float(lam)]

    def keep_members(self, maker: EnsembleMaker | None) -> None:
        """Keep all networks, or with None only those in `ensembles_`."""
        self._maker = maker

    def member(self, lam: float, fold: int = 0, seed: int = 0) -> Network:
        """Return a copy of one member, as it was trained.

        Parameters
        ----------
        lam : float
            One of `lambdas_`.
        fold, seed : int, default 0
            Which of the folds and seeds, as indices.

        Returns
        -------
        Network
            It takes samples as in training: the inputs that the fold makes, perhaps standardised.
            It returns the standardised values of a regression.

        Raises
        ------
        InputError
            If there is no such member, or the path was trained without
            ``return_members=True``.
        """
        index = self._index(lam)
        if fold not in range(self.n_folds_) or seed not in range(self.n_seeds_):
            raise InputError(
                f"fold must be an index from 0 to {self.n_folds_ - 1}, and seed from 0 to "
                f"{self.n_seeds_ - 1}. Received: fold={fold}, seed={seed}."
            )
        if self._maker is None:
            raise InputError(
                "This path has no members. Pass return_members=True to regularization_path."
            )
        return network_of(self._settings, self._maker.parameters[index, fold, seed], self.task_)

    def selected_on(self, X: Any) -> bool:
        """Return whether lambda was chosen by the scores on exactly these samples."""
        model = next(iter(self.models_.values()), None)
        try:
            known = X if model is None else model.coded(X)
        except ValueError:
            return False  # no samples of such columns
        return self.tried_ is not None and self.tried_.selected_on(known)

    def _check_sound(self, index: int, what: str) -> None:
        """Raise `InputError` if a member of a lambda diverged."""
        if self.diverged_[index].any():
            raise InputError(
                f"There is no {what} for lambda {self.lambdas_[index]:g}: it diverged in "
                f"{self.diverged_[index].sum()} of {self.n_folds_ * self.n_seeds_} runs."
            )

    def _index(self, lam: float) -> int:
        found = [k for k, known in enumerate(self.lambdas_.tolist()) if known == lam]
        if not found:
            raise InputError(
                f"The lambdas of this path are {', '.join(f'{x:g}' for x in self.lambdas_)}. "
                f"Received: {lam!r}."
            )
        return found[0]
