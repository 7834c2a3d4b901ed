"""Thinc: a chain of layers, with a loop as its users write it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..problem import LAMBDA, RATE, Problem, Weights


class Loop:
    """A chain of layers, the delta of the logits by hand, and `thinc.optimizers.SGD`.

    Its L2 is ``lambda / m``, added to the gradient. An optimizer applies it to every parameter, so
    biases have an optimizer of their own without L2.
    """

    def __init__(self, problem: Problem):
        from thinc.api import SGD, Linear, Relu, chain

        self.problem = problem
        self.x, self.y = problem.samples()[0], problem.targets()
        *hidden, outputs = problem.sizes[1:]
        layers: list[Any] = [*(Relu(units) for units in hidden), Linear(outputs)]
        self.model: Any = chain(*layers)
        self.model.initialize(self.x[:2], self.y[:2])
        self.layers = layers
        for layer, weight in zip(layers, problem.start(), strict=True):
            layer.set_param("W", weight[0].T.copy())
            layer.set_param("b", np.zeros(weight.shape[2], "float32"))
        plain: dict[str, Any] = {
            "grad_clip": 0.0,
            "L2_is_weight_decay": False,
            "use_averages": False,
        }
        self.of_biases = SGD(RATE, **plain)
        # The short last mini-batch has another m, and so another optimizer.
        sizes = {problem.batch, problem.rows % problem.batch} - {0}
        self.of_weights = {m: SGD(RATE, L2=LAMBDA / m, **plain) for m in sizes}

    def __call__(self) -> None:
        """Train for an epoch."""
        order, batch = self.problem.order(), self.problem.batch
        for start in range(0, self.problem.rows, batch):
            rows = order[start : start + batch]
            z, backprop = self.model.begin_update(self.x[rows])
            backprop((self.model.ops.sigmoid(z) - self.y[rows]) / np.float32(len(rows)))
            of_weights = self.of_weights[len(rows)]

            def update(key: Any, p: Any, gradient: Any, of_weights: Any = of_weights) -> Any:
                return (of_weights if key[1] == "W" else self.of_biases)(key, p, gradient)

            self.model.finish_update(update)

    def weights(self) -> Weights:
        """Return copies of the weights, as a stack of one."""
        return [np.array(layer.get_param("W")).T[None] for layer in self.layers]
