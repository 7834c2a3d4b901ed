"""xl2 as its users call it: it checks the data, and measures loss and score."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

import xl2
from xl2.array.backend import connect

from ..problem import (
    ACTIVATIONS,
    FOLDS,
    LAMBDA,
    LAMBDAS,
    OF_FOLDS,
    RATE,
    SEED,
    Choice,
    Problem,
    Weights,
)


class Fit:
    """Epochs of `xl2.fit`.

    Parameters
    ----------
    problem : Problem
    backend, device : str, default "numpy"
        The samples are moved there once.
    lam : float or tuple of float
        A tuple makes a stack with a member per lambda.
    shuffle : bool, default True
    epochs : int, default 1
        Epochs in a call.
    order : str, default "C"
        Of the samples in memory: rows, or with "F" columns, one after another.
    """

    def __init__(
        self,
        problem: Problem,
        backend: str = "numpy",
        lam: float | tuple[float, ...] = LAMBDA,
        shuffle: bool = True,
        epochs: int = 1,
        device: str | None = None,
        order: Literal["C", "F"] = "C",
    ):
        stack = len(lam) if isinstance(lam, tuple) else None
        where = {"backend": backend, "device": device}
        self.network = xl2.Network(
            problem.sizes, ACTIVATIONS, "xavier", seed=SEED, stack=stack, **where
        )
        home = self.network.backend
        given = [np.asarray(a, order=order) for a in problem.samples()]
        self.data = [home.library.from_host(home.xp, a, home.device) for a in given]
        self.how: dict[str, Any] = {
            "epochs": epochs,
            "batch_size": problem.batch,
            "learning_rate": RATE,
            # As every peer can do it: lambda over the mini-batch, whose last one is short.
            "penalty": [xl2.L2(one, "batch") for one in lam]
            if isinstance(lam, tuple)
            else xl2.L2(lam, "batch"),
            "even_batches": False,
            "shuffle": shuffle,
            "seed": SEED,
            "progress": False,
        }

    def __call__(self) -> None:
        """Train for the epochs."""
        xl2.fit(self.network, *self.data, **self.how)

    def weights(self) -> Weights:
        """Return copies of the weights, members first."""
        first, *deeper = [np.array(weight) for weight, _ in self.network.host_parameters()]
        if first.ndim == 2:
            return [weight[None] for weight in (first, *deeper)]
        return [np.moveaxis(first, 1, 0), *deeper]


class OfPath:
    """`xl2.regularization_path`, which on NumPy trains its stacks side by side.

    A call trains `epochs` epochs from the initial weights, and scores all networks on all
    samples once. The samples are moved to the backend once.
    """

    def __init__(
        self,
        problem: Problem,
        epochs: int = 1,
        backend: str = "numpy",
        lams: tuple[float, ...] = LAMBDAS,
    ):
        self.problem, self.epochs, self.lams = problem, epochs, lams
        home = connect(backend)
        x, self.y = problem.samples()
        self.x = home.library.from_host(home.xp, x, home.device)
        self.backend = backend
        self.path: xl2.Path | None = None

    def __call__(self) -> None:
        """Train all lambdas."""
        self._train(self.epochs)

    def once(self) -> None:
        """Train them for one epoch."""
        self._train(1)

    def _train(self, epochs: int) -> None:
        x, y, batch = self.x, self.y, self.problem.batch
        self.path = xl2.regularization_path(
            x,
            y,
            self.lams,
            preset="plain",
            validation=(x[:batch], y[:batch]),
            hidden=self.problem.sizes[1:-1],
            output=ACTIVATIONS[-1],
            initializer="xavier",
            optimizer="sgd",
            epochs=epochs,
            batch_size=batch,
            learning_rate=RATE,
            per="batch",
            even_batches=False,
            seed=SEED,
            refit=False,
            return_members=True,
            progress=False,
            backend=self.backend,
        )

    def weights(self) -> Weights:
        """Return the weights, members first."""
        if self.path is None:
            return self.problem.start(len(self.lams))
        members = [self.path.member(lam).weights for lam in self.lams]
        return [np.stack(layer) for layer in zip(*members, strict=True)]


class OfFolds:
    """A choice of lambda by `xl2.regularization_path`: folds, scores and models of all samples."""

    def __init__(self, problem: Choice, epochs: int, backend: str = "numpy", refit: bool = True):
        self.problem, self.epochs, self.backend, self.refit = problem, epochs, backend, refit
        self.data = problem.samples()
        self.path: xl2.Path | None = None

    def __call__(self) -> float:
        """Choose a lambda, and return its accuracy in the folds."""
        self._train(self.epochs, refit=self.refit)
        return self.accuracies().mean(axis=1).max()

    def once(self) -> None:
        """Train an epoch of all folds, and keep the networks."""
        self._train(1, refit=False, return_members=True)

    def warm(self) -> None:
        """Choose after an epoch."""
        self._train(1, refit=self.refit)

    def _train(self, epochs: int, **options: Any) -> None:
        self.path = xl2.regularization_path(
            *self.data,
            OF_FOLDS,
            preset="plain",
            cv=self.problem.splitter(),
            hidden=self.problem.sizes[1:-1],
            initializer="xavier",  # as `Problem.start`
            epochs=epochs,
            batch_size=self.problem.batch,
            seed=SEED,
            progress=False,
            backend=self.backend,
            **options,
        )

    def accuracies(self) -> Any:
        """Return the accuracy of each lambda and fold, (L, F)."""
        return self.path.metrics_["accuracy"][:, :, 0]

    def weights(self) -> Weights:
        """Return the weights, members first: those of the first fold, of the second, ..."""
        if self.path is None:
            return self.problem.start(FOLDS * len(OF_FOLDS))
        members = [self.path.member(lam, fold).weights for fold in range(FOLDS) for lam in OF_FOLDS]
        return [np.stack(layer) for layer in zip(*members, strict=True)]


class Forward:
    """`Network.forward` on NumPy."""

    def __init__(self, problem: Problem):
        self.x, _ = problem.samples()
        self.network = xl2.Network(problem.sizes, ACTIVATIONS, seed=SEED, backend="numpy")

    def __call__(self) -> Any:
        """Return the outputs for all samples."""
        return self.network.forward(self.x)
