"""What xl2 asks of an array library, answered by the standard alone.

A library with no file in ``backends/`` is used through these functions. A file
there defines the ones its library knows better, under the same names and
signatures. It may also define any function of `operations`, `activations`,
`losses` and `optimizers`, and `step.run_batches`: see `operations.choose`.
Nothing else in xl2 tells one library from another.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ..errors import BackendError
from .api import Array, Namespace

INSTALL = "install it with its own instructions"
"""What to do where the library is absent: an imperative, one line."""

FLOAT64 = "choose dtype='float32'"
"""What to do where the library has no float64: an imperative, one line."""


CHUNK = 8192
"""Rows sent through a network at once outside training.

Enough for the products to run at full speed, few enough for the layers' outputs to stay in
memory.
"""


class Library(Protocol):
    """The functions of this module, as a type: every file in ``backends/`` is checked by it."""

    INSTALL: str
    FLOAT64: str
    CHUNK: int

    def import_namespace(self, name: str) -> Namespace: ...  # noqa: D102 - documented below
    def accelerators(self, xp: Namespace) -> list[str]: ...  # noqa: D102
    def devices(self, xp: Namespace) -> list[str]: ...  # noqa: D102
    def find_device(self, xp: Namespace, name: str) -> Any: ...  # noqa: D102
    def from_host(self, xp: Namespace, array: Any, device: Any) -> Array: ...  # noqa: D102
    def to_host(self, x: Array) -> Any: ...  # noqa: D102
    def scope(self, device: Any) -> AbstractContextManager[Any]: ...  # noqa: D102
    def threads(self) -> AbstractContextManager[Any]: ...  # noqa: D102
    def workers(self) -> int: ...  # noqa: D102
    def as_module(self, layers: Any, activations: Any, dtype: str) -> Any: ...  # noqa: D102
    def explain(self, error: Exception) -> str: ...  # noqa: D102
    def out_of_memory(self, error: Exception) -> bool: ...  # noqa: D102
    def release(self) -> bool: ...  # noqa: D102
    def extra_bytes(  # noqa: D102
        self, members: int, sizes: Sequence[int], states: int, batch_size: int, dtype: str
    ) -> int: ...
    def free_memory(self, device: Any) -> int | None: ...  # noqa: D102


def import_namespace(name: str) -> Namespace:
    """Import a library and return its Array API namespace.

    Parameters
    ----------
    name : str
        Its import name.

    Raises
    ------
    ImportError
        If it is not installed, or installed and broken.
    BackendError
        If it has no ``__array_namespace_info__``, which the standard asks for.
    """
    xp = importlib.import_module(name)
    if not hasattr(xp, "__array_namespace_info__"):
        raise BackendError(
            f"There is a module {name!r}, but it is no Array API namespace: it has no "
            f"__array_namespace_info__(). A file xl2_{name}.py can wrap it; see docs/recipes.md."
        )
    return xp


def accelerators(xp: Namespace) -> list[str]:
    """Name the devices that device="auto" prefers, best first: none that the standard knows."""
    return []


def devices(xp: Namespace) -> list[str]:
    """Name the devices that work now."""
    return [str(device) for device in xp.__array_namespace_info__().devices() if device is not None]


def find_device(xp: Namespace, name: str) -> Any:
    """Return the library's own device object of a name.

    Raises
    ------
    LookupError
        If there is none.
    """
    for device in xp.__array_namespace_info__().devices():
        if str(device) == name:
            return device
    raise LookupError(name)


def from_host(xp: Namespace, array: Any, device: Any) -> Array:
    """Move a NumPy array to the library; a copy, or not, as the library likes it.

    Whole numbers are narrowed for a device that has none of 64 bits.
    """
    if array.dtype.name == "int64":
        known = xp.__array_namespace_info__().dtypes(device=device, kind="signed integer")
        array = array if "int64" in known else array.astype("int32")
    return xp.asarray(array, device=device)


def to_host(x: Array) -> Any:
    """Move an array to NumPy; a copy, or not, as the library likes it."""
    import numpy as np

    return np.from_dlpack(x) if hasattr(x, "__dlpack__") else np.asarray(x)


def scope(device: Any) -> AbstractContextManager[Any]:
    """Return a context in which the library computes, on a device, as xl2 needs it to."""
    return contextlib.nullcontext()


def threads() -> AbstractContextManager[Any]:
    """Return the context of a fit, in which the library uses threads as suits one."""
    return contextlib.nullcontext()


def workers() -> int:
    """Say how many fits may run side by side, in threads: one, where the library fills the cores.

    What runs side by side does so in ``threads()``.
    """
    return 1


def as_module(layers: Any, activations: Any, dtype: str) -> Any:
    """Return a network as a module of the library's own, where it has such things.

    Parameters
    ----------
    layers : list of (numpy.ndarray, numpy.ndarray)
        Weights (inputs, outputs) and biases (outputs,).
    activations : sequence of str
        One a layer.
    dtype : {"float32", "float64"}

    Raises
    ------
    BackendError
        If it has none.
    """
    raise BackendError("This library has no modules for networks; PyTorch has.")


def explain(error: Exception) -> str:
    """Say in one line why the library does not work here."""
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}"


def out_of_memory(error: Exception) -> bool:
    """Tell whether an error says that there is no memory for what was asked."""
    return isinstance(error, MemoryError)


def release() -> bool:
    """Give back what is kept in memory from one fit to the next; return whether there was any."""
    return False


def extra_bytes(
    members: int, sizes: Sequence[int], states: int, batch_size: int, dtype: str
) -> int:
    """Return what training takes besides the arrays of the portable text, in bytes.

    Parameters
    ----------
    members : int
        Networks of a stack; more take more, but not more than so many times as much as one.
    sizes : sequence of int
        Units of each layer, the inputs first.
    states : int
        Arrays that the optimizer has for each parameter.
    batch_size : int
    dtype : {"float32", "float64"}
    """
    return 0


def free_memory(device: Any) -> int | None:
    """Return the bytes that can be had on a device; None where it is not known, or the host."""
    return None
