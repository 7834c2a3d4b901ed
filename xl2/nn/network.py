"""A multilayer perceptron, or a stack of them trained as one."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from ..array.backend import Backend, connect
from ..array.operations import Layer, Parameters
from ..array.stacks import member_of
from ..array.switch import decided, resolve
from ..errors import InputError
from . import tasks
from .construction import check_activations, check_sizes, check_stack, draw_layers
from .feedforward import Feedforward
from .initializers import Initializer


class Network(Feedforward):
    """A multilayer perceptron, or a stack of `K` of them.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, the inputs first: ``[784, 50, 25, 10]``.
    activations : str or sequence of str, default "relu"
        One a layer after the inputs; a single name is that of the hidden layers,
        and the output is then "sigmoid". Available: identity, sigmoid, tanh, relu,
        and for the output also softmax and exp.
    initializer : str, callable or a sequence of them, default "glorot_uniform"
        One for all layers or one a layer; see `xl2.nn.initializers`. Biases start at 0.
    seed : int or sequence of int, default 0
        Seed of the initial weights; in a stack one for all members or one each, in a
        stack in groups one for all or one a group.
    dtype : {"float32", "float64"}, default "float32"
        Of the parameters and of everything computed with them.
    stack : int or (int, int), optional
        Number of members, for a stack. Two numbers make a stack in groups: so many
        groups, each with mini-batches of its own, of so many members that share them.
    backend, device : optional
        Where it computes; see `xl2.array.switch`. With nothing decided, it goes where the
        data of its first fit is.

    Attributes
    ----------
    sizes : tuple of int
    activations : tuple of str
    parameters : tuple of Layer
        The weights (inputs, outputs) and biases (outputs,) of each layer; how
        those of a stack lie is said in `xl2.array.stacks`.
    backend : Backend
        Where they live.
    dtype : str
    task : str
        What the outputs stand for, see `xl2.nn.tasks`; a fit sets it from its targets.

    Raises
    ------
    InputError
        If sizes, activations, initializers or seeds do not fit together.
    BackendError
        If the backend does not work here.

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
        seed: int | Sequence[int] = 0,
        dtype: str = "float32",
        stack: int | tuple[int, int] | None = None,
        backend: str | None = None,
        device: Any = None,
    ):
        self.sizes = check_sizes(sizes)
        self.activations = check_activations(activations, len(self.sizes) - 1)
        self.dtype = dtype
        self.task = tasks.task_of(self.activations[-1], self.sizes[-1])
        self.backend = resolve(backend, device)
        self.on_chosen_device = decided(backend, device) != (None, None)
        drawn = draw_layers(self.sizes, initializer, seed, check_stack(stack))
        self.parameters = self._copy_in(drawn)

    @classmethod
    def of(cls, parameters: Parameters, activations: Sequence[str], backend: Backend) -> Network:
        """Return a network of layers that are arrays of a backend; none is copied.

        Parameters
        ----------
        parameters : tuple of Layer
            Of one network, all of one dtype.
        activations : sequence of str
            One a layer.
        backend : Backend
            Where the layers are.
        """
        network = cls.__new__(cls)
        network.sizes = (parameters[0].weight.shape[0], *(b.shape[0] for _, b in parameters))
        network.activations = check_activations(list(activations), len(parameters))
        wide = parameters[0].weight.dtype == backend.xp.float64
        network.dtype = "float64" if wide else "float32"
        network.task = tasks.task_of(network.activations[-1], network.sizes[-1])
        network.backend, network.on_chosen_device = backend, True
        network.parameters = parameters
        return network

    def _copy_in(self, drawn: list[tuple[Any, Any]]) -> Parameters:
        # A copy each: training changes them in place, and NumPy and torch would
        # otherwise share the memory of whatever they were given.
        xp = self.backend.xp
        with self.backend.scope():
            return tuple(
                Layer(*(xp.asarray(self.backend.asarray(p, self.dtype), copy=True) for p in layer))
                for layer in drawn
            )

    def __copy__(self) -> Network:
        """Return a network with the same arrays; `copy` would take them through the host."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        return new

    def __deepcopy__(self, memo: dict[int, Any]) -> Network:
        """Return a network with arrays of its own, on the same device."""
        memo[id(self)] = new = copy.copy(self)
        others = {key: value for key, value in vars(self).items() if key != "parameters"}
        new.__dict__.update(copy.deepcopy(others, memo))
        new.parameters = new._copy_in(list(self.parameters))
        return new

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: NumPy arrays, and the backend, which goes by its name."""
        return {**vars(self), "parameters": self.host_parameters()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what a pickle holds, on the backend that was found; see `backend.reconnect`.

        Raises
        ------
        InputError
            If that backend works but has no such dtype here, as JAX without its 64-bit flag.
        """
        self.__dict__.update(state)
        self.parameters = self._copy_in(state["parameters"])

    def __repr__(self) -> str:
        shape = self.stack[0] if len(self.stack) == 1 else self.stack
        stack = f", stack={shape}" if shape else ""
        return (
            f"Network({list(self.sizes)}, {list(self.activations)}, dtype={self.dtype!r}{stack}, "
            f"backend={str(self.backend)!r})"
        )

    def member(self, *index: int) -> Network:
        """Return a copy of one network of a stack, as a network of its own.

        Parameters
        ----------
        *index : int
            Its number, or in a stack in groups the group and the number in it.

        Raises
        ------
        InputError
            If this is no stack or has no such member.
        """
        fits = len(index) == len(self.stack) > 0
        if not fits or not all(-n <= k < n for k, n in zip(index, self.stack, strict=True)):
            shape = " x ".join(map(str, self.stack)) or "no"
            wanted = ", ".join(map(str, index))
            raise InputError(f"A stack of {shape} networks has no member {wanted}.")
        one = copy.copy(self)
        one.parameters = one._copy_in(member_of(self.host_parameters(), index))
        return one

    def set_parameters(self, parameters: Sequence[tuple[Any, Any]]) -> None:
        """Replace weights and biases by copies of those given, shaped like the old ones.

        Parameters
        ----------
        parameters : sequence of (weight, bias)
            Arrays of this network's library, or NumPy's.

        Raises
        ------
        InputError
            If their number or a shape differs.
        """
        wanted = [tuple(tuple(p.shape) for p in layer) for layer in self.parameters]
        received = [tuple(tuple(p.shape) for p in layer) for layer in parameters]
        if received != wanted:
            raise InputError(f"The parameters' shapes are {wanted}. Received: {received}.")
        self.parameters = self._copy_in(list(parameters))

    def to(
        self, backend: str | None = None, device: Any = None, dtype: str | None = None
    ) -> Network:
        """Return a copy of the network on another backend, device or dtype.

        Parameters
        ----------
        backend, device : optional
            Where to; see `xl2.array.switch`. By default where it is.
        dtype : {"float32", "float64"}, optional
            By default what it has.

        Returns
        -------
        Network
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

        Returns
        -------
        torch.nn.Sequential
            On the CPU and in the network's dtype: a Linear and an activation for each
            layer. It takes samples, and gives outputs, as `forward` does.

        Raises
        ------
        InputError
            If this is a stack.
        BackendError
            If PyTorch does not work here.
        """
        if self.stack:
            raise InputError("One network is converted at a time: take it by member().")
        library = connect("torch", "cpu").library
        return library.as_module(self.host_parameters(), self.activations, self.dtype)

    def move_to(self, backend: Backend) -> None:
        """Move the parameters to a backend, where they are not there already."""
        if backend != self.backend:
            host = self.host_parameters()
            self.backend = backend
            self.parameters = self._copy_in(host)
        self.on_chosen_device = True
