"""Keras 3 on JAX: `Model.fit`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..problem import LAMBDA, RATE, Problem, Weights


class KerasFit:
    """An epoch of `Model.fit`, its step compiled by JAX.

    The penalty is part of the loss, because a kernel regulariser does not know the size of the
    mini-batch, and the last one is short.
    """

    def __init__(self, problem: Problem):
        import keras

        if keras.backend.backend() != "jax":
            raise RuntimeError(f"Keras computes on {keras.backend.backend()}, not on JAX")
        ops, self.problem = keras.ops, problem
        self.data = problem.samples()[0], problem.targets()
        *hidden, outputs = problem.sizes[1:]
        layers: list[Any] = [keras.Input((problem.sizes[0],))]
        layers += [keras.layers.Dense(units, "relu") for units in hidden]
        self.model = keras.Sequential([*layers, keras.layers.Dense(outputs)])

        def loss(y: Any, z: Any) -> Any:
            # Keras's own loss is the mean over the outputs; ours is the sum.
            each = ops.sum(ops.binary_crossentropy(y, z, from_logits=True), axis=-1)
            squares = sum(ops.sum(ops.square(layer.kernel)) for layer in self.model.layers)
            return each + LAMBDA / (2 * y.shape[0]) * squares

        self.model.compile(keras.optimizers.SGD(RATE), loss)
        for layer, weight in zip(self.model.layers, problem.start(), strict=True):
            layer.set_weights([weight[0], np.zeros(weight.shape[2], "float32")])

    def __call__(self) -> None:
        """Train for an epoch in Keras's own order."""
        self.model.fit(*self.data, batch_size=self.problem.batch, epochs=1, verbose=0)

    def once(self) -> None:
        """Train for an epoch in the common order."""
        order = self.problem.order()
        data = [array[order] for array in self.data]
        self.model.fit(*data, batch_size=self.problem.batch, epochs=1, verbose=0, shuffle=False)

    def weights(self) -> Weights:
        """Return copies of the weights, as a stack of one."""
        return [np.array(layer.get_weights()[0])[None] for layer in self.model.layers]
