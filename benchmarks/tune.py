"""`xl2.tune` beside Optuna over scikit-learn's networks, on equal time.

``python -m benchmarks.tune`` prints the tables of docs/tuning.md; ``--only "xl2;scikit-learn"``
chooses searches. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

SETS = ("breast cancer", "digits", "diabetes")
FOLDS = 5
PARTS = (1 / 8, 1 / 4, 1 / 2, 1)  # of the time, when the best so far is looked at
PROCESSES = 2  # of scikit-learn's search
HIDDEN = [(20,), (50,), (100,), (200,), (50, 25), (100, 50), (200, 100), (100, 50, 25)]
RATES, ALPHAS = (3e-4, 1e-2), (1e-4, 1e3)
ACTIVATIONS = ["relu", "tanh"]


class Split(NamedTuple):
    """A set, divided into samples for a search and samples for a test."""

    name: str
    number: int
    X: Any
    y: Any
    X_test: Any
    y_test: Any

    @property
    def regression(self) -> bool:
        """Whether values are predicted."""
        return self.name == "diabetes"

    @property
    def scoring(self) -> str:
        """Return what both searches choose by."""
        return "r2" if self.regression else "neg_log_loss"

    def cv(self) -> Any:
        """Return the folds of both searches."""
        from sklearn.model_selection import KFold, StratifiedKFold

        kind = KFold if self.regression else StratifiedKFold
        return kind(FOLDS, shuffle=True, random_state=self.number)

    def test(self, outputs: Any) -> float:
        """Return the score of values or probabilities of the test samples."""
        from sklearn.metrics import log_loss, r2_score

        if self.regression:
            return float(r2_score(self.y_test, outputs))
        return -float(log_loss(self.y_test, outputs))


class Found(NamedTuple):
    """What a search found."""

    trials: int
    validation: list[float]  # the best score after each of `PARTS`
    test: float  # of the best one at the end, trained on all samples but those of the test


def split_of(name: str, number: int) -> Split:
    """Return a division of a set; a quarter of the samples is for the test."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    load = {"breast cancer": datasets.load_breast_cancer, "digits": datasets.load_digits}
    X, y = load.get(name, datasets.load_diabetes)(return_X_y=True)
    labels = None if name == "diabetes" else y
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=0.25, random_state=number, stratify=labels
    )
    return Split(name, number, X, y, X_test, y_test)


def best_after(seconds: float, trials: Sequence[tuple[float, float]]) -> list[float]:
    """Return the best score after each part of the time, of pairs of seconds and score."""
    done = [[score for at, score in trials if at <= part * seconds] for part in PARTS]
    return [max(scores, default=float("nan")) for scores in done]


def search_xl2(split: Split, seconds: float, **arguments: Any) -> Found:
    """Search with `xl2.tune`."""
    import xl2

    space = {"hidden": HIDDEN, "learning_rate": RATES, "activation": ACTIVATIONS}
    options: dict[str, Any] = {"cv": split.cv(), "standardize": True, "progress": False}
    options |= {"scoring": split.scoring, "backend": "numpy", "preset": "plain"}
    options["task"] = "regression" if split.regression else "classification"
    limits: dict[str, Any] = {"trials": 10**6, "timeout": seconds}
    limits |= {name: arguments.pop(name) for name in ("trials", "pruner") if name in arguments}
    options |= arguments
    began = time.time()
    search = xl2.tune(split.X, split.y, space, seed=split.number, **limits, **options)
    ends = [one.datetime_complete.timestamp() - began for one in search.study_.trials]
    done = [
        (end, one) for end, one in zip(ends, search.trials_, strict=True) if one.state == "complete"
    ]
    # A trial that ends after the time does not count.
    best = max((one for end, one in done if end <= seconds), key=lambda one: one.score)
    options.pop("lambdas", None)
    path = xl2.regularization_path(
        split.X, split.y, [best.best_lambda], seed=split.number, **best.params, **options
    )
    trials = sum(end <= seconds for end in ends)
    scores = [(end, one.score) for end, one in done]
    return Found(
        trials, best_after(seconds, scores), split.test(path.best_model_.forward(split.X_test))
    )


