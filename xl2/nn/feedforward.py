"""Outputs, predictions, scores and gradients of a network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from ..array.activations import ACTIVATIONS, OUTPUTS, Activation, identity
from ..array.api import Array
from ..array.backend import Backend
from ..array.chunks import chunks, in_chunks
from ..array.libraries import CHUNK
from ..array.operations import Operations, Parameters, choose
from ..array.rows import HostRows
from ..array.stacks import Stack, stack_of
from ..errors import InputError, counted, option
from . import tasks
from .inputs import check_finite, check_samples
from .losses import Loss, find_loss
from .measure import Measure
from .objective import Gradients, add_objectives, add_penalty, loss_of
from .passes import outputs_and_check, outputs_of
from .penalties import L2, Penalty, coefficients_of
from .step import Batch, Samples


class Feedforward:
    """Base of `Network`: what a network, or a stack of networks, computes."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    parameters: Parameters
    backend: Backend
    dtype: str
    task: str

    @property
    def stack(self) -> Stack:
        """Shape of the stack: (K,), or (G, M) for groups; () for a single network."""
        return stack_of(self.parameters)

    @property
    def groups(self) -> int:
        """Number of groups of the stack; 1 without groups."""
        return self.stack[0] if len(self.stack) == 2 else 1

    @property
    def weights(self) -> list[Array]:
        """Weights of each layer."""
        return [layer.weight for layer in self.parameters]

    @property
    def biases(self) -> list[Array]:
        """Biases of each layer."""
        return [layer.bias for layer in self.parameters]

    def forward(self, X: Any) -> Array:
        """Return the outputs for samples.

        Parameters
        ----------
        X : array_like, sparse matrix, array on disk or Dask collection, shape (n, inputs)
            The samples. Sparse matrices, arrays on disk and those in Dask are read in chunks.

        Returns
        -------
        array, shape (n, outputs); (..., n, outputs) for a stack
            On the network's backend.
        """
        x, xp = self.check_samples(X, finite=False, rows=False), self.backend.xp
        function, numbers = self._function(outputs_and_check, self._output()), list[Any]()

        def outputs(chunk: Array) -> Array:
            # Rows from a file are checked when read.
            found, number = function(chunk)
            numbers.append(number)
            return found

        with self.backend.scope():
            joined = in_chunks(self.backend, x, outputs)
            if not isinstance(x, HostRows) and not bool(xp.isfinite(sum(numbers))):
                check_finite(x, "X")
        return joined

    def predict(self, X: Any) -> Array:
        """Return predicted class numbers, labels or values, on the network's backend.

        They are (n,) or (n, outputs), after the axes of a stack; see `xl2.nn.tasks`. The
        samples `X` are as for `forward`.
        """
        outputs = self.forward(X)
        with self.backend.scope():
            return tasks.decode(self.task, outputs)

    def score(self, X: Any, y: Any) -> Any:
        """Return the accuracy, or R2 for a regression; for a stack a NumPy array of its shape.

        The samples `X` are as for `forward`, and their targets `y` are (n,) or (n, outputs).
        """
        x = self.check_samples(X, rows=False)
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
        X, y : array_like
            Samples (n, inputs) and their targets (n,) or (n, outputs); `n` is the penalty's `m`.
        penalty : float or L2, default 0
            A lambda, or a penalty with its options.
        loss : str, optional
            By default that of the output activation; see `xl2.nn.losses`.

        Returns
        -------
        list of (array, array)
            For each layer the derivatives with respect to its weight and its bias.
        """
        x = self.check_samples(X)
        samples = Samples(x, self.check_targets(y, x.shape[0]))
        with self.backend.scope():
            chosen = find_loss(loss, self.activations[-1])
            return self.objective(samples, self.coefficients(penalty), chosen)[1]

    def check_samples(self, X: Any, what: str = "X", **options: bool) -> Any:
        """Return checked samples (n, inputs) on the network's backend; see `inputs`."""
        return check_samples(X, self.sizes[0], self.backend, self.dtype, what, **options)

    def check_targets(self, y: Any, rows: int, what: str = "y") -> Array:
        """Return checked targets on the network's backend, encoded for its task (n, outputs)."""
        with self.backend.scope():
            array = self.backend.asarray(y, self.dtype, what, rows=True)
            if array.ndim == 0 or array.shape[0] != rows:
                received = "a single value" if array.ndim == 0 else f"{array.shape[0]} values"
                raise InputError(
                    f"X has {counted(rows, 'sample')} but {what} has {received}. Expected one "
                    f"target for each sample."
                )
            check_finite(array, what, self.backend.library)
            return tasks.encode(self.task, array, self.sizes[-1], self.backend, what)

    def check_weights(self, sample_weight: Any, rows: int) -> Array | None:
        """Return checked sample weights (n, 1) on the network's backend; None without."""
        if sample_weight is None:
            return None
        xp = self.backend.xp
        with self.backend.scope():
            array = self.backend.asarray(sample_weight, self.dtype, "sample_weight", rows=True)
            if array.ndim != 1 or array.shape[0] != rows:
                raise InputError(
                    f"sample_weight must have one number for each sample, shape ({rows},). "
                    f"Received: shape {tuple(array.shape)}."
                )
            check_finite(array, "sample_weight", self.backend.library)
            if bool(xp.any(array < 0.0)) or not bool(xp.any(array > 0.0)):
                raise InputError(
                    f"{option('sample_weight')} must be 0 or more, and more than 0 for at "
                    f"least one sample. "
                    f"Received: values from {float(xp.min(array)):g} to {float(xp.max(array)):g}."
                )
            return array[:, None]

    def coefficients(self, penalty: Penalty) -> tuple[Any, ...]:
        """Return lambda for each layer; see `penalties.coefficients_of`."""
        return coefficients_of(penalty, self.sizes, self.stack, self.backend, self.dtype)

    def objective(
        self, samples: Samples, coefficients: tuple[Any, ...], loss: Loss
    ) -> tuple[Array, Gradients]:
        """Return the mean loss plus the penalty, shaped like the stack, and its derivatives.

        The samples are checked ones. They are processed in chunks, so that the outputs of all
        layers fit in memory.
        """
        ops, compiled = Operations.of(self.backend.library), self.backend.library.compiled
        part_of, added = compiled(loss_of, ops, self.hidden_activations(), loss), None
        total = Batch(*samples, rate=0.0, number=0).total()
        if samples.weight is not None:
            total = total[0, 0]
        for start, x in chunks(samples.x, CHUNK):
            rows = slice(start, start + x.shape[0])
            known = (None if a is None else a[rows, :] for a in samples[1:])
            part = part_of(self.parameters, Samples(x, *known), total)
            added = part if added is None else compiled(add_objectives)(added, part)
        with_penalty = compiled(add_penalty)(added, self.parameters, coefficients, total)
        return cast(tuple[Array, Gradients], with_penalty)

    def measure(
        self, y: Array | None, weight: Array | None = None, loss: Loss | None = None
    ) -> Measure:
        """Return a `Measure` of loss and score; by default with the default loss."""
        chosen = loss or find_loss(None, self.activations[-1])
        return Measure(self.backend, self.task, self._output(), chosen, y, weight)

    def logits_of(self, x: Array, parameters: Parameters | None = None) -> Array:
        """Return the logits (..., n, outputs) of checked samples (n, inputs).

        `parameters` may be a part of this stack's.
        """
        return in_chunks(self.backend, x, self._function(outputs_of, identity, parameters))

    def outputs_of(self, x: Array) -> Array:
        """Return the outputs (..., n, outputs) of checked samples (n, inputs)."""
        return in_chunks(self.backend, x, self._function(outputs_of, self._output()))

    def _function(
        self,
        function: Callable[..., Any],
        output: Callable[[Array], Array],
        parameters: Parameters | None = None,
    ) -> Callable[[Array], Any]:
        ops, hidden = Operations.of(self.backend.library), self.hidden_activations()
        outputs = self.backend.library.compiled(function, ops, hidden, output)
        return partial(outputs, parameters or self.parameters)

    def hidden_activations(self) -> tuple[Activation, ...]:
        """Return the activations of the hidden layers, as the backend computes them."""
        library = self.backend.library
        return tuple(
            Activation(*(choose(library, function) for function in ACTIVATIONS[name]))
            for name in self.activations[:-1]
        )

    def activate(self, logits: Array) -> Array:
        """Return the outputs for logits."""
        return self._output()(logits)

    def _output(self) -> Callable[[Array], Array]:
        name = self.activations[-1]
        return OUTPUTS[name] if name in OUTPUTS else ACTIVATIONS[name].function

    def host_parameters(self) -> list[tuple[Any, Any]]:
        """Return the weight and bias of each layer as NumPy arrays."""
        return [tuple(map(self.backend.to_numpy, layer)) for layer in self.parameters]
