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

    These methods serve every library without a file in ``backends/``. A file there replaces the
    ones that its library does differently by functions of the same names and parameters. It may
    also replace any function of `operations`, `activations`, `losses` and `optimizers`, and
    `step.run_batches`: see `operations.choose`.
    """

    # Imperatives, on one line: how to install the library, and what to do without float64.
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
        """Import a library by its import name, and return its Array API namespace.

        Raise any error if it cannot be used.
        """
        xp = importlib.import_module(name)
        if not hasattr(xp, "__array_namespace_info__"):
            raise BackendError(
                f"The module {name!r} is not an Array API namespace: it has no "
                f"__array_namespace_info__(). A file xl2_{name}.py can wrap it: docs/recipes.md."
            )
        return xp

    def accelerators(self, xp: Namespace) -> list[str]:
        """Return the names of the devices that device="auto" prefers, best first."""
        return []

    def devices(self, xp: Namespace) -> list[str]:
        """Return the names of the devices that work now."""
        found = xp.__array_namespace_info__().devices()
        return [str(device) for device in found if device is not None]

    def find_device(self, xp: Namespace, name: str) -> Any:
        """Return the library's device object with a name; raise `LookupError` if there is none."""
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
        """Return a network as a module of the library, or raise `BackendError` if it has none.

        `layers` are NumPy arrays: a weight (inputs, outputs) and a bias (outputs,) for each layer.
        `activations` has one name for each.
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

        `members` is the number of networks in a stack; the result must grow with it, but at most in
        proportion. `sizes` are the units of each layer, the inputs first. `states` is the number of
        arrays that the optimizer has for each parameter.
        """
        return 0

    def free_memory(self, device: Any) -> int | None:
        """Return the free bytes of a device; None if they are unknown, or for the host."""
        return None
