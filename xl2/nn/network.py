"""`Network`: a multilayer perceptron, or a stack of them trained as one."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from ..array.activations import ACTIVATIONS, OUTPUTS
from ..array.backend import Backend, connect
from ..array.operations import Parameters, choose
from ..array.stacks import copy_layers, member_of
from ..array.switch import decided, resolve
from ..errors import InputError, unknown
from . import tasks
from .feedforward import Feedforward
from .initializers import Initializer, draw_layers
from .shown import network_html


class Network(Feedforward):
    """A multilayer perceptron, or a stack of them.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, the inputs first: ``[784, 50, 25, 10]``.
    activations : str or sequence of str, default "relu"
        One for each layer after the inputs, or one name for all hidden layers; the output is
        then "sigmoid". Available: identity, sigmoid, tanh, relu; for the output also softmax
        and exp.
    initializer : str, callable or sequence of them, default "glorot_uniform"
        One for all layers, or one for each; see `xl2.nn.initializers`.
    bias_initializer : str or callable, default "zeros"
        That of the biases of hidden layers, called as for a weight of one input. Those of the
        output layer start at 0.
    seed : int or sequence of int, default 0
        Seed of the initial weights. For a stack: one for all members, or one for each. For a
        stack of groups: one for all groups, or one for each.
    dtype : {"float32", "float64"}, default "float32"
        Of the parameters and of everything computed with them.
    stack : int or (int, int), optional
        Number of members `K` of a stack. ``(G, M)`` makes a stack of `G` groups of `M` members
        each; a group has its own mini-batches.
    backend, device : optional
        The array library, and its device; see `xl2.array.switch`. By default those of the
        samples of the first fit.

    Attributes
    ----------
    parameters : tuple of Layer
        Weights (inputs, outputs) and biases (outputs,) of each layer; see `xl2.array.stacks`
        for their shapes in a stack.
    backend : Backend
        The array library and device of the parameters.
    task : str
        What the outputs mean, a task of `xl2.nn.tasks`. A fit sets it from its targets.
    on_chosen_device : bool
        Whether the backend or the device was chosen; otherwise the first fit may move the
        network to the device of its samples.

    Examples
    --------
    >>> network = Network([4, 3, 2], activations=["tanh", "softmax"])
    >>> network.forward([[0.0, 0.0, 0.0, 0.0]]).shape
    (1, 2)
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activations: str | Sequence[str] = "relu",
        initializer: str | Initializer | Sequence[str | Initializer] = "glorot_uniform",
        *,
        bias_initializer: str | Initializer = "zeros",
        seed: int | Sequence[int] = 0,
        dtype: str = "float32",
        stack: int | tuple[int, int] | None = None,
        backend: str | None = None,
        device: Any = None,
    ):
        self.sizes = _check_sizes(sizes)
        self.activations = _check_activations(activations, len(self.sizes) - 1)
        self.dtype = dtype
        self.task = tasks.task_of(self.activations[-1], self.sizes[-1])
        self.backend = resolve(backend, device)
        self.on_chosen_device = decided(backend, device) != (None, None)
        drawn = draw_layers(self.sizes, initializer, seed, _check_stack(stack), bias_initializer)
        self.parameters = self._copy_in(drawn)

    @classmethod
    def of(cls, parameters: Parameters, activations: Sequence[str], backend: Backend) -> Network:
        """Return a single network with the given arrays of a backend; none is copied."""
        network = cls.__new__(cls)
        network.sizes = (parameters[0].weight.shape[0], *(b.shape[0] for _, b in parameters))
        network.activations = _check_activations(list(activations), len(parameters))
        wide = parameters[0].weight.dtype == backend.xp.float64
        network.dtype = "float64" if wide else "float32"
        network.task = tasks.task_of(network.activations[-1], network.sizes[-1])
        network.backend, network.on_chosen_device = backend, True
        network.parameters = parameters
        return network

    def _copy_in(self, layers: list[tuple[Any, Any]]) -> Parameters:
        """Return copies of weights and biases on the network's backend and in its dtype."""
        # Training changes parameters in place; NumPy and torch would share the caller's memory.
        with self.backend.scope():
            own = [
                tuple(self.backend.asarray(p, self.dtype, "a parameter", rows=True) for p in layer)
                for layer in layers
            ]
            return choose(self.backend.library, copy_layers)(own)

    def __copy__(self) -> Network:
        """Return a network that shares the arrays; by default `copy` would pickle it."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        return new

    def __deepcopy__(self, memo: dict[int, Any]) -> Network:
        """Return a network with its own arrays, on the same device."""
        memo[id(self)] = new = copy.copy(self)
        others = {key: value for key, value in vars(self).items() if key != "parameters"}
        new.__dict__.update(copy.deepcopy(others, memo))
        new.parameters = new._copy_in(list(self.parameters))
        return new

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to pickle, with parameters as NumPy arrays."""
        return {**vars(self), "parameters": self.host_parameters()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickle on a backend of this machine; see `xl2.array.backend.reconnect`."""
        self.__dict__.update(state)
        self.parameters = self._copy_in(state["parameters"])

    def __repr__(self) -> str:
        shape = self.stack[0] if len(self.stack) == 1 else self.stack
        stack = f", stack={shape}" if shape else ""
        return (
            f"Network({list(self.sizes)}, {list(self.activations)}, dtype={self.dtype!r}{stack}, "
            f"backend={str(self.backend)!r})"
        )

    def _repr_html_(self) -> str:
        return network_html(self)

    def member(self, *index: int) -> Network:
        """Return a copy of one member of a stack, as a single network.

        The index is that of the member; in a stack of groups, those of the group and of the member.
        """
        fits = len(index) == len(self.stack) > 0
        if not fits or not all(-n <= k < n for k, n in zip(index, self.stack, strict=True)):
            wanted = ", ".join(map(str, index))
            if not self.stack:
                raise InputError(f"This is a single network, so it has no member {wanted}.")
            shape = " x ".join(map(str, self.stack))
            last = [n - 1 for n in self.stack]
            what = f"a group from 0 to {last[0]} and an index" if last[1:] else "an index"
            raise InputError(
                f"A stack of {shape} networks has no member {wanted}. Pass {what} from 0 to "
                f"{last[-1]}."
            )
        one = copy.copy(self)
        one.parameters = one._copy_in(member_of(self.host_parameters(), index))
        return one

    def set_parameters(self, parameters: Sequence[tuple[Any, Any]]) -> None:
        """Replace weights and biases by copies of other ones, of the same shapes as `parameters`.

        They are pairs (weight, bias), arrays of the network's library or NumPy arrays.
        """
        wanted = [tuple(tuple(p.shape) for p in layer) for layer in self.parameters]
        received = [tuple(tuple(p.shape) for p in layer) for layer in parameters]
        if received != wanted:
            raise InputError(f"Parameters must have shapes {wanted}. Received: {received}.")
        self.parameters = self._copy_in(list(parameters))

    def to(
        self, backend: str | None = None, device: Any = None, dtype: str | None = None
    ) -> Network:
        """Return a copy of the network on another backend or device, or of another dtype.

        Parameters
        ----------
        backend, device : optional
            See `xl2.array.switch`. By default those of the network.
        dtype : {"float32", "float64"}, optional
            By default that of the network.
        """
        new = copy.copy(self)
        if backend is not None or device is not None:
            new.backend = resolve(backend or self.backend.name, device)
        new.dtype = dtype or self.dtype
        new.on_chosen_device = True
        new.parameters = new._copy_in(self.host_parameters())
        return new

    def to_torch(self) -> Any:
        """Return the network as a `torch.nn.Sequential` with the same weights.

        It has a Linear and an activation for each layer, on the CPU and in the network's dtype. Its
        inputs and outputs are those of `forward`.
        """
        if self.stack:
            raise InputError(
                "A stack cannot be converted. Convert one of its members: network.member(k)."
            )
        library = connect("torch", "cpu").library
        return library.as_module(self.host_parameters(), self.activations, self.dtype)

    def move_to(self, backend: Backend) -> None:
        """Move the network to a backend, in place."""
        if backend != self.backend:
            host = self.host_parameters()
            self.backend = backend
            self.parameters = self._copy_in(host)
        self.on_chosen_device = True


def _check_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    """Return the units of each layer as integers."""
    try:
        checked = tuple(int(size) for size in sizes)
    except (TypeError, ValueError):
        checked = ()
    if len(checked) < 2 or min(checked) < 1 or checked != tuple(sizes):
        raise InputError(
            f"sizes must be two or more whole numbers, each 1 or more: the units of each layer, "
            f"from inputs to outputs, such as [784, 50, 10]. Received: {sizes!r}."
        )
    return checked


def _check_activations(activations: str | Sequence[str], layers: int) -> tuple[str, ...]:
    """Return one activation for each layer."""
    if isinstance(activations, str):
        activations = [activations] * (layers - 1) + ["sigmoid"]
    if len(activations) != layers:
        raise InputError(
            f"activations must be one name, or one for each of the {layers} layers. "
            f"Received {len(activations)}: {list(activations)!r}."
        )
    for name in activations[:-1]:
        if name not in (*ACTIVATIONS,):  # a list is not hashable
            hint = f" {name!r} is for the output only." if name in (*OUTPUTS,) else ""
            raise InputError(unknown("hidden activation", name, ACTIVATIONS) + hint)
    if activations[-1] not in (*ACTIVATIONS, *OUTPUTS):
        raise InputError(unknown("output activation", activations[-1], [*ACTIVATIONS, *OUTPUTS]))
    return tuple(activations)


def _check_stack(stack: int | tuple[int, int] | None) -> tuple[int, ...]:
    """Return the shape of the stack."""
    if stack is None:
        return ()
    shape = tuple(stack) if isinstance(stack, tuple | list) else (stack,)
    if len(shape) not in (1, 2) or not all(isinstance(n, int) and n > 0 for n in shape):
        raise InputError(
            f"stack must be a number of networks, 1 or more, or (groups, networks in each group). "
            f"Received: stack={stack!r}."
        )
    return shape
