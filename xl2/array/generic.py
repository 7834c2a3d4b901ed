"""The functions that xl2 needs of an array library, in terms of the Array API standard."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from ..errors import BackendError
from .api import Array, Namespace

# Rows of a chunk outside training: enough for products at full speed, few enough for the
# outputs of the layers to stay in memory.
CHUNK = 8192


class Library:
    """The functions that only the array library can answer; nothing else in xl2 depends on it.

    These methods serve every library without a file in ``backends/``. A file there replaces
    the ones that its library does differently by functions of the same names and parameters.
    It may also replace any function of `operations`, `activations`, `losses` and `optimizers`,
    and `step.run_batches`: see `operations.choose`.

    Parameters
    ----------
    **replacements
        Attributes to set, such as the functions of a file.

    Attributes
    ----------
    INSTALL : str
        How to install the library: an imperative, one line.
    FLOAT64 : str
        What to do if the library has no float64: an imperative, one line.
    CHUNK : int
        Rows of a chunk outside training.
    """

    INSTALL = "install it with its own instructions"
    FLOAT64 = "choose dtype='float32'"
    CHUNK = CHUNK

    def __init__(self, **replacements: Any):
        vars(self).update(replacements)

    def __eq__(self, other: object) -> bool:
        # Threads that load a library at the same time get two equal objects.
        return isinstance(other, Library) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def import_namespace(self, name: str) -> Namespace:
        """Import a library and return its Array API namespace.

        Parameters
        ----------
        name : str
            Its import name.

        Raises
        ------
        ImportError
            If it is not installed, or is broken.
        BackendError
            If it has no ``__array_namespace_info__``, which the standard requires.
        """
        xp = importlib.import_module(name)
        if not hasattr(xp, "__array_namespace_info__"):
            raise BackendError(
                f"The module {name!r} is not an Array API namespace: it has no "
                f"__array_namespace_info__(). A file xl2_{name}.py can wrap it: docs/recipes.md."
            )
        return xp

    def accelerators(self, xp: Namespace) -> list[str]:
        """Return the names of the devices that device="auto" prefers, best first.

        The standard has no such notion: none.
        """
        return []

    def devices(self, xp: Namespace) -> list[str]:
        """Return the names of the devices that work now."""
        found = xp.__array_namespace_info__().devices()
        return [str(device) for device in found if device is not None]

    def find_device(self, xp: Namespace, name: str) -> Any:
        """Return the library's device object with a name.

        Raises
        ------
        LookupError
            If there is none.
        """
        for device in xp.__array_namespace_info__().devices():
            if str(device) == name:
                return device
        raise LookupError(name)

    def from_host(self, xp: Namespace, array: Any, device: Any) -> Array:
        """Move a NumPy array to a device; whether it is copied is the library's choice.

        int64 becomes int32 on a device without 64-bit integers.
        """
        if array.dtype.name == "int64":
            known = xp.__array_namespace_info__().dtypes(device=device, kind="signed integer")
            array = array if "int64" in known else array.astype("int32")
        return xp.asarray(array, device=device)

    def to_host(self, x: Array) -> Any:
        """Move an array to NumPy; whether it is copied is the library's choice."""
        import numpy as np

        return np.from_dlpack(x) if hasattr(x, "__dlpack__") else np.asarray(x)

    def scope(self, device: Any) -> AbstractContextManager[Any]:
        """Return the context to compute in on a device, such as one without autograd."""
        return contextlib.nullcontext()

    def threads(self) -> AbstractContextManager[Any]:
        """Return the context of a fit, in which the library uses threads as suits one fit."""
        return contextlib.nullcontext()

    def workers(self) -> int:
        """Return how many fits may run side by side, in Python threads and in ``threads()``.

        One, if the library itself uses all cores.
        """
        return 1

    def as_module(self, layers: Any, activations: Any, dtype: str) -> Any:
        """Return a network as a module of the library, if it has modules.

        Parameters
        ----------
        layers : list of (numpy.ndarray, numpy.ndarray)
            Weights (inputs, outputs) and biases (outputs,).
        activations : sequence of str
            One per layer.
        dtype : {"float32", "float64"}

        Raises
        ------
        BackendError
            If it has none.
        """
        raise BackendError("This library has no modules for networks; PyTorch has.")

    def explain(self, error: Exception) -> str:
        """Return one line on why the library does not work on this machine."""
        first = str(error).strip().partition("\n")[0]
        return f"{type(error).__name__}: {first}"

    def out_of_memory(self, error: Exception) -> bool:
        """Tell whether an error means that an allocation failed."""
        return isinstance(error, MemoryError)

    def release(self) -> bool:
        """Free the memory that the library keeps between fits; return whether there was any."""
        return False

    def extra_bytes(
        self, members: int, sizes: Sequence[int], states: int, batch_size: int, dtype: str
    ) -> int:
        """Return the bytes that training takes in addition to the arrays of the portable code.

        Parameters
        ----------
        members : int
            Networks of a stack. The result must grow with them, but at most in proportion.
        sizes : sequence of int
            Units of each layer, the inputs first.
        states : int
            Arrays that the optimizer has for each parameter.
        batch_size : int
        dtype : {"float32", "float64"}
        """
        return 0

    def free_memory(self, device: Any) -> int | None:
        """Return the free bytes of a device; None if they are unknown, or for the host."""
        return None
