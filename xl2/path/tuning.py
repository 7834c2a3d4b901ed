"""A search over more than lambda: `tune`, with Optuna, whose every trial is a whole path."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

from ..errors import DivergenceError, InputError, OutOfMemoryError, counted, keeping_warnings
from ..io.opening import needed
from ..nn.score_names import shown_score
from ..training.assemble import check_positive
from ..training.progress import show_progress
from .arguments import check_seeds, targets_of_path
from .epoch_scores import looking
from .folds import make_folds
from .regularization import regularization_path
from .result import RegularizationPath
from .search_pruning import Pruning
from .search_result import Search, Trial
from .search_space import SearchSpace
from .search_study import (
    LAMBDA,
    REASON,
    SECONDS,
    STATES,
    ask,
    counted_trials,
    fingerprint_of_search,
    open_study,
    quiet,
)

OF_WINNER = ("return_members", "budget", "without")
# A study is resumed by its storage, and the winner gets models as `diagnose` wants them.
REFUSED = ("refit", "checkpoint", "every", "resume")


def tune(
    X: Any,
    y: Any,
    space: Mapping[str, Any] | None = None,
    *,
    trials: int = 20,
    timeout: float | None = None,
    storage: Any = None,
    name: str = "xl2",
    seed: int | Sequence[int] = 0,
    pruner: Any = "auto",
    experiments: bool | Sequence[str] = False,
    progress: bool | None = None,
    **arguments: Any,
) -> Search:
    """Search the best network and training with Optuna; each trial is a whole path.

    A path trains all lambdas and folds in one stack, so lambda is chosen anew in each trial. All
    trials have the same folds. Its score is the mean validation score of the lambda that the path
    chooses. Needs ``pip install "xl2[tune]"``.

    Parameters
    ----------
    X, y : array_like
        Samples (n, features) and targets (n,) or (n, outputs), as in `regularization_path`.
    space : mapping of str to list, tuple or distribution of optuna, optional
        What is searched, by the names of arguments of `regularization_path`: a list of values; a
        pair (low, high) for "learning_rate", on a logarithmic scale, and for "dropout",
        "label_smoothing", "batch_size", "epochs" and "patience"; or an Optuna distribution. By
        default "hidden", one to three layers; "learning_rate" from 0.001 to 0.05; "activation",
        relu or tanh; "dropout" up to 0.3; without those that are among the `arguments`.
    trials : int, default 20
        The number of paths, with those that the study in the storage already has.
    timeout : float, optional
        Seconds after which no other trial begins; the first one always does.
    storage : str or storage of optuna, optional
        Where the study is kept, such as "sqlite:///search.db"; by default in memory. A search
        with the same samples and arguments goes on there, and makes the trials that it would have
        made without the interruption.
    name : str, default "xl2"
        Name of the study in the storage. One process at a time may use it.
    seed : int or sequence of int, default 0
        Seed of the search, and the `seed` of each path.
    pruner : {"auto"}, pruner of optuna or None, default "auto"
        Ends trials early whose best lambda is behind; see docs/tuning.md. "auto": those that are
        in the worst quarter of the earlier ones, after five of them and a third of the epochs.
        Nothing is pruned with a `client`, or if "loss" is searched and chooses lambda.
    experiments : bool or sequence of str, default False
        The experiments of the winner's path; see `regularization_path`.
    progress : bool, optional
        Show a progress bar of the trials, and that of the winner; by default as in `xl2.fit`.
    **arguments
        Arguments of `regularization_path` that are the same in all trials. It has no "refit",
        "checkpoint", "every" and "resume" here.

    Returns
    -------
    Search

    Raises
    ------
    InputError
        If an argument cannot be used, optuna is not installed, the study in the storage is of
        another search, or every trial failed. One that diverges or needs too much memory fails,
        and the search goes on.
    KeyboardInterrupt
        After Ctrl-C. With a `storage` the same call goes on.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> space = {"hidden": [(4,), (8,)], "learning_rate": (0.001, 0.1)}
    >>> search = tune(X, y, space, trials=2, lambdas=[0, 1], cv=3, epochs=2)
    >>> sorted(search.best_params_)
    ['hidden', 'learning_rate']
    """
    needed("optuna", "xl2.tune", "tune")
    _check(trials, timeout, arguments)
    searched, seeds = SearchSpace(space, arguments), check_seeds(seed)
    same = {key: value for key, value in arguments.items() if key not in OF_WINNER}
    with keeping_warnings():  # the winner's path says them again
        targets = targets_of_path(y, same.get("task", "auto"), same.get("output"))
        same |= _fixed_folds(targets, same, seeds[0])
    same["seed"] = seeds
    pruning = Pruning(pruner, searched, same, len(targets.labels), targets.regression)
    fingerprint = fingerprint_of_search(X, targets.labels, searched, same)
    fingerprint["pruner"] = str(pruning)

    def train(trial: Any) -> RegularizationPath:
        params = searched.arguments(trial.params)
        with keeping_warnings(), looking(pruning.look(trial)):
            return regularization_path(X, y, **same, **params, refit=False, progress=False)

    with quiet():
        study = open_study(name, storage, fingerprint, pruning.pruner)
        with (
            show_progress(progress) as display,
            display.phase("Trial", trials, len(counted_trials(study))) as advance,
        ):
            _search(study, searched.distributions, seeds, _Limits(trials, timeout), train, advance)
        found = [_trial(one, searched) for one in counted_trials(study)]
    complete = [one for one in found if one.state == "complete"]
    if not complete:
        other = "pruner" if found[-1].state == "pruned" else "space"
        raise InputError(
            f"None of {counted(len(found), 'trial')} was trained to its end. The last one: "
            f"{found[-1].reason} Pass another {other}."
        )
    best = max(complete, key=lambda one: one.score)  # the first of equal ones
    winner = {key: value for key, value in arguments.items() if key in OF_WINNER}
    path = regularization_path(
        X, y, **same, **best.params, **winner, experiments=experiments, progress=progress
    )
    path.searched_ = sum(one.state != "failed" for one in found)
    return Search(best.params, best.score, path, found, study)


def _check(trials: Any, timeout: Any, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that are wrong whatever the samples are."""
    check_positive(trials=trials)
    limit = 1.0 if timeout is None else float(timeout) if isinstance(timeout, Real) else math.nan
    if not 0.0 < limit < math.inf:
        raise InputError(f"timeout must be a number of seconds above 0. Received: {timeout!r}.")
    known = inspect.signature(regularization_path).parameters
    for name in arguments:
        if name in REFUSED:
            raise InputError(
                f"tune takes no {name!r}: a search goes on if it has a storage, such as "
                f"storage='sqlite:///search.db', and its winner has the models of refit=True."
            )
        if name not in known:
            raise TypeError(f"tune and regularization_path have no argument {name!r}.")