def network_of(split: Split, hidden: Any, rate: float, activation: str, alpha: float) -> Any:
    """Return scikit-learn's network behind a standardisation."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    kind = MLPRegressor if split.regression else MLPClassifier
    network = kind(
        hidden_layer_sizes=hidden,
        activation=activation,
        alpha=alpha,
        learning_rate_init=rate,
        random_state=0,
    )
    if split.regression:
        network = TransformedTargetRegressor(network, transformer=StandardScaler())
    return make_pipeline(StandardScaler(), network)


def objective_of(split: Split) -> Callable[[Any], float]:
    """Return Optuna's objective: the mean of the folds, which are reported one by one."""
    import optuna
    from sklearn.metrics import get_scorer

    scorer, folds = get_scorer(split.scoring), list(split.cv().split(split.X, split.y))

    def objective(trial: Any) -> float:
        scores = list[float]()
        for number, (training, held) in enumerate(folds):
            network = network_of(split, *asked(trial)).fit(split.X[training], split.y[training])
            scores.append(float(scorer(network, split.X[held], split.y[held])))
            trial.report(statistics.mean(scores), number)
            if trial.should_prune():
                raise optuna.TrialPruned
        return statistics.mean(scores)

    return objective


def asked(trial: Any) -> tuple[Any, float, str, float]:
    """Return the layers, the rate, the activation and alpha of a trial."""
    hidden = HIDDEN[trial.suggest_categorical("hidden", range(len(HIDDEN)))]
    rate = trial.suggest_float("rate", *RATES, log=True)
    activation = trial.suggest_categorical("activation", ACTIVATIONS)
    return hidden, rate, activation, trial.suggest_float("alpha", *ALPHAS, log=True)


def work(split: Split, storage: str, number: int, ready: Any, begin: Any, seconds: float) -> None:
    """Make trials in a process of its own."""
    import optuna

    warnings.simplefilter("ignore")  # of 200 epochs that were not enough
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=10 * split.number + number)
    study = optuna.load_study(study_name="search", storage=storage, sampler=sampler)
    objective = objective_of(split)
    ready.release()
    begin.wait()
    study.optimize(objective, timeout=seconds)


def search_sklearn(split: Split, seconds: float) -> Found:
    """Search with Optuna over scikit-learn's network, in processes that share a study."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        storage = f"sqlite:///{Path(folder) / 'search.db'}"
        pruner = optuna.pruners.MedianPruner()
        study = optuna.create_study(
            study_name="search", storage=storage, direction="maximize", pruner=pruner
        )
        ready, begin = context.Semaphore(0), context.Event()
        processes = [
            context.Process(target=work, args=(split, storage, k, ready, begin, seconds))
            for k in range(PROCESSES)
        ]
        for process in processes:
            process.start()
        for _ in processes:
            ready.acquire()
        began = time.time()
        begin.set()
        for process in processes:
            process.join()
            if process.exitcode:
                raise RuntimeError("A process of the search failed.")
        trials = [one for one in study.trials if one.datetime_complete is not None]
        ends = [one.datetime_complete.timestamp() - began for one in trials]
        complete = optuna.trial.TrialState.COMPLETE
        done = [(end, one) for end, one in zip(ends, trials, strict=True) if one.state == complete]
    _, best = max((pair for pair in done if pair[0] <= seconds), key=lambda pair: pair[1].value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = network_of(split, *asked(best)).fit(split.X, split.y)
    scores = [(end, one.value) for end, one in done]
    trials = sum(end <= seconds for end in ends)
    predict = network.predict if split.regression else network.predict_proba
    return Found(trials, best_after(seconds, scores), split.test(predict(split.X_test)))


SEARCHES: dict[str, Callable[[Split, float], Found]] = {
    "scikit-learn": search_sklearn,
    "xl2": search_xl2,
    "xl2, pruner=None": lambda split, seconds: search_xl2(split, seconds, pruner=None),
    "xl2, patience=10": lambda split, seconds: search_xl2(split, seconds, patience=10),
}


def main() -> None:
    """Print a line for each search, and the means of each set."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    warnings.filterwarnings("ignore", message="Training has not finished")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default=";".join(SEARCHES), help="searches, divided by ;")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--splits", type=int, default=3)
    given = parser.parse_args()
    names = given.only.split(";")
    search_xl2(split_of("diabetes", 0), 10.0)  # loads what the first search loads
    for name in given.sets.split(","):
        found: dict[str, list[Found]] = {search: [] for search in names}
        for number in range(given.splits):
            split = split_of(name, number)
            for search in names:
                found[search].append(SEARCHES[search](split, given.seconds))
                print(f"{name}, split {number}, {search}: {found[search][-1]}", flush=True)
        seconds = ", ".join(f"{part * given.seconds:g}" for part in PARTS)
        print(f"\n{name}: mean best validation score after {seconds} s; test score; trials")
        for search, all_found in found.items():
            scores = zip(*(one.validation for one in all_found), strict=True)
            cells = [f"{statistics.mean(values):9.4f}" for values in scores]
            test = statistics.mean(one.test for one in all_found)
            trials = statistics.mean(one.trials for one in all_found)
            print(f"{search:18}{' '.join(cells)} {test:9.4f} {trials:6.0f}")
        print(flush=True)


if __name__ == "__main__":
    main()
