"""JAX, written by hand: a choice of lambda by folds, as one stack of all lambdas and folds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..problem import FOLDS, OF_FOLDS, SEED, Choice, Weights

BETA_1, BETA_2, EPSILON, RATE = 0.9, 0.999, 1e-8, 0.001  # Adam, as all have it by default


class OfFolds:
    """An epoch as one program: ``scan`` over mini-batches, ``vmap`` over folds and lambdas.

    A fold gathers its rows once for all lambdas. Nothing is measured but the accuracy, at the
    end. As in `jax_by_hand`, the gradient is written out and the state donated. The folds must be
    equally large.

    Parameters
    ----------
    problem : Choice
    epochs : int
    axis : {0, 1}, default 0
        The axis of the lambdas in a fold's first weight: before the inputs, the default of
        ``vmap``, or before the outputs, which makes one wide product of all lambdas of a fold.
    """

    def __init__(self, problem: Choice, epochs: int, axis: int = 0):
        import jax

        self.problem, self.epochs, self.axis = problem, epochs, axis
        training, held = zip(*problem.folds(), strict=True)
        self.rows, self.held = np.stack(training), np.stack(held)
        first, *deeper = problem.start(len(OF_FOLDS))
        weights = [np.moveaxis(first, 0, axis), *deeper]
        biases = [np.zeros((len(OF_FOLDS), n), "float32") for n in problem.sizes[1:]]
        layers = zip(weights, biases, strict=True)
        self.start = [tuple(np.stack([a] * FOLDS) for a in layer) for layer in layers]
        x, self.y = problem.samples()
        lams = np.asarray(OF_FOLDS, "float32") / self.rows.shape[1]
        self.data = jax.device_put((lams, x, problem.targets()))
        self.batches = _batches(self.rows.shape[1], problem.batch)
        self.layout = [(axis, 0), *[(0, 0)] * len(deeper)]
        self.epoch = jax.jit(self._epoch, donate_argnums=0)
        self.predict = jax.jit(self._predict)
        self.parameters: Any = self.start

    def __call__(self) -> float:
        """Choose a lambda, and return its accuracy in the folds."""
        self._train(self.epochs)
        return self.accuracies().mean(axis=1).max()

    def once(self) -> None:
        """Train an epoch of all folds."""
        self._train(1)

    def warm(self) -> None:
        """Compile."""
        self._train(1)
        self.accuracies()

    def accuracies(self) -> Any:
        """Return the accuracy of each lambda and fold, (L, F)."""
        found = np.asarray(self.predict(self.parameters, self.data[1], self.held))
        return np.mean(found == self.y[self.held][:, None], axis=2).T

    def weights(self) -> Weights:
        """Return the weights, members first: those of the first fold, of the second, ..."""
        first, *deeper = [np.array(weight) for weight, _ in self.parameters]
        stacks = [np.moveaxis(first, 1 + self.axis, 1), *deeper]
        return [stack.reshape(-1, *stack.shape[2:]) for stack in stacks]

    def _train(self, epochs: int) -> None:
        import jax

        zeros = [tuple(np.zeros_like(a) for a in layer) for layer in self.start]
        state = jax.device_put((self.start, zeros, zeros))
        rng, steps = np.random.default_rng(SEED), sum(count for count, _ in self.batches)
        for epoch in range(epochs):
            order = self.rows[:, rng.permutation(self.rows.shape[1])]
            taken = np.arange(epoch * steps, (epoch + 1) * steps) + 1.0
            rates = RATE * np.sqrt(1 - BETA_2**taken) / (1 - BETA_1**taken)
            state = self.epoch(state, *self.data, order, rates.astype("float32"))
        self.parameters, *_ = jax.block_until_ready(state)

    def _epoch(self, state: Any, lams: Any, x: Any, y: Any, order: Any, rates: Any) -> Any:
        import jax

        of_fold = jax.vmap(gradients, in_axes=(self.layout, 0, None, None), out_axes=self.layout)
        of_all = jax.vmap(of_fold, in_axes=(0, None, 0, 0))

        def one(state: Any, batch: Any) -> Any:
            rows, rate = batch
            slopes = of_all(state[0], lams, x[rows], y[rows])
            return adam(state, slopes, rate), None

        row = step = 0
        for count, size in self.batches:
            rows = order[:, row : row + count * size].reshape(FOLDS, count, size).swapaxes(0, 1)
            state, _ = jax.lax.scan(one, state, (rows, rates[step : step + count]))
            row, step = row + count * size, step + count
        return state

    def _predict(self, parameters: Any, x: Any, held: Any) -> Any:
        """Return the class of each validation sample, (F, L, n)."""
        import jax

        of_fold = jax.vmap(lambda p, x: outputs(p, x)[-1], in_axes=(self.layout, None))
        return jax.vmap(of_fold)(parameters, x[held]).argmax(axis=3)


def _batches(rows: int, most: int) -> list[tuple[int, int]]:
    """Return the numbers and sizes of an epoch's mini-batches, which differ by one at most."""
    count = math.ceil(rows / most)
    size, larger = divmod(rows, count)
    return [(n, s) for n, s in ((larger, size + 1), (count - larger, size)) if n]


def outputs(parameters: Any, x: Any) -> list[Any]:
    """Return the samples, the outputs of the hidden layers, and the logits of one network."""
    import jax

    found = [x]
    for weight, bias in parameters[:-1]:
        found.append(jax.numpy.maximum(found[-1] @ weight + bias, 0.0))
    weight, bias = parameters[-1]
    return [*found, found[-1] @ weight + bias]


def gradients(parameters: Any, lam: Any, x: Any, y: Any) -> Any:
    """Return the gradients of one network; `lam` is divided by the training samples."""
    import jax

    *found, logits = outputs(parameters, x)
    delta = (jax.nn.softmax(logits) - y) / x.shape[0]
    slopes = []
    for (weight, _), a in zip(reversed(parameters), reversed(found), strict=True):
        slopes.append((a.T @ delta + lam * weight, delta.sum(axis=0)))
        # The compiler drops this for the samples, because nothing uses it.
        delta = jax.numpy.where(a > 0.0, delta @ weight.T, 0.0)
    return slopes[::-1]


def adam(state: Any, slopes: Any, rate: Any) -> Any:
    """Take Adam's step; the rate includes the bias correction."""
    import jax

    parameters, means, squares = state
    of_all = jax.tree.map
    means = of_all(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, means, slopes)
    squares = of_all(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, squares, slopes)

    def step(parameter: Any, mean: Any, square: Any) -> Any:
        return parameter - rate * mean / (jax.numpy.sqrt(square) + EPSILON)

    return of_all(step, parameters, means, squares), means, squares