def _fixed_folds(targets: Any, arguments: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the folds of a splitter or a generator, which may differ from call to call."""
    cv = arguments.get("cv")
    if cv is None or isinstance(cv, int):
        return {}
    regression, groups = targets.classes is None, arguments.get("groups")
    return {"cv": make_folds(targets.labels, cv, regression, seed, groups)}


class _Limits(NamedTuple):
    """When a search ends."""

    trials: int
    timeout: float | None  # seconds


def _search(
    study: Any,
    distributions: Mapping[str, Any],
    seeds: Sequence[int],
    limits: _Limits,
    train: Callable[[Any], RegularizationPath],
    advance: Callable[..., Any],
) -> None:
    """Make the trials that a study lacks, one at least if it lacks any."""
    import optuna

    began = time.monotonic()
    for made in range(limits.trials - len(counted_trials(study))):
        if made and limits.timeout is not None and time.monotonic() - began > limits.timeout:
            return
        trial = ask(study, seeds, distributions)
        start = time.perf_counter()
        try:
            path = train(trial)
        except (DivergenceError, OutOfMemoryError, optuna.TrialPruned) as error:
            trial.set_user_attr(SECONDS, time.perf_counter() - start)
            state = optuna.trial.TrialState.PRUNED
            if not isinstance(error, optuna.TrialPruned):  # which counts by its state alone
                trial.set_user_attr(REASON, str(error))
                state = optuna.trial.TrialState.FAIL
            study.tell(trial, state=state)
            advance()
            continue
        trial.set_user_attr(SECONDS, time.perf_counter() - start)
        trial.set_user_attr(LAMBDA, path.best_lambda_)
        study.tell(trial, float(path.validation_means_[path.best_index_]))
        shown = shown_score(path.score_name_)
        advance(seen=f"best {shown.name} {shown.cell(study.best_value)}")


def _trial(one: Any, space: SearchSpace) -> Trial:
    """Return a trial of Optuna as one of a result."""
    state, about = STATES[one.state.name], one.user_attrs
    pruned = f"The pruner ended it after epoch {one.last_step}." if state == "pruned" else ""
    return Trial(
        one.number,
        space.arguments(one.params),
        one.value if state == "complete" else math.nan,
        about.get(LAMBDA, math.nan),
        about.get(SECONDS, math.nan),
        state,
        about.get(REASON, pruned),
    )
