"""What layers compute: outputs, predictions, scores and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..array.activations import ACTIVATIONS, OUTPUTS, Activation
from ..array.api import Array
from ..array.backend import Backend
from ..array.chunks import in_chunks
from ..array.operations import Operations, Parameters, choose
from ..array.rows import HostRows
from ..array.stacks import Stack, stack_of
from . import inputs, tasks
from .losses import Loss, find_loss
from .measure import Measure
from .objective import Gradients, objective
from .penalties import L2, Penalty, coefficients_of
from .propagation import propagate
from .step import Samples


class Feedforward:
    """The computations of a network, or of a stack of networks; see `Network`."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    parameters: Parameters
    backend: Backend
    dtype: str
    task: str

    @property
    def stack(self) -> Stack:
        """The shape of the stack, (K,) or (G, M); () for a single network."""
        return stack_of(self.parameters)

    @property
    def groups(self) -> int:
        """The number of groups of a stack with mini-batches of their own, else 1."""
        return self.stack[0] if len(self.stack) == 2 else 1

    @property
    def weights(self) -> list[Array]:
        """The weights of each layer."""
        return [layer.weight for layer in self.parameters]

    @property
    def biases(self) -> list[Array]:
        """The biases of each layer."""
        return [layer.bias for layer in self.parameters]

    def forward(self, X: Any) -> Array:
        """Return the outputs for samples.

        Parameters
        ----------
        X : array_like, sparse matrix or array on disk, shape (n, inputs)
            The samples. Those that are not in memory are read in chunks; the outputs are
            collected on the backend.

        Returns
        -------
        array, shape (n, outputs); of a stack (..., n, outputs)
            On the network's backend.

        Raises
        ------
        InputError
            If `X` has another width, no rows, or a NaN or an infinity.
        """
        x, xp = self.check_samples(X, finite=False), self.backend.xp
        logits = self._logits_function()
        sums: list[Array] = []

        def outputs(chunk: Array) -> Array:
            # Summed while the chunk is in the cache; rows from a file are checked when read.
            sums.append(xp.sum(chunk))
            return self.activate(logits(chunk))

        with self.backend.scope():
            found = in_chunks(self.backend, x, outputs)
            if not isinstance(x, HostRows) and not bool(xp.isfinite(sum(sums))):
                inputs.check_finite(x, "X")
        return found

    def predict(self, X: Any) -> Array:
        """Return the predicted class numbers, labels or values; see `xl2.nn.tasks.decode`.

        Parameters
        ----------
        X : array_like, shape (n, inputs)
            The samples.

        Returns
        -------
        array, shape (n,) or (n, outputs); of a stack its axes come first
            On the network's backend.
        """
        outputs = self.forward(X)
        with self.backend.scope():
            return tasks.decode(self.task, outputs)

    def score(self, X: Any, y: Any) -> Any:
        """Return the accuracy, or R2 for a regression.

        Parameters
        ----------
        X : array_like, shape (n, inputs)
            The samples.
        y : array_like, shape (n,) or (n, outputs)
            Their targets.

        Returns
        -------
        float; of a stack a NumPy array, shaped like it
        """
        x = self.check_samples(X)
        expected = self.check_targets(y, x.shape[0])
        with self.backend.scope():
            measure = self.measure(expected)
            measure.add(self.logits_of(x), expected)
            return measure.read()["score"]

    def gradients(
        self, X: Any, y: Any, *, penalty: float | L2 = 0.0, loss: str | None = None
    ) -> Gradients:
        """Return the derivatives of the mean loss plus the penalty.

        Parameters
        ----------
        X : array_like, shape (n, inputs)
            The samples; `n` is also the penalty's `m`.
        y : array_like, shape (n,) or (n, outputs)
            Their targets.
        penalty : float or L2, default 0
            lambda.
        loss : str, optional
            By default the natural one of the output activation.

        Returns
        -------
        list of (array, array)
            For each layer the derivatives by its weight and by its bias, shaped
            like them.
        """
        x = self.check_samples(X)
        samples = Samples(x, self.check_targets(y, x.shape[0]))
        with self.backend.scope():
            chosen = find_loss(loss, self.activations[-1])
            return self.objective(samples, self.coefficients(penalty), chosen)[1]

    def check_samples(self, X: Any, what: str = "X", *, finite: bool = True) -> Any:
        """Return samples (n, inputs) on the network's backend; see `inputs.samples`."""
        return inputs.samples(X, self.sizes[0], self.backend, self.dtype, what, finite=finite)

    def check_targets(self, y: Any, rows: int, what: str = "y") -> Array:
        """Return targets (n, outputs) on the network's backend; see `inputs.targets`."""
        return inputs.targets(y, rows, self.task, self.sizes[-1], self.backend, self.dtype, what)

    def check_weights(self, sample_weight: Any, rows: int) -> Array | None:
        """Return sample weights (n, 1) on the network's backend; see `inputs.weights`."""
        if sample_weight is None:
            return None
        return inputs.weights(sample_weight, rows, self.backend, self.dtype)

    def coefficients(self, penalty: Penalty) -> tuple[Any, ...]:
        """Return lambda for each layer, as the training step multiplies it."""
        return coefficients_of(penalty, self.sizes, self.stack, self.backend, self.dtype)

    def objective(
        self, samples: Samples, coefficients: tuple[Any, ...], loss: Loss
    ) -> tuple[Array, Gradients]:
        """Return the mean loss plus the penalty of checked samples, and its derivatives."""
        ops, hidden = Operations.of(self.backend.library), self.hidden_activations()
        return objective(ops, hidden, self.parameters, samples, coefficients, loss)

    def measure(
        self, y: Array | None, weight: Array | None = None, loss: Loss | None = None
    ) -> Measure:
        """Return what adds up loss and score; by default the natural loss of the outputs."""
        chosen = loss or find_loss(None, self.activations[-1])
        return Measure(self.backend, self.task, self.activate, chosen, y, weight)

    def logits_of(self, x: Array, parameters: Parameters | None = None) -> Array:
        """Return the logits of checked samples: x (n, inputs) gives (..., n, outputs).

        `parameters` may be those of a part of this stack.
        """
        return in_chunks(self.backend, x, self._logits_function(parameters))

    def _logits_function(self, parameters: Parameters | None = None) -> Callable[[Array], Array]:
        ops, hidden = Operations.of(self.backend.library), self.hidden_activations()
        layers = parameters or self.parameters
        return lambda chunk: propagate(ops, hidden, layers, chunk)[-1]

    def hidden_activations(self) -> tuple[Activation, ...]:
        """Return the hidden layers' activations, as this backend computes them."""
        library = self.backend.library
        return tuple(
            Activation(*(choose(library, function) for function in ACTIVATIONS[name]))
            for name in self.activations[:-1]
        )

    def activate(self, logits: Array) -> Array:
        """Apply the output activation to logits."""
        name = self.activations[-1]
        function = OUTPUTS[name] if name in OUTPUTS else ACTIVATIONS[name].function
        return function(logits)

    def host_parameters(self) -> list[tuple[Any, Any]]:
        """Return each layer's weight and bias as NumPy arrays."""
        return [tuple(map(self.backend.to_numpy, layer)) for layer in self.parameters]
