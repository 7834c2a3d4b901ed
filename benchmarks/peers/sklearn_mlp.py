"""scikit-learn's `MLPClassifier`, alone and in `GridSearchCV`, and xl2's."""

from __future__ import annotations

import io
from typing import Any, Literal

import numpy as np

from ..machine import cores
from ..problem import FOLDS, LAMBDA, OF_FOLDS, RATE, SEED, Choice, Problem, Weights


class InOrder(np.random.RandomState):
    """A generator that shuffles into the common order."""

    def shuffle(self, x: Any) -> None:
        """Put row indices into the order that `xl2.fit` draws."""
        x[:] = np.random.default_rng(SEED).permutation(len(x))


class Mlp:
    """An epoch of `partial_fit` of the network that `xl2.fit` trains.

    scikit-learn treats a column of zeros and ones per class as several labels per sample, and
    then has sigmoids and the binary cross-entropy. Class numbers would make a softmax.
    """

    def __init__(self, problem: Problem):
        from sklearn.neural_network import MLPClassifier

        self.data = problem.samples()[0], problem.targets().astype("int64")
        self.model = MLPClassifier(**_settings(problem) | {"random_state": InOrder(SEED)})
        # The first call draws weights, which are then replaced.
        few = [array[: problem.batch] for array in self.data]
        self.model.partial_fit(*few, classes=np.arange(problem.sizes[-1]))
        for weight, bias, new in zip(
            self.model.coefs_, self.model.intercepts_, problem.start(), strict=True
        ):
            weight[...], bias[...] = new[0], 0.0

    def __call__(self) -> None:
        """Train for an epoch."""
        self.model.partial_fit(*self.data)

    def weights(self) -> Weights:
        """Return copies of the weights, as a stack of one."""
        return [np.array(weight)[None] for weight in self.model.coefs_]


class Estimator:
    """An epoch of `partial_fit` on class numbers, of "sklearn" or "xl2".

    `order` is that of the samples in memory: rows, or with "F" columns, one after another.
    """

    def __init__(self, problem: Problem, library: str, order: Literal["C", "F"] = "C"):
        self.data = [np.asarray(a, order=order) for a in problem.samples()]
        self.classes = np.arange(problem.sizes[-1])
        self.model = _class_of(library)(**_settings(problem))
        # The first call draws the weights: here those of another model, with steps of size 0.
        still = _class_of(library)(**_settings(problem) | {"learning_rate_init": 1e-30})
        still.partial_fit(*(a[: problem.batch] for a in self.data), classes=self.classes)
        self.start = [np.array(weight)[None] for weight in still.coefs_]

    def __call__(self) -> None:
        """Train for an epoch."""
        self.model.partial_fit(*self.data, classes=self.classes)

    def weights(self) -> Weights:
        """Return copies of the weights, as a stack of one."""
        if not hasattr(self.model, "coefs_"):
            return self.start
        return [np.array(weight)[None] for weight in self.model.coefs_]


class FromTable:
    """`read_csv`, `StandardScaler` and epochs of `MLPClassifier`, as users write it.

    pandas holds the columns one after another, and so does the scaler's result.
    """

    def __init__(self, problem: Problem, library: str, epochs: int):
        import pandas as pd

        x, y = problem.samples()
        self.kinds = {f"c{i}": "float32" for i in range(x.shape[1])}
        frame = pd.DataFrame(x, columns=list(self.kinds)).round(5)
        self.text = frame.assign(y=y).to_csv(index=False)
        options = {"batch_size": problem.batch, "max_iter": epochs, "random_state": SEED}
        self.model = _class_of(library)(problem.sizes[1:-1], **options)

    def __call__(self) -> None:
        """Read the table, and train."""
        import pandas as pd
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        frame = pd.read_csv(io.StringIO(self.text), dtype=self.kinds)
        make_pipeline(StandardScaler(), self.model).fit(frame.drop(columns="y"), frame["y"])


class Search:
    """A choice of lambda by `GridSearchCV`, with a process per core.

    The processes start before the timing. No fit ends early.
    """

    def __init__(self, problem: Choice, epochs: int):
        self.problem, self.epochs = problem, epochs
        self.data = problem.samples()
        # scikit-learn divides alpha by the samples of a mini-batch, xl2 by those of the fold.
        share = problem.batch / (problem.rows * (1 - 1 / FOLDS))
        self.alphas = [lam * share for lam in OF_FOLDS]

    def __call__(self) -> float:
        """Choose a lambda, and return its accuracy in the folds."""
        return self._search(self.epochs)

    def warm(self) -> None:
        """Choose after an epoch."""
        self._search(1)

    def _search(self, epochs: int) -> float:
        from sklearn.model_selection import GridSearchCV
        from sklearn.neural_network import MLPClassifier

        model = MLPClassifier(
            self.problem.sizes[1:-1],
            batch_size=self.problem.batch,
            max_iter=epochs,
            n_iter_no_change=epochs + 1,
            random_state=SEED,
        )
        search = GridSearchCV(
            model,
            {"alpha": self.alphas},
            cv=self.problem.splitter(),
            n_jobs=cores(),
            return_train_score=True,  # xl2 measures them too
        )
        return search.fit(*self.data).best_score_


def _settings(problem: Problem) -> dict[str, Any]:
    return {
        "hidden_layer_sizes": problem.sizes[1:-1],
        "activation": "relu",
        "solver": "sgd",
        "momentum": 0.0,
        "nesterovs_momentum": False,
        "alpha": LAMBDA,
        "batch_size": problem.batch,
        "learning_rate_init": RATE,
        "random_state": SEED,
    }


def _class_of(library: str) -> Any:
    if library == "xl2":
        import xl2

        return xl2.MLPClassifier
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier
